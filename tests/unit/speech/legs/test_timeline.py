from __future__ import annotations

import itertools

from speech.legs.timeline import Timeline


def test_frames_follow_one_another_from_where_the_first_arrived() -> None:
    line = Timeline()
    assert [line.place(5020 + 20 * i) for i in range(4)] == [5000, 5020, 5040, 5060]


def test_jitter_and_bursts_move_nothing() -> None:
    line = Timeline()
    arrivals = [20 + 20 * (i // 10 * 10 + 9) for i in range(400)]  # ten frames at a time, 200 ms apart
    placed = [line.place(at) for at in arrivals]
    assert [b - a for a, b in itertools.pairwise(placed)] == [20] * 399


def test_sound_lost_on_the_wire_moves_what_follows() -> None:
    line = Timeline()
    for i in range(100):
        line.place(20 + 20 * i)
    for i in range(100, 400):
        last = line.place(20 + 20 * i + 1000)
    assert last == 399 * 20 + 1000


def test_a_stall_of_ours_is_not_taken_for_loss() -> None:
    line = Timeline()
    for i in range(50):
        line.place(20 + 20 * i)
    late = [line.place(3000) for _ in range(100)]  # all that queued while we stood still
    assert late[-1] == 149 * 20
    after = [line.place(20 + 20 * i) for i in range(150, 400)]
    assert after[-1] == 399 * 20


def test_after_a_known_silence_the_clock_says_where() -> None:
    line = Timeline()
    line.place(20)
    line.resume(10_000)
    assert line.place(10_000) == 9_980
    line.resume(5_000)
    assert line.place(5_000) == 10_000, "never back into what was placed"


def test_a_recording_knows_its_position() -> None:
    line = Timeline()
    line.put(61_500)
    assert line.place(3) == 61_500

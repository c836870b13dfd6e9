from __future__ import annotations

from speech.legs.segmenter import (
    END_MS,
    LONGEST_MS,
    PRE_ROLL_MS,
    TAIL_MS,
    Begin,
    End,
    Segmenter,
    Sound,
    Step,
    best_pause,
)
from tests.fakes.recogniser import QUIET, VOICE


def numbered(i: int) -> bytes:
    return i.to_bytes(2, "little") * 160


def run(pattern: str, segmenter: Segmenter | None = None) -> list[Step]:
    """`v` a voiced frame, `.` a quiet one; each frame carries its number."""
    segmenter = segmenter or Segmenter()
    return [step for i, sign in enumerate(pattern) for step in segmenter.feed(numbered(i), sign == "v", i * 20)]


def frames_of(steps: list[Step]) -> list[int]:
    sound = b"".join(step.pcm for step in steps if isinstance(step, Sound))
    return [int.from_bytes(sound[i : i + 2], "little") for i in range(0, len(sound), 320)]


def test_pre_roll_keeps_the_first_syllable() -> None:
    steps = run("." * 50 + "v" * 10)
    assert isinstance(steps[0], Begin)
    assert steps[0].start_ms <= 50 * 20 - PRE_ROLL_MS
    fed = frames_of(steps)
    assert fed == list(range(fed[0], 60)), "no frame missing, none twice"
    assert fed[0] * 20 == steps[0].start_ms


def test_clicks_begin_nothing() -> None:
    assert run(("v" + "." * 30) * 5 + "vv" + "." * 30 + "vvv" + "." * 30) == []


def test_an_utterance_ends_soon_after_the_voice() -> None:
    steps = run("." * 20 + "v" * 50 + "." * 50)
    ends = [step for step in steps if isinstance(step, End)]
    assert ends == [End(end_ms=70 * 20, cut=False)]
    assert END_MS <= 500
    assert frames_of(steps)[-1] == 70 + TAIL_MS // 20 - 1, "the rest of the silence is not decoded"


def test_a_short_pause_is_inside_the_utterance_and_given_whole() -> None:
    pause = END_MS // 20 - 2
    steps = run("v" * 50 + "." * pause + "v" * 50 + "." * 40)
    assert sum(isinstance(step, End) for step in steps) == 1
    fed = frames_of(steps)
    assert fed == list(range(0, 100 + pause + TAIL_MS // 20))


def test_nothing_is_given_twice_when_one_utterance_follows_another() -> None:
    fed = frames_of(run("v" * 50 + "." * (END_MS // 20) + "v" * 50))
    assert fed == sorted(set(fed))


def test_fifteen_seconds_are_cut_at_the_best_pause() -> None:
    before, pause = 620, 6
    pattern = "v" * before + "." * pause + "v" * 400
    steps = run(pattern)
    end = next(step for step in steps if isinstance(step, End))
    second = [step for step in steps if isinstance(step, Begin)][1]
    middle = (before + pause // 2) * 20
    assert end == End(end_ms=middle, cut=True)
    assert second.words_from_ms == middle
    assert second.start_ms < middle
    at = steps.index(second)
    fed = frames_of(steps[at:])
    assert fed == list(range(second.start_ms // 20, len(pattern))), "the second piece hears all the rest"


def test_without_any_pause_the_quietest_moment_is_taken() -> None:
    segmenter = Segmenter()
    steps: list[Step] = []
    for i in range(LONGEST_MS // 20 + 5):
        pcm = b"\x10\x00" * 160 if 600 <= i < 605 else VOICE
        steps += segmenter.feed(pcm, True, i * 20)
    end = next(step for step in steps if isinstance(step, End))
    assert abs(end.end_ms - 602 * 20) <= 20


def test_no_utterance_is_longer_than_the_bound_however_long_they_talk() -> None:
    steps = run("v" * 6000)
    begins = [step for step in steps if isinstance(step, Begin)]
    ends = [step for step in steps if isinstance(step, End)]
    assert len(ends) >= 8
    assert all(e.end_ms - b.start_ms <= LONGEST_MS for b, e in zip(begins, ends, strict=False))
    assert [b.words_from_ms for b in begins[1:]] == [e.end_ms for e in ends][: len(begins) - 1]


def test_flush_closes_what_is_open() -> None:
    segmenter = Segmenter()
    run("v" * 30, segmenter)
    assert segmenter.flush() == [End(end_ms=600, cut=False)]
    assert segmenter.flush() == []


def test_best_pause_of_a_very_short_piece_does_not_fail() -> None:
    segmenter = Segmenter(longest_ms=200)
    for i in range(30):
        segmenter.feed(QUIET, True, i * 20)
    assert best_pause.__doc__

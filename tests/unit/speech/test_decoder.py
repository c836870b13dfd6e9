from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from speech.decoder import BYTES_A_SECOND, RENEW_S, Pending, Room, SpeakerDecoder
from speech.pool import DecodePool
from speech.recogniser import Word
from tests.fakes.recogniser import FakeEngine
from tests.waiting import until

SECOND = bytes(BYTES_A_SECOND)


@dataclass
class Heard:
    """A sink that remembers."""

    partials: list[str] = field(default_factory=list)
    finals: list[tuple[str, list[Word]]] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)

    def partial(self, utterance: Pending, text: str, end_ms: int) -> None:
        self.partials.append(text)

    def final(self, utterance: Pending, words: list[Word]) -> None:
        self.finals.append((utterance.utterance_id, words))

    def gap(self, start_ms: int, end_ms: int) -> None:
        self.gaps.append((start_ms, end_ms))


class Bench:
    def __init__(self) -> None:
        self.now = 100.0
        self.engine = FakeEngine(["一 二 三 四 五"])
        self.heard = Heard()
        self.room = Room()
        self.pool = DecodePool(2)
        self.decoder = self.new(self.heard)

    def new(self, sink: Heard, room_s: float = 120.0) -> SpeakerDecoder:
        return SpeakerDecoder(self.engine, sink, self.room, monotonic=lambda: self.now, room_s=room_s)

    def utter(self, name: str, seconds: int = 1, start_ms: int = 0, decoder: SpeakerDecoder | None = None) -> None:
        decoder = decoder or self.decoder
        decoder.begin(Pending(name, start_ms, start_ms))
        for _ in range(seconds):
            decoder.sound(SECOND, self.now)
            self.pool.offer(decoder)
        decoder.end(start_ms + seconds * 1000, False, self.now)
        self.pool.offer(decoder)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.gate.set()
    await bench.pool.close()


async def test_words_come_on_the_calls_time_line(bench: Bench) -> None:
    bench.utter("a", start_ms=10_000)
    await until(lambda: bench.heard.finals)
    name, words = bench.heard.finals[0]
    assert name == "a"
    assert [(w.text, w.start_ms, w.end_ms) for w in words][:2] == [("一", 10_000, 10_200), ("二", 10_200, 10_400)]
    assert bench.decoder.empty
    assert not bench.room.full


async def test_partials_grow_while_sound_comes(bench: Bench) -> None:
    bench.decoder.begin(Pending("a", 0, 0))
    for i in range(1, 5):
        bench.decoder.sound(SECOND[: BYTES_A_SECOND // 5], bench.now)
        bench.pool.offer(bench.decoder)
        await until(lambda i=i: sum(bench.engine.pieces) == i * BYTES_A_SECOND // 5)  # type: ignore[misc]
        bench.now += 0.21  # partials are at most five a second
    assert bench.heard.partials
    assert bench.heard.partials == sorted(bench.heard.partials, key=len)
    assert not bench.heard.finals


async def test_too_little_sound_waits_for_more_unless_the_utterance_is_over(bench: Bench) -> None:
    bench.decoder.begin(Pending("a", 0, 0))
    bench.decoder.sound(bytes(320), bench.now)
    assert bench.decoder.pending_since is None
    bench.decoder.end(20, False, bench.now)
    assert bench.decoder.pending_since is not None


async def test_a_machine_too_slow_drops_partials_and_keeps_every_final(bench: Bench) -> None:
    bench.engine.gate.clear()
    others = [bench.new(bench.heard) for _ in range(6)]
    for i, decoder in enumerate(others):
        bench.utter(f"other{i}", 3, decoder=decoder)
    bench.utter("late", 3)
    await until(lambda: bench.pool.waiting == 5)
    bench.now += 0.5
    assert bench.decoder.lag_s > 0.4, "it says how far behind it is"
    bench.engine.gate.set()
    await until(lambda: len(bench.heard.finals) == 7)
    assert bench.heard.partials == []
    assert bench.heard.gaps == []
    assert bench.decoder.lag_s == 0.0


async def test_one_recogniser_serves_one_thread_and_utterances_keep_their_order(bench: Bench) -> None:
    for i in range(20):
        bench.utter(str(i))
    await until(lambda: len(bench.heard.finals) == 20)
    assert [name for name, _ in bench.heard.finals] == [str(i) for i in range(20)]


async def test_a_recogniser_is_renewed_so_that_memory_stays_bounded(bench: Bench) -> None:
    for i in range(int(RENEW_S / 10) * 3):
        bench.utter(str(i), 10)
        await until(lambda i=i: len(bench.heard.finals) == i + 1)  # type: ignore[misc]
    assert 2 <= len(bench.engine.made) <= 4
    assert all(made.fed <= (RENEW_S + 15) * BYTES_A_SECOND for made in bench.engine.made)


async def test_beyond_the_room_the_oldest_waiting_utterance_is_told_as_lost(bench: Bench) -> None:
    bench.engine.gate.clear()
    decoder = bench.new(bench.heard, room_s=5)
    for i in range(4):
        bench.utter(str(i), 2, start_ms=i * 10_000, decoder=decoder)
    assert bench.heard.gaps, "something had to go"
    bench.engine.gate.set()
    await until(lambda: len(bench.heard.finals) + len(bench.heard.gaps) == 4)
    assert bench.heard.finals[-1][0] == "3", "the newest is heard"
    assert all(start % 10_000 == 0 and end - start == 2000 for start, end in bench.heard.gaps)


async def test_the_whole_process_has_bounded_room(bench: Bench) -> None:
    bench.room = Room(limit_s=10)
    bench.engine.gate.clear()
    decoders = [bench.new(bench.heard) for _ in range(5)]
    for round_number in range(4):
        for decoder in decoders:
            bench.utter(f"{round_number}", 2, start_ms=round_number * 5000, decoder=decoder)
    assert len(bench.heard.gaps) >= 8
    bench.engine.gate.set()
    await until(lambda: len(bench.heard.finals) + len(bench.heard.gaps) == 20)
    assert not bench.room.full


async def test_a_recogniser_that_fails_costs_its_piece_and_is_replaced(bench: Bench) -> None:
    bench.engine.failures = 1
    bench.utter("broken", start_ms=1000)
    bench.utter("whole", start_ms=5000)
    await until(lambda: bench.decoder.empty)
    assert bench.heard.gaps
    assert bench.heard.gaps[0][0] == 1000
    assert bench.heard.finals[-1][0] == "whole"
    assert len(bench.engine.made) == 2


async def test_words_beyond_a_cut_belong_to_the_next_utterance(bench: Bench) -> None:
    first, second = Pending("first", 0, 0), Pending("second", 280, 400)
    bench.decoder.begin(first)
    bench.decoder.sound(SECOND, bench.now)
    bench.decoder.end(400, True, bench.now)
    bench.decoder.begin(second)
    bench.decoder.sound(SECOND, bench.now)
    bench.decoder.end(1280, False, bench.now)
    bench.pool.offer(bench.decoder)
    await until(lambda: len(bench.heard.finals) == 2)
    (_, one), (_, two) = bench.heard.finals
    assert [w.text for w in one] == ["一", "二"]
    assert all((w.start_ms + w.end_ms) // 2 >= 400 for w in two)


async def test_closing_the_pool_leaves_no_thread(bench: Bench) -> None:
    bench.utter("a")
    await bench.pool.close()
    bench.utter("b")
    assert bench.pool.waiting == 0

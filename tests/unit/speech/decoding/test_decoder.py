from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from speech.decoding import spool as spool_module
from speech.decoding.decoder import SpeakerDecoder
from speech.decoding.pool import DecodePool
from speech.decoding.recogniser import Word
from speech.decoding.shelf import Shelf
from speech.decoding.spool import Spool
from speech.decoding.waiting import BYTES_A_SECOND, Pending, Room
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
    def __init__(self, folder: Path) -> None:
        self.now = 100.0
        self.engine = FakeEngine(["一 二 三 四 五"])
        self.shelf = Shelf(self.engine, monotonic=lambda: self.now)
        self.spool = Spool(folder)
        self.heard = Heard()
        self.room = Room()
        self.pool = DecodePool(2)
        self.made: list[SpeakerDecoder] = []
        self.decoder = self.new(self.heard)

    def new(self, sink: Heard, room_s: float = 120.0, load: float = 0.0) -> SpeakerDecoder:
        decoder = SpeakerDecoder(
            self.shelf, sink, self.room, self.spool, monotonic=lambda: self.now, room_s=room_s, load=lambda: load
        )
        self.made.append(decoder)
        return decoder

    async def written(self) -> None:
        """The spool's thread is through with what it was given so far, however slow the disk is."""
        done = threading.Event()
        assert self.spool.later(done.set)
        assert await asyncio.to_thread(done.wait, 60)

    def utter(self, name: str, seconds: int = 1, start_ms: int = 0, decoder: SpeakerDecoder | None = None) -> None:
        decoder = decoder or self.decoder
        decoder.begin(Pending(name, start_ms, start_ms))
        for _ in range(seconds):
            decoder.sound(SECOND, self.now)
            self.pool.offer(decoder)
        decoder.end(start_ms + seconds * 1000, False, self.now)
        self.pool.offer(decoder)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.engine.gate.set()
    await bench.pool.close()
    bench.spool.close()
    for decoder in bench.made:
        decoder.discard()


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


@pytest.mark.parametrize(("load", "least_ms"), [(0.0, 60), (0.2, 60), (0.5, 130), (0.7, 200), (1.0, 200)])
async def test_the_busier_the_threads_the_larger_the_pieces(bench: Bench, load: float, least_ms: int) -> None:
    decoder = bench.new(bench.heard, load=load)
    decoder.begin(Pending("a", 0, 0))
    for ms in range(20, 240, 20):
        decoder.sound(bytes(320), bench.now)
        assert (decoder.pending_since is not None) == (ms >= least_ms), ms


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


async def test_beyond_the_room_in_memory_speech_waits_on_the_disk_and_is_decoded_in_order(bench: Bench) -> None:
    bench.engine.gate.clear()
    decoder = bench.new(bench.heard, room_s=5)
    for i in range(60):
        bench.utter(str(i), 10, start_ms=i * 10_000, decoder=decoder)
    await bench.written()
    assert decoder.on_disk_s >= 500, "most of ten minutes is on the disk"
    assert decoder.waiting_s >= 590
    assert bench.room.used <= (5 + 2 * 15) * BYTES_A_SECOND, "memory is bounded, time is not"
    bench.now += 600
    assert decoder.lag_s == 600, "and the delay is known"
    bench.engine.gate.set()
    await until(lambda: decoder.empty, 30)
    assert [name for name, _ in bench.heard.finals] == [str(i) for i in range(60)]
    assert bench.heard.gaps == []
    assert sum(bench.engine.pieces) == 600 * BYTES_A_SECOND, "not a sample is missing"
    assert (decoder.on_disk_s, bench.room.used) == (0, 0)


async def test_the_whole_process_has_bounded_room_in_memory(bench: Bench) -> None:
    bench.room = Room(limit_s=10)
    bench.engine.gate.clear()
    decoders = [bench.new(bench.heard) for _ in range(5)]
    for round_number in range(10):
        for decoder in decoders:
            bench.utter(f"{round_number}", 2, start_ms=round_number * 5000, decoder=decoder)
    await bench.written()
    assert not bench.room.full
    assert sum(decoder.waiting_s for decoder in decoders) > 90
    bench.engine.gate.set()
    await until(lambda: len(bench.heard.finals) == 50, 30)
    assert bench.heard.gaps == []
    assert bench.room.used == 0


async def test_what_a_full_disk_does_not_take_is_told_as_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "SPARED", 1 << 60)
    bench.engine.gate.clear()
    decoder = bench.new(bench.heard, room_s=5)
    for i in range(4):
        bench.utter(str(i), 2, start_ms=i * 10_000, decoder=decoder)
    await bench.written()
    bench.engine.gate.set()
    await until(lambda: len(bench.heard.finals) + len(bench.heard.gaps) == 4)
    assert all(start % 10_000 == 0 and end - start == 2000 for start, end in bench.heard.gaps)
    names = [name for name, _ in bench.heard.finals]
    assert names == sorted(names) and "0" in names, "what found room is heard"
    assert bench.room.used == 0


async def test_sound_that_cannot_be_read_back_costs_its_utterance_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(file: int, size: int, offset: int) -> bytes:
        return b"\x00" * (size // 2 if offset == 0 else size)

    monkeypatch.setattr(os, "pread", torn)
    bench.engine.gate.clear()
    decoder = bench.new(bench.heard, room_s=2)
    for i in range(5):
        bench.utter(str(i), 2, start_ms=i * 10_000, decoder=decoder)
    await bench.written()
    assert decoder.on_disk_s >= 6
    bench.engine.gate.set()
    await until(lambda: decoder.empty)
    assert len(bench.heard.gaps) == 1
    assert len(bench.heard.finals) == 4
    assert (decoder.on_disk_s, bench.room.used) == (0, 0)


async def test_what_is_abandoned_is_one_gap_and_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    bench.engine.gate.clear()
    decoder = bench.new(bench.heard, room_s=2)
    for i in range(5):
        bench.utter(str(i), 2, start_ms=i * 10_000, decoder=decoder)
    await bench.written()
    assert decoder.on_disk_s >= 4
    bench.engine.gate.set()
    await bench.pool.close()
    bench.spool.close()
    done = len(bench.heard.finals)
    decoder.abandon()
    assert bench.heard.gaps == [(done * 10_000, 42_000)]
    assert (decoder.empty, decoder.on_disk_s, bench.room.used) == (True, 0, 0)
    assert list(tmp_path.iterdir()) == []


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


async def test_the_pool_knows_how_busy_it_is(bench: Bench) -> None:
    assert bench.pool.load == 0.0
    bench.engine.gate.clear()
    others = [bench.new(bench.heard) for _ in range(2)]
    for decoder in others:
        bench.utter("a", decoder=decoder)
    pool = bench.pool
    pool._counted_at -= 100  # as if they had stood there so long
    bench.engine.gate.set()
    await pool.wait_idle()
    assert pool.load > 0.5  # both stood there; the one that ended last may have taken its time
    pool._counted_at -= 100
    bench.utter("b")
    assert pool.load < 0.1


async def test_closing_the_pool_leaves_no_thread(bench: Bench) -> None:
    bench.utter("a")
    await bench.pool.close()
    bench.utter("b")
    assert bench.pool.waiting == 0

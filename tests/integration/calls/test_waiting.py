"""Who waits is told position and wait, the first in line too, and nobody waits longer for it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from network.line import CitizenLine
from runtime.events import CallAnswered, CallQueued
from runtime.settings import Settings
from tests import audio
from tests.integration.calls.kit import Room, room
from tests.integration.conftest import AsteriskPair

WORDS_HZ, NUMBER_HZ = 2300.0, 2900.0
"""Above every note of the music and its overtones."""
WORD_S = 1.0
SOUNDS = {"queue-thereare": WORDS_HZ, "queue-callswaiting": WORDS_HZ, "queue-holdtime": WORDS_HZ}
NUMBERS = [f"digits/{n}" for n in range(10)]


@pytest.fixture
async def calls(
    asterisk_pair: AsteriskPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Room]:
    monkeypatch.setattr("calls.floor.announcer.FIRST_S", 2.0)
    monkeypatch.setattr("calls.floor.announcer.EVERY_S", 8.0)
    _sounds(asterisk_pair.settings)
    async with room(asterisk_pair.settings, tmp_path, wrap_up_s=1.0) as there:
        yield there


def _sounds(settings: Settings) -> None:
    folder = settings.prompts_dir / "zh"
    (folder / "digits").mkdir(parents=True)
    for name in (*SOUNDS, "queue-minutes"):
        audio.write_wav(folder / f"{name}.wav", audio.tone(WORDS_HZ, WORD_S))
    for name in NUMBERS:
        audio.write_wav(folder / f"{name}.wav", audio.tone(NUMBER_HZ, WORD_S))


def sentences(heard: Path, hertz: float = WORDS_HZ) -> list[tuple[float, float]]:
    """From when to when the citizen heard this tone, seconds; pauses under 1.5 s belong to the sentence."""
    (track, *_) = audio.wav_tracks(heard)
    window = audio.RATE // 10
    loud = [
        at / audio.RATE
        for at in range(0, len(track) - window, window)
        if audio.tone_db(track[at : at + window], hertz) > -35
    ]
    found: list[tuple[float, float]] = []
    for at in loud:
        if found and at - found[-1][1] < 1.5:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


async def test_the_first_in_line_hears_position_and_wait_again_and_again(calls: Room, tmp_path: Path) -> None:
    await calls.sign_in("8001")
    heard = tmp_path / "heard.wav"
    async with CitizenLine(calls.settings, caller="13912345678", heard=heard) as citizen:
        await calls.wait(CallQueued)
        await citizen.hold(17)
        assert not citizen.ended
    words, numbers = sentences(heard), sentences(heard, NUMBER_HZ)
    assert len(words) == 2, words
    assert 7.5 < words[1][0] - words[0][0] < 9.5, "about as often as it is set"
    assert all(end - start > 4 for start, end in words), "the whole sentence"
    assert len(numbers) >= 2, "with its numbers"
    (track, *_) = audio.wav_tracks(heard)
    begin = int(words[0][0] * audio.RATE)
    music = np.concatenate([track[begin - audio.RATE : begin], track[begin + 1000 : begin + audio.RATE]])
    assert audio.rms_db(music) > -40, "the music goes on"


async def test_an_agent_who_becomes_ready_in_mid_sentence_is_connected_at_once(
    calls: Room, tmp_path: Path
) -> None:
    await calls.sign_in("8001")
    heard = tmp_path / "heard.wav"
    async with CitizenLine(calls.settings, caller="13912345678", heard=heard) as citizen:
        await calls.wait(CallQueued)
        await calls.until(lambda: calls.node.announcer._speaking, what="a sentence")
        await citizen.hold(1.0)
        began = time.monotonic()
        await calls.sit("8001")
        await calls.wait(CallAnswered)
        waited = time.monotonic() - began
        await calls.until(lambda: not calls.node.announcer._speaking, what="the sentence to be cut off")
        await citizen.hold(4.0)
    assert waited < 4.5, "the sentence takes 6 s"
    (sentence,) = sentences(heard)
    assert sentence[1] - sentence[0] < 1.0 + waited + 1.0, "cut off by the answer"

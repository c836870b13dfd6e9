"""Greeting and recording notice are heard while the agent's telephone rings already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sound import wav
from tests.integration.conftest import AsteriskPair
from tests.integration.ivr.kit import TONE_HZ, agent_on_break, citizen, running_ivr, waiting
from tests.integration.ivr.test_calls import add_agent, agent_channel, eventually

CHARACTERS = len("您好，这里是12345热线，通话将被录音，查进度请按2。")
"""Of the shipped opening."""

SPOKEN_S = CHARACTERS * 0.25


def tone_seconds(samples: wav.Samples) -> float:
    """Seconds in which the prompts' tone is what is heard (the music has other notes)."""
    size = wav.RATE // 10
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1))
    at = TONE_HZ * size // wav.RATE
    loud = spectrum.max(axis=1) > 1.0
    return float(np.sum(loud & (spectrum.argmax(axis=1) == at))) / 10


async def test_the_telephone_rings_while_the_opening_is_heard_once(
    asterisk_pair: AsteriskPair, tmp_path: Path
) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    heard = tmp_path / "heard.wav"
    async with (
        running_ivr(pair.settings, character_s=0.25, hotline=pair.hotline),
        citizen(pair.settings, heard=heard) as line,
    ):
        assert await line.wait_answered()
        await eventually(lambda: waiting(pair.hotline), 3, "the caller is in the queue at once")
        await line.hold(SPOKEN_S + 3)
        await add_agent(pair)
        await eventually(lambda: agent_channel(pair), what="an agent talks")
    samples = wav.read(heard).samples
    assert tone_seconds(samples) == pytest.approx(SPOKEN_S, abs=1.0)
    assert tone_seconds(samples[: int(2 * wav.RATE)]) > 1.0, "the opening comes first"


async def test_a_key_in_the_opening_is_obeyed(asterisk_pair: AsteriskPair) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    async with running_ivr(pair.settings, hotline=pair.hotline) as ivr, citizen(pair.settings) as line:
        assert await line.wait_answered()
        await eventually(lambda: waiting(pair.hotline), what="the caller is in the queue")
        await line.press("2")
        await ivr.reach("progress")


async def test_where_nobody_is_signed_in_the_notice_is_heard_before_the_message(
    asterisk_pair: AsteriskPair, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    pair = asterisk_pair
    async with (
        running_ivr(pair.settings, character_s=0.25, hotline=pair.hotline) as ivr,
        citizen(pair.settings, heard=heard) as line,
    ):
        assert await line.wait_answered()
        await ivr.reach("closed")
    assert tone_seconds(wav.read(heard).samples) >= SPOKEN_S - 1.0


async def test_who_returns_to_the_queue_hears_music_only(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    pair = asterisk_pair
    await agent_on_break(pair.hotline)
    heard = tmp_path / "heard.wav"
    async with (
        running_ivr(pair.settings, character_s=0.05, hotline=pair.hotline),
        citizen(pair.settings, heard=heard) as line,
    ):
        assert await line.wait_answered()
        await eventually(lambda: waiting(pair.hotline), what="the caller is in the queue")
        await line.press("7")  # means nothing: back to the same place
        await line.hold(1)
        await eventually(lambda: waiting(pair.hotline), what="the caller is in the queue again")
        await line.hold(3)
    assert tone_seconds(wav.read(heard).samples) < CHARACTERS * 0.05 + 0.3

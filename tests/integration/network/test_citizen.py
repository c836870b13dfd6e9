"""The simulated citizen against real Asterisk: every end of a call is a result."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from network.citizen import CitizenCall, call
from network.line import CitizenLine
from tests import audio
from tests.integration.conftest import AsteriskPair
from tests.waiting import until


async def test_the_hotline_hangs_up(asterisk_pair: AsteriskPair) -> None:
    async with CitizenLine(asterisk_pair.settings, caller="13912345678") as line:
        assert await line.wait_answered()
        await asterisk_pair.hotline.cli(f"channel request hangup {line.hotline_channel}")
        assert await line.wait_ended(30)
        await line.press("1")  # into a dead line: nothing happens, nothing breaks
    assert line.outcome == "hotline_hung_up"


async def test_nobody_there(asterisk_pair: AsteriskPair) -> None:
    await asterisk_pair.hotline.stop()
    async with asyncio.timeout(60):
        result = await call(asterisk_pair.settings, CitizenCall(caller="13912345678"))
    assert not result.answered
    assert result.outcome == "unreachable"
    assert result.call_id == ""


async def test_the_citizen_s_time_is_over(asterisk_pair: AsteriskPair) -> None:
    result = await call(asterisk_pair.settings, CitizenCall(caller="13912345678", max_seconds=1.0))
    assert result.outcome == "citizen_hung_up"
    assert "note" in [entry.kind for entry in result.timeline]
    assert result.seconds == pytest.approx(1.0, abs=0.8)


async def test_what_is_said_is_what_the_hotline_records(
    asterisk_pair: AsteriskPair, live_recordings: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    wish = CitizenCall(caller="13912345678", say="我们村的路灯坏了。", press="wait 0.5,speak,5", hang_up_after=0.2)
    result = await call(asterisk_pair.settings, wish, lambda entry: told.append(entry.kind))
    assert told == [entry.kind for entry in result.timeline]
    assert [kind for kind in told if kind not in ("hears", "silence")] == [
        "dialled",
        "answered",
        "speaks",
        "spoke",
        "pressed",
        "ended",
    ]
    recording = live_recordings / f"{result.call_id}.raw"
    await until(lambda: len(recording.read_bytes()) > 32_000 * 2, 30, "the recording")
    left, _right = audio.raw_tracks(recording)
    assert audio.loud_seconds(left) > 1.0


async def test_a_stereo_recording_at_cd_rate_is_played(
    asterisk_pair: AsteriskPair, live_recordings: Path, tmp_path: Path
) -> None:
    track = audio.tone(1000, 2.0, rate=44100)
    voice = audio.write_wav(tmp_path / "cd.wav", track, track, rate=44100)
    wish = CitizenCall(caller="13912345678", audio=voice, press="speak,wait 1", hang_up_after=1)
    result = await call(asterisk_pair.settings, wish)
    recording = live_recordings / f"{result.call_id}.raw"

    def heard() -> bool:
        left, _right = audio.raw_tracks(recording)
        return audio.tone_seconds(left, 1000) >= 1.8

    await until(heard, 30, "the citizen's tone in the recording")


@pytest.mark.parametrize("caller", ["", "anonymous"])
async def test_a_withheld_number(asterisk_pair: AsteriskPair, caller: str) -> None:
    async with CitizenLine(asterisk_pair.settings, caller=caller) as line:
        assert await line.wait_answered()
        shown = await asterisk_pair.hotline.cli(f"core show channel {line.hotline_channel}")
        assert "139" not in shown.split("Caller ID:")[1].splitlines()[0]


async def test_two_citizens_at_once_are_told_apart(asterisk_pair: AsteriskPair) -> None:
    settings = asterisk_pair.settings
    async with (
        CitizenLine(settings, caller="13912345678") as one,
        CitizenLine(settings, caller="13912345678") as two,
    ):
        assert await one.wait_answered()
        assert await two.wait_answered()
        assert one.call_id != two.call_id
        assert one.hotline_channel != two.hotline_channel


async def test_no_file_of_a_call_is_left_behind(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    wish = CitizenCall(caller="13912345678", record=tmp_path / "deep" / "heard.wav", hang_up_after=1)
    result = await call(asterisk_pair.settings, wish)
    assert result.heard == tmp_path / "deep" / "heard.wav"
    assert list((asterisk_pair.settings.var / "network" / "spool").iterdir()) == []

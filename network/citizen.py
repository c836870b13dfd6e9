"""A citizen's whole call in one function: what `hotline call`, demos and end-to-end tests use."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from network.line import CitizenLine, Outcome
from network.plan import Press, Speak, Step, WaitAgent, WaitPrompt, WaitSeconds, parse_plan
from network.timeline import Entry, Timeline
from runtime.errors import UserError
from runtime.settings import Settings
from sound import wav
from sound.voice import speak


@dataclass(frozen=True, slots=True)
class CitizenCall:
    """What the citizen does.

    audio: a WAV with the citizen's voice; say: or Chinese text, spoken by espeak-ng.
    press: a plan (see network.plan); voice without a "speak" in the plan is spoken once a person is on
    the line, or after `patience_s` when nobody can be seen to come.
    hang_up_after: seconds after the plan is done; None waits for the other side (at most max_seconds).
    """

    caller: str
    to: str = ""
    audio: Path | None = None
    say: str = ""
    press: str = ""
    record: Path | None = None
    max_seconds: float = 180.0
    hang_up_after: float | None = None
    patience_s: float = 120.0


@dataclass(frozen=True, slots=True)
class CitizenResult:
    outcome: Outcome
    answered: bool
    call_id: str
    """The hotline's id of the call; "" where it cannot be known."""
    timeline: tuple[Entry, ...]
    heard: Path | None
    """WAV of what the citizen heard, if it was asked for and something was heard."""

    @property
    def seconds(self) -> float:
        return self.timeline[-1].at if self.timeline else 0.0


async def call(
    settings: Settings, wish: CitizenCall, on_entry: Callable[[Entry], None] | None = None
) -> CitizenResult:
    """Make one call from dialling to its end and tell what happened.

    Raises UserError before anything is dialled when the plan, the WAV or the text cannot be used, or when
    the simulator does not run. What happens on the line is a result, never an exception.
    """
    _check(wish)
    steps = parse_plan(wish.press)
    with tempfile.TemporaryDirectory(prefix="hotline-citizen-") as folder:
        voice = await _voice(wish, Path(folder))
        if voice is not None and Speak() not in steps:
            steps += [WaitAgent(), Speak()]
        timeline = Timeline(on_entry)
        line = CitizenLine(settings, caller=wish.caller, to=wish.to, heard=wish.record, timeline=timeline)
        async with line:
            try:
                async with asyncio.timeout(wish.max_seconds):
                    await _act(line, steps, voice, wish)
            except TimeoutError:
                timeline.add("note", f"the citizen's {wish.max_seconds:g} s are over")
    heard = wish.record if wish.record is not None and line.answered and wish.record.exists() else None
    assert line.outcome is not None  # leaving the line ends the call
    return CitizenResult(line.outcome, line.answered, line.call_id, tuple(timeline.entries), heard)


def _check(wish: CitizenCall) -> None:
    """What can be known to be wrong before anything rings. Raises UserError."""
    if any(not sign.isprintable() for sign in wish.caller):
        raise UserError("a caller's number cannot hold line breaks or other control characters", "correct --from")
    if wish.audio is not None and wish.say:
        raise UserError("the citizen can play a recording or say a text, not both", "give --audio or --say")
    if wish.record is not None:
        if wish.record.is_dir():
            raise UserError(f"{wish.record} is a folder", "name the WAV file that --record shall write")
        folder = next(parent for parent in wish.record.absolute().parents if parent.exists())
        if not folder.is_dir() or not os.access(wish.record if wish.record.exists() else folder, os.W_OK):
            raise UserError(f"{wish.record} cannot be written", "choose another place for --record")


async def _voice(wish: CitizenCall, folder: Path) -> Path | None:
    """The citizen's voice as a telephone WAV, so that a bad file is refused before anything rings."""
    if wish.audio is not None:
        await asyncio.to_thread(wav.telephone, wish.audio, folder / "voice.wav")
        return folder / "voice.wav"
    if wish.say:
        await speak(wish.say, folder / "voice.wav")
        return folder / "voice.wav"
    return None


async def _act(line: CitizenLine, steps: list[Step], voice: Path | None, wish: CitizenCall) -> None:
    if not await line.wait_answered():
        return
    for step in steps:
        if line.ended:
            return
        match step:
            case WaitPrompt():
                await line.wait_prompt()
            case WaitSeconds(seconds):
                await line.hold(seconds)
            case Press(keys):
                await line.press(keys)
            case WaitAgent():
                await line.wait_agent(wish.patience_s)
            case Speak():
                if voice is not None:
                    await line.play(voice)
    if wish.hang_up_after is None:
        await line.wait_ended(wish.max_seconds)
    else:
        await line.hold(wish.hang_up_after)

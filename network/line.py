"""One citizen's telephone, step by step: dial, hear, press keys, speak, hang up.

Busy, no answer, a refused call and a hang-up by the other side are outcomes, not exceptions.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from calls.asterisk.ami import AmiError, AmiLink, Message
from network.hotline_side import HotlineSide
from network.timeline import Timeline
from runtime.errors import UserError
from runtime.secretfile import secret
from runtime.settings import Settings
from sound import wav

Outcome = Literal["citizen_hung_up", "hotline_hung_up", "busy", "refused", "no_answer", "unreachable"]

RING_S = 60.0
"""How long a citizen lets it ring."""
FILE_S = 5.0
_NUMBER = re.compile(r"[0-9*#+]{1,32}")
_BUSY, _REFUSED, _NO_ANSWER = {"17"}, {"21"}, {"18", "19"}


class CitizenLine:
    """A citizen on the telephone.

    `async with CitizenLine(settings, caller="13912345678") as line:` dials on entry and hangs up on
    exit. `caller` "" (or "anonymous") withholds the number. `heard`, when given, gets a WAV of what the
    citizen heard, once the call is over.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        caller: str,
        to: str = "",
        heard: Path | None = None,
        timeline: Timeline | None = None,
    ) -> None:
        self._settings = settings
        self._caller = "" if caller == "anonymous" else caller
        self._to = to or settings.number
        self._heard = heard
        self.timeline = timeline or Timeline()
        self.outcome: Outcome | None = None
        self._id = f"citizen-{uuid.uuid4().hex}"
        self._spool = settings.var / "network" / "spool"
        self._recording = self._spool / f"{self._id}.wav"
        self._link = AmiLink(
            "127.0.0.1", settings.network_ami_port, "network", secret(settings.secrets_dir, "ami.network")
        )
        self._side: HotlineSide | None = None
        self._finding: asyncio.Task[None] | None = None
        self._channel = ""
        self._hanging_up = False
        self._answered = asyncio.Event()
        self._ended = asyncio.Event()
        self._spoke = asyncio.Event()
        self._heard_change = asyncio.Event()
        self._prompts_heard = 0
        self._prompts_seen = 0

    # -- the call itself -----------------------------------------------------------------------
    async def __aenter__(self) -> Self:
        try:
            await self._dial()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.hang_up()
            await self._fetch_recording()
        finally:
            await self._close()

    async def _dial(self) -> None:
        if not _NUMBER.fullmatch(self._to):
            raise UserError(f"'{self._to[:40]}' is not a telephone number", "give digits only")
        self._spool.mkdir(parents=True, exist_ok=True)
        self._link.on_event(self._event)
        await self._link.start()
        try:
            await self._link.reach(15.0)
        except AmiError as error:
            raise UserError(
                f"the telephone-network simulator cannot be reached on port {self._settings.network_ami_port}",
                "start the system with `hotline up`; HOTLINE_VAR and HOTLINE_PORT_BASE must be those it has",
            ) from error
        side = HotlineSide(self._settings)
        if await side.start():
            self._side = side
        variables = [f"CITIZEN_RECORD={self._recording}" if self._heard is not None else "CITIZEN_RECORD="]
        if not self._caller:
            variables.append("CALLERID(pres)=prohib")
        self.timeline.add("dialled", f"{self._caller or 'anonymous'} → {self._to}")
        await self._link.do(
            "Originate",
            Channel=f"PJSIP/{self._to}@hotline",
            Context="citizen",
            Exten="listen",
            Priority=1,
            CallerID=f'"{self._caller}" <{self._caller}>' if self._caller else "",
            Variable=variables,
            ChannelId=self._id,
            Timeout=int(RING_S * 1000),
            Async="true",
        )

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def answered(self) -> bool:
        return self._answered.is_set()

    @property
    def call_id(self) -> str:
        """The hotline's id of this call; "" until known, or where the hotline cannot be asked."""
        return self._side.call_id if self._side is not None else ""

    @property
    def hotline_channel(self) -> str:
        """Name of the hotline's channel of this call, for tests that act on it; "" until known."""
        return self._side.channel if self._side is not None else ""

    async def wait_answered(self, timeout: float = RING_S + 5) -> bool:
        """Wait for an answer; False when the call ended without one (see `outcome`) or time ran out."""
        await self._first_of(self._answered, timeout)
        if self.answered and self._finding is not None:
            await self._finding
        return self.answered

    async def wait_prompt(self, timeout: float = 20.0) -> bool:
        """Hear a prompt to its end (0.8 s of silence); False when none came, or the call ended."""

        def heard() -> bool:
            return self._prompts_heard > self._prompts_seen

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while not heard() and not self.ended:
                    self._heard_change.clear()
                    await self._heard_change.wait()
        came = heard()
        self._prompts_seen = self._prompts_heard
        return came

    async def wait_agent(self, timeout: float = 120.0) -> bool:
        """Wait until a person is on the line; False when none came, or it cannot be seen from here."""
        if self._side is None:
            return False
        await self._first_of(self._side.agent_joined, timeout)
        if self._side.agent_joined.is_set() and not self.ended:
            self.timeline.add("agent", "a person is on the line")
        return self._side.agent_joined.is_set()

    async def wait_ended(self, timeout: float) -> bool:
        """Wait for the end of the call; False when it goes on after `timeout` seconds."""
        await self._first_of(self._ended, timeout)
        return self.ended

    async def hold(self, seconds: float) -> None:
        """Do nothing for so long, or until the call ends."""
        await self._first_of(self._ended, seconds)

    async def press(self, keys: str) -> None:
        """Press keys, one after the other, as people do (0.15 s each)."""
        self._prompts_seen = self._prompts_heard
        for key in keys:
            if self.ended:
                return
            await self._quietly("PlayDTMF", Channel=self._channel, Digit=key, Duration="150")
            self.timeline.add("pressed", key)
            await self._first_of(self._ended, 0.3)

    async def play(self, audio: Path, timeout: float = 600.0) -> None:
        """Speak with the voice of a WAV (any ordinary one) to its end. Raises WavError if it is none."""
        made = self._spool / f"{self._id}-{uuid.uuid4().hex[:8]}.wav"
        try:
            sound = await asyncio.to_thread(wav.telephone, audio, made)
            if self.ended:
                return
            self._spoke.clear()
            self._prompts_seen = self._prompts_heard
            self.timeline.add("speaks", f"{sound.seconds:.1f} s")
            await self._quietly(
                "Setvar", Channel=self._channel, Variable="CITIZEN_AUDIO", Value=str(made.with_suffix(""))
            )
            await self._quietly("Redirect", Channel=self._channel, Context="citizen", Exten="play", Priority="1")
            await self._first_of(self._spoke, min(timeout, sound.seconds + 10))
            if self._spoke.is_set():
                self.timeline.add("spoke")
        finally:
            made.unlink(missing_ok=True)

    async def hang_up(self) -> None:
        """Hang up, if the call is not over, and wait for its end."""
        if not self.ended:
            self._hanging_up = True
            if await self._quietly("Hangup", Channel=self._id if not self._channel else self._channel, Cause="16"):
                await self._first_of(self._ended, 5.0)
        if not self.ended:
            self._end("citizen_hung_up", "")

    # -- inside --------------------------------------------------------------------------------
    def _event(self, event: Message) -> None:
        if event.get("Uniqueid") != self._id:
            return
        kind = event.get("Event")
        if kind == "Newchannel":
            self._channel = str(event.get("Channel"))
        elif kind == "Newstate" and event.get("ChannelStateDesc") == "Ringing":
            self.timeline.add("ringing")
        elif kind == "Newstate" and event.get("ChannelStateDesc") == "Up" and not self.answered:
            self.timeline.add("answered")
            self._answered.set()
            if self._side is not None:
                self._finding = asyncio.create_task(self._find_side(self._side))
        elif kind == "ChannelTalkingStart":
            self.timeline.add("hears")
        elif kind == "ChannelTalkingStop":
            self._prompts_heard += 1
            self.timeline.add("silence", f"after {int(event.get('Duration', '0')) / 1000:.1f} s of sound")
            self._heard_change.set()
        elif kind == "UserEvent" and event.get("UserEvent") == "CitizenSpoke":
            self._spoke.set()
        elif kind == "Hangup":
            self._hung_up(str(event.get("Cause", "0")), str(event.get("Cause-txt", "")))

    def _hung_up(self, cause: str, words: str) -> None:
        if self._hanging_up:
            self._end("citizen_hung_up", words)
        elif self.answered:
            self._end("hotline_hung_up", words)
        elif cause in _BUSY:
            self._end("busy", words)
        elif cause in _REFUSED:
            self._end("refused", words)
        elif (cause in _NO_ANSWER and self.timeline.first("ringing")) or self.timeline.now() >= RING_S - 1:
            self._end("no_answer", words)
        else:
            self._end("unreachable", f"{words} ({cause})")

    def _end(self, outcome: Outcome, words: str) -> None:
        if self.ended:
            return
        self.outcome = outcome
        self.timeline.add("ended", f"{outcome}{': ' + words if words else ''}")
        self._ended.set()
        self._heard_change.set()

    async def _find_side(self, side: HotlineSide) -> None:
        with contextlib.suppress(AmiError):
            answer = await self._link.do("Getvar", Channel=self._channel, Variable="CHANNEL(pjsip,call-id)")
            if sip_call_id := str(answer.get("Value", "")):
                await side.find(sip_call_id)

    async def _quietly(self, action: str, **fields: Any) -> bool:
        """Do an action on the channel; False when the channel is gone (its Hangup tells the story)."""
        try:
            await self._link.do(action, **fields)
        except AmiError:
            return False
        return True

    async def _first_of(self, event: asyncio.Event, timeout: float) -> None:
        """Wait for `event` or the end of the call, at most `timeout` seconds."""
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._ended.wait())]
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _fetch_recording(self) -> None:
        """Move what was heard to where it is wanted, once Asterisk has closed the file (its header fits)."""
        if self._heard is None or not self.answered:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FILE_S):
                while not _complete(self._recording):  # noqa: ASYNC110 (another process writes it)
                    await asyncio.sleep(0.05)
        if self._recording.exists():
            self._heard.parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(_move, self._recording, self._heard)

    async def _close(self) -> None:
        if self._finding is not None:
            self._finding.cancel()
            await asyncio.gather(self._finding, return_exceptions=True)
        if self._side is not None:
            await self._side.close()
        await self._link.close()
        self._recording.unlink(missing_ok=True)


def _complete(path: Path) -> bool:
    """Whether a WAV's header tells its true length, as it does once the writer has closed it."""
    try:
        with path.open("rb") as file:
            data_bytes = int.from_bytes(file.read(44)[40:44], "little")
        return data_bytes > 0 and path.stat().st_size == data_bytes + 44
    except OSError:
        return False


def _move(source: Path, target: Path) -> None:
    """Move also across file systems."""
    target.write_bytes(source.read_bytes())
    source.unlink()

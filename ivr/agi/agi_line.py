"""The caller's line over FastAGI to a real Asterisk."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path

from ivr.agi.agi_reply import app_data
from ivr.agi.server import AgiRequest
from ivr.line import ALL_KEYS, Caller, CallerHungUp, Dialled, LineFailed, Prompt, QueueEnd, QueueStay, Recorded
from ivr.openings import Opening, Openings
from ivr.prompts import Prompts
from language.phone import normalise
from runtime.callid import is_call_id, new_call_id
from runtime.errors import UserError
from sound import wav

log = logging.getLogger(__name__)

MAKE_SECONDS = 4.0
"""How long a caller waits for a sentence that is not made yet; then it is left out."""

SPARE_SECONDS = 10.0
"""What a command may take beyond the sound or the wait itself."""

QUIET_SECONDS = 10
"""A message is over after this much silence, as in the dialplan's own `Record`: saying nothing fills none."""

QUIET_KEPT = 1.0
"""Seconds of that silence which Asterisk leaves at the end of the file; the rest it cuts off."""

SILENCE = "silence/1"
"""A second of nothing in Asterisk's language folder, for commands that insist on a file."""

OPENING_MARGIN_S = 0.35
"""What an opening may begin later than we ask for it."""

_GONE = ("JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL", "FULL")


class AgiLine:
    """One caller behind one AGI connection. Make it with `await AgiLine.take(...)`."""

    def __init__(
        self, agi: AgiRequest, prompts: Prompts, caller: Caller, openings: Openings | None = None
    ) -> None:
        self._agi = agi
        self._prompts = prompts
        self._openings = openings
        self.caller = caller

    @classmethod
    async def take(cls, agi: AgiRequest, prompts: Prompts, openings: Openings | None = None) -> AgiLine:
        """Take over the call: its id is the dialplan's argument, or a fresh one where that gave none.

        Without `openings` what a queue begins with is heard before telephones ring.
        """
        call_id = agi.headers.get("agi_arg_1", "")
        if not is_call_id(call_id):
            log.debug("a call came without a usable CALL_ID and gets one here")
            call_id = new_call_id()
            await agi.send_command("SET VARIABLE", "CALL_ID", call_id)
        phone = normalise(agi.headers.get("agi_callerid", ""))
        called = normalise(agi.headers.get("agi_dnid", ""))
        caller = Caller(call_id, phone=phone.digits, called=called.digits)
        return cls(agi, prompts, caller, openings)

    async def say(self, prompts: Sequence[Prompt], keys: str = ALL_KEYS) -> str:
        for prompt in prompts:
            found = await self._found(prompt)
            if found is not None and (key := await self._stream(*found, keys)):
                return key
        return ""

    async def _stream(self, path: str, length: float, keys: str) -> str:
        reply = await self._agi.send_command("STREAM FILE", path, keys, within=length + SPARE_SECONDS)
        return chr(reply.number) if reply.number > 0 else ""

    async def _found(self, prompt: Prompt) -> tuple[str, float] | None:
        """The prompt's file as Asterisk wants it and its seconds; None when it cannot be had in time.

        The caller then goes on without that sentence.
        """
        try:
            async with asyncio.timeout(MAKE_SECONDS):
                path = await self._prompts.ready(prompt)
        except (TimeoutError, UserError, OSError) as error:
            log.error("call %s: a prompt is missing (%s)", self.caller.call_id, type(error).__name__)
            return None
        return str(path.with_suffix("")), self._prompts.seconds(prompt)

    async def ask(self, prompts: Sequence[Prompt], seconds: float) -> str:
        # The last sentence and the waiting are one command: between two, Asterisk throws keys away.
        sounds = [found for prompt in prompts if (found := await self._found(prompt))]
        if not sounds:
            return await self._wait(seconds)
        for path, length in sounds[:-1]:
            if key := await self._stream(path, length, ALL_KEYS):
                return key
        path, length = sounds[-1]
        reply = await self._agi.send_command(
            "GET OPTION",
            path,
            ALL_KEYS,
            str(max(1, round(seconds * 1000))),
            within=length + seconds + SPARE_SECONDS,
        )
        return chr(reply.number) if reply.number > 0 else ""

    async def _wait(self, seconds: float) -> str:
        reply = await self._agi.send_command(
            "WAIT FOR DIGIT", str(max(1, round(seconds * 1000))), within=seconds + SPARE_SECONDS
        )
        return chr(reply.number) if reply.number > 0 else ""

    async def ask_digits(self, prompts: Sequence[Prompt], seconds: float, longest: int) -> str:
        if longest <= 0:
            return ""
        *lead, last = [found for prompt in prompts if (found := await self._found(prompt))] or [(SILENCE, 1.0)]
        first = ""
        for path, length in lead:
            if first := await self._stream(path, length, ALL_KEYS):
                last = SILENCE, 1.0
                break
        if first == "#" or (first and longest == 1):
            return first.strip("#")
        path, length = last
        reply = await self._agi.send_command(
            "GET DATA",
            path,
            str(round(seconds * 1000)),
            str(longest - len(first)),
            within=length + (longest + 1) * seconds + SPARE_SECONDS,
        )
        return first + reply.result

    async def queue(self, name: str, *, priority: int, seconds: float, opening: Sequence[Prompt]) -> QueueStay:
        heard = self._openings.of(opening) if self._openings is not None else None
        if heard is None and (key := await self.say(opening)):
            return QueueStay(QueueEnd.KEY, key=key)
        await self._agi.send_command("SET VARIABLE", "QUEUE_PRIO", str(priority))
        # Asterisk leaves it as it was: the first talk's agent would make a second wait look answered.
        await self._agi.send_command("SET VARIABLE", "MEMBERINTERFACE", "")
        options = await self._begun_with(heard) if heard is not None else "c"
        where = f"{app_data(name)},{options},{app_data('', '', str(max(1, round(seconds))))}"
        began = time.monotonic()
        # No bound: the talk with the agent happens inside this one command (asks.md 1).
        await self._agi.send_command("EXEC", "Queue", where, within=None)
        status, member, context, key = await self._agi.expand(
            "${QUEUESTATUS}", "${MEMBERINTERFACE}", "${CONTEXT}", "${EXTEN}"
        )
        if heard is not None:
            await self._agi.send_command("SET VARIABLE", "CHANNEL(musicclass)", "default")
        if context != self._agi.home:
            await self._come_home()
            return QueueStay(QueueEnd.KEY, key=key)
        if member:
            return QueueStay(QueueEnd.ANSWERED, agent=member.rpartition("/")[2][:8])
        if status == "TIMEOUT":
            return QueueStay(QueueEnd.TIMEOUT)
        if status not in _GONE:
            log.warning("the queue %s ended with %s", name, status[:20] or "no status (is there such a queue?)")
        turned_away = heard is not None and time.monotonic() - began < heard.seconds
        if turned_away and (key := await self.say(opening)):
            return QueueStay(QueueEnd.KEY, key=key)
        return QueueStay(QueueEnd.UNAVAILABLE)

    async def _begun_with(self, opening: Opening) -> str:
        """Asterisk's options of a wait that begins with this."""
        await self._agi.send_command("SET VARIABLE", "CHANNEL(musicclass)", opening.music)
        end = time.time() + opening.seconds + OPENING_MARGIN_S
        await self._agi.send_command("SET VARIABLE", "__HOTLINE_OPENING_END", str(round(end * 1000)))
        return "cb(opening^s^1)"

    async def _come_home(self) -> None:
        """A key pressed in the queue moved the channel's place in the dialplan: put it back where AGI began."""
        headers = self._agi.headers
        await self._agi.send_command("SET CONTEXT", self._agi.home)
        await self._agi.send_command("SET EXTENSION", headers.get("agi_extension", "s"))
        priority = headers.get("agi_priority", "1")
        following = int(priority) + 1 if priority.isdecimal() else 1
        await self._agi.send_command("SET PRIORITY", str(following))

    async def queue_length(self, name: str) -> int:
        (waiting,) = await self._agi.expand(f"${{QUEUE_WAITING_COUNT({app_data(name)})}}")
        if not waiting.isdecimal():
            raise LineFailed(f"the queue {name} told no length")
        return int(waiting)

    async def dial(self, number: str, *, seconds: float) -> Dialled:
        hung_up = False
        try:
            # The caller's own number goes along by itself: Dial keeps the channel's caller id.
            await self._agi.send_command(
                "EXEC", "Dial", app_data(f"PJSIP/{number}@trunk", str(round(seconds)), "g"), within=None
            )
        except CallerHungUp:  # as most talks end
            hung_up = True
        (status,) = await self._agi.expand("${DIALSTATUS}")
        return Dialled(status == "ANSWER", hung_up=hung_up)

    async def record(self, path: Path, *, seconds: float, end_keys: str) -> Recorded:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LineFailed(f"the folder of voice messages cannot be written: {error.strerror}") from error
        try:
            reply = await self._agi.send_command(
                "RECORD FILE",
                str(path.with_suffix("")),
                "wav",
                end_keys,
                str(round(seconds * 1000)),
                "BEEP",  # must stand here: where an offset may stand, Asterisk takes any other word for it
                f"s={QUIET_SECONDS}",
                within=seconds + SPARE_SECONDS,
            )
        except CallerHungUp:
            return Recorded(wav.seconds(path), hung_up=True)
        length = await asyncio.to_thread(wav.seconds, path)
        if reply.data == "dtmf":
            return Recorded(length, key=chr(reply.number))
        # At a time-out the number is the milliseconds that were left: no key, though it may look like one.
        cut = QUIET_SECONDS - QUIET_KEPT
        if length > seconds - cut:  # the time was over, not the speech
            return Recorded(length)
        return Recorded(length, quiet=min(QUIET_KEPT, length), cut=cut)

    async def finish(self) -> None:
        self._agi.send_last("SET VARIABLE", "HOTLINE_DONE", "1")

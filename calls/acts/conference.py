"""Three on one line: brings citizen and agent into a conference and calls the third side into it.

Never by SIP attended transfer, which can dead-lock Asterisk: channels are moved by AMI Redirect.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from calls.acts.client import ControlRefused
from calls.acts.handoff_leg import caller_id, leg_variables, whisper_text
from calls.acts.units import CalledUnit, called_unit
from calls.asterisk.ami import AmiError, AmiLink
from calls.state.call_states import CallState
from calls.state.live import LiveCall, LiveHandoff
from calls.state.tracker import Tracker
from db.models.call import Handoff
from db.session import Sessions
from runtime.background import Background
from runtime.settings import Settings

log = logging.getLogger(__name__)

GATHER_S = 4.0
"""Both legs stand in the conference within 0.1 s on a healthy Asterisk."""
WHISPER_S = 20.0
"""An answered side that does not join within this has hung up or is stuck in the whisper."""
DATABASE_S = 2.0
"""A hand-off does not wait longer than this for its row: the citizen's safety comes first."""
CAUSE_S = 2.0
"""Asterisk may tell the end of an attempt before that of its channel, which carries the cause."""

CAUSES = {"17": "busy", "18": "no_answer", "19": "no_answer", "21": "refused", "1": "no_number"}

Speak = Callable[[str, Path], Awaitable[object]]


class Conference:
    """The acts behind hand-off and transfer. `answer_s`: how long the third side may ring (domain.md 3.4)."""

    def __init__(
        self,
        link: AmiLink,
        tracker: Tracker,
        sessions: Sessions,
        settings: Settings,
        *,
        answer_s: float = 10.0,
        speak: Speak | None = None,
    ) -> None:
        self._link = link
        self._tracker = tracker
        self._sessions = sessions
        self._settings = settings
        self._answer_s = answer_s
        self._speak = speak
        self._background = Background()
        self._rejoins: dict[str, object] = {}
        """Call -> the newest attempt to connect its seat again."""

    async def close(self) -> None:
        await self._background.close()

    # -- together ------------------------------------------------------------------------------
    async def gather(self, call: LiveCall, agent: str) -> None:
        """Move citizen and agent into the call's conference, if they are not there yet."""
        leg = call.leg_of("agent", agent)
        citizen = call.legs.get(call.channel)
        if leg is None or citizen is None or leg.joined_at is None:
            raise ControlRefused("通话已经结束，无法建立三方通话。")
        if leg.in_conference and citizen.in_conference:
            return
        room = {"Context": "handoff", "Exten": call.conference, "Priority": "1"}
        extra = {f"Extra{key}": value for key, value in room.items()}
        await self._link.do(
            "Redirect", timeout=5.0, Channel=citizen.channel, ExtraChannel=leg.channel, **room, **extra
        )
        try:
            await self._tracker.wait_for(
                lambda: (leg.in_conference and citizen.in_conference) or call.state is CallState.ENDED,
                GATHER_S,
            )
        except TimeoutError:
            raise ControlRefused("三方通话没有建立成功，请确认市民仍在线后重试。") from None
        _still_there(call)

    # -- one seat, again or first --------------------------------------------------------------
    async def rejoin(self, call: LiveCall, agent: str) -> None:
        """Connect a seat again whose browser lost the call; the citizen waits in the conference meanwhile."""
        old = call.leg_of("agent", agent)
        citizen = call.legs.get(call.channel)
        if old is None or citizen is None:
            raise ControlRefused("通话已经结束。")

        attempt = object()

        def keep(_: datetime) -> None:
            call.rejoining = agent
            self._rejoins[call.id] = attempt

        await self._tracker.call(keep)
        try:
            if not citizen.in_conference:
                # The old leg loses its partner and ends by itself.
                room = {"Context": "handoff", "Exten": call.conference, "Priority": "1"}
                await self._link.do("Redirect", timeout=5.0, Channel=citizen.channel, **room)
            else:
                self._tracker.act("Hangup", Channel=old.channel)
            outcome = await self._link.originate(
                timeout=self._answer_s,
                Channel=self._tracker.seats.dial(agent),
                Context="handoff",
                Exten=call.conference,
                Priority=1,
                CallerID=f'"{self._settings.number}" <{call.caller or self._settings.number}>',
                Variable=[
                    f"HOTLINE_ROLE=agent:{agent}",
                    f"CALL_ID={call.id}",
                    f"PJSIP_HEADER(add,X-Hotline-Call)={call.id}",
                    "PJSIP_HEADER(add,X-Hotline-Answer)=auto",
                ],
            )
            if not outcome.answered:
                raise ControlRefused("软电话没有接通，请检查网络后重试。")
            with contextlib.suppress(TimeoutError):
                await self._tracker.wait_for(
                    lambda: any(leg.in_conference for leg in call.joined("agent")), GATHER_S
                )
        finally:

            def over(at: datetime) -> None:
                if self._rejoins.get(call.id) is not attempt:
                    return  # the page was reloaded once more, and the seat is just being rung for it
                del self._rejoins[call.id]
                call.rejoining = ""
                seat = self._tracker.roster.get(agent)
                if seat is not None and call.leg_of("agent", agent) is None:
                    self._tracker.roster.call_over(seat, at)
                self._tracker.line.rules.check_alone(call, at)

            await self._tracker.call(over)

    async def call_out(self, call: LiveCall, agent: str, phone: str) -> None:
        """Ring the seat; when it is picked up the dialplan rings the citizen and records both."""
        self._background.start(self._call_out(call, agent, phone), f"call-out:{agent}")

    async def _call_out(self, call: LiveCall, agent: str, phone: str) -> None:
        try:
            await self._link.originate(
                timeout=20.0,
                Channel=self._tracker.seats.dial(agent),
                Context="outgoing",
                Exten=phone,
                Priority=1,
                CallerID=f'"{phone}" <{phone}>',
                Variable=[
                    f"HOTLINE_ROLE=agent:{agent}",
                    f"__CALL_ID={call.id}",
                    f"PJSIP_HEADER(add,X-Hotline-Call)={call.id}",
                    "PJSIP_HEADER(add,X-Hotline-Answer)=auto",
                ],
            )
        except AmiError as error:
            log.warning("call %s: the call-back could not be made: %s", call.id, error)

        def over(at: datetime) -> None:
            if not call.legs:  # the softphone could not even be rung
                self._tracker.line.end(call, at)

        await self._tracker.call(over)

    # -- the third side ------------------------------------------------------------------------
    async def unit(self, unit_id: object) -> CalledUnit:
        """The unit to be rung. Raises ControlRefused when it cannot be, or cannot be looked up now."""
        try:
            async with asyncio.timeout(DATABASE_S), self._sessions() as session:
                return await called_unit(session, unit_id)
        except (TimeoutError, OSError, SQLAlchemyError) as error:
            log.warning("a unit's number could not be read: %s", type(error).__name__)
            raise ControlRefused("暂时查不到该单位的电话，请稍后重试；市民仍在您这里。") from None

    async def begin(self, call: LiveCall, handoff: LiveHandoff, reason_code: str, at: datetime) -> None:
        """Write the hand-off's row, remember it with the call and start ringing the other side."""
        handoff.id = await self._insert(call, handoff, reason_code, at)

        def keep(now: datetime) -> None:
            _still_there(call)
            call.handoff = handoff
            self._tracker.line.rules.move(call, handoff, "calling", now)

        await self._tracker.call(keep)
        self._ring(call, handoff)

    async def again(self, call: LiveCall, handoff: LiveHandoff) -> None:
        """Ring the other side once more."""

        def keep(now: datetime) -> None:
            _still_there(call)
            handoff.attempts += 1
            handoff.channel = handoff.cause = ""
            handoff.accepted_at = None
            self._tracker.line.rules.move(
                call, handoff, "calling", now, attempts=handoff.attempts, result="", ended_at=None
            )

        await self._tracker.call(keep)
        self._ring(call, handoff)

    def _ring(self, call: LiveCall, handoff: LiveHandoff) -> None:
        self._background.start(self._ring_out(call, handoff), f"handoff:{handoff.target}")

    async def _ring_out(self, call: LiveCall, handoff: LiveHandoff) -> None:
        attempt = handoff.attempts
        whisper = self._settings.run_dir / f"whisper-{call.id}-{attempt}"
        speaking = asyncio.create_task(self._make_whisper(call, handoff, whisper))
        try:
            why = await self._dial(call, handoff, str(whisper))
        except AmiError as error:
            log.warning("call %s: ringing the other side failed: %s", call.id, error)
            why = "failed"
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            whisper.with_suffix(".wav").unlink(missing_ok=True)
        if not why:
            return

        def tell(now: datetime) -> None:
            if handoff.status != "calling" or handoff.attempts != attempt:
                return
            reason = CAUSES.get(handoff.cause, why) if why == "failed" else why
            status = "no_answer" if reason == "no_answer" else "failed"
            rules = self._tracker.line.rules
            rules.move(call, handoff, status, now, why=reason, result=status)
            rules.check_alone(call, now)

        await self._tracker.call(tell)

    async def _dial(self, call: LiveCall, handoff: LiveHandoff, whisper: str) -> str:
        """Ring until answered and joined; returns why not, "" when it is on the line."""
        agent_side = handoff.role == "agent"
        target = self._tracker.seats.dial(handoff.target) if agent_side else f"PJSIP/{handoff.target}@trunk"
        told = "" if agent_side or self._speak is None else whisper
        outcome = await self._link.originate(
            timeout=self._answer_s,
            Channel=target,
            Context="handoff",
            Exten=call.conference,
            Priority=1,
            CallerID=caller_id(call, handoff, self._settings.number),
            Variable=leg_variables(call, handoff, told),
        )
        if not outcome.answered:
            if outcome.reason == "failed":
                await self._hear_cause(call, handoff)
            return outcome.reason
        with contextlib.suppress(TimeoutError):
            await self._tracker.wait_for(
                lambda: (
                    handoff.accepted_at is not None
                    or (handoff.channel and handoff.channel not in call.legs)
                    or handoff.status != "calling"
                    or call.state is CallState.ENDED
                ),
                WHISPER_S,
            )
        if handoff.accepted_at is not None:
            return ""
        if handoff.status != "calling" or call.state is CallState.ENDED:
            # Given up before this channel was known: whoever answered would wait alone in the conference.
            self._tracker.act("Hangup", Channel=outcome.channel)
        return "left"

    async def _hear_cause(self, call: LiveCall, handoff: LiveHandoff) -> None:
        with contextlib.suppress(TimeoutError):
            await self._tracker.wait_for(
                lambda: handoff.cause or handoff.status != "calling" or call.state is CallState.ENDED,
                CAUSE_S,
            )

    async def _make_whisper(self, call: LiveCall, handoff: LiveHandoff, path: Path) -> None:
        """Speech is made while it rings; when it is late or fails the other side simply is not told by voice."""
        if self._speak is None or handoff.role == "agent":
            return
        draft = path.with_name(path.name + "-draft.wav")
        try:
            await self._speak(whisper_text(call, handoff), draft)
            draft.rename(path.with_suffix(".wav"))
        except Exception as error:
            log.warning("no whisper for call %s: %s", call.id, type(error).__name__)
        finally:
            draft.unlink(missing_ok=True)

    async def _insert(self, call: LiveCall, handoff: LiveHandoff, reason_code: str, at: datetime) -> int:
        row = Handoff(
            call_id=call.id,
            target=handoff.target,
            target_kind=handoff.kind,
            reason_code=reason_code[:16],
            # The number says little to people: a unit's name stands where nothing was said about the matter.
            summary=(handoff.summary or handoff.name)[:200],
            place=handoff.place[:200],
            mode="transfer" if handoff.kind == "agent" else "conference",
            started_by=handoff.by,
            started_at=at,
        )
        try:
            async with asyncio.timeout(DATABASE_S), self._sessions.begin() as session:
                session.add(row)
        except Exception:
            log.exception("the hand-off of call %s could not be written; it goes on all the same", call.id)
            return 0
        return row.id


def _still_there(call: LiveCall) -> None:
    """Nobody is rung for a citizen who is gone. Raises ControlRefused."""
    if call.state is CallState.ENDED:
        raise ControlRefused("市民已经挂机。")

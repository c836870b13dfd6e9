"""What agents do with their call: hang up, hand off, transfer, leave, come back; and call somebody back."""

from __future__ import annotations

import re
from datetime import datetime

from calls.acts.act import Act, Result, signed_in
from calls.acts.client import ControlRefused
from calls.acts.conference import Conference
from calls.acts.units import EMERGENCY_NUMBERS, CalledUnit
from calls.area_codes import hotline_at
from calls.asterisk.ami import AmiLink
from calls.asterisk.queues import QUEUES
from calls.state.agent_states import ON_CALL, AgentState
from calls.state.call_states import CallState
from calls.state.live import LiveCall, LiveHandoff
from calls.state.tracker import Tracker
from language.phone import normalise
from runtime.callid import new_call_id
from runtime.clock import Clock
from runtime.events import ControlAsked


class TalkActs:
    """`acts` by name; each raises ControlRefused with the reason for people, or AmiError."""

    def __init__(self, link: AmiLink, tracker: Tracker, conference: Conference, clock: Clock) -> None:
        self._link = link
        self._tracker = tracker
        self._conference = conference
        self._clock = clock
        self._linking: set[str] = set()
        self.acts: dict[str, Act] = {
            "hangup": self._hangup,
            "transfer_agent": self._alone(self._transfer_agent),
            "transfer_unit": self._alone(self._transfer_unit),
            "transfer_queue": self._alone(self._transfer_queue),
            "transfer_number": self._alone(self._transfer_number),
            "handoff": self._alone(self._handoff),
            "handoff_retry": self._alone(self._handoff_retry),
            "handoff_cancel": self._handoff_cancel,
            "leave": self._leave,
            "rejoin": self._rejoin,
            "call_out": self._call_out,
        }

    def _alone(self, act: Act) -> Act:
        """Acts that bring somebody into a call: one at a time for each call."""

        async def alone(event: ControlAsked) -> Result | None:
            call = self._tracker.line.of_agent(event.actor)
            if call is None:
                return await act(event)
            # Pressed twice, or by two who share a call: only the first rings anybody.
            if call.id in self._linking:
                raise ControlRefused("正在为这通电话转接，请稍候。")
            self._linking.add(call.id)
            try:
                return await act(event)
            finally:
                self._linking.discard(call.id)

        return alone

    def _call(self, event: ControlAsked) -> LiveCall:
        """The call in which the actor is on the line."""
        call = self._tracker.line.of_agent(event.actor)
        leg = call.leg_of("agent", event.actor) if call else None
        if call is None or leg is None or call.state is CallState.ENDED:
            raise ControlRefused("当前没有通话。")
        if event.call_id and event.call_id != call.id:
            raise ControlRefused("您操作的通话已经结束。")
        return call

    def _own_handoff(self, call: LiveCall) -> LiveHandoff:
        if call.handoff is None:
            raise ControlRefused("当前没有正在进行的转接。")
        return call.handoff

    async def _hangup(self, event: ControlAsked) -> Result:
        """End the talk. With somebody else on the line the others go on; alone with the citizen it ends."""
        call = self._call(event)
        leg = call.leg_of("agent", event.actor)
        assert leg is not None
        if call.state is not CallState.CONFERENCE:
            call.hungup_by = call.hungup_by or "agent"
            await self._link.do("Hangup", Channel=leg.channel, Cause="16")
            return {}
        handoff = call.handoff
        if handoff is not None and handoff.status == "calling":
            raise ControlRefused(f"正在呼叫 {handoff.shown}，请等待接听或先取消转接。")
        leg.let_go = True  # alone with the citizen this ends the talk (conference_rules), else the others go on
        await self._link.do("Hangup", Channel=leg.channel, Cause="16")
        return {}

    async def _leave(self, event: ControlAsked) -> Result:
        """The agent goes; citizen and the other side stay together."""
        call = self._call(event)
        handoff = self._own_handoff(call)
        if call.state is not CallState.CONFERENCE or handoff.status != "accepted":
            raise ControlRefused(f"{handoff.shown} 尚未接听，市民需要您在线，暂不能退出。")
        leg = call.leg_of("agent", event.actor)
        assert leg is not None
        leg.let_go = True
        await self._link.do("Hangup", Channel=leg.channel, Cause="16")
        return {"handoff_id": handoff.id}

    async def _handoff(self, event: ControlAsked) -> Result:
        target = str(event.args.get("target", "")).replace("-", "").replace(" ", "")
        other = hotline_at(target)
        if target not in EMERGENCY_NUMBERS and other is None and not re.fullmatch(r"0?\d{2,3}110", target):
            raise ControlRefused("只能转接 110、119、120、122 或外地 12345。")
        if other is not None:
            return await self._third_side(event, target, "hotline", "unit", name=other.name)
        return await self._third_side(event, target, "emergency", "emergency")

    async def _transfer_unit(self, event: ControlAsked) -> Result:
        unit = await self._conference.unit(event.args.get("unit_id"))
        return await self._third_side(event, unit.number, "unit", "unit", unit=unit)

    async def _transfer_agent(self, event: ControlAsked) -> Result:
        to = str(event.args.get("to", ""))
        other = self._tracker.roster.get(to)
        if other is None or other.state is AgentState.OFFLINE:
            raise ControlRefused(f"坐席 {to[:8]} 没有签入。")
        if to == event.actor:
            raise ControlRefused("不能转接给自己。")
        if other.state is not AgentState.READY:
            raise ControlRefused(f"坐席 {to} 现在不能接听，请选择空闲的坐席。")
        result = await self._third_side(event, to, "agent", "agent")
        if event.args.get("blind") is True:
            await self._go(event)
        return result

    async def _go(self, event: ControlAsked) -> None:
        """The agent leaves before the other side answers; if nobody does, the citizen is queued in front."""
        call = self._tracker.line.of_agent(event.actor)
        leg = call.leg_of("agent", event.actor) if call else None
        if leg is not None:
            await self._link.do("Hangup", Channel=leg.channel, Cause="16")

    async def _transfer_number(self, event: ControlAsked) -> Result:
        phone = normalise(str(event.args.get("number", "")))
        if phone.kind not in ("mobile", "landline"):
            raise ControlRefused("只能转接手机或带区号的固定电话。")
        return await self._third_side(event, phone.digits, "number", "unit")

    async def _transfer_queue(self, event: ControlAsked) -> Result:
        """The citizen waits again, in front, for an agent of this queue; the agent is free."""
        queue = str(event.args.get("queue", ""))
        if queue not in QUEUES:
            raise ControlRefused("没有这个队列。")
        call = self._call(event)
        if call.direction == "out":
            raise ControlRefused("回拨的电话不能转到队列，请转接坐席。")
        if call.handoff is not None and call.handoff.status in ("calling", "accepted"):
            raise ControlRefused(f"正在与 {call.handoff.shown} 转接，请先完成或取消。")
        leg = call.leg_of("agent", event.actor)
        assert leg is not None
        if [x for x in call.joined("agent", "emergency", "unit", "supervisor") if x is not leg]:
            raise ControlRefused("还有其他人在线，不能转到队列。")
        self._tracker.line.rules.queue_again(call, queue, self._clock.now())
        if call.state is CallState.CONFERENCE:
            await self._link.do("Hangup", Channel=leg.channel, Cause="16")
        return {"queue": queue}

    async def _third_side(
        self,
        event: ControlAsked,
        target: str,
        kind: str,
        role: str,
        *,
        unit: CalledUnit | None = None,
        name: str = "",
    ) -> Result:
        call = self._call(event)
        if call.handoff is not None and call.handoff.status in ("calling", "accepted"):
            raise ControlRefused(f"正在与 {call.handoff.shown} 转接，请先完成或取消。")
        handoff = LiveHandoff(
            id=0,
            target=target,
            kind=kind,
            role=role,
            by=event.actor,
            name=unit.name if unit else name,
            place=str(event.args.get("place", "")),
            summary=str(event.args.get("summary", "")),
        )
        at = self._clock.now()
        await self._conference.gather(call, event.actor)
        reason = f"unit:{unit.id}" if unit else str(event.args.get("reason_code", ""))
        await self._conference.begin(call, handoff, reason, at)
        return {"handoff_id": handoff.id, "status": "calling", "target": target}

    async def _handoff_retry(self, event: ControlAsked) -> Result:
        call = self._call(event)
        handoff = self._own_handoff(call)
        if handoff.status not in ("no_answer", "failed", "returned", "cancelled"):
            raise ControlRefused(f"{handoff.shown} 的转接正在进行，无需重拨。")
        await self._conference.gather(call, event.actor)
        await self._conference.again(call, handoff)
        return {"handoff_id": handoff.id, "status": "calling", "target": handoff.target}

    async def _handoff_cancel(self, event: ControlAsked) -> Result:
        call = self._call(event)
        handoff = self._own_handoff(call)
        if handoff.status not in ("calling", "accepted"):
            raise ControlRefused("转接已经结束，无需取消。")

        def do(at: datetime) -> str:
            channel, handoff.channel = handoff.channel, ""
            self._tracker.line.rules.move(call, handoff, "cancelled", at, ended_at=at, result="cancelled")
            return channel

        channel = await self._tracker.call(do)
        if channel:
            await self._link.do("Hangup", Channel=channel, Cause="16")
        return {"handoff_id": handoff.id}

    async def _rejoin(self, event: ControlAsked) -> Result:
        """The desk was reloaded in mid-call: ring the seat again and put it back with the citizen."""
        call = self._call(event)
        await self._conference.rejoin(call, event.actor)
        return {"call_id": call.id}

    async def _call_out(self, event: ControlAsked) -> Result:
        """Ring the agent's softphone, then the citizen; returns the new call's id at once."""
        agent = signed_in(self._tracker, event.actor)
        phone = normalise(str(event.args.get("phone", "")))
        if phone.kind not in ("mobile", "landline"):
            raise ControlRefused("回拨号码不正确。")
        if agent.state in ON_CALL or agent.state is AgentState.RINGING:
            raise ControlRefused("您正在通话或振铃，不能外呼。")
        call_id = new_call_id()

        def begin(at: datetime) -> LiveCall:
            for other in self._tracker.live_calls():
                if other.direction == "out" and other.agent == event.actor:  # pressed twice
                    raise ControlRefused("正在为您外呼，请稍候。")
            return self._tracker.line.call_out(call_id, phone.digits, event.actor, at)

        call = await self._tracker.call(begin)
        await self._conference.call_out(call, event.actor, phone.digits)
        return {"call_id": call_id}

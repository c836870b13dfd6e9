"""What a supervisor does to others' seats and calls: force a state, sign out, end a call that hangs."""

from __future__ import annotations

from datetime import datetime

from calls.acts.act import Act, Result
from calls.acts.client import ControlRefused
from calls.acts.seat_acts import REASONS, view
from calls.asterisk.ami import AmiLink
from calls.state.agent_states import ON_CALL, AgentState
from calls.state.call_states import CallState
from calls.state.live import LiveAgent
from calls.state.tracker import Tracker
from runtime.events import ControlAsked

UNABLE = {
    "lost": "该坐席的页面没有心跳，不能示闲。",
    "unregistered": "该坐席的软电话没有注册，不能示闲。",
    "no_mic": "该坐席的麦克风不可用，不能示闲。",
}
UNDER_WAY = ("calling", "accepted")
"""A hand-off in one of these still needs the call."""


class ForceActs:
    """`acts` by name; each raises ControlRefused with the reason for people, or AmiError."""

    def __init__(self, link: AmiLink, tracker: Tracker) -> None:
        self._link = link
        self._tracker = tracker
        self.acts: dict[str, Act] = {"force": self._force, "force_hangup": self._hang_up}

    async def _force(self, event: ControlAsked) -> Result:
        """Bring the seat `agent` into the state `to`: ready, not_ready (with a reason) or offline.

        A talk goes on: the state is then taken up after it, and the result says so (`later`).
        """
        seat, to = str(event.args.get("agent", "")), str(event.args.get("to", ""))
        reason = str(event.args.get("reason", ""))
        agent = self._tracker.roster.get(seat)
        if agent is None or agent.state is AgentState.OFFLINE:
            raise ControlRefused(f"坐席 {seat[:8]} 没有签入。")
        if to == "not_ready" and reason not in REASONS:
            raise ControlRefused("请选择示忙的原因。")

        def do(at: datetime) -> Result:
            self._apply(agent, to, reason, at)
            return view(agent) | {"later": agent.state in ON_CALL}

        return await self._tracker.call(do)

    def _apply(self, agent: LiveAgent, to: str, reason: str, at: datetime) -> None:
        roster = self._tracker.roster
        match to:
            case "ready":
                if why := roster.unable(agent, at):
                    raise ControlRefused(UNABLE[why])
                roster.ready(agent, at)
            case "not_ready":
                roster.not_ready(agent, reason, at)
            case "offline":
                roster.logout(agent, at)
            case _:
                raise ValueError(to)

    async def _hang_up(self, event: ControlAsked) -> Result:
        """End this call for everybody. One that Asterisk no longer has is closed by looking at Asterisk again."""
        await self._tracker.heal()
        call = self._tracker.line.calls.get(event.call_id)
        if call is None or call.state is CallState.ENDED:
            return {}
        if call.handoff is not None and call.handoff.kind == "emergency" and call.handoff.status in UNDER_WAY:
            raise ControlRefused(f"这通电话正在移交 {call.handoff.shown}，不能强拆。")
        if not call.channel:
            raise ControlRefused("这通电话正在呼出，请稍后再试。")

        def note(at: datetime) -> None:
            call.hungup_by = call.hungup_by or "supervisor"
            self._tracker.line.note(call, at, "forced_hangup", by=event.actor[:64])

        await self._tracker.call(note)
        await self._link.do("Hangup", Channel=call.channel, Cause="16")
        return {}

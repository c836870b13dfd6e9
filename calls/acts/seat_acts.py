"""What agents do at their seats: sign in and out, be ready or not, end their after-call work; and its repair."""

from __future__ import annotations

import re
from datetime import datetime

from calls.acts.act import Act, Result, signed_in
from calls.acts.client import ControlRefused
from calls.asterisk.queues import DEFAULT_QUEUE, QUEUES
from calls.state.agent_states import AgentState, Trigger
from calls.state.live import LiveAgent
from calls.state.roster import GONE
from calls.state.tracker import Tracker
from runtime.events import ControlAsked
from runtime.secretfile import sip_password
from runtime.settings import Settings

REASONS = frozenset({"break", "meal", "training", "meeting", "outbound", "other"})
UNABLE = {
    "lost": "坐席页面没有心跳，请刷新页面后再就绪。",
    "unregistered": "软电话没有注册，请检查网络后再就绪。",
    "no_mic": "麦克风不可用，请检查耳机和浏览器权限后再就绪。",
}


class SeatActs:
    """`acts` by name; each raises ControlRefused with the reason for people."""

    def __init__(self, tracker: Tracker, settings: Settings) -> None:
        self._tracker = tracker
        self._settings = settings
        self.acts: dict[str, Act] = {
            "login": self._login,
            "softphone": self._softphone,
            "logout": self._logout,
            "heartbeat": self._heartbeat,
            "ready": self._ready,
            "not_ready": self._not_ready,
            "clear_missed": self._clear_missed,
            "wrap_up_done": self._wrap_up_done,
            "repair": self._repair,
        }

    def _seat(self, seat: str) -> str:
        last = 8000 + self._settings.seats
        if not re.fullmatch(r"8\d{3}", seat) or not 8001 <= int(seat) <= last:
            raise ControlRefused(f"没有这个坐席号：{seat[:8]}（可用 8001 到 {last}）。")
        return seat

    async def _softphone(self, event: ControlAsked) -> Result:
        """The SIP password of a seat, for a desk that runs elsewhere: the key it is made of is this node's own."""
        return {"password": sip_password(self._settings.secrets_dir, self._seat(event.actor))}

    async def _login(self, event: ControlAsked) -> Result:
        seat = self._seat(event.actor)
        user_id = event.args.get("user_id")
        if user_id is not None and not isinstance(user_id, int):
            raise ValueError("user_id")
        asked = event.args.get("queues", [])
        queues = tuple(queue for queue in QUEUES if queue in asked) or (DEFAULT_QUEUE,)

        def do(at: datetime) -> Result:
            for other in self._tracker.roster.agents.values():
                if other.state is AgentState.OFFLINE or user_id is None or other.reason == "lost":
                    continue
                if other.agent == seat and other.user_id not in (None, user_id):
                    raise ControlRefused(f"坐席 {seat} 正由其他人使用，请换一个坐席。")
                if other.agent != seat and other.user_id == user_id:
                    raise ControlRefused(f"您的账号已经在坐席 {other.agent} 签入，请先在那里签出。")
            return view(self._tracker.roster.login(seat, user_id, queues, at))

        return await self._tracker.call(do)

    async def _logout(self, event: ControlAsked) -> Result:
        agent = signed_in(self._tracker, event.actor)
        await self._tracker.call(lambda at: self._tracker.roster.logout(agent, at))
        return view(agent)

    async def _heartbeat(self, event: ControlAsked) -> Result:
        agent = self._tracker.roster.get(event.actor)
        if agent is None or (agent.state is AgentState.OFFLINE and agent.reason not in GONE):
            agent = signed_in(self._tracker, event.actor)
        registered = bool(event.args.get("sip_registered", False))
        mic_ok = bool(event.args.get("mic_ok", True))
        await self._tracker.call(lambda at: self._tracker.roster.heartbeat(agent, registered, mic_ok, at))
        return view(agent)

    async def _ready(self, event: ControlAsked) -> Result:
        agent = signed_in(self._tracker, event.actor)

        def do(at: datetime) -> Result:
            if why := self._tracker.roster.unable(agent, at):
                raise ControlRefused(UNABLE[why])
            self._tracker.roster.ready(agent, at)
            return view(agent)

        return await self._tracker.call(do)

    async def _not_ready(self, event: ControlAsked) -> Result:
        agent = signed_in(self._tracker, event.actor)
        reason = str(event.args.get("reason", "other"))
        if reason not in REASONS:
            raise ControlRefused("请选择未就绪的原因。")
        await self._tracker.call(lambda at: self._tracker.roster.not_ready(agent, reason, at))
        return view(agent)

    async def _clear_missed(self, event: ControlAsked) -> Result:
        agent = signed_in(self._tracker, event.actor)
        if agent.state is not AgentState.NOT_READY or agent.reason != "missed":
            raise ControlRefused("当前没有漏接标记。")
        return await self._ready(event)

    async def _wrap_up_done(self, event: ControlAsked) -> Result:
        agent = signed_in(self._tracker, event.actor)

        def do(at: datetime) -> Result:
            if agent.state is not AgentState.WRAP_UP:
                raise ControlRefused("当前不在话后整理状态。")
            self._tracker.roster.wrap_up_done(agent, at)
            return view(agent)

        return await self._tracker.call(do)

    async def _repair(self, event: ControlAsked) -> Result:
        """For a supervisor: look at Asterisk again, then free a seat that hangs in a state."""
        seat = str(event.args.get("agent", ""))
        agent = self._tracker.roster.get(seat)
        if agent is None:
            raise ControlRefused(f"没有坐席 {seat[:8]} 的记录。")
        await self._tracker.heal()

        def do(at: datetime) -> Result:
            if self._tracker.line.of_agent(seat) is None and agent.state is not AgentState.OFFLINE:
                self._tracker.roster.apply(agent, Trigger.NOT_READY, at, reason="repaired", call_id="")
            return view(agent)

        return await self._tracker.call(do)


def view(agent: LiveAgent) -> Result:
    """How a seat stands, for the desk."""
    return {
        "agent": agent.agent,
        "state": str(agent.state),
        "reason": agent.reason,
        "since": agent.since.isoformat(),
        "call_id": agent.call_id,
        "wanted": agent.wanted,
    }

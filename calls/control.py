"""The node's side of call control: takes `ControlAsked`, acts on Asterisk, answers `ControlDone`.

What a person asked too late is refused, nothing is done twice, and every refusal is a Chinese sentence.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from calls.agent_states import ON_CALL, AgentState, Trigger
from calls.ami import AmiBadValue, AmiDown, AmiError, AmiLink, AmiRefused
from calls.area_codes import hotline_at
from calls.call_states import CallState
from calls.client import ControlRefused
from calls.conference import Conference
from calls.live import LiveAgent, LiveCall, LiveHandoff
from calls.queues import DEFAULT_QUEUE, QUEUES
from calls.roster import GONE
from calls.tracker import Tracker
from calls.units import CalledUnit
from hotline.bus import Bus
from hotline.callid import new_call_id
from hotline.clock import Clock
from hotline.events import ControlAsked, ControlDone
from hotline.phone import normalise
from hotline.settings import Settings

log = logging.getLogger(__name__)

EMERGENCY = frozenset({"110", "119", "120", "122"})
REASONS = frozenset({"break", "meal", "training", "meeting", "outbound", "other"})
LINKING = frozenset({"handoff", "handoff_retry", "transfer_agent", "transfer_unit"})
"""Acts that bring somebody into a call: one at a time for each call."""
REMEMBERED = 2_000
UNABLE = {
    "lost": "坐席页面没有心跳，请刷新页面后再就绪。",
    "unregistered": "软电话没有注册，请检查网络后再就绪。",
    "no_mic": "麦克风不可用，请检查耳机和浏览器权限后再就绪。",
}

Result = dict[str, Any]
Doer = Callable[[ControlAsked], Awaitable[Result | None]]


class Control:
    """Subscribes on `start()`. Each request has its own task: a slow one delays nobody."""

    def __init__(
        self,
        link: AmiLink,
        tracker: Tracker,
        conference: Conference,
        bus: Bus,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._link = link
        self._tracker = tracker
        self._conference = conference
        self._bus = bus
        self._clock = clock
        self._settings = settings
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._linking: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] | None = None
        self._doers: dict[str, Doer] = {
            "login": self._login,
            "logout": self._logout,
            "heartbeat": self._heartbeat,
            "ready": self._ready,
            "not_ready": self._not_ready,
            "clear_missed": self._clear_missed,
            "wrap_up_done": self._wrap_up_done,
            "hangup": self._hangup,
            "transfer_agent": self._transfer_agent,
            "transfer_unit": self._transfer_unit,
            "handoff": self._handoff,
            "handoff_retry": self._handoff_retry,
            "handoff_cancel": self._handoff_cancel,
            "leave": self._leave,
            "rejoin": self._rejoin,
            "call_out": self._call_out,
            "repair": self._repair,
        }

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._asked, ControlAsked)

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- request and reply ---------------------------------------------------------------------
    async def _asked(self, event: ControlAsked) -> None:
        if event.request_id in self._seen:
            return
        self._seen[event.request_id] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        task = asyncio.create_task(self._answer(event), name=f"control:{event.action}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, event: ControlAsked) -> None:
        error, result = "", None
        try:
            result = await self._do(event)
        except ControlRefused as refusal:
            error = str(refusal)
        except AmiDown:
            error = "与话务平台的连接中断，操作可能没有完成，请查看通话状态后再操作。"
        except AmiRefused as refusal:
            log.warning("%s by %s: %s", event.action, event.actor, refusal)
            error = "话务平台没有接受这个操作，可能通话刚刚结束，请查看通话状态。"
        except (AmiBadValue, TypeError, ValueError) as fault:
            log.warning("%s by %s has bad arguments: %s", event.action, event.actor, type(fault).__name__)
            error = "操作的内容不正确，请检查后重试。"
        except AmiError as fault:
            log.warning("%s by %s: %s", event.action, event.actor, fault)
            error = "话务平台暂时不可用，请稍后重试。"
        except Exception:
            log.exception("%s by %s failed", event.action, event.actor)
            error = "系统内部错误，操作没有完成，请联系管理员。"
        await self._bus.publish(
            ControlDone(
                call_id=event.call_id,
                request_id=event.request_id,
                ok=not error,
                error=error,
                result=result or {},
            )
        )

    async def _do(self, event: ControlAsked) -> Result | None:
        if self._clock.now() > event.deadline:
            raise ControlRefused("这个操作已经过期，没有执行，请重新操作。")
        doer = self._doers.get(event.action)
        if doer is None:
            raise ControlRefused(f"不支持的操作：{event.action[:32]}")
        call = self._tracker.line.of_agent(event.actor) if event.action in LINKING else None
        if call is None:
            return await doer(event)
        # Pressed twice, or by two who share a call: only the first rings anybody.
        if call.id in self._linking:
            raise ControlRefused("正在为这通电话转接，请稍候。")
        self._linking.add(call.id)
        try:
            return await doer(event)
        finally:
            self._linking.discard(call.id)

    # -- finding things ------------------------------------------------------------------------
    def _agent(self, event: ControlAsked) -> LiveAgent:
        agent = self._tracker.roster.get(event.actor)
        if agent is None or agent.state is AgentState.OFFLINE:
            raise ControlRefused("坐席尚未签入，请先签入。")
        return agent

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

    # -- agents --------------------------------------------------------------------------------
    async def _login(self, event: ControlAsked) -> Result:
        seat = event.actor
        last = 8000 + self._settings.seats
        if not re.fullmatch(r"8\d{3}", seat) or not 8001 <= int(seat) <= last:
            raise ControlRefused(f"没有这个坐席号：{seat[:8]}（可用 8001 到 {last}）。")
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
            return _view(self._tracker.roster.login(seat, user_id, queues, at))

        return await self._tracker.call(do)

    async def _logout(self, event: ControlAsked) -> Result:
        agent = self._agent(event)
        await self._tracker.call(lambda at: self._tracker.roster.logout(agent, at))
        return _view(agent)

    async def _heartbeat(self, event: ControlAsked) -> Result:
        agent = self._tracker.roster.get(event.actor)
        if agent is None or (agent.state is AgentState.OFFLINE and agent.reason not in GONE):
            agent = self._agent(event)
        registered = bool(event.args.get("sip_registered", False))
        mic_ok = bool(event.args.get("mic_ok", True))
        await self._tracker.call(lambda at: self._tracker.roster.heartbeat(agent, registered, mic_ok, at))
        return _view(agent)

    async def _ready(self, event: ControlAsked) -> Result:
        agent = self._agent(event)

        def do(at: datetime) -> Result:
            if why := self._tracker.roster.unable(agent, at):
                raise ControlRefused(UNABLE[why])
            self._tracker.roster.ready(agent, at)
            return _view(agent)

        return await self._tracker.call(do)

    async def _not_ready(self, event: ControlAsked) -> Result:
        agent = self._agent(event)
        reason = str(event.args.get("reason", "other"))
        if reason not in REASONS:
            raise ControlRefused("请选择未就绪的原因。")
        await self._tracker.call(lambda at: self._tracker.roster.not_ready(agent, reason, at))
        return _view(agent)

    async def _clear_missed(self, event: ControlAsked) -> Result:
        agent = self._agent(event)
        if agent.state is not AgentState.NOT_READY or agent.reason != "missed":
            raise ControlRefused("当前没有漏接标记。")
        return await self._ready(event)

    async def _wrap_up_done(self, event: ControlAsked) -> Result:
        agent = self._agent(event)

        def do(at: datetime) -> Result:
            if agent.state is not AgentState.WRAP_UP:
                raise ControlRefused("当前不在话后整理状态。")
            self._tracker.roster.wrap_up_done(agent, at)
            return _view(agent)

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
            return _view(agent)

        return await self._tracker.call(do)

    # -- the call ------------------------------------------------------------------------------
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
        others = [x for x in call.joined("agent", "emergency", "unit", "supervisor") if x is not leg]
        if others:
            await self._link.do("Hangup", Channel=leg.channel, Cause="16")
        else:
            call.hungup_by = call.hungup_by or "agent"
            await self._link.do("Hangup", Channel=call.channel, Cause="16")
        return {}

    async def _leave(self, event: ControlAsked) -> Result:
        """The agent goes; citizen and the other side stay together."""
        call = self._call(event)
        handoff = self._own_handoff(call)
        if call.state is not CallState.CONFERENCE or handoff.status != "accepted":
            raise ControlRefused(f"{handoff.shown} 尚未接听，市民需要您在线，暂不能退出。")
        leg = call.leg_of("agent", event.actor)
        assert leg is not None
        await self._link.do("Hangup", Channel=leg.channel, Cause="16")
        return {"handoff_id": handoff.id}

    async def _handoff(self, event: ControlAsked) -> Result:
        target = str(event.args.get("target", "")).replace("-", "").replace(" ", "")
        other = hotline_at(target)
        if target not in EMERGENCY and other is None and not re.fullmatch(r"0?\d{2,3}110", target):
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
        return await self._third_side(event, to, "agent", "agent")

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
        agent = self._agent(event)
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


def _view(agent: LiveAgent) -> Result:
    """How a seat stands, for the desk."""
    return {
        "agent": agent.agent,
        "state": str(agent.state),
        "reason": agent.reason,
        "since": agent.since.isoformat(),
        "call_id": agent.call_id,
        "wanted": agent.wanted,
    }

"""What an agent does to a call or to the own state: checked here, done by the node beside Asterisk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from agent_desk.agents.own_calls import need_call
from agent_desk.web import words
from agent_desk.web.access import Handler, Logs, allow, identity
from agent_desk.web.answers import Done, answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import CallId, Input, Line, Nothing, one_of
from agent_desk.web.limits import ACTS
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from calls.acts.client import ControlRefused, ControlTimeout
from calls.area_codes import find_hotline
from language.phone import normalise

Arguments = dict[str, Any]

routes = web.RouteTableDef()


class NotReady(Input):
    reason: Annotated[str, one_of(words.BUSY_REASONS, "请选择示忙原因。")] = ""

    def arguments(self) -> Arguments:
        return {"reason": self.reason}


class OnCall(Input):
    """An act on a call, which must be the agent's own."""

    call_id: CallId

    def arguments(self) -> Arguments:
        """What the node is told besides the call."""
        return {}


class ToSeat(OnCall):
    to: Annotated[Line, Field(max_length=8)]
    blind: bool = False

    def arguments(self) -> Arguments:
        if not (self.to.isascii() and self.to.isdigit()):
            raise Refused("请选择要转接的坐席。")
        return {"to": self.to, "blind": self.blind}


class ToUnit(OnCall):
    unit_id: Annotated[int, Field(ge=1, le=2**31 - 1, title="要转接的单位")]

    def arguments(self) -> Arguments:
        return {"unit_id": self.unit_id}  # which number that is, the node reads by itself


class ToQueue(OnCall):
    queue: Annotated[str, one_of(words.QUEUES, "请选择要转接的队列。")]

    def arguments(self) -> Arguments:
        return {"queue": self.queue}


class ToNumber(OnCall):
    number: Annotated[Line, Field(max_length=40, title="电话号码")]

    def arguments(self) -> Arguments:
        phone = normalise(self.number)
        if phone.kind not in ("mobile", "landline"):
            raise Refused("只能转接手机或带区号的固定电话。")
        return {"number": phone.digits}


class HandOff(OnCall):
    """To 110 and its like, or to another city's 12345: no other number can be dialled from here."""

    target: Annotated[str, one_of({*words.EMERGENCY_NUMBERS, words.OTHER_HOTLINE}, "请选择移交对象。")]
    area: Annotated[Line, Field(max_length=40, title="外地区号或城市名")] = ""
    reason_code: Annotated[Line, Field(max_length=16)] = ""
    summary: Annotated[Line, Field(max_length=200, title="情况说明")] = ""
    place: Annotated[Line, Field(max_length=200, title="地点")] = ""

    def arguments(self) -> Arguments:
        target = self.target
        if target == words.OTHER_HOTLINE:
            other = find_hotline(self.area)
            if other is None:
                raise Refused(
                    "没有这个外地区号。请输入区号（如 027）或城市名（如 武汉）。",
                    fields={"area": "请输入外地区号或城市名"},
                )
            target = other.number
        return {"target": target, "reason_code": self.reason_code, "summary": self.summary, "place": self.place}


STATE_ACTS: dict[str, type[Input]] = {
    "ready": Nothing,
    "not_ready": NotReady,
    "clear_missed": Nothing,
    "wrap_up_done": Nothing,
    "logout": Nothing,
}
"""Acts on the agent's own state."""

CALL_ACTS: dict[str, type[OnCall]] = {
    "hangup": OnCall,
    "rejoin": OnCall,
    "transfer_agent": ToSeat,
    "transfer_unit": ToUnit,
    "transfer_queue": ToQueue,
    "transfer_number": ToNumber,
    "handoff": HandOff,
    "handoff_retry": OnCall,
    "handoff_cancel": OnCall,
    "leave": OnCall,
}
"""Acts on a call."""


async def _do(request: web.Request, action: str, call_id: str, read: Callable[[], Arguments]) -> web.Response:
    """Do it, or say in Chinese why not. Waits at most five seconds for the node's answer."""
    desk, who = services(request), identity(request)
    if not who.extension:
        raise Refused("您的账号没有分配座席分机，请联系平台管理员。")
    if call_id:
        async with desk.sessions() as session:
            await need_call(request, session, who, call_id)
    try:
        result = await desk.control.do(action, actor=who.extension, call_id=call_id, **read())
    except ControlRefused as refused:
        raise Refused(str(refused)) from None
    except ControlTimeout:
        raise Refused("话务服务没有应答，请重试；通话不受影响。", status=503, retry_after=5) from None
    return answered(Done(result=result))


def _state_act(action: str, model: type[Input]) -> Handler:
    @allow(Permission.TAKE_CALLS, changes=True, limit=ACTS, logs=Logs.SEAT, takes=model, gives=Done)
    async def act(request: web.Request) -> web.StreamResponse:
        """An act on the agent's own state."""
        wanted = told(request, model)
        return await _do(request, action, "", lambda: wanted.arguments() if isinstance(wanted, NotReady) else {})

    return act


def _call_act(action: str, model: type[OnCall]) -> Handler:
    @allow(Permission.TAKE_CALLS, changes=True, limit=ACTS, logs=Logs.CALL, takes=model, gives=Done)
    async def act(request: web.Request) -> web.StreamResponse:
        """An act on one of the agent's own calls."""
        wanted = told(request, model)
        return await _do(request, action, wanted.call_id, wanted.arguments)

    return act


for _name, _model in STATE_ACTS.items():
    routes.post(f"/api/desk/act/{_name}")(_state_act(_name, _model))
for _name, _on_call in CALL_ACTS.items():
    routes.post(f"/api/desk/act/{_name}")(_call_act(_name, _on_call))

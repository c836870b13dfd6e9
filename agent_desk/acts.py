"""What an agent does to a call or to the own state: checked here, done by the node beside Asterisk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from agent_desk import words
from agent_desk.access import allow, identity
from agent_desk.errors import Refused
from agent_desk.own_calls import need_call
from agent_desk.permissions import Permission
from agent_desk.requests import json_object, text_of
from agent_desk.services import services
from calls.area_codes import find_hotline
from calls.client import ControlRefused, ControlTimeout
from hotline.callid import is_call_id

Body = dict[str, Any]

routes = web.RouteTableDef()


def _nothing(_: Body) -> Body:
    return {}


def _reason(body: Body) -> Body:
    reason = text_of(body, "reason", 32)
    if reason not in words.BUSY_REASONS:
        raise Refused("请选择示忙原因。")
    return {"reason": reason}


def _seat(body: Body) -> Body:
    to = text_of(body, "to", 8)
    if not (to.isascii() and to.isdigit()):
        raise Refused("请选择要转接的坐席。")
    return {"to": to}


def _unit(body: Body) -> Body:
    unit_id = body.get("unit_id")
    if not isinstance(unit_id, int) or isinstance(unit_id, bool):
        raise Refused("请选择要转接的单位。")
    return {"unit_id": unit_id}  # which number that is, the node reads by itself


def _hand_off(body: Body) -> Body:
    """110 and its like, or another city's 12345: no other number can be dialled from here."""
    target = text_of(body, "target", 8)
    if target == words.OTHER_HOTLINE:
        other = find_hotline(text_of(body, "area", 40))
        if other is None:
            raise Refused(
                "没有这个外地区号。请输入区号（如 027）或城市名（如 武汉）。",
                fields={"area": "请输入外地区号或城市名"},
            )
        target = other.number
    elif target not in words.EMERGENCY_NUMBERS:
        raise Refused("请选择移交对象。")
    return {
        "target": target,
        "reason_code": text_of(body, "reason_code", 16),
        "summary": text_of(body, "summary"),
        "place": text_of(body, "place"),
    }


STATE_ACTS: dict[str, Callable[[Body], Body]] = {
    "ready": _nothing,
    "not_ready": _reason,
    "clear_missed": _nothing,
    "wrap_up_done": _nothing,
    "logout": _nothing,
}
"""Acts on the agent's own state: action -> how its arguments are read."""

CALL_ACTS: dict[str, Callable[[Body], Body]] = {
    "hangup": _nothing,
    "rejoin": _nothing,
    "transfer_agent": _seat,
    "transfer_unit": _unit,
    "handoff": _hand_off,
    "handoff_retry": _nothing,
    "handoff_cancel": _nothing,
    "leave": _nothing,
}
"""Acts on a call, which must be the agent's own."""


@routes.post("/api/desk/act/{action}")
@allow(Permission.TAKE_CALLS)
async def act(request: web.Request) -> web.StreamResponse:
    """Do it, or say in Chinese why not. Waits at most five seconds for the node's answer."""
    desk, who = services(request), identity(request)
    action = request.match_info["action"]
    read = STATE_ACTS.get(action) or CALL_ACTS.get(action)
    if read is None:
        raise web.HTTPNotFound
    if not who.extension:
        raise Refused("您的账号没有分配座席分机，请联系平台管理员。")
    body = await json_object(request)
    call_id = ""
    if action in CALL_ACTS:
        call_id = text_of(body, "call_id", 36)
        if not is_call_id(call_id):
            raise Refused("当前没有通话。")
        async with desk.sessions() as session:
            await need_call(request, session, who, call_id)
    args = read(body)
    try:
        result = await desk.control.do(action, actor=who.extension, call_id=call_id, **args)
    except ControlRefused as refused:
        raise Refused(str(refused)) from None
    except ControlTimeout:
        raise Refused("话务服务没有应答，请重试；通话不受影响。", status=503) from None
    return web.json_response({"ok": True, "result": result})

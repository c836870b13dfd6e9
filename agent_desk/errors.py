"""Errors as people can use them: a friendly Chinese page, or `{"error": …}` for scripts."""

from __future__ import annotations

import json
import logging
import secrets
from functools import partial
from http import HTTPStatus
from typing import Any

from aiohttp import web

from agent_desk.access import Handler, is_api
from agent_desk.pages import render

log = logging.getLogger(__name__)

SAID: dict[int, tuple[str, str]] = {
    400: ("请求有误", "提交的内容无法识别，请返回后重试。"),
    401: ("登录已失效", "请重新登录。"),
    403: ("没有权限", "您的账号没有使用此功能的权限，如需开通请联系平台管理员。"),
    404: ("没有找到", "您要找的页面或工单不存在，或者不属于您的查看范围。"),
    405: ("请求有误", "此地址不接受这种请求。"),
    409: ("已被他人修改", "内容刚刚被更新过，请刷新后再试。"),
    413: ("内容过大", "提交的内容超过上限。"),
    429: ("操作太频繁", "请稍后再试。"),
    503: ("服务暂不可用", "后台服务没有应答，请稍后再试；通话不受影响。"),
}
FAULT = ("系统出错", "系统出了问题，已记录。通话不受影响，请稍后重试。")


dump = partial(json.dumps, ensure_ascii=False)
"""Chinese stays readable, and half as long."""


class Refused(Exception):
    """An act that cannot be done, with the reason for people and, for forms, the fields to mend."""

    def __init__(self, message: str, *, status: int = 422, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.fields = fields or {}


def _answer(request: web.Request, status: int, message: str, **more: Any) -> web.Response:
    if is_api(request):
        return web.json_response({"error": message, **more}, status=status, dumps=dump)
    title = SAID.get(status, FAULT)[0] if status != 422 else "无法完成"
    return render(request, "error.html", status=status, code=status, title=title, message=message)


@web.middleware
async def friendly_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into an answer; what went wrong inside goes to the log under a number."""
    try:
        return await handler(request)
    except Refused as refusal:
        return _answer(request, refusal.status, refusal.message, fields=refusal.fields)
    except web.HTTPException as answer:
        if answer.status < 400:
            raise
        # A text of our own is Chinese; aiohttp's are English and for developers.
        own = answer.text if answer.text and any("\u4e00" <= c <= "\u9fff" for c in answer.text) else ""
        return _answer(request, answer.status, own or SAID.get(answer.status, FAULT)[1])
    except ConnectionResetError:
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)  # nobody is left to read it
    except Exception:
        number = secrets.token_hex(4)
        log.exception("fault %s on %s %s", number, request.method, request.match_info.route.name or "")
        return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, f"{FAULT[1]}（编号 {number}）")

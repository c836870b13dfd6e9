"""Errors as people can use them: a friendly Chinese page, or problem+json (RFC 9457) for scripts."""

from __future__ import annotations

import json
import logging
import secrets
from functools import partial
from http import HTTPStatus

from aiohttp import hdrs, web
from pydantic import BaseModel

from agent_desk.web.access import Handler, is_api
from agent_desk.web.pages import render
from db.session import AWAY

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
DATABASE = "urn:hotline12345:database-away"
"""By this a page knows that what was typed can wait."""
DATABASE_AWAY = "数据库暂不可用，请稍后再试；通话不受影响。"
RETRY_S = 5
FAULT = ("系统出错", "系统出了问题，已记录。通话不受影响，请稍后重试。")


dump = partial(json.dumps, ensure_ascii=False)
"""Chinese stays readable, and half as long."""


class Refused(Exception):
    """An act that cannot be done, with the reason for people and, for forms, the fields to mend.

    `retry_after`: seconds after which it may be possible.
    """

    def __init__(
        self, message: str, *, status: int = 422, fields: dict[str, str] | None = None, retry_after: int = 0
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.fields = fields or {}
        self.retry_after = retry_after


class Problem(BaseModel):
    """What a script is told (RFC 9457): `detail` is for people, `fields` says what to mend, by field."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    fields: dict[str, str] = {}


def answer(
    request: web.Request,
    status: int,
    message: str,
    *,
    fields: dict[str, str] | None = None,
    retry_after: int = 0,
    kind: str = "about:blank",
) -> web.Response:
    """The error as the asker can use it."""
    title = "无法完成" if status == 422 else SAID.get(status, FAULT)[0]
    if is_api(request):
        problem = Problem(type=kind, title=title, status=status, detail=message, fields=fields or {})
        response = web.Response(
            text=dump(problem.model_dump()), status=status, content_type="application/problem+json"
        )
    else:
        response = render(request, "web/error.html", status=status, code=status, title=title, message=message)
    if retry_after:
        response.headers[hdrs.RETRY_AFTER] = str(retry_after)
    return response


def _of_files(error: BaseException) -> bool:
    """A fault of files says nothing of the database, which is asked over a connection."""
    return isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError)


@web.middleware
async def friendly_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into an answer; what went wrong inside goes to the log under a number."""
    try:
        return await handler(request)
    except Refused as refusal:
        return answer(
            request, refusal.status, refusal.message, fields=refusal.fields, retry_after=refusal.retry_after
        )
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        # A text of our own is Chinese; aiohttp's are English and for developers.
        own = refusal.text if refusal.text and any("\u4e00" <= c <= "\u9fff" for c in refusal.text) else ""
        return answer(request, refusal.status, own or SAID.get(refusal.status, FAULT)[1])
    except ConnectionResetError:
        return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)  # nobody is left to read it
    except Exception as error:
        if isinstance(error, AWAY) and not _of_files(error):
            log.warning("the database is away (%s): %s is asked for again", type(error).__name__, request.method)
            return answer(request, 503, DATABASE_AWAY, kind=DATABASE, retry_after=RETRY_S)
        number = secrets.token_hex(4)
        log.exception("fault %s on %s %s", number, request.method, request.match_info.route.name or "")
        return answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, f"{FAULT[1]}（编号 {number}）")

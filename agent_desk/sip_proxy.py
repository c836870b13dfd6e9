"""The softphone's SIP link, carried on our own port: `/ws/sip` to Asterisk's WebSocket on loopback.

So Asterisk's HTTP port stays closed to the network, one certificate serves page and telephone, and only
who is logged in with a seat reaches SIP at all.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSCloseCode, WSMsgType, web

from agent_desk.access import allow, identity
from agent_desk.open_sockets import SOCKETS
from agent_desk.permissions import Permission
from agent_desk.services import services

MESSAGE_LIMIT = 65536
"""Longest SIP message, bytes; ours stay below 8 kB."""

CLIENT = web.AppKey("sip_client", ClientSession)

routes = web.RouteTableDef()

Socket = web.WebSocketResponse | ClientWebSocketResponse


async def _carry(source: Socket, target: Socket) -> None:
    async for message in source:
        if message.type is WSMsgType.TEXT:
            await target.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await target.send_bytes(message.data)
        else:
            return


@routes.get("/ws/sip")
@allow(Permission.TAKE_CALLS)
async def sip(request: web.Request) -> web.StreamResponse:
    """Carry SIP both ways until either side closes, or the log-in ends."""
    who = identity(request)
    if not who.extension:
        raise web.HTTPForbidden(text="您的账号没有分配座席分机。")
    url = f"ws://127.0.0.1:{services(request).settings.asterisk_http_port}/ws"
    try:
        asterisk = await request.app[CLIENT].ws_connect(
            url, protocols=("sip",), max_msg_size=MESSAGE_LIMIT, heartbeat=None
        )
    except (ClientError, OSError, TimeoutError):
        raise web.HTTPServiceUnavailable(text="电话交换服务没有应答。") from None
    browser = web.WebSocketResponse(protocols=("sip",), max_msg_size=MESSAGE_LIMIT, heartbeat=20, compress=False)
    tasks: list[asyncio.Task[Any]] = []
    with request.config_dict[SOCKETS].open(who) as ended:
        try:
            await browser.prepare(request)
            tasks = [
                asyncio.create_task(_carry(browser, asterisk)),
                asyncio.create_task(_carry(asterisk, browser)),
                asyncio.create_task(ended.wait()),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(ConnectionError, ClientError):
                await asterisk.close()
                code = WSCloseCode.POLICY_VIOLATION if ended.is_set() else WSCloseCode.GOING_AWAY
                await browser.close(code=code)
    return browser

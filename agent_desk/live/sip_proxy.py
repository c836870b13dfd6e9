"""The softphone's SIP link, carried on our own port: `/ws/sip` to Asterisk's WebSocket on loopback.

So Asterisk's HTTP port stays closed to the network, one certificate serves page and telephone, and only
who is logged in with a seat reaches SIP at all.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from aiohttp import ClientError, ClientSession, ClientWebSocketResponse, WSCloseCode, WSMsgType, web

from agent_desk.live.open_sockets import SOCKETS
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.limits import SOCKETS as SOCKET_LIMIT
from agent_desk.web.permissions import Permission
from agent_desk.web.services import DeskServices, services

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


async def _address(desk: DeskServices, extension: str) -> str:
    """The softphone link of the Asterisk at whose node this seat is."""
    if desk.places is not None:
        node = desk.places.nodes.get(await desk.places.of_seat(extension, signing_in=True))
        if node is not None:
            return node.sip_url
    return f"ws://127.0.0.1:{desk.settings.asterisk_http_port}/ws"


@routes.get("/ws/sip")
@allow(Permission.TAKE_CALLS, changes=False, limit=SOCKET_LIMIT, logs=Logs.NOTHING, gives=Gives.SOCKET)
async def sip(request: web.Request) -> web.StreamResponse:
    """Carry SIP both ways until either side closes, or the log-in ends."""
    who = identity(request)
    if not who.extension:
        raise web.HTTPForbidden(text="您的账号没有分配座席分机。")
    url = await _address(services(request), who.extension)
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

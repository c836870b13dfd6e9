"""Open sockets of logged-in browsers: they end when the log-in ends, whoever ended it and wherever."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from agent_desk.web.web_sessions import Identity, WebSessions

log = logging.getLogger(__name__)

CHECK_S = 5.0
"""How soon a socket notices that its log-in ended elsewhere: expired, account closed, password set anew."""


@dataclass(eq=False, slots=True)
class _Socket:
    who: Identity
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class OpenSockets:
    """All sockets of this desk, by log-in. `gone` is told once of each log-in that ended with sockets open."""

    def __init__(self, web_sessions: WebSessions, gone: Callable[[Identity], Awaitable[None]]) -> None:
        self._web_sessions = web_sessions
        self._gone = gone
        self._sockets: set[_Socket] = set()
        self._checking = asyncio.Lock()

    @contextlib.contextmanager
    def open(self, who: Identity) -> Iterator[asyncio.Event]:
        """A socket is open meanwhile; the event says that it must be closed."""
        socket = _Socket(who)
        self._sockets.add(socket)
        try:
            yield socket.ended
        finally:
            self._sockets.discard(socket)

    def end(self, token_hash: str) -> None:
        """Close the sockets of this log-in."""
        for socket in self._sockets:
            if socket.who.token_hash == token_hash:
                socket.ended.set()

    async def check(self) -> None:
        """Close the sockets of log-ins that are over."""
        async with self._checking:  # two checks at once would both tell of the same log-in
            open_ones = {s.who.token_hash: s.who for s in self._sockets if not s.ended.is_set()}
            if not open_ones:
                return
            alive = await self._web_sessions.alive(open_ones)
            for token_hash in open_ones.keys() - alive:
                self.end(token_hash)
                await self._gone(open_ones[token_hash])

    async def keep_checking(self) -> None:
        """Check for ever, every `CHECK_S` seconds."""
        while True:
            await asyncio.sleep(CHECK_S)
            try:
                await self.check()
            except (SQLAlchemyError, OSError) as error:
                log.warning("log-ins could not be checked: %s", type(error).__name__)


SOCKETS = web.AppKey("open_sockets", OpenSockets)


async def checked(app: web.Application) -> AsyncIterator[None]:
    """Part of the application's life: the check runs meanwhile."""
    task = asyncio.create_task(app[SOCKETS].keep_checking(), name="desk:log-ins")
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

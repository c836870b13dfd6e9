"""FastAGI on panoramisk's classes, with their faults mended (telephony.md, asks.md 1).

panoramisk's `Application.handler` spins for ever on a client that closes early, bounds nothing and swallows
cancellation; its `Request` takes an asynchronous HANGUP for a reply, so that all later replies are off by one.
Here a client gets a bounded time and size for its header and nothing it sends can harm another call.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import resource
import secrets
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from panoramisk import fast_agi

from ivr.agi.agi_reply import Reply, begins_usage, command, ends_usage, is_hangup, parse
from ivr.agi.hang_watch import HangWatch
from ivr.line import CallerHungUp, LineFailed, LineTaken

log = logging.getLogger(__name__)

HEADER_BYTES = 16_384
GATHER_SECONDS = 0.002
HEADER_SECONDS = 5.0
"""Asterisk sends its header in one piece; a client that needs longer is none."""
LINE_BYTES = 65_536
NOISE_LINES = 64
"""Lines that are no reply, before the peer is given up: only a variable with line feeds in it makes them."""
CONNECTIONS = 2000
"""Calls in the script, in its queues and talks: each holds one connection as long as it lasts."""
STRANGERS = 256
STRANGER_SECONDS = 2.0
"""Above so many connections without a header, those that are silent for so long are dropped. Asterisk's own come
in crowds too, but their header is there at once, if we only get round to reading it."""

COMPLAINT_SECONDS = 60.0

_ROUTE = re.compile(r"[\w/.-]{1,64}", re.ASCII)


class AgiTimeout(LineFailed):
    """Asterisk did not answer within the time the command may take."""


class AgiRefused(LineFailed):
    """Asterisk refused a command (510, 520) or an application of it failed."""


class Complaints:
    """Warnings about peers, each kind once in a minute: a flood of bad clients must not become a flood of log."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}
        self._kept_back = 0

    def warn(self, message: str, *arguments: object) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told.get(message, -COMPLAINT_SECONDS) < COMPLAINT_SECONDS:
            self._kept_back += 1
            return
        self._told[message] = now
        log.warning(message + " (%d like it were kept back)", *arguments, self._kept_back)
        self._kept_back = 0


class AgiRequest(fast_agi.Request):  # type: ignore[misc]  # panoramisk is untyped
    """One channel's AGI connection. Commands go one at a time; arguments are quoted, replies never shift."""

    def __init__(
        self,
        app: AgiApplication,
        headers: OrderedDict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(app, headers, reader, writer, encoding)
        self.hung_up = False
        self.home = headers.get("agi_context", "")
        self._lock = asyncio.Lock()

    async def send_command(self, verb: str, *arguments: str, within: float | None = 10.0) -> Reply:
        """Send one command and return its reply.

        `within` bounds this command in seconds; None where it may last as long as the call (a queue).
        Raises CallerHungUp, LineTaken, AgiTimeout, AgiRefused, and UnsafeArgument before anything is sent.
        """
        line = command(verb, *arguments)
        try:
            async with self._lock, asyncio.timeout(within):
                reply = await self._exchange(line)
        except TimeoutError as error:
            # The reply may still come and would be taken for the next one's: this connection is spent.
            self.writer.transport.abort()
            raise AgiTimeout(f"Asterisk did not answer {verb} within {within} s") from error
        if reply.code == 511:
            self.hung_up = True
        elif reply.code != 200:
            raise AgiRefused(f"Asterisk refused {verb}: {reply.text[:200]!r}")
        if self.hung_up or reply.result in ("-1", "-2"):
            await self._explain(verb, reply)
        return reply

    def send_last(self, verb: str, *arguments: str) -> None:
        """Send a command whose reply nobody waits for: nothing may follow it but the connection's end.

        Asterisk carries it out before it sees the end.
        """
        self.writer.write(command(verb, *arguments))

    async def expand(self, *expressions: str, within: float = 10.0) -> list[str]:
        """Values of dialplan expressions such as `${QUEUESTATUS}`, in one exchange; works on a dead channel too.

        A nonce finds the right reply even if a hostile variable put forged lines before it.
        """
        nonce = secrets.token_hex(8)
        line = command("GET FULL VARIABLE", "|".join([nonce, *expressions, nonce]))
        try:
            async with self._lock, asyncio.timeout(within):
                reply = await self._exchange(line, nonce=nonce)
        except TimeoutError as error:
            self.writer.transport.abort()
            raise AgiTimeout(f"Asterisk did not tell variables within {within} s") from error
        values = (reply.data or "").split("|")[1:-1]
        if len(values) != len(expressions):
            raise AgiRefused("a channel variable holds a separator")
        return values

    async def _exchange(self, line: bytes, nonce: str = "") -> Reply:
        try:
            self.writer.write(line)
            await self.writer.drain()
            return await self._read_reply(nonce)
        except (ConnectionError, asyncio.IncompleteReadError, ValueError) as error:
            # ValueError: a line longer than the reader's limit. The peer is gone or is no Asterisk.
            self.hung_up = True
            raise CallerHungUp from error

    async def _read_reply(self, nonce: str) -> Reply:
        for _ in range(NOISE_LINES):
            line = await self._read_line()
            if is_hangup(line):
                self.hung_up = True
                continue
            if begins_usage(line):
                for _ in range(NOISE_LINES):
                    if ends_usage(line := await self._read_line()):
                        break
            reply = parse(line)
            if reply is None or reply.code == 100:
                continue
            if nonce and not (reply.code == 200 and (reply.data or "").startswith(nonce)):
                continue
            return reply
        raise ConnectionAbortedError("the peer does not speak AGI")

    async def _read_line(self) -> bytes:
        line: bytes = await self.reader.readline()
        if not line.endswith(b"\n"):
            raise asyncio.IncompleteReadError(line, None)
        return line

    async def _explain(self, verb: str, reply: Reply) -> None:
        """Raise what a -1 or a HANGUP means: the caller left, the channel was moved, or the command failed."""
        hung_up = self.hung_up
        (context,) = await self.expand("${CONTEXT}")
        if self.home and context != self.home:
            raise LineTaken(context)
        if hung_up or self.hung_up:
            raise CallerHungUp
        raise AgiRefused(f"{verb} failed with result {reply.result}")


Endpoint = Callable[[AgiRequest], Awaitable[None]]


def _allow_files(wanted: int) -> None:
    """Raise our own limit of open files as far as we may: the usual 1024 would be the limit of calls."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


class AgiApplication(fast_agi.Application):  # type: ignore[misc]  # panoramisk is untyped
    """The FastAGI server: `add_route(path, coroutine function)`, `start`, `close`.

    A route that raises ends its own call's AGI only; the dialplan goes on to the queue by itself.
    """

    def __init__(
        self,
        *,
        header_seconds: float = HEADER_SECONDS,
        connections: int = CONNECTIONS,
        hang_watch: HangWatch | None = None,
    ) -> None:
        super().__init__(default_encoding="utf-8", loop=asyncio.get_running_loop())
        self._header_seconds = header_seconds
        self._connections = connections
        self._hang_watch = hang_watch or HangWatch()
        self._complaints = Complaints()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._strangers: OrderedDict[asyncio.Task[None], tuple[float, asyncio.StreamWriter]] = OrderedDict()

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (of use when 0 was asked for). Raises OSError when it is taken."""
        _allow_files(self._connections + STRANGERS + 256)
        self._server = await asyncio.start_server(
            self._accept, host, port, limit=LINE_BYTES, backlog=512, reuse_address=True
        )
        listening = self._server.sockets[0]
        # Connections inherit it; TCP_NODELAY is set by asyncio.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._hang_watch.start(listening.fileno())
        chosen: int = listening.getsockname()[1]
        return chosen

    async def close(self) -> None:
        """Stop listening and let go of every call; Asterisk takes them to the queue."""
        self._hang_watch.stop()
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    @property
    def calls(self) -> int:
        """Connections that sent a header and are being served."""
        return len(self._tasks) - len(self._strangers)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain function: asyncio would otherwise own the task and log its cancellation as a fault.
        task = asyncio.create_task(self.handler(reader, writer), name="agi")
        self._tasks.add(task)
        now = self.loop.time()
        self._strangers[task] = (now, writer)
        task.add_done_callback(self._forget)
        while len(self._strangers) > STRANGERS:
            oldest, (since, its_writer) = next(iter(self._strangers.items()))
            if now - since < STRANGER_SECONDS:
                break
            del self._strangers[oldest]
            its_writer.transport.abort()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._strangers.pop(task, None)

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection from header to close."""
        try:
            await self._let_header_gather(writer)
            headers = await self._read_header(reader)
            task = asyncio.current_task()
            if task is not None:
                self._strangers.pop(task, None)
            if headers is not None:
                await self._serve(headers, reader, writer)
        except ConnectionError:
            log.debug("an AGI peer went away")
        finally:
            writer.close()
            if writer.transport.get_write_buffer_size():
                with contextlib.suppress(ConnectionError, TimeoutError):
                    # Bounded: a peer that does not read must not keep us from shutting down.
                    async with asyncio.timeout(1.0):
                        await writer.wait_closed()

    @staticmethod
    async def _let_header_gather(writer: asyncio.StreamWriter) -> None:
        """Asterisk sends each of its 25 variables as a packet of its own; woken once instead of 25 times, we
        serve half as many calls again. No caller hears 2 ms."""
        with contextlib.suppress(RuntimeError):  # the peer is gone already
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport has it
            await asyncio.sleep(GATHER_SECONDS)
            writer.transport.resume_reading()  # type: ignore[attr-defined]

    async def _read_header(self, reader: asyncio.StreamReader) -> OrderedDict[str, str] | None:
        """The `agi_…` variables, or None when this is no Asterisk (closed, too slow, too long, not AGI)."""
        headers: OrderedDict[str, str] = OrderedDict()
        try:
            async with asyncio.timeout(self._header_seconds):
                first = await reader.readline()
                if not first.startswith(b"agi_"):
                    return None
                text = first + await reader.readuntil(b"\n\n")
        except (TimeoutError, ValueError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return None
        if len(text) > HEADER_BYTES:
            return None
        for line in text.decode("utf-8", "replace").split("\n"):
            name, colon, value = line.partition(":")
            if colon and name.startswith("agi_"):
                # First wins: our own variables come before those a caller can influence.
                headers.setdefault(name, value.strip())
        return headers

    async def _serve(
        self, headers: OrderedDict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        path = headers.get("agi_network_script", "").lstrip("/")
        route: Endpoint | None = self._route.get(path)
        if route is None:
            shown = path if _ROUTE.fullmatch(path) else "unreadable"
            self._complaints.warn("FastAGI asked for the route %s, which does not exist", shown)
            return
        if self.calls > self._connections:
            self._complaints.warn("over %d calls in the script: this one goes to the queue", self._connections)
            return
        request = AgiRequest(self, headers, reader, writer, self.default_encoding)
        try:
            await route(request)
        except (CallerHungUp, LineTaken):
            pass
        except Exception:
            log.exception("the route %s failed; the dialplan takes the call to the queue", path)

"""The one link to Asterisk's manager interface: panoramisk's Manager with its faults mended.

Back-off with jitter, pings that are checked, UTF-8 decoded across TCP segments, nothing replayed after
a reconnect (who waits gets `AmiDown`), a refused login that is loud, hooks that read the state again.
"""

from __future__ import annotations

import asyncio
import codecs
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message
from panoramisk.utils import EOL

from calls.asterisk.ami_action import Action, Expect, Value, header
from calls.asterisk.ami_errors import AmiBadValue, AmiDown, AmiError, AmiLoginRefused, AmiRefused, AmiTimeout

log = logging.getLogger(__name__)

MESSAGE_LIMIT = 1 << 20
"""Longest message taken from Asterisk, characters; more means that we lost the thread."""

Handler = Callable[[Message], None]
UpHook = Callable[[], Awaitable[None]]
DownHook = Callable[[str], Awaitable[None]]
Unsubscribe = Callable[[], None]


class Protocol(AMIProtocol):  # type: ignore[misc]  # panoramisk is untyped
    """The wire: decodes across segments and fails, never replays, what was pending at the end."""

    version: str | None
    closed: bool

    def __init__(self, link: AmiLink) -> None:
        self.link = link
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.factory = self.link
        self.encoding = "utf-8"
        self.text = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def data_received(self, data: bytes) -> None:
        self.text += self.decoder.decode(data)
        if self.version is None:
            if EOL not in self.text:
                return self._guard()
            greeting, _, self.text = self.text.partition(EOL)
            if not greeting.startswith("Asterisk Call Manager/"):
                self.abandon("the other side is not Asterisk's manager interface")
                return None
            self.version = greeting.partition("/")[2].strip()
        *complete, self.text = self.text.split(EOL + EOL)
        for block in complete:
            message = Message.from_line(block.strip())
            if message is not None:
                self.handle_message(message)
        return self._guard()

    def _guard(self) -> None:
        if len(self.text) > MESSAGE_LIMIT:
            self.abandon("a message from Asterisk never ends")

    def post(self, action: Action) -> None:
        self.responses[action.id] = action
        self.transport.write(str(action).encode("utf-8"))

    def forget(self, action: Action) -> None:
        self.responses.pop(action.id, None)

    def abandon(self, reason: str) -> None:
        """Drop the connection at once; bytes not yet sent are not worth waiting for."""
        if not self.lost.done():
            self.lost.set_result(reason)
        for action in list(self.responses.values()):
            action.fail(AmiDown(reason))
        self.responses.clear()
        if not self.closed:
            self.closed = True
            self.transport.abort()

    def connection_lost(self, exc: Any) -> None:
        reason = "Asterisk is shutting down" if isinstance(exc, Message) else "Asterisk closed the connection"
        self.abandon(str(exc) if isinstance(exc, Exception) else reason)


class AmiLink(Manager):  # type: ignore[misc]  # panoramisk is untyped
    """The link: `start()` keeps it up until `close()`.

    Args: host, port, username, secret as in manager.conf; `ping_s` between pings and `ping_timeout_s`
    for their answers (so a half-open link is noticed within their sum, seconds); `backoff_s` first and
    longest pause between attempts (each is made 50–100 % as long at random).
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        secret: str,
        *,
        ping_s: float = 5.0,
        ping_timeout_s: float = 3.0,
        connect_timeout_s: float = 5.0,
        boot_timeout_s: float = 60.0,
        backoff_s: tuple[float, float] = (0.25, 10.0),
    ) -> None:
        super().__init__(host=host, port=port)
        self.protocol: Protocol | None = None
        self.authenticated: bool = False
        self.callbacks.clear()  # panoramisk's own "send what waited before" must not be there
        self.patterns.clear()
        self._login = (username, secret)
        self._ping_s = ping_s
        self._ping_timeout_s = ping_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._boot_timeout_s = boot_timeout_s
        self._backoff_s = backoff_s
        self._handlers: list[Handler] = []
        self._up_hooks: list[UpHook] = []
        self._down_hooks: list[DownHook] = []
        self._task: asyncio.Task[None] | None = None
        self._booted = asyncio.Event()
        self._ready = asyncio.Event()
        self._tried = asyncio.Event()
        self.fault: AmiError | None = None
        """Why there is no link now; None when there is one."""
        self.connections = 0

    # -- being up or down ----------------------------------------------------------------------
    @property
    def ready(self) -> bool:
        """Whether the link is up and the hooks have read the state again."""
        return self._ready.is_set()

    def on_event(self, handler: Handler) -> Unsubscribe:
        """Call `handler` for each event, in order; it must not block."""
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler) if handler in self._handlers else None

    def on_up(self, hook: UpHook) -> Unsubscribe:
        """Await `hook` after each login, before the link counts as ready."""
        self._up_hooks.append(hook)
        return lambda: self._up_hooks.remove(hook) if hook in self._up_hooks else None

    def on_down(self, hook: DownHook) -> Unsubscribe:
        """Await `hook` with the reason each time the link is lost or a first attempt fails."""
        self._down_hooks.append(hook)
        return lambda: self._down_hooks.remove(hook) if hook in self._down_hooks else None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="ami:link")

    async def wait_ready(self, timeout: float) -> None:
        """Wait until the link is up. Raises the last fault (or AmiTimeout) after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._ready.wait()
        except TimeoutError:
            raise self.fault or AmiTimeout(f"no link to Asterisk after {timeout:g} s") from None

    async def reach(self, timeout: float) -> None:
        """Wait for what the first attempt brings: the link, or its fault at once; `timeout` as `wait_ready`."""
        try:
            async with asyncio.timeout(timeout):
                await self._tried.wait()
        except TimeoutError:
            raise AmiTimeout(f"no link to Asterisk after {timeout:g} s") from None
        if self.fault is not None:
            raise self.fault

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        pause = self._backoff_s[0]
        while True:
            served = False
            reason = ""
            try:
                protocol = await self._connect()
                self.fault = None
                self._ready.set()
                self._tried.set()
                served = True
                reason = await self._watch(protocol)
                self.fault = AmiDown(reason)
            except AmiError as fault:
                self.fault, reason = fault, str(fault)
            except Exception as fault:  # a hook of ours failed: the link must live on
                log.exception("reading the state of Asterisk failed")
                self.fault, reason = AmiDown(str(fault)), f"our own fault: {type(fault).__name__}"
            finally:
                self._ready.clear()
                self.authenticated = False
                if self.protocol is not None:
                    self.protocol.abandon(reason or "we are closing")
                    self.protocol = None
            self._tried.set()
            loud = isinstance(self.fault, AmiLoginRefused)
            log.log(logging.ERROR if loud else logging.WARNING, "no link to Asterisk: %s", reason)
            for hook in list(self._down_hooks):
                try:
                    await hook(reason)
                except Exception:
                    log.exception("a hook on the lost link failed")
            pause = self._backoff_s[0] if served else min(pause * 2, self._backoff_s[1])
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, not a secret

    async def _connect(self) -> Protocol:
        host, port = self.config["host"], self.config["port"]
        self._booted.clear()
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                loop = asyncio.get_running_loop()
                _, protocol = await loop.create_connection(lambda: Protocol(self), host, port)
        except (OSError, TimeoutError) as error:
            raise AmiDown(f"cannot connect to {host}:{port}: {error or 'no answer'}") from None
        self.protocol = protocol
        username, secret = self._login
        try:
            await self._ask(
                {"Action": "Login", "Username": username, "Secret": secret, "Events": "on"},
                Expect.ONE,
                self._connect_timeout_s,
            )
        except AmiRefused as refusal:
            raise AmiLoginRefused(f"login as {username!r} refused: {refusal.message}") from None
        self.authenticated = True
        # Asterisk says FullyBooted after every login; while it still loads modules its answers are half-true.
        lost: asyncio.Future[Any] = protocol.lost
        booted: asyncio.Future[Any] = asyncio.ensure_future(self._booted.wait())
        done, _ = await asyncio.wait(
            {booted, lost}, timeout=self._boot_timeout_s, return_when=asyncio.FIRST_COMPLETED
        )
        booted.cancel()
        if booted not in done:
            raise AmiDown("Asterisk did not finish booting")
        self.connections += 1
        for hook in list(self._up_hooks):
            await hook()
        return protocol

    async def _watch(self, protocol: Protocol) -> str:
        """Ping until the link is lost; returns why."""
        lost = protocol.lost
        while True:
            await asyncio.wait({lost}, timeout=self._ping_s)
            if lost.done():
                return str(lost.result())
            try:
                await self._ask({"Action": "Ping"}, Expect.ONE, self._ping_timeout_s)
            except AmiTimeout:
                return "Asterisk no longer answers pings (half-open connection)"
            except AmiDown as fault:
                return str(fault)

    # -- events --------------------------------------------------------------------------------
    def dispatch(self, event: Message) -> None:
        if event.get("Event") == "FullyBooted":
            self._booted.set()
        for handler in list(self._handlers):
            try:
                handler(event)
            except Exception:
                log.exception("a handler failed on %s", event.get("Event"))

    # -- actions -------------------------------------------------------------------------------
    async def _ask(self, fields: dict[str, Value], expect: Expect, timeout: float) -> list[Message]:
        action = Action(fields, expect)
        protocol = self.protocol
        if protocol is None or protocol.closed:
            raise AmiDown("no link to Asterisk")
        protocol.post(action)
        try:
            async with asyncio.timeout(timeout):
                answer: list[Message] = await action.future
        except TimeoutError:
            raise AmiTimeout(f"Asterisk did not answer {fields['Action']} within {timeout:g} s") from None
        finally:
            protocol.forget(action)
        # OriginateResponse may overtake the response itself, so the response is not always the first.
        response = next((message for message in answer if "Event" not in message), answer[0])
        if response.get("Response") == "Error":
            raise AmiRefused(str(fields["Action"]), header(response, "Message"))
        return answer

    async def do(self, name: str, *, timeout: float = 5.0, **fields: Value) -> Message:
        """Do one action and return its response. Raises AmiDown, AmiTimeout, AmiRefused, AmiBadValue."""
        return (await self._ask({"Action": name, **fields}, Expect.ONE, timeout))[-1]

    async def listing(self, name: str, *, timeout: float = 10.0, **fields: Value) -> list[Message]:
        """Do a list action and return its entries (without the response and the closing event)."""
        return (await self._ask({"Action": name, **fields}, Expect.LIST, timeout))[1:-1]

    async def originate(self, *, timeout: float, **fields: Value) -> Originated:
        """Make a call and wait until it is answered or failed; `timeout` is Asterisk's own, in seconds."""
        asked: dict[str, Value] = {
            "Action": "Originate",
            **fields,
            "Async": "true",
            "Timeout": int(timeout * 1000),
        }
        # Asterisk ends the attempt by itself; the margin only catches a lost OriginateResponse.
        answer = await self._ask(asked, Expect.ORIGINATE, timeout + 5.0)
        return Originated.of(answer[-1])

    def send_action(self, action: Any, as_list: Any = None, **kwargs: Any) -> Any:
        """panoramisk's own way in is closed: it replays, and waits for ever."""
        raise NotImplementedError("use do(), listing() or originate()")


class Originated:
    """How an Originate ended: answered, or why not (`reason` as in Asterisk's AST_CONTROL_* numbers)."""

    REASONS: ClassVar = {0: "failed", 1: "failed", 3: "no_answer", 4: "answered", 5: "busy", 8: "congestion"}

    def __init__(self, answered: bool, channel: str, uniqueid: str, reason: str) -> None:
        self.answered = answered
        self.channel = channel
        self.uniqueid = uniqueid
        self.reason = reason

    @classmethod
    def of(cls, message: Message) -> Originated:
        number = header(message, "Reason")
        reason = cls.REASONS.get(int(number) if number.isdigit() else 0, "failed")
        answered = header(message, "Response") == "Success"
        return cls(answered, header(message, "Channel"), header(message, "Uniqueid"), reason)


__all__ = [
    "AmiBadValue",
    "AmiDown",
    "AmiError",
    "AmiLink",
    "AmiLoginRefused",
    "AmiRefused",
    "AmiTimeout",
    "Message",
    "Originated",
]

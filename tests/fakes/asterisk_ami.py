"""A fake Asterisk manager interface: speaks the protocol, keeps a small world, does as scripted.

It remembers every action it got; a test may answer an action in its own way (`on`), emit events, write
raw bytes, stop answering (`frozen`), drop the connections or be restarted on the same port.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

Fields = dict[str, str | list[str]]
Answerer = Callable[[Fields], list[Fields] | None]


@dataclass
class FakeChannel:
    """A channel as CoreShowChannels tells of it."""

    name: str
    uniqueid: str
    variables: dict[str, str] = field(default_factory=dict)
    linkedid: str = ""
    state: str = "Up"
    application: str = ""
    bridge: str = ""
    caller: str = ""
    exten: str = "12345"
    duration: str = "00:00:10"

    def fields(self) -> Fields:
        return {
            "Channel": self.name,
            "Uniqueid": self.uniqueid,
            "Linkedid": self.linkedid or self.uniqueid,
            "ChannelStateDesc": self.state,
            "CallerIDNum": self.caller or "<unknown>",
            "Exten": self.exten,
            "ChanVariable": [f"{key}={value}" for key, value in self.variables.items()],
        }


@dataclass
class FakeMember:
    queue: str
    interface: str
    name: str
    paused: str = "0"
    reason: str = ""
    status: str = "1"

    def fields(self) -> Fields:
        return {
            "Queue": self.queue,
            "MemberName": self.name,
            "Interface": self.interface,
            "Membership": "dynamic",
            "Status": self.status,
            "Paused": self.paused,
            "PausedReason": self.reason,
        }


class FakeAsterisk:
    """The server. `async with FakeAsterisk() as fake:` listens on `fake.port`."""

    def __init__(self) -> None:
        self.username, self.secret = "hotline", "secret"
        self.port = 0
        self.frozen = False
        self.boot_at_once = True
        self.actions: list[Fields] = []
        self.channels: dict[str, FakeChannel] = {}
        self.members: list[FakeMember] = []
        self.waiting: list[Fields] = []
        self.device_states: dict[str, str] = {}
        self.logins = 0
        self._answers: dict[str, Answerer] = {
            "Login": self._login,
            "Ping": lambda _: [{"Response": "Success", "Ping": "Pong"}],
            "CoreShowChannels": self._core_show_channels,
            "QueueStatus": self._queue_status,
            "DeviceStateList": self._device_states,
            "QueueAdd": self._queue_add,
            "QueueRemove": self._queue_remove,
            "QueuePause": self._queue_pause,
            "Hangup": self._hangup,
        }
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._news = asyncio.Condition()

    async def __aenter__(self) -> FakeAsterisk:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.drop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    async def restart(self) -> None:
        """As if Asterisk had died: channels, queue members and waiting calls are gone."""
        await self.stop()
        self.channels.clear()
        self.members.clear()
        self.waiting.clear()
        await self.start()

    def drop(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    # -- what a test does ----------------------------------------------------------------------
    def on(self, action: str, answer: Answerer) -> None:
        """Answer this action so; None = say nothing at all."""
        self._answers[action] = answer

    def emit(self, event: str, **fields: str | list[str]) -> None:
        self.raw(_encode({"Event": event, **fields}))

    def raw(self, data: bytes) -> None:
        for writer in list(self._writers):
            writer.write(data)

    def asked(self, action: str) -> list[Fields]:
        return [fields for fields in self.actions if fields["Action"] == action]

    async def wait_for(self, condition: Callable[[], bool], timeout: float = 3.0) -> None:
        """Wait until the condition holds; it is looked at after each action received."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(condition)

    # -- the protocol --------------------------------------------------------------------------
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                await self._take(_decode(block), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _take(self, fields: Fields, writer: asyncio.StreamWriter) -> None:
        self.actions.append(fields)
        async with self._news:
            self._news.notify_all()
        if self.frozen:
            return
        answer = self._answers.get(str(fields["Action"]), _success)(fields)
        for message in answer or []:
            tag = (
                {} if message.get("Event") and not message.pop("Tagged", "") else {"ActionID": fields["ActionID"]}
            )
            writer.write(_encode({**message, **tag}))

    def _login(self, fields: Fields) -> list[Fields]:
        if (fields["Username"], fields["Secret"]) != (self.username, self.secret):
            return [{"Response": "Error", "Message": "Authentication failed"}]
        self.logins += 1
        booted: list[Fields] = [{"Event": "FullyBooted", "Status": "Fully Booted"}] if self.boot_at_once else []
        return [{"Response": "Success", "Message": "Authentication accepted"}, *booted]

    # -- the small world -----------------------------------------------------------------------
    def _core_show_channels(self, _: Fields) -> list[Fields]:
        return listing(
            "CoreShowChannels",
            [
                {
                    "Event": "CoreShowChannel",
                    **channel.fields(),
                    "Application": channel.application,
                    "BridgeId": channel.bridge,
                    "Duration": channel.duration,
                }
                for channel in self.channels.values()
            ],
        )

    def _queue_status(self, _: Fields) -> list[Fields]:
        members: list[Fields] = [
            {"Event": "QueueMember", "Name": member.name, "Location": member.interface, **member.fields()}
            for member in self.members
        ]
        entries: list[Fields] = [{"Event": "QueueEntry", **entry} for entry in self.waiting]
        return listing("QueueStatus", members + entries)

    def _device_states(self, _: Fields) -> list[Fields]:
        return listing(
            "DeviceStateList",
            [{"Event": "DeviceStateChange", "Device": d, "State": s} for d, s in self.device_states.items()],
        )

    def _queue_add(self, fields: Fields) -> list[Fields]:
        queue, interface = str(fields["Queue"]), str(fields["Interface"])
        if any(m.queue == queue and m.interface == interface for m in self.members):
            return [{"Response": "Error", "Message": "Unable to add interface: Already there"}]
        paused = "1" if fields.get("Paused") in ("1", "true") else "0"
        member = FakeMember(queue, interface, str(fields["MemberName"]), paused)
        self.members.append(member)
        return [
            {"Response": "Success", "Message": "Added interface to queue"},
            {"Event": "QueueMemberAdded", **member.fields()},
        ]

    def _queue_remove(self, fields: Fields) -> list[Fields]:
        for member in self.members:
            if (member.queue, member.interface) == (fields["Queue"], fields["Interface"]):
                self.members.remove(member)
                return [
                    {"Response": "Success", "Message": "Removed interface from queue"},
                    {"Event": "QueueMemberRemoved", **member.fields()},
                ]
        return [{"Response": "Error", "Message": "Unable to remove interface: Not there"}]

    def _queue_pause(self, fields: Fields) -> list[Fields]:
        found = [
            member
            for member in self.members
            if member.interface == fields["Interface"] and fields.get("Queue", member.queue) == member.queue
        ]
        if not found:
            return [{"Response": "Error", "Message": "Interface not found"}]
        for member in found:
            member.paused = "1" if fields["Paused"] in ("1", "true") else "0"
            member.reason = str(fields.get("Reason", ""))
        return [
            {"Response": "Success", "Message": "Interface paused successfully"},
            *({"Event": "QueueMemberPause", **member.fields()} for member in found),
        ]

    def _hangup(self, fields: Fields) -> list[Fields]:
        channel = self.channels.pop(str(fields["Channel"]), None)
        if channel is None:
            return [{"Response": "Error", "Message": "No such channel"}]
        return [
            {"Response": "Success", "Message": "Channel Hungup"},
            {"Event": "SoftHangupRequest", **channel.fields(), "Cause": "16"},
            {"Event": "Hangup", **channel.fields(), "Cause": "16", "Cause-txt": "Normal Clearing"},
        ]


def listing(name: str, entries: list[Fields]) -> list[Fields]:
    """A list answer as Asterisk gives it; its events carry the ActionID."""
    return [
        {"Response": "Success", "EventList": "start", "Message": "List will follow"},
        *({"Tagged": "1", **entry} for entry in entries),
        {"Tagged": "1", "Event": f"{name}Complete", "EventList": "Complete", "ListItems": str(len(entries))},
    ]


def _success(_: Fields) -> list[Fields]:
    return [{"Response": "Success"}]


def _encode(fields: Fields) -> bytes:
    lines = []
    for key, value in fields.items():
        lines += [f"{key}: {item}" for item in (value if isinstance(value, list) else [value])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _decode(block: bytes) -> Fields:
    fields: Fields = {}
    for line in block.decode().split("\r\n"):
        key, colon, value = line.partition(": ")
        if not colon:
            continue
        old = fields.get(key)
        fields[key] = value if old is None else [*(old if isinstance(old, list) else [old]), value]
    return fields

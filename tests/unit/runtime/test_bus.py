from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.bus import BridgeClient, BridgeServer, LocalBus
from runtime.events import CallEnded, Event, SpeechDelayed

NOW = datetime(2025, 11, 14, tzinfo=UTC)


def ended(call_id: str) -> CallEnded:
    return CallEnded(call_id=call_id, outcome="ivr", at=NOW)


async def test_subscribers_get_their_kinds_in_order(bus: LocalBus) -> None:
    heard: list[Event] = []

    async def hear(event: CallEnded) -> None:
        await asyncio.sleep(0)
        heard.append(event)

    bus.subscribe(hear, CallEnded)
    for name in "abc":
        await bus.publish(ended(name))
        await bus.publish(SpeechDelayed(call_id=name, delay_s=1.0))
    await bus.settle()
    assert [event.call_id for event in heard] == ["a", "b", "c"]


async def test_a_failing_subscriber_harms_nobody(bus: LocalBus, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    async def fail(event: CallEnded) -> None:
        raise RuntimeError("broken on purpose")

    async def hear(event: CallEnded) -> None:
        heard.append(event.call_id)

    bus.subscribe(fail, CallEnded)
    bus.subscribe(hear, CallEnded)
    await bus.publish(ended("a"))
    await bus.publish(ended("b"))
    await bus.settle()
    assert heard == ["a", "b"]
    assert "broken on purpose" in caplog.text


async def test_unsubscribe_stops_delivery(bus: LocalBus) -> None:
    heard: list[str] = []

    async def hear(event: CallEnded) -> None:
        heard.append(event.call_id)

    stop = bus.subscribe(hear, CallEnded)
    stop()
    await bus.publish(ended("a"))
    await bus.settle()
    assert heard == []


async def test_closing_waits_for_the_handler_of_one_who_unsubscribed(bus: LocalBus) -> None:
    begun, cleaned = asyncio.Event(), asyncio.Event()

    async def work(_: CallEnded) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            for _turn in range(20):  # as a database connection is handed back
                await asyncio.sleep(0)
            cleaned.set()

    stop = bus.subscribe(work, CallEnded)
    await bus.publish(ended("a"))
    await begun.wait()
    stop()
    assert not cleaned.is_set()
    await bus.close()
    assert cleaned.is_set()


async def test_bridge_carries_events_both_ways_without_echo(bus: LocalBus, tmp_path: Path) -> None:
    server = BridgeServer(bus, tmp_path / "bus.sock")
    await server.start()
    child = BridgeClient(tmp_path / "bus.sock")
    await child.start()
    at_parent: asyncio.Queue[Event] = asyncio.Queue()
    at_child: asyncio.Queue[Event] = asyncio.Queue()
    bus.subscribe(at_parent.put, Event)
    child.subscribe(at_child.put, Event)
    async with asyncio.timeout(30):
        await child.connected.wait()
        await child.publish(ended("from child"))
        assert (await at_child.get()).call_id == "from child"
        assert (await at_parent.get()).call_id == "from child"
        await bus.publish(ended("from parent"))
        assert (await at_parent.get()).call_id == "from parent"
        assert (await at_child.get()).call_id == "from parent"  # and not "from child" once more
    await child.close()
    await server.close()


async def test_child_reconnects_when_the_parent_comes_back(bus: LocalBus, tmp_path: Path) -> None:
    socket = tmp_path / "bus.sock"
    first = BridgeServer(bus, socket)
    await first.start()
    child = BridgeClient(socket, retry_s=0.01)
    await child.start()
    async with asyncio.timeout(30):
        await child.connected.wait()
        await first.close()
        second = BridgeServer(bus, socket)
        await second.start()
        heard: asyncio.Queue[Event] = asyncio.Queue()
        bus.subscribe(heard.put, CallEnded)
        await child.publish(ended("after"))
        assert (await heard.get()).call_id == "after"
    await child.close()
    await second.close()


async def test_garbage_on_the_bridge_is_skipped(bus: LocalBus, tmp_path: Path) -> None:
    server = BridgeServer(bus, tmp_path / "bus.sock")
    await server.start()
    heard: asyncio.Queue[Event] = asyncio.Queue()
    bus.subscribe(heard.put, CallEnded)
    reader, writer = await asyncio.open_unix_connection(tmp_path / "bus.sock")
    writer.write(b"\x00\xffgarbage\n{}\n")
    writer.write(b'{"event":"CallEnded","call_id":"x","outcome":"ivr","at":"2025-11-14T00:00:00Z"}\n')
    async with asyncio.timeout(30):
        assert (await heard.get()).call_id == "x"
    writer.close()
    await writer.wait_closed()
    del reader
    await server.close()

"""The bus between processes over a real nats-server, which is also killed."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from nats.aio.client import Client

from runtime.bus import QUEUE_LIMIT
from runtime.errors import UserError
from runtime.events import CallEnded, ControlDone, Event, SpeechDelayed
from runtime.nats import NatsBus, subject
from runtime.node_bus import NodeBus
from tests.fakes.nats_server import NatsServer, nats_server
from tests.postgres import free_port
from tests.waiting import until

NOW = datetime(2025, 11, 14, tzinfo=UTC)


def ended(call_id: str) -> CallEnded:
    return CallEnded(call_id=call_id, outcome="ivr", at=NOW)


class Ear:
    """Collects the call ids of what a bus brings."""

    def __init__(self, bus: NatsBus) -> None:
        self.ids: list[str] = []
        bus.subscribe(self.hear, CallEnded)

    async def hear(self, event: CallEnded) -> None:
        self.ids.append(event.call_id)


@pytest.fixture
def server() -> Iterator[NatsServer]:
    with nats_server() as running:
        yield running


@pytest.fixture
async def pair(server: NatsServer) -> AsyncIterator[tuple[NatsBus, NatsBus]]:
    """Two processes' buses on one server, quick to come back."""
    async with AsyncExitStack() as stack:
        buses = NatsBus(server.url, retry_s=0.05, gather_s=0.5), NatsBus(server.url, retry_s=0.05, gather_s=0.5)
        for bus in buses:
            await bus.start()
            stack.push_async_callback(bus.close)
        yield buses


async def test_events_cross_in_order_and_never_come_back(pair: tuple[NatsBus, NatsBus]) -> None:
    left, right = pair
    at_left, at_right = Ear(left), Ear(right)
    sent = [str(number) for number in range(500)]
    for name in sent:
        await left.publish(ended(name))
        await left.publish(SpeechDelayed(call_id=name, delay_s=1.0))  # another kind: not asked for
    await until(lambda: len(at_right.ids) == 500, 30, "the events")
    await right.publish(ended("last"))
    await until(lambda: "last" in at_left.ids and "last" in at_right.ids, 30, "the answer")
    assert at_right.ids == [*sent, "last"]
    assert at_left.ids == [*sent, "last"]  # each once: an echo would have come before "last"


async def test_who_has_joined_hears_what_another_says_at_once(server: NatsServer) -> None:
    async with NatsBus(server.url) as speaker:
        for number in range(20):
            async with NatsBus(server.url) as fresh:
                ear = Ear(fresh)
                await speaker.publish(ended(str(number)))
                await until(lambda ear=ear: ear.ids, 30, f"event {number}")  # type: ignore[misc]


async def test_a_dead_server_stops_nobody_and_what_waited_arrives(
    server: NatsServer, pair: tuple[NatsBus, NatsBus], caplog: pytest.LogCaptureFixture
) -> None:
    left, right = pair
    at_left, at_right = Ear(left), Ear(right)
    server.kill()
    await until(lambda: not left.connected.is_set() and not right.connected.is_set(), 30, "the loss")
    for number in range(3):
        await left.publish(ended(f"meanwhile {number}"))
    await until(lambda: len(at_left.ids) == 3, 30, "the local subscribers")
    assert at_right.ids == []
    server.start()
    await until(lambda: len(at_right.ids) == 3, 30, "what waited")
    await right.publish(ended("after"))
    await until(lambda: "after" in at_left.ids, 30, "the way back")
    assert at_right.ids == [*(f"meanwhile {number}" for number in range(3)), "after"]
    lost = [record for record in caplog.records if "NATS is away" in record.message]
    assert len(lost) == 2  # once a bus, not once an attempt


async def test_a_long_absence_forgets_the_oldest_and_stays_within_its_memory(
    server: NatsServer, pair: tuple[NatsBus, NatsBus]
) -> None:
    left, right = pair
    at_right = Ear(right)
    server.kill()
    await until(lambda: not left.connected.is_set() and not right.connected.is_set(), 30, "the loss")
    for number in range(QUEUE_LIMIT + 5):
        await left.publish(ended(str(number)))
    server.start()
    await until(lambda: len(at_right.ids) >= QUEUE_LIMIT, 30, "what was kept")
    assert (at_right.ids[0], at_right.ids[-1]) == ("5", str(QUEUE_LIMIT + 4))


async def test_a_client_that_is_shut_out_joins_anew(pair: tuple[NatsBus, NatsBus]) -> None:
    left, right = pair
    at_right = Ear(right)
    assert left._client is not None
    await left._client.close()  # as nats-py does by itself when the server refuses its log-in
    await until(lambda: not left.connected.is_set(), 30, "the loss")
    await left.publish(ended("a"))
    await until(lambda: at_right.ids == ["a"], 30, "the event of the new client")


async def test_garbage_on_the_subject_is_skipped(server: NatsServer, pair: tuple[NatsBus, NatsBus]) -> None:
    ear = Ear(pair[0])
    stranger = Client()
    await stranger.connect(server.url)
    for rubbish in (b"\x00\xff", b"{}", b"[1]", b'{"event":"CallEnded"}', b'{"event":"Tomorrow","x":1}'):
        await stranger.publish(subject(""), rubbish)
    await stranger.publish(
        subject(""), b'{"event":"CallEnded","call_id":"x","outcome":"ivr","at":"2025-11-14T00:00:00Z","new":1}'
    )
    await until(lambda: ear.ids == ["x"], 30, "the one event")
    await stranger.close()


async def test_a_big_event_crosses_and_one_too_big_is_named_in_the_log(
    pair: tuple[NatsBus, NatsBus], caplog: pytest.LogCaptureFixture
) -> None:
    left, right = pair
    sizes: list[int] = []
    locally: list[Event] = []

    async def hear(event: ControlDone) -> None:
        sizes.append(len(event.result["text"]))

    async def hear_locally(event: Event) -> None:
        locally.append(event)

    right.subscribe(hear, ControlDone)
    left.subscribe(hear_locally, ControlDone)
    with caplog.at_level(logging.ERROR):
        for size in (900_000, 1_200_000, 10):
            await left.publish(ControlDone(request_id="r", ok=True, result={"text": "x" * size}))
        await until(lambda: len(sizes) == 2, 30, "the two that fit")
    assert sizes == [900_000, 10]
    assert len(locally) == 3
    assert "ControlDone is too big for NATS" in caplog.text


async def test_what_waits_is_sent_before_leaving(server: NatsServer, pair: tuple[NatsBus, NatsBus]) -> None:
    ear = Ear(pair[1])
    leaving = NatsBus(server.url)
    await leaving.start()
    for number in range(50):
        await leaving.publish(ended(str(number)))
    await leaving.close()
    await until(lambda: len(ear.ids) == 50, 30, "the farewell")


@pytest.mark.parametrize("url", ["nats://127.0.0.1:{free}", "nats://127.0.0.1:port", "nats://127.0.0.1:{deaf}"])
async def test_a_wrong_address_is_said_plainly(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.nats.CONNECT_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes connections and never says a word
        bus = NatsBus(url.format(free=free_port(), deaf=deaf.getsockname()[1]))
        async with asyncio.timeout(30):
            with pytest.raises(UserError, match="NATS does not answer"):
                await bus.start()


async def test_a_node_hears_its_own_subject_and_nobodys_and_a_desk_hears_all(server: NatsServer) -> None:
    async with (
        NatsBus(server.url, node="city") as city,
        NatsBus(server.url, node="town") as town,
        NatsBus(server.url) as desk,
    ):
        at_city, at_town, at_desk = Ear(city), Ear(town), Ear(desk)
        await NodeBus(town, "town").publish(ended("from town"))
        await desk.publish(ended("to all"))
        await desk.publish(replace(ended("to city"), node="city"))
        await until(lambda: len(at_city.ids) >= 2 and len(at_desk.ids) >= 3, 30, "the events")
        await until(lambda: "to all" in at_town.ids, 30, "what concerns no node")
        assert sorted(at_city.ids) == ["to all", "to city"]
        assert sorted(at_town.ids) == ["from town", "to all"]
        assert sorted(at_desk.ids) == ["from town", "to all", "to city"]

"""The bus as one node sees it."""

from __future__ import annotations

from datetime import UTC, datetime

from runtime.bus import LocalBus
from runtime.events import CallEnded, from_json
from runtime.node_bus import NodeBus

NOW = datetime(2025, 11, 14, tzinfo=UTC)


def ended(call_id: str, node: str = "") -> CallEnded:
    return CallEnded(call_id=call_id, node=node, outcome="ivr", at=NOW)


async def test_a_node_hears_itself_and_what_concerns_no_node_and_signs_what_it_says(bus: LocalBus) -> None:
    one, two = NodeBus(bus, "one"), NodeBus(bus, "two")
    at_one: list[str] = []
    anywhere: list[tuple[str, str]] = []

    async def hear_at_one(event: CallEnded) -> None:
        at_one.append(event.call_id)

    async def hear_all(event: CallEnded) -> None:
        anywhere.append((event.call_id, event.node))

    one.subscribe(hear_at_one, CallEnded)
    bus.subscribe(hear_all, CallEnded)
    await one.publish(ended("a"))
    await two.publish(ended("b"))
    await bus.publish(ended("c"))
    await two.publish(ended("d", node="one"))  # it asks something of the other node
    await bus.settle()
    assert at_one == ["a", "c", "d"]
    assert anywhere == [("a", "one"), ("b", "two"), ("c", ""), ("d", "one")]


def test_a_message_of_an_older_process_names_no_node() -> None:
    event = from_json(b'{"event":"CallEnded","call_id":"x","outcome":"ivr","at":"2025-11-14T00:00:00Z"}')
    assert event == ended("x")

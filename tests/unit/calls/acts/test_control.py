"""Requests and replies: too late is refused, twice is done once, every refusal is a Chinese sentence."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from calls.acts.client import ControlClient, ControlRefused, ControlTimeout
from runtime.bus import LocalBus
from runtime.events import ControlAsked, ControlDone
from tests.fakes.clock import FakeClock
from tests.unit.calls.kit import Room
from tests.waiting import until


async def test_what_comes_too_late_is_refused(calls: Room) -> None:
    await calls.bus.publish(
        ControlAsked(
            request_id="old", actor="8001", action="login", deadline=calls.clock.now() - timedelta(seconds=1)
        )
    )
    done = await calls.wait(ControlDone, request_id="old")
    assert (done.ok, done.error) == (False, "这个操作已经过期，没有执行，请重新操作。")
    assert "8001" not in calls.tracker.roster.agents


async def test_a_request_heard_twice_is_done_once(calls: Room) -> None:
    await calls.talks()
    asked = ControlAsked(
        request_id="twice", actor="8001", action="hangup", deadline=calls.clock.now() + timedelta(seconds=5)
    )
    await calls.bus.publish(asked)
    await calls.bus.publish(asked)
    await calls.wait(ControlDone, request_id="twice")
    await calls.taken()
    assert len(calls.fake.asked("Hangup")) == 1


async def test_no_node_no_reply(bus: LocalBus, clock: FakeClock) -> None:
    client = ControlClient(bus, clock)
    with pytest.raises(ControlTimeout, match="没有及时回应"):
        await client.do("ready", actor="8001", timeout=0.02)
    await client.close()


@pytest.mark.parametrize(
    ("action", "args"),
    [
        ("ready", {}),
        ("hangup", {}),
        ("handoff", {"target": "110"}),
        ("leave", {}),
        ("fly", {}),
        ("login", {"user_id": "root"}),
        ("repair", {"agent": "8999"}),
        ("call_out", {"phone": "110"}),
    ],
)
async def test_refusals_are_sentences_for_a_clerk(calls: Room, action: str, args: dict[str, str]) -> None:
    with pytest.raises(ControlRefused) as refused:
        await calls.client.do(action, actor="8001", timeout=5.0, **args)
    assert re.search(r"[\u4e00-\u9fff]{4}", str(refused.value))


async def test_asterisk_away_is_said_so(calls: Room) -> None:
    await calls.talks()
    calls.fake.on("Hangup", lambda _: [{"Response": "Error", "Message": "No such channel"}])
    with pytest.raises(ControlRefused, match="没有接受"):
        await calls.client.do("hangup", actor="8001")
    await calls.fake.stop()
    await until(lambda: not calls.link.ready)
    with pytest.raises(ControlRefused, match="连接中断"):
        await calls.client.do("hangup", actor="8001")

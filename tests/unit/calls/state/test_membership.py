"""Asterisk's queues as the roster wants them; what one seat is refused is no other seat's matter."""

from __future__ import annotations

import pytest

from tests.fakes.asterisk_ami import Fields
from tests.unit.calls.kit import Room
from tests.waiting import until


async def test_a_refusal_for_one_seat_keeps_no_other_from_its_calls(
    calls: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.state.membership.RETRY_S", 60.0)
    adds = calls.fake._answers["QueueAdd"]

    def add(fields: Fields) -> list[Fields] | None:
        if fields["MemberName"] == "8001":
            return [{"Response": "Error", "Message": "Unable to add interface to queue: No such queue"}]
        return adds(fields)

    calls.fake.on("QueueAdd", add)
    for seat in ("8001", "8002"):
        await calls.client.do("login", actor=seat, user_id=None, queues=["common"])
        await calls.client.do("ready", actor=seat)
    await until(
        lambda: [(m.name, m.paused) for m in calls.fake.members] == [("8002", "0")], 30, "8002 takes calls"
    )
    assert len([asked for asked in calls.fake.asked("QueueAdd") if asked["MemberName"] == "8001"]) == 1


async def test_what_was_refused_is_tried_again(calls: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calls.state.membership.RETRY_S", 0.02)
    adds = calls.fake._answers["QueueAdd"]

    def add(fields: Fields) -> list[Fields] | None:
        if len(calls.fake.asked("QueueAdd")) < 3:
            return [{"Response": "Error", "Message": "Unable to add interface to queue: No such queue"}]
        return adds(fields)

    calls.fake.on("QueueAdd", add)
    await calls.client.do("login", actor="8001", user_id=None, queues=["common"])
    await until(lambda: [m.name for m in calls.fake.members] == ["8001"])

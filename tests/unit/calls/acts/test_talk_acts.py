"""Hand-off, transfer, leaving: the citizen is never alone, nothing rings twice, and what fails is told."""

from __future__ import annotations

import asyncio

import pytest

from calls.acts.client import ControlRefused
from runtime.events import CallEnded, CallRinging, HandoffChanged
from tests.fakes.asterisk_ami import Fields
from tests.unit.calls.kit import AGENT, CALL, CITIZEN, Room, joins, originates, unique
from tests.waiting import until


async def test_handoff_moves_both_and_calls_with_the_citizens_number(calls: Room) -> None:
    await calls.talks()
    joins(calls)
    originates(calls, answered=True)
    await calls.client.do("handoff", actor="8001", target="110", place="白霓镇", summary="打架")
    await calls.wait(HandoffChanged, status="accepted")
    moved, called = calls.fake.asked("Redirect")[0], calls.fake.asked("Originate")[0]
    assert (moved["Channel"], moved["ExtraChannel"], moved["Context"]) == (CITIZEN, AGENT, "handoff")
    assert (called["Channel"], called["Exten"]) == ("PJSIP/110@trunk", moved["Exten"])
    assert called["CallerID"] == '"白霓镇" <13912345678>'
    await calls.client.do("leave", actor="8001")
    await calls.wait(HandoffChanged, status="completed")


async def test_only_emergency_numbers_and_other_hotlines_are_handed_to(calls: Room) -> None:
    await calls.talks()
    for target in ("114", "13912345678", "110@evil", "110\r\nX: 1", "", "09912345678", "036012345"):
        with pytest.raises(ControlRefused, match="只能转接"):
            await calls.client.do("handoff", actor="8001", target=target)
    assert not calls.fake.asked("Originate")


async def test_another_city_s_hotline_is_called_by_its_name(calls: Room) -> None:
    await calls.talks()
    joins(calls)
    originates(calls, answered=True)
    await calls.client.do("handoff", actor="8001", target="02712345", summary="武汉的公交线路")
    accepted = await calls.wait(HandoffChanged, status="accepted")
    assert (accepted.target, accepted.name) == ("02712345", "武汉市12345")
    assert calls.fake.asked("Originate")[0]["Channel"] == "PJSIP/02712345@trunk"
    await calls.client.do("leave", actor="8001")
    await calls.wait(HandoffChanged, status="completed")


async def test_no_answer_is_told_and_leaving_is_refused(calls: Room) -> None:
    await calls.talks()
    joins(calls)
    originates(calls, answered=False)
    await calls.client.do("handoff", actor="8001", target="120")
    await calls.wait(HandoffChanged, status="no_answer")
    with pytest.raises(ControlRefused, match="尚未接听"):
        await calls.client.do("leave", actor="8001")


@pytest.mark.parametrize("cause_first", [True, False])
async def test_busy_is_told_as_busy_however_asterisk_orders_its_events(calls: Room, cause_first: bool) -> None:
    await calls.talks()
    joins(calls)
    leg = "PJSIP/trunk-00000007"

    def originate(fields: Fields) -> list[Fields]:
        calls.emit("VarSet", leg, Linkedid="17.7", ChanVariable=[f"CALL_ID={CALL}", "HOTLINE_ROLE=emergency:110"])
        if cause_first:
            calls.emit("Hangup", leg, Cause="17")
        ended: Fields = {"Event": "OriginateResponse", "Tagged": "1", "Response": "Failure", "Reason": "1"}
        return [{"Response": "Success", "Message": "Originate successfully queued"}, ended]

    calls.fake.on("Originate", originate)
    await calls.client.do("handoff", actor="8001", target="110")
    if not cause_first:
        await until(lambda: calls.fake.asked("Originate"))
        await calls.link.do("Ping")  # the end of the attempt has been taken in
        calls.emit("Hangup", leg, Cause="17")
    failed = await calls.wait(HandoffChanged, status="failed")
    assert failed.reason == "busy"


async def test_a_redirect_that_does_not_come_about_is_told(calls: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calls.acts.conference.GATHER_S", 0.05)
    await calls.talks()
    with pytest.raises(ControlRefused, match="没有建立成功"):
        await calls.client.do("handoff", actor="8001", target="110")
    assert not calls.fake.asked("Originate")


async def test_handoff_works_while_the_database_is_away(calls: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await calls.talks()
    joins(calls)
    originates(calls, answered=True)

    def away() -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(calls.conference, "_sessions", type("Away", (), {"begin": staticmethod(away)})())
    await calls.client.do("handoff", actor="8001", target="110")
    assert (await calls.wait(HandoffChanged, status="accepted")).handoff_id == 0


async def test_a_hand_off_asked_for_twice_at_once_rings_once(calls: Room) -> None:
    await calls.talks()
    joins(calls)
    originates(calls, answered=True)
    asked = [calls.client.do("handoff", actor="8001", target=target, timeout=5.0) for target in ("110", "120")]
    one, other = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(one, dict) and one["target"] == "110"
    assert isinstance(other, ControlRefused) and "请稍候" in str(other)
    await calls.wait(HandoffChanged, status="accepted")
    assert len(calls.fake.asked("Originate")) == 1


async def test_a_page_reloaded_twice_finds_its_citizen_still_there(calls: Room) -> None:
    """The second wish ends the first ring; that end must not send the citizen back to the queue."""
    await calls.talks()
    joins(calls)
    legs = ["PJSIP/8001-00000021", "PJSIP/8001-00000022"]

    def originate(fields: Fields) -> list[Fields]:
        if len(calls.fake.asked("Originate")) == 1:
            rings(legs[0])
        return [{"Response": "Success", "Message": "Originate successfully queued"}]

    def rings(leg: str) -> None:
        variables = [f"CALL_ID={CALL}", "HOTLINE_ROLE=agent:8001"]
        calls.emit("VarSet", leg, Linkedid=unique(leg), ChanVariable=variables)

    def ends(number: int, leg: str, response: str) -> None:
        action_id = str(calls.fake.asked("Originate")[number]["ActionID"])
        fields = {"Response": response, "Reason": "4" if response == "Success" else "0", "ActionID": action_id}
        calls.emit("OriginateResponse", leg, **fields)

    def hangup(fields: Fields) -> list[Fields]:
        calls.hangs_up(str(fields["Channel"]))
        return [{"Response": "Success"}]

    calls.fake.on("Originate", originate)
    calls.fake.on("Hangup", hangup)
    first = asyncio.create_task(calls.client.do("rejoin", actor="8001", timeout=30))
    await until(lambda: len(calls.heard(CallRinging)) == 2)
    calls.hangs_up(AGENT)
    second = asyncio.create_task(calls.client.do("rejoin", actor="8001", timeout=30))
    await until(lambda: len(calls.fake.asked("Originate")) == 2)
    ends(0, legs[0], "Failure")
    with pytest.raises(ControlRefused, match="没有接通"):
        await first
    rings(legs[1])
    calls.emit("ConfbridgeJoin", legs[1], Conference="1")
    ends(1, legs[1], "Success")
    assert await second == {"call_id": CALL}
    assert [asked["Context"] for asked in calls.fake.asked("Redirect")] == ["handoff"]
    assert calls.tracker.roster.agents["8001"].state == "talking"


async def test_nobody_is_rung_for_a_citizen_who_has_gone(calls: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await calls.talks()
    joins(calls)

    async def insert(*_: object) -> int:
        calls.hangs_up()
        await calls.wait(CallEnded)
        return 1

    monkeypatch.setattr(calls.conference, "_insert", insert)
    with pytest.raises(ControlRefused, match="市民已经挂机"):
        await calls.client.do("handoff", actor="8001", target="110", timeout=30)
    assert not calls.fake.asked("Originate")


@pytest.mark.parametrize("given_up", ["citizen", "agent"])
async def test_who_answers_what_was_given_up_does_not_wait_alone(calls: Room, given_up: str) -> None:
    """Given up in the moment between the order to ring and the first sign of the channel."""
    await calls.talks()
    joins(calls)
    leg = "PJSIP/trunk-00000007"
    calls.fake.on("Originate", lambda _: [{"Response": "Success", "Message": "Originate successfully queued"}])
    await calls.client.do("handoff", actor="8001", target="110")
    await until(lambda: calls.fake.asked("Originate"))
    if given_up == "citizen":
        calls.hangs_up()
    else:
        await calls.client.do("handoff_cancel", actor="8001")
    await calls.wait(HandoffChanged, status="cancelled")
    calls.emit("VarSet", leg, Linkedid="17.7", ChanVariable=[f"CALL_ID={CALL}", "HOTLINE_ROLE=emergency:110"])
    calls.emit("ConfbridgeJoin", leg, Conference="1")
    action_id = str(calls.fake.asked("Originate")[0]["ActionID"])
    calls.emit("OriginateResponse", leg, Response="Success", Reason="4", ActionID=action_id)
    await until(lambda: leg in [asked["Channel"] for asked in calls.fake.asked("Hangup")])
    assert not calls.heard(HandoffChanged, status="accepted")

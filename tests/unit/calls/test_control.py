"""Requests and replies: too late is refused, twice is done once, every refusal is a Chinese sentence."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from calls.client import ControlClient, ControlRefused, ControlTimeout
from hotline.bus import LocalBus
from hotline.events import AgentStateChanged, CallAnswered, ControlAsked, ControlDone, HandoffChanged
from tests.fakes.asterisk_ami import Fields
from tests.fakes.clock import FakeClock
from tests.unit.calls.kit import AGENT, CITIZEN, Room
from tests.waiting import until


async def on_a_call(calls: Room) -> None:
    await calls.sits()
    calls.arrives()
    calls.queues()
    calls.rings()
    calls.connects()
    await calls.wait(CallAnswered)


def joins(calls: Room) -> None:
    """Make Redirect bring both channels into the conference, as Asterisk would."""

    def redirect(fields: Fields) -> list[Fields]:
        for channel in (str(fields["Channel"]), str(fields.get("ExtraChannel", ""))):
            if channel:
                calls.emit("ConfbridgeJoin", channel, Conference=str(fields["Exten"]))
        return [{"Response": "Success"}]

    calls.fake.on("Redirect", redirect)


def originates(calls: Room, *, answered: bool) -> None:
    leg = "PJSIP/trunk-00000007"

    def originate(fields: Fields) -> list[Fields]:
        role, call_id = (str(v).partition("=")[2] for v in list(fields["Variable"])[:2])
        calls.emit("VarSet", leg, Linkedid="17.7", ChanVariable=[f"CALL_ID={call_id}", f"HOTLINE_ROLE={role}"])
        if answered:
            calls.emit("ConfbridgeJoin", leg, Conference=str(fields["Exten"]))
        else:
            calls.emit("Hangup", leg, Cause="19")
        ended = {"Response": "Success" if answered else "Failure", "Reason": "4" if answered else "3"}
        return [
            {"Response": "Success", "Message": "Originate successfully queued"},
            {"Event": "OriginateResponse", "Tagged": "1", "Channel": leg, "Uniqueid": "17.7", **ended},
        ]

    calls.fake.on("Originate", originate)


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
    await on_a_call(calls)
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


async def test_a_seat_that_does_not_exist(calls: Room) -> None:
    with pytest.raises(ControlRefused, match="没有这个坐席号"):
        await calls.client.do("login", actor="9999\r\nAction: Originate")


async def test_not_ready_needs_a_known_reason(calls: Room) -> None:
    await calls.sits()
    with pytest.raises(ControlRefused, match="原因"):
        await calls.client.do("not_ready", actor="8001", reason="asleep")
    await calls.client.do("not_ready", actor="8001", reason="meal")
    await calls.wait(AgentStateChanged, state="not_ready", reason="meal")
    await until(lambda: [(m.paused, m.reason) for m in calls.fake.members] == [("1", "meal")])


async def test_ready_is_refused_without_a_microphone(calls: Room) -> None:
    await calls.client.do("login", actor="8001", queues=["common"])
    await calls.client.do("heartbeat", actor="8001", sip_registered=True, mic_ok=False)
    with pytest.raises(ControlRefused, match="麦克风"):
        await calls.client.do("ready", actor="8001")


async def test_asterisk_away_is_said_so(calls: Room) -> None:
    await on_a_call(calls)
    calls.fake.on("Hangup", lambda _: [{"Response": "Error", "Message": "No such channel"}])
    with pytest.raises(ControlRefused, match="没有接受"):
        await calls.client.do("hangup", actor="8001")
    await calls.fake.stop()
    await until(lambda: not calls.link.ready)
    with pytest.raises(ControlRefused, match="连接中断"):
        await calls.client.do("hangup", actor="8001")


async def test_handoff_moves_both_and_calls_with_the_citizens_number(calls: Room) -> None:
    await on_a_call(calls)
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
    await on_a_call(calls)
    for target in ("114", "13912345678", "110@evil", "110\r\nX: 1", "", "09912345678", "036012345"):
        with pytest.raises(ControlRefused, match="只能转接"):
            await calls.client.do("handoff", actor="8001", target=target)
    assert not calls.fake.asked("Originate")


async def test_another_city_s_hotline_is_called_by_its_name(calls: Room) -> None:
    await on_a_call(calls)
    joins(calls)
    originates(calls, answered=True)
    await calls.client.do("handoff", actor="8001", target="02712345", summary="武汉的公交线路")
    accepted = await calls.wait(HandoffChanged, status="accepted")
    assert (accepted.target, accepted.name) == ("02712345", "武汉市12345")
    assert calls.fake.asked("Originate")[0]["Channel"] == "PJSIP/02712345@trunk"
    await calls.client.do("leave", actor="8001")
    await calls.wait(HandoffChanged, status="completed")


async def test_no_answer_is_told_and_leaving_is_refused(calls: Room) -> None:
    await on_a_call(calls)
    joins(calls)
    originates(calls, answered=False)
    await calls.client.do("handoff", actor="8001", target="120")
    await calls.wait(HandoffChanged, status="no_answer")
    with pytest.raises(ControlRefused, match="尚未接听"):
        await calls.client.do("leave", actor="8001")


async def test_a_redirect_that_does_not_come_about_is_told(calls: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calls.conference.GATHER_S", 0.05)
    await on_a_call(calls)
    with pytest.raises(ControlRefused, match="没有建立成功"):
        await calls.client.do("handoff", actor="8001", target="110")
    assert not calls.fake.asked("Originate")


async def test_handoff_works_while_the_database_is_away(calls: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await on_a_call(calls)
    joins(calls)
    originates(calls, answered=True)

    def away() -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(calls.conference, "_sessions", type("Away", (), {"begin": staticmethod(away)})())
    await calls.client.do("handoff", actor="8001", target="110")
    assert (await calls.wait(HandoffChanged, status="accepted")).handoff_id == 0


async def test_one_account_sits_at_one_seat(calls: Room) -> None:
    def sit(at: object) -> None:
        calls.tracker.roster.seat("8001", calls.clock.now()).user_id = 7
        calls.tracker.roster.agents["8001"].state = type(calls.tracker.roster.agents["8001"].state).READY

    await calls.tracker.call(sit)
    with pytest.raises(ControlRefused, match="已经在坐席 8001 签入"):
        await calls.client.do("login", actor="8002", user_id=7, queues=["common"])
    with pytest.raises(ControlRefused, match="正由其他人使用"):
        await calls.client.do("login", actor="8001", user_id=8, queues=["common"])


async def test_repair_frees_a_seat_that_hangs(calls: Room) -> None:
    await on_a_call(calls)
    del calls.fake.channels[AGENT]
    view = await calls.client.do("repair", actor="zhuguan", agent="8001")
    assert (view["state"], view["reason"]) == ("not_ready", "repaired")


async def test_a_page_that_was_given_up_is_taken_back_by_its_heartbeat(calls: Room) -> None:
    await calls.sits()
    calls.clock.move(seconds=700)
    for state in ("not_ready", "offline"):
        await calls.tracker.call(calls.tracker.tick)
        await calls.wait(AgentStateChanged, state=state, reason="lost")
    await until(lambda: not calls.tracker.membership.actual, 3, "nobody in the queue")
    view = await calls.client.do("heartbeat", actor="8001", sip_registered=True, mic_ok=True)
    assert (view["state"], view["reason"]) == ("not_ready", "login")
    await calls.client.do("logout", actor="8001")
    with pytest.raises(ControlRefused, match="尚未签入"):
        await calls.client.do("heartbeat", actor="8001", sip_registered=True, mic_ok=True)


async def test_a_hand_off_asked_for_twice_at_once_rings_once(calls: Room) -> None:
    await on_a_call(calls)
    joins(calls)
    originates(calls, answered=True)
    asked = [calls.client.do("handoff", actor="8001", target=target, timeout=5.0) for target in ("110", "120")]
    one, other = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(one, dict) and one["target"] == "110"
    assert isinstance(other, ControlRefused) and "请稍候" in str(other)
    await calls.wait(HandoffChanged, status="accepted")
    assert len(calls.fake.asked("Originate")) == 1

"""Signing in, being ready, being repaired: who may, and how the refusal is told."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from calls.acts.client import ControlRefused
from db.models import AgentStateLog
from runtime.events import AgentStateChanged
from runtime.secretfile import sip_password
from tests.unit.calls.kit import AGENT, Room
from tests.waiting import until


async def test_a_seat_that_does_not_exist(calls: Room) -> None:
    with pytest.raises(ControlRefused, match="没有这个坐席号"):
        await calls.client.do("login", actor="9999\r\nAction: Originate")


async def test_a_desk_elsewhere_is_told_the_softphone_s_password_of_a_seat_that_there_is(calls: Room) -> None:
    told = await calls.client.do("softphone", actor="8001")
    assert told == {"password": sip_password(calls.tracker.settings.secrets_dir, "8001")}
    with pytest.raises(ControlRefused, match="没有这个坐席号"):
        await calls.client.do("softphone", actor="8001/../x")


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
    await calls.talks()
    del calls.fake.channels[AGENT]
    view = await calls.client.do("repair", actor="zhuguan", agent="8001")
    assert (view["state"], view["reason"]) == ("not_ready", "repaired")


async def test_a_page_that_was_given_up_is_taken_back_by_its_heartbeat(calls: Room) -> None:
    await calls.sits()
    calls.clock.move(seconds=700)
    for state in ("not_ready", "offline"):
        await calls.tracker.call(calls.tracker.tick)
        await calls.wait(AgentStateChanged, state=state, reason="lost")
    await until(lambda: not calls.tracker.membership.actual, 30, "nobody in the queue")
    view = await calls.client.do("heartbeat", actor="8001", sip_registered=True, mic_ok=True)
    assert (view["state"], view["reason"]) == ("not_ready", "login")
    await calls.client.do("logout", actor="8001")
    with pytest.raises(ControlRefused, match="尚未签入"):
        await calls.client.do("heartbeat", actor="8001", sip_registered=True, mic_ok=True)


async def test_a_new_reason_is_a_line_of_its_own_in_the_agent_s_day(calls: Room) -> None:
    await calls.sits()
    await calls.client.do("not_ready", actor="8001", reason="break")
    broke_off = calls.clock.now()
    calls.clock.move(seconds=600)
    await calls.client.do("not_ready", actor="8001", reason="meal")
    calls.clock.move(seconds=1800)
    await calls.client.do("logout", actor="8001")
    async with calls.sessions() as session:
        rows = (await session.scalars(select(AgentStateLog).order_by(AgentStateLog.id))).all()
    away = {row.reason: row for row in rows if row.state == "not_ready"}
    assert away["break"].since == broke_off
    lasted = {reason: (row.until - row.since).total_seconds() for reason, row in away.items() if row.until}
    assert (lasted["break"], lasted["meal"]) == (600, 1800)

"""What the desk asks of the database, on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, true

from agent_desk.account.login import check_login
from agent_desk.admin.account_form import Filter
from agent_desk.admin.accounts import wanted_accounts
from agent_desk.admin.pages import health
from agent_desk.agents.caller_cards import CallerCards
from agent_desk.agents.snapshot import desk_state
from agent_desk.agents.todo import desk_todo
from agent_desk.floor.feed import FloorFeed
from agent_desk.live.hub import LiveHub
from agent_desk.web.lockout import FAILURES_ALLOWED
from agent_desk.web.services import DeskServices
from agent_desk.web.web_sessions import WebSessions
from db.models import User
from db.seed import load_demo
from db.session import Sessions
from kb.index import KnowledgeIndex
from runtime.bus import LocalBus
from runtime.settings import Settings
from tests.fakes.clock import FakeClock
from tests.fakes.desk_control import FakeControl
from tests.fakes.desk_feed import DeskFeed
from tests.fakes.desk_seed import HASH, PASSWORD
from tests.fakes.desk_talks import manhole_call
from tickets.actor import Actor
from tickets.desk import TicketDesk
from tickets.fields import TicketFields
from tickets.reading.lists import counts, list_tickets


@pytest.fixture
async def services(settings: Settings, sessions: Sessions, bus: LocalBus, clock: FakeClock) -> DeskServices:
    async with sessions.begin() as session:
        await load_demo(session, clock.now())
        for user in await session.scalars(select(User)):
            user.password_hash = HASH
    return DeskServices(
        settings=settings,
        sessions=sessions,
        bus=bus,
        clock=clock,
        control=FakeControl(sessions, bus, clock),
        tickets=TicketDesk(sessions, bus, clock),
        kb=KnowledgeIndex(sessions, clock=clock),
    )


def hub(desk: DeskServices) -> LiveHub:
    """As of a desk that was just started."""
    return LiveHub(desk.bus, desk.sessions, desk.clock, desk.control, CallerCards(desk.sessions, desk.clock))


async def test_log_in_lock_out_and_sessions(services: DeskServices, clock: FakeClock) -> None:
    for _ in range(FAILURES_ALLOWED):
        user, error = await check_login(services, "agent1", "wrong", "")
    assert user is None and "锁定" in error
    clock.move(minutes=16)
    user, _ = await check_login(services, "agent1", PASSWORD, "")
    assert user is not None
    browsers = WebSessions(services.sessions, clock)
    token = await browsers.open(user.id, address="", agent="")
    found = await browsers.find(token)
    assert found is not None and found.login == "agent1" and found.unit_name
    clock.move(hours=13)
    assert await browsers.find(token) is None


async def test_a_whole_call_is_read_back(services: DeskServices, clock: FakeClock) -> None:
    control = services.control
    assert isinstance(control, FakeControl)
    async with services.sessions() as session:
        user = (await session.scalars(select(User).where(User.login == "agent1"))).one()
    await control.do("login", actor="8001", user_id=user.id, queues=["common"])
    feed = DeskFeed(control, services.sessions, services.bus, clock)
    await manhole_call(feed)
    browsers = WebSessions(services.sessions, clock)
    who = await browsers.find(await browsers.open(user.id, address="", agent=""))
    assert who is not None
    state = await desk_state(services, hub(services), who)
    assert state["call"]["state"] == "talking" and len(state["utterances"]) == 6
    assert state["draft"]["suggestions"]["category_code"][0]["value"] == "1106"
    board = FloorFeed(services.bus, services.sessions, services.clock, hub(services))
    await board.start()
    await board.ready.wait()
    await board.close()
    assert [call["agent"] for call in board.now()["calls"].values()] == ["王丽"]
    assert board.now()["seats"]["8001"]["caller"] == "139****5678"
    todo = await desk_todo(services, who)
    assert todo["today"]["answered"] == 1


async def test_lists_search_and_count(services: DeskServices, clock: FakeClock) -> None:
    actor = Actor(1, "王丽", frozenset({"AGENT"}))
    fields = TicketFields(
        appeal_type="HELP",
        category_code="1106",
        title="井盖100%损坏",
        content="白霓镇文化路井盖损坏，昨晚有老人摔倒。",
        demand="尽快维修",
        appellant_name="陈先生",
        phone="13912345678",
        occurred_text="昨天",
        place_text="文化路",
    )
    await services.tickets.open_ticket(actor, fields)
    async with services.sessions() as session:
        rows, total = await list_tickets(session, true(), text="100%", now=clock.now())
        nothing, _ = await list_tickets(session, true(), text="100_", now=clock.now())
        assert await counts(session, true()) == {"REGISTERED": 1}
    assert (total, rows[0].clock, nothing) == (1, "分流", [])
    assert {part.part for part in health(services, hub(services), articles=0)} >= {"数据库", "磁盘"}


async def test_accounts_are_found_by_role_text_and_state(services: DeskServices, clock: FakeClock) -> None:
    async def found(**wanted: Any) -> set[str]:
        async with services.sessions() as session:
            where = wanted_accounts(Filter(**wanted), clock.now())
            return set(await session.scalars(select(User.login).where(*where)))

    assert await found(role="AGENT") == {"agent1", "agent2", "agent3", "lead"}
    assert await found(role="ADMIN", q="ADM") == {"admin"}
    assert await found(state="locked") == set() and "agent1" in await found(state="open")

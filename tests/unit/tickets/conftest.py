"""A small centre for the ticket room: three units, a few categories, people of each kind, one call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from db.models import Article, Call, Category, Jurisdiction, Region, Unit, User
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.events import TicketChanged
from tests.demo_city import demo_lexicon
from tests.fakes.clock import FakeClock
from tickets.actor import Actor
from tickets.desk import TicketDesk
from tickets.drafting.drafter import Drafter
from tickets.drafting.lexicon import Lexicon
from tickets.fields import TicketFields

CALL = "01936f5e-0000-7000-8000-000000000001"
CALLER = "13586427903"


@dataclass
class Centre:
    """Everything a test of the desk needs."""

    sessions: Sessions
    desk: TicketDesk
    clock: FakeClock
    bus: LocalBus
    changes: list[TicketChanged]
    agent: Actor
    other_agent: Actor
    liaison: Actor
    other_liaison: Actor
    reviewer: Actor
    dispatcher: Actor
    head: Actor
    """Head of dispatching."""
    unit_head: Actor
    other_unit_head: Actor
    follow_up: Actor
    petition: Actor
    urban: int
    labour: int
    emergency: int


def lamp_fields(**changes: Any) -> TicketFields:
    """A complete complaint about a street lamp."""
    values: dict[str, Any] = {
        "appeal_type": "HELP",
        "category_code": "1106",
        "title": "反映白泉村路灯不亮问题",
        "content": "天城镇白泉村村口到小学一段路灯从上周三起全部不亮。",
        "demand": "希望尽快派人维修。",
        "appellant_name": "陈建华",
        "phone": CALLER,
        "occurred_text": "上周三",
        "place_text": "天城镇白泉村",
        "region_code": "421223100200",
    }
    return TicketFields.parse(values | changes)


async def add_call(sessions: Sessions, call_id: str, now: datetime, **values: Any) -> None:
    async with sessions.begin() as session:
        session.add(Call(id=call_id, **({"caller": CALLER, "started_at": now} | values)))


async def _people(sessions: Sessions, now: datetime) -> dict[str, int]:
    async with sessions.begin() as session:
        county = Jurisdiction(code="421223", name="崇阳县", level=3)
        session.add(county)
        session.add(Category(code="11", name="城市管理", key="l11", procedure="NONE"))
        session.add(Category(code="25", name="转介", key="l25", procedure="NONE"))
        await session.flush()
        for code, name, procedure in (
            ("1106", "路灯、井盖", "SIMPLE"),
            ("1102", "违法建设", "ORDINARY"),
            ("1109", "园林绿化、公园", "IMMEDIATE"),
        ):
            session.add(Category(code=code, parent_code="11", name=name, key=code, procedure=procedure))
        session.add(Category(code="2501", parent_code="25", name="紧急求助", key="2501", procedure="NONE"))
        session.add(Region(code="421223100200", name="白泉村", kind="village", full_name="崇阳县天城镇白泉村"))
        units = {
            code: Unit(code=code, name=name, short_name=name, kind=kind, jurisdiction_id=county.id)
            for code, name, kind in (
                ("urban", "城管局", "DEPARTMENT"),
                ("labour", "人社局", "DEPARTMENT"),
                ("e110", "110", "EMERGENCY"),
                ("centre", "12345中心", "CENTRE"),
            )
        }
        session.add_all(units.values())
        await session.flush()
        users = {}
        for login, unit in (
            ("agent1", None), ("agent2", None), ("urban", "urban"), ("labour", "labour"),
            ("reviewer", None), ("dispatcher", None), ("urbanhead", "urban"), ("labourhead", "labour"),
            ("head", None), ("followup", None), ("petition", None),
        ):  # fmt: skip
            users[login] = User(
                login=login,
                name=f"{login}员",
                password_hash="-",
                created_at=now,
                jurisdiction_id=county.id,
                unit_id=units[unit].id if unit else None,
            )
        session.add_all(users.values())
        session.add(
            Article(
                id="lamp",
                title="路灯报修",
                category_code="1106",
                owner="城管局",
                short_answer="请报修",
                body="",
                updated_at=now,
            )
        )
        await session.flush()
        return {f"unit:{code}": u.id for code, u in units.items()} | {k: u.id for k, u in users.items()}


async def build_centre(sessions: Sessions, clock: FakeClock, bus: LocalBus) -> Centre:
    """The people and units, on a database that has tables and nothing else."""
    ids = await _people(sessions, clock.now())
    await add_call(sessions, CALL, clock.now(), agent_user_id=ids["agent1"])

    def actor(login: str, role: str, unit: str = "") -> Actor:
        return Actor(ids[login], f"{login}员", frozenset({role}), ids.get(f"unit:{unit}"))

    return Centre(
        sessions=sessions,
        desk=TicketDesk(sessions, bus, clock),
        clock=clock,
        bus=bus,
        changes=[],
        agent=actor("agent1", "AGENT"),
        other_agent=actor("agent2", "AGENT"),
        liaison=actor("urban", "UNIT_LIAISON", "urban"),
        other_liaison=actor("labour", "UNIT_LIAISON", "labour"),
        reviewer=actor("reviewer", "REVIEWER"),
        dispatcher=actor("dispatcher", "DISPATCHER"),
        head=actor("head", "DISPATCH_HEAD"),
        unit_head=actor("urbanhead", "UNIT_HEAD", "urban"),
        other_unit_head=actor("labourhead", "UNIT_HEAD", "labour"),
        follow_up=actor("followup", "FOLLOWUP"),
        petition=actor("petition", "SUPERVISOR_XF"),
        urban=ids["unit:urban"],
        labour=ids["unit:labour"],
        emergency=ids["unit:e110"],
    )


@pytest.fixture
async def centre(sessions: Sessions, clock: FakeClock, bus: LocalBus) -> AsyncIterator[Centre]:
    made = await build_centre(sessions, clock, bus)

    async def note(event: TicketChanged) -> None:
        made.changes.append(event)

    unsubscribe = bus.subscribe(note, TicketChanged)
    yield made
    unsubscribe()


def with_roles(actor: Actor, *roles: str) -> Actor:
    return replace(actor, roles=frozenset(roles))


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    """The demo city's word lists, read once."""
    return asyncio.run(demo_lexicon())[0]


@pytest.fixture(scope="session")
def drafter(lexicon: Lexicon) -> Drafter:
    return Drafter(lexicon)

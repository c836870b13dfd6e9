"""A centre with a unit, an administrator and an agent, on both databases."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from db.models import AuditEvent, Jurisdiction, Unit, User
from db.session import Sessions
from tests.fakes.clock import FakeClock
from tickets.actor import Actor

SEATS = 3


@dataclass
class House:
    """The installation, and who changes it."""

    sessions: Sessions
    clock: FakeClock
    admin: Actor
    agent_id: int
    centre_id: int
    urban_id: int

    async def user(self, login: str) -> User:
        async with self.sessions() as session:
            return (await session.scalars(select(User).where(User.login == login))).one()

    async def trail(self) -> list[AuditEvent]:
        async with self.sessions() as session:
            return list(await session.scalars(select(AuditEvent).order_by(AuditEvent.id)))


@pytest.fixture
async def house(sessions: Sessions, clock: FakeClock) -> House:
    async with sessions.begin() as session:
        here = Jurisdiction(code="000000", name="本地", level=3)
        session.add(here)
        await session.flush()
        centre = Unit(
            code="centre", jurisdiction_id=here.id, name="热线中心", short_name="热线中心", kind="CENTRE"
        )
        urban = Unit(code="urban", jurisdiction_id=here.id, name="县城市管理局", short_name="城管局")
        session.add_all([centre, urban])
        await session.flush()
        admin = User(
            login="admin",
            name="管理员",
            password_hash="x",
            roles=["ADMIN"],
            unit_id=centre.id,
            created_at=clock.now(),
        )
        agent = User(
            login="agent1",
            name="王丽",
            password_hash="x",
            roles=["AGENT"],
            unit_id=centre.id,
            extension="8001",
            agent_no="8001",
            skills=["common"],
            created_at=clock.now(),
        )
        session.add_all([admin, agent])
        await session.flush()
        who = Actor(admin.id, admin.name, frozenset(admin.roles), unit_id=centre.id)
        return House(sessions, clock, who, agent.id, centre.id, urban.id)

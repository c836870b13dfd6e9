from __future__ import annotations

from sqlalchemy import func, select

from db.models import Category, Region, Unit, User
from db.seed import load_categories, load_centre, load_demo
from db.session import Sessions
from tests.fakes.clock import FakeClock
from tickets.life.intake import own_jurisdiction

BY_PLACE = "乡镇街道"
"""In the category table this stands for the town of the place."""
OUTSIDE = {"场所主管部门", "权属单位"}
"""Whoever owns the place or the thing: decided by the dispatcher."""


async def count_rows(sessions: Sessions) -> list[int | None]:
    async with sessions() as session:
        return [await session.scalar(select(func.count()).select_from(t)) for t in (Category, Region, Unit)]


async def test_loading_twice_changes_nothing_and_keeps_passwords(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        made = await load_demo(session, clock.now())
    assert {account.login for account in made} >= {"agent1", "urban", "admin"}
    async with sessions() as session:
        before = {user.login: user.password_hash for user in await session.scalars(select(User))}
        counts = [
            await session.scalar(select(func.count()).select_from(table)) for table in (Category, Region, Unit)
        ]
    async with sessions.begin() as session:
        assert await load_demo(session, clock.now()) == []
    async with sessions() as session:
        assert {user.login: user.password_hash for user in await session.scalars(select(User))} == before
        again = [
            await session.scalar(select(func.count()).select_from(table)) for table in (Category, Region, Unit)
        ]
    assert again == counts


async def test_the_category_table_has_140_leaves(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        assert await load_categories(session) == 140


async def test_each_lead_department_is_a_unit_of_the_demo_county(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        await load_demo(session, clock.now())
        known = {BY_PLACE, *OUTSIDE}
        for unit in await session.scalars(select(Unit)):
            known |= {unit.short_name, *unit.aliases}
        for category in await session.scalars(select(Category)):
            for name in filter(None, [category.lead, *category.also]):
                assert name in known, f"{category.code} {category.name}: {name}"


async def test_the_towns_of_the_demo_county_are_there(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        await load_demo(session, clock.now())
        towns = set(await session.scalars(select(Region.name).where(Region.kind.in_(("town", "township")))))
        village = await session.scalar(select(Region).where(Region.name == "白泉村"))
    assert towns == {
        *("天城镇", "沙坪镇", "石城镇", "桂花泉镇", "白霓镇", "路口镇"),
        *("金塘镇", "青山镇", "肖岭乡", "铜钟乡", "港口乡", "高枧乡"),
    }
    assert village is not None
    assert village.full_name == "湖北省咸宁市崇阳县天城镇白泉村"


async def test_without_the_demo_county_there_is_the_centre_alone(sessions: Sessions) -> None:
    for _ in range(2):
        async with sessions.begin() as session:
            await load_centre(session)
    async with sessions() as session:
        centre = (await session.scalars(select(Unit))).one()
        assert (centre.code, centre.kind) == ("centre", "CENTRE")
        assert await own_jurisdiction(session) == centre.jurisdiction_id


async def test_the_demo_county_has_one_centre_also_where_it_is_loaded_later(
    sessions: Sessions, clock: FakeClock
) -> None:
    async with sessions.begin() as session:
        await load_centre(session)
    async with sessions.begin() as session:
        await load_demo(session, clock.now())
        await load_centre(session)
    async with sessions() as session:
        assert (await session.scalars(select(Unit).where(Unit.kind == "CENTRE"))).one().code == "centre"

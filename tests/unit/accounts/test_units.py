from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from accounts.errors import Fault, Refusal
from accounts.tree import branches
from accounts.units import UnitDetails, add, close, edit, move, reopen
from db.models import AuditEvent, Category, Dispatch, Ticket, Unit, UnitSuccession, User
from tests.unit.accounts.conftest import House


def details(name: str, **more: str) -> UnitDetails:
    return UnitDetails(name=name, short_name=more.pop("short_name", name), **more)


async def made(house: House, code: str, parent_id: int | None = None) -> Unit:
    async with house.sessions.begin() as session:
        return await add(session, house.admin, code, details(f"单位{code}"), parent_id, now=house.clock.now())


async def unit(house: House, unit_id: int) -> Unit:
    async with house.sessions() as session:
        return await session.get_one(Unit, unit_id)


async def closed(house: House, unit_id: int, heir: int | None = None) -> list[Ticket]:
    version = (await unit(house, unit_id)).version
    async with house.sessions.begin() as session:
        return await close(session, house.admin, unit_id, heir, version=version, now=house.clock.now())


async def moved(house: House, unit_id: int, parent_id: int | None) -> Unit:
    version = (await unit(house, unit_id)).version
    async with house.sessions.begin() as session:
        return await move(session, house.admin, unit_id, parent_id, version=version, now=house.clock.now())


async def ticket(house: House, number: str, state: str, *, signed: bool = False) -> int:
    now = house.clock.now()
    async with house.sessions.begin() as session:
        if await session.get(Category, "1106") is None:
            session.add(Category(code="11", parent_code=None, name="城管", key="11"))
            await session.flush()
            session.add(Category(code="1106", parent_code="11", name="路灯", key="1106"))
            await session.flush()
        row = Ticket(
            ticket_no=number,
            state=state,
            appeal_type="HELP",
            title="路灯不亮",
            content="路灯不亮",
            category_code="1106",
            unit_id=house.urban_id,
            received_at=now,
            dispatched_at=now,
        )
        session.add(row)
        await session.flush()
        session.add(
            Dispatch(
                ticket_id=row.id, unit_id=house.urban_id, dispatched_at=now, signed_at=now if signed else None
            )
        )
        return row.id


async def test_units_make_a_tree_of_four_levels(house: House) -> None:
    first = await made(house, "one")
    second = await made(house, "two", first.id)
    third = await made(house, "three", second.id)
    fourth = await made(house, "four", third.id)
    with pytest.raises(Refusal) as refused:
        await made(house, "five", fourth.id)
    assert refused.value.fault is Fault.TREE
    async with house.sessions() as session:
        tree = [(one.unit.code, one.level) for one in await branches(session)]
    assert tree == [("centre", 1), ("urban", 1), ("one", 1), ("two", 2), ("three", 3), ("four", 4)]
    assert fourth.jurisdiction_id == first.jurisdiction_id
    assert [row.action for row in await house.trail()] == ["unit_made"] * 4


async def test_moving_keeps_it_a_tree(house: House) -> None:
    first = await made(house, "one")
    second = await made(house, "two", first.id)
    third = await made(house, "three", second.id)
    for target in (first.id, third.id):
        with pytest.raises(Refusal) as refused:
            await moved(house, first.id, target)
        assert refused.value.fault is Fault.TREE
    deep = await made(house, "deep", third.id)
    other = await made(house, "other")
    below = await made(house, "below", other.id)
    with pytest.raises(Refusal) as refused:
        await moved(house, second.id, below.id)
    assert refused.value.fault is Fault.TREE, "it has two levels below it"
    assert (await moved(house, second.id, other.id)).parent_id == other.id
    assert (await moved(house, deep.id, None)).parent_id is None
    row = (await house.trail())[-1]
    assert (row.action, row.detail["before"], row.detail["after"]) == (
        "unit_moved", {"parent_id": third.id}, {"parent_id": None},
    )  # fmt: skip


async def test_a_renamed_unit_is_still_found_by_its_old_name(house: House) -> None:
    changed = details("县综合执法局", short_name="执法局", phone="07153330102", duty_hours="工作日 8:30-17:30")
    async with house.sessions.begin() as session:
        row = await edit(session, house.admin, house.urban_id, changed, version=1, now=house.clock.now())
    assert row.aliases == ["县城市管理局", "城管局"] and row.version == 2
    trail = (await house.trail())[-1]
    assert trail.detail["before"]["name"] == "县城市管理局" and trail.detail["after"]["phone"] == "07153330102"
    async with house.sessions.begin() as session:
        with pytest.raises(Refusal) as refused:
            await edit(session, house.admin, house.urban_id, changed, version=1, now=house.clock.now())
    assert refused.value.fault is Fault.CHANGED


@pytest.mark.parametrize(
    ("code", "given", "field"),
    [
        ("X", details("水务局"), "code"),
        ("urban", details("水务局"), "code"),
        ("water", details("县城市管理局", short_name="x"), "name"),
        ("water", details("水务局", short_name="城管局"), "short_name"),
        ("water", details(""), "name"),
        ("water", details("水" * 65, short_name="水"), "name"),
        ("water", details("水务局", kind="CENTRE"), "kind"),
        ("water", details("水务局", kind="SHOP"), "kind"),
        ("water", details("水务局", phone="打这个"), "phone"),
    ],
)
async def test_a_unit_that_cannot_be_is_refused(house: House, code: str, given: UnitDetails, field: str) -> None:
    async with house.sessions.begin() as session:
        with pytest.raises(Refusal) as refused:
            await add(session, house.admin, code, given, None, now=house.clock.now())
    assert refused.value.field == field


async def test_a_unit_with_open_tickets_is_not_closed_without_a_successor(house: House) -> None:
    await ticket(house, "T1", "DISPATCHED")
    with pytest.raises(Refusal) as refused:
        await closed(house, house.urban_id)
    assert refused.value.fault is Fault.IN_USE and "1 件未办结工单" in refused.value.message
    assert (await unit(house, house.urban_id)).active


async def test_nor_one_with_units_below_or_the_centre_or_with_a_successor_that_is_none(house: House) -> None:
    below = await made(house, "below", house.urban_id)
    with pytest.raises(Refusal, match="下级单位"):
        await closed(house, house.urban_id)
    with pytest.raises(Refusal, match="热线中心不能停用"):
        await closed(house, house.centre_id)
    for heir in (below.id, house.centre_id, 999):
        with pytest.raises(Refusal) as refused:
            await closed(house, below.id, heir)
        assert refused.value.fault is Fault.UNIT
    assert await closed(house, below.id) == [], "nothing hangs on it"


async def test_a_successor_takes_over_open_tickets_accounts_and_names(house: House) -> None:
    waiting = await ticket(house, "T1", "DISPATCHED")
    signed = await ticket(house, "T2", "IN_PROGRESS", signed=True)
    done = await ticket(house, "T3", "ARCHIVED", signed=True)
    async with house.sessions.begin() as session:
        liaison = User(
            login="urban",
            name="周强",
            password_hash="x",
            roles=["UNIT_LIAISON"],
            unit_id=house.urban_id,
            created_at=house.clock.now(),
        )
        session.add(liaison)
    heir = await made(house, "law")
    house.clock.move(hours=1)
    assert {row.id for row in await closed(house, house.urban_id, heir.id)} == {waiting, signed}
    async with house.sessions() as session:
        of = {row.id: row.unit_id for row in await session.scalars(select(Ticket))}
        running = list(await session.scalars(select(Dispatch).where(Dispatch.unit_id == heir.id)))
        acts = list(await session.scalars(select(AuditEvent).where(AuditEvent.action == "unit_succeeded")))
        user = (await session.scalars(select(User).where(User.login == "urban"))).one()
        succession = await session.get_one(UnitSuccession, house.urban_id)
    assert of == {waiting: heir.id, signed: heir.id, done: house.urban_id}
    assert {row.ticket_id: row.signed_at is not None for row in running} == {waiting: False, signed: True}
    assert all(row.dispatched_at == house.clock.now() - timedelta(hours=1) for row in running), "no time is won"
    assert {int(row.object_id) for row in acts} == {waiting, signed}
    assert (user.unit_id, user.version, succession.successor_id) == (heir.id, 2, heir.id)
    assert (await unit(house, heir.id)).aliases == ["县城市管理局", "城管局"]
    async with house.sessions.begin() as session:
        await reopen(session, house.admin, house.urban_id, version=2, now=house.clock.now())
    assert (await unit(house, house.urban_id)).active and (await unit(house, heir.id)).aliases == []

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from accounts.changes import (
    NEXT_FREE,
    Details,
    edit,
    first_password,
    lock,
    make,
    reset_password,
    set_node,
    sign_out,
    unlock,
)
from accounts.errors import Fault, Refusal
from accounts.history import changes
from db.models import AgentSession, User, WebSession
from tests.unit.accounts.conftest import SEATS, House
from tickets.actor import Actor


def details(house: House, **more: object) -> Details:
    values = {"name": "李敏", "roles": frozenset({"AGENT"}), "unit_id": house.centre_id, "seat": NEXT_FREE}
    return Details(**(values | more))  # type: ignore[arg-type]


async def made(house: House, login: str, **more: object) -> User:
    async with house.sessions.begin() as session:
        return await make(
            session,
            house.admin,
            login,
            details(house, **more),
            password_hash="h",
            now=house.clock.now(),
            seats=SEATS,
        )


async def edited(house: House, login: str, *, version: int | None = None, **more: object) -> User:
    user = await house.user(login)
    values = {
        "name": user.name,
        "roles": frozenset(user.roles),
        "unit_id": user.unit_id,
        "seat": user.extension or "",
        "skills": frozenset(user.skills),
    }
    async with house.sessions.begin() as session:
        return await edit(
            session,
            house.admin,
            user.id,
            Details(**(values | more)),  # type: ignore[arg-type]
            version=version or user.version,
            now=house.clock.now(),
            seats=SEATS,
        )


async def signed_in(house: House, user_id: int) -> None:
    now = house.clock.now()
    async with house.sessions.begin() as session:
        session.add(
            WebSession(
                token_hash=f"t{user_id}",
                user_id=user_id,
                csrf="c",
                created_at=now,
                seen_at=now,
                expires_at=now + timedelta(hours=1),
            )
        )


async def seat_is(house: House, seat: str, state: str) -> None:
    async with house.sessions.begin() as session:
        session.add(AgentSession(agent=seat, user_id=house.agent_id, state=state, since=house.clock.now()))


async def open_sessions(house: House) -> int:
    async with house.sessions() as session:
        return len((await session.scalars(select(WebSession))).all())


async def test_a_new_account_has_a_seat_must_change_its_password_and_leaves_a_trace(house: House) -> None:
    user = await made(house, "limin", skills=frozenset({"enterprise"}))
    assert (user.extension, user.agent_no, user.skills) == ("8002", "8002", ["common", "enterprise"])
    assert user.must_change_password and user.jurisdiction_id is not None
    row = (await house.trail())[-1]
    assert (row.action, row.object_id, row.actor_user_id) == ("account_made", str(user.id), house.admin.user_id)
    assert row.detail["before"] == {} and row.detail["after"]["roles"] == ["AGENT"]
    assert "password_hash" not in str(row.detail)


@pytest.mark.parametrize(
    ("login", "more", "fault"),
    [
        ("a", {}, Fault.LOGIN),
        ("王丽", {}, Fault.LOGIN),
        ("AGENT1", {}, Fault.LOGIN_TAKEN),
        ("limin", {"name": " "}, Fault.NAME),
        ("limin", {"name": "长" * 65}, Fault.NAME),
        ("limin", {"roles": frozenset()}, Fault.ROLES),
        ("limin", {"roles": frozenset({"CITIZEN"})}, Fault.ROLES),
        ("limin", {"unit_id": 999}, Fault.UNIT),
        ("limin", {"seat": "8001"}, Fault.SEAT_TAKEN),
        ("limin", {"seat": "8004"}, Fault.SEAT),
        ("limin", {"seat": "08002"}, Fault.SEAT),
        ("limin", {"roles": frozenset({"QA"}), "seat": "8002"}, Fault.SEAT),
        ("limin", {"skills": frozenset({"cooking"})}, Fault.SKILLS),
    ],
)
async def test_an_account_that_cannot_be_is_refused(
    house: House, login: str, more: dict[str, object], fault: Fault
) -> None:
    with pytest.raises(Refusal) as refused:
        await made(house, login, **more)
    assert refused.value.fault is fault
    async with house.sessions() as session:
        assert len((await session.scalars(select(User))).all()) == 2
    assert await house.trail() == []


async def test_all_seats_may_be_taken(house: House) -> None:
    await made(house, "second")
    await made(house, "third")
    with pytest.raises(Refusal) as refused:
        await made(house, "fourth")
    assert refused.value.fault is Fault.SEATS_FULL


async def test_two_who_take_the_next_seat_at_once_get_two_seats(house: House) -> None:
    first, second = await asyncio.gather(made(house, "second"), made(house, "third"))
    assert {first.extension, second.extension} == {"8002", "8003"}


async def test_an_edit_is_traced_with_before_and_after_and_ends_sessions(house: House) -> None:
    await signed_in(house, house.agent_id)
    user = await edited(house, "agent1", roles=frozenset({"AGENT", "SHIFT_LEAD"}), seat="8003")
    assert (user.roles, user.extension, user.version) == (["AGENT", "SHIFT_LEAD"], "8003", 2)
    row = (await house.trail())[-1]
    assert row.detail["before"] == {"roles": ["AGENT"], "seat": "8001"}
    assert row.detail["after"] == {"roles": ["AGENT", "SHIFT_LEAD"], "seat": "8003"}
    assert await open_sessions(house) == 0


async def test_a_name_alone_ends_no_session_and_nothing_new_is_no_change(house: House) -> None:
    await signed_in(house, house.agent_id)
    await edited(house, "agent1", name="王莉")
    assert await open_sessions(house) == 1
    assert (await edited(house, "agent1")).version == 2
    assert [row.action for row in await house.trail()] == ["account_edited"]


async def test_the_second_of_two_edits_is_refused_and_learns_what_changed(house: House) -> None:
    await edited(house, "agent1", name="王莉")
    with pytest.raises(Refusal) as refused:
        await edited(house, "agent1", version=1, name="王力")
    assert refused.value.fault is Fault.CHANGED
    assert (await house.user("agent1")).name == "王莉"
    async with house.sessions() as session:
        (told,) = await changes(session, house.agent_id, since=1)
    assert (told.before, told.after, told.who) == ({"name": "王丽"}, {"name": "王莉"}, "管理员")


async def test_two_edits_at_the_same_moment_never_both_succeed(house: House) -> None:
    results = await asyncio.gather(
        edited(house, "agent1", version=1, name="王莉"),
        edited(house, "agent1", version=1, name="王力"),
        return_exceptions=True,
    )
    assert [getattr(result, "fault", "") for result in results].count(Fault.CHANGED) == 1
    assert len(await house.trail()) == 1


@pytest.mark.parametrize("state", ["ringing", "talking", "held", "wrap_up"])
@pytest.mark.parametrize("more", [{"seat": "8002"}, {"seat": "", "roles": frozenset({"QA"})}, {"unit": True}])
async def test_a_seat_with_a_call_is_not_taken_away(house: House, state: str, more: dict[str, object]) -> None:
    await seat_is(house, "8001", state)
    changed = {"unit_id": house.urban_id} if "unit" in more else more
    with pytest.raises(Refusal) as refused:
        await edited(house, "agent1", **changed)
    assert refused.value.fault is Fault.IN_CALL and "正在通话" in refused.value.message
    assert (await house.user("agent1")).extension == "8001"
    assert (await edited(house, "agent1", name="王莉")).name == "王莉", "a name is no matter of the call"


@pytest.mark.parametrize("state", ["offline", "ready", "not_ready"])
async def test_a_seat_without_a_call_is(house: House, state: str) -> None:
    await seat_is(house, "8001", state)
    assert (await edited(house, "agent1", seat="8002")).extension == "8002"


async def test_the_last_administrator_stays_one(house: House) -> None:
    admin = await house.user("admin")
    with pytest.raises(Refusal) as refused:
        await edited(house, "admin", roles=frozenset({"QA"}))
    assert refused.value.fault is Fault.LAST_ADMIN
    async with house.sessions.begin() as session:
        with pytest.raises(Refusal) as refused:
            await lock(session, house.admin, admin.id, version=1, now=house.clock.now(), reason="离职")
    assert refused.value.fault is Fault.LAST_ADMIN
    other = await made(house, "second", roles=frozenset({"ADMIN"}), seat="")
    assert (await edited(house, "admin", roles=frozenset({"QA"}))).roles == ["QA"]
    async with house.sessions.begin() as session:
        with pytest.raises(Refusal):
            await lock(session, house.admin, other.id, version=1, now=house.clock.now(), reason="离职")


async def test_two_administrators_cannot_lock_each_other_at_once(house: House) -> None:
    other = await made(house, "second", roles=frozenset({"ADMIN"}), seat="")

    async def locking(by: Actor, whom: int) -> None:
        async with house.sessions.begin() as session:
            await lock(session, by, whom, version=1, now=house.clock.now(), reason="x")

    second = Actor(other.id, other.name, frozenset({"ADMIN"}))
    assert house.admin.user_id is not None
    results = await asyncio.gather(
        locking(house.admin, other.id), locking(second, house.admin.user_id), return_exceptions=True
    )
    assert [getattr(result, "fault", "") for result in results].count(Fault.LAST_ADMIN) == 1


async def test_a_locked_account_is_out_and_comes_back(house: House) -> None:
    await signed_in(house, house.agent_id)
    now = house.clock.now()
    async with house.sessions.begin() as session:
        await lock(session, house.admin, house.agent_id, version=1, now=now, reason="借调")
    assert await open_sessions(house) == 0 and not (await house.user("agent1")).active
    async with house.sessions.begin() as session:
        await unlock(session, house.admin, house.agent_id, version=2, now=now)
    assert (await house.user("agent1")).active
    async with house.sessions.begin() as session:
        with pytest.raises(Refusal) as refused:
            await unlock(session, house.admin, house.agent_id, version=3, now=now)
    assert refused.value.fault is Fault.STATE
    locked, unlocked = await house.trail()
    assert (locked.reason, locked.detail["after"]) == ("借调", {"active": False})
    assert unlocked.detail["before"] == {"active": False}


async def test_unlocking_also_lifts_the_lock_of_wrong_passwords(house: House) -> None:
    now = house.clock.now()
    async with house.sessions.begin() as session:
        await session.execute(
            update(User)
            .where(User.id == house.agent_id)
            .values(locked_until=now + timedelta(minutes=9), failed_logins=5)
        )
    async with house.sessions.begin() as session:
        await unlock(session, house.admin, house.agent_id, version=1, now=now)
    user = await house.user("agent1")
    assert user.locked_until is None and user.failed_logins == 0


async def test_signing_out_everywhere_and_a_new_password_end_sessions(house: House) -> None:
    await signed_in(house, house.agent_id)
    async with house.sessions.begin() as session:
        assert await sign_out(session, house.admin, house.agent_id, now=house.clock.now()) == 1
    assert await open_sessions(house) == 0
    await signed_in(house, house.agent_id)
    async with house.sessions.begin() as session:
        await reset_password(session, house.admin, house.agent_id, password_hash="new", now=house.clock.now())
    user = await house.user("agent1")
    assert (user.password_hash, user.must_change_password, await open_sessions(house)) == ("new", True, 0)
    assert [row.action for row in await house.trail()] == ["account_signed_out", "password_reset"]


async def test_what_is_not_there_is_refused(house: House) -> None:
    async with house.sessions.begin() as session:
        for work in (
            sign_out(session, house.admin, 999, now=house.clock.now()),
            set_node(session, house.admin, house.agent_id, "nowhere", now=house.clock.now()),
        ):
            with pytest.raises(Refusal):
                await work


def test_first_passwords_are_long_read_aloud_well_and_never_the_same() -> None:
    words = {first_password() for _ in range(50)}
    assert len(words) == 50
    assert all(len(word) == 12 and word.isalnum() and not set(word) & set("0O1lI") for word in words)

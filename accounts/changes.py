"""Making and changing accounts: the one writer, for the browser and the command line.

Every function works in the caller's transaction and leaves its audit row there. Passwords come as hashes.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import Fault, Refusal
from accounts.roles import ADMIN, ROLES, SEATED
from accounts.seats import check_free, in_call, next_seat
from accounts.writing import ACCOUNT, begin, difference, record
from calls.asterisk.queues import DEFAULT_QUEUE, QUEUES
from db.models import Node, Unit, User, WebSession
from tickets.actor import Actor

LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,31}")
LONGEST_NAME = 64
NEXT_FREE = "next"
"""Instead of a seat's number: whichever is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What an administrator says of an account. `seat`: an extension, NEXT_FREE, or "" for none."""

    name: str
    roles: frozenset[str]
    unit_id: int
    seat: str = ""
    skills: frozenset[str] = frozenset()


def first_password() -> str:
    """A random password, to be changed at the first sign-in; it is shown once and kept nowhere."""
    while True:
        word = secrets.token_urlsafe(9)
        # It is read aloud and typed off: what looks alike, and signs at its ends, are mistyped.
        if word.isalnum() and not set(word) & set("0O1lI") and not word.isalpha():
            return word


async def make(
    session: AsyncSession,
    actor: Actor,
    login: str,
    details: Details,
    *,
    password_hash: str,
    now: datetime,
    seats: int,
    source: str = "",
) -> User:
    """A new account; its password must be changed at the first sign-in. Raises Refusal."""
    await begin(session)
    if not LOGIN.fullmatch(login):
        raise Refusal(Fault.LOGIN, "账号须为 2 至 32 个字母、数字、点、横线或下划线，以字母或数字开头。", "login")
    # Two logins that differ only in capitals would be mixed up by people.
    taken = await session.scalar(
        select(User.login).where(User.login.ilike(login.replace("_", r"\_"), escape="\\"))
    )
    if taken is not None:
        raise Refusal(Fault.LOGIN_TAKEN, f"账号 {taken} 已经存在，请换一个。", "login")
    unit, seat, skills = await _checked(session, details, seats, user=None)
    user = User(
        login=login,
        name=details.name.strip(),
        password_hash=password_hash,
        roles=sorted(details.roles),
        unit_id=unit.id,
        jurisdiction_id=unit.jurisdiction_id,
        extension=seat,
        agent_no=seat,
        skills=skills,
        must_change_password=True,
        created_at=now,
    )
    session.add(user)
    await session.flush()
    after = shown(user)
    more = {"source": source} if source else {}
    _trace(session, actor, now, user, "account_made", before={}, after=after, **more)
    return user


async def edit(
    session: AsyncSession,
    actor: Actor,
    user_id: int,
    details: Details,
    *,
    version: int,
    now: datetime,
    seats: int,
) -> User:
    """Change an account that was read at this version. Raises Refusal (CHANGED when somebody was quicker).

    Whose roles, unit, seat or skills change must sign in again: open pages hold what they were.
    """
    user = await _taken(session, user_id, version)
    unit, seat, skills = await _checked(session, details, seats, user=user)
    before = shown(user)
    values = {
        "name": details.name.strip(),
        "roles": sorted(details.roles),
        "unit_id": unit.id,
        "seat": seat or "",
        "skills": skills,
    }
    was, becomes = difference(before, values)
    if not becomes:
        return user
    if becomes.keys() - {"name"}:
        await _not_in_call(session, user, "修改角色、单位、分机或技能")
    if ADMIN in user.roles and ADMIN not in details.roles:
        await _keep_an_admin(session, user, "不能取消其管理员角色")
    user.name, user.roles, user.unit_id = details.name.strip(), sorted(details.roles), unit.id
    user.jurisdiction_id = unit.jurisdiction_id
    user.extension = user.agent_no = seat
    user.skills = skills
    user.version += 1
    ended = await _end_sessions(session, user) if becomes.keys() - {"name"} else 0
    _trace(session, actor, now, user, "account_edited", before=was, after=becomes, sessions_ended=ended)
    return user


async def lock(
    session: AsyncSession, actor: Actor, user_id: int, *, version: int, now: datetime, reason: str
) -> User:
    """Nobody signs in with the account until it is unlocked; who is signed in is out. Raises Refusal.

    Its seat may be in a call: the account is locked all the same, or a stolen one could talk on.
    """
    user = await _taken(session, user_id, version)
    if not user.active:
        raise Refusal(Fault.STATE, "账号已经停用。")
    if ADMIN in user.roles:
        await _keep_an_admin(session, user, "不能停用")
    user.active = False
    user.version += 1
    ended = await _end_sessions(session, user)
    _trace(
        session, actor, now, user, "account_locked", reason=reason,
        before={"active": True}, after={"active": False}, sessions_ended=ended,
    )  # fmt: skip
    return user


async def unlock(session: AsyncSession, actor: Actor, user_id: int, *, version: int, now: datetime) -> User:
    """Open the account again, whoever closed it: an administrator, or too many wrong passwords. Raises Refusal."""
    user = await _taken(session, user_id, version)
    waits = user.locked_until is not None and user.locked_until > now
    if user.active and not waits:
        raise Refusal(Fault.STATE, "账号没有停用，也没有被锁定。")
    before = {"active": user.active, "locked_by_failures": waits}
    user.active, user.failed_logins, user.locked_until = True, 0, None
    user.version += 1
    after = {"active": True, "locked_by_failures": False}
    was, becomes = difference(before, after)
    _trace(session, actor, now, user, "account_unlocked", before=was, after=becomes)
    return user


async def sign_out(session: AsyncSession, actor: Actor, user_id: int, *, now: datetime) -> int:
    """End all its sessions; returns how many there were. The caller closes the open sockets. Raises Refusal."""
    user = await _taken(session, user_id, None)
    ended = await _end_sessions(session, user)
    _trace(
        session, actor, now, user, "account_signed_out",
        before={"sessions": ended}, after={"sessions": 0}, sessions_ended=ended,
    )  # fmt: skip
    return ended


async def reset_password(
    session: AsyncSession,
    actor: Actor,
    user_id: int,
    *,
    password_hash: str,
    now: datetime,
    version: int | None = None,
) -> User:
    """A new first password; the lock of wrong passwords and all sessions end. Raises Refusal."""
    user = await _taken(session, user_id, version)
    before = {"must_change_password": user.must_change_password}
    user.password_hash, user.must_change_password = password_hash, True
    user.failed_logins, user.locked_until = 0, None
    user.version += 1
    ended = await _end_sessions(session, user)
    _trace(
        session, actor, now, user, "password_reset",
        before=before, after={"must_change_password": True}, sessions_ended=ended,
    )  # fmt: skip
    return user


async def set_node(session: AsyncSession, actor: Actor, user_id: int, name: str, *, now: datetime) -> User:
    """At which node the agent sits down from the next sign-in on; "" for any. Raises Refusal."""
    user = await _taken(session, user_id, None)
    if name and await session.get(Node, name) is None:
        raise Refusal(Fault.SEAT, "没有这个节点。", "node")
    before, user.node = user.node, name
    user.version += 1
    _trace(session, actor, now, user, "node_set", before={"node": before}, after={"node": name})
    return user


async def move_accounts(session: AsyncSession, actor: Actor, unit_id: int, to: Unit, *, now: datetime) -> None:
    """Everybody of a unit that is closed belongs to its successor, locked accounts too. Raises Refusal.

    Their pages hold the old unit's lists: they sign in again.
    """
    for user in list(await session.scalars(select(User).where(User.unit_id == unit_id).order_by(User.id))):
        await _not_in_call(session, user, "调整所属单位")
        user.unit_id, user.jurisdiction_id = to.id, to.jurisdiction_id
        user.version += 1
        ended = await _end_sessions(session, user)
        was, becomes = {"unit_id": unit_id}, {"unit_id": to.id}
        _trace(session, actor, now, user, "account_edited", before=was, after=becomes, sessions_ended=ended)


async def by_login(session: AsyncSession, login: str) -> User:
    """The account of this login. Raises Refusal (UNKNOWN)."""
    user = await session.scalar(select(User).where(User.login == login))
    if user is None:
        raise Refusal(Fault.UNKNOWN, "没有这个账号。")
    return user


def shown(user: User) -> dict[str, Any]:
    """What the audit trail keeps of an account."""
    return {
        "name": user.name,
        "roles": list(user.roles),
        "unit_id": user.unit_id,
        "seat": user.extension or "",
        "skills": list(user.skills),
    }


# -- checks ----------------------------------------------------------------------------------------
async def _taken(session: AsyncSession, user_id: int, version: int | None) -> User:
    """The account, ours until the commit."""
    await begin(session)
    user = await session.get(User, user_id, populate_existing=True, with_for_update={"of": User})
    if user is None:
        raise Refusal(Fault.UNKNOWN, "没有这个账号。")
    if version is not None and user.version != version:
        raise Refusal(Fault.CHANGED, "这个账号刚刚被其他管理员修改过，您的修改没有保存。")
    return user


async def _checked(
    session: AsyncSession, details: Details, seats: int, *, user: User | None
) -> tuple[Unit, str | None, list[str]]:
    if not 0 < len(details.name.strip()) <= LONGEST_NAME:
        raise Refusal(Fault.NAME, f"请填写姓名，最多 {LONGEST_NAME} 个字。", "name")
    unknown = details.roles - set(ROLES)
    if unknown or not details.roles:
        raise Refusal(Fault.ROLES, "没有这个角色。" if unknown else "请至少选择一个角色。", "roles")
    unit = await session.get(Unit, details.unit_id)
    if unit is None or (not unit.active and (user is None or user.unit_id != unit.id)):
        raise Refusal(Fault.UNIT, "没有这个单位，或已停用。", "unit_id")
    if details.skills - set(QUEUES):
        raise Refusal(Fault.SKILLS, "没有这个技能。", "skills")
    if not details.seat:
        return unit, None, []
    if not details.roles & SEATED:
        raise Refusal(Fault.SEAT, "只有接听电话的角色才分配分机。", "seat")
    own = user.extension if user is not None else None
    if details.seat == NEXT_FREE:
        seat = own or await next_seat(session, seats)
    else:
        seat = details.seat
        if seat != own:
            await check_free(session, seat, seats, user_id=user.id if user is not None else None)
    # Everybody's queue comes first, as sign-in has it.
    return unit, seat, [DEFAULT_QUEUE, *(queue for queue in QUEUES[1:] if queue in details.skills)]


async def _not_in_call(session: AsyncSession, user: User, what: str) -> None:
    if await in_call(session, user.extension):
        raise Refusal(
            Fault.IN_CALL, f"{user.name}正在通话或话后处理，现在不能{what}，请等通话结束后再改。", "seat"
        )


async def _keep_an_admin(session: AsyncSession, leaving: User, what: str) -> None:
    """There is another administrator who can sign in."""
    if not leaving.active:
        return
    others = await session.execute(select(User.roles).where(User.active, User.id != leaving.id))
    if not any(ADMIN in roles for (roles,) in others.all()):
        raise Refusal(Fault.LAST_ADMIN, f"这是最后一个可用的管理员账号，{what}。请先指定另一位管理员。", "roles")


async def _end_sessions(session: AsyncSession, user: User) -> int:
    ended = await session.execute(delete(WebSession).where(WebSession.user_id == user.id))
    return cast("CursorResult[Any]", ended).rowcount


def _trace(
    session: AsyncSession, actor: Actor, now: datetime, user: User, action: str, *, reason: str = "", **detail: Any
) -> None:
    record(
        session,
        actor,
        now,
        action,
        kind=ACCOUNT,
        object_id=user.id,
        unit_id=user.unit_id,
        reason=reason,
        detail={"login": user.login, "version": user.version or 1, **detail},
    )

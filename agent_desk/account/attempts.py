"""Passwords and codes are tried here, whoever asks for them: five wrong ones lock the account for 15 minutes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import second_factor
from agent_desk.account.door import totp_key
from agent_desk.web.lockout import FAILURES_ALLOWED, LOCKED_FOR, give_back, lift, reserve
from agent_desk.web.pages import moment
from agent_desk.web.passwords import password_matches
from agent_desk.web.services import DeskServices
from agent_desk.web.trail import leave_trace
from db.models import User

WRONG_CODE = "口令不正确或已用过，请等手机上出现下一个口令后再试。"


async def try_password(
    desk: DeskServices,
    user_id: int,
    stored: str | None,
    password: str,
    *,
    wrong: str,
    failed: str,
    address: str = "",
) -> str:
    """Look at one password of the account: "" when it is right, else what to tell the person.

    It counts wherever it is asked for: somebody at another's open browser guesses no more often than at the door.
    """

    async def right(_: AsyncSession) -> bool:
        return fits

    error = await _reserved(desk, user_id)
    if isinstance(error, str):
        return error
    fits = await password_matches(stored, password)
    return await _decide(desk, user_id, error, right, wrong=wrong, failed=failed, address=address, last=False)


async def try_code(desk: DeskServices, user_id: int, code: str, *, address: str) -> str:
    """Look at one code of the second factor, or a recovery code; tells as `try_password` does."""

    async def right(session: AsyncSession) -> bool:
        how = await second_factor.check(session, user_id, totp_key(desk), code, now=desk.clock.now())
        if how == "recovery":
            user = await session.get_one(User, user_id)
            trace(session, desk, user, "recovery_code_used", address)
        return bool(how)

    attempt = await _reserved(desk, user_id)
    if isinstance(attempt, str):
        return attempt
    failed = "second_factor_failed"
    return await _decide(
        desk, user_id, attempt, right, wrong=WRONG_CODE, failed=failed, address=address, last=True
    )


async def _reserved(desk: DeskServices, user_id: int) -> int | str:
    """The number of this attempt, or why there is none."""
    async with desk.sessions.begin() as session:
        attempt = await reserve(session, user_id, desk.clock.now())
        if not attempt:
            return _locked(await session.scalar(select(User.locked_until).where(User.id == user_id)))
    return attempt


async def _decide(
    desk: DeskServices,
    user_id: int,
    attempt: int,
    right: Callable[[AsyncSession], Awaitable[bool]],
    *,
    wrong: str,
    failed: str,
    address: str,
    last: bool,
) -> str:
    async with desk.sessions.begin() as session:
        # A code is used up by a statement that writes, which comes first: SQLite's lock is never upgraded.
        fits = await right(session)
        row = await session.get(User, user_id, with_for_update={"of": User}, populate_existing=True)
        assert row is not None
        if fits:
            # With a code still to come, earlier failures stay: else who knows the password guesses codes for ever.
            if last or not await second_factor.active(session, user_id):
                lift(row)
            else:
                give_back(row)
            return ""
        locked = attempt >= FAILURES_ALLOWED
        trace(session, desk, row, "locked" if locked else failed, address)
    return _locked(desk.clock.now() + LOCKED_FOR) if locked else wrong


def trace(session: AsyncSession, desk: DeskServices, row: User, action: str, address: str = "") -> None:
    leave_trace(
        session,
        at=desk.clock.now(),
        object_kind="account",
        object_id=str(row.id),
        action=action,
        user_id=row.id,
        name=row.name,
        unit_id=row.unit_id,
        detail={"address": address} if address else {},
    )


def _locked(until: datetime | None) -> str:
    return f"连续输错 {FAILURES_ALLOWED} 次，账号已锁定至 {moment(until, '%H:%M')}。"

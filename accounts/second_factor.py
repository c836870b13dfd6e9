"""One-time passwords by the clock (TOTP, RFC 6238) as a second factor, and recovery codes for a lost telephone.

The database keeps a salt only: the secret is an HMAC over it with a key from a file, and recovery codes are kept
as an HMAC with the same key. Who has the database alone can make no code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import Fault, Refusal
from accounts.writing import ACCOUNT, begin, record
from db.models import RecoveryCode, SecondFactor, User
from tickets.actor import Actor

KEY = "totp.key"
"""The key's name among the secrets (`runtime.secretfile`)."""
STEP_S = 30
DRIFT = 1
"""Steps before and after now that a code may belong to: telephones are not on the second."""
RECOVERY_CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Without what looks alike on paper."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the person is shown once. `uri` is for the QR code, `secret` for typing (base32)."""

    secret: str
    uri: str


def derived(key: str, user_id: int, salt: str) -> str:
    """The account's secret, base32 of 20 bytes."""
    digest = hmac.new(key.encode(), f"totp {user_id} {salt}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode()


def _hashed(key: str, user_id: int, code: str) -> str:
    return hmac.new(key.encode(), f"recovery {user_id} {_plain(code)}".encode(), hashlib.sha256).hexdigest()


def _plain(code: str) -> str:
    return code.replace("-", "").replace(" ", "").lower()


async def active(session: AsyncSession, user_id: int) -> bool:
    """Whether the account is asked for a code at sign-in."""
    found = select(SecondFactor.user_id).where(
        SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)
    )
    return await session.scalar(found) is not None


async def start(session: AsyncSession, user: User, key: str, *, issuer: str, now: datetime) -> Enrolment:
    """A new secret, to be confirmed by a code of it; an earlier one that was never confirmed is void.

    Raises Refusal (STATE) when one is in force: that one is reset first, or a stranger at an open browser could
    put his own telephone in its place.
    """
    await begin(session)
    if await active(session, user.id):
        raise Refusal(Fault.STATE, "动态口令已经启用。需要更换手机时，请联系平台管理员重置。")
    await session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    salt = secrets.token_urlsafe(24)
    session.add(SecondFactor(user_id=user.id, salt=salt, created_at=now, last_step=0))
    secret = derived(key, user.id, salt)
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=user.login, issuer_name=issuer))


async def confirm(
    session: AsyncSession, actor: Actor, user: User, key: str, code: str, *, now: datetime
) -> list[str]:
    """The first code was right: from now on one is asked for. Returns the recovery codes, which are kept nowhere.

    Raises Refusal (STATE, CODE).
    """
    await begin(session)
    row = await session.get(SecondFactor, user.id, populate_existing=True)
    if row is None or row.confirmed_at is not None:
        raise Refusal(Fault.STATE, "请重新开始设置动态口令。")
    step = _step_of(derived(key, user.id, row.salt), code, now)
    if step is None:
        raise Refusal(Fault.CODE, "口令不正确，请输入手机上现在显示的 6 位数字。", "code")
    row.confirmed_at, row.last_step = now, step
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(12)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=_hashed(key, user.id, code)) for code in codes)
    _trace(session, actor, now, user, "second_factor_set", before=False, after=True)
    return ["-".join((code[:4], code[4:8], code[8:])) for code in codes]


async def check(session: AsyncSession, user_id: int, key: str, code: str, *, now: datetime) -> str:
    """Take a code of six digits or a recovery code: "totp", "recovery", or "" when it is wrong or was used before.

    A code is used up by the statement that takes it, so that of two at once only one comes in.
    """
    row = await session.get(SecondFactor, user_id)
    if row is None or row.confirmed_at is None:
        return ""
    step = _step_of(derived(key, user_id, row.salt), code, now)
    if step is not None:
        taken = await session.scalar(
            update(SecondFactor)
            .where(SecondFactor.user_id == user_id, SecondFactor.last_step < step)
            .values(last_step=step)
            .returning(SecondFactor.user_id)
            .execution_options(synchronize_session=False)
        )
        return "totp" if taken is not None else ""
    used = await session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == _hashed(key, user_id, code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return "recovery" if used is not None else ""


async def reset(
    session: AsyncSession, actor: Actor, user_id: int, *, now: datetime, version: int | None = None
) -> None:
    """An administrator takes the second factor away: the telephone is lost, say. Raises Refusal."""
    await begin(session)
    user = await session.get(User, user_id, populate_existing=True)
    if user is None:
        raise Refusal(Fault.UNKNOWN, "没有这个账号。")
    if version is not None and user.version != version:
        raise Refusal(Fault.CHANGED, "这个账号刚刚被其他管理员修改过，您的修改没有保存。")
    if await session.get(SecondFactor, user_id) is None:
        raise Refusal(Fault.STATE, "这个账号没有启用动态口令。")
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    await session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
    user.version += 1
    _trace(session, actor, now, user, "second_factor_reset", before=True, after=False)


async def recovery_left(session: AsyncSession, user_id: int) -> int:
    """How many recovery codes are unused."""
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return await session.scalar(left) or 0


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step that the code belongs to, among those near now."""
    typed = _plain(code)
    if len(typed) != 6 or not (typed.isascii() and typed.isdigit()):
        return None
    totp = pyotp.TOTP(secret)
    current = int(now.timestamp()) // STEP_S
    found = None
    for step in range(current - DRIFT, current + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step), typed):
            found = step
    return found


def _trace(
    session: AsyncSession, actor: Actor, now: datetime, user: User, action: str, *, before: bool, after: bool
) -> None:
    record(
        session,
        actor,
        now,
        action,
        kind=ACCOUNT,
        object_id=user.id,
        unit_id=user.unit_id,
        detail={
            "login": user.login,
            "version": user.version,
            "before": {"second_factor": before},
            "after": {"second_factor": after},
        },
    )

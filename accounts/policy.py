"""Settings of sign-in that administrators change while the system runs, kept in the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import Fault, Refusal
from accounts.writing import SETTING, begin, record
from db.models import SiteSetting
from tickets.actor import Actor

_KEY = "second_factor"
STRICT_ROLES = frozenset({"ADMIN", "SECURITY"})
"""Who can change accounts or read every trail: a stolen password of theirs does the most harm."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`required`: accounts with one of STRICT_ROLES must have a second factor. `version` 0: never set."""

    required: bool = False
    version: int = 0

    def demands(self, roles: Collection[str]) -> bool:
        """Whether an account with these roles must have a second factor."""
        return self.required and bool(STRICT_ROLES & set(roles))


async def policy(session: AsyncSession) -> Policy:
    """The setting in force."""
    row = await session.get(SiteSetting, _KEY)
    return Policy(bool(row.value.get("required")), row.version) if row is not None else Policy()


async def set_policy(
    session: AsyncSession, actor: Actor, *, required: bool, version: int, now: datetime
) -> Policy:
    """Change the setting that was read at this version. Raises Refusal (CHANGED)."""
    await begin(session)
    row = await session.get(SiteSetting, _KEY, populate_existing=True)
    before = Policy(bool(row.value.get("required")), row.version) if row is not None else Policy()
    if before.version != version:
        raise Refusal(Fault.CHANGED, "设置刚刚被其他管理员修改过，请核对后再改。")
    if row is None:
        row = SiteSetting(key=_KEY, value={"required": required}, version=1, changed_at=now)
        session.add(row)
    else:
        row.value, row.version, row.changed_at = {"required": required}, row.version + 1, now
    record(
        session,
        actor,
        now,
        "setting_changed",
        kind=SETTING,
        object_id=_KEY,
        detail={"before": {"required": before.required}, "after": {"required": required}, "version": row.version},
    )
    return Policy(required, row.version)

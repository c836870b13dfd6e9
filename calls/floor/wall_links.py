"""Links with which a screen on a wall reads the board without a log-in; only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import WallLink

SEEN_STEP = timedelta(minutes=5)
"""`seen_at` is written at most this often."""
TOKEN_LENGTH = 43
"""Signs of a token: 32 random bytes, URL-safe."""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def make_link(session: AsyncSession, name: str, user_id: int, now: datetime) -> tuple[WallLink, str]:
    """A new link and its token, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    link = WallLink(name=name, token_hash=_hash(token), made_at=now, made_by=user_id)
    session.add(link)
    await session.flush()
    return link, token


async def links(session: AsyncSession) -> list[WallLink]:
    """Those not revoked, oldest first."""
    return list(await session.scalars(select(WallLink).where(WallLink.revoked_at.is_(None)).order_by(WallLink.id)))


async def revoke_link(session: AsyncSession, link_id: int, now: datetime) -> WallLink | None:
    """The link opens nothing from now on; None when there is none, or it was revoked before."""
    link = await session.get(WallLink, link_id)
    if link is None or link.revoked_at is not None:
        return None
    link.revoked_at = now
    return link


async def link_of(session: AsyncSession, token: str, now: datetime) -> int | None:
    """The id of the link with this token, noted as seen; None when it is unknown or revoked."""
    link = await session.scalar(
        select(WallLink).where(WallLink.token_hash == _hash(token), WallLink.revoked_at.is_(None))
    )
    if link is None:
        return None
    if link.seen_at is None or abs(now - link.seen_at) >= SEEN_STEP:
        link.seen_at = now
    return link.id

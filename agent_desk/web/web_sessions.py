"""Logged-in browsers: a random cookie, of which the database keeps only the hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import second_factor
from accounts.policy import STRICT_ROLES, policy
from agent_desk.web.permissions import Permission, allowed
from db.models import AgentSession, User, WebSession
from db.session import AWAY, Sessions
from runtime.clock import Clock
from tickets.actor import Actor

IDLE = timedelta(minutes=60)
"""A browser not heard of for this long is logged out (an open desk page is heard of every few seconds)."""
ABSOLUTE = timedelta(hours=12)
"""Longer than any shift: nobody stays logged in over night."""
OVERTIME = timedelta(hours=1)
"""Longer than that, if a citizen is on the line when it is over: no clock cuts a call or the ticket after it."""
AT_WORK = ("ringing", "talking", "held", "wrap_up")
SEEN_STEP = timedelta(seconds=60)
"""`seen_at` is written at most this often, so that a request is not a write."""
PLAINLY = {"synchronize_session": False}
"""By statements instead of the row's object, which would complain if a log-out has deleted the row meanwhile."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking: the account behind the cookie and what it may do."""

    token_hash: str
    csrf: str
    user_id: int
    login: str
    name: str
    roles: frozenset[str]
    permissions: frozenset[Permission]
    unit_id: int | None
    unit_name: str
    extension: str
    must_change_password: bool
    must_enrol: bool = False
    """A second factor is demanded of these roles, and the account has none."""

    @property
    def actor(self) -> Actor:
        """The same person as the ticket room knows them."""
        return Actor(user_id=self.user_id, name=self.name, roles=self.roles, unit_id=self.unit_id)

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class WebSessions:
    """Opens, finds and closes sessions of browsers."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    async def open(self, user_id: int, *, address: str, agent: str) -> str:
        """A new session for this account; returns the cookie's value, which is kept nowhere."""
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        async with self._sessions.begin() as session:
            await session.execute(delete(WebSession).where(WebSession.expires_at < now - OVERTIME))
            session.add(
                WebSession(
                    token_hash=hash_token(token),
                    user_id=user_id,
                    csrf=secrets.token_urlsafe(32),
                    created_at=now,
                    seen_at=now,
                    expires_at=now + ABSOLUTE,
                    address=address[:64],
                    agent=agent[:200],
                )
            )
        return token

    async def find(self, token: str) -> Identity | None:
        """Who holds this cookie; None when unknown, expired, idle too long, or the account is closed."""
        now = self._clock.now()
        this = WebSession.token_hash == hash_token(token)
        async with self._sessions() as session:
            row = await session.get(WebSession, hash_token(token))
            if row is None:
                return None
            user = await session.get(User, row.user_id)
            if (
                user is None
                or not user.active
                or now - row.seen_at >= IDLE
                or (now >= row.expires_at and not await self._in_a_call(session, row))
            ):
                await session.execute(delete(WebSession).where(this), execution_options=PLAINLY)
                await session.commit()
                return None
            if now - row.seen_at >= SEEN_STEP:
                seen = update(WebSession).where(this).values(seen_at=now).returning(WebSession.token_hash)
                try:
                    still = await session.scalar(seen, execution_options=PLAINLY)
                    await session.commit()
                except AWAY:  # it can be read and not written: who is logged in goes on reading
                    await session.rollback()
                    row = await session.get_one(WebSession, hash_token(token))
                    user = await session.get_one(User, row.user_id)
                else:
                    if still is None:  # logged out at this moment
                        return None
            return Identity(
                token_hash=row.token_hash,
                csrf=row.csrf,
                user_id=user.id,
                login=user.login,
                name=user.name,
                roles=frozenset(user.roles),
                permissions=allowed(user.roles),
                unit_id=user.unit_id,
                unit_name=user.unit.name if user.unit else "",
                extension=user.extension or "",
                must_change_password=user.must_change_password,
                must_enrol=bool(STRICT_ROLES & set(user.roles))
                and (await policy(session)).demands(user.roles)
                and not await second_factor.active(session, user.id),
            )

    async def _in_a_call(self, session: AsyncSession, row: WebSession) -> bool:
        working = select(AgentSession.agent).where(
            AgentSession.user_id == row.user_id, AgentSession.state.in_(AT_WORK)
        )
        return self._clock.now() < row.expires_at + OVERTIME and bool(await session.scalar(working.limit(1)))

    async def alive(self, token_hashes: Collection[str]) -> set[str]:
        """Which of these are still logged in. Unlike `find` this is no sign of life."""
        now = self._clock.now()
        at_work = exists().where(AgentSession.user_id == User.id, AgentSession.state.in_(AT_WORK))
        async with self._sessions() as session:
            rows = await session.scalars(
                select(WebSession.token_hash)
                .join(User, User.id == WebSession.user_id)
                .where(
                    WebSession.token_hash.in_(token_hashes),
                    or_(
                        WebSession.expires_at > now,
                        and_(WebSession.expires_at > now - OVERTIME, at_work),
                    ),
                    WebSession.seen_at > now - IDLE,
                    User.active,
                )
            )
            return set(rows)

    async def close(self, token_hash: str) -> None:
        async with self._sessions.begin() as session:
            await session.execute(delete(WebSession).where(WebSession.token_hash == token_hash))

    async def close_others(self, user_id: int, keep: str) -> None:
        """End all other sessions of the account (its password was changed)."""
        async with self._sessions.begin() as session:
            await session.execute(
                delete(WebSession).where(WebSession.user_id == user_id, WebSession.token_hash != keep)
            )

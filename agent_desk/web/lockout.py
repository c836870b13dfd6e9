"""Guessing passwords is slow: an account is locked after some wrong ones, an address is kept out after more.

Both count an attempt before the password is looked at, so that many at once are no more than one by one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import case, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.web.client_address import network_of
from db.models import User
from runtime.clock import Clock

FAILURES_ALLOWED = 5
LOCKED_FOR = timedelta(minutes=15)

ADDRESS_FAILURES = 20
"""Wrong log-ins an address has in `ADDRESS_WINDOW`: a hall of agents behind one address mistypes less."""
ADDRESS_WINDOW = timedelta(minutes=10)
ADDRESSES_KEPT = 10_000


async def reserve(session: AsyncSession, user_id: int, now: datetime) -> int:
    """Take one of the account's attempts; returns its number, 0 when the account is locked.

    The last one locks the account at once: it stays locked unless this very password is right (`lift`).
    """
    locked, expired = User.locked_until > now, User.locked_until <= now
    number = case((expired, 1), else_=User.failed_logins + 1)
    taken = await session.scalar(
        update(User)
        .where(User.id == user_id, or_(User.locked_until.is_(None), ~locked))
        .values(
            failed_logins=number,
            locked_until=case((number >= FAILURES_ALLOWED, now + LOCKED_FOR), else_=None),
        )
        .returning(User.failed_logins)
        .execution_options(synchronize_session=False)
    )
    return taken or 0


def lift(user: User) -> None:
    """The password was right: earlier failures are forgotten."""
    user.failed_logins, user.locked_until = 0, None


def give_back(user: User) -> None:
    """The password was right, and a code is still to come: this attempt does not count, earlier failures do."""
    user.failed_logins, user.locked_until = max(0, user.failed_logins - 1), None


class AddressBlocked(Exception):
    """Too many wrong log-ins from this address; `until` is when it may try again."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {until.isoformat()}")
        self.until = until


@dataclass(slots=True)
class Turn:
    """One log-in's turn; `failed` counts it."""

    failed: bool = False


@dataclass(slots=True)
class _Address:
    failures: deque[datetime] = field(default_factory=deque)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class AddressLimit:
    """Wrong log-ins by client address, in memory: a restart forgets them, the accounts' own locks it does not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._addresses: OrderedDict[str, _Address] = OrderedDict()

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[Turn]:
        """One log-in from this address, after those before it. Raises AddressBlocked."""
        known = self._known(network_of(address))
        async with known.turn:
            now = self._clock.now()
            while known.failures and known.failures[0] <= now - ADDRESS_WINDOW:
                known.failures.popleft()
            if len(known.failures) >= ADDRESS_FAILURES:
                raise AddressBlocked(known.failures[0] + ADDRESS_WINDOW)
            turn = Turn()
            yield turn
            if turn.failed:
                known.failures.append(now)

    def _known(self, network: str) -> _Address:
        known = self._addresses.setdefault(network, _Address())
        self._addresses.move_to_end(network)
        while len(self._addresses) > ADDRESSES_KEPT:
            self._addresses.popitem(last=False)
        return known

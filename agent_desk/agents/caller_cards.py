"""Caller cards read ahead: during the greeting nobody waits for the database, at the ring a person does."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from agent_desk.agents.caller import KnownCaller, read_caller
from db.session import Sessions
from runtime.background import Background
from runtime.clock import Clock
from tickets.actor import NOBODY, Actor

log = logging.getLogger(__name__)

KEPT = 500
READ_SECONDS = 5.0


class CallerCards:
    """Cards of calls that have begun. A card that is not there in time is read by the page itself.

    Nobody knows yet who will answer: who may see what of it is decided at the ring.
    """

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._cards: OrderedDict[str, KnownCaller] = OrderedDict()
        self._background = Background()

    def expect(self, call_id: str, number: str) -> None:
        """A call began: read what is known of its number in the background."""
        self._background.start(self._read(call_id, number), "desk:caller-card")

    def take(self, call_id: str, actor: Actor = NOBODY) -> dict[str, Any] | None:
        """The card as it was when the call began, for this actor; None when it is not (or no longer) here."""
        known = self._cards.get(call_id)
        return known.card(actor) if known is not None else None

    async def close(self) -> None:
        await self._background.wait()

    async def _read(self, call_id: str, number: str) -> None:
        try:
            async with asyncio.timeout(READ_SECONDS), self._sessions() as session:
                self._cards[call_id] = await read_caller(session, self._clock, call_id, number)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("call %s: the caller's card could not be read ahead: %s", call_id, type(error).__name__)
        while len(self._cards) > KEPT:
            self._cards.popitem(last=False)

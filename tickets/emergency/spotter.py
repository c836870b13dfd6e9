"""The spotter: hears emergencies in what the citizen says and alerts the agent (domain.md 3.3).

It only alerts; a human decides whether to hand over. It acts on final utterances, never on partials, because
a partial may still turn into its opposite.
"""

from __future__ import annotations

import logging
from collections import OrderedDict

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, CallEvent
from db.session import Sessions
from runtime.bus import Bus, Unsubscribe
from runtime.clock import Clock
from runtime.events import EmergencyHeard, Utterance
from tickets.emergency.listener import Listener

log = logging.getLogger(__name__)

LIVE_CALLS = 2000
ALERT = "emergency_heard"
"""Kind of an alert's row on the call's time line."""


class Spotter:
    """Publishes `EmergencyHeard` once per code and call; with `sessions` it keeps them and marks the call."""

    def __init__(self, bus: Bus, clock: Clock, sessions: Sessions | None = None) -> None:
        self._bus = bus
        self._clock = clock
        self._sessions = sessions
        self._calls: OrderedDict[str, Listener] = OrderedDict()
        self._unwritten: list[EmergencyHeard] = []
        self._unsubscribe: Unsubscribe | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._heard, Utterance)

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    async def _heard(self, utterance: Utterance) -> None:
        if not utterance.final or not utterance.call_id:
            return
        listener = self._calls.setdefault(utterance.call_id, Listener())
        self._calls.move_to_end(utterance.call_id)
        while len(self._calls) > LIVE_CALLS:
            self._calls.popitem(last=False)
        fresh = [
            EmergencyHeard(
                call_id=utterance.call_id,
                code=alert.code,
                target=alert.target,
                words=alert.words,
                utterance_id=utterance.utterance_id,
                speaker=utterance.speaker,
                at=self._clock.now(),
            )
            for alert in listener.hear(utterance.speaker, utterance.text, utterance.start_ms, utterance.end_ms)
        ]
        for alert in fresh:
            await self._bus.publish(alert)
        if self._sessions is not None and (fresh or self._unwritten):
            self._unwritten = [*self._unwritten, *fresh][-LIVE_CALLS:]
            await self._write(self._sessions)

    async def _write(self, sessions: Sessions) -> None:
        """The alert has gone out already: a database that is away delays its row, not the alert."""
        try:
            async with sessions.begin() as session:
                for alert in self._unwritten:
                    if await session.get(Call, alert.call_id) is not None:
                        await session.execute(update(Call).where(Call.id == alert.call_id).values(emergency=True))
                        session.add(alert_row(alert))
        except Exception:
            log.exception("%d emergency alerts are not written yet", len(self._unwritten))
        else:
            self._unwritten.clear()


def alert_row(alert: EmergencyHeard) -> CallEvent:
    """The alert on the call's time line: a desk that was restarted shows it again."""
    detail = {
        "code": alert.code,
        "target": alert.target,
        "words": list(alert.words),
        "utterance_id": alert.utterance_id,
        "speaker": alert.speaker,
    }
    return CallEvent(call_id=alert.call_id, at=alert.at, kind=ALERT, detail=detail)


async def alerts_of(session: AsyncSession, call_id: str) -> list[EmergencyHeard]:
    """All alerts of a call, oldest first."""
    rows = await session.scalars(
        select(CallEvent).where(CallEvent.call_id == call_id, CallEvent.kind == ALERT).order_by(CallEvent.id)
    )
    return [
        EmergencyHeard(
            call_id=call_id,
            code=row.detail["code"],
            target=row.detail["target"],
            words=tuple(row.detail["words"]),
            utterance_id=row.detail["utterance_id"],
            speaker=row.detail["speaker"],
            at=row.at,
        )
        for row in rows
    ]

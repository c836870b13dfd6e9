"""What a centre's agents answered "不是紧急情况" to: ordinary sentences that sounded dangerous, to learn from."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CallEvent, TranscriptUtterance
from tickets.emergency.answers import ANSWERED, NOT_ONE
from tickets.emergency.examples import NONE, Before, Example
from tickets.emergency.features import REMEMBERED
from tickets.emergency.spotter import alerts_of

MOST = 20_000
"""Answers that are read, the newest."""


async def own_examples(session: AsyncSession) -> list[Example]:
    """One example for each sentence whose alert was answered so, as long as its transcript is kept."""
    rows = await session.scalars(
        select(CallEvent).where(CallEvent.kind == ANSWERED).order_by(CallEvent.id.desc()).limit(MOST)
    )
    refused: dict[str, set[str]] = {}
    for row in rows:
        if row.detail.get("answer") == NOT_ONE:
            refused.setdefault(row.call_id, set()).update(row.detail["codes"])
    found: dict[tuple[str, str], Example] = {}
    for call_id, codes in refused.items():
        said = list(
            await session.scalars(
                select(TranscriptUtterance)
                .where(TranscriptUtterance.call_id == call_id)
                .order_by(TranscriptUtterance.start_ms, TranscriptUtterance.id)
            )
        )
        places = {row.id: at for at, row in enumerate(said)}
        for alert in await alerts_of(session, call_id):
            at = places.get(alert.utterance_id)
            if alert.code not in codes or at is None:
                continue
            before = tuple(Before(row.speaker, row.text) for row in said[max(0, at - REMEMBERED) : at])
            found[call_id, alert.utterance_id] = Example(NONE, f"own {call_id}", said[at].text, before)
    return list(found.values())

"""Drafts: scripts that people write. A change names the version it was made from: nobody overwrites another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, ScriptDraft, ScriptDraftReader, User
from runtime.clock import Clock

DRAFTS_MOST = 200
"""Drafts that may exist: more are forgotten ones."""

OPEN_FOR = timedelta(seconds=40)
"""How long after its last question a page counts as open; it asks every ten seconds."""


class DraftChanged(Exception):
    """Somebody else changed the draft since; nothing was written. By whom (user id) and when."""

    def __init__(self, version: int, by: int | None, at: datetime) -> None:
        super().__init__(f"the draft is at version {version}")
        self.version = version
        self.by = by
        self.at = at


class TooManyDrafts(Exception):
    """There are DRAFTS_MOST already."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who has the draft open."""

    user_id: int
    name: str
    seen_at: datetime


async def make(
    session: AsyncSession,
    clock: Clock,
    text: str,
    title: str,
    *,
    user_id: int,
    user_name: str,
    based_on: int | None = None,
) -> ScriptDraft:
    """A new draft with this text. Raises TooManyDrafts."""
    if len(list(await session.scalars(select(ScriptDraft.id)))) >= DRAFTS_MOST:
        raise TooManyDrafts
    now = clock.now()
    draft = ScriptDraft(
        title=title[:64],
        yaml=text,
        version=1,
        based_on=based_on,
        created_at=now,
        created_by=user_id,
        updated_at=now,
        updated_by=user_id,
    )
    session.add(draft)
    await session.flush()
    _trace(session, clock, draft, "draft_made", user_id, user_name)
    return draft


async def save(
    session: AsyncSession, clock: Clock, draft_id: int, version: int, text: str, *, user_id: int
) -> ScriptDraft:
    """Write the text that was made from this version. Raises LookupError, DraftChanged."""
    written = await session.execute(
        update(ScriptDraft)
        .where(ScriptDraft.id == draft_id, ScriptDraft.version == version)
        .values(yaml=text, version=version + 1, updated_at=clock.now(), updated_by=user_id)
        .returning(ScriptDraft.id)
    )
    changed = written.first() is not None
    draft = await find(session, draft_id)
    if not changed and draft.yaml != text:  # the same text a second time: an answer that was lost on its way
        raise DraftChanged(draft.version, draft.updated_by, draft.updated_at)
    return draft


async def find(session: AsyncSession, draft_id: int) -> ScriptDraft:
    """The draft as it is now. Raises LookupError."""
    draft = await session.get(ScriptDraft, draft_id, populate_existing=True)
    if draft is None:
        raise LookupError(f"no draft {draft_id}")
    return draft


async def all_drafts(session: AsyncSession) -> list[ScriptDraft]:
    """All drafts, last changed first."""
    return list(await session.scalars(select(ScriptDraft).order_by(ScriptDraft.updated_at.desc())))


async def discard(session: AsyncSession, clock: Clock, draft_id: int, *, user_id: int, user_name: str) -> None:
    """Delete a draft; the trail keeps who did. Raises LookupError."""
    draft = await find(session, draft_id)
    _trace(session, clock, draft, "draft_deleted", user_id, user_name)
    await session.execute(delete(ScriptDraftReader).where(ScriptDraftReader.draft_id == draft_id))
    await session.delete(draft)


async def seen(session: AsyncSession, clock: Clock, draft_id: int, user_id: int) -> list[Reader]:
    """Note that this person has the draft open; returns the others who have. Raises LookupError."""
    await find(session, draft_id)
    now = clock.now()
    mine = await session.get(ScriptDraftReader, (draft_id, user_id))
    if mine is None:
        session.add(ScriptDraftReader(draft_id=draft_id, user_id=user_id, seen_at=now))
    else:
        mine.seen_at = now
    rows = await session.execute(
        select(ScriptDraftReader.user_id, User.name, ScriptDraftReader.seen_at)
        .join(User, User.id == ScriptDraftReader.user_id)
        .where(
            ScriptDraftReader.draft_id == draft_id,
            ScriptDraftReader.user_id != user_id,
            ScriptDraftReader.seen_at > now - OPEN_FOR,
        )
        .order_by(User.name)
    )
    return [Reader(*row) for row in rows.all()]


def _trace(
    session: AsyncSession, clock: Clock, draft: ScriptDraft, action: str, user_id: int, user_name: str
) -> None:
    session.add(
        AuditEvent(
            at=clock.now(),
            object_kind="script_draft",
            object_id=str(draft.id),
            action=action,
            actor_user_id=user_id,
            actor_name=user_name,
            reason=draft.title,
        )
    )

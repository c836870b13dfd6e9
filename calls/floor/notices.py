"""Short notices of a supervisor to agents, and who has read them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import FloorNotice, FloorNoticeReader, User

SHOWN_FOR = timedelta(hours=12)
"""One that nobody has read within a shift is not shown any more."""
LISTED = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """`unread`: names of those who have not read it; `readers` is to how many it went."""

    id: int
    text: str
    at: datetime
    by: str
    to: str
    readers: int
    unread: tuple[str, ...]


async def give(
    session: AsyncSession,
    text: str,
    readers: Collection[int],
    *,
    to: str,
    by_user_id: int,
    by_name: str,
    at: datetime,
) -> FloorNotice:
    """Write a notice to these accounts; `to` says in words who they are."""
    notice = FloorNotice(text=text, at=at, by_user_id=by_user_id, by_name=by_name, to=to)
    session.add(notice)
    await session.flush()
    session.add_all(FloorNoticeReader(notice_id=notice.id, user_id=user_id) for user_id in sorted(set(readers)))
    return notice


async def unread(session: AsyncSession, user_id: int, now: datetime) -> list[FloorNotice]:
    """What this account has not read yet, oldest first."""
    rows = await session.scalars(
        select(FloorNotice)
        .join(FloorNoticeReader, FloorNoticeReader.notice_id == FloorNotice.id)
        .where(
            FloorNoticeReader.user_id == user_id,
            FloorNoticeReader.read_at.is_(None),
            FloorNotice.at > now - SHOWN_FOR,
        )
        .order_by(FloorNotice.id)
        .limit(LISTED)
    )
    return list(rows)


async def mark_read(session: AsyncSession, notice_id: int, user_id: int, at: datetime) -> bool:
    """Whether it went to this account and was not read before."""
    marked = await session.scalar(
        update(FloorNoticeReader)
        .where(
            FloorNoticeReader.notice_id == notice_id,
            FloorNoticeReader.user_id == user_id,
            FloorNoticeReader.read_at.is_(None),
        )
        .values(read_at=at)
        .returning(FloorNoticeReader.id)
        .execution_options(synchronize_session=False)
    )
    return marked is not None


async def lately_given(session: AsyncSession, now: datetime) -> list[Notice]:
    """The last notices of a shift with their receipts, newest first."""
    notices = list(
        await session.scalars(
            select(FloorNotice)
            .where(FloorNotice.at > now - SHOWN_FOR)
            .order_by(FloorNotice.id.desc())
            .limit(LISTED)
        )
    )
    ids = [notice.id for notice in notices]
    counts = await session.execute(
        select(FloorNoticeReader.notice_id, func.count())
        .where(FloorNoticeReader.notice_id.in_(ids))
        .group_by(FloorNoticeReader.notice_id)
    )
    readers = {notice_id: number for notice_id, number in counts.all()}
    waiting = await session.execute(
        select(FloorNoticeReader.notice_id, User.name)
        .join(User, User.id == FloorNoticeReader.user_id)
        .where(FloorNoticeReader.notice_id.in_(ids), FloorNoticeReader.read_at.is_(None))
        .order_by(User.name)
    )
    names: dict[int, list[str]] = {}
    for notice_id, name in waiting.all():
        names.setdefault(notice_id, []).append(name)
    return [
        Notice(n.id, n.text, n.at, n.by_name, n.to, readers.get(n.id, 0), tuple(names.get(n.id, ())))
        for n in notices
    ]

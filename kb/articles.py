"""Articles from files into the database, where people may edit them: what people edited is never overwritten."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Article, ArticleRevision, AuditEvent, Unit
from kb.source import ARTICLES, ArticleSource, content_hash, read_folder
from runtime.clock import Clock, local

EDITABLE = ("published", "expired")
"""States the clock moves between; a draft or a withdrawn article is a person's decision."""


@dataclass
class LoadReport:
    """What loading did, by article id; `problems` are lines `file:line: what is wrong`."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    kept: list[str] = field(default_factory=list)
    """Edited in the database: the file's newer text was not taken."""
    problems: list[str] = field(default_factory=list)


async def load_articles(session: AsyncSession, clock: Clock, folder: Path = ARTICLES) -> LoadReport:
    """Load or refresh the folder's articles. Repeatable; a broken file is reported and harms no other."""
    sources, problems = read_folder(folder)
    report = LoadReport(problems=problems)
    units = await _units_by_name(session)
    rows = {row.id: row for row in await session.scalars(select(Article))}
    for source in sources:
        row = rows.get(source.id)
        if row is None:
            row = Article(id=source.id, version=0, state="published", updated_at=clock.now())
            session.add(row)
            report.added.append(source.id)
        elif row.sha256 == source.sha256:
            report.unchanged += 1
            continue
        elif edited_by_people(row):
            report.kept.append(source.id)
            continue
        else:
            report.changed.append(source.id)
        _take(row, source, clock, units.get(source.owner), folder)
        await session.flush()
        session.add(_revision(row))
    await expire_articles(session, clock)
    return report


async def expire_articles(session: AsyncSession, clock: Clock) -> list[str]:
    """Set `expired` by the calendar of Asia/Shanghai, and back when validity was prolonged; returns the ids."""
    today = local(clock.now()).date()
    moved = []
    for row in await session.scalars(select(Article).where(Article.state.in_(EDITABLE))):
        state = "expired" if row.valid_until is not None and row.valid_until < today else "published"
        if state != row.state:
            session.add(
                AuditEvent(
                    at=clock.now(),
                    object_kind="article",
                    object_id=row.id,
                    action="validity",
                    actor_name="system",
                    from_state=row.state,
                    to_state=state,
                    reason=f"valid until {row.valid_until}",
                )
            )
            row.state = state
            moved.append(row.id)
    await session.flush()
    return moved


def edited_by_people(row: Article) -> bool:
    """Whether the row's content is no longer what was loaded into it."""
    return row.sha256 != content_hash(**content_of(row))


def content_of(row: Article) -> dict[str, object]:
    """The row's content under the names of `ArticleSource`."""
    return {
        "id": row.id,
        "title": row.title,
        "questions": row.questions,
        "keywords": row.keywords,
        "category": row.category_code,
        "owner": row.owner,
        "short_answer": row.short_answer,
        "body": row.body,
        "basis": row.basis,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
    }


def _revision(row: Article) -> ArticleRevision:
    return ArticleRevision(
        article_id=row.id,
        version=row.version,
        title=row.title,
        body=row.body,
        at=row.updated_at,
        note=row.source,
    )


def _take(row: Article, source: ArticleSource, clock: Clock, unit_id: int | None, folder: Path) -> None:
    row.title = source.title
    row.questions = source.questions
    row.keywords = source.keywords
    row.category_code = source.category
    row.owner = source.owner
    row.short_answer = source.short_answer
    row.body = source.body
    row.basis = source.basis
    row.valid_from = source.valid_from
    row.valid_until = source.valid_until
    row.version += 1
    row.source = f"{folder.name}/{source.id}.md"
    row.sha256 = source.sha256
    row.updated_at = clock.now()
    if row.unit_id is None:  # once set, by us or by people, it stays
        row.unit_id = unit_id


async def _units_by_name(session: AsyncSession) -> dict[str, int]:
    """{name, short name or alias: unit id}; a unit's own name goes before another's alias."""
    units = list(await session.scalars(select(Unit).where(Unit.active).order_by(Unit.id)))
    names: dict[str, int] = {}
    for unit in units:
        names.setdefault(unit.name, unit.id)
        names.setdefault(unit.short_name, unit.id)
    for unit in units:
        for alias in unit.aliases:
            names.setdefault(alias, unit.id)
    return names

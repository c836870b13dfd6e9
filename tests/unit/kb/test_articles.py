"""Loading articles into the database, versions, people's edits, validity."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Article, ArticleRevision, AuditEvent
from db.seed import load_categories, load_regions, load_units
from db.session import Sessions
from kb.articles import LoadReport, expire_articles, load_articles
from tests.fakes.clock import FakeClock
from tests.unit.kb.test_source import GOOD

ID = "street-light"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "articles"
    made.mkdir()
    (made / f"{ID}.md").write_text(GOOD, encoding="utf-8")
    return made


async def load(sessions: Sessions, clock: FakeClock, folder: Path) -> LoadReport:
    async with sessions.begin() as session:
        return await load_articles(session, clock, folder)


async def row(sessions: Sessions) -> Article:
    async with sessions() as session:
        found = await session.get(Article, ID)
    assert found is not None
    return found


async def revisions(sessions: Sessions) -> list[int]:
    async with sessions() as session:
        return list(await session.scalars(select(ArticleRevision.version).order_by(ArticleRevision.id)))


async def test_loaded_once_then_unchanged(sessions: Sessions, clock: FakeClock, folder: Path) -> None:
    first = await load(sessions, clock, folder)
    second = await load(sessions, clock, folder)
    assert first.added == [ID]
    assert (second.added, second.changed, second.unchanged) == ([], [], 1)
    loaded = await row(sessions)
    assert (loaded.version, loaded.state, loaded.category_code) == (1, "published", "1106")
    assert loaded.source == f"articles/{ID}.md"
    assert await revisions(sessions) == [1]


async def test_a_changed_file_is_a_new_version(sessions: Sessions, clock: FakeClock, folder: Path) -> None:
    await load(sessions, clock, folder)
    (folder / f"{ID}.md").write_text(GOOD.replace("办理地点的内容", "城管局二楼"), encoding="utf-8")
    clock.move(hours=1)
    report = await load(sessions, clock, folder)
    loaded = await row(sessions)
    assert report.changed == [ID]
    assert loaded.version == 2 and "城管局二楼" in loaded.body
    assert loaded.updated_at == clock.now()
    assert await revisions(sessions) == [1, 2]


async def test_what_people_edited_is_never_overwritten(sessions: Sessions, clock: FakeClock, folder: Path) -> None:
    await load(sessions, clock, folder)
    async with sessions.begin() as session:
        edited = await session.get_one(Article, ID)
        edited.short_answer = "值班电话已换，请拨新号。"
    (folder / f"{ID}.md").write_text(GOOD.replace("办理地点的内容", "城管局二楼"), encoding="utf-8")
    report = await load(sessions, clock, folder)
    loaded = await row(sessions)
    assert report.kept == [ID] and report.changed == []
    assert loaded.short_answer == "值班电话已换，请拨新号。" and "城管局二楼" not in loaded.body


async def test_a_withdrawn_article_stays_withdrawn(sessions: Sessions, clock: FakeClock, folder: Path) -> None:
    await load(sessions, clock, folder)
    async with sessions.begin() as session:
        (await session.get_one(Article, ID)).state = "withdrawn"
    (folder / f"{ID}.md").write_text(GOOD.replace("办理地点的内容", "城管局二楼"), encoding="utf-8")
    await load(sessions, clock, folder)
    assert (await row(sessions)).state == "withdrawn"


async def test_a_broken_file_is_reported_and_harms_no_other(
    sessions: Sessions, clock: FakeClock, folder: Path
) -> None:
    (folder / "broken.md").write_text("nothing", encoding="utf-8")
    report = await load(sessions, clock, folder)
    assert report.added == [ID]
    assert report.problems == ["broken.md:1: must begin with front matter between two lines ---"]


async def test_validity_ends_after_its_last_day_in_shanghai(
    sessions: Sessions, clock: FakeClock, folder: Path
) -> None:
    clock.set(datetime(2027, 12, 31, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai
    await load(sessions, clock, folder)
    assert (await row(sessions)).state == "published"
    clock.move(minutes=1)
    async with sessions.begin() as session:
        assert await expire_articles(session, clock) == [ID]
    assert (await row(sessions)).state == "expired"
    async with sessions() as session:
        event = (await session.scalars(select(AuditEvent))).one()
    assert (event.object_kind, event.object_id, event.from_state, event.to_state) == (
        "article",
        ID,
        "published",
        "expired",
    )


async def test_prolonged_validity_publishes_again(sessions: Sessions, clock: FakeClock, folder: Path) -> None:
    clock.set(datetime(2028, 1, 2, tzinfo=UTC))
    await load(sessions, clock, folder)
    assert (await row(sessions)).state == "expired"
    (folder / f"{ID}.md").write_text(GOOD.replace("2027-12-31", "2029-12-31"), encoding="utf-8")
    await load(sessions, clock, folder)
    assert (await row(sessions)).state == "published"


async def test_the_owner_is_found_among_the_units(sessions: Sessions, clock: FakeClock, folder: Path) -> None:
    async with sessions.begin() as session:
        await load_categories(session)
        await load_regions(session)
        await load_units(session)
    await load(sessions, clock, folder)
    assert (await row(sessions)).unit_id is not None

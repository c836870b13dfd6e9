"""Another locks the database for a while: nothing is lost, the page says so, all of it goes in by itself."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import func, select

from db.models import Ticket, TicketDraft
from tests.integration.agent_desk.room import SHOWN_MS, Room, on_the_line, until
from tests.unit.agent_desk.conftest import LAMP

AWAY = "数据库暂不可用，内容已保存在本机，恢复后自动提交"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.session.BUSY_MS", 200)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the database for itself."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def tickets(room: Room) -> int:
    async with room.sessions() as session:
        return await session.scalar(select(func.count()).select_from(Ticket)) or 0


async def test_what_is_typed_and_submitted_goes_in_when_it_is_back(
    room: Room, page: Page, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await on_the_line(room, page)
    before = await tickets(room)
    with locked(tmp_path / "desk.db"):
        for name in ("title", "content", "appellant_name", "place_text", "occurred_text", "demand"):
            await page.fill(f"#d-{name}", LAMP[name])
        await page.click("[data-field=appeal_type] [data-value=HELP]")
        await page.fill("#d-category_code", "路灯")
        await page.keyboard.press("Enter")
        await expect(page.locator("#alerts")).to_contain_text(AWAY, timeout=SHOWN_MS)
        await expect(page.locator("#d-saved")).to_have_text("数据库暂不可用，已保存在本机")
        await page.keyboard.press("Alt+g")
        await expect(page.locator("#alerts")).to_contain_text("待提交工单 1 件", timeout=SHOWN_MS)
        await page.reload()  # nor does a reload lose it
        await expect(page.locator("#alerts")).to_contain_text("待提交工单 1 件", timeout=SHOWN_MS)
        assert await tickets(room) == before
    await expect(page.locator("#d-done")).to_have_text(re.compile(r"工单 \d{18} 已提交"), timeout=SHOWN_MS)
    await expect(page.locator("#alerts")).not_to_contain_text("数据库")
    assert await tickets(room) == before + 1
    async with room.sessions() as session:
        ticket = await session.scalar(select(Ticket).order_by(Ticket.id.desc()).limit(1))
    assert ticket is not None
    assert (ticket.title, ticket.state, ticket.call_id) == (LAMP["title"], "REGISTERED", room.feed.call_id)
    faults = [record for record in caplog.records if record.levelname == "ERROR" or record.exc_info]
    assert faults == []


async def test_a_submission_whose_answer_got_lost_makes_one_ticket(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    for name in ("title", "content", "appellant_name", "place_text", "occurred_text", "demand"):
        await page.fill(f"#d-{name}", LAMP[name])
    await page.click("[data-field=appeal_type] [data-value=HELP]")
    await page.fill("#d-category_code", "路灯")
    await page.keyboard.press("Enter")
    before, asked = await tickets(room), asyncio.Event()

    async def lost(route: Route) -> None:
        response = await route.fetch()
        asked.set()
        problem = {"type": "urn:hotline12345:database-away", "title": "", "status": 503, "detail": "x"}
        if await tickets(room) == before + 1 and response.ok and not first.is_set():
            first.set()
            await route.fulfill(status=503, json=problem)
        else:
            await route.fulfill(response=response)

    first = asyncio.Event()
    await page.route("**/api/desk/submit/*", lost)
    await page.keyboard.press("Alt+g")
    await until(page, first.is_set)
    await expect(page.locator("#d-done")).to_have_text(re.compile(r"工单 \d{18} 已提交"), timeout=SHOWN_MS)
    assert await tickets(room) == before + 1
    async with room.sessions() as session:
        draft = await session.get(TicketDraft, room.feed.call_id)
    assert draft is not None and draft.submitted_ticket_id is not None

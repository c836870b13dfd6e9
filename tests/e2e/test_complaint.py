"""(b) A complaint fills the draft, becomes a ticket, and the department signs it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import expect
from sqlalchemy import select

from db.models import AuditEvent, OutboxMessage, TicketClock
from tests.chromium import chromium
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.observe import database, ticket_row
from tests.e2e.talk import talk
from tests.e2e.voices import LIGHTS, say
from tests.sign_in import sign_in


async def test_a_complaint_becomes_a_ticket_that_the_unit_signs(system: RunningSystem, voices: Path) -> None:
    voice = await say(voices, LIGHTS, "lights")
    async with agent_at_desk(system) as desk, talk(system, desk, "+8613586427903") as citizen:
        await desk.type("appellant_name", "陈先生")  # typed by the agent: stays whatever is heard
        await citizen.play(voice)
        await desk.wait_offered("place_text", "白泉村")
        await desk.accept("place_text")
        await desk.wait_offered("region_code", "天城|白泉")
        await desk.accept("region_code")
        await desk.wait_offered("category_code", "路灯")
        await desk.accept("category_code")
        for field in ("title", "content", "demand"):
            await desk.wait_offered(field, ".+")
            await desk.accept(field)
        await desk.type("occurred_text", "近几天")
        await desk.choose("appeal_type", "HELP")
        await desk.pick("unit_id", "城管局")
        assert await desk.value("appellant_name") == "陈先生"
        assert "路灯" in await desk.value("title")
        number = await desk.submit("dispatch")
        await desk.hang_up()

    ticket = await ticket_row(system.settings, number)
    assert ticket.state == "DISPATCHED"
    assert ticket.category_code == "1106"
    assert ticket.region_code.startswith("421223100")
    assert ticket.phone == "13586427903" or ticket.caller_id == "13586427903"

    async with chromium() as browser:
        page = await (await browser.new_context(viewport={"width": 1366, "height": 768})).new_page()
        await sign_in(page, system.url, "urban", system.accounts["urban"])
        await page.goto(f"{system.url}/unit")
        await page.get_by_text(number).first.click()
        await page.get_by_role("button", name=re.compile("签收")).first.click()
        await expect(page.get_by_text("已签收").first).to_be_visible()

    ticket = await ticket_row(system.settings, number)
    assert ticket.state == "SIGNED"
    async with database(system.settings) as session:
        rows = select(AuditEvent).where(AuditEvent.object_kind == "ticket", AuditEvent.object_id == str(ticket.id))
        trail = [(row.from_state, row.to_state) for row in await session.scalars(rows.order_by(AuditEvent.id))]
        assert trail[-1] == ("DISPATCHED", "SIGNED")
        clocks = {
            clock.name: clock
            for clock in await session.scalars(select(TicketClock).where(TicketClock.ticket_id == ticket.id))
        }
        assert clocks["sign_by"].met_at is not None
        assert clocks["close_by"].met_at is None
        assert await session.scalar(select(OutboxMessage.id).limit(1)) is not None

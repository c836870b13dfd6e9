"""Each table as a spreadsheet, read back from the file itself."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from io import BytesIO
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from aiohttp import hdrs
from sqlalchemy import select

from agent_desk.floor.figure_sheets import TABLES, Share, workbook
from agent_desk.web.access import XLSX
from db.models import AuditEvent, User
from tests.unit.agent_desk.conftest import Desk
from tests.unit.agent_desk.floor.test_figures import DAY, as_role, centre

__all__ = ["centre"]

AT = datetime(2025, 5, 6, 12, 0, tzinfo=UTC)
NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def cells(body: bytes) -> list[list[str | float]]:
    """The sheet's rows; text as text, numbers as numbers. No cell may hold a formula, and there are no links."""
    with zipfile.ZipFile(BytesIO(body)) as book:
        page = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 (made here)
        shared = ElementTree.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314
        assert not any("externalLinks" in name for name in book.namelist())
    assert page.find(".//m:f", NAMES) is None and page.find(".//m:hyperlink", NAMES) is None
    texts = ["".join(text.itertext()) for text in shared.findall("m:si", NAMES)]
    rows = []
    for row in page.findall(".//m:row", NAMES):
        found: list[str | float] = []
        for cell in row.findall("m:c", NAMES):
            value = cell.findtext("m:v", "", NAMES)
            found.append(texts[int(value)] if cell.get("t") == "s" else float(value))
        rows.append(found)
    return rows


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "http://example.com", "\t=1"]
)
def test_text_is_never_a_formula_nor_a_link(text: str) -> None:
    rows = cells(workbook("坐席", "标题", ("姓名", text), [(text, 3)], AT))
    assert rows[-1] == [text, 3.0] and rows[-2] == ["姓名", text]


def test_a_share_is_a_number_and_nothing_is_a_dash() -> None:
    rows = cells(workbook("坐席", "标题", ("甲", "乙", "丙"), [(Share(0.5), Share(None), None)], AT))
    assert rows[-1] == [0.5, "—", "—"]


@pytest.mark.parametrize("table", TABLES)
async def test_every_table_can_be_taken(centre: Desk, table: str) -> None:
    person = await as_role(centre, "ANALYST")
    response = await person.get(f"/figures/sheet?table={table}&{DAY}")
    assert response.status == 200 and response.content_type == XLSX
    name = unquote(response.headers[hdrs.CONTENT_DISPOSITION])
    assert f"{TABLES[table]}-20250506.xlsx" in name
    rows = cells(await response.read())
    assert rows[0] == [f"{TABLES[table]}　2025年5月6日 00:00至20:00"]
    assert len(rows) > 4


async def test_its_numbers_are_those_of_the_page(centre: Desk) -> None:
    person = await as_role(centre, "ANALYST")
    rows = cells(await (await person.get(f"/figures/sheet?table=kpis&{DAY}")).read())
    connected = next(row for row in rows if row[0] == "CONNECT_RATE")
    assert connected[1:6] == ["接通率", 32 / 41, "%", 32, 41]
    agents = cells(await (await person.get(f"/figures/sheet?table=agents&{DAY}")).read())
    assert agents[3][0] == "8001" and agents[3][2] == 3


async def test_calls_are_taken_with_masked_numbers(centre: Desk) -> None:
    person = await as_role(centre, "ANALYST")
    window = "start=2025-05-06T09:00&end=2025-05-06T10:00&show=lost"
    response = await person.get(f"/figures/calls/sheet?{window}")
    assert "来电明细-未接通-20250506.xlsx" in unquote(response.headers[hdrs.CONTENT_DISPOSITION])
    rows = cells(await response.read())
    assert len(rows) == 3 + 8
    assert all("****" in str(row[1]) for row in rows[3:])


async def test_it_is_kept_who_took_what(centre: Desk) -> None:
    person = await as_role(centre, "ANALYST")
    await person.get(f"/figures/sheet?table=agents&{DAY}")
    async with centre.sessions() as session:
        row = await session.scalar(select(AuditEvent).where(AuditEvent.action == "exported"))
        user = await session.scalar(select(User).where(User.login == "dispatcher"))
    assert row is not None and user is not None
    assert (row.object_kind, row.object_id, row.actor_user_id) == ("figures", "坐席-20250506", user.id)


async def test_who_may_only_read_takes_nothing(centre: Desk) -> None:
    lead = await as_role(centre, "SHIFT_LEAD")
    assert (await lead.get(f"/figures/sheet?{DAY}")).status == 403
    assert "/figures/sheet" not in await (await lead.get("/figures")).text()

from __future__ import annotations

import re

import pytest
from aiohttp import hdrs
from sqlalchemy import select, update

from agent_desk.admin.audit import ACTS, PAGE
from db.models import AuditEvent, User
from tests.unit.agent_desk.conftest import Desk, Person
from tests.unit.agent_desk.units.test_unit_pages import ticket


async def as_role(desk: Desk, role: str, login: str = "dispatcher") -> Person:
    async with desk.sessions.begin() as session:
        await session.execute(update(User).where(User.login == login).values(roles=[role]))
    return await desk.log_in(login)


async def shown(person: Person, query: str = "") -> str:
    response = await person.get(f"/audit{query}")
    assert response.status == 200
    return await response.text()


def rows(page: str) -> str:
    return page.partition("<tbody>")[2].partition("</tbody>")[0]


async def test_the_auditor_starts_on_the_trail(desk: Desk) -> None:
    auditor = await as_role(desk, "SECURITY")
    assert (await auditor.get("/")).headers[hdrs.LOCATION] == "/audit"
    number = await ticket(desk, appellant_name="陈建国")
    page = await shown(auditor)
    assert number in rows(page) and "派单" in rows(page) and "登录" in rows(page)
    assert "陈建国" not in page and "13912345678" not in page
    assert 'href="/audit" aria-current="page"' in page


@pytest.mark.parametrize("login", ["agent1", "urban", "admin", "dispatcher"])
async def test_others_do_not_see_it(desk: Desk, login: str) -> None:
    assert (await (await desk.log_in(login)).get("/audit")).status == 403


async def test_it_is_filtered_by_person_act_and_day(desk: Desk) -> None:
    auditor = await as_role(desk, "SECURITY")
    await desk.log_in("agent1")
    desk.clock.move(days=1)
    await desk.log_in("agent2")
    auditor = await desk.log_in("dispatcher")
    assert "王丽" in rows(await shown(auditor, "?who=agent1")) and "李敏" not in rows(
        await shown(auditor, "?who=agent1")
    )
    assert "李敏" in rows(await shown(auditor, "?who=李"))
    assert rows(await shown(auditor, "?who=%25")) == "", "signs are taken as they are"
    assert rows(await shown(auditor, "?act=played")) == ""
    assert "王丽" in rows(await shown(auditor, "?until=2025-11-14"))
    assert "李敏" not in rows(await shown(auditor, "?until=2025-11-14"))
    assert "王丽" not in rows(await shown(auditor, "?since=2025-11-15"))


@pytest.mark.parametrize(
    ("kind", "action", "before", "after"),
    [
        ("callback", "take", "open", "taken"),
        ("callback", "release", "taken", "open"),
        ("callback", "attempt", "taken", "open"),
        ("callback", "reach", "taken", "done"),
        ("callback", "give_up", "open", "given_up"),
        ("voicemail", "ticket", "", ""),
        ("voicemail", "no_ticket", "", ""),
        ("article", "validity", "published", "expired"),
    ],
)
async def test_what_the_house_does_by_itself_is_told_in_chinese(
    desk: Desk, kind: str, action: str, before: str, after: str
) -> None:
    auditor = await as_role(desk, "SECURITY")
    async with desk.sessions.begin() as session:
        session.add(
            AuditEvent(
                at=desk.clock.now(),
                object_kind=kind,
                object_id="7",
                action=action,
                actor_name="system",
                from_state=before,
                to_state=after,
            )
        )
    row = rows(await shown(auditor)).split("</tr>")[0]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
    assert cells[1] == "系统"
    assert not re.search("[A-Za-z_]", "".join(cells[1:])), cells


async def test_an_act_at_a_seat_bears_its_agent_s_name(desk: Desk) -> None:
    auditor = await as_role(desk, "SECURITY")
    async with desk.sessions.begin() as session:
        agent = await session.scalar(select(User.id).where(User.login == "agent1"))
        session.add(
            AuditEvent(
                at=desk.clock.now(), object_kind="callback", object_id="7", action="reach", actor_user_id=agent
            )
        )
    row = rows(await shown(auditor, "?who=王丽")).split("</tr>")[0]
    assert "回拨接通" in row and "王丽" in row and "系统" not in row


async def test_pages_keep_the_filter(desk: Desk) -> None:
    auditor = await as_role(desk, "SUPERVISOR_XF")
    async with desk.sessions.begin() as session:
        session.add_all(
            AuditEvent(at=desk.clock.now(), object_kind="script", object_id=f"s{number}", action="publish")
            for number in range(PAGE + 1)
        )
    first, second = await shown(auditor, "?act=publish"), await shown(auditor, "?act=publish&page=2")
    assert f"共 {PAGE + 1} 条" in first and "act=publish&amp;" in first and "page=2" in first
    assert rows(first).count("<tr>") == PAGE and rows(second).count("<tr>") == 1


@pytest.mark.parametrize(
    "query", ["?page=-1", "?since=x&until=9999-12-31", "?act=no-such", "?who=%00", "?since=0001-01-01"]
)
async def test_odd_queries_are_refused_on_a_page_or_taken(desk: Desk, query: str) -> None:
    response = await (await as_role(desk, "SECURITY")).get(f"/audit{query}")
    assert response.status in ({200} if query == "?who=%00" else {400, 422})
    assert response.content_type == "text/html"


def test_every_act_has_a_name() -> None:
    assert all(any("\u4e00" <= c <= "\u9fff" for c in name) for name in ACTS.values())


@pytest.mark.parametrize(("role", "name"), [("KB_EDITOR", "知识库采编"), ("KB_APPROVER", "知识库审核")])
async def test_a_role_without_pages_is_told_so(desk: Desk, role: str, name: str) -> None:
    person = await as_role(desk, role)
    assert (await person.get("/")).headers[hdrs.LOCATION] == "/home"
    page = await (await person.get("/home")).text()
    assert name in page and "后续版本提供" in page


async def test_a_role_with_pages_finds_them(desk: Desk) -> None:
    page = await (await (await desk.log_in("admin")).get("/home")).text()
    assert 'href="/admin"' in page and "后续版本" not in page

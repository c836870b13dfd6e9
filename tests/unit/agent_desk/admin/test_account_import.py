from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from accounts import sheet
from accounts.importing import HEADINGS
from db.models import AuditEvent, Unit, User
from tests.unit.agent_desk.conftest import Desk, Person, submit_login

GOOD = [
    ["limin2", "李小敏", "话务员、班长", "县城市管理局", "自动", "企业"],
    ["zhangwei", "张小伟", "质检员", "城管局", "", ""],
]


def packed(rows: list[list[str]]) -> str:
    return base64.b64encode(sheet.write({"账号": [list(HEADINGS), *rows]})).decode()


async def sent(person: Person, file: str, checked: str = "") -> tuple[int, Any]:
    body = {"file": file, "name": "一季度.xlsx", "checked": checked}
    response = await person.post("/api/admin/accounts/import", body)
    return response.status, await response.json()


async def accounts(desk: Desk) -> int:
    async with desk.sessions() as session:
        return await session.scalar(select(func.count()).select_from(User)) or 0


async def rows_of(desk: Desk) -> list[list[str]]:
    """Two good rows with the demo city's own unit."""
    unit = await desk.unit("urban")
    async with desk.sessions() as session:
        name = (await session.get_one(Unit, unit)).name
        short = (await session.get_one(Unit, unit)).short_name
    return [[*GOOD[0][:3], name, *GOOD[0][4:]], [*GOOD[1][:3], short, *GOOD[1][4:]]]


async def test_a_dry_run_changes_nothing_and_then_all_are_made(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    before, file = await accounts(desk), packed(await rows_of(desk))
    status, report = await sent(admin, file)
    assert (status, report["done"], report["bad"]) == (200, False, [])
    assert [(one["row"], one["login"], one["seat"], one["password"]) for one in report["accounts"]] == [
        (2, "limin2", "8005", ""),
        (3, "zhangwei", "", ""),
    ]
    assert await accounts(desk) == before
    status, report = await sent(admin, file, report["checked"])
    assert report["done"] and await accounts(desk) == before + 2
    async with desk.sessions() as session:
        user = (await session.scalars(select(User).where(User.login == "limin2"))).one()
        trail = list(await session.scalars(select(AuditEvent).where(AuditEvent.action == "account_made")))
    assert (user.roles, user.skills) == (["AGENT", "SHIFT_LEAD"], ["common", "enterprise"])
    assert user.must_change_password
    assert [row.detail["source"] for row in trail] == ["一季度.xlsx"] * 2
    first = await submit_login(await desk.client(), "limin2", report["accounts"][0]["password"])
    assert first.status == 303


async def test_one_bad_row_keeps_all_out_and_each_is_reported(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    before, good = await accounts(desk), await rows_of(desk)
    unit = good[0][3]
    bad = [
        ["agent1", "甲", "话务员", unit, "", ""],
        ["limin2", "乙", "话务员", unit, "", ""],
        ["x", "丙", "话务员", unit, "", ""],
        ["user4", "", "话务员", unit, "", ""],
        ["user5", "戊", "厨师", unit, "", ""],
        ["user6", "己", "话务员", "没有的局", "", ""],
        ["user7", "庚", "话务员", unit, "8001", ""],
        ["user8", "辛", "话务员", unit, "自动", "炒菜"],
        ["user9", "壬", "话务员", "", "", ""],
        ["user10", "癸", "质检员", unit, "自动", ""],
    ]
    status, report = await sent(admin, packed([*good, *bad]))
    assert status == 200 and report["checked"] == "" and not report["done"]
    assert [one["row"] for one in report["bad"]] == list(range(4, 14))
    said_of: tuple[str, ...] = ("agent1 已经存在", "limin2 已经存在", "2 至 32 个", "填写姓名", "厨师", "没有的局")
    for one, said in zip(
        report["bad"], (*said_of, "8001 已分配", "炒菜", "填写单位", "只有接听电话"), strict=True
    ):
        assert said in one["why"], one
    assert await accounts(desk) == before
    async with desk.sessions() as session:
        made = await session.scalar(select(func.count()).where(AuditEvent.action == "account_made"))
    assert made == 0, "what was taken back left no trace either"


async def test_what_was_true_at_the_dry_run_is_looked_at_again(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    file = packed(await rows_of(desk))
    _, report = await sent(admin, file)
    unit = str(await desk.unit("centre"))
    await admin.form("/admin/accounts/new", login="zhangwei", name="张", unit_id=unit, role_QA="yes")
    before = await accounts(desk)
    _, again = await sent(admin, file, report["checked"])
    assert not again["done"] and [one["row"] for one in again["bad"]] == [3] and await accounts(desk) == before
    assert all(one["password"] == "" for one in again["accounts"])


async def test_only_the_very_file_that_was_checked_is_imported(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    good = await rows_of(desk)
    _, report = await sent(admin, packed(good))
    status, problem = await sent(admin, packed(good[:1]), report["checked"])
    assert status == 409 and "重新检查" in problem["detail"]
    assert (await sent(admin, packed(good), "0" * 64))[0] == 409


@pytest.mark.parametrize(
    ("file", "status"),
    [("", 422), ("%%%", 400), (base64.b64encode(b"PK").decode(), 422), ("A" * 300_000, 413), (packed([]), 422)],
)
async def test_odd_files_are_refused(desk: Desk, file: str, status: int) -> None:
    admin = await desk.log_in("admin")
    assert (await sent(admin, file))[0] == status


async def test_the_template_is_what_the_import_takes(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    response = await admin.get("/admin/accounts/template.xlsx")
    assert response.status == 200 and "attachment" in response.headers["Content-Disposition"]
    data = await response.read()
    assert sheet.read(data, HEADINGS) == []
    explained = load_workbook(io.BytesIO(data), read_only=True)["填写说明"]
    words = "".join(str(cell) for row in explained.iter_rows(values_only=True) for cell in row)
    assert "承办单位联络员" in words and "自动" in words


async def test_it_is_for_administrators_alone(desk: Desk) -> None:
    agent = await desk.log_in("agent1")
    assert (await sent(agent, packed(GOOD)))[0] == 403
    for path in ("/admin/accounts/import", "/admin/accounts/template.xlsx"):
        assert (await agent.get(path)).status == 403

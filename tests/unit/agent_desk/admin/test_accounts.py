from __future__ import annotations

import asyncio
import re

import pytest
from aiohttp import WSMsgType
from sqlalchemy import select, update

from db.models import AuditEvent, User, WebSession
from tests.fakes.desk_seed import PASSWORD
from tests.unit.agent_desk.conftest import Desk, Person, submit_login


async def of(desk: Desk, login: str) -> User:
    async with desk.sessions() as session:
        return (await session.scalars(select(User).where(User.login == login))).one()


async def fields(desk: Desk, login: str, **changed: str) -> dict[str, str]:
    """The form of this account as its page sends it, with changes; "" unticks."""
    user = await of(desk, login)
    values = {
        "version": str(user.version),
        "name": user.name,
        "unit_id": str(user.unit_id or ""),
        "seat": user.extension or "",
        **{f"role_{role}": "yes" for role in user.roles},
    }
    return {name: value for name, value in (values | changed).items() if value}


def rows(page: str) -> str:
    return page.partition("<tbody>")[2].partition("</tbody>")[0]


async def made(admin: Person, desk: Desk, login: str = "limin") -> tuple[int, str]:
    """A new account: its id and first password."""
    unit = str(await desk.unit("centre"))
    response = await admin.form(
        "/admin/accounts/new", login=login, name="李小敏", unit_id=unit, seat="next", role_AGENT="yes"
    )
    page = await response.text()
    assert response.status == 200, page
    shown = re.search(r'<output class="secret">(\w+)</output>', page)
    assert shown is not None
    return (await of(desk, login)).id, shown[1]


@pytest.mark.parametrize("login", ["agent1", "lead", "urban", "dispatcher"])
@pytest.mark.parametrize("path", ["/admin/accounts", "/admin/accounts/new", "/admin/accounts/1"])
async def test_it_is_for_administrators_alone(desk: Desk, login: str, path: str) -> None:
    person = await desk.log_in(login)
    assert (await person.get(path)).status == 403
    for act in ("", "/lock", "/unlock", "/sign-out", "/password"):
        assert (await person.form(f"/admin/accounts/1{act}", version="1")).status == 403


async def test_the_list_is_searched_and_filtered(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    await admin.form("/admin/accounts/1/lock", version="1", reason="借调")

    async def found(query: str) -> set[str]:
        page = await (await admin.get(f"/admin/accounts?{query}")).text()
        return set(re.findall(r'<a href="/admin/accounts/\d+">(\w+)</a>', rows(page)))

    assert {"agent1", "urban", "admin"} <= await found("")
    assert await found("q=AGENT2") == {"agent2"} and await found("q=李敏") == {"agent2"}
    assert await found("q=%25") == set(), "signs are taken as they are"
    assert await found("role=AGENT") == {"agent1", "agent2", "agent3", "lead"}
    assert await found(f"unit={await desk.unit('urban')}") == {"urban", "urbanhead"}
    assert await found("state=locked") == {"agent1"}
    assert "agent1" not in await found("state=open")
    assert (await admin.get("/admin/accounts?role=BOSS")).status == 422


async def test_a_new_account_s_password_is_shown_once_and_changed_at_the_first_sign_in(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    number, password = await made(admin, desk)
    assert password not in await (await admin.get(f"/admin/accounts/{number}")).text()
    assert (await of(desk, "limin")).extension == "8005"
    client = await desk.client()
    assert (await submit_login(client, "limin", password)).status == 303
    first = await client.get("/desk", allow_redirects=False)
    assert first.headers["Location"] == "/password"
    async with desk.sessions() as session:
        kept = await session.scalars(select(AuditEvent).where(AuditEvent.action == "account_made"))
        assert password not in str([row.detail for row in kept])


async def test_faults_are_told_by_the_field_and_nothing_typed_is_lost(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    unit = str(await desk.unit("centre"))
    response = await admin.form(
        "/admin/accounts/new", login="agent1", name="李小敏", unit_id=unit, seat="8009", role_QA="yes"
    )
    page = await response.text()
    assert response.status == 422 and "账号 agent1 已经存在" in page and 'id="e-login"' in page
    assert 'value="李小敏"' in page and re.search(r'name="role_QA" value="yes" checked', page)


async def test_a_change_shows_in_the_history_with_before_and_after(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    response = await admin.form("/admin/accounts/1", **await fields(desk, "agent1", seat="8009", role_QA="yes"))
    assert response.status == 303
    page = await (await admin.get("/admin/accounts/1")).text()
    assert "分机：8001 → 8009" in page and "角色：话务员 → 话务员、质检员" in page and "系统管理员" in page


async def test_the_second_administrator_sees_what_the_first_changed(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    stale = await fields(desk, "agent1", name="王力")
    assert (await admin.form("/admin/accounts/1", **await fields(desk, "agent1", name="王莉"))).status == 303
    response = await admin.form("/admin/accounts/1", **stale)
    page = await response.text()
    assert response.status == 409 and "刚刚被其他管理员修改过" in page and "王丽 → 王莉" in page
    assert (await of(desk, "agent1")).name == "王莉"
    assert f'name="version" value="{(await of(desk, "agent1")).version}"' in page, (
        "the next try is on what is shown"
    )


async def test_a_seat_that_talks_is_not_taken_away(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    feed = await desk.feed()
    await feed.ring("13912345678")
    await feed.answer()
    await desk.control.set_state("8001", "talking")
    response = await admin.form("/admin/accounts/1", **await fields(desk, "agent1", seat="8009"))
    page = await response.text()
    assert response.status == 422 and "正在通话或话后处理，现在不能修改" in page
    assert "13912345678" not in page
    assert (await of(desk, "agent1")).extension == "8001"


async def test_the_last_administrator_can_neither_lock_nor_demote_itself(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    path = f"/admin/accounts/{admin.user_id}"
    response = await admin.form(path, **await fields(desk, "admin", role_ADMIN="", role_QA="yes"))
    assert response.status == 422 and "最后一个可用的管理员" in await response.text()
    response = await admin.form(f"{path}/lock", version="1")
    assert response.status == 422 and "最后一个可用的管理员" in await response.text()
    assert (await admin.get("/admin")).status == 200


async def test_locking_closes_open_pages_at_once_and_unlocking_lets_in_again(desk: Desk) -> None:
    admin, agent = await desk.log_in("admin"), await desk.log_in("agent1")
    socket = await agent.client.ws_connect("/ws/live?tab=a&seat=1")
    assert (await admin.form("/admin/accounts/1/lock", version="1", reason="离岗")).status == 303
    async with asyncio.timeout(30):
        while (await socket.receive()).type is WSMsgType.TEXT:
            pass
    assert socket.close_code == 1008
    assert desk.control.acts("logout") == [("8001", "", {})], "the telephone rings there no more"
    assert (await agent.get("/api/me")).status == 401
    assert (await submit_login(await desk.client(), "agent1", PASSWORD)).status == 401
    assert (await admin.form("/admin/accounts/1/unlock", version="2")).status == 303
    assert (await submit_login(await desk.client(), "agent1", PASSWORD)).status == 303


async def test_signing_out_everywhere_ends_each_log_in(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    here, there = await desk.log_in("agent1"), await desk.log_in("agent1")
    assert (await admin.form("/admin/accounts/1/sign-out")).status == 303
    assert [(await person.get("/api/me")).status for person in (here, there)] == [401, 401]
    async with desk.sessions() as session:
        left = await session.scalars(select(WebSession.user_id))
        assert set(left) == {admin.user_id}


async def test_a_password_is_set_anew_and_shown_once(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    response = await admin.form("/admin/accounts/1/password", version="1")
    shown = re.search(r'<output class="secret">(\w+)</output>', await response.text())
    assert shown is not None
    assert (await submit_login(await desk.client(), "agent1", PASSWORD)).status == 401
    assert (await submit_login(await desk.client(), "agent1", shown[1])).status == 303


async def test_last_sign_ins_have_time_address_and_outcome(desk: Desk) -> None:
    await submit_login(await desk.client(), "agent1", "wrong")
    await desk.log_in("agent1")
    page = await (await (await desk.log_in("admin")).get("/admin/accounts/1")).text()
    table = page.partition("最近登录")[2].partition("</section>")[0]
    assert re.findall(r"<td>(\S+?)</td>", table) == ["登录", "登录失败"]
    assert table.count("127.0.0.1") == 2 and "11-14" in table


async def test_what_is_not_there_is_not_found(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    assert (await admin.get("/admin/accounts/999999")).status == 404
    for act in ("", "/lock", "/unlock", "/password"):
        assert (await admin.form(f"/admin/accounts/999999{act}", version="1")).status == 404
    assert (await admin.form("/admin/accounts/999999/sign-out")).status == 404


async def test_odd_forms_are_refused(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    good = await fields(desk, "agent1")
    assert (await admin.form("/admin/accounts/1", **good | {"role_BOSS": "yes"})).status == 400
    assert (await admin.form("/admin/accounts/1", **good | {"role_QA": "on"})).status == 400
    assert (await admin.form("/admin/accounts/1", **good | {"version": ""})).status == 400
    assert (await admin.form("/admin/accounts/1", **good | {"unit_id": "٣"})).status == 422
    async with desk.sessions.begin() as session:
        await session.execute(update(User).where(User.id == 1).values(name="<script>alert(1)</script>"))
    page = await (await admin.get("/admin/accounts/1")).text()
    assert "<script>alert" not in page

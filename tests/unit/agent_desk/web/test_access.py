from __future__ import annotations

import json

import pytest
from aiohttp import web
from sqlalchemy.exc import OperationalError

from agent_desk.app import BODY_LIMIT
from agent_desk.web.access import CSRF_HEADER, SAFE_METHODS, Logs, rule_of
from agent_desk.web.errors import DATABASE
from agent_desk.web.permissions import TABLE, Permission, allowed, here_page, home, pages_of
from agent_desk.web.web_sessions import WebSessions
from tests.unit.agent_desk.conftest import Desk
from tickets.permissions import ROLE_NAMES


async def test_every_route_says_whom_it_is_for(desk: Desk) -> None:
    app = desk.server.app
    silent = [
        route
        for route in app.router.routes()
        if not isinstance(route.resource, web.StaticResource) and rule_of(route.handler) is None
    ]
    assert silent == []


async def test_every_route_states_what_it_changes_and_who_keeps_it(desk: Desk) -> None:
    """A route that changes something is kept somewhere; one that is only read changes nothing."""
    for route in desk.server.app.router.routes():
        if (rule := rule_of(route.handler)) is not None:
            assert rule.changes == (route.method not in SAFE_METHODS), route
            assert not rule.changes or rule.logs is not Logs.NOTHING, route
            assert (route.handler.__doc__ or "").strip(), route


async def test_only_these_pages_are_open_to_strangers(desk: Desk) -> None:
    app = desk.server.app
    public = {
        route.resource.canonical
        for route in app.router.routes()
        if route.resource is not None and (rule := rule_of(route.handler)) and not rule.permissions
    }
    # The wall's page holds nothing, and its live link wants a key first.
    assert public == {"/login", "/login/code", "/healthz", "/board/wall", "/ws/wall"}


def test_the_table_knows_every_role() -> None:
    people = set(ROLE_NAMES) - {"SYSTEM"}
    assert people <= TABLE.keys()


def test_unknown_roles_give_nothing() -> None:
    assert allowed(["NO_SUCH_ROLE"]) == {Permission.LOGGED_IN}
    assert home(allowed([])) == "/home"


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("DISPATCHER", ["工单", "运行监控"]),
        ("SHIFT_LEAD", ["坐席工作台", "我的工单", "运行监控", "话务指标"]),
        ("UNIT_LIAISON", ["本单位工单"]),
        ("ADMIN", ["运行监控", "系统管理", "账号", "单位", "语音脚本"]),
    ],
)
def test_everybody_finds_the_own_tickets_in_the_navigation_once(role: str, names: list[str]) -> None:
    pages = [page.name for page in pages_of(allowed([role])) if page.path != "/unwatched"]
    assert pages == names


@pytest.mark.parametrize(
    ("path", "name"),
    [("/admin", "系统管理"), ("/admin/scripts/drafts/1", "语音脚本"), ("/board", "运行监控"), ("/x", None)],
)
def test_an_address_belongs_to_one_page_of_the_navigation(path: str, name: str | None) -> None:
    pages = pages_of(allowed(["ADMIN"]))
    here = here_page(pages, path)
    assert next((page.name for page in pages if page.path == here), None) == name


def test_nobody_outside_the_centre_hears_recordings() -> None:
    for role in ("UNIT_LIAISON", "HANDLER", "UNIT_HEAD", "ADMIN", "ANALYST", "SECURITY"):
        assert not allowed([role]) & {Permission.PLAY_ANY_RECORDING, Permission.PLAY_OWN_RECORDING}


@pytest.mark.parametrize(
    ("login", "path"),
    [
        ("urban", "/desk"),
        ("urban", "/api/desk/state"),
        ("urban", "/board"),
        ("urban", "/admin"),
        ("urban", "/api/kb/search?q=x"),
        ("agent1", "/board"),
        ("agent1", "/admin"),
        ("agent1", "/unit"),
        ("admin", "/desk"),
        ("admin", "/tickets"),
        ("dispatcher", "/desk"),
    ],
)
async def test_a_page_of_another_role_is_refused(desk: Desk, login: str, path: str) -> None:
    person = await desk.log_in(login)
    response = await person.get(path)
    assert response.status == 403
    assert "没有使用此功能的权限" in await response.text()


async def test_strangers_get_json_from_the_api_and_the_log_in_page_elsewhere(desk: Desk) -> None:
    client = await desk.client()
    api = await client.get("/api/desk/state")
    assert (api.status, (await api.json())["detail"]) == (401, "登录已失效，请重新登录。")
    page = await client.get("/desk", allow_redirects=False)
    assert page.status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {CSRF_HEADER: "wrong"},
        {CSRF_HEADER: ""},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_request_that_another_site_could_send_changes_nothing(desk: Desk, headers: dict[str, str]) -> None:
    person = await desk.log_in("agent1")
    response = await person.post("/api/desk/act/ready", headers=headers)
    assert response.status == 403
    assert desk.control.acts("ready") == []


async def test_the_own_page_may(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    own = {"Origin": str(person.client.make_url("")).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert (await person.post("/api/desk/act/ready", headers=own)).status == 200


async def test_a_body_over_the_limit_is_refused(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    response = await person.post("/api/desk/act/ready", {"x": "x" * BODY_LIMIT})
    assert response.status == 413
    assert "超过上限" in (await response.json())["detail"]


async def test_one_s_session_does_not_open_another_s_csrf(desk: Desk) -> None:
    one, other = await desk.log_in("agent1"), await desk.log_in("agent2")
    response = await one.post("/api/desk/act/ready", headers={CSRF_HEADER: other.csrf})
    assert response.status == 403


async def test_a_database_that_is_away_is_said_to_be_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await desk.log_in("agent1")

    async def away(*_: object) -> None:
        raise OperationalError("SELECT secret", {}, Exception("database is locked"))

    monkeypatch.setattr(WebSessions, "find", away)
    script, page = await person.get("/api/me"), await person.get("/tickets")
    assert (script.status, page.status, script.headers["Retry-After"]) == (503, 503, "5")
    assert json.loads(await script.text())["type"] == DATABASE
    assert "数据库暂不可用" in await page.text() and "secret" not in await page.text()

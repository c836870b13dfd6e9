from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from aiohttp import hdrs
from sqlalchemy import select

from agent_desk.account.login import WRONG
from agent_desk.web.access import COOKIE
from agent_desk.web.lockout import FAILURES_ALLOWED, LOCKED_FOR
from agent_desk.web.web_sessions import ABSOLUTE, IDLE, hash_token
from db.models import AuditEvent, User, WebSession
from tests.fakes.desk_seed import PASSWORD
from tests.unit.agent_desk.conftest import Desk, MakeDesk, submit_login


async def actions(desk: Desk) -> list[str]:
    async with desk.sessions() as session:
        rows = await session.scalars(
            select(AuditEvent.action).where(AuditEvent.object_kind == "account").order_by(AuditEvent.id)
        )
        return list(rows)


async def test_the_cookie_is_guarded_and_only_its_hash_is_kept(desk: Desk) -> None:
    client = await desk.client()
    response = await submit_login(client, "agent1", PASSWORD)
    assert response.headers[hdrs.LOCATION] == "/"
    cookie = SimpleCookie(next(c for c in response.headers.getall(hdrs.SET_COOKIE) if c.startswith(COOKIE)))[
        COOKIE
    ]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and not cookie["secure"]
    async with desk.sessions() as session:
        row = (await session.scalars(select(WebSession))).one()
    assert row.token_hash == hash_token(cookie.value) != cookie.value
    assert await actions(desk) == ["login"]


async def test_cookies_are_secure_behind_https(make_desk: MakeDesk) -> None:
    desk = await make_desk(public_url="https://12345.example.gov.cn")
    response = await (await desk.client()).get("/login")
    assert "Secure" in response.headers[hdrs.SET_COOKIE]
    assert response.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("login", "password"), [("agent1", "wrong"), ("nobody", "wrong"), ("", ""), ("agent1", "x" * 4000)]
)
async def test_a_wrong_login_says_the_same_whoever_it_was(desk: Desk, login: str, password: str) -> None:
    response = await submit_login(await desk.client(), login, password)
    assert response.status == 401
    assert WRONG in await response.text()


async def test_five_failures_lock_the_account_for_a_quarter_of_an_hour(desk: Desk) -> None:
    client = await desk.client()
    for _ in range(FAILURES_ALLOWED):
        response = await submit_login(client, "agent1", "wrong")
    assert "锁定至 09:15" in await response.text()
    assert (await submit_login(client, "agent1", PASSWORD)).status == 401
    assert (await actions(desk))[-1] == "locked"
    desk.clock.move(seconds=LOCKED_FOR.total_seconds() + 1)
    assert (await submit_login(client, "agent1", PASSWORD)).status == 303


async def test_a_right_login_forgets_earlier_failures(desk: Desk) -> None:
    client = await desk.client()
    for _ in range(FAILURES_ALLOWED - 1):
        await submit_login(client, "agent1", "wrong")
    assert (await submit_login(client, "agent1", PASSWORD)).status == 303
    async with desk.sessions() as session:
        assert await session.scalar(select(User.failed_logins).where(User.login == "agent1")) == 0


async def test_a_closed_account_cannot_log_in(desk: Desk) -> None:
    async with desk.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.login == "agent1"))
        assert user is not None
        user.active = False
    assert (await submit_login(await desk.client(), "agent1", PASSWORD)).status == 401


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "///evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/a\\..\\\\evil.example",
        "/a\nb",
        "/\t/evil.example",
        "/\r/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "/\x00/evil.example",
        "javascript:alert(1)",
        "//[",
        "",
    ],
)
async def test_logging_in_never_leads_to_another_site(desk: Desk, target: str) -> None:
    response = await submit_login(await desk.client(), "agent1", PASSWORD, target)
    assert response.headers[hdrs.LOCATION] == "/"


async def test_logging_in_leads_to_where_one_wanted_to_go(desk: Desk) -> None:
    client = await desk.client()
    refused = await client.get("/tickets", allow_redirects=False)
    assert refused.headers[hdrs.LOCATION] == "/login?next=/tickets"
    response = await submit_login(client, "agent1", PASSWORD, "/tickets")
    assert response.headers[hdrs.LOCATION] == "/tickets"


@pytest.mark.parametrize(
    ("login", "home"), [("agent1", "/desk"), ("urban", "/unit"), ("admin", "/admin"), ("dispatcher", "/tickets")]
)
async def test_everybody_starts_on_the_own_page(desk: Desk, login: str, home: str) -> None:
    person = await desk.log_in(login)
    assert (await person.get("/")).headers[hdrs.LOCATION] == home


async def test_a_log_in_without_the_form_s_token_is_refused(desk: Desk) -> None:
    client = await desk.client()
    response = await client.post("/login", data={"login": "agent1", "password": PASSWORD})
    assert response.status == 403


async def test_an_idle_session_ends(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    desk.clock.move(seconds=(IDLE - timedelta(minutes=1)).total_seconds())
    assert (await person.get("/api/me")).status == 200
    desk.clock.move(seconds=IDLE.total_seconds())
    assert (await person.get("/api/me")).status == 401


async def test_no_session_outlives_a_shift(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    for _ in range(int(ABSOLUTE / (IDLE / 2))):
        desk.clock.move(seconds=(IDLE / 2).total_seconds())
        last = await person.get("/api/me")
    assert last.status == 401


async def test_logging_out_ends_the_session(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await person.form("/logout")
    assert (await person.get("/api/me")).status == 401
    async with desk.sessions() as session:
        assert (await session.scalars(select(WebSession))).all() == []


async def test_the_first_password_must_be_changed_before_anything_else(desk: Desk) -> None:
    async with desk.sessions.begin() as session:
        user = await session.scalar(select(User).where(User.login == "agent1"))
        assert user is not None
        user.must_change_password = True
    person, elsewhere = await desk.log_in("agent1"), await desk.log_in("agent1")
    assert (await person.get("/desk")).headers[hdrs.LOCATION] == "/password"
    assert (await person.get("/api/desk/state")).status == 403
    changed = await person.form("/password", old=PASSWORD, new="a-new-one-2025", again="a-new-one-2025")
    assert changed.status == 200
    assert (await person.get("/desk")).status == 200
    assert (await elsewhere.get("/api/me")).status == 401, "other log-ins end with the old password"
    assert (await submit_login(await desk.client(), "agent1", "a-new-one-2025")).status == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", "a-new-one-2025", "a-new-one-2025", "原密码不正确"),
        (PASSWORD, "short1", "short1", "至少 10 个字符"),
        (PASSWORD, PASSWORD, PASSWORD, "不能与原密码相同"),
        (PASSWORD, "my-agent1-pass", "my-agent1-pass", "不能包含账号名"),
        (PASSWORD, "abcdefghijk", "abcdefghijk", "两种"),
        (PASSWORD, "a-new-one-2025", "another-2025", "不一致"),
    ],
)
async def test_a_bad_new_password_is_explained(desk: Desk, old: str, new: str, again: str, said: str) -> None:
    person = await desk.log_in("agent1")
    response = await person.form("/password", old=old, new=new, again=again)
    assert response.status == 422
    assert said in await response.text()


async def test_wrong_old_passwords_lock_the_account_as_at_the_log_in(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    new = {"new": "a-new-one-2025", "again": "a-new-one-2025"}
    for _ in range(FAILURES_ALLOWED - 1):
        assert "原密码不正确" in await (await person.form("/password", old="wrong", **new)).text()
    assert "锁定至 09:15" in await (await person.form("/password", old="wrong", **new)).text()
    refused = await person.form("/password", old=PASSWORD, **new)
    assert refused.status == 422
    assert "锁定至 09:15" in await refused.text(), "the right one is not looked at any more"
    assert (await submit_login(await desk.client(), "agent1", PASSWORD)).status == 401
    assert await actions(desk) == ["login", *["password_change_failed"] * (FAILURES_ALLOWED - 1), "locked"]
    desk.clock.move(seconds=LOCKED_FOR.total_seconds() + 1)
    assert (await person.form("/password", old=PASSWORD, **new)).status == 200

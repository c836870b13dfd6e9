from __future__ import annotations

import re

import pyotp
from aiohttp import hdrs
from sqlalchemy import select

from agent_desk.account.door import HALF_COOKIE, HALF_WAY
from agent_desk.web.access import CSRF_FIELD, PRE_COOKIE
from agent_desk.web.lockout import FAILURES_ALLOWED, LOCKED_FOR
from db.models import AuditEvent, User
from tests.fakes.desk_seed import PASSWORD
from tests.unit.agent_desk.conftest import Client, Desk, Person, submit_login


async def enrol(desk: Desk, person: Person) -> tuple[str, list[str]]:
    """Set the second factor up as a person does; its secret and the recovery codes."""
    page = await (await person.form("/second-factor", password=PASSWORD)).text()
    shown = re.search(r'<output class="key">([A-Z2-7 ]+)</output>', page)
    assert shown is not None and "<svg" in page, page
    secret = shown[1].replace(" ", "")
    response = await person.form("/second-factor/confirm", code=pyotp.TOTP(secret).at(desk.clock.now()))
    page = await response.text()
    assert response.status == 200, page
    desk.clock.move(seconds=60)
    return secret, re.findall(r"<li>([0-9a-z-]{14})</li>", page)


async def half_way(desk: Desk, login: str = "agent1") -> Client:
    client = await desk.client()
    response = await submit_login(client, login, PASSWORD, "/tickets")
    assert response.headers[hdrs.LOCATION] == "/login/code?next=/tickets", await response.text()
    return client


async def give(client: Client, code: str) -> tuple[int, str]:
    await client.get("/login/code")
    token = client.session.cookie_jar.filter_cookies(client.make_url("/"))[PRE_COOKIE].value
    response = await client.post(
        "/login/code", data={CSRF_FIELD: token, "code": code, "next": "/tickets"}, allow_redirects=False
    )
    return response.status, response.headers.get(hdrs.LOCATION, "") or await response.text()


def now(desk: Desk, secret: str) -> str:
    return pyotp.TOTP(secret).at(desk.clock.now())


def wrong(desk: Desk, secret: str) -> str:
    near = {pyotp.TOTP(secret).at(desk.clock.now(), counter_offset=step) for step in (-1, 0, 1)}
    return next(code for code in ("111111", "222222", "333333", "444444") if code not in near)


async def test_password_and_code_open_a_log_in_and_a_code_only_once(desk: Desk) -> None:
    secret, _ = await enrol(desk, await desk.log_in("agent1"))
    client = await half_way(desk)
    assert (await client.get("/api/me")).status == 401, "the password alone opens nothing"
    code = now(desk, secret)
    assert await give(client, code) == (303, "/tickets")
    assert (await client.get("/api/me")).status == 200
    status, told = await give(await half_way(desk), code)
    assert status == 401 and "已用过" in told


async def test_setting_it_up_asks_for_the_password_and_a_right_code(desk: Desk) -> None:
    person, elsewhere = await desk.log_in("agent1"), await desk.log_in("agent1")
    refused = await person.form("/second-factor", password="wrong")
    assert refused.status == 422 and "密码不正确" in await refused.text()
    refused = await person.form("/second-factor/confirm", code="123456")
    assert refused.status == 422 and "重新开始" in await refused.text()
    secret, codes = await enrol(desk, person)
    assert len(codes) == 10
    assert (await elsewhere.get("/api/me")).status == 401, "log-ins with the password alone are over"
    page = await (await person.get("/second-factor")).text()
    assert "已启用" in page and secret not in page.replace(" ", "") and codes[0] not in page
    again = await person.form("/second-factor", password=PASSWORD)
    assert again.status == 422 and "已经启用" in await again.text()


async def test_a_recovery_code_opens_once_and_leaves_a_trace(desk: Desk) -> None:
    _, codes = await enrol(desk, await desk.log_in("agent1"))
    assert (await give(await half_way(desk), codes[0]))[0] == 303
    assert (await give(await half_way(desk), codes[0]))[0] == 401
    async with desk.sessions() as session:
        rows = list(await session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
    assert rows.count("recovery_code_used") == 1 and rows[-1] == "second_factor_failed"


async def test_who_knows_the_password_guesses_five_codes_and_no_more(desk: Desk) -> None:
    secret, _ = await enrol(desk, await desk.log_in("agent1"))
    for attempt in range(FAILURES_ALLOWED):
        # The right password again before each guess must not give the guesses back.
        status, told = await give(await half_way(desk), wrong(desk, secret))
        assert status == 401
        assert ("锁定" in told) == (attempt == FAILURES_ALLOWED - 1)
    refused = await submit_login(await desk.client(), "agent1", PASSWORD)
    assert refused.status == 401 and "锁定" in await refused.text()
    desk.clock.move(seconds=LOCKED_FOR.total_seconds() + 1)
    assert (await give(await half_way(desk), now(desk, secret)))[0] == 303
    async with desk.sessions() as session:
        assert await session.scalar(select(User.failed_logins).where(User.login == "agent1")) == 0


async def test_the_way_between_the_steps_is_short_and_cannot_be_made_up(desk: Desk) -> None:
    secret, _ = await enrol(desk, await desk.log_in("agent1"))
    client = await half_way(desk)
    desk.clock.move(seconds=HALF_WAY.total_seconds() + 1)
    assert await give_anyhow(client, now(desk, secret)) == "/login"
    stranger = await desk.client()
    until = int(desk.clock.now().timestamp()) + 100
    for value in ("1", "1.2.3", f"1.{until}.{'0' * 64}", "٣.1.x", "1.9999999999999999.x", ""):
        stranger.session.cookie_jar.update_cookies({HALF_COOKIE: value}, stranger.make_url("/"))
        assert await give_anyhow(stranger, now(desk, secret)) == "/login"


async def test_it_ends_when_the_password_is_set_anew_or_the_account_locked(desk: Desk) -> None:
    secret, _ = await enrol(desk, await desk.log_in("agent1"))
    admin = await desk.log_in("admin")
    client = await half_way(desk)
    await admin.form("/admin/accounts/1/password", version="1")
    assert await give_anyhow(client, now(desk, secret)) == "/login"


async def give_anyhow(client: Client, code: str) -> str:
    """Where the form leads a browser that has a token from the door."""
    await client.get("/login")
    token = client.session.cookie_jar.filter_cookies(client.make_url("/"))[PRE_COOKIE].value
    response = await client.post("/login/code", data={CSRF_FIELD: token, "code": code}, allow_redirects=False)
    assert response.status == 303
    return response.headers[hdrs.LOCATION]


async def test_an_administrator_resets_it(desk: Desk) -> None:
    await enrol(desk, await desk.log_in("agent1"))
    admin = await desk.log_in("admin")
    page = await (await admin.get("/admin/accounts/1")).text()
    assert "动态口令：已启用" in page
    assert (await admin.form("/admin/accounts/1/second-factor", version="1")).status == 303
    assert (await submit_login(await desk.client(), "agent1", PASSWORD)).headers[hdrs.LOCATION] == "/"
    assert "重置动态口令" in await (await admin.get("/admin/accounts/1")).text()
    refused = await admin.form("/admin/accounts/1/second-factor", version="2")
    assert refused.status == 422 and "没有启用" in await refused.text()


async def test_where_it_is_demanded_administrators_set_it_up_before_anything_else(desk: Desk) -> None:
    admin, agent = await desk.log_in("admin"), await desk.log_in("agent1")
    assert (await agent.form("/admin/accounts/policy", version="0", required="yes")).status == 403
    assert (await admin.form("/admin/accounts/policy", version="0", required="yes")).status == 303
    assert (await admin.form("/admin/accounts/policy", version="1")).headers[hdrs.LOCATION] == "/second-factor"
    assert (await admin.get("/admin")).headers[hdrs.LOCATION] == "/second-factor"
    assert (await admin.get("/api/openapi.json")).status == 403
    assert (await agent.get("/desk")).status == 200, "it is not demanded of others"
    await enrol(desk, admin)
    assert (await admin.get("/admin")).status == 200
    late = await admin.form("/admin/accounts/policy", version="0")
    assert late.status == 409
    assert (await admin.form("/admin/accounts/policy", version="1")).status == 303

"""Board, admin, lookups, knowledge, the SIP proxy, the access log: what each shows and to whom."""

from __future__ import annotations

import asyncio
import logging
import re
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError, web

import agent_desk
from agent_desk.agents.knowledge_api import rendered
from agent_desk.floor.feed import FLOOR
from agent_desk.web.errors import SAID
from language.initials import pinyin_keys
from tests.unit.agent_desk.conftest import Desk


async def test_the_board_masks_callers(desk: Desk) -> None:
    await desk.server.app[FLOOR].ready.wait()
    feed = await desk.feed()
    await feed.ring("13912345678")
    await feed.answer()
    await desk.bus.settle()
    board = await (await desk.log_in("dispatcher")).json("/api/board/state")
    assert [call["caller"] for call in board["calls"].values()] == ["139****5678"]
    assert [(a["name"], a["state_label"]) for a in board["seats"].values()] == [("王丽", "通话")]
    assert {q["label"] for q in board["queues"].values()} == {"综合", "企业", "方言", "外语", "110联动"}


def test_no_player_offers_the_recording_for_download() -> None:
    templates = Path(agent_desk.__file__).parent / "templates"
    players = re.findall(
        r"<audio [^>]*controls[^>]*>", "".join(page.read_text() for page in templates.rglob("*.html"))
    )
    assert players
    assert [player for player in players if 'controlslist="nodownload' not in player] == []


async def test_only_a_shift_lead_repairs(desk: Desk) -> None:
    lead, dispatcher = await desk.log_in("lead"), await desk.log_in("dispatcher")
    assert (await lead.post("/api/board/repair", {"agent": "8001"})).status == 200
    assert (await dispatcher.post("/api/board/repair", {"agent": "8001"})).status == 403
    assert desk.control.acts("repair") == [("lead", "", {"agent": "8001"})]


async def test_the_admin_page_shows_accounts_and_health(desk: Desk) -> None:
    page = await (await (await desk.log_in("admin")).get("/admin")).text()
    assert "承办单位联络员" in page and "尚未报告状态" in page
    assert "$argon2" not in page


async def test_pickers_hold_all_leaves_and_find_them_by_initials(desk: Desk) -> None:
    lookups = await (await desk.log_in("agent1")).json("/api/desk/lookups")
    assert len(lookups["categories"]) == 140
    lamp = next(c for c in lookups["categories"] if c["value"] == "1106")
    assert (lamp["initials"], lamp["syllables"]) == ("ldjg", "lu deng jing gai")
    assert {c["procedure"] for c in lookups["categories"]} <= {"IMMEDIATE", "SIMPLE", "ORDINARY"}


def test_initials_leave_punctuation_out() -> None:
    assert pinyin_keys("供水公司") == ("gsgs", "gong shui gong si")
    assert pinyin_keys("KTV、网吧")[0] == "ktvwb"


async def test_the_softphone_s_password_is_for_the_page_that_has_the_seat(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    assert (await person.post("/api/desk/softphone")).status == 409
    socket = await person.client.ws_connect("/ws/live?tab=a&seat=1")
    async with asyncio.timeout(30):
        while (await socket.receive_json()).get("seat") != "yours":
            pass
    account = await (await person.post("/api/desk/softphone")).json()
    assert account["uri"] == "sip:8001@127.0.0.1" and len(account["password"]) == 40
    assert (await (await desk.log_in("agent2")).post("/api/desk/softphone")).status == 409


async def test_an_article_is_text_even_where_it_looks_like_code(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    found = await person.json("/api/kb/search?q=井盖")
    article = await person.json(f"/api/kb/articles/{found['answers'][0]['article_id']}")
    assert "<h2>办理流程</h2>" in article["html"] and "<li>登记</li>" in article["html"]
    assert "<script" not in article["html"]
    assert (await person.get("/api/kb/articles/none")).status == 404


@pytest.mark.parametrize(
    "hostile",
    ["<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "![x](http://evil/x.png)", "<script>1</script>"],
)
def test_markdown_cannot_carry_code_or_pictures(hostile: str) -> None:
    html = rendered(hostile)
    assert not any(tag in html for tag in ("<img", "<script", 'href="javascript'))


async def test_sip_is_carried_both_ways_and_only_for_agents(desk: Desk) -> None:
    async def asterisk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("sip",))
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"200 OK to {message.data}")
        return socket

    app = web.Application()
    app.router.add_get("/ws", asterisk)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", desk.settings.asterisk_http_port).start()
    try:
        person = await desk.log_in("agent1")
        socket = await person.client.ws_connect("/ws/sip", protocols=("sip",))
        assert socket.protocol == "sip"
        await socket.send_str("REGISTER sip:x")
        assert await socket.receive_str(timeout=10) == "200 OK to REGISTER sip:x"
        await socket.close()
        outsider = await desk.log_in("urban")
        with pytest.raises(WSServerHandshakeError) as refused:
            await outsider.client.ws_connect("/ws/sip", protocols=("sip",))
        assert refused.value.status == 403
    finally:
        await runner.cleanup()


async def test_without_asterisk_the_softphone_is_told_so(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    with pytest.raises(WSServerHandshakeError) as refused:
        await person.client.ws_connect("/ws/sip", protocols=("sip",))
    assert refused.value.status == 503


async def test_the_access_log_names_nobody(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    person = await desk.log_in("agent1")
    await person.get("/api/kb/search?q=我叫陈建国13912345678")
    await person.get("/tickets/251114090000123456")
    assert "/api/kb/search" in caplog.text
    assert not any(secret in caplog.text for secret in ("陈建国", "13912345678", "251114090000123456"))


async def test_errors_are_pages_in_chinese(desk: Desk) -> None:
    client = await desk.client()
    missing = await client.get("/no-such-page")
    assert missing.status == 404 and SAID[404][1] in await missing.text()
    wrong = await client.get("/logout")
    assert wrong.status == 405


async def test_a_fault_inside_is_numbered_and_not_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of the house")

    person = await desk.log_in("agent1")
    monkeypatch.setattr("agent_desk.agents.desk.desk_todo", broken)
    response = await person.get("/api/desk/todo")
    text = await response.text()
    assert response.status == 500 and "编号" in text and "secret" not in text
    assert "the secret of the house" in caplog.text

"""Who has the seat: the second tab, another machine, a browser without microphone, a lost link."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, expect

from tests.chromium import chromium
from tests.fakes.desk_seed import PASSWORD
from tests.integration.agent_desk.room import SHOWN_MS, Room, a_browser, on_the_line, sit_down, until, until_true
from tests.sign_in import sign_in


async def test_the_second_tab_takes_over_only_when_told(room: Room, page: Page) -> None:
    second = await page.context.new_page()
    await second.goto(f"{room.url}/desk")
    dialog = second.locator("#dlg-seat")
    await expect(dialog).to_be_visible(timeout=SHOWN_MS)
    await expect(page.locator("#g-reg")).to_have_text("已注册")
    await dialog.get_by_role("button", name="在此处接管").click()
    await expect(second.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    await expect(page.locator("#g-reg")).to_have_text("未启用", timeout=SHOWN_MS)
    await expect(page.locator("#alerts")).to_contain_text("已在别处登录")


async def test_another_machine_takes_over_only_when_told(room: Room, page: Page, browser: Browser) -> None:
    context = await a_browser(browser)
    second = await context.new_page()
    await sign_in(second, room.url, "agent1", PASSWORD)
    await second.locator("#dlg-seat").get_by_role("button", name="在此处接管").click(timeout=SHOWN_MS)
    await expect(second.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    await expect(page.locator("#alerts")).to_contain_text("已在别处登录", timeout=SHOWN_MS)


async def test_without_a_microphone_it_says_what_to_do(room: Room, browser: Browser) -> None:
    context = await a_browser(browser)
    await context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page = await sit_down(room, context)
    await expect(page.locator("#alerts")).to_contain_text("话筒权限被拒绝", timeout=SHOWN_MS)
    await expect(page.locator("#seat-ready")).to_be_disabled()
    await until(page, lambda: bool(any(not beat["mic_ok"] for _, _, beat in room.control.acts("heartbeat"))))


async def test_a_microphone_that_does_not_open_at_the_answer_is_said_to_be_so(room: Room, page: Page) -> None:
    await page.evaluate(
        """() => {
            const no = () => Promise.reject(new DOMException('no', 'NotReadableError'));
            navigator.mediaDevices.getUserMedia = no;
        }"""
    )
    await room.feed.ring()
    await page.evaluate("fakeSip.ring(); fakeSip.session.emit('getusermediafailed')")
    alerts = page.locator("#alerts")
    await expect(alerts).to_contain_text("话筒被其他程序占用", timeout=SHOWN_MS)
    await expect(alerts).not_to_contain_text("正在重试")
    await until(page, lambda: bool(any(not beat["mic_ok"] for _, _, beat in room.control.acts("heartbeat"))))


@pytest.mark.parametrize("held", [False, True])
async def test_a_call_that_nobody_hears_does_not_turn_the_next_one_away(
    room: Room, browser: Browser, held: bool
) -> None:
    context = await a_browser(browser)
    await context.add_init_script(
        "const real = setInterval; window.setInterval = (run, ms) => real(run, ms === 3000 ? 20 : ms);"
    )
    page = await sit_down(room, context)
    await room.feed.ring()
    await page.evaluate(
        """() => {
            fakeSip.ring();
            const silence = { type: 'inbound-rtp', kind: 'audio', packetsReceived: 0, packetsLost: 0 };
            fakeSip.session.connection = { getStats: async () => new Map([['in', silence]]) };
        }"""
    )
    await page.keyboard.press("F2")
    await expect(page.locator("#k-hold")).to_be_enabled(timeout=SHOWN_MS)
    await room.feed.answer()
    if held:
        await page.keyboard.press("F8")
        await until_true(page, "fakeSip.log.includes('hold')")
    seat = "import('/static/js/agents/seat.js').then(({ phone }) => phone.dead)"
    await until_true(page, seat)
    await page.evaluate("fakeSip.ring()")  # an Asterisk that was killed and is back knows nothing of our call
    await expect(page.locator("#k-answer")).to_be_enabled(timeout=SHOWN_MS)
    assert await page.evaluate("fakeSip.log.filter((what) => what !== 'hold')") == [
        "registered",
        "answer",
        "terminate",
    ]


async def test_a_browser_that_lets_no_sound_out_is_opened_by_a_click(room: Room, page: Page) -> None:
    await page.evaluate(
        """() => {
            const play = HTMLMediaElement.prototype.play;
            window.plays = 0;
            HTMLMediaElement.prototype.play = function () {
                plays += 1;
                return plays > 1 ? Promise.resolve() : Promise.reject(new DOMException('no', 'NotAllowedError'));
            };
        }"""
    )
    await on_the_line(room, page)
    await page.evaluate(
        """() => {
            const line = new EventTarget();
            fakeSip.session.emit('peerconnection', { peerconnection: line });
            line.dispatchEvent(Object.assign(new Event('track'), { streams: [new MediaStream()] }));
        }"""
    )
    alerts = page.locator("#alerts")
    await expect(alerts).to_contain_text("请点击页面任意处", timeout=SHOWN_MS)
    await expect(alerts).not_to_contain_text("无法接听")
    await page.click("#transcript h2")
    await expect(alerts).not_to_contain_text("请点击页面任意处", timeout=SHOWN_MS)
    assert await page.evaluate("plays") == 2


async def test_a_ring_is_heard_after_a_reload_though_nobody_has_clicked(room: Room) -> None:
    async with chromium(sound_needs_a_click=True) as browser:
        context = await a_browser(browser)
        await context.add_init_script(
            """window.made = [];
            const Real = AudioContext;
            window.AudioContext = class extends Real { constructor() { super(); made.push(this); } };"""
        )
        page = await sit_down(room, context)
        async with page.expect_response("**/api/desk/softphone"):
            await page.reload()
        # What Playwright runs in a page counts as a click in it; this does not.
        devtools = await context.new_cdp_session(page)

        async def run(expression: str) -> str:
            answer = await devtools.send(
                "Runtime.evaluate", {"expression": expression, "userGesture": False, "returnByValue": True}
            )
            return str(answer["result"].get("value"))

        async with asyncio.timeout(SHOWN_MS / 1000):
            while await run("Boolean(globalThis.fakeSip?.ua)") != "True":
                await page.wait_for_timeout(20)
        await run("fakeSip.ring()")
        assert await run("navigator.userActivation.hasBeenActive") == "False"
        async with asyncio.timeout(SHOWN_MS / 1000):
            while await run("made.map((audio) => audio.state).join()") != "running":
                await page.wait_for_timeout(20)


async def test_the_menu_of_reasons_says_whether_it_is_open(room: Room, page: Page) -> None:
    button, menu = page.locator("#seat-state"), page.locator("#seat-menu")
    ways: tuple[Callable[[], Awaitable[None]], ...] = (
        lambda: page.keyboard.press("Escape"),
        lambda: page.click("#transcript h2"),
        lambda: menu.get_by_role("menuitem").first.click(),
    )
    for close in ways:
        await button.click()
        await expect(menu).to_be_visible()
        await expect(button).to_have_attribute("aria-expanded", "true")
        await close()
        await expect(menu).to_be_hidden()
        await expect(button).to_have_attribute("aria-expanded", "false")


async def test_a_lost_link_shows_how_old_the_page_is_and_comes_back(room: Room, page: Page) -> None:
    await page.context.set_offline(True)
    await page.evaluate("window.dispatchEvent(new Event('offline'))")
    cut = page.locator("#alerts", has_text="连接中断，正在重连")
    await expect(cut).to_be_visible(timeout=SHOWN_MS + 15_000)
    await page.context.set_offline(False)
    await expect(cut).to_have_count(0, timeout=SHOWN_MS)
    await room.feed.ring()
    await expect(page.locator("#line-number")).to_have_text("139 1234 5678", timeout=SHOWN_MS)

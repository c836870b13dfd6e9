"""The figures in a real browser: what a figure means is found by keyboard, and bad calls are one click away."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.integration.agent_desk.room import SHOWN_MS, Room
from tests.integration.agent_desk.test_axe import faults, signed_in
from tests.unit.calls.figures import hour

DAY = "period=custom&since=2025-05-06&until=2025-05-06"


async def test_figures_are_read_and_followed(room: Room, browser: Browser) -> None:
    async with room.sessions.begin() as session:
        await hour.write(session, people=False)
    page = await signed_in(room, browser, "ANALYST")
    await page.goto(f"{room.url}/")
    await expect(page.locator("nav.all")).to_contain_text("话务指标", timeout=SHOWN_MS)
    await page.goto(f"{room.url}/figures?{DAY}")
    assert await faults(page) == []

    tile = page.locator("[aria-describedby=d-ANS15]")
    await expect(tile.locator("b")).to_have_text("63.41%")
    await expect(page.locator("#d-ANS15")).to_be_hidden()
    await tile.focus()
    await expect(page.locator("#d-ANS15")).to_contain_text("等待不超过15秒即接听的来电÷人工请求量")
    await expect(page.locator("svg .lost")).to_have_count(2)

    await page.get_by_role("link", name="达标", exact=True).click()
    await expect(page.locator(".rules li")).to_have_count(5)
    assert await faults(page) == []
    await page.get_by_role("link", name="未在15秒内接听的来电（15）").click()
    await expect(page.locator("tbody tr")).to_have_count(15)
    assert await faults(page) == []

    await page.goto(f"{room.url}/figures?part=agents&{DAY}")
    await expect(page.locator("tbody tr")).to_have_count(2)
    assert await faults(page) == []
    async with page.expect_download() as download:
        await page.get_by_role("link", name="导出表格").click()
    assert (await download.value).suggested_filename == "坐席-20250506.xlsx"

    await page.set_viewport_size({"width": 360, "height": 740})
    for part in ("overview", "agents", "ways", "rules"):
        await page.goto(f"{room.url}/figures?part={part}&{DAY}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, part
        assert await faults(page) == []
    assert room.faults == []

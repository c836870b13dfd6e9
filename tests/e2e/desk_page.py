"""The agent's desk as a person uses it: what is seen, pressed and heard, in a real browser."""

from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.sign_in import sign_in

SHOWN_MS = 45_000
"""How long a person would wait for the page to react."""


class DeskPage:
    """One agent's tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    async def log_in(self, login: str, password: str) -> None:
        await sign_in(self.page, self.url, login, password)
        await self.page.wait_for_url("**/desk")

    async def take_seat(self) -> None:
        """Wait until the softphone is registered and the seat is ours."""
        await expect(self.page.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
        await self.wait_state("示忙|示闲|话后")

    async def become_ready(self) -> None:
        """Say that we take calls."""
        if not await self.state_is("示闲"):
            await self.page.click("#seat-ready")
        await self.wait_state("示闲")

    async def state_is(self, *words: str) -> bool:
        shown = await self.page.inner_text("#seat-word")
        return any(word in shown for word in words)

    async def wait_state(self, pattern: str, timeout_ms: float = SHOWN_MS) -> None:
        await expect(self.page.locator("#seat-word")).to_have_text(re.compile(pattern), timeout=timeout_ms)

    async def answer(self) -> None:
        await expect(self.page.locator("#k-answer")).to_be_enabled(timeout=SHOWN_MS)
        await self.page.click("#k-answer")
        await self.in_call()

    async def in_call(self) -> None:
        await expect(self.page.locator("#k-hangup")).to_be_enabled(timeout=SHOWN_MS)
        await expect(self.page.locator("#k-hold")).to_be_enabled(timeout=SHOWN_MS)

    async def hang_up(self) -> None:
        await self.page.click("#k-hangup")
        await expect(self.page.locator("#k-hangup")).to_be_disabled(timeout=SHOWN_MS)

    # -- what is on the screen -----------------------------------------------------------------
    def said(self, speaker: str, *, final: bool = True) -> Locator:
        """The utterances of "citizen" or "agent" on the page."""
        return self.page.locator(f"#t-list li.u.{speaker}{':not(.partial)' if final else ''} p")

    async def transcript(self, speaker: str) -> str:
        return "".join(await self.said(speaker).all_inner_texts())

    async def wait_said(self, speaker: str, pattern: str, timeout_ms: float = SHOWN_MS) -> None:
        row = self.said(speaker).filter(has_text=re.compile(pattern)).first
        await expect(row).to_be_visible(timeout=timeout_ms)

    async def value(self, field: str) -> str:
        return await self.page.input_value(f"#d-{field}")

    async def wait_offered(self, field: str, pattern: str, timeout_ms: float = SHOWN_MS) -> None:
        """Until the draft offers a suggestion for this text field that matches."""
        ghost = self.page.locator(f'[data-field="{field}"] .ghost:not([hidden]) .ghost-text')
        await expect(ghost).to_have_text(re.compile(pattern), timeout=timeout_ms)

    async def accept(self, field: str) -> None:
        """Take the suggestion of a field with its button."""
        await self.page.click(f'[data-field="{field}"] .ghost-take', timeout=SHOWN_MS)

    async def type(self, field: str, text: str) -> None:
        await self.page.fill(f"#d-{field}", text)

    async def choose(self, field: str, value: str) -> None:
        button = self.page.locator(f'[data-field="{field}"] button[data-value="{value}"]')
        if await button.get_attribute("aria-checked") != "true":
            await button.click()

    async def pick(self, field: str, query: str) -> None:
        """Search in a combobox and take the first option."""
        await self.page.fill(f"#d-{field}", query)
        await self.page.locator(f"#o-{field} [role=option]").first.click(timeout=SHOWN_MS)

    async def saved(self) -> None:
        await expect(self.page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)

    async def submit(self, kind: str) -> str:
        """Press a submit button; returns the ticket number shown, or fails with the page's errors."""
        await self.page.click(f'[data-submit="{kind}"]')
        number = self.page.locator("#d-no a")
        try:
            await expect(number).to_have_text(re.compile(r"^\d{18}$"), timeout=SHOWN_MS)
        except AssertionError as error:
            shown = await self.page.locator("#draft .err:visible").all_inner_texts()
            raise AssertionError(f"not submitted: {shown}") from error
        return await number.inner_text()

    async def leave(self) -> None:
        """Log out as at the end of a shift; a fault of the page's own script fails the test."""
        faults = list(self.faults)
        await self.page.click("details.me summary")
        await self.page.click("#logout button")
        await self.page.wait_for_url("**/login*")
        await self.page.close()
        assert not faults, faults

    async def audio(self) -> dict[str, Any]:
        """What the browser plays from the line: seconds of audio and energy so far."""
        result: dict[str, Any] = await self.page.evaluate(
            """() => { const a = document.getElementById('remote');
                return {time: a.currentTime, playing: !a.paused && !!a.srcObject}; }"""
        )
        return result

"""How a person signs in, in a real browser."""

from __future__ import annotations

from playwright.async_api import Page


async def sign_in(page: Page, url: str, login: str, password: str) -> None:
    """Fill the form and send it; the caller waits for the page that should follow. `url`: the desk's address."""
    await page.goto(f"{url}/login")
    await page.fill("#login", login)
    await page.fill("#password", password)
    await page.click("button.primary")

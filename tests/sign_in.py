"""How a person signs in, in a real browser."""

from __future__ import annotations

import re

from playwright.async_api import Page


async def sign_in(page: Page, url: str, login: str, password: str) -> None:
    """Fill the form and send it; the caller waits for the page that should follow. `url`: the desk's address."""
    await page.goto(f"{url}/login")
    await page.fill("#login", login)
    await page.fill("#password", password)
    await page.click("button.primary")


async def let_in(page: Page, url: str, login: str, password: str) -> None:
    """Sign in without showing the form, for tests of what comes after it."""
    form = await (await page.request.get(f"{url}/login")).text()
    token = re.search(r'name="_csrf" value="([^"]+)"', form)
    assert token is not None, form
    answer = await page.request.post(
        f"{url}/login", form={"login": login, "password": password, "_csrf": token[1]}, max_redirects=0
    )
    assert answer.status == 303, await answer.text()

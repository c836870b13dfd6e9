"""A real browser with a microphone that plays what a test wants to be said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect

expect.set_options(timeout=30_000)  # a page on a busy machine is slow, not wrong

FLAGS = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--disable-gpu",
]


@asynccontextmanager
async def chromium(voice: Path | None = None, *, ask_for_microphone: bool = False) -> AsyncIterator[Browser]:
    """Headless Chromium whose microphone plays `voice` (a WAV, looped), or a beep when none is given.

    With `ask_for_microphone` permissions count, as in a person's browser; else every page is let in.
    """
    flags = [flag for flag in FLAGS if not (ask_for_microphone and flag == "--use-fake-ui-for-media-stream")]
    if voice is not None:
        flags.append(f"--use-file-for-fake-audio-capture={voice}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", headless=True, args=flags)
        try:
            yield browser
        finally:
            await browser.close()

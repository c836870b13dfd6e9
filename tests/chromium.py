"""A real browser with a microphone that plays what a test wants to be said."""

from __future__ import annotations

import shutil
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


def _program(*, whole: bool) -> str:
    """The whole browser, which has permissions, or the headless shell, for which half the processor will do."""
    shell = None if whole else shutil.which("chromium-headless-shell")
    found = shell or shutil.which("chromium")
    assert found is not None, "Chromium is missing: setup/setup.sh test installs it"
    return found


@asynccontextmanager
async def chromium(
    voice: Path | None = None, *, ask_for_microphone: bool = False, sound_needs_a_click: bool = False
) -> AsyncIterator[Browser]:
    """Headless Chromium whose microphone plays `voice` (a WAV, looped), or a beep when none is given.

    With `ask_for_microphone` permissions count, as in a person's browser; else every page is let in.
    With `sound_needs_a_click` a page nobody has touched is silent, also as in a person's browser.
    """
    dropped = ["--use-fake-ui-for-media-stream"] if ask_for_microphone else []
    dropped += ["--autoplay-policy=no-user-gesture-required"] if sound_needs_a_click else []
    flags = [flag for flag in FLAGS if flag not in dropped]
    if voice is not None:
        flags.append(f"--use-file-for-fake-audio-capture={voice}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_program(whole=ask_for_microphone), headless=True, args=flags
        )
        try:
            yield browser
        finally:
            await browser.close()

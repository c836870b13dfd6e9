"""The first run in a closed network: what `hotline up` prints is done as printed, and a draft fills."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from playwright.async_api import expect

from runtime.settings import ROOT
from speech.decoding.demo import NAME, NOTE
from tests.e2e.conftest import agent_at_desk, start_system, stop_system


async def test_the_printed_call_fills_a_draft_without_any_model_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOTLINE_VOSK_MODEL", raising=False)
    # A proxy that nobody answers at: the download fails here whatever network the machine has.
    system = start_system(
        tmp_path / "var", None, HTTPS_PROXY="http://127.0.0.1:9", https_proxy="http://127.0.0.1:9"
    )
    try:
        told = system.console.read_text(encoding="utf-8")
        assert NOTE in told
        assert (system.settings.models_dir / NAME / "am" / "final.mdl").is_file()
        line = re.search(r"make a citizen call:(.*?)\nCtrl-C", told, re.S)
        assert line is not None, told
        command = shlex.split(line[1].replace("\n", ""))
        environment = {**os.environ, **dict(word.split("=", 1) for word in command if word.startswith("HOTLINE_"))}
        words = [word for word in command if not word.startswith("HOTLINE_")]
        assert words[1:2] == ["call"], words
        async with agent_at_desk(system) as desk:
            await expect(desk.page.locator("#t-state")).to_have_text(NOTE)
            citizen = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "hotline.cli", *words[1:], cwd=ROOT, env=environment,
                stdout=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            try:
                await desk.answer()
                await desk.wait_offered("place_text", "白泉村")
                await desk.wait_offered("category_code", "路灯")
                await desk.wait_offered("title", "路灯")
                await desk.wait_offered("demand", "修")
                await desk.wait_said("citizen", "13912345678")
                await desk.hang_up()
                async with asyncio.timeout(60):
                    assert await citizen.wait() == 0
            finally:
                if citizen.returncode is None:
                    citizen.kill()
                    await citizen.wait()
    finally:
        assert stop_system(system) == 0

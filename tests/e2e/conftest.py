"""A whole system for the end-to-end tests: `hotline up` as a user runs it, real Asterisk, real browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from runtime.settings import ROOT, Settings
from tests.chromium import chromium
from tests.e2e.desk_page import DeskPage
from tests.ports import free_port_base
from tests.shared import Spoken
from tests.speech_samples import shared_model

START_S = 180.0
STOP_S = 40.0


@dataclass(slots=True)
class RunningSystem:
    """A system somebody started with `hotline up`, as seen from outside."""

    settings: Settings
    accounts: dict[str, str]
    process: subprocess.Popen[bytes]
    console: Path
    environment: dict[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        return self.settings.desk_url()


def start_system(var: Path, model: Path | None, spoken: Spoken | None = None, **extra: str) -> RunningSystem:
    """Run `hotline up` in a process group of its own and wait until it has said all.

    `spoken` spares it most of a first start.
    """
    settings = Settings(var=var, port_base=free_port_base())
    if spoken is not None:
        spoken.give(settings)
    environment = {
        **os.environ,
        "HOTLINE_VAR": str(var),
        "HOTLINE_PORT_BASE": str(settings.port_base),
        "HOTLINE_WRAP_UP_S": "4",
        "HOTLINE_CALLBACK_FROM": "0",  # tests run at any hour of the night
        "HOTLINE_CALLBACK_UNTIL": "24",
        "PYTHONUNBUFFERED": "1",
        **({"HOTLINE_VOSK_MODEL": str(model)} if model else {}),
        **extra,
    }
    if "HOTLINE_ASTERISK" not in os.environ and (ROOT / "var" / "asterisk" / "usr").is_dir():
        environment["HOTLINE_ASTERISK"] = str(ROOT / "var" / "asterisk")
    return launch(settings, environment)


def launch(settings: Settings, environment: dict[str, str]) -> RunningSystem:
    """Start the process and wait until it has said all."""
    settings.var.mkdir(parents=True, exist_ok=True)
    console = settings.var / "console.txt"
    with console.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "hotline.cli", "up"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_S
    # The last line that it prints: what stands before it is there, too.
    while "Ctrl-C stops everything" not in console.read_text(encoding="utf-8", errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise AssertionError(f"the system did not start:\n{console.read_text(errors='replace')}")
        time.sleep(0.05)
    kept = (settings.secrets_dir / "demo-accounts.txt").read_text(encoding="utf-8").splitlines()
    accounts = dict(line.split(" ", 1) for line in kept)
    return RunningSystem(settings, accounts, process, console, environment)


def start_again(system: RunningSystem) -> RunningSystem:
    """Run `hotline up` once more on the same folder and ports, as one does after a crash."""
    return launch(system.settings, system.environment)


def stop_system(system: RunningSystem) -> int:
    """Ctrl-C; returns the exit code. What does not end within 40 s is killed and counts as -9."""
    system.process.send_signal(signal.SIGINT)
    try:
        return system.process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        system.process.kill()
        return system.process.wait()


@pytest.fixture(scope="session")
def model_folder() -> Path:
    return shared_model()


@pytest.fixture(scope="session")
def system(
    tmp_path_factory: pytest.TempPathFactory, model_folder: Path, spoken: Spoken
) -> Iterator[RunningSystem]:
    """One running system shared by the tests that leave it as they found it."""
    running = start_system(tmp_path_factory.mktemp("system") / "var", model_folder, spoken)
    yield running
    assert stop_system(running) == 0, running.console.read_text(errors="replace")


@asynccontextmanager
async def agent_at_desk(
    system: RunningSystem, login: str = "agent1", *, voice: Path | None = None, ready: bool = True
) -> AsyncIterator[DeskPage]:
    """An agent logged in, with the softphone registered and ready for calls, in a browser of their own."""
    async with chromium(voice) as browser:
        context = await browser.new_context(
            viewport={"width": 1366, "height": 768}, locale="zh-CN", permissions=["microphone"]
        )
        page = await context.new_page()
        desk = DeskPage(page, system.url)
        try:
            await desk.log_in(login, system.accounts[login])
            await desk.take_seat()
            if ready:
                await desk.become_ready()
            yield desk
        except BaseException:
            # What the agent saw when it went wrong; kept with the system's state.
            await page.screenshot(path=system.settings.var / f"failed-{login}.png")
            raise
        await desk.leave()


@pytest.fixture(scope="session")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which the tests keep the voices they made."""
    return tmp_path_factory.mktemp("voices")

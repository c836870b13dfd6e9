"""Starts, watches, restarts and stops one Asterisk.

`start()` returns when the instance is fully booted; from then on a task of its own restarts it, with
back-off, whenever it dies, until `stop()`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from asterisk_conf.answers import make_answers
from asterisk_conf.find import find_asterisk
from asterisk_conf.loaded import check_loaded
from asterisk_conf.logfiles import put_away_full
from asterisk_conf.orphan import Orphan, find_orphan
from asterisk_conf.ports import check_ports_free
from asterisk_conf.program import AsteriskError, AsteriskProgram
from asterisk_conf.render import Folders, InstanceName, render
from runtime.backoff import BackOff
from runtime.ending import end
from runtime.settings import Settings

log = logging.getLogger(__name__)

BOOT_S = 30.0
"""An Asterisk that is not up after this long will not come up (it takes under 2 s)."""
STOP_S = 10.0
"""How long Asterisk may take to stop before it is killed."""
LOGS_EVERY_S = 60.0
"""How often its log files are looked at."""


class AsteriskInstance:
    """One supervised Asterisk: "hotline" (ours) or "network" (the telephone-network simulator).

    `on_change(up)` is called after each death (False) and each return (True), for boards and logs.
    `survive`: let Asterisk go on when this process is killed, for the sake of the calls; by default
    it goes down with us, so that nothing is left behind.
    """

    def __init__(
        self,
        settings: Settings,
        name: InstanceName,
        *,
        program: AsteriskProgram | None = None,
        on_change: Callable[[bool], None] | None = None,
        survive: bool = False,
    ) -> None:
        self._settings = settings
        self._name: InstanceName = name
        self._program = program
        self._on_change = on_change or (lambda _up: None)
        self._survive = survive
        self._folders = Folders.of(settings, name)
        self._process: asyncio.subprocess.Process | Orphan | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._restarts = 0

    @property
    def pid(self) -> int | None:
        """Process id while it runs, else None."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def restarts(self) -> int:
        """How often it had to be restarted since `start()`."""
        return self._restarts

    @property
    def folders(self) -> Folders:
        return self._folders

    async def start(self) -> None:
        """Render the configuration, start Asterisk and wait until it is fully booted (bounded).

        Raises AsteriskError when there is no usable Asterisk, a port is taken, it does not boot, or
        something that the dialplan uses is not loaded.
        """
        if self._program is None:
            self._program = find_asterisk(self._settings)
        if self._program is None:
            raise AsteriskError(
                "there is no Asterisk on this machine", "run `hotline asterisk fetch`, or set HOTLINE_ASTERISK"
            )
        before = self._fingerprint()
        render(self._settings, self._name, self._program)
        try:
            if not await self._take_over(before):
                check_ports_free(self._settings, self._name)
                await self._launch()
            await check_loaded(self.cli, self._folders, self._name)
            if self._name == "network":
                await make_answers(self._settings.var / "network" / "sounds")
        except BaseException:
            await end(self._process, STOP_S)
            raise
        self._tasks = [
            asyncio.create_task(self._supervise(), name=f"asterisk-{self._name}"),
            asyncio.create_task(self._keep_logs_small(), name=f"asterisk-{self._name}-logs"),
        ]

    async def stop(self) -> None:
        """Stop supervising, then Asterisk itself: politely, and by force after 10 s."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        await end(self._process, STOP_S)

    async def restart(self) -> None:
        """End Asterisk with its calls, by force after 10 s; the supervisor starts it again."""
        process = self._process
        if process is None:
            return
        for ask in (process.terminate, process.kill):
            with contextlib.suppress(ProcessLookupError):
                ask()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_S):
                    # The supervisor waits for its end; a second waiter would take its place.
                    while process.returncode is None:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                return

    async def cli(self, command: str, timeout: float = 10.0) -> str:
        """What Asterisk's console answers to `command`. Raises AsteriskError when it does not answer."""
        program = self._program
        if program is None:
            raise AsteriskError(f"asterisk ({self._name}) has not been started")
        return await run_cli(program, self._folders.conf, command, timeout)

    # -- inside --------------------------------------------------------------------------------
    def _fingerprint(self) -> list[str]:
        """The files that a reload cannot bring into force; "" for one that does not exist."""
        files = ("asterisk.conf", "modules.conf", "http.conf", "manager.conf", "pjsip.conf", "rtp.conf")
        paths = [self._folders.etc / file for file in files]
        return [path.read_text(encoding="utf-8") if path.exists() else "" for path in paths]

    async def _take_over(self, before: list[str]) -> bool:
        """Deal with an Asterisk that outlived us: keep it and its calls where it may survive, else stop it."""
        orphan = find_orphan(self._folders)
        if orphan is None:
            return False
        self._process = orphan
        if self._survive and before == self._fingerprint():
            try:
                await self.cli("core reload", BOOT_S)
            except AsteriskError as error:
                log.warning("asterisk (%s) outlived us but does not answer: %s", self._name, error)
            else:
                log.info("asterisk (%s) outlived us and is kept, pid %d", self._name, orphan.pid)
                return True
        log.warning("asterisk (%s) of an earlier run still ran, pid %d: stopping it", self._name, orphan.pid)
        await end(self._process, STOP_S)
        return False

    async def _launch(self) -> None:
        assert self._program is not None
        began = time.monotonic()
        (self._folders.run / "ctl").unlink(missing_ok=True)
        with (self._folders.log / "console.log").open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self._guard(),
                *self._program.command,
                "-f",
                "-C",
                str(self._folders.conf),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                # Ctrl-C is for us; we then stop Asterisk in our own order.
                start_new_session=True,
            )
        await self._booted()
        log.info("asterisk (%s) is up after %.1f s", self._name, time.monotonic() - began)

    def _guard(self) -> tuple[str, ...]:
        setpriv = None if self._survive else shutil.which("setpriv")
        return (setpriv, "--pdeathsig", "SIGTERM", "--") if setpriv else ()

    async def _booted(self) -> None:
        """Wait for "fully booted"; an Asterisk that died or hangs is an error that names its log."""
        process = self._process
        assert process is not None
        try:
            async with asyncio.timeout(BOOT_S):
                while not (self._folders.run / "ctl").exists():
                    if process.returncode is not None:
                        raise self._failed(f"ended with code {process.returncode} while starting")
                    await asyncio.sleep(0.02)
                while True:
                    if process.returncode is not None:
                        raise self._failed(f"ended with code {process.returncode} while starting")
                    with contextlib.suppress(AsteriskError):
                        if "fully booted" in await self.cli("core waitfullybooted", BOOT_S):
                            return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise self._failed(f"was not up after {BOOT_S:.0f} s") from None

    def _failed(self, what: str) -> AsteriskError:
        return AsteriskError(
            f"asterisk ({self._name}) {what}",
            f"see {self._folders.log}/console.log and messages.log",
        )

    async def _supervise(self) -> None:
        back_off = BackOff()
        while True:
            process = self._process
            assert process is not None
            since = time.monotonic()
            code = await process.wait()
            pause = back_off.after(time.monotonic() - since)
            log.error("asterisk (%s) ended with code %s; starting again in %.1f s", self._name, code, pause)
            self._on_change(False)
            await asyncio.sleep(pause)
            self._restarts += 1
            try:
                await self._launch()
            except (AsteriskError, OSError) as error:
                log.error("asterisk (%s) did not come back: %s", self._name, error)
                await end(self._process, STOP_S)
                continue
            self._on_change(True)

    async def _keep_logs_small(self) -> None:
        while True:
            await asyncio.sleep(LOGS_EVERY_S)
            try:
                if put_away_full(self._folders.log):
                    await self.cli("logger reload")
            except (AsteriskError, OSError) as error:
                log.warning("asterisk (%s): its log files cannot be put away: %s", self._name, error)


async def run_cli(program: AsteriskProgram, conf: Path, command: str, timeout: float = 10.0) -> str:
    """Ask a running Asterisk's console. Raises AsteriskError when it does not answer within `timeout` s."""
    process = await asyncio.create_subprocess_exec(
        *program.command,
        "-C",
        str(conf),
        "-rx",
        command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(timeout):
            output, _ = await process.communicate()
    except TimeoutError:
        raise AsteriskError(f"Asterisk did not answer '{command}' within {timeout:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = output.decode("utf-8", "replace")
    if process.returncode != 0:
        raise AsteriskError(f"Asterisk's console refused '{command}': {text.strip()[:200]}")
    return text

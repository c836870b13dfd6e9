"""Child processes of ours: started, watched, restarted with back-off, and stopped with us."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from runtime.backoff import BackOff
from runtime.ending import end

log = logging.getLogger(__name__)

STOP_S = 8.0
"""How long a child may take to stop before it is killed."""


class Child:
    """One supervised process. Its output goes to a log file; its death never harms the parent."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log_file: Path,
        env: Mapping[str, str] | None = None,
        *,
        back_off: BackOff | None = None,
    ) -> None:
        self.name = name
        self.restarts = 0
        # Where the machine can, the kernel ends the child when we are killed: it must not hold its ports then.
        setpriv = shutil.which("setpriv")
        self._command = [*([setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []), *command]
        self._log_file = log_file
        self._env = {**os.environ, **(env or {})}
        self._back_off = back_off or BackOff()
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process is not None else None

    async def start(self) -> None:
        await self._spawn()
        self._task = asyncio.create_task(self._watch(), name=f"child:{self.name}")

    async def _spawn(self) -> None:
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as output:
            # A session of its own: Ctrl-C on the console reaches us alone, and we stop it in order.
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._env,
                start_new_session=True,
            )

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            assert self._process is not None
            began = loop.time()
            code = await self._process.wait()
            if self._stopping:
                return
            pause = self._back_off.after(loop.time() - began)
            log.error(
                "%s ended with code %s; restarting in %.1f s (see %s)", self.name, code, pause, self._log_file
            )
            await asyncio.sleep(pause)
            self.restarts += 1
            try:
                await self._spawn()
            except OSError as error:
                log.error("%s cannot be started: %s", self.name, error)

    async def stop(self) -> None:
        """Ask it to end, kill it after 8 s."""
        self._stopping = True
        await end(self._process, STOP_S)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

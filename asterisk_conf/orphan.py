"""An Asterisk of ours that outlived the process which started it: found, watched and stopped by its pid."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from asterisk_conf.render import Folders


class Orphan:
    """Looks like an asyncio process, but of a program that is not our child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._handle = os.pidfd_open(pid)

    async def wait(self) -> int:
        """Wait for its end; its code cannot be known, so -1."""
        if self.returncode is None:
            loop = asyncio.get_running_loop()
            ended = asyncio.Event()
            loop.add_reader(self._handle, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(self._handle)
            self._forget()
        return -1

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.returncode is None:
            signal.pidfd_send_signal(self._handle, number)

    def _forget(self) -> None:
        if self.returncode is None:
            self.returncode = -1
            with contextlib.suppress(OSError):
                os.close(self._handle)

    def __del__(self) -> None:
        self._forget()


def find_orphan(folders: Folders) -> Orphan | None:
    """The Asterisk that still runs on these folders' configuration, if any."""
    try:
        pid = int((folders.run / "asterisk.pid").read_text(encoding="ascii"))
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if os.fsencode(folders.conf) not in words:
            return None  # the number was given to another program meanwhile
        return Orphan(pid)
    except (OSError, ValueError):
        return None

"""One system per `var/` folder: a lock that dies with its process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TextIO

from runtime.errors import UserError


class InstanceLock:
    """Held while a system runs on this `var/`; a second start gets a clear error."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None

    def acquire(self) -> None:
        """Take the lock or raise UserError naming the process that holds it."""
        file = self._path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "?"
            file.close()
            raise UserError(
                f"this installation is already running (process {holder})",
                "stop it with Ctrl-C first, or run a second copy with another HOTLINE_VAR and HOTLINE_PORT_BASE",
            ) from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

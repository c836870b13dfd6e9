"""Sound that waits longer than memory should hold it: a file under var/, one a speaker, gone with its last reader.

A file has no name from the moment it is made (mode 0600 for those without O_TMPFILE): nobody else can open it,
and whatever ends the process leaves nothing of a citizen's voice behind.
"""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

log = logging.getLogger(__name__)

SPARED = 256 * 1024 * 1024
"""Bytes left free on the disk: recordings and the database come before text that is late."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece of sound lies in its file."""

    offset: int
    size: int


class SpoolFile:
    """One speaker's file; open only while something lies in it. For any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._file: FileIO | None = None
        self._end = 0
        self._pieces = 0

    def write(self, pcm: bytes) -> Place:
        """Raises OSError when the disk takes no more."""
        with self._lock:
            file = self._open()
            try:
                _spare(file)
                _write(file, pcm, self._end)
            except OSError:
                self._close_if_empty()
                raise
            place = Place(self._end, len(pcm))
            self._end += len(pcm)
            self._pieces += 1
            return place

    def read(self, place: Place) -> bytes:
        """Take a piece out. Raises OSError when it is not whole."""
        with self._lock:
            try:
                if self._file is None:
                    raise OSError(errno.EIO, "the spool is closed")
                pcm = os.pread(self._file.fileno(), place.size, place.offset)
            finally:
                self._forget()
        if len(pcm) != place.size:
            raise OSError(errno.EIO, "the spool is too short")
        return pcm

    def forget(self) -> None:
        """Nobody wants one of the pieces any more."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._pieces -= 1
        self._close_if_empty()

    def _open(self) -> FileIO:
        if self._file is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=self._folder, prefix="speech-", buffering=0)  # noqa: SIM115
            self._end = 0
        return self._file

    def _close_if_empty(self) -> None:
        if self._pieces <= 0 and self._file is not None:
            self._file.close()
            self._file = None


class Spool:
    """Makes the files; one thread writes to all of them, for a slow disk must keep nobody from being heard."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="spool")

    def file(self) -> SpoolFile:
        return SpoolFile(self._folder)

    def later(self, task: Callable[[], None]) -> bool:
        """Run this in the writing thread; False when the process is ending."""
        try:
            self._writer.submit(task)
        except RuntimeError:
            return False
        return True

    def close(self) -> None:
        """Wait for what is being written."""
        self._writer.shutdown(cancel_futures=True)


def _spare(file: FileIO) -> None:
    disk = os.fstatvfs(file.fileno())
    if disk.f_bavail * disk.f_frsize < SPARED:
        raise OSError(errno.ENOSPC, "the disk is nearly full")


def _write(file: FileIO, pcm: bytes, at: int) -> None:
    rest = memoryview(pcm)
    while rest:
        done = os.pwrite(file.fileno(), rest, at)
        rest, at = rest[done:], at + done

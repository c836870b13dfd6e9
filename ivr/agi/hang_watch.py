"""Frees callers from a script server that stands still.

A blocked event loop answers no AGI command, and Asterisk waits for ever: every caller in the script hears
silence. A thread that the loop cannot block then cuts the AGI connections, those already made and those that
come meanwhile; the dialplan takes the callers to the queue, as when the server is away. Callers who stand in a
queue or talk notice nothing: Asterisk looks at the connection only after that.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import stat
import threading
from pathlib import Path

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
HUNG_BEATS = 8
"""Beats of this thread without one of the loop's: seconds of silence that callers bear at most. Counted in beats,
not in time, so that a machine that slept as a whole (SIGSTOP, a snapshot) is not taken for a hung loop."""


class HangWatch:
    """Watches the event loop it is started in, and cuts a listening socket's connections when the loop hangs.

    The connections are looked for only then: calls that nothing is wrong with pay nothing for the watch.
    """

    def __init__(self, *, beat_seconds: float = BEAT_SECONDS, hung_beats: int = HUNG_BEATS) -> None:
        self._beat_seconds = beat_seconds
        self._hung_beats = hung_beats
        self._listening: socket.socket | None = None
        self._beats = 0
        self._stop = threading.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._thread = threading.Thread(target=self._watch, name="ivr:hang-watch", daemon=True)

    def start(self, listening: int) -> None:
        """Begin; `listening` is the file descriptor of the server's socket (a duplicate of it is kept)."""
        self._listening = socket.socket(fileno=os.dup(listening))
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """End the thread; takes no longer than a beat."""
        self._stop.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._listening is not None:
            self._thread.join()
            self._listening.close()
            self._listening = None

    def _beat(self) -> None:
        self._beats += 1
        self._timer = asyncio.get_running_loop().call_later(self._beat_seconds, self._beat)

    def _watch(self) -> None:
        seen, missed = 0, 0
        while not self._stop.wait(self._beat_seconds):
            if self._beats != seen:
                if missed >= self._hung_beats:
                    log.error("the script server runs again")
                seen, missed = self._beats, 0
                continue
            missed += 1
            if missed >= self._hung_beats:
                cut = self._cut_connections() + self._refuse_pending()
                if cut or missed == self._hung_beats:
                    log.error("the script server stands still: %d callers go to the queue without it", cut)

    def _cut_connections(self) -> int:
        """All sockets of this process that stand at the listening address, by way of duplicates: the descriptor
        itself could be another file's a moment later, should the loop run again just now."""
        assert self._listening is not None
        here = self._listening.getsockname()
        cut = 0
        for link in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):  # gone by itself
                descriptor = os.dup(int(link.name))
                if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    os.close(descriptor)
                    continue
                with socket.socket(fileno=descriptor) as duplicate:
                    listens = duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                    if not listens and duplicate.getsockname() == here:
                        duplicate.shutdown(socket.SHUT_RDWR)
                        cut += 1
        return cut

    def _refuse_pending(self) -> int:
        """The kernel takes connections on our behalf: hand them back at once."""
        refused = 0
        assert self._listening is not None
        with contextlib.suppress(OSError):  # BlockingIOError: there are no more
            while True:
                self._listening.accept()[0].close()
                refused += 1
        return refused

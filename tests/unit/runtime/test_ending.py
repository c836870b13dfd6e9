from __future__ import annotations

import asyncio
import signal
import sys

from runtime.ending import end

LIVE_ON = "import signal, time; signal.signal(15, 1); print(flush=True); time.sleep(60)"


async def python(code: str) -> asyncio.subprocess.Process:
    """A Python that has come to its first line of output."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    return process


async def test_it_is_asked_first() -> None:
    process = await python("import time; print(flush=True); time.sleep(60)")
    await end(process, 10)
    assert process.returncode == -signal.SIGTERM


async def test_what_does_not_listen_is_killed() -> None:
    process = await python(LIVE_ON)
    await end(process, 0.1)
    assert process.returncode == -signal.SIGKILL


async def test_what_has_ended_is_left_alone() -> None:
    process = await python("print(flush=True)")
    await process.wait()
    await end(process, 10)
    await end(None, 10)
    assert process.returncode == 0

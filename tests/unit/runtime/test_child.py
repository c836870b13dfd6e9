from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from runtime import child as child_module
from runtime.backoff import BackOff
from runtime.child import Child
from runtime.errors import UserError
from runtime.lock import InstanceLock
from tests.waiting import until


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = Child("sleeper", sleeper, tmp_path / "log", back_off=BackOff(first_s=0.01))
    await child.start()
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: child.pid not in (None, first))
    assert child.restarts == 1
    await child.stop()
    assert child.pid is None


async def test_a_child_that_ignores_the_request_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "STOP_S", 0.2)
    ready = tmp_path / "ready"
    code = (
        f"import signal,time,pathlib; signal.signal(15, 1); pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    )
    child = Child("stubborn", [sys.executable, "-c", code], tmp_path / "log")
    await child.start()
    await until(ready.exists)
    await child.stop()
    assert child.pid is None


def test_a_second_system_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    first = InstanceLock(tmp_path / "lock")
    first.acquire()
    with pytest.raises(UserError, match=str(os.getpid())):
        InstanceLock(tmp_path / "lock").acquire()
    first.release()
    second = InstanceLock(tmp_path / "lock")
    second.acquire()
    second.release()

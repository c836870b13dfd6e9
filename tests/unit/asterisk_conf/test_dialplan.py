"""The generated dialplans, as asterisklint sees them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from asterisk_conf.render import InstanceName, render
from runtime.settings import Settings
from tests.unit.asterisk_conf.programs import program

NEWER_THAN_ASTERISKLINT = ("AudioSocket",)


@pytest.mark.parametrize("name", ["hotline", "network"])
def test_asterisklint_finds_nothing(settings: Settings, tmp_path: Path, name: InstanceName) -> None:
    folders = render(settings, name, program(tmp_path))
    lint = Path(sys.executable).with_name("asterisklint")
    done = subprocess.run(
        [str(lint), "dialplan-check", str(folders.etc / "extensions.conf")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = (done.stdout + done.stderr).splitlines()
    assert [line for line in said if not any(app in line for app in NEWER_THAN_ASTERISKLINT)] == []


def test_asterisklint_would_find_a_fault(settings: Settings, tmp_path: Path) -> None:
    folders = render(settings, "hotline", program(tmp_path))
    path = folders.etc / "extensions.conf"
    path.write_text(path.read_text(encoding="utf-8") + "\n[bad]\nexten => 1,1,NoSuchThing()\n", encoding="utf-8")
    lint = Path(sys.executable).with_name("asterisklint")
    done = subprocess.run(
        [str(lint), "dialplan-check", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert "NoSuchThing" in done.stdout + done.stderr


def test_who_was_answered_in_a_queue_is_not_asked_for_a_message(settings: Settings, tmp_path: Path) -> None:
    """Option c of Queue goes on when the agent hangs up first, as it does when nobody came."""
    folders = render(settings, "hotline", program(tmp_path))
    lines = (folders.etc / "extensions.conf").read_text(encoding="utf-8").splitlines()
    after = [lines[at + 1] for at, line in enumerate(lines) if re.search(r"Queue\([^,]+,c", line)]
    assert len(after) == 2
    assert all("GotoIf(" in line and line.endswith(("?over)", "?after-talk,s,1)")) for line in after), after

"""Stand-ins for Asterisk programs and trees."""

from __future__ import annotations

from pathlib import Path

from asterisk_conf.program import AsteriskProgram


def script(path: Path, body: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def tree(folder: Path, version: str = "22.10.1") -> Path:
    """A fetched tree whose loader says `version` whatever it is asked to run."""
    script(folder / "usr/lib64/ld-linux-x86-64.so.2", f"echo 'Asterisk {version}+dfsg'")
    (folder / "usr/lib/x86_64-linux-gnu/asterisk/modules").mkdir(parents=True)
    script(folder / "usr/sbin/asterisk", "exit 1")
    return folder


def program(folder: Path) -> AsteriskProgram:
    """A program for rendering only."""
    return AsteriskProgram(
        command=("/bin/false",),
        modules=folder / "modules",
        data=folder / "data",
        version=(22, 10, 1),
        origin="a test",
    )

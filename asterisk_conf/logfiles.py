"""Asterisk's log files kept small: by itself it never begins a new one, and keeps all it was told to begin."""

from __future__ import annotations

from pathlib import Path

LARGEST = 20_000_000
"""Bytes from which a file is put away. Our own questions by SIP alone fill security.log with 6 MB a day."""

KEPT = 3
"""Files put away that are kept, of each."""

FILES = ("messages.log", "security.log")


def put_away_full(folder: Path) -> bool:
    """Rename what is full (x.log to x.log.1, that to x.log.2 …); True when Asterisk must open its files anew.

    Raises OSError when the folder does not let us.
    """
    full = [file for name in FILES if _size(file := folder / name) >= LARGEST]
    for file in full:
        for number in range(KEPT, 0, -1):
            younger = file if number == 1 else file.with_name(f"{file.name}.{number - 1}")
            if younger.exists():
                younger.replace(file.with_name(f"{file.name}.{number}"))
    return bool(full)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0

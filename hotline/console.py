"""The console: one place that prints, and one that turns errors into sentences and exit codes."""

from __future__ import annotations

import errno
import logging
import sys
import traceback
from collections.abc import Callable, Coroutine
from itertools import takewhile
from typing import Any, NoReturn

from pydantic import ValidationError
from rich.console import Console

from runtime import loop
from runtime.errors import UserError
from runtime.settings import Settings

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_MISTAKE = 2
"""Something the user can mend."""

EXIT_FAULT = 1
"""Something went wrong in us or on the machine."""

CANNOT_WRITE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT})

SHOWN = 60
"""Characters of a wrong value that are repeated in its error."""


def fail(message: str, remedy: str = "", code: int = EXIT_MISTAKE) -> NoReturn:
    """Print the error and what to do about it, and leave."""
    err.print("[bold red]error:[/] ", end="")
    err.print(message, markup=False)
    if remedy:
        err.print(f"  → {remedy}", markup=False)
    raise SystemExit(code)


def load_settings() -> Settings:
    """Settings from the environment; a wrong one is named, with what it means and what it may be."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        name = f"HOTLINE_{field.upper()}"
        known = Settings.model_fields.get(field)
        meaning = f"{name}: {known.description} Default: {known.default}" if known else f"correct {name}"
        fail(f"{name}={str(first['input'])[:SHOWN]!r}: {first['msg'].lower()}", meaning)


def run(work: Callable[[], Coroutine[Any, Any, int | None]]) -> NoReturn:
    """Run a command's coroutine; its number is the exit code. Users' mistakes never show a traceback."""
    # Commands answer in sentences: what rooms log on the way (a link tried again, say) is not for the console.
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())
    try:
        code = loop.run(work()) or 0
    except UserError as error:
        fail(error.message, error.remedy)
    except KeyboardInterrupt:
        code = 130
    except OSError as error:
        if error.errno not in CANNOT_WRITE or not error.filename:
            _fault(error)
        fail(
            f"{error.filename} cannot be written: {error.strerror}",
            "check its rights and the space, or HOTLINE_VAR",
        )
    except Exception as error:
        _fault(error)
    sys.exit(code)


def _fault(error: Exception) -> NoReturn:
    where = _keep_traceback(error)
    fail(f"{type(error).__name__}: {error}", f"this is a fault of ours; details: {where}", EXIT_FAULT)


def _keep_traceback(error: Exception) -> str:
    """Write the traceback to var/log/command.log; returns where it is, else where it happened."""
    lines = traceback.format_exception(error)
    path = Settings().log_dir / "command.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            # Which command it was; what it was given may be a name or a number, and this is a log.
            words = takewhile(lambda word: not word.startswith("-"), sys.argv[1:3])
            file.write(f"$ hotline {' '.join(words)}\n{''.join(lines)}\n")
    except OSError:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{last.filename} line {last.lineno}; {path} cannot be written"
    return str(path)

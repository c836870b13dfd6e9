"""The console: one place that prints, and one that turns errors into sentences and exit codes."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from pydantic import ValidationError
from rich.console import Console

from hotline.errors import UserError
from hotline.settings import Settings

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_MISTAKE = 2
"""Something the user can mend."""

EXIT_FAULT = 1
"""Something went wrong in us or on the machine."""


def fail(message: str, remedy: str = "", code: int = EXIT_MISTAKE) -> NoReturn:
    """Print the error and what to do about it, and leave."""
    err.print(f"[bold red]error:[/] {message}", markup=True)
    if remedy:
        err.print(f"  → {remedy}", markup=False)
    raise SystemExit(code)


def load_settings() -> Settings:
    """Settings from the environment; a wrong one is named."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "HOTLINE_" + "_".join(str(part) for part in first["loc"]).upper()
        fail(f"{name}: {first['msg']}", "correct the environment variable")


def run(work: Callable[[], Coroutine[Any, Any, int | None]]) -> NoReturn:
    """Run a command's coroutine; its number is the exit code. Users' mistakes never show a traceback."""
    try:
        code = asyncio.run(work()) or 0
    except UserError as error:
        fail(error.message, error.remedy)
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        logging.getLogger("hotline").exception("command failed")
        fail(f"{type(error).__name__}: {error}", "this is a fault of ours; details are in var/log", EXIT_FAULT)
    sys.exit(code)

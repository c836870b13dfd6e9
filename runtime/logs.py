"""Logging: everything to a rotating file under var/log, warnings to the console too.

Messages carry call ids and seats, never names, numbers or what was said.
"""

from __future__ import annotations

import copy
import logging
import logging.handlers

from runtime.settings import Settings

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class Short(logging.Formatter):
    """For the console: the sentence alone; tracebacks are in the file."""

    def format(self, record: logging.LogRecord) -> str:
        plain = copy.copy(record)
        plain.exc_info = plain.exc_text = plain.stack_info = None
        return super().format(plain)


def start_logging(settings: Settings, role: str, *, console: bool = True) -> None:
    """Set up the root logger for this process; `role` names the file."""
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    root.setLevel(settings.log_level)
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    file = logging.handlers.RotatingFileHandler(
        settings.log_dir / f"{role}.log", maxBytes=20_000_000, backupCount=5, encoding="utf-8"
    )
    file.setFormatter(logging.Formatter(FORMAT))
    root.addHandler(file)
    if console:
        shown = logging.StreamHandler()
        shown.setLevel(logging.WARNING)
        shown.setFormatter(Short("%(levelname)s %(name)s: %(message)s"))
        root.addHandler(shown)
    for chatty in ("aiohttp.access", "panoramisk", "alembic", "sqlalchemy.engine"):
        logging.getLogger(chatty).setLevel(logging.WARNING)

"""Ticket numbers: yyMMddHHmmss of the citizen's wall clock and six digits (18 digits, domain.md 2.9).

The six digits are random, so that a number cannot be guessed from another; the table's unique constraint
decides, and whoever writes a ticket retries on a clash.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from runtime.clock import local

ATTEMPTS = 5
"""Tries at a free ticket number; two clashes in a row are already one in 10^10."""

_PATTERN = re.compile(r"[0-9]{18}")


def new_ticket_no(now: datetime) -> str:
    """A number for a ticket made at this moment."""
    return f"{local(now):%y%m%d%H%M%S}{secrets.randbelow(1_000_000):06d}"


def is_ticket_no(text: str) -> bool:
    """Whether this is a well-formed ticket number."""
    return _PATTERN.fullmatch(text) is not None

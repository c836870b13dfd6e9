"""The call id: a UUIDv7 used in every table, event, file name and log line of a call."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

import uuid_utils

_PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_call_id() -> str:
    """A fresh UUIDv7 in its usual text form (36 characters, lower case); sorts by time."""
    return str(uuid_utils.uuid7())


def call_id_at(moment: datetime, chance: int) -> str:
    """The id of a call that began at this moment; `chance` is what tells it from others (74 bits are used)."""
    milliseconds = int(moment.timestamp() * 1000) & ((1 << 48) - 1)
    a, b = chance >> 62 & 0xFFF, chance & ((1 << 62) - 1)
    return str(uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | a << 64 | 0b10 << 62 | b))


def began_at(call_id: str) -> datetime:
    """When this well-formed call id was made, to the millisecond (RFC 9562: the first 48 bits)."""
    return datetime.fromtimestamp(int(call_id.replace("-", "")[:12], 16) / 1000, UTC)


def is_call_id(text: str) -> bool:
    """Whether this is a well-formed call id (anything else from outside is refused)."""
    return _PATTERN.fullmatch(text) is not None

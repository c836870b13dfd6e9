"""A desk asks, the node beside Asterisk does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runtime.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlAsked(Event):
    """Ask the node to act. `deadline` refuses what comes too late, so that nothing old is replayed."""

    request_id: str
    actor: str
    action: str
    args: dict[str, Any] = field(default_factory=dict)
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDone(Event):
    request_id: str
    ok: bool
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)

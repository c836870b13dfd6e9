"""Time as a collaborator: UTC inside, Asia/Shanghai at the edge, and movable in tests."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """What a room may ask about time; passed in, so that tests move it."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring durations."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def local(moment: datetime) -> datetime:
    """The same moment on a citizen's wall clock (Asia/Shanghai)."""
    return moment.astimezone(SHANGHAI)


def midnight(moment: datetime) -> datetime:
    """When this moment's day began in Shanghai."""
    return local(moment).replace(hour=0, minute=0, second=0, microsecond=0)

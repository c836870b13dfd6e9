"""How often one person, or before log-in one address, may ask: token buckets, in memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from runtime.clock import Clock

BUCKETS_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Limit:
    """`burst` requests at once, then `per_minute`: far above what hands and our own pages do."""

    name: str
    burst: int
    per_minute: int


PAGES = Limit("pages", 120, 240)
READS = Limit("reads", 300, 1200)
"""Searching as one types, states read anew."""
FIGURES = Limit("figures", 20, 30)
"""Counting a month reads all of its calls."""
TYPING = Limit("typing", 120, 480)
"""A draft is saved half a second after the last key."""
ACTS = Limit("acts", 60, 180)
SIGN_IN = Limit("sign_in", 100, 200)
"""By address: a hall of agents begins its shift behind one. Wrong passwords have limits of their own (lockout)."""
SOCKETS = Limit("sockets", 60, 120)
"""A page whose link is lost tries again every few seconds."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


class Limits:
    """What is left to whom. A restart forgives everybody."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def take(self, limit: Limit, who: str) -> int:
        """Take one request from `who`'s share: 0, or whole seconds after which to try again."""
        now = self._clock.now()
        bucket = self._buckets.setdefault((limit.name, who), _Bucket(limit.burst, now))
        self._buckets.move_to_end((limit.name, who))
        while len(self._buckets) > BUCKETS_KEPT:
            self._buckets.popitem(last=False)
        passed = max(0.0, (now - bucket.at).total_seconds())
        bucket.left = min(float(limit.burst), bucket.left + passed * limit.per_minute / 60)
        bucket.at = now
        if bucket.left < 1:
            return max(1, math.ceil((1 - bucket.left) * 60 / limit.per_minute))
        bucket.left -= 1
        return 0

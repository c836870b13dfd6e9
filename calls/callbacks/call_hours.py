"""When citizens may be called back: nobody is woken at night because a call was missed in the evening."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from runtime.clock import local
from runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class CallHours:
    """Whole hours of the citizen's clock, from the first up to the last: 8 and 21 mean 8:00 to 20:59."""

    first: int = 8
    last: int = 21

    @classmethod
    def of(cls, settings: Settings) -> CallHours:
        return cls(settings.callback_from, settings.callback_until)

    def open(self, moment: datetime) -> bool:
        return self.first <= local(moment).hour < self.last

    def next_open(self, moment: datetime) -> datetime:
        """This moment, or when the hours begin next if it lies outside them (UTC)."""
        if self.open(moment):
            return moment
        there = local(moment)
        begin = there.replace(hour=self.first, minute=0, second=0, microsecond=0)
        if begin <= there:
            begin += timedelta(days=1)
        return begin.astimezone(moment.tzinfo)

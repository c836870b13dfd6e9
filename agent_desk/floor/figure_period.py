"""Which period, queue and unit a figures page is about: the choice, checked, and as links."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from pydantic import Field

from agent_desk.web import words
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Day, Input, Number, one_of
from calls.asterisk.queues import QUEUES
from calls.figures.period import DAY, PeriodRefused, Scope, this_month, this_week, today, yesterday
from runtime.clock import SHANGHAI, local, midnight

LONGEST_DAYS = 92
"""A quarter; a longer period is a matter for `hotline figures`."""
PERIODS = {"today": "今天", "yesterday": "昨天", "week": "本周", "month": "本月", "custom": "自定义"}
NAMED = {"today": today, "yesterday": yesterday, "week": this_week, "month": this_month}
PARTS = {"overview": "总览", "agents": "坐席", "ways": "语音流程", "rules": "达标"}


class Chosen(Input):
    """What figures are asked for. `since` and `until` are whole days, the last one included."""

    part: Annotated[str, one_of(PARTS, "请从列表中选择内容。")] = "overview"
    period: Annotated[str, one_of(PERIODS, "请从列表中选择时段。")] = "today"
    since: Day | None = None
    until: Day | None = None
    queue: Annotated[str, one_of(QUEUES, "请从列表中选择队列。")] = ""
    unit: Annotated[Number, Field(ge=0, le=2**31 - 1, title="单位")] = 0

    def scope(self, now: datetime) -> Scope:
        """Raises Refused for a period that is none."""
        if self.period != "custom":
            start, end = NAMED[self.period](now)
        else:
            first = self.since or self.until or local(now).date()
            last = self.until or first
            start = datetime(first.year, first.month, first.day, tzinfo=SHANGHAI)
            end = datetime(last.year, last.month, last.day, tzinfo=SHANGHAI) + DAY
            if end - start > timedelta(days=LONGEST_DAYS):
                raise Refused(f"一次最多查看{LONGEST_DAYS}天，请缩短时段。")
        try:
            return Scope(start, end, self.queue, self.unit or None)
        except PeriodRefused as refused:
            raise Refused(str(refused)) from None

    def link(self, **changes: str | int) -> str:
        """The query of this choice with some of it changed."""
        said = {
            "part": self.part,
            "period": self.period,
            "since": self.since.isoformat() if self.since and self.period == "custom" else "",
            "until": self.until.isoformat() if self.until and self.period == "custom" else "",
            "queue": self.queue,
            "unit": self.unit or "",
            **changes,
        }
        return urlencode({name: value for name, value in said.items() if value not in ("", None)})


def told(scope: Scope) -> str:
    """The period in words: a day, days, or from moment to moment."""
    start, end = local(scope.start), local(scope.end)
    if start == midnight(start) and end == midnight(end):
        last = end - DAY
        if last.date() == start.date():
            return f"{start:%Y年%-m月%-d日}"
        return f"{start:%Y年%-m月%-d日}至{last:%Y年%-m月%-d日}"
    if start.date() == end.date():
        return f"{start:%Y年%-m月%-d日 %H:%M}至{end:%H:%M}"
    return f"{start:%Y年%-m月%-d日 %H:%M}至{end:%Y年%-m月%-d日 %H:%M}"


def file_part(scope: Scope) -> str:
    """The scope as a part of a file's name."""
    start, end = local(scope.start), local(scope.end - timedelta(microseconds=1))
    days = f"{start:%Y%m%d}" if start.date() == end.date() else f"{start:%Y%m%d}-{end:%Y%m%d}"
    return days + (f"-{words.QUEUES.get(scope.queue, scope.queue)}队列" if scope.queue else "")

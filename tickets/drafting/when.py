"""When it happened: the words as said, and a moment where they name one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from language.times import WEIGHT, named_time, time_runs
from runtime.clock import local
from runtime.events import Suggestion
from tickets.drafting.talk import Line, Span, suggest

_NOT_WHEN = re.compile(
    r"今年\d+|一年(?:多少|交|要)|(?:每|一)个月(?:多少|交|几)|周末|一天(?:几|多少)|\d+岁|\d+年退伍|几天能|多少天|多少年"
)
_ASKED_FOR = re.compile(r"希望|要求|请(?:你们|求)?|以后不|不许|尽快|赶紧|赶快|上门|能不能")


def find_when(lines: Sequence[Line], places: Sequence[Span], now: datetime | None) -> dict[str, list[Suggestion]]:
    """`occurred_text` and, when the words name a moment, `occurred_at` (ISO 8601, Asia/Shanghai)."""
    found: list[tuple[float, int, Span, list[tuple[str, str]]]] = []
    for order, line in enumerate(lines):
        if not line.by_citizen:
            continue
        for start, end, tokens in time_runs(line.read):
            if any(place.line is line and place.start < end and start < place.end for place in places):
                continue  # 鹿门路32号 is no date
            score = sum(WEIGHT[kind] for kind, _ in tokens)
            if score <= 0.21 or _NOT_WHEN.match(line.read, max(0, start)):
                continue
            if "time" in line.asked:
                score += 1.2
            if _ASKED_FOR.search(line.read[:start]) or _ASKED_FOR.match(line.read[end:]):
                score -= 0.8
            score -= 0.02 * order
            found.append((score, order, Span(line, start, end), tokens))
    if not found:
        return {}
    found.sort(key=lambda item: -item[0])
    out: dict[str, list[Suggestion]] = {}
    texts: list[Suggestion] = []
    for score, _order, span, _tokens in found[:3]:
        value = span.read.removeprefix("从")
        if value not in [s.value for s in texts]:
            texts.append(suggest(value, min(0.45 + 0.22 * score, 0.92), span))
    out["occurred_text"] = texts
    if now is not None and (moment := moment_of(found[0][3], local(now))) is not None:
        span = found[0][2]
        out["occurred_at"] = [
            suggest(moment.isoformat(), min(0.4 + 0.2 * found[0][0], 0.85), span, f"{moment:%Y-%m-%d %H:%M}")
        ]
    return out


def moment_of(tokens: Sequence[tuple[str, str]], now: datetime) -> datetime | None:
    """The moment these words name, seen from `now` (local time): of a day or part of it the middle."""
    named = named_time(tokens, now)
    if named.start is None or named.start > now:
        return None
    if named.exact or named.end is None:
        return named.start
    if named.end - named.start > timedelta(days=1):
        return None
    return min(named.start + (named.end - named.start) / 2, now)

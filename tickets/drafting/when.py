"""When it happened: the words as said, and a moment where they name one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from hotline.clock import SHANGHAI, local
from hotline.events import Suggestion
from tickets.drafting.talk import Line, Span, suggest

_N = r"(?:\d{1,4}|[一二两三四五六七八九十]{1,3}|几|好几|半)"
_TOKENS: tuple[tuple[str, str, float], ...] = (
    ("habit", r"每天|天天|每晚|连着\d*个?|经常|一直", 0.2),
    ("date", rf"(?:{_N}年)?{_N}月份?(?:底|初|中旬|上旬|下旬)?(?:{_N}[号日])?", 1.0),
    ("year", r"\d{4}年|[一二三四五六七八九零]{4}年|大前年|前年|去年|今年", 0.6),
    ("season", r"春天|夏天|秋天|冬天|上半年|下半年|年底|年初|春节|国庆|暑假|寒假|端午|中秋|过年", 0.5),
    ("week", r"(?:上上?个?|这个?|本)?(?:周|星期|礼拜)[一二三四五六日天1-6]", 1.0),
    ("span", r"(?:上上?个?|这个?|本)(?:周|星期|礼拜|月)(?!份)", 0.8),
    ("day", r"大前天|前天|昨天|今天|昨晚|今晚|今早|昨夜|当天|刚刚|刚才", 1.0),
    ("vague", r"这几天|这两天|这段时间|最近|近期|近来|前几天|前两天|前段时间|前不久|几天前", 0.6),
    ("number", rf"{_N}[号]", 0.7),
    ("part", r"大清早|清早|清晨|早晨|早上|上午|中午|下午|傍晚|晚上|半夜|夜里|深夜|凌晨|白天|夜间", 0.5),
    ("clock", rf"(?:{_N}点(?:钟|半|{_N}分|{_N}刻)?|\d{{1,2}}[:：]\d{{2}})(?:多钟|多|左右|钟)?", 0.6),
    ("lasting", rf"(?:有|已经|差不多|大概|快)*{_N}个?多?(?:天|月|年|星期|礼拜|周|小时)(?:多|了|以来)*", 0.4),
    ("link", r"到|至|从|的|大概|左右|开始|以来|以后|起|就|都是", 0.0),
)
_RUN = re.compile("(?:" + "|".join(f"(?P<{name}{i}>{p})" for i, (name, p, _) in enumerate(_TOKENS)) + ")")
_NOT_WHEN = re.compile(
    r"今年\d+|一年(?:多少|交|要)|(?:每|一)个月(?:多少|交|几)|周末|一天(?:几|多少)|\d+岁|\d+年退伍|几天能|多少天|多少年"
)
_ASKED_FOR = re.compile(r"希望|要求|请(?:你们|求)?|以后不|不许|尽快|赶紧|赶快|上门|能不能")
_UNITS = dict(zip("一二两三四五六七八九十半几", (1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0), strict=True))
_WEEKDAYS = {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6} | {str(d): d - 1 for d in range(1, 7)}


@lru_cache(maxsize=4096)
def time_runs(text: str) -> list[tuple[int, int, list[tuple[str, str]]]]:
    """Runs of time words as (start, end, [(kind, words)])."""
    runs: list[tuple[int, int, list[tuple[str, str]]]] = []
    at = 0
    while (match := _RUN.search(text, at)) is not None:
        start, tokens = match.start(), []
        while match is not None:
            tokens.append(((match.lastgroup or "").rstrip("0123456789"), match.group()))
            at = match.end()
            match = _RUN.match(text, at)
        while tokens and tokens[-1][0] == "link" and tokens[-1][1] not in ("左右", "开始", "以来"):
            at -= len(tokens.pop()[1])
        lead = 0
        while tokens and tokens[0][0] == "link" and tokens[0][1] != "从":
            lead += len(tokens.pop(0)[1])
        at = max(at, start + 1)
        if tokens:
            runs.append((start + lead, at, tokens))
    return runs


def find_when(lines: Sequence[Line], places: Sequence[Span], now: datetime | None) -> dict[str, list[Suggestion]]:
    """`occurred_text` and, when the words name a moment, `occurred_at` (ISO 8601, Asia/Shanghai)."""
    weights = {name: weight for name, _, weight in _TOKENS}
    found: list[tuple[float, int, Span, list[tuple[str, str]]]] = []
    for order, line in enumerate(lines):
        if not line.by_citizen:
            continue
        for start, end, tokens in time_runs(line.read):
            if any(place.line is line and place.start < end and start < place.end for place in places):
                continue  # 鹿门路32号 is no date
            score = sum(weights[kind] for kind, _ in tokens)
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


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    if "十" in text:
        tens, ones = text.split("十", 1)
        return (_UNITS.get(tens, 1) if tens else 1) * 10 + (_UNITS.get(ones, 0) if ones else 0)
    return _UNITS.get(text[:1], 0)


def moment_of(tokens: Sequence[tuple[str, str]], today: datetime) -> datetime | None:
    """The moment these words name, seen from `today` (local time); None when they name none, or one to come."""
    day, hour, minute, year = None, None, 0, today.year
    afternoon = False
    for kind, words in tokens:
        if kind == "year":
            year = {"今年": today.year, "去年": today.year - 1, "前年": today.year - 2}.get(words, year)
        elif kind == "day":
            back = {"大前天": 3, "前天": 2, "昨天": 1, "昨晚": 1, "昨夜": 1}.get(words, 0)
            day = today - timedelta(days=back)
            hour = 20 if words in ("昨晚", "今晚", "昨夜") else 8 if words == "今早" else hour
            afternoon = afternoon or words in ("昨晚", "今晚", "昨夜")
        elif kind == "week":
            weekday = _WEEKDAYS[words[-1]]
            weeks = 2 if words.startswith("上上") else 1 if words.startswith("上") else 0
            day = today - timedelta(days=today.weekday() - weekday + 7 * weeks)
        elif kind == "date" and (match := re.search(rf"({_N})月份?({_N})[号日]", words)):
            day = _safe_date(today, year, _number(match[1]), _number(match[2]))
        elif kind == "part":
            afternoon = words in ("下午", "傍晚", "晚上", "半夜", "夜里", "深夜")
            hour = hour if hour is not None else _PART_HOUR.get(words)
        elif kind == "clock" and (match := re.match(rf"({_N})(?:点|[:：])(半|\d{{1,2}})?", words)):
            hour = _number(match[1])
            minute = 30 if match[2] == "半" else int(match[2] or 0)
            if afternoon and 1 <= hour < 12:
                hour += 12
    if day is None or (hour is None and not any(kind in ("day", "week", "date") for kind, _ in tokens)):
        return None
    hour = min(hour if hour is not None else 12, 23)
    moment = datetime(day.year, day.month, day.day, hour, min(minute, 59), tzinfo=SHANGHAI)
    return moment if moment <= today else None


_PART_HOUR = {
    "早上": 8,
    "清早": 6,
    "大清早": 6,
    "早晨": 7,
    "上午": 10,
    "中午": 12,
    "下午": 15,
    "傍晚": 18,
    "晚上": 20,
    "半夜": 23,
    "凌晨": 2,
}


def _safe_date(today: datetime, year: int, month: int, day: int) -> datetime | None:
    try:
        moment = today.replace(year=year, month=month, day=day)
    except ValueError:
        return None
    # "12月30号" said in January means last year's.
    return moment.replace(year=year - 1) if moment > today and year == today.year else moment

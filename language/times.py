"""Dates and times in running text: where they stand, and the moment or span they name.

A moment is told only when the words leave no other: 昨天三点 may be of the morning or the afternoon, 昨天半夜两点
belongs to two nights; such words stay words. The caller's `now` (aware, local time) is where they are seen from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from language.numerals import number_value

_N = r"(?:(?<!\d)\d{1,4}(?!\d)|[零〇一二两三四五六七八九十]{1,3}|几|好几|半)"
_YEAR = r"(?:(?<!\d)\d{4}|[一二三四五六七八九零〇]{4}|(?<!\d)\d{2}|[零〇一二三四五六七八九]{2})年"
_HOUR = r"(?:(?<!\d)\d{1,2}|二十[一二三四]?|十[一二三四五六七八九]?|[零〇一二两三四五六七八九])"
_MINUTE = r"(?:\d{1,2}|[二三四五]?十[一二三四五六七八九]?|[零〇]?[一二两三四五六七八九])"
_CLOCK = (
    rf"差(?:{_MINUTE}分钟?|一刻钟?){_HOUR}点|{_HOUR}点(?:差(?:{_MINUTE}分|一刻)|过?{_MINUTE}分|过?[一三1３3]刻|半|整|钟|{_MINUTE}(?!\d))?"
    r"|(?<!\d)\d{1,2}[:：]\d{2}(?!\d)"
)
TOKENS: tuple[tuple[str, str, float], ...] = (
    ("habit", r"每天|天天|每晚|连着\d*个?|经常|一直|每个?(?:周|星期|礼拜)[一二三四五六日天]?|每个?月", 0.2),
    (
        "lunar",
        r"(?:农历|阴历|正月|腊月|冬月|大年|除夕)(?:[一二三四五六七八九十]{0,2}月)?(?:初?[一二三四五六七八九十]{1,3}|\d{1,2})?",
        0.8,
    ),
    (
        "ago",
        rf"(?:{_N}|一)个?半?(?:分钟|个?小时|个?钟头|天|个?月|个?星期|个?礼拜|周|年)(?:多)?(?:之前|以前|前)",
        0.9,
    ),
    ("date", rf"(?:{_YEAR})?{_N}月份?(?:底|初|中旬|上旬|下旬)?(?:{_N}[号日])?", 1.0),
    ("year", rf"{_YEAR}|大前年|前年|去年|今年|明年", 0.6),
    ("season", r"春天|夏天|秋天|冬天|上半年|下半年|年底|年初|春节|国庆|暑假|寒假|端午|中秋|过年", 0.5),
    ("week", r"(?:上上个?|上个?|下个?|这个?|本)?(?:周|星期|礼拜)[一二三四五六日天1-6](?!楼|栋|号)", 1.0),
    ("span", r"(?:上上个?|上个?|下个?|这个?|本)(?:周|星期|礼拜|月)(?!份)", 0.8),
    (
        "day",
        r"大前天|前天|昨天|今天|明天|后天|昨日|今日|前日|前晚|昨晚|今晚|明晚|今早|今晨|明早|昨夜|当天|刚刚|刚才",
        1.0,
    ),
    ("vague", r"这几天|这两天|这段时间|最近|近期|近来|前几天|前两天|前段时间|前不久|几天前", 0.6),
    ("number", rf"{_N}[号](?!楼|栋|线|院|门|房|店|厂|车)", 0.7),
    (
        "part",
        r"大清早|一大早|清早|清晨|早晨|早上|上午|中午|下午|午后|傍晚|晚上|半夜|夜里|深夜|凌晨|白天|夜间",
        0.5,
    ),
    ("clock", rf"(?:{_CLOCK})(?:多钟|多|左右|钟)?", 0.6),
    ("lasting", rf"(?:有|已经|差不多|大概|快)*{_N}个?多?(?:天|月|年|星期|礼拜|周|小时)(?:多|了|以来)*", 0.4),
    ("link", r"到|至|从|的|大概|左右|开始|以来|以后|起|就|都是|[-~—–](?=\d|[上下早晚中])", 0.0),
)
"""(kind, pattern, how much it tells), in the order in which they are tried."""

WEIGHT = {kind: weight for kind, _, weight in TOKENS}
_RUN = re.compile("(?:" + "|".join(f"(?P<{name}{i}>{p})" for i, (name, p, _) in enumerate(TOKENS)) + ")")
_UNTIL = frozenset({"到", "至", "-", "~", "—", "–"})
_A_LITTLE = re.compile("[一两]点(?!半|钟|整|\\d|[一二三四五]?十|[一三]刻|多|左右|到|至|过|差|以前|以后|前|后)")
_SAYS_CLOCK = re.compile(
    "(?:凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|夜里|半夜|深夜|今早|今晚|明早|明晚|昨晚|前晚|昨夜|午后|清早|到|从|至|天)$"
)

_DATE = re.compile(rf"({_YEAR})?({_N})月份?(底|初|中旬|上旬|下旬)?(?:({_N})[号日])?")

Token = tuple[str, str]
Run = tuple[int, int, list[Token]]


@lru_cache(maxsize=4096)
def time_runs(text: str) -> list[Run]:
    """Runs of time words as (start, end, [(kind, words)])."""
    runs: list[Run] = []
    at = 0
    while (match := _RUN.search(text, at)) is not None:
        start, tokens = match.start(), []
        while match is not None:
            kind, words = (match.lastgroup or "").rstrip("0123456789"), match.group()
            little = kind == "clock" and _A_LITTLE.match(text, match.start())
            if little and not _SAYS_CLOCK.search(text, 0, match.start()):
                at = match.end()
                break  # 一点都不好
            tokens.append((kind, words))
            at = match.end()
            match = _RUN.match(text, at)
        end = at if not tokens else start + sum(len(words) for _, words in tokens)
        while tokens and tokens[-1][0] == "link" and tokens[-1][1] not in ("左右", "开始", "以来"):
            end -= len(tokens.pop()[1])
        lead = 0
        while tokens and tokens[0][0] == "link" and tokens[0][1] != "从":
            lead += len(tokens.pop(0)[1])
        at = max(at, start + 1)
        if tokens:
            runs.append((start + lead, end, tokens))
    return runs


@dataclass(frozen=True, slots=True)
class SaidTime:
    """What the words name. `start` alone is a moment; with `end` (exclusive) a span; neither: only words."""

    words: str
    start: datetime | None
    end: datetime | None
    exact: bool = False
    """A clock time was said (or so many minutes ago), not only a day or a part of it."""


def said_time(text: str, now: datetime) -> SaidTime | None:
    """The time that tells most in `text`, seen from `now`; None when no word of time is in it."""
    best: tuple[float, Run] | None = None
    for run in time_runs(text):
        score = sum(WEIGHT[kind] for kind, _ in run[2])
        if score > 0.21 and (best is None or score > best[0]):
            best = score, run
    if best is None:
        return None
    start, end, tokens = best[1]
    named = named_time(tokens, now)
    return replace(named, words=text[start:end].removeprefix("从"))


def named_time(tokens: Sequence[Token], now: datetime) -> SaidTime:
    """The moment or span these words name. What only may lie ahead is none, unless they say so (明天)."""
    nothing = SaidTime("", None, None)
    if any(kind in ("habit", "lunar", "season", "vague") for kind, _ in tokens):
        return nothing
    groups: list[list[Token]] = [[]]
    for token in tokens:
        if token[0] == "link" and token[1] in _UNTIL:
            groups.append([])
        elif token[0] != "link":
            groups[-1].append(token)
    groups = [group for group in groups if group]
    if not 1 <= len(groups) <= 2:
        return nothing
    first = _Reading.of(groups[0], now)
    if first is None:
        return nothing
    if len(groups) == 1:
        return _told(first.span(now), now, ahead=first.ahead, exact=first.exact)
    last = _Reading.of(groups[1], now, after=first)
    begin, finish = first.span(now), last.span(now, behind=first) if last else None
    if begin is None or finish is None:
        return nothing
    end = finish[0] if last and last.exact else finish[1]
    if end is None or end <= begin[0] or (begin[0] > now and not first.ahead):
        return nothing
    return SaidTime("", begin[0], end, exact=first.exact)


def _told(span: tuple[datetime, datetime | None] | None, now: datetime, *, ahead: bool, exact: bool) -> SaidTime:
    if span is None or (span[0] > now and not ahead):
        return SaidTime("", None, None)
    return SaidTime("", span[0], None if exact else span[1], exact)


_BACK = {"大前天": 3, "前天": 2, "前日": 2, "前晚": 2, "昨天": 1, "昨日": 1, "昨晚": 1, "昨夜": 1} | {
    "明天": -1, "明早": -1, "明晚": -1, "后天": -2
}  # fmt: skip
_PART_OF_DAY = {"昨晚": "晚上", "前晚": "晚上", "今晚": "晚上", "明晚": "晚上", "昨夜": "昨夜"} | {
    "今早": "早上", "明早": "早上", "今晨": "清晨"
}  # fmt: skip
_PARTS = {
    "凌晨": (0, 4), "清晨": (5, 7), "清早": (5, 7), "大清早": (5, 7), "一大早": (5, 7), "早晨": (6, 8),
    "早上": (6, 10), "上午": (8, 12), "中午": (11, 13), "下午": (12, 18), "午后": (12, 18), "傍晚": (17, 19),
    "晚上": (18, 22), "白天": (8, 18), "昨夜": (18, 22),
}  # fmt: skip
"""Hours from and until of the parts of a day; 半夜, 夜里, 深夜 and 夜间 lie in two days."""
_WEEKDAYS = {c: i for i, c in enumerate("一二三四五六日")} | {"天": 6} | {str(d): d - 1 for d in range(1, 7)}


@dataclass(slots=True)
class _Reading:
    """One side of a range, or the whole: what was said of year, month, day, part of the day and hour."""

    day: datetime | None = None
    until_day: datetime | None = None
    part: str = ""
    hour: int | None = None
    minute: int = 0
    whole_hours: bool = False
    """The hour was said as on a 24-hour clock (20:15, 二十点)."""
    moment: datetime | None = None
    ahead: bool = False

    @property
    def exact(self) -> bool:
        return self.hour is not None or self.moment is not None

    @classmethod
    def of(cls, tokens: Sequence[Token], now: datetime, after: _Reading | None = None) -> _Reading | None:
        """None when the words name nothing, or something that does not exist (30 February, 25 o'clock)."""
        self = cls()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        year: int | None = None
        month: datetime | None = None
        for kind, words in tokens:
            if kind == "year":
                year = _year(words, now)
                if year is None or len(tokens) > 1:
                    continue
                self.day, self.until_day = _day(midnight, year, 1, 1), _day(midnight, year + 1, 1, 1)
            elif kind == "date":
                found = _DATE.fullmatch(words)
                if found is None or found[3]:
                    return None
                given = _year(found[1], now) if found[1] else year
                if not self._date(midnight, given, found[2], found[4]):
                    return None
            elif kind == "number":
                base = month or (after.day if after is not None and after.day is not None else midnight)
                said = _count(words[:-1])
                self.day = _day(midnight, base.year, base.month, said) if said else None
                if self.day is None:
                    return None
                self.until_day = self.day + timedelta(days=1)
            elif kind == "week":
                if not self._week(words, midnight):
                    return None
            elif kind == "span":
                steps = (
                    -2 if words.startswith("上上") else -1 if words[0] == "上" else 1 if words[0] == "下" else 0
                )
                if words.endswith("月"):
                    month = _month(midnight, steps)
                    self.day, self.until_day = month, _month(midnight, steps + 1)
                else:
                    monday = midnight - timedelta(days=midnight.weekday() - 7 * steps)
                    self.day, self.until_day = monday, monday + timedelta(days=7)
                self.ahead = self.ahead or steps > 0
            elif kind == "day":
                if words in ("刚刚", "刚才"):
                    self.moment = now.replace(second=0, microsecond=0)
                elif words != "当天":
                    back = _BACK.get(words, 0)
                    self.day = midnight - timedelta(days=back)
                    self.until_day = self.day + timedelta(days=1)
                    self.part = _PART_OF_DAY.get(words, self.part)
                    self.ahead = self.ahead or back < 0
            elif kind == "part":
                self.part = self.part if self.part == "昨夜" or (self.day and self.part == "晚上") else words
            elif kind == "clock":
                if not self._clock(words):
                    return None
            elif kind == "ago":
                if not self._ago(words, now, midnight):
                    return None
            else:
                return None
        if after is not None and self.day is None:
            self.day, self.until_day = after.day, after.until_day
            self.ahead = after.ahead
            self.part = self.part or after.part
        return self if self.day is not None or self.moment is not None else None

    def _date(self, midnight: datetime, year: int | None, month: str, day: str | None) -> bool:
        m = _count(month)
        d = _count(day) if day else 1
        if m is None or d is None or not 1 <= m <= 12:
            return False
        made = _day(midnight, year or midnight.year, m, d)
        if year is None and made is not None and made > midnight:
            made = _day(midnight, midnight.year - 1, m, d)  # "12月30号" said in January means last year's
        if made is None:
            return False
        self.day, self.until_day = made, made + timedelta(days=1) if day else _month(made, 1)
        return True

    def _week(self, words: str, midnight: datetime) -> bool:
        weeks = -2 if words.startswith("上上") else -1 if words[0] == "上" else 1 if words[0] == "下" else 0
        self.day = midnight - timedelta(days=midnight.weekday() - _WEEKDAYS[words[-1]] - 7 * weeks)
        self.until_day = self.day + timedelta(days=1)
        self.ahead = self.ahead or weeks > 0
        return self.day <= midnight or weeks > 0

    def _clock(self, words: str) -> bool:
        words = re.sub("(?:多钟|多|左右)$", "", words)
        if written := re.fullmatch(r"(\d{1,2})[:：](\d{2})", words):
            hour, minute, self.whole_hours = int(written[1]), int(written[2]), True
        else:
            found = re.fullmatch(
                rf"(?:差(?P<before>{_MINUTE}分钟?|一刻钟?))?(?P<hour>{_HOUR})点"
                rf"(?:差(?P<less>{_MINUTE}分|一刻)|过?(?P<minute>{_MINUTE})分?|过?(?P<quarter>[一三13])刻|(?P<half>半)|整|钟)?",
                words,
            )
            if found is None:
                return False
            hour = _count(found["hour"]) or 0
            minute = 30 if found["half"] else 0
            if found["quarter"]:
                minute = 45 if found["quarter"] in "三3" else 15
            if found["minute"]:
                minute = _count(found["minute"]) or 0
            less = found["before"] or found["less"]
            if less:
                minute = -15 if less.startswith("一刻") else -(_count(re.sub("分钟?", "", less)) or 0)
        if not 0 <= hour <= 24 or not -60 < minute < 60 or (hour == 24 and minute > 0):
            return False
        self.hour, self.minute = hour, minute
        return True

    def _ago(self, words: str, now: datetime, midnight: datetime) -> bool:
        found = re.fullmatch(r"(.+?)(个?半)?个?(分钟|小时|钟头|天|月|星期|礼拜|周|年)(多)?(?:之前|以前|前)", words)
        if found is None:
            return False
        half = found[1] == "半"
        count = 0 if half else _count(found[1])
        if count is None or found[1] in ("几", "好几"):
            return False
        amount = count + (0.5 if half or found[2] else 0)
        if found[3] in ("分钟", "小时", "钟头"):
            step = timedelta(minutes=amount) if found[3] == "分钟" else timedelta(hours=amount)
            self.moment = (now - step).replace(second=0, microsecond=0)
            return not found[4]
        if found[3] == "天" and amount == int(amount) and not found[4]:
            self.day = midnight - timedelta(days=int(amount))
            self.until_day = self.day + timedelta(days=1)
            return True
        return False

    def span(self, now: datetime, behind: _Reading | None = None) -> tuple[datetime, datetime | None] | None:
        """(start, end) of what was said; `behind`: it ends a range that begins there."""
        if self.moment is not None:
            return self.moment, None
        if self.day is None:
            return None
        whole_day = self.until_day is not None and self.until_day - self.day == timedelta(days=1)
        if self.hour is not None:
            start = self._at(now, behind) if whole_day else None
            return (start, None) if start is not None else None
        if self.part:
            if not whole_day or self.part not in _PARTS:
                return None
            first, last = _PARTS[self.part]
            return self.day + timedelta(hours=first), self.day + timedelta(hours=last)
        return self.day, self.until_day

    def _at(self, now: datetime, behind: _Reading | None) -> datetime | None:
        """The hour on its day; None when the words leave two."""
        assert self.hour is not None and self.day is not None
        hour, part = self.hour, self.part
        if hour == 0 or hour > 12 or self.whole_hours:
            offset = hour
        elif part in ("凌晨", "清晨", "清早", "大清早", "一大早", "早晨", "早上", "上午"):
            offset = 0 if part == "凌晨" and hour == 12 else hour
        elif part == "中午":
            offset = hour + 12 if hour <= 3 else hour
        elif part in ("下午", "午后", "傍晚"):
            offset = hour if hour == 12 else hour + 12
        elif part in ("晚上", "昨夜"):
            offset = hour + 12 if 5 <= hour <= 11 else 24 + hour % 12
        elif part in ("半夜", "夜里", "深夜", "夜间"):
            if 6 <= hour <= 12:
                offset = hour + 12
            elif self.day.date() == now.date() and self.day + timedelta(hours=hour) <= now:
                offset = hour
            else:
                return None
        else:
            return None
        moment = self.day + timedelta(hours=offset, minutes=self.minute)
        if behind is not None and (begin := behind.span(now)) is not None and moment <= begin[0] and hour <= 12:
            moment += timedelta(hours=12)  # 上午十点到两点
        return moment


def _count(words: str) -> int | None:
    return int(words) if words.isascii() and words.isdigit() else number_value(words)


def _year(words: str | None, now: datetime) -> int | None:
    if not words:
        return None
    named = {"今年": 0, "去年": 1, "前年": 2, "大前年": 3, "明年": -1}.get(words)
    if named is not None:
        return now.year - named
    digits = "".join(str(_count(c)) for c in words.removesuffix("年"))
    if not digits.isdigit():
        return None
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if year <= now.year % 100 + 1 else 1900
    return year if 1900 <= year <= 2200 else None


def _day(midnight: datetime, year: int, month: int, day: int) -> datetime | None:
    try:
        return midnight.replace(year=year, month=month, day=day)
    except ValueError:
        return None


def _month(moment: datetime, steps: int) -> datetime:
    months = moment.year * 12 + moment.month - 1 + steps
    return moment.replace(year=months // 12, month=months % 12 + 1, day=1)

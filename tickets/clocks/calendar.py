"""Working days and working hours of the People's Republic, from the table that a site edits.

The `calendar_day` table is the master: it holds the days that differ from Monday-Friday (holidays, make-up
days). It is filled from `chinesecalendar` and may be corrected offline. A `WorkCalendar` is a pure value.

The State Council says in November which days of the next year are off and which weekends are worked for them.
Until that is known here, a year has the days that the law itself gives (全国年节及纪念日放假办法), marked as
provisional.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import chinese_calendar
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import CalendarDay
from runtime.clock import SHANGHAI, local

Hours = tuple[tuple[time, time], ...]

BUSINESS_HOURS: Hours = ((time(8, 30), time(12, 0)), (time(13, 30), time(17, 30)))
"""Default business hours (domain.md 2.4, rule 3)."""

ASKED_FROM_MONTH = 10
"""The State Council publishes next year's days off in October or November."""

BEYOND = 12
"""Years behind the table's last one that are told to be unknown; no clock runs longer."""

FAR = 3700
"""Days after which a calendar without any working day is taken for a mistake."""


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked. `exceptions` maps a day to whether it is worked; others are Monday-Friday."""

    exceptions: Mapping[date, bool] = field(default_factory=dict)
    hours: Hours = BUSINESS_HOURS
    unpublished: frozenset[int] = frozenset()
    """Years whose arrangement is not known: only the days by law are."""

    def __post_init__(self) -> None:
        edges = [edge for span in self.hours for edge in span]
        if not edges or any(a >= b for a, b in pairwise(edges)):
            raise ValueError(f"business hours must be rising spans, got {self.hours!r}")

    def is_workday(self, day: date) -> bool:
        return self.exceptions.get(day, day.weekday() < 5)

    def is_provisional(self, day: date) -> bool:
        """Whether what is said of this day may still change."""
        return day.year in self.unpublished

    def next_workday(self, day: date) -> date:
        """This day if it is worked, else the first worked day after it."""
        for _ in range(FAR):
            if self.is_workday(day):
                return day
            day += timedelta(days=1)
        raise ValueError("the calendar has no working day for ten years")

    def shift_workdays(self, day: date, count: int) -> date:
        """The `count`-th working day after this day (before it, when negative); the day itself is not counted."""
        one = timedelta(days=1 if count >= 0 else -1)
        for _ in range(abs(count)):
            day += one
            for _ in range(FAR):
                if self.is_workday(day):
                    break
                day += one
        return day

    def close_of(self, day: date) -> datetime:
        """The close of business of a day."""
        return datetime.combine(day, self.hours[-1][1], SHANGHAI)

    def add_workdays(self, start: datetime, count: int) -> datetime:
        """Close of business of the `count`-th working day after the day of `start`."""
        return self.close_of(self.shift_workdays(local(start).date(), count))

    def add_calendar_days(self, start: datetime, count: int) -> datetime:
        """Close of business `count` days later, rolled to the next working day (Civil Code art. 203)."""
        return self.close_of(self.next_workday(local(start).date() + timedelta(days=count)))

    def add_work_time(self, start: datetime, span: timedelta) -> datetime:
        """The moment at which `span` of business time has passed since `start`."""
        now = local(start)
        day = now.date()
        for _ in range(FAR):
            if self.is_workday(day):
                for opens, closes in self.hours:
                    begin = max(now, datetime.combine(day, opens, SHANGHAI))
                    left = datetime.combine(day, closes, SHANGHAI) - begin
                    if left <= timedelta(0):
                        continue
                    if span <= left:
                        return begin + span
                    span -= left
            day += timedelta(days=1)
        raise ValueError("the calendar has no working hours for ten years")

    def work_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Business time in [start, end]; zero when the end is not after the start."""
        first, last = local(start), local(end)
        total = timedelta(0)
        day = first.date()
        while day <= last.date():
            if self.is_workday(day):
                for opens, closes in self.hours:
                    begin = max(first, datetime.combine(day, opens, SHANGHAI))
                    finish = min(last, datetime.combine(day, closes, SHANGHAI))
                    total += max(finish - begin, timedelta(0))
            day += timedelta(days=1)
        return total


def official_days(first_year: int, last_year: int) -> dict[date, tuple[bool, str]]:
    """Days that differ from Monday-Friday by the State Council's notices, as far as they are known here."""
    days: dict[date, tuple[bool, str]] = {}
    for year in range(first_year, last_year + 1):
        day = date(year, 1, 1)
        while day.year == year:
            try:
                is_holiday, name = chinese_calendar.get_holiday_detail(day)
            except NotImplementedError:  # this year's notice is not out yet: plain weeks until it is
                break
            if is_holiday == (day.weekday() < 5):
                days[day] = (not is_holiday, _CHINESE.get(name or "", name or ""))
            day += timedelta(days=1)
    return days


_CHINESE = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}


def statutory_days(year: int) -> dict[date, tuple[bool, str]]:
    """Working days of a year that are off by law alone, with the days given for holidays on a weekend."""
    import holidays  # takes a tenth of a second, and is needed only for a year that is not published

    by_law = holidays.country_holidays("CN", years=year, language="zh_CN")
    return {day: (False, name[:32]) for day, name in by_law.items() if day.weekday() < 5}


@dataclass(frozen=True, slots=True)
class Seeded:
    """What `seed_calendar` did: days added, and years that were provisional and are known now."""

    added: int
    published: frozenset[int]


async def seed_calendar(session: AsyncSession, first_year: int, last_year: int) -> Seeded:
    """Add the days that the table does not hold yet, official ones where there are any; edited days stay."""
    rows = (await session.execute(select(CalendarDay.day, CalendarDay.provisional))).all()
    have = {day for day, _ in rows}
    published = set()
    added = 0
    for year in range(first_year, last_year + 1):
        days = official_days(year, year)
        provisional = not days
        guesses = {day for day, guessed in rows if guessed and day.year == year}
        if provisional:
            if not guesses and any(day.year == year for day in have):
                continue  # entered by hand
            days = statutory_days(year)
        elif guesses:
            await session.execute(delete(CalendarDay).where(CalendarDay.day.in_(guesses)))
            have -= guesses
            published.add(year)
        for day, (is_workday, name) in days.items():
            if day not in have:
                session.add(CalendarDay(day=day, is_workday=is_workday, name=name, provisional=provisional))
                added += 1
    await session.flush()
    return Seeded(added, frozenset(published))


async def enter_year(session: AsyncSession, year: int, days: Mapping[date, tuple[bool, str]]) -> None:
    """The arrangement of a year as a person enters it: it takes the place of all that the table held of it.

    Raises ValueError for a day of another year, or when no day is given.
    """
    if not days or any(day.year != year for day in days):
        raise ValueError(f"days of {year} are needed, and of no other year")
    first, last = date(year, 1, 1), date(year, 12, 31)
    await session.execute(delete(CalendarDay).where(CalendarDay.day.between(first, last)))
    session.add_all(
        CalendarDay(day=day, is_workday=is_workday, name=name) for day, (is_workday, name) in days.items()
    )
    await session.flush()


async def load_calendar(session: AsyncSession, hours: Hours = BUSINESS_HOURS) -> WorkCalendar:
    """The calendar as the table has it now."""
    rows = (await session.execute(select(CalendarDay.day, CalendarDay.is_workday, CalendarDay.provisional))).all()
    unpublished = _unpublished((day, guessed) for day, _, guessed in rows)
    return WorkCalendar({day: is_workday for day, is_workday, _ in rows}, hours, unpublished)


def _unpublished(days: Iterable[tuple[date, bool]]) -> frozenset[int]:
    """Years with provisional days; what lies behind the table is not known either."""
    known: set[int] = set()
    guessed: set[int] = set()
    for day, provisional in days:
        (guessed if provisional else known).add(day.year)
    if not known | guessed:
        return frozenset()
    last = max(known | guessed)
    return frozenset(guessed | set(range(last + 1, last + BEYOND)))


async def unpublished_next_year(session: AsyncSession, today: date) -> int | None:
    """Next year, from October on, while its arrangement is not known: then it is time to ask for it."""
    if today.month < ASKED_FROM_MONTH:
        return None
    year = today.year + 1
    return year if year in (await load_calendar(session)).unpublished else None

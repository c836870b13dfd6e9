from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import CalendarDay
from db.session import Sessions
from runtime.clock import SHANGHAI
from tickets.clocks.calendar import (
    WorkCalendar,
    enter_year,
    load_calendar,
    official_days,
    seed_calendar,
    statutory_days,
    unpublished_next_year,
)

OFFICIAL = WorkCalendar({day: work for day, (work, _) in official_days(2025, 2025).items()})

# domain.md 2.4: submitted, +2 h wall, +2 h work, +3 WD, +5 WD, +7 WD, +15 WD, +30 calendar days.
VECTORS = [
    ("09-26 16:40", "09-26 18:40", "09-28 09:40", "09-30", "10-10", "10-13", "10-23", "10-27"),
    ("09-30 17:20", "09-30 19:20", "10-09 10:20", "10-11", "10-14", "10-16", "10-28", "10-30"),
    ("10-03 22:10", "10-04 00:10", "10-09 10:30", "10-11", "10-14", "10-16", "10-28", "11-03"),
    ("11-14 09:00", "11-14 11:00", "11-14 11:00", "11-19", "11-21", "11-25", "12-05", "12-15"),
    ("11-14 11:30", "11-14 13:30", "11-14 15:00", "11-19", "11-21", "11-25", "12-05", "12-15"),
    ("01-24 15:00", "01-24 17:00", "01-24 17:00", "02-05", "02-07", "02-10", "02-20", "02-24"),
]


def at(text: str) -> datetime:
    return datetime.strptime(f"2025-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize("row", VECTORS, ids=[row[0] for row in VECTORS])
def test_the_vectors_of_the_brief(row: tuple[str, ...]) -> None:
    submitted, wall, work, *days = row
    start = at(submitted)
    assert start + timedelta(hours=2) == at(wall)
    assert OFFICIAL.add_work_time(start, timedelta(hours=2)) == at(work)
    for count, day in zip((3, 5, 7, 15), days, strict=False):
        assert OFFICIAL.add_workdays(start, count) == at(f"{day} 17:30"), f"+{count} WD"
    assert OFFICIAL.add_calendar_days(start, 30) == at(f"{days[4]} 17:30")


def test_make_up_days_are_worked_and_holidays_are_not() -> None:
    assert OFFICIAL.is_workday(date(2025, 9, 28))
    assert OFFICIAL.is_workday(date(2025, 2, 8))
    assert not OFFICIAL.is_workday(date(2025, 10, 8))
    assert not OFFICIAL.is_workday(date(2025, 11, 15))


def test_years_whose_notice_is_not_out_are_plain_weeks() -> None:
    assert official_days(2999, 2999) == {}


def test_business_hours_must_rise() -> None:
    with pytest.raises(ValueError, match="rising"):
        WorkCalendar({}, ((time(9), time(8)),))
    with pytest.raises(ValueError, match="rising"):
        WorkCalendar({}, ())


def test_a_calendar_without_working_days_is_refused_instead_of_searched_for_ever() -> None:
    holidays = WorkCalendar({date(2025, 1, 1) + timedelta(days=i): False for i in range(4000)})
    with pytest.raises(ValueError, match="no working day"):
        holidays.next_workday(date(2025, 1, 1))
    with pytest.raises(ValueError, match="no working hours"):
        holidays.add_work_time(datetime(2025, 1, 1, tzinfo=SHANGHAI), timedelta(hours=1))


FIRST, LAST = datetime.fromisoformat("2025-01-01"), datetime.fromisoformat("2025-12-01")
moments = st.datetimes(FIRST, LAST, timezones=st.just(SHANGHAI))


@given(moments, st.integers(0, 40))
def test_workday_limits_end_on_a_workday_with_exactly_that_many_between(start: datetime, count: int) -> None:
    end = OFFICIAL.add_workdays(start, count)
    if count:
        assert OFFICIAL.is_workday(end.date())
        assert end > start
    days = (end.date() - start.date()).days
    assert sum(OFFICIAL.is_workday(start.date() + timedelta(days=i)) for i in range(1, days + 1)) == count


@given(moments, st.integers(0, 50))
def test_shifting_forth_and_back_comes_home(start: datetime, count: int) -> None:
    day = OFFICIAL.next_workday(start.date())
    assert OFFICIAL.shift_workdays(OFFICIAL.shift_workdays(day, count), -count) == day


@given(moments, st.timedeltas(timedelta(minutes=1), timedelta(hours=60)))
def test_work_time_added_is_work_time_between(start: datetime, span: timedelta) -> None:
    end = OFFICIAL.add_work_time(start, span)
    assert OFFICIAL.work_time_between(start, end) == span
    assert OFFICIAL.is_workday(end.date())


@given(moments, moments, st.timedeltas(timedelta(0), timedelta(hours=20)))
def test_who_starts_later_is_never_due_earlier(a: datetime, b: datetime, span: timedelta) -> None:
    first, second = sorted((a, b))
    assert OFFICIAL.add_work_time(first, span) <= OFFICIAL.add_work_time(second, span)
    assert OFFICIAL.add_workdays(first, 3) <= OFFICIAL.add_workdays(second, 3)
    assert OFFICIAL.add_calendar_days(first, 30) <= OFFICIAL.add_calendar_days(second, 30)


async def test_the_table_is_the_master(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(CalendarDay(day=date(2025, 10, 8), is_workday=True, name="本县调整"))
    async with sessions.begin() as session:
        added = await seed_calendar(session, 2025, 2025)
    async with sessions.begin() as session:
        again = await seed_calendar(session, 2025, 2025)
        calendar = await load_calendar(session)
    assert added.added == len(official_days(2025, 2025)) - 1
    assert again.added == 0
    assert not calendar.unpublished & {2025}
    assert calendar.is_workday(date(2025, 10, 8))
    assert not calendar.is_workday(date(2025, 10, 7))


async def test_a_year_that_is_not_published_has_the_days_of_the_law_until_it_is(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = official_days(2026, 2026)
    monkeypatch.setattr("tickets.clocks.calendar.official_days", lambda first, last: {})
    async with sessions.begin() as session:
        first = await seed_calendar(session, 2026, 2026)
        guessed = await load_calendar(session)
        assert await unpublished_next_year(session, date(2025, 9, 30)) is None
        assert await unpublished_next_year(session, date(2025, 10, 1)) == 2026
    assert first.added and not first.published
    assert guessed.is_provisional(date(2026, 5, 6)) and guessed.is_provisional(date(2027, 1, 4))
    assert not guessed.is_workday(date(2026, 10, 1)) and not guessed.is_workday(date(2026, 2, 17))
    assert not guessed.is_workday(date(2026, 2, 28))  # a Saturday, worked by the arrangement of that year
    monkeypatch.setattr("tickets.clocks.calendar.official_days", lambda first, last: published)
    async with sessions.begin() as session:
        second = await seed_calendar(session, 2026, 2026)
        known = await load_calendar(session)
        assert await unpublished_next_year(session, date(2025, 11, 1)) is None
    assert second.published == {2026}
    assert not known.is_provisional(date(2026, 5, 6)) and known.is_provisional(date(2027, 1, 4))
    assert known.is_workday(date(2026, 2, 28))


async def test_an_arrangement_entered_by_hand_takes_the_place_of_the_guess(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await seed_calendar(session, 2050, 2050)
        with pytest.raises(ValueError, match="2050"):
            await enter_year(session, 2050, {date(2051, 1, 1): (False, "元旦")})
        await enter_year(session, 2050, {date(2050, 1, 3): (False, "元旦")})
    async with sessions.begin() as session:
        again = await seed_calendar(session, 2050, 2050)
        calendar = await load_calendar(session)
    assert again.added == 0
    assert not calendar.is_provisional(date(2050, 6, 1))
    assert not calendar.is_workday(date(2050, 1, 3))


@pytest.mark.parametrize("year", range(2027, 2060))
def test_the_law_gives_its_days_in_every_year(year: int) -> None:
    """13 days off since 2025; those that fall on a weekend are given on the next working days."""
    days = statutory_days(year)
    assert all(day.weekday() < 5 and not worked for day, (worked, _) in days.items())
    assert 8 <= len(days) <= 13

"""When something happened, in people's words: the right moment, or none."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.times import said_time, time_runs

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=SHANGHAI)  # a Friday
HOURS = "零一二三四五六七八九"


def when(text: str, now: datetime = NOW) -> tuple[str | None, str | None]:
    said = said_time(text, now)
    if said is None:
        return None, None
    return tuple(moment.strftime("%Y-%m-%d %H:%M") if moment else None for moment in (said.start, said.end))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("昨天下午4点左右", "2026-11-19 16:00"),
        ("昨天下午四点钟", "2026-11-19 16:00"),
        ("今天中午一点", None),  # still to come
        ("昨天中午一点", "2026-11-19 13:00"),
        ("昨天中午十二点半", "2026-11-19 12:30"),
        ("昨天中午十一点四十", "2026-11-19 11:40"),
        ("昨天下午三点一刻", "2026-11-19 15:15"),
        ("昨天下午三点三刻", "2026-11-19 15:45"),
        ("昨天下午差一刻五点", "2026-11-19 16:45"),
        ("今天早上差五分八点", "2026-11-20 07:55"),
        ("今天早上八点差十分", "2026-11-20 07:50"),
        ("今天早上八点过五分", "2026-11-20 08:05"),
        ("今天早上七点零五", "2026-11-20 07:05"),
        ("今天早上7点二十分", "2026-11-20 07:20"),
        ("今天上午8:30", "2026-11-20 08:30"),
        ("昨天20:15", "2026-11-19 20:15"),
        ("昨天二十点", "2026-11-19 20:00"),
        ("昨天晚上十二点", "2026-11-20 00:00"),
        ("昨晚十二点半", "2026-11-20 00:30"),
        ("昨晚一点多", "2026-11-20 01:00"),
        ("昨晚8点半", "2026-11-19 20:30"),
        ("昨夜两点", "2026-11-20 02:00"),
        ("今天凌晨三点", "2026-11-20 03:00"),
        ("昨天凌晨三点", "2026-11-19 03:00"),
        ("昨天半夜十一点", "2026-11-19 23:00"),
        ("今天半夜两点", "2026-11-20 02:00"),
        ("前天傍晚六点", "2026-11-18 18:00"),
        ("11月12号上午九点", "2026-11-12 09:00"),
        ("二零二四年五月三号下午两点", "2024-05-03 14:00"),
        ("2024年5月3日14点", "2024-05-03 14:00"),
        ("24年5月3号晚上八点", "2024-05-03 20:00"),
        ("去年五月三号上午十点", "2025-05-03 10:00"),
        ("上个星期三晚上九点", "2026-11-11 21:00"),
        ("上周日早上六点", "2026-11-15 06:00"),
        ("这周一上午九点", "2026-11-16 09:00"),
        ("上上周五下午三点", "2026-11-06 15:00"),
        ("上个月5号下午两点", "2026-10-05 14:00"),
        ("15号上午十点", "2026-11-15 10:00"),
        ("十分钟前", "2026-11-20 09:50"),
        ("半个小时前", "2026-11-20 09:30"),
        ("两个小时以前", "2026-11-20 08:00"),
        ("一个半小时前", "2026-11-20 08:30"),
    ],
)
def test_moments(text: str, start: str | None) -> None:
    assert when(text) == (start, None)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("昨天下午两点到四点", "2026-11-19 14:00", "2026-11-19 16:00"),
        ("昨天两点到四点", None, None),
        ("昨天晚上十点到两点", "2026-11-19 22:00", "2026-11-20 02:00"),
        ("昨天上午十点到下午三点半", "2026-11-19 10:00", "2026-11-19 15:30"),
        ("昨天上午十点到两点", "2026-11-19 10:00", "2026-11-19 14:00"),
        ("昨天晚上八点到今天早上六点", "2026-11-19 20:00", "2026-11-20 06:00"),
        ("昨天9:00至11:30", "2026-11-19 09:00", "2026-11-19 11:30"),
        ("从11月3号到5号", "2026-11-03 00:00", "2026-11-06 00:00"),
        ("前天到昨天", "2026-11-18 00:00", "2026-11-20 00:00"),
        ("昨天", "2026-11-19 00:00", "2026-11-20 00:00"),
        ("三天前", "2026-11-17 00:00", "2026-11-18 00:00"),
        ("昨天下午", "2026-11-19 12:00", "2026-11-19 18:00"),
        ("11月12号", "2026-11-12 00:00", "2026-11-13 00:00"),
        ("12月30号", "2025-12-30 00:00", "2025-12-31 00:00"),
        ("二零二四年五月三号", "2024-05-03 00:00", "2024-05-04 00:00"),
        ("去年十月份", "2025-10-01 00:00", "2025-11-01 00:00"),
        ("2023年12月", "2023-12-01 00:00", "2024-01-01 00:00"),
        ("去年", "2025-01-01 00:00", "2026-01-01 00:00"),
        ("上周六中午", "2026-11-14 11:00", "2026-11-14 13:00"),
        ("上个月", "2026-10-01 00:00", "2026-11-01 00:00"),
    ],
)
def test_spans(text: str, start: str | None, end: str | None) -> None:
    assert when(text) == (start, end)


@pytest.mark.parametrize(
    "text",
    [
        "昨天半夜两点",  # the night before or after?
        "前天夜里一点",
        "昨天三点",  # of the morning or the afternoon?
        "差一刻五点",
        "两点到四点",
        "每天晚上十点到两点",
        "农历八月十五晚上八点",
        "正月初三上午",
        "大年三十",
        "2月30号",
        "13月5号",
        "25点",
        "20000号",
        "工单20261126号",
        "最近这段时间",
        "好几个月了",
        "一点都不好",
        "差一点砸到人",
        "",
    ],
)
def test_what_names_no_moment(text: str) -> None:
    assert when(text) == (None, None)


def test_a_leap_day_asked_for_in_january() -> None:
    january = datetime(2026, 1, 10, 9, 0, tzinfo=SHANGHAI)
    assert when("2月29号", january) == (None, None)
    assert when("2024年2月29号", january) == ("2024-02-29 00:00", "2024-03-01 00:00")
    leap = datetime(2028, 2, 29, 9, 0, tzinfo=SHANGHAI)
    assert when("去年2月29号", leap) == (None, None)
    assert when("2月29号", leap) == ("2028-02-29 00:00", "2028-03-01 00:00")
    assert when("昨天", leap)[0] == "2028-02-28 00:00"


def test_what_is_to_come_is_told_only_when_said_so() -> None:
    assert when("明天上午九点") == ("2026-11-21 09:00", None)
    assert when("下周三下午两点") == ("2026-11-25 14:00", None)
    assert when("今天下午三点") == (None, None)


def test_the_words_are_kept() -> None:
    said = said_time("就是昨天下午四点左右我在汽车站坐车", NOW)
    assert said is not None and said.words == "昨天下午四点左右"


@given(
    st.integers(0, 400),
    st.sampled_from([("凌晨", 0), ("早上", 0), ("上午", 0), ("下午", 12), ("晚上", 12)]),
    st.integers(1, 11),
    st.integers(0, 59),
    st.booleans(),
)
def test_clock_times_of_a_day(back: int, part: tuple[str, int], hour: int, minute: int, digits: bool) -> None:
    name, add = part
    if name == "晚上" and hour < 5:
        hour += 6
    day = NOW - timedelta(days=back + 1)
    written = str(hour) if digits else ("十" + HOURS[hour - 10].replace("零", "") if hour >= 10 else HOURS[hour])
    text = f"{day.year}年{day.month}月{day.day}号{name}{written}点{f'{minute:02d}分' if minute else ''}"
    expected = day.replace(hour=hour + add, minute=minute)
    assert when(text)[0] == expected.strftime("%Y-%m-%d %H:%M")


@given(
    st.text(
        "昨前今明天年月号点半刻差分零一二三四五六七八九十两0123456789上下中午晚凌晨早周星期到从:农历前小时",
        max_size=24,
    )
)
def test_any_mixture_is_answered(text: str) -> None:
    said = said_time(text, NOW)
    if said is not None and said.start is not None and said.end is not None:
        assert said.start <= said.end
    for start, end, tokens in time_runs(text):
        assert 0 <= start < end <= len(text) and tokens

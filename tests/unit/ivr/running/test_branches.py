"""Conditions of a branch, and that a failing or slow look-up never holds a caller up."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest

from ivr.lookups import Lookups, national_workday
from ivr.running.branches import within
from ivr.running.walk import walk
from ivr.script.nodes import Span
from ivr.script.script import Script
from tests.fakes.clock import FakeClock
from tests.unit.ivr.scripts import nodes, script

HOURS = "{by: hours, open: [{days: [mon, tue, wed, thu, fri], start: '08:00', until: '18:00'}]}"


def branch(test: str, lists: str = "") -> Script:
    body = (
        f"  first: {{kind: branch, test: {test}, then: yes, otherwise: no}}\n"
        "  yes: {kind: say, prompt: 是, next: bye}\n"
        "  no: {kind: say, prompt: 否, next: bye}"
    )
    return script(nodes(body).replace("nodes:\n", f"{lists}nodes:\n", 1))


async def went(
    test: str,
    *,
    lists: str = "",
    phone: str = "13912345678",
    lookups: Lookups | None = None,
    clock: FakeClock | None = None,
    waiting: dict[str, int] | None = None,
) -> str:
    """What the caller hears: 是 for then, 否 for otherwise."""
    line = await walk(branch(test, lists), phone=phone, lookups=lookups, clock=clock, waiting=waiting)
    return next(step.text for step in line.steps if step.what == "says")


@pytest.mark.parametrize(
    ("moment", "test", "expected"),
    [
        ((2025, 11, 14, 0, 30), HOURS, "是"),  # Friday 08:30
        ((2025, 11, 13, 23, 59), HOURS, "否"),  # Friday 07:59
        ((2025, 11, 14, 10, 0), HOURS, "否"),  # Friday 18:00
        ((2025, 11, 15, 1, 0), HOURS, "否"),  # Saturday
        ((2025, 10, 1, 1, 0), HOURS, "否"),  # National Day, a Wednesday
        ((2025, 10, 11, 1, 0), HOURS, "是"),  # a Saturday that is worked (make-up day)
        ((2025, 10, 1, 1, 0), HOURS.replace("{by: hours,", "{by: hours, holidays: open,"), "是"),
        ((2099, 11, 13, 1, 0), HOURS, "是"),  # beyond the known calendar: Monday to Friday
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_hours_and_holidays(moment: tuple[int, int, int, int, int], test: str, expected: str) -> None:
    assert await went(test, clock=FakeClock(datetime(*moment, tzinfo=UTC))) == expected


@pytest.mark.parametrize(
    ("phone", "expected"),
    [("13900000000", "是"), ("13900000001", "否"), ("07153061234", "是"), ("", "否")],
)
async def test_caller_lists(phone: str, expected: str) -> None:
    lists = "lists:\n  vip: ['13900000000', '0715*']\n"
    assert await went("{by: caller, list: vip}", lists=lists, phone=phone) == expected


@pytest.mark.parametrize(("phone", "expected"), [("13912345678", "是"), ("13700000000", "否"), ("", "否")])
async def test_repeat_callers(phone: str, expected: str) -> None:
    async def recent(number: str, since: datetime, call_id: str) -> int:
        return 2 if number == "13912345678" else 1

    lookups = Lookups(recent_calls=recent)
    assert await went("{by: repeat, calls: 2}", phone=phone, lookups=lookups) == expected


@pytest.mark.parametrize(("waiting", "expected"), [(4, "否"), (5, "是")])
async def test_queue_length(waiting: int, expected: str) -> None:
    assert await went("{by: queue, queue: common, waiting: 5}", waiting={"common": waiting}) == expected


async def test_variables() -> None:
    body = (
        "  first: {kind: set, values: {topic: tax}, next: look}\n"
        "  look: {kind: branch, test: {by: variable, variable: topic, equals: [tax]}, then: yes, otherwise: bye}\n"
        "  yes: {kind: say, prompt: 是, next: bye}"
    )
    line = await walk(script(nodes(body)))
    assert [step.text for step in line.steps if step.what == "says"] == ["是"]


async def test_a_look_up_that_fails_or_hangs_counts_as_otherwise(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(number: str, since: datetime, call_id: str) -> int:
        raise OSError("database is away")

    async def hanging(number: str, since: datetime, call_id: str) -> int:
        await asyncio.Event().wait()
        return 9

    for recent in (broken, hanging):
        assert await went("{by: repeat}", lookups=Lookups(recent_calls=recent)) == "否"
    assert "13912345678" not in caplog.text


async def test_the_national_calendar_knows_make_up_days() -> None:
    assert await national_workday(date(2025, 10, 11))
    assert not await national_workday(date(2025, 10, 1))


def test_the_end_of_the_day_may_be_written_as_such() -> None:
    evening = {"days": ["mon"], "start": "18:00", "until": "24:00"}
    span = Span.model_validate(evening)
    assert within(span, datetime(2025, 11, 10, 23, 59, 59, tzinfo=UTC))
    assert not within(span, datetime(2025, 11, 11, 0, 0, tzinfo=UTC))
    assert Span.model_validate(evening | {"until": 1440}) == span, "YAML reads 24:00 as minutes"

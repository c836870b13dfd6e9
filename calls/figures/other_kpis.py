"""Figures over what is not a call's own row: missed calls, ratings, what callers heard, seats' time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from calls.figures.kpi import Kind, Kpi, Share


@dataclass(frozen=True, slots=True)
class Missed:
    """A call nobody answered although its caller waited five seconds or more and showed a number.

    `due_at`: until when it should be called back. `tried_at`, `reached_at`: our first call to this number
    afterwards, and its answer. `again_at`: an agent answered a later call of the same number.
    """

    started_at: datetime
    due_at: datetime
    tried_at: datetime | None = None
    reached_at: datetime | None = None
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A hand-off to 110, 119, 120, 122 or another 12345. `took_s`: from the alarm, or the key without one, to the
    acceptance; None when that moment is not known.
    """

    accepted: bool
    returned: bool
    took_s: float | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """How a call came to the queue. `keys`: choices the caller made before; `notice`: the recording notice was
    said before the talk.
    """

    keys: int
    queued: bool
    answered: bool
    notice: bool


@dataclass(frozen=True, slots=True)
class SeatTime:
    """Seconds that a seat spent in one state; `busy`: with a citizen, or writing up after one."""

    seconds: float
    busy: bool


def missed_called_back(call: Missed) -> Share:
    by_himself = call.again_at is not None and call.again_at <= call.due_at and call.tried_at is None
    return call.tried_at is not None and call.tried_at <= call.due_at, not by_himself


def missed_reached(call: Missed) -> Share:
    return call.reached_at is not None, call.tried_at is not None


def handed_over(handoff: HandedOver) -> Share:
    return 1, 0


def accepted(handoff: HandedOver) -> Share:
    return handoff.accepted, 1


def handed_back(handoff: HandedOver) -> Share:
    return handoff.returned, 1


def acceptance_time(handoff: HandedOver) -> Share:
    return (0, 0) if handoff.took_s is None else (handoff.took_s, 1)


def satisfied(answer: int) -> Share:
    return 1 <= answer <= 3, 1 <= answer <= 5


def one_key(call: Heard) -> Share:
    return call.queued and call.keys <= 1, call.queued


def notice_given(call: Heard) -> Share:
    return call.answered and call.notice, call.answered


def occupancy(time: SeatTime) -> Share:
    return time.seconds if time.busy else 0.0, time.seconds


MISSED_KPIS: tuple[Kpi[Missed], ...] = (
    Kpi(
        "MISSED_CB_RATE",
        "漏接回拨率",
        Kind.RATE,
        "限时（30分钟；落在夜间的，自早上可以回拨时起30分钟）内由我方回拨的漏接来电÷漏接来电。"
        "漏接指排队满5秒未接听且有号码；限时内市民自行再拨并接通的不计。",
        missed_called_back,
        1.0,
    ),
    Kpi(
        *("MISSED_REACHED", "回拨接通率", Kind.RATE, "回拨后市民接听的漏接来电÷已回拨的漏接来电。"),
        missed_reached,
    ),
)
HANDOFF_KPIS: tuple[Kpi[HandedOver], ...] = (
    Kpi("HANDOFF_OUT", "移交量", Kind.COUNT, "向110、119、120、122和外地12345移交的次数。", handed_over),
    Kpi("HANDOFF_ACCEPTED", "移交接受率", Kind.RATE, "对方接听并接受的移交÷移交量。", accepted),
    Kpi(
        *("HAND_TIME", "移交平均用时", Kind.MEAN, "从识别到紧急（没有识别的从发起移交）到对方接受，平均每次。"),
        acceptance_time,
    ),
    Kpi(
        *("HAND_RETURN", "移交退回率", Kind.RATE, "接受后又退回本热线的移交÷移交量。"),
        handed_back,
    ),
)
RATING_KPIS: tuple[Kpi[int], ...] = (
    Kpi(
        *("CALL_SAT", "话务满意率", Kind.RATE, "评价为非常满意、满意、基本满意的÷有效评价。", satisfied),
        of_seats=True,
    ),
)
HEARD_KPIS: tuple[Kpi[Heard], ...] = (
    Kpi(
        *("ONE_KEY", "一键到人工", Kind.RATE, "至多按一次键即进入人工队列的来电÷进入人工队列的来电。", one_key),
        1.0,
    ),
    Kpi(
        *("NOTICE", "录音告知率", Kind.RATE, "通话前播放过录音告知的来电÷接听量。"),
        *(notice_given, 1.0),
    ),
)
SEAT_KPIS: tuple[Kpi[SeatTime], ...] = (
    Kpi(
        *("OCC", "坐席利用率", Kind.RATE, "（通话＋保持＋话后整理）时长÷签入时长。", occupancy),
        of_seats=True,
    ),
)

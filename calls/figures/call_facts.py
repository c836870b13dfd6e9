"""One call as the figures see it, read out of its row and its stays in queues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from calls.callbacks.tasks import SHORT_S


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay in a queue; `result` as in `queue_entry`."""

    queue: str
    entered_at: datetime
    left_at: datetime | None
    result: str


@dataclass(frozen=True, slots=True)
class CallRow:
    """What is stored of an incoming call. Durations in seconds. `seats`: how many seats were on the line with the
    citizen, `third`: a unit or an emergency number was.
    """

    id: str
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: str
    talk_s: float
    hold_s: float
    wrapup_s: float
    seats: int = 0
    third: bool = False


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What figures ask of a call. Waits in seconds.

    `wait_s` is from the first ring at our side to the agent, prompts included (the 12328 way, domain.md 4.1);
    `queue_s` is the part of it that was spent in queues; `gave_up_s` how long an unanswered caller was in queues.
    """

    id: str
    started_at: datetime
    queued: bool
    """It asked for a person, and what came of that is known (who still waits is not counted yet)."""
    answered: bool
    abandoned: bool
    overflowed: bool
    outcome: str
    wait_s: float = 0.0
    queue_s: float = 0.0
    gave_up_s: float = 0.0
    talk_s: float = 0.0
    hold_s: float = 0.0
    wrapup_s: float = 0.0
    seats: int = 0
    third: bool = False
    ended: bool = True
    """How long the talk was is known only then."""

    @property
    def short(self) -> bool:
        """The caller hung up in the first five seconds of waiting."""
        return self.abandoned and self.gave_up_s < SHORT_S


def facts(row: CallRow, stays: Sequence[Stay], queue: str = "") -> CallFacts:
    """The call as this queue saw it; as the centre saw it when `queue` is "". `stays` in the order of time."""
    here = [stay for stay in stays if not queue or stay.queue == queue]
    answering = next((stay for stay in stays if stay.result == "answered"), None)
    if queue:
        mine = next((stay for stay in here if stay.result == "answered"), None)
        answered = mine is not None
        first = mine is answering
        over = answered or not any(stay.left_at is None for stay in here)
        abandoned = not answered and any(stay.result == "abandoned" for stay in here)
    else:
        mine, first = answering, True
        answered = row.answered_at is not None
        over = answered or row.ended_at is not None
        abandoned = not answered and row.outcome == "abandoned"
    wait_s, queue_s = _waits(row, here, mine, first=first) if answered else (0.0, 0.0)
    return CallFacts(
        id=row.id,
        started_at=row.started_at,
        queued=over and (answered or (bool(here) if queue else row.queued_at is not None)),
        answered=answered,
        abandoned=over and abandoned,
        overflowed=any(stay.result == "timeout" for stay in here),
        outcome=row.outcome,
        wait_s=wait_s,
        queue_s=queue_s,
        gave_up_s=0.0 if answered else _gave_up(row, here, queue),
        talk_s=row.talk_s if answered else 0.0,
        hold_s=row.hold_s if answered else 0.0,
        wrapup_s=row.wrapup_s if answered else 0.0,
        seats=row.seats,
        third=row.third,
        ended=row.ended_at is not None,
    )


def _waits(row: CallRow, here: Sequence[Stay], mine: Stay | None, *, first: bool) -> tuple[float, float]:
    """All of the wait and its part in queues. Who comes from a talk waits from when he entered this queue."""
    if mine is None:  # an agent took it without our having seen a queue
        assert row.answered_at is not None
        return (row.answered_at - row.started_at).total_seconds(), 0.0
    if not first:
        own = _spent(mine)
        return own, own
    answered_at = row.answered_at or mine.left_at or mine.entered_at
    before = [stay for stay in here if stay.entered_at <= mine.entered_at]
    return (answered_at - row.started_at).total_seconds(), sum(map(_spent, before))


def _gave_up(row: CallRow, here: Sequence[Stay], queue: str) -> float:
    """As the call-backs reckon it: from the first queue to the end of the call."""
    if queue:
        return sum(map(_spent, here))
    if row.queued_at is None or row.ended_at is None:
        return 0.0
    return (row.ended_at - row.queued_at).total_seconds()


def _spent(stay: Stay) -> float:
    return (stay.left_at - stay.entered_at).total_seconds() if stay.left_at else 0.0

"""A picture of the floor as pages draw it: plain JSON in a clerk's words, numbers masked, moments instead of ages.

Nothing in it changes by the mere passing of time, so that only what happened has to be sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from agent_desk.web import words
from calls.floor.figures import Figures
from calls.floor.floor import CallNow, EmergencyNow, Picture, QueueNow, SeatNow, Waiting
from calls.floor.floor_calls import Step
from calls.floor.teams import Member
from calls.floor.usual import Usual
from language.phone import normalise

View = dict[str, Any]
KEYED = ("queues", "waiting", "calls", "seats", "emergencies")
"""Sections of rows by key, of which single rows are sent."""
OF_A_WALL = ("figures", "queues", "seats", "emergencies", "halves", "usual", "limits", "state", "day_began")
"""What a screen without a log-in shows: no callers, and of seats only how they are."""
WHOLE_FLOOR = "全部"
CALLS_SHOWN = 200
HIDDEN = "匿名"

Said = Callable[[tuple[Step, ...]], tuple[int, list[str]]]
"""said(steps): a caller's priority and what the script has learnt."""


def view(
    picture: Picture, people: Mapping[int, Member], away: Mapping[str, str], said: Said, usual: Usual | None
) -> View:
    """The whole board. `away`: nodes that do not run, and how that is said."""
    names = {seat.agent: _name(seat, people) for seat in picture.seats}
    callers = {call.call_id: call for call in picture.calls}
    return {
        "figures": _queue(picture.floor) | {"callbacks": picture.callbacks},
        "queues": {queue.queue: _queue(queue) for queue in picture.queues},
        "waiting": {caller.call_id: _waiting(caller, away, names, said) for caller in picture.waiting},
        "calls": {
            call.call_id: _call(call, away, names)
            for call in [c for c in picture.calls if c.state not in ("queued", "ringing") or not c.inbound][
                :CALLS_SHOWN
            ]
        },
        "seats": {
            seat.agent: _seat(seat, away, people, callers.get(seat.call_id), picture) for seat in picture.seats
        },
        "emergencies": {one.call_id: _emergency(one, names) for one in picture.emergencies},
        "halves": [[half.queued, half.answered, half.abandoned] for half in picture.half_hours],
        "usual": {"days": usual.days, "queued": [round(mean, 1) for mean in usual.queued]} if usual else None,
        "day_began": picture.day_began.isoformat(),
    }


def wall(whole: View) -> View:
    """What of it a screen on a wall may show."""
    kept = {name: value for name, value in whole.items() if name in OF_A_WALL}
    kept["seats"] = {
        key: {name: row[name] for name in ("name", "state", "state_label", "reason", "since", "away", "team")}
        for key, row in whole["seats"].items()
    }
    kept["emergencies"] = {
        str(number): {name: row[name] for name in ("since", "target", "handoff")}
        for number, row in enumerate(whole["emergencies"].values())
    }
    return kept


def changes(before: View, after: View) -> View:
    """What to tell a page that has `before`: whole sections, single rows, and keys of rows that are gone."""
    told: View = {}
    rows: View = {}
    gone: dict[str, list[str]] = {}
    for section, value in after.items():
        old = before.get(section)
        if value == old:
            continue
        if section not in KEYED or old is None:
            told[section] = value
            continue
        if changed := {key: row for key, row in value.items() if old.get(key) != row}:
            rows[section] = changed
        if missing := [key for key in old if key not in value]:
            gone[section] = missing
    return {name: part for name, part in (("sections", told), ("rows", rows), ("gone", gone)) if part}


# -- rows --------------------------------------------------------------------------------------------
@lru_cache(4096)
def masked(number: str) -> str:
    return normalise(number).mask() if number else HIDDEN


def _name(seat: SeatNow, people: Mapping[int, Member]) -> str:
    person = people.get(seat.user_id or 0)
    return person.name if person is not None else ""


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _share(value: float | None) -> float | None:
    return round(value * 100, 1) if value is not None else None


def _seconds(value: float | None) -> int | None:
    return round(value) if value is not None else None


def _figures(figures: Figures) -> View:
    return {
        "queued": figures.queued,
        "answered": figures.answered,
        "abandoned": figures.abandoned,
        "short": figures.abandoned_short,
        "lost": figures.lost,
        "in_time": _share(figures.in_time_rate),
        "connected": _share(figures.connect_rate),
        "wait_s": _seconds(figures.mean_wait_s),
        "arrival_s": _seconds(figures.mean_arrival_s),
        "handling_s": _seconds(figures.mean_handling_s),
    }


def _queue(queue: QueueNow) -> View:
    staff = queue.staff
    return {
        "label": words.QUEUES.get(queue.queue, queue.queue) or WHOLE_FLOOR,
        "waiting": queue.waiting,
        "oldest_since": _iso(queue.oldest_since),
        "staffed": staff.staffed,
        "ready": staff.ready,
        "ringing": staff.ringing,
        "talking": staff.talking,
        "wrap_up": staff.wrap_up,
        "not_ready": sum(staff.not_ready.values()),
        "reasons": {_reason(reason): number for reason, number in sorted(staff.not_ready.items())},
        "lately": _figures(queue.lately),
        "today": _figures(queue.today),
        "last_day": _figures(queue.last_day),
    }


def _reason(reason: str) -> str:
    return words.ALL_BUSY_REASONS.get(reason, reason) or "未说明"


def _waiting(caller: Waiting, away: Mapping[str, str], names: Mapping[str, str], said: Said) -> View:
    priority, learnt = said(caller.steps)
    return {
        "node": caller.node,
        "away": away.get(caller.node, ""),
        "caller": masked(caller.caller),
        "queue": caller.queue,
        "queue_label": words.QUEUES.get(caller.queue, caller.queue),
        "since": caller.since.isoformat(),
        "rung": names.get(caller.rung) or caller.rung,
        "tries": caller.tries,
        "emergency": caller.emergency,
        "priority": priority,
        "learnt": learnt,
    }


def _call(call: CallNow, away: Mapping[str, str], names: Mapping[str, str]) -> View:
    return {
        "node": call.node,
        "away": away.get(call.node, ""),
        "caller": masked(call.caller),
        "state": call.state,
        "state_label": words.AFTER_TALK if call.talked else words.CALL_STATES.get(call.state, call.state),
        "inbound": call.inbound,
        "queue": words.QUEUES.get(call.queue, call.queue),
        "agent": names.get(call.agent) or call.agent,
        "since": _iso(call.since),
        "emergency": call.emergency,
    }


def _emergency(one: EmergencyNow, names: Mapping[str, str]) -> View:
    return {
        "since": one.since.isoformat(),
        "target": one.target,
        "target_label": words.EMERGENCY_NUMBERS.get(one.target, ""),
        "agent": names.get(one.agent) or one.agent,
        "handoff": one.handoff,
    }


def _seat(
    seat: SeatNow, away: Mapping[str, str], people: Mapping[int, Member], call: CallNow | None, picture: Picture
) -> View:
    person, day = people.get(seat.user_id or 0), seat.day
    skills = person.skills if person is not None else ()
    return {
        "agent": seat.agent,
        "user_id": seat.user_id,
        "node": seat.node,
        "away": away.get(seat.node, ""),
        "name": person.name if person is not None else "",
        "team": person.team if person is not None else "",
        "skills": [words.QUEUES.get(skill, skill) for skill in skills],
        "state": seat.state,
        "state_label": words.AGENT_STATES.get(seat.state, seat.state),
        "reason": words.ALL_BUSY_REASONS.get(seat.reason, seat.reason) if seat.state == "not_ready" else "",
        "since": seat.since.isoformat(),
        "queues": [words.QUEUES.get(queue, queue) for queue in seat.queues],
        "caller": masked(call.caller) if call is not None else "",
        "call_id": seat.call_id if call is not None else "",
        "call_since": _iso(call.since) if call is not None else None,
        "counted_to": max(seat.counted_to, picture.day_began).isoformat(),
        "answered": day.answered,
        "outbound": day.outbound,
        "missed": day.missed,
        "handled": day.handled,
        "talk_s": day.talk_ms // 1000,
        "hold_s": day.hold_ms // 1000,
        "wrap_s": day.wrap_ms // 1000,
        "busy_s": day.busy_ms // 1000,
        "staffed_s": day.staffed_ms // 1000,
        "not_ready_s": {_reason(reason): ms // 1000 for reason, ms in sorted(day.not_ready_ms.items())},
    }

"""What callers did in the script: which exits they took, where they hung up, how long it took to a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from calls.figures.other_kpis import Heard
from calls.figures.reading import CallSteps, Step

GONE = frozenset({"abandoned", "ivr", "unknown"})
"""Outcomes of calls that nothing came of."""
KEY = "key "
HUMAN = "human"
HUNG_UP = "hung_up"
TALKED = "talked"
"""The caller hung up at this node, but after the talk that it led to."""
AFTERWARDS = "hung_up_after"
"""The caller hung up at this node, behind the talk."""
STILL = ""
"""Nothing is known of how the node was left: the script ended there, or the call goes on."""

Notices = Mapping[tuple[str, int], Collection[str]]
"""The nodes of each script and version whose words say that the call is recorded."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How often callers left a node in one way; `to` is the node they came to, "" when it was the last."""

    script: str
    version: int
    node: str
    kind: str
    exit: str
    to: str
    calls: int


def heard(call: CallSteps, notices: Notices, *, fallback: bool) -> Heard:
    """How the call came to its queue, and whether it had been told of the recording."""
    keys = 0
    for step in call.steps:
        keys += step.detail.startswith(KEY) or step.detail == HUMAN or step.kind == "digits"
        if step.kind in ("queue", "rescue"):
            break
    known = notices.get((call.script, call.version), ())
    # The dialplan, which leads the call when the script is away, says the notice by itself.
    told = fallback or any(
        step.node in known and (call.answered_at is None or step.at <= call.answered_at) for step in call.steps
    )
    return Heard(keys=keys, queued=call.queued_at is not None, answered=call.answered_at is not None, notice=told)


def _last(call: CallSteps, step: Step) -> str:
    """How a call left its last known node: who was not served and heard no farewell has hung up there."""
    if step.kind == "queue" and call.answered_at is not None:
        return TALKED
    return HUNG_UP if step.kind != "hangup" and call.outcome in GONE else STILL


class ExitTable:
    """Adds up the ways of many calls; memory grows with the scripts' exits, not with the calls."""

    def __init__(self) -> None:
        self._exits: Counter[tuple[str, int, str, str, str, str]] = Counter()
        self._to_queue: Counter[int] = Counter()
        self._to_person: Counter[int] = Counter()

    def add(self, call: CallSteps) -> None:
        for at, step in enumerate(call.steps):
            if step.kind in ("end", "rescue"):
                continue
            after = call.steps[at + 1] if at + 1 < len(call.steps) else None
            exit_, to = (after.detail, after.node) if after is not None else (_last(call, step), "")
            if exit_ == HUNG_UP and call.answered_at is not None:
                exit_ = TALKED if step.at <= call.answered_at else AFTERWARDS
            self._exits[(call.script, call.version, step.node, step.kind, exit_, to)] += 1
        first = next((step for step in call.steps if step.kind == "queue"), None)
        if first is not None:
            self._to_queue[round((first.at - call.started_at).total_seconds() * 10)] += 1
        if call.answered_at is not None:
            self._to_person[round((call.answered_at - call.started_at).total_seconds() * 10)] += 1

    def exits(self) -> list[Exit]:
        """By script, node and how often."""
        rows = [Exit(*key, count) for key, count in self._exits.items()]
        return sorted(rows, key=lambda row: (row.script, -row.version, row.node, -row.calls, row.exit, row.to))

    def hang_ups(self) -> list[Exit]:
        """Where callers hung up before a person answered, the most frequent first."""
        rows = [row for row in self.exits() if row.exit == HUNG_UP]
        return sorted(rows, key=lambda row: -row.calls)

    def seconds_to_queue(self) -> Spread:
        return Spread.of(self._to_queue)

    def seconds_to_person(self) -> Spread:
        return Spread.of(self._to_person)


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds that `calls` took: half of them no more than `median`, 95 of 100 no more than `p95`."""

    calls: int
    median: float | None = None
    p95: float | None = None
    longest: float | None = None

    @classmethod
    def of(cls, tenths: Counter[int]) -> Spread:
        total = tenths.total()
        if not total:
            return cls(0)
        ordered, seen = sorted(tenths), 0
        found: list[float] = []
        ranks = [-(-total * part // 100) for part in (50, 95)]
        for value in ordered:
            seen += tenths[value]
            while len(found) < len(ranks) and seen >= ranks[len(found)]:
                found.append(value / 10)
        return cls(total, found[0], found[1], ordered[-1] / 10)

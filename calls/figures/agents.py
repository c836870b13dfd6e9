"""The agents' table, added up from what their seats did."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from calls.figures.kpi import Share
from calls.figures.other_kpis import SeatTime, occupancy
from calls.figures.reading import SeatState

BUSY = frozenset({"talking", "held", "wrap_up"})


@dataclass(slots=True)
class AgentTimes:
    """One agent in the period. Durations in seconds.

    A call counts where its talk with this agent began. `missed`: rings that were not taken.
    """

    user_id: int | None
    agent: str
    answered: int = 0
    called_out: int = 0
    missed: int = 0
    talk_s: float = 0.0
    hold_s: float = 0.0
    wrap_up_s: float = 0.0
    ready_s: float = 0.0
    signed_in_s: float = 0.0
    busy_s: float = 0.0
    not_ready_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By reason code; "" where none was given."""
    _last_call: str = ""

    @property
    def talks(self) -> int:
        return self.answered + self.called_out

    def mean(self, seconds: float) -> float | None:
        """Of a sum, a talk's part; None without talks."""
        return seconds / self.talks if self.talks else None

    @property
    def occupancy(self) -> float | None:
        return self.busy_s / self.signed_in_s if self.signed_in_s else None

    def add(self, state: SeatState) -> None:
        seconds = (state.until - state.since).total_seconds()
        busy, signed_in = occupancy(seat_time(state))
        self.busy_s += busy
        self.signed_in_s += signed_in
        match state.state:
            case "talking" | "held":
                if state.begins_here and state.call_id != self._last_call:
                    self.called_out += state.outbound
                    self.answered += not state.outbound
                self._last_call = state.call_id
                if state.state == "held":
                    self.hold_s += seconds
                else:
                    self.talk_s += seconds
            case "wrap_up":
                self.wrap_up_s += seconds
            case "ready":
                self.ready_s += seconds
            case "not_ready":
                self.not_ready_s[state.reason] += seconds
                self.missed += state.begins_here and state.reason == "missed"
            case _:
                pass


def seat_time(state: SeatState) -> SeatTime:
    return SeatTime((state.until - state.since).total_seconds(), state.state in BUSY)


class AgentTable:
    """Adds states up by agent; a person who changes seats is one line."""

    def __init__(self) -> None:
        self._agents: dict[int | str, AgentTimes] = {}

    def add(self, state: SeatState) -> None:
        key: int | str = state.user_id if state.user_id is not None else state.agent
        if key not in self._agents:
            self._agents[key] = AgentTimes(state.user_id, state.agent)
        self._agents[key].add(state)

    def rows(self) -> list[AgentTimes]:
        """By seat."""
        return sorted(self._agents.values(), key=lambda row: (row.agent, row.user_id or 0))

    def occupancy(self) -> Share:
        rows = self._agents.values()
        return sum(row.busy_s for row in rows), sum(row.signed_in_s for row in rows)

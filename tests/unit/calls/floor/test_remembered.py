"""A floor made from the database is the floor that the events made, whatever happened."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from calls.floor.floor import Floor
from calls.floor.remembered import remembered
from calls.state.changes import Changes
from calls.state.line import Line
from calls.state.live import LiveCall, LiveLeg
from calls.state.roster import Roster
from db.models import AgentSession, Call, CallbackTask, CallEvent, Handoff, QueueEntry, ScriptStepRow
from db.session import Sessions
from runtime.callid import new_call_id
from runtime.events import CallbackChanged, EmergencyHeard, Event, HandoffChanged, ScriptStep
from tests.fakes.clock import FakeClock

SEATS = ("8001", "8002", "8003")
QUEUES = ("common", "enterprise")
NUMBERS = ("13912345678", "13812345678", "07151234567", "anonymous")


class Day:
    """The real rules of calls and seats, driven by chance; nothing of Asterisk's."""

    def __init__(self, sessions: Sessions, clock: FakeClock, chance: random.Random) -> None:
        self.sessions, self.clock, self.chance = sessions, clock, chance
        self.changes = Changes("city")
        self.roster = Roster(lambda: self.changes, wrap_up_s=25.0)
        self.line = Line(self.roster, lambda: self.changes, lambda *_, **__: None)
        self.heard: list[Event] = []
        self.legs = 0

    async def settle(self) -> None:
        """Rows first, then events, as the tracker does."""
        changes, self.changes = self.changes, Changes("city")
        async with self.sessions.begin() as session:
            for op in changes.rows:
                await op(session)
                await session.flush()
        self.heard += [replace(event, node="city") for event in changes.events]

    def step(self) -> None:
        now, chance = self.clock.now(), self.chance
        calls = list(self.line.calls.values())
        waiting = [call for call in calls if call.entry]
        talking = [call for call in calls if call.joined("agent")]
        match chance.randrange(15):
            case 0 | 1 | 2:
                call = self.line.start(
                    new_call_id(), f"PJSIP/trunk-{self._leg()}", "u", now, caller_raw=chance.choice(NUMBERS)
                )
                if chance.random() < 0.8:
                    self.line.queued(call, chance.choice(QUEUES), len(waiting) + 1, now)
            case 3 | 4 | 5 if waiting:
                call = chance.choice(waiting)
                free = [a for a in self.roster.agents.values() if a.state == "ready"]
                ringing = [leg for leg in call.legs.values() if leg.role == "agent" and not leg.joined_at]
                if ringing:
                    self._answer_or_miss(call, ringing[0])
                elif free:
                    name = chance.choice(free).agent
                    leg = self.line.add_leg(call, f"PJSIP/{name}-{self._leg()}", "u", "agent", name)
                    self.line.ringing(call, leg, now)
            case 6 | 7 if talking:
                call = chance.choice(talking)
                self.line.leg_left(call, call.joined("agent")[0], now)
                if chance.random() < 0.3:
                    self.line.queued(call, chance.choice(QUEUES), 1, now)
            case 8 if talking:
                call = chance.choice(talking)
                self.line.held(call, call.joined("agent")[0], call.state != "held", now)
            case 9 if waiting and not any(leg.role == "agent" for leg in waiting[0].legs.values()):
                self.line.left_queue(waiting[0], chance.choice(("timeout", "key")), now)
            case 10 if calls:
                call = chance.choice(calls)
                self.line.end(call, now)
                for leg in list(call.legs.values()):
                    self.line.leg_left(call, leg, now)
            case 11 | 12 | 14:
                seat = self.roster.seat(chance.choice(SEATS), now)
                self.roster.heartbeat(seat, True, True, now)
                if seat.state == "offline":
                    self.roster.login(seat.agent, None, ("common",), now)
                elif chance.random() < 0.75:
                    self.roster.ready(seat, now)
                elif chance.random() < 0.8:
                    self.roster.not_ready(seat, chance.choice(("break", "meal")), now)
                elif seat.state != "ringing":
                    self.roster.logout(seat, now)
            case _:
                for agent in self.roster.agents.values():
                    self.roster.heartbeat(agent, True, True, now)
                self.roster.tick(now)

    def _leg(self) -> str:
        self.legs += 1
        return f"{self.legs:08x}"

    def _answer_or_miss(self, call: LiveCall, leg: LiveLeg) -> None:
        now = self.clock.now()
        if self.chance.random() < 0.8:
            self.line.answered(call, leg, now)
        else:
            self.line.missed(call, leg.name, now)
            self.line.leg_left(call, leg, now)


@pytest.mark.parametrize("seed", range(4))
async def test_the_floor_of_the_rows_is_the_floor_of_the_events(
    sessions: Sessions, clock: FakeClock, seed: int
) -> None:
    chance = random.Random(seed)
    day = Day(sessions, clock, chance)
    floor, told = Floor(), 0
    for number in range(100):
        day.step()
        await day.settle()
        for event in day.heard[told:]:
            floor.take(event)
        told = len(day.heard)
        # Sometimes two things happen in the same moment, sometimes hours pass.
        clock.move(seconds=chance.choice((0.0, 0.4, 3.0, 11.0, 47.0, 700.0)))
        if number % 25 == 24:
            async with sessions() as session:
                rebuilt = await remembered(session, clock.now())
            assert rebuilt.picture(clock.now()) == floor.picture(clock.now())
    assert floor.picture(clock.now()).floor.last_day.answered  # else it has shown nothing


async def test_events_that_come_again_after_the_rows_were_read_count_once(
    sessions: Sessions, clock: FakeClock
) -> None:
    day = Day(sessions, clock, random.Random(5))
    for _ in range(120):
        day.step()
        await day.settle()
        clock.move(seconds=7.0)
    async with sessions() as session:
        rebuilt = await remembered(session, clock.now())
    before = rebuilt.picture(clock.now())
    for event in day.heard[-60:]:
        if not rebuilt.knows(event):
            rebuilt.take(event)
    assert rebuilt.picture(clock.now()) == before


async def test_a_waiting_caller_is_remembered_with_all_that_is_known(sessions: Sessions, clock: FakeClock) -> None:
    now, call_id = clock.now(), new_call_id()
    async with sessions.begin() as session:
        for number in range(2):
            at = now - timedelta(hours=number + 1)
            session.add(Call(id=new_call_id(), caller="13912345678", state="ended", started_at=at, ended_at=at))
        session.add(
            Call(id=call_id, caller="13912345678", state="queued", queue="common", started_at=now, emergency=True)
        )
    async with sessions.begin() as session:
        session.add(QueueEntry(call_id=call_id, queue="common", entered_at=now))
        session.add(
            ScriptStepRow(call_id=call_id, script="menu", version=3, node="urgent_queue", kind="queue", at=now)
        )
        session.add(CallEvent(call_id=call_id, at=now, kind="emergency_heard", detail={"target": "119"}))
        session.add(
            CallbackTask(call_id=call_id, phone="1", kind="missed", state="taken", created_at=now, due_at=now)
        )
        session.add(Handoff(call_id=call_id, target="119", started_at=now, result="accepted"))
    heard = Floor()
    for event in (
        ScriptStep(call_id=call_id, script="menu", version=3, step="urgent_queue", kind="queue", at=now),
        EmergencyHeard(
            call_id=call_id, code="", target="119", words=(), utterance_id="", speaker="citizen", at=now
        ),
        HandoffChanged(call_id=call_id, handoff_id=1, target="119", status="accepted", at=now),
        CallbackChanged(call_id=call_id, task_id=1, state="open", at=now),
    ):
        heard.take(event)
    async with sessions() as session:
        picture = (await remembered(session, now)).picture(now)
    [caller] = picture.waiting
    assert (caller.tries, caller.emergency, caller.caller) == (3, True, "13912345678")
    assert list(caller.steps) == heard.calls.calls[call_id].steps
    assert picture.emergencies == heard.picture(now).emergencies
    assert picture.callbacks == heard.picture(now).callbacks == 1


async def test_a_seat_is_as_its_own_row_says(sessions: Sessions, clock: FakeClock) -> None:
    """Its history may be older than what is read of it."""
    now = clock.now()
    async with sessions.begin() as session:
        await session.execute(delete(AgentSession))
        long_ago = now - timedelta(days=3)
        session.add(AgentSession(agent="8001", state="ready", since=long_ago, queues=["common"], node="town"))
    async with sessions() as session:
        floor = await remembered(session, now)
    [seat] = floor.picture(now).seats
    assert (seat.state, seat.since, seat.queues, seat.node) == ("ready", long_ago, ("common",), "town")
    assert floor.picture(now).queues[0].staff.ready == 1
    assert floor.picture(now, away={"town"}).queues[0].staff.staffed == 0

"""Random walks of legal and illegal steps: after each the invariants of domain.md 2.3 hold, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from db.models import AuditEvent, OutboxMessage, Ticket, TicketClock, TicketClockEvent
from db.session import make_engine, make_sessions
from runtime.bus import LocalBus
from tests.engines import close_engine
from tests.fakes.clock import FakeClock
from tests.unit.tickets.conftest import CALL, CALLER, Centre, build_centre, lamp_fields, with_roles
from tests.unit.tickets.test_casework import DISSATISFIED, NOBODY_THERE, SATISFIED, result
from tickets.actor import SYSTEM, Actor
from tickets.clocks.lamps import next_change
from tickets.clocks.timing import Timing
from tickets.errors import TicketError
from tickets.life.notices import mobile_of
from tickets.states import ALL, BESIDE, SIDES, TERMINAL, State
from tickets.sweeps import TicketSweeps

Do = Callable[[Centre, Actor, int], Awaitable[Any]]
WHY = "有充分的理由"


@dataclass(frozen=True)
class Try:
    """An act, and who naturally does it."""

    who: str
    do: Do


TRIES: dict[str, Try] = {
    "dispatch": Try("dispatcher", lambda c, a, t: c.desk.dispatch(a, t, c.urban)),
    "dispatch_other": Try("dispatcher", lambda c, a, t: c.desk.dispatch(a, t, c.labour)),
    "send_back": Try("dispatcher", lambda c, a, t: c.desk.cases.send_back(a, t, ("place_text",))),
    "complete": Try("agent", lambda c, a, t: c.desk.cases.complete(a, t, lamp_fields(urgency="URGENT"))),
    "sign": Try("liaison", lambda c, a, t: c.desk.sign(a, t)),
    "ask_return": Try("unit_head", lambda c, a, t: c.desk.beside.ask_return(a, t, "DUTY", WHY)),
    "propose_return": Try("liaison", lambda c, a, t: c.desk.beside.ask_return(a, t, "DUTY", WHY)),
    "put_return": Try("unit_head", lambda c, a, t: c.desk.cases.put_return(a, t)),
    "approve_return": Try("dispatcher", lambda c, a, t: c.desk.cases.approve_return(a, t, WHY)),
    "refuse_return": Try("dispatcher", lambda c, a, t: c.desk.cases.refuse_return(a, t, WHY)),
    "designate": Try("head", lambda c, a, t: c.desk.cases.designate(a, t, c.labour, WHY)),
    "transfer": Try("liaison", lambda c, a, t: c.desk.transfer(a, t, "市政股")),
    "inform": Try("liaison", lambda c, a, t: c.desk.inform(a, t, "已电话告知")),
    "reply": Try("liaison", lambda c, a, t: c.desk.reply(a, t, result(c))),
    "reject": Try("reviewer", lambda c, a, t: c.desk.cases.reject_reply(a, t, "WORDING", WHY)),
    "accept": Try("reviewer", lambda c, a, t: c.desk.cases.accept_reply(a, t)),
    "satisfied": Try("follow_up", lambda c, a, t: c.desk.cases.follow_up(a, t, SATISFIED)),
    "dissatisfied": Try("follow_up", lambda c, a, t: c.desk.cases.follow_up(a, t, DISSATISFIED)),
    "skip_check": Try("follow_up", lambda c, a, t: c.desk.cases.step(a, t, "T19", DISSATISFIED)),
    "nobody": Try("follow_up", lambda c, a, t: c.desk.cases.follow_up(a, t, NOBODY_THERE)),
    "rework": Try("petition", lambda c, a, t: c.desk.cases.rework(a, t, WHY)),
    "explain": Try("petition", lambda c, a, t: c.desk.cases.explain(a, t, WHY)),
    "redispatch": Try("dispatcher", lambda c, a, t: c.desk.cases.step(a, t, "T23")),
    "withdraw": Try("agent", lambda c, a, t: c.desk.cases.withdraw(a, t, CALL, WHY)),
    "archive": Try("system", lambda c, a, t: c.desk.cases.archive(a, t)),
    "reopen": Try("follow_up", lambda c, a, t: c.desk.cases.reopen(a, t, WHY)),
    "take_back": Try("dispatcher", lambda c, a, t: c.desk.cases.take_back(a, t, WHY)),
    "unmerge": Try("dispatcher", lambda c, a, t: c.desk.cases.unmerge(a, t, WHY)),
    "ask_time": Try("unit_head", lambda c, a, t: c.desk.beside.ask_extension(a, t, 2, WHY)),
    "grant_time": Try("head", lambda c, a, t: c.desk.beside.grant_extension(a, t)),
    "refuse_time": Try("petition", lambda c, a, t: c.desk.beside.refuse_extension(a, t, WHY)),
    "ask_pause": Try("liaison", lambda c, a, t: c.desk.beside.ask_suspension(a, t, "COURT", WHY)),
    "pause": Try("head", lambda c, a, t: c.desk.beside.suspend(a, t)),
    "resume": Try("liaison", lambda c, a, t: c.desk.beside.resume(a, t)),
    "assist": Try("head", lambda c, a, t: c.desk.beside.add_assist(a, t, c.labour)),
    "urge": Try("agent", lambda c, a, t: c.desk.beside.urge(a, t, "CITIZEN")),
    "supervise": Try("petition", lambda c, a, t: c.desk.beside.supervise(a, t, 1, WHY)),
    "end_supervision": Try("petition", lambda c, a, t: c.desk.beside.end_supervision(a, t, WHY)),
}
USUAL: dict[str, tuple[str, ...]] = {
    "REGISTERED": ("dispatch", "send_back"),
    "SUPPLEMENT": ("complete",),
    "DISPATCHED": ("sign", "sign", "ask_return"),
    "RETURN_REVIEW": ("approve_return", "refuse_return", "designate"),
    "SIGNED": ("transfer", "reply", "ask_time"),
    "IN_PROGRESS": ("reply", "reply", "ask_time", "grant_time", "ask_pause", "pause", "resume", "inform"),
    "REPLIED": ("accept", "accept", "reject"),
    "FOLLOW_UP": ("satisfied", "dissatisfied", "dissatisfied", "nobody"),
    "VERIFY": ("rework", "rework", "explain"),
    "CLOSED": ("reopen", "archive"),
    "NOT_ACCEPTED": ("take_back",),
}
ALL_TRIES = sorted(TRIES)


@dataclass(frozen=True)
class Move:
    """One try: by whoever usually does it, or by anybody; then so many minutes pass."""

    pick: int
    usual: bool
    actor: int
    minutes: int


MOVES = st.lists(
    st.builds(
        Move,
        pick=st.integers(0, 1000),
        usual=st.sampled_from([True, True, True, False]),
        actor=st.integers(0, 1000),
        minutes=st.sampled_from([0, 1, 45, 130, 60 * 24, 60 * 24 * 9]),
    ),
    min_size=8,
    max_size=24,
)


def people(centre: Centre) -> dict[str, Actor]:
    every = with_roles(centre.liaison, "UNIT_LIAISON", "REVIEWER", "FOLLOWUP", "SUPERVISOR_XF")
    return {
        "agent": centre.agent,
        "other_agent": centre.other_agent,
        "dispatcher": centre.dispatcher,
        "head": centre.head,
        "reviewer": centre.reviewer,
        "follow_up": centre.follow_up,
        "petition": centre.petition,
        "liaison": centre.liaison,
        "other_liaison": centre.other_liaison,
        "unit_head": centre.unit_head,
        "system": SYSTEM,
        "everything": every,
    }


@dataclass(frozen=True)
class Seen:
    """A ticket and all that hangs on it, as the database has it."""

    ticket: Ticket
    trail: list[AuditEvent]
    clocks: list[TicketClock]
    events: list[TicketClockEvent]
    sent: list[OutboxMessage]

    @property
    def size(self) -> tuple[int, ...]:
        return (self.ticket.version, len(self.trail), len(self.clocks), len(self.events), len(self.sent))


async def look(centre: Centre, ticket_id: int) -> Seen:
    """Reads everything, and checks that each clock's row is what its events say (invariant d)."""
    async with centre.sessions() as session:
        ticket = await session.get_one(Ticket, ticket_id)
        trail = select(AuditEvent).where(
            AuditEvent.object_id == str(ticket_id), AuditEvent.object_kind == "ticket"
        )
        clocks = list(
            await session.scalars(
                select(TicketClock).where(TicketClock.ticket_id == ticket_id).order_by(TicketClock.id)
            )
        )
        timing = await Timing.load(session, centre.clock.now())
        for clock in clocks:
            assert clock.profile_version == timing.profile.stamp
            shows = await timing.reckoned(ticket, clock)
            assert shows is not None
            assert (shows.warn_at, shows.due_at, shows.met_at, shows.stopped_at, shows.paused_at) == (
                clock.warn_at,
                clock.due_at,
                clock.met_at,
                clock.stopped_at,
                clock.paused_at,
            ), clock.name
        assert ticket.next_lamp_at == next_change(clocks, timing.calendar, timing.profile.policy.late)
        events = select(TicketClockEvent).where(TicketClockEvent.ticket_id == ticket_id)
        sent = select(OutboxMessage).where(OutboxMessage.body["ticket_id"].as_integer() == ticket_id)
        return Seen(
            ticket,
            list(await session.scalars(trail.order_by(AuditEvent.id))),
            clocks,
            list(await session.scalars(events.order_by(TicketClockEvent.id))),
            list(await session.scalars(sent)),
        )


def check_trail(before: Seen | None, now: Seen) -> None:
    """Invariant (a): append-only, who, when, from, to; the chain of steps leads to where the ticket is."""
    if before is not None:
        assert [row.id for row in now.trail[: len(before.trail)]] == [row.id for row in before.trail]
        assert [event.id for event in now.events[: len(before.events)]] == [event.id for event in before.events]
    state = ""
    for row in now.trail:
        assert row.actor_name and row.at
        if row.action in BESIDE:
            assert (row.from_state, row.to_state) == (state, state), row.action
            continue
        step = ALL[row.detail["transition"]]
        assert (row.from_state, row.to_state, row.action) == (state, step.target, step.action)
        assert (State(state) if state else None) in step.sources
        state = row.to_state
    assert now.ticket.state == state
    closed = now.ticket.closed_at is not None
    assert closed == (State(state) in TERMINAL)
    assert bool(now.ticket.close_reason) == (state in ("CLOSED", "ARCHIVED"))


def check_voice(now: Seen) -> None:
    """Invariant (b): whatever ends a ticket is told to the citizen, or it is written down why not."""
    for row in now.trail:
        if row.to_state in TERMINAL and row.action not in BESIDE:
            told = [m for m in now.sent if m.recipient == mobile_of(now.ticket) and m.created_at == row.at]
            assert told or row.detail.get("no_notice"), row.action


def check_sides(now: Seen) -> None:
    """Invariant (c), for every act: nobody on both sides."""
    sides: dict[int, set[str]] = {}
    steps: dict[int, set[str]] = {}
    for row in now.trail:
        if row.actor_user_id is not None:
            steps.setdefault(row.actor_user_id, set()).add(row.detail.get("transition", ""))
            if row.action in SIDES:
                sides.setdefault(row.actor_user_id, set()).add(SIDES[row.action])
    assert all(len(both) == 1 for both in sides.values()), sides
    for done in steps.values():
        assert "T16" not in done or not done & {"T18", "T20", "T21", "T22"}


def check_rest(now: Seen) -> None:
    """What is over has no clock that runs; dissatisfaction never leads straight to the end."""
    state = State(now.ticket.state)
    running = [clock.name for clock in now.clocks if clock.met_at is None and clock.stopped_at is None]
    assert len(running) == len(set(running))
    if state in TERMINAL:
        assert running == [] and now.ticket.next_lamp_at is None
    for clock in now.clocks:
        assert clock.started_at <= clock.warn_at <= clock.due_at
    bad = [row for row in now.trail if (row.detail.get("satisfaction") or 0) > 3]
    assert all(row.to_state == "VERIFY" for row in bad)
    assert now.ticket.returns <= 2 and now.ticket.reworks <= 2


async def walk(centre: Centre, moves: list[Move]) -> set[str]:
    """Returns the states the ticket was in."""
    who = people(centre)
    names = sorted(who)
    fields = lamp_fields(category_code="1102" if moves[0].pick % 3 == 0 else "1106", phone=CALLER)
    if moves[0].pick % 7 == 0:
        ticket = await centre.desk.decline(centre.agent, fields, None, "NA07", "已告知向邻县反映。")
    else:
        ticket = await centre.desk.open_ticket(centre.agent, fields, None)
    sweeps = TicketSweeps(centre.sessions, centre.clock)
    seen = await look(centre, ticket.id)
    states = {seen.ticket.state}
    for move in moves:
        usual = USUAL.get(seen.ticket.state, ()) if move.usual else ()
        among = usual or tuple(ALL_TRIES)
        name = among[move.pick % len(among)]
        actor = who[TRIES[name].who] if move.usual else who[names[move.actor % len(names)]]
        if move.usual and actor.unit_id is not None and seen.ticket.unit_id == centre.labour:
            actor = centre.other_liaison if "UNIT_LIAISON" in actor.roles else centre.other_unit_head
        before = seen
        try:
            await TRIES[name].do(centre, actor, ticket.id)
            refused = False
        except TicketError:
            refused = True
        seen = await look(centre, ticket.id)
        if refused:
            assert seen.size == before.size, f"{name} was refused and left something behind"
        check_trail(before, seen)
        check_voice(seen)
        check_sides(seen)
        check_rest(seen)
        states.add(seen.ticket.state)
        centre.clock.move(minutes=move.minutes)
        await sweeps.lamps()
        seen = await look(centre, ticket.id)
        for clock in seen.clocks:
            stands = clock.met_at is None and clock.stopped_at is None and clock.paused_at is None
            if stands and centre.clock.now() > clock.due_at:
                assert clock.yellow_at is not None and clock.red_at is not None
    return states


def test_whatever_is_tried_the_invariants_hold(database: str) -> None:
    engine = make_engine(database)
    reached: set[str] = set()
    with asyncio.Runner() as runner:
        bus = LocalBus()
        centre = runner.run(build_centre(make_sessions(engine), FakeClock(), bus))

        @settings(max_examples=12)
        @given(MOVES)
        def walks(moves: list[Move]) -> None:
            reached.update(runner.run(walk(centre, moves)))

        walks()
        runner.run(bus.close())
        runner.run(close_engine(engine))
    # Not a walk around the block: the steps lead through the whole table.
    assert {"DISPATCHED", "SIGNED", "IN_PROGRESS", "REPLIED", "FOLLOW_UP", "VERIFY", "CLOSED"} <= reached

"""What every part of the invented centre stands on, and how a step of it is written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from calls.callbacks.callback_room import Callbacks
from calls.state.agent_states import AgentState
from calls.state.outcomes import Outcomes
from hotline.demo.agenda import Agenda, MovableClock
from hotline.demo.batches import Batches
from hotline.demo.exchange import Exchange
from hotline.demo.marks import NODE
from hotline.demo.matters import Matters, Question, Said
from hotline.demo.people import People
from hotline.demo.wire import Wire
from ivr.journal import DatabaseJournal
from runtime.callid import call_id_at
from runtime.events import CallAnswered, CallEnded, QueueAbandoned, Utterance
from speech.transcript import TranscriptKeeper
from tickets.clocks.calendar import WorkCalendar
from tickets.desk import TicketDesk
from tickets.drafting.lexicon import Lexicon
from tickets.emergency.spotter import Spotter
from tickets.messages.tickets import MessageTickets

HEARD = (QueueAbandoned, CallAnswered, CallEnded)
"""Events that change rows of others than the tracker."""

LAST_CALL = timedelta(minutes=25)
"""Nobody calls so shortly before the end that the talk could not be over."""

CHAR_MS = 210
PAUSE_MS = 700
"""How long a spoken character takes, and the breath between two people."""


@dataclass(slots=True)
class World:
    """The centre: its rooms as a node has them, and the played parts."""

    batches: Batches
    clock: MovableClock
    agenda: Agenda
    exchange: Exchange
    wire: Wire
    journal: DatabaseJournal
    keeper: TranscriptKeeper
    callbacks: Callbacks
    outcomes: Outcomes
    spotter: Spotter
    messages: MessageTickets
    desk: TicketDesk
    calendar: WorkCalendar
    matters: Matters
    questions: dict[str, list[Question]]
    people: People
    rng: Random
    until: datetime
    noted: bool = field(default=False)
    """The journal has rows to write."""

    @classmethod
    def make(
        cls,
        batches: Batches,
        clock: MovableClock,
        *,
        rng: Random,
        until: datetime,
        people: People,
        calendar: WorkCalendar,
        matters: Matters,
        questions: dict[str, list[Question]],
        lexicon: Lexicon,
    ) -> World:
        wire, sessions = Wire(), batches.sessions
        return cls(
            batches=batches,
            clock=clock,
            agenda=Agenda(clock),
            exchange=Exchange(clock),
            wire=wire,
            journal=DatabaseJournal(sessions, wire, clock, node=NODE),
            keeper=TranscriptKeeper(sessions, clock, "demo"),
            callbacks=Callbacks(sessions, wire, clock),
            outcomes=Outcomes(sessions, wire, clock=clock, node=NODE),
            spotter=Spotter(wire, clock, sessions),
            messages=MessageTickets(sessions, wire, clock, lexicon),
            desk=TicketDesk(sessions, wire, clock),
            calendar=calendar,
            matters=matters,
            questions=questions,
            people=people,
            rng=rng,
            until=until,
        )

    async def start(self) -> None:
        await self.callbacks.start()
        await self.spotter.start()
        await self.messages.start()
        self.keeper.start()

    async def close(self) -> None:
        await self.agenda.close()
        await self.keeper.close()
        await self.messages.close()
        await self.spotter.close()
        await self.callbacks.close()

    # -- time ----------------------------------------------------------------------------------
    @property
    def now(self) -> datetime:
        return self.clock.now()

    @property
    def last_call(self) -> datetime:
        """No call begins after this moment."""
        return self.until - LAST_CALL

    def after(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)

    def new_call_id(self) -> str:
        return call_id_at(self.clock.now(), self.rng.getrandbits(74))

    def ready(self) -> list[str]:
        """Seats that wait for a call, who has waited longest first."""
        agents = [agent for agent in self.exchange.roster.agents.values() if agent.state is AgentState.READY]
        return [agent.agent for agent in sorted(agents, key=lambda agent: (agent.since, agent.agent))]

    # -- writing -------------------------------------------------------------------------------
    async def settle(self) -> None:
        """Write what the step changed, then let those hear of it who write something themselves."""
        if self.noted:
            self.noted = False
            await self.journal.start()
            await self.journal.close()
        while changes := self.exchange.take():
            async with self.batches.sessions.begin() as session:
                for op in changes.rows:
                    await op(session)
            for event in changes.events:
                if isinstance(event, HEARD):
                    await self.wire.publish(event)

    async def step(self) -> None:
        """A step of the agenda is over."""
        await self.settle()
        await self.batches.step()

    def note_step(self, call_id: str, node: str, kind: str, detail: str = "") -> None:
        """The script entered a node."""
        self.journal.step(call_id, "direct", 1, node, kind, detail)
        self.noted = True

    async def say(self, call_id: str, begins: datetime, origin: datetime, said: Said, seconds: float) -> None:
        """Write down a talk of this length, which began at `begins`; whoever listens for alarms hears it."""
        await self.settle()
        lasts = [max(700, len(words) * CHAR_MS) for _, words in said]
        spoken = sum(lasts) + PAUSE_MS * len(said)
        # A talk is longer than its words: people look for papers, and wait for each other.
        idle = max(0.0, seconds * 1000 - spoken) / max(1, len(said))
        at = (begins - origin).total_seconds() * 1000 + PAUSE_MS
        heard = []
        for number, ((speaker, words), ms) in enumerate(zip(said, lasts, strict=True)):
            heard.append(
                Utterance(
                    call_id=call_id,
                    utterance_id=f"{call_id}-{number:03d}",
                    speaker="agent" if speaker == "agent" else "citizen",
                    start_ms=round(at),
                    end_ms=round(at + ms),
                    text=words,
                    final=True,
                    raw=words,
                    confidence=round(self.rng.uniform(0.82, 0.99), 3),
                )
            )
            at += ms + PAUSE_MS + idle * self.rng.uniform(0.4, 1.0)
        for utterance in heard:
            await self.wire.publish(utterance)
        for utterance in heard:  # only now: the keeper writes by itself, and there is one connection for all
            self.keeper.keep(utterance)
        await self.keeper.drained()

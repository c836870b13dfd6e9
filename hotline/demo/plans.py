"""What a talk is about, and what the agent does with it at the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hotline.demo.marks import number
from hotline.demo.matters import (
    Emergency,
    Message,
    Said,
    Slots,
    TicketMatter,
    question_talk,
    short_talk,
    ticket_talk,
)
from hotline.demo.paperwork import Paperwork
from hotline.demo.people import Citizen
from hotline.demo.shape import lognormal
from hotline.demo.world import World
from tickets.actor import Actor
from tickets.drafting.drafts import save_draft
from tickets.fields import ANONYMOUS, TicketFields

NOTHING, DECLINED, EMERGENCY, QUESTION = 0.075, 0.025, 0.006, 0.49
"""Shares of what talks come to; the rest are matters for a unit (domain.md: 52.7 % are answered directly)."""

ANONYMOUS_SHARE = 0.06
NAMED_UNIT = 0.6
"""Agents name the unit in so many cases; the dispatcher chooses it for the others."""
LEFT_OPEN = 0.01
"""Drafts that their agent has not got round to submit."""

Act = Callable[[Actor, str], Awaitable[None]]
"""What the agent (as the ticket room knows them) does about the call with this id."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`seconds` the talk lasts, `wrap_up_s` the work after it; `emergency` is to be handed on."""

    said: Said
    seconds: float
    wrap_up_s: float
    act: Act | None = None
    emergency: Emergency | None = None
    slots: Slots | None = None


class Plans:
    """Draws what citizens call about."""

    def __init__(self, world: World, paperwork: Paperwork) -> None:
        self._world = world
        self._paperwork = paperwork

    def of(self, citizen: Citizen) -> Plan:
        """What this citizen calls about."""
        drawn = self._world.rng.random()
        for share, plan in (
            (NOTHING, self._nothing),
            (DECLINED, self._decline),
            (EMERGENCY, self._emergency),
            (QUESTION, self._question),
        ):
            if drawn < share:
                return plan(citizen)
            drawn -= share
        return self.ticket(citizen)

    def _seconds(self, mean: float) -> float:
        return lognormal(self._world.rng, mean, 0.5, 20, 780)

    def _wrap_up(self, mean: float) -> float:
        return lognormal(self._world.rng, mean, 0.5, 4, 110)

    def _nothing(self, citizen: Citizen) -> Plan:
        matter = self._world.rng.choice(self._world.matters.nothing)
        said = short_talk(matter.problem, matter.more, "好的，如有需要请随时拨打12345")
        return Plan(said, self._seconds(60), self._wrap_up(8))

    def _decline(self, citizen: Citizen) -> Plan:
        matter = self._world.rng.choice(self._world.matters.declines)
        said = short_talk(matter.problem, matter.more, matter.told.removeprefix("已告知："))
        fields = self._person(citizen, TicketFields(appeal_type="OTHER", category_code=matter.category))
        fields = fields.model_copy(update={"title": matter.title, "content": matter.content})

        async def act(actor: Actor, call_id: str) -> None:
            await self._world.desk.decline(actor, fields, call_id, matter.code, matter.told)

        return Plan(said, self._seconds(170), self._wrap_up(30), act)

    def _emergency(self, citizen: Citizen) -> Plan:
        rng = self._world.rng
        matter = rng.choice(self._world.matters.emergencies)
        slots = Slots.draw(rng, self._world.people.place(matter.places, citizen), citizen)
        said = short_talk(matter.line, slots.fill(matter.more), f"您别着急，我马上为您转接{matter.target}")[:-1]
        return Plan(said, rng.uniform(14, 24), self._wrap_up(45), None, matter, slots)

    def _question(self, citizen: Citizen) -> Plan:
        world = self._world
        codes = sorted(world.questions)
        category = world.rng.choices(codes, [world.matters.consult[code] for code in codes])[0]
        question = world.rng.choice(world.questions[category])
        fields = self._person(citizen, TicketFields(appeal_type="CONSULT", category_code=category))
        fields = fields.model_copy(
            update={"title": question.title, "content": f"市民来电咨询：{question.asked.rstrip('？?')}。"}
        )

        async def act(actor: Actor, call_id: str) -> None:
            await world.desk.answer_on_line(actor, fields, call_id, question.article_id, question.answer)

        return Plan(question_talk(question), self._seconds(175), self._wrap_up(20), act)

    def ticket(self, citizen: Citizen, *, category: str = "", message_call: str | None = None) -> Plan:
        """A matter for a unit; with `message_call` the one that was left as a message there."""
        rng = self._world.rng
        matter = self._world.matters.ticket(rng, category)
        slots = Slots.draw(rng, self._world.people.place(matter.places, citizen), citizen)
        fields, unit_id = self._fields(matter, slots, citizen), self._paperwork.unit_of(matter, slots.place)
        named = rng.random() < NAMED_UNIT
        left_open = message_call is None and rng.random() < LEFT_OPEN

        async def act(actor: Actor, call_id: str) -> None:
            world = self._world
            if left_open:
                typed = {"title": fields.title, "content": fields.content, "place_text": fields.place_text}
                async with world.batches.sessions.begin() as session:
                    await save_draft(session, world.clock, call_id, actor.user_id, typed)
                return
            ticket = await world.desk.open_ticket(
                actor, fields, call_id, unit_id if named else None, message_call=message_call
            )
            world.agenda.add(self._paperwork.handle(ticket, matter, slots, unit_id, citizen.phone))

        return Plan(ticket_talk(matter, slots), self._seconds(265), self._wrap_up(48), act)

    def message(self, citizen: Citizen) -> tuple[Message, str]:
        """What somebody says to the answering machine, with its text."""
        rng = self._world.rng
        message = rng.choice(self._world.matters.messages)
        slots = Slots.draw(rng, citizen.home, citizen)
        return message, slots.fill(message.text)

    def emergency_fields(self, plan: Plan) -> TicketFields:
        """What the agent writes down of an emergency that others have taken over."""
        assert plan.emergency is not None and plan.slots is not None
        place = plan.slots.place
        return TicketFields(
            appeal_type="HELP",
            category_code="2501",
            title=plan.slots.fill(plan.emergency.title),
            content=f"来电人称{place.full}{plan.emergency.summary}，已转接{plan.emergency.target}处置。",
            place_text=place.full,
            region_code=place.code,
            urgency="MOST_URGENT",
        )

    def _fields(self, matter: TicketMatter, slots: Slots, citizen: Citizen) -> TicketFields:
        fields = TicketFields(
            appeal_type=matter.type,
            category_code=matter.category,
            occurred_text=slots.since,
            place_text=slots.place.full,
            region_code=slots.place.code,
            title=slots.fill(matter.title),
            content=slots.fill(matter.content),
            demand=matter.wish,
            procedure=matter.procedure,
            urgency=matter.urgency,
            confidential=matter.confidential,
            is_enterprise=bool(matter.company),
            company=matter.company,
        )
        return self._person(citizen, fields)

    def _person(self, citizen: Citizen, fields: TicketFields) -> TicketFields:
        if self._world.rng.random() < ANONYMOUS_SHARE or not citizen.phone:
            # A number that is not shown is asked for: somebody is to be told how it went.
            return fields.model_copy(update={"appellant_name": ANONYMOUS, "phone": citizen.phone or number(-1)})
        return fields.model_copy(
            update={"appellant_name": citizen.name, "gender": citizen.gender, "phone": citizen.phone}
        )

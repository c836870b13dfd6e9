"""A message becomes a registered ticket once, which an agent checks and sends on as if it were a draft."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from db.models import (
    AuditEvent,
    Category,
    Jurisdiction,
    OutboxMessage,
    Ticket,
    TicketClock,
    TicketDraft,
    TranscriptUtterance,
    Unit,
    Voicemail,
)
from runtime.bus import LocalBus
from runtime.events import MessageTranscribed
from tests.unit.tickets.conftest import CALLER, Centre, add_call, lamp_fields
from tickets.actor import Actor
from tickets.drafting.lexicon import Lexicon
from tickets.errors import Conflict, NotAllowed
from tickets.messages.tickets import MessageTickets
from tickets.reading.protected import barred_calls
from tickets.reading.view import ticket_view

LEFT = "01936f5e-0000-7000-8000-00000000beef"
SAID = ("我想反映一个问题", "天城镇白泉村的路灯坏了", "从村口到小学全都不亮", "希望你们尽快派人来修")


@pytest.fixture
async def maker(centre: Centre, lexicon: Lexicon) -> MessageTickets:
    async with centre.sessions.begin() as session:
        session.add(Category(code="99", name="其他", key="l99", procedure="NONE"))
    return MessageTickets(centre.sessions, centre.bus, centre.clock, lexicon)


async def left(centre: Centre, *said: str, caller: str = CALLER, state: str = "transcribed") -> int:
    """A message with these sentences, as the recogniser leaves it."""
    now = centre.clock.now()
    async with centre.sessions() as session:
        known = await session.scalar(select(Voicemail.id).where(Voicemail.call_id == LEFT))
    if known is None:
        await add_call(centre.sessions, LEFT, now, caller=caller, state="ended")
    async with centre.sessions.begin() as session:
        message = Voicemail(
            call_id=LEFT, path="x.wav", seconds=9, created_at=now, state=state, text="，".join(said)
        )
        session.add(message)
        for i, text in enumerate(said):
            session.add(
                TranscriptUtterance(
                    id=f"{known}-{i}",
                    call_id=LEFT,
                    speaker="citizen",
                    start_ms=i * 3000,
                    end_ms=i * 3000 + 2000,
                    text=text,
                    created_at=now,
                )
            )
    return message.id


async def message_row(centre: Centre, message_id: int) -> Voicemail:
    async with centre.sessions() as session:
        return await session.get_one(Voicemail, message_id)


async def tickets(centre: Centre) -> list[Ticket]:
    async with centre.sessions() as session:
        return list(await session.scalars(select(Ticket).where(Ticket.channel == "VOICEMAIL")))


async def trail(centre: Centre, kind: str, object_id: int) -> list[str]:
    async with centre.sessions() as session:
        rows = await session.scalars(
            select(AuditEvent)
            .where(AuditEvent.object_kind == kind, AuditEvent.object_id == str(object_id))
            .order_by(AuditEvent.id)
        )
        return [row.action for row in rows]


async def test_a_message_becomes_a_registered_ticket_filled_from_its_words(
    centre: Centre, maker: MessageTickets
) -> None:
    message_id = await left(centre, *SAID)
    made = await maker.make(message_id)
    assert made is not None
    assert (made.state, made.channel, made.call_id, made.created_by) == ("REGISTERED", "VOICEMAIL", LEFT, None)
    assert (made.phone, made.content) == (CALLER, "，".join(SAID))
    assert made.region_code == "421223100200" and made.category_code == "1106"
    row = await message_row(centre, message_id)
    assert (row.state, row.ticket_id) == ("ticketed", made.id)
    assert await trail(centre, "ticket", made.id) == ["draft", "submit"]
    assert await trail(centre, "voicemail", message_id) == ["ticket"]
    async with centre.sessions() as session:
        assert (await session.get_one(TicketDraft, LEFT)).suggestions["region_code"]
        running = await session.scalars(select(TicketClock.name).where(TicketClock.ticket_id == made.id))
        assert "divert_by" in set(running)
        assert (await session.scalars(select(OutboxMessage))).all() == [], "nothing is promised unchecked"
    await centre.bus.settle()
    assert [change.state for change in centre.changes] == ["REGISTERED"]


async def test_told_many_times_it_is_made_once(centre: Centre, maker: MessageTickets, bus: LocalBus) -> None:
    message_id = await left(centre, *SAID)
    await maker.start()
    for _ in range(3):
        await bus.publish(MessageTranscribed(call_id=LEFT, message_id=message_id))
    await asyncio.gather(*(maker.make(message_id) for _ in range(3)))
    await bus.settle()
    await maker.close()
    assert len(await tickets(centre)) == 1


@pytest.mark.parametrize("said", [(), ("喂",), ("喂你好",), ("喂，你好！", "喂")])
async def test_what_says_nothing_makes_no_ticket_and_says_so(
    centre: Centre, maker: MessageTickets, said: tuple[str, ...]
) -> None:
    message_id = await left(centre, *said)
    assert await maker.make(message_id) is None
    assert (await message_row(centre, message_id)).state == "empty"
    assert await tickets(centre) == []
    assert await trail(centre, "voicemail", message_id) == ["no_ticket"]


@pytest.mark.parametrize("state", ["new", "unreadable", "heard"])
async def test_without_a_text_there_is_no_ticket(centre: Centre, maker: MessageTickets, state: str) -> None:
    message_id = await left(centre, state=state)
    assert await maker.make(message_id) is None
    assert (await message_row(centre, message_id)).state == state
    assert await maker.make(message_id + 1) is None


async def test_a_message_about_anything_is_a_ticket_of_no_category_yet(
    centre: Centre, maker: MessageTickets
) -> None:
    made = await maker.make(await left(centre, "麻烦看到留言给我回个电话谢谢"))
    assert made is not None
    assert made.category_code == "99" and made.title


async def test_the_second_message_of_a_call_joins_the_ticket(centre: Centre, maker: MessageTickets) -> None:
    first = await maker.make(await left(centre, *SAID))
    second_id = await left(centre, "还有学校门口的井盖也坏了")
    second = await maker.make(second_id)
    assert first is not None and second is not None and first.id == second.id
    (ticket,) = await tickets(centre)
    assert ticket.content.endswith("全都不亮，希望你们尽快派人来修\n还有学校门口的井盖也坏了")


async def test_the_agent_who_checks_it_sends_the_same_ticket_on(centre: Centre, maker: MessageTickets) -> None:
    message_id = await left(centre, *SAID)
    made = await maker.make(message_id)
    assert made is not None
    fields = lamp_fields(title="核对过的标题", urgency="URGENT")
    sent = await centre.desk.open_ticket(centre.agent, fields, call_id=LEFT, unit_id=centre.urban)
    again = await centre.desk.open_ticket(centre.other_agent, lamp_fields(), call_id=LEFT)
    assert (sent.id, again.id) == (made.id, made.id)
    (ticket,) = await tickets(centre)
    assert (ticket.state, ticket.title, ticket.unit_id) == ("DISPATCHED", "核对过的标题", centre.urban)
    assert (ticket.created_by, ticket.ticket_no) == (centre.agent.user_id, made.ticket_no)
    assert (await message_row(centre, message_id)).state == "checked"
    assert await trail(centre, "ticket", made.id) == ["draft", "submit", "check", "dispatch"]
    async with centre.sessions() as session:
        told = await session.scalars(select(OutboxMessage.kind).order_by(OutboxMessage.id))
        assert set(told) == {"sms", "unit_notice"}


async def test_clocks_that_no_longer_fit_begin_anew(centre: Centre, maker: MessageTickets) -> None:
    made = await maker.make(await left(centre, *SAID))
    assert made is not None
    centre.clock.move(seconds=600)
    await centre.desk.open_ticket(centre.agent, lamp_fields(appeal_type="REPORT"), call_id=LEFT)
    async with centre.sessions() as session:
        clocks = list(await session.scalars(select(TicketClock).where(TicketClock.ticket_id == made.id)))
    anew = {clock.name: clock for clock in clocks if clock.stopped_at is None}
    stopped = [clock for clock in clocks if clock.stopped_at is not None]
    assert stopped and all(clock.stopped_at == centre.clock.now() for clock in stopped)
    assert {"divert_by", "inform_by", "close_by"} <= anew.keys()
    assert anew["close_by"].started_at == made.submitted_at, "the citizen's time runs from the message"
    async with centre.sessions() as session:
        shown = (await ticket_view(session, centre.agent, made.id)).clocks
    assert sorted(clock.name for clock in shown) == sorted(anew)


async def test_one_answered_by_calling_back_is_closed_by_its_checker(
    centre: Centre, maker: MessageTickets
) -> None:
    made = await maker.make(await left(centre, *SAID))
    assert made is not None
    fields = lamp_fields(appeal_type="CONSULT")
    closed = await centre.desk.answer_on_line(centre.agent, fields, LEFT, None, "已回电答复。")
    assert (closed.id, closed.state, closed.close_reason) == (made.id, "CLOSED", "ANSWERED_ON_LINE")
    async with centre.sessions() as session:
        running = select(TicketClock).where(TicketClock.ticket_id == made.id, TicketClock.stopped_at.is_(None))
        assert (await session.scalars(running)).all() == []


async def test_a_late_message_of_a_call_that_has_its_ticket_hangs_on_to_it(
    centre: Centre, maker: MessageTickets
) -> None:
    made = await maker.make(await left(centre, *SAID))
    await centre.desk.open_ticket(centre.agent, lamp_fields(), call_id=LEFT)
    late = await left(centre, "补充一下是白泉村三组的路灯")
    assert made is not None
    await maker.make(late)
    row = await message_row(centre, late)
    assert (row.state, row.ticket_id) == ("checked", made.id)
    assert len(await tickets(centre)) == 1


async def test_the_ticket_belongs_to_the_jurisdiction_whose_line_it_was_left_on(
    centre: Centre, maker: MessageTickets
) -> None:
    made = await maker.make(await left(centre, *SAID))
    assert made is not None
    async with centre.sessions() as session:
        county = await session.scalar(select(Jurisdiction.id).where(Jurisdiction.code == "421223"))
        there = Actor(900, "本县分办员", frozenset({"DISPATCHER"}), None, frozenset({county or 0}))
        elsewhere = Actor(901, "外县分办员", frozenset({"DISPATCHER"}), None, frozenset({(county or 0) + 1}))
        assert made.jurisdiction_id == county
        assert (await ticket_view(session, there, made.id)).ticket_no == made.ticket_no
        with pytest.raises(NotAllowed):
            await ticket_view(session, elsewhere, made.id)


async def test_of_two_centres_neither_is_guessed(centre: Centre, maker: MessageTickets) -> None:
    async with centre.sessions.begin() as session:
        other = Jurisdiction(code="421200", name="咸宁市", level=2)
        session.add(other)
        await session.flush()
        session.add(Unit(code="c2", name="市中心", short_name="市中心", kind="CENTRE", jurisdiction_id=other.id))
    made = await maker.make(await left(centre, *SAID))
    assert made is not None and made.jurisdiction_id is None


CALLED_BACK = "01936f5e-0000-7000-8000-0000000ca11b"


async def called_back(centre: Centre) -> None:
    await add_call(
        centre.sessions, CALLED_BACK, centre.clock.now(), direction="out", agent_user_id=centre.agent.user_id
    )


async def test_calling_back_completes_the_message_s_ticket_instead_of_making_one_more(
    centre: Centre, maker: MessageTickets
) -> None:
    message_id = await left(centre, *SAID)
    made = await maker.make(message_id)
    await called_back(centre)
    fields = lamp_fields(title="回电核实过的标题")
    sent = await centre.desk.open_ticket(centre.agent, fields, CALLED_BACK, centre.urban, message_call=LEFT)
    again = await centre.desk.open_ticket(centre.agent, fields, CALLED_BACK, centre.urban, message_call=LEFT)
    checked = await centre.desk.open_ticket(centre.other_agent, fields, LEFT)
    assert made is not None
    assert {sent.id, again.id, checked.id} == {made.id}
    async with centre.sessions() as session:
        (ticket,) = await session.scalars(select(Ticket))
        steps = await session.scalars(select(AuditEvent).where(AuditEvent.action == "check"))
        assert [step.detail["call_back"] for step in steps] == [CALLED_BACK]
    assert (ticket.state, ticket.title, ticket.call_id) == ("DISPATCHED", "回电核实过的标题", LEFT)
    assert (await message_row(centre, message_id)).state == "checked"


async def test_two_who_complete_the_same_message_make_one_ticket(centre: Centre, maker: MessageTickets) -> None:
    await maker.make(await left(centre, *SAID))
    await called_back(centre)
    done = await asyncio.gather(
        centre.desk.open_ticket(centre.agent, lamp_fields(), CALLED_BACK, message_call=LEFT),
        centre.desk.open_ticket(centre.other_agent, lamp_fields(), LEFT),
        return_exceptions=True,
    )
    async with centre.sessions() as session:
        assert len(list(await session.scalars(select(Ticket)))) == 1
    refused = [each for each in done if isinstance(each, BaseException)]
    assert all(isinstance(each, Conflict) for each in refused)


async def test_what_somebody_else_has_checked_is_not_completed_again(
    centre: Centre, maker: MessageTickets
) -> None:
    await maker.make(await left(centre, *SAID))
    await called_back(centre)
    await centre.desk.open_ticket(centre.other_agent, lamp_fields(), LEFT, centre.urban)
    with pytest.raises(Conflict, match="已由他人核对"):
        await centre.desk.open_ticket(centre.agent, lamp_fields(), CALLED_BACK, message_call=LEFT)
    async with centre.sessions() as session:
        assert len(list(await session.scalars(select(Ticket)))) == 1
        draft = await session.get(TicketDraft, CALLED_BACK)
        assert draft is None or draft.submitted_ticket_id is None


async def test_the_talk_of_a_call_back_is_as_protected_as_its_ticket(
    centre: Centre, maker: MessageTickets
) -> None:
    await maker.make(await left(centre, *SAID))
    await called_back(centre)
    await centre.desk.open_ticket(centre.agent, lamp_fields(appeal_type="REPORT"), CALLED_BACK, message_call=LEFT)
    async with centre.sessions() as session:
        assert await barred_calls(session, centre.agent, [LEFT, CALLED_BACK]) == set()
        assert await barred_calls(session, centre.other_agent, [LEFT, CALLED_BACK]) == {LEFT, CALLED_BACK}

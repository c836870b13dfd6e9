"""From checked fields to a ticket row: defaults that the rules of domain.md give, references that must exist."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Article, Call, Category, Handoff, Region, Ticket, Unit, User
from tickets.actor import Actor
from tickets.clocks.sla import Profile
from tickets.errors import NotAllowed, NotFound, WrongState
from tickets.fields import ANONYMOUS, FieldErrors, TicketFields
from tickets.life.numbers import new_ticket_no

EMERGENCY_CATEGORY = "2501"
ELSEWHERE_CATEGORY = "2502"
CARRY_AWAY = ("emergency", "hotline")
"""Kinds of hand-off after which a matter is others': 110, 119, 120, 122 and other cities' 12345."""


async def lock_ticket(session: AsyncSession, ticket_id: int) -> Ticket:
    """The ticket, locked until the transaction ends (see `draft_row.lock_draft` on why it writes first)."""
    await session.execute(
        update(Ticket)
        .where(Ticket.id == ticket_id)
        .values(version=Ticket.version)
        .execution_options(synchronize_session=False)
    )
    ticket = await session.get(Ticket, ticket_id, populate_existing=True)
    if ticket is None:
        raise NotFound("没有找到这张工单。")
    return ticket


async def ticket_by_no(session: AsyncSession, ticket_no: str) -> Ticket:
    """Raises `NotFound`."""
    ticket = await session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no.strip()))
    if ticket is None:
        raise NotFound("没有找到这个编号的工单。")
    return ticket


LATELY = timedelta(days=1)
"""How old a call may be on which a citizen withdrew."""


async def last_call(session: AsyncSession, ticket: Ticket, now: datetime) -> str:
    """The last call from one of the ticket's numbers within a day, "" when there is none."""
    numbers = sorted({ticket.phone, ticket.phone_alt, ticket.caller_id} - {""})
    found = await session.scalar(
        select(Call.id)
        .where(Call.caller.in_(numbers), Call.started_at >= now - LATELY)
        .order_by(Call.started_at.desc())
        .limit(1)
    )
    return found or ""


def changed(ticket: Ticket, changes: Mapping[str, str]) -> TicketFields:
    """The ticket's fields with these in their place; raises `FieldErrors`."""
    kept = {name: getattr(ticket, name) for name in TicketFields.model_fields if hasattr(ticket, name)}
    return TicketFields.parse(kept | dict(changes))


async def find_call(session: AsyncSession, actor: Actor, call_id: str | None, holder: int | None) -> Call | None:
    """The call behind a submission. Its row may be missing (telephony away): the ticket is taken all the same.

    `holder` is the agent who kept the draft. Raises `NotAllowed` when the call is somebody else's.
    """
    call = await session.get(Call, call_id) if call_id else None
    if call is None or "SHIFT_LEAD" in actor.roles or call.agent_user_id is None:
        return call
    if actor.user_id not in (call.agent_user_id, holder):
        raise NotAllowed("这通电话由其他话务员接听，不能由您提交工单。")
    return call


async def check_category(session: AsyncSession, code: str) -> Category:
    """The leaf with this code; raises `FieldErrors`."""
    category = await session.get(Category, code)
    if category is None or category.parent_code is None:
        raise FieldErrors({"category_code": "请选择到二级问题分类。"})
    return category


async def check_unit(session: AsyncSession, unit_id: int) -> Unit:
    """A unit to which a ticket may be sent; raises `FieldErrors`."""
    unit = await session.get(Unit, unit_id)
    if unit is None or not unit.active:
        raise FieldErrors({"unit_id": "没有这个承办单位，或已停用。"})
    if unit.kind == "EMERGENCY":
        raise FieldErrors({"unit_id": f"{unit.short_name}不能派单，请使用“移交”。"})
    return unit


async def check_region(session: AsyncSession, code: str) -> None:
    if code and await session.scalar(select(Region.id).where(Region.code == code)) is None:
        raise FieldErrors({"region_code": "没有这个区划，请从列表中选择。"})


async def check_article(session: AsyncSession, article_id: str | None) -> str | None:
    if article_id and await session.get(Article, article_id) is None:
        raise FieldErrors({"article_id": "没有找到所选的知识，可能已下架。"})
    return article_id or None


async def check_handoff(session: AsyncSession, handoff_id: int, call_id: str | None) -> Handoff:
    """The hand-off that carries the matter away: 110 and the like or another city took it.

    Raises `NotFound`, and `WrongState` for one that nobody took, or that goes to a unit or a seat: the matter is
    still the centre's then.
    """
    handoff = await session.get(Handoff, handoff_id)
    if handoff is None or (call_id and handoff.call_id != call_id):
        raise NotFound("没有找到这通电话的移交记录，请先完成移交。")
    if handoff.target_kind not in CARRY_AWAY:
        raise WrongState("转给承办单位或坐席的电话不能登记为移交，请选择派单、登记或直接答复。")
    if handoff.result != "accepted":
        raise WrongState(f"{handoff.target}没有接听，或又转了回来，还不能登记为移交。请重新移交，接听后再提交。")
    return handoff


async def jurisdiction_of(session: AsyncSession, actor: Actor, unit: Unit | None) -> int | None:
    if unit is not None:
        return unit.jurisdiction_id
    if actor.user_id is None:
        return await own_jurisdiction(session)
    return await session.scalar(select(User.jurisdiction_id).where(User.id == actor.user_id))


async def own_jurisdiction(session: AsyncSession) -> int | None:
    """Whose line it is that the house itself answers: the centre's; None when there is not exactly one centre.

    No table says which line belongs to which centre yet.
    """
    found = set(await session.scalars(select(Unit.jurisdiction_id).where(Unit.kind == "CENTRE", Unit.active)))
    return found.pop() if len(found) == 1 else None


def procedure_for(fields: TicketFields, category: Category) -> str:
    """The agent's choice, else the category's; what is opened as a ticket is no longer immediate.

    Reports always need investigation (domain.md 2.4, choosing the procedure).
    """
    chosen = fields.procedure or ("ORDINARY" if fields.appeal_type == "REPORT" else category.procedure)
    return "ORDINARY" if chosen == "ORDINARY" else "SIMPLE"


async def add_ticket(
    session: AsyncSession,
    fields: TicketFields,
    *,
    category: Category,
    actor: Actor,
    call: Call | None,
    now: datetime,
    profile: Profile,
    jurisdiction_id: int | None,
    channel: str = "PHONE",
) -> Ticket:
    """A new row with the defaults of domain.md; it has its id, and no state before its first step (T01)."""
    caller = call.caller if call is not None else ""
    ticket = Ticket(
        ticket_no=new_ticket_no(now),
        state="",
        channel=channel,
        caller_id=caller,
        procedure=procedure_for(fields, category),
        call_id=call.id if call is not None else None,
        jurisdiction_id=jurisdiction_id,
        sla_profile_id=profile.row_id,
        created_by=actor.user_id,
        received_at=call.started_at if call is not None else now,
        submitted_at=now,
        **elements(fields, caller),
    )
    session.add(ticket)
    await session.flush()
    return ticket


def elements(fields: TicketFields, caller: str) -> dict[str, Any]:
    """The columns that the fields give: reports protect the reporter, confidential is not public."""
    confidential = fields.confidential or ("REPORTER" if fields.appeal_type == "REPORT" else "NONE")
    tags = list(fields.tags)
    if fields.is_enterprise and "涉企" not in tags:
        tags.append("涉企")
    return {
        "appeal_type": fields.appeal_type,
        "appellant_name": fields.appellant_name or ANONYMOUS,
        "gender": fields.gender,
        "is_enterprise": fields.is_enterprise,
        "company": fields.company,
        "phone": fields.phone or caller,
        "phone_alt": fields.phone_alt,
        "confidential": confidential,
        "occurred_at": fields.occurred_at,
        "occurred_text": fields.occurred_text,
        "place_text": fields.place_text,
        "region_code": fields.region_code,
        "lat": fields.lat,
        "lng": fields.lng,
        "subject": fields.subject,
        "title": fields.title,
        "content": fields.content,
        "demand": fields.demand,
        "category_code": fields.category_code,
        "urgency": fields.urgency or "GENERAL",
        "tags": tags,
        "is_public": fields.is_public and confidential == "NONE",
    }

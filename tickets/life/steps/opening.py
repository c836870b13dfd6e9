"""From nothing to a registered ticket, or settled on the call: T01 to T06, and the check of a message's ticket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import update

from db.models import Call, Category, Voicemail
from tickets.clocks.rules import ClockRule
from tickets.clocks.timing import matter_of
from tickets.fields import FIELD_NAMES, FieldErrors, TicketFields, check_open
from tickets.life import intake, notices
from tickets.life.act import Act, Plan, Said, worded
from tickets.states import DECLINE_CODES


@dataclass(frozen=True, slots=True)
class Opened:
    """T01: the call behind the ticket, and what else the trail should know."""

    call_id: str = ""
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """T05. `silent`: why the citizen is not told now; `close_rule` replaces the profile's for close_by."""

    reason: str = ""
    silent: str = ""
    close_rule: ClockRule | None = None
    detail: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """T02, T03: `finish` fills the row and gives the trail's reason."""

    finish: Callable[[Act], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Declined:
    """T04: code of domain.md 2.8, and what the citizen was told."""

    code: str
    told: str


@dataclass(frozen=True, slots=True)
class SentBack:
    """T06: which elements are missing, and what the dispatcher says about them."""

    missing: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """T06b and the check of a message: the fields as they are now."""

    fields: TicketFields
    category: Category
    call: Call | None = None


async def _opened(act: Act, data: Opened) -> Said:
    detail: dict[str, object] = {"call_id": data.call_id}
    if data.message_id is not None:
        detail["message_id"] = data.message_id
    return Said(detail=detail)


async def _submitted(act: Act, data: Submitted) -> Said:
    act.ticket.submitted_at = act.now
    await act.timing.submitted(act.ticket, act.now, data.close_rule)
    return Said(data.reason, dict(data.detail))


async def _tell_opened(act: Act, data: Submitted) -> str:
    if data.silent:
        return data.silent
    return notices.tell_citizen(act.session, act.ticket, act.now, notices.opened(act.ticket), "opened")


async def _settle(act: Act, data: Settled) -> Said:
    return Said(await data.finish(act))


async def _told_on_call(act: Act, data: Settled) -> str:
    return "已在通话中当面告知"


async def _may_decline(act: Act, data: Declined) -> None:
    if data.code not in DECLINE_CODES or data.code == "NA10":
        raise FieldErrors({"decline_code": "请选择不予受理的原因。"})
    worded("told", data.told, "已告知的依据和途径", least=1, most=4000)


async def _decline(act: Act, data: Declined) -> Said:
    act.ticket.decline_code, act.ticket.answer_text = data.code, data.told.strip()
    return Said(f"{DECLINE_CODES[data.code]}；已告知：{data.told.strip()}")


async def _tell_declined(act: Act, data: Declined) -> str:
    text = notices.declined(act.ticket, DECLINE_CODES[data.code])
    return notices.tell_citizen(act.session, act.ticket, act.now, text, "declined")


async def _names_missing(act: Act, data: SentBack) -> None:
    if not data.missing or not set(data.missing) <= FIELD_NAMES.keys():
        raise FieldErrors({"missing": "请选择缺少的要素。"})
    worded("note", data.note, "退回说明", least=0)


async def _sent_back(act: Act, data: SentBack) -> Said:
    names = "、".join(FIELD_NAMES[name] for name in data.missing)
    note = f"；{data.note.strip()}" if data.note.strip() else ""
    return Said(f"缺少：{names}{note}", {"missing": list(data.missing)})


async def _complete(act: Act, data: Fields) -> None:
    check_open(data.fields, act.ticket.caller_id)


async def _put_fields(act: Act, data: Fields) -> Said:
    """The new fields take the place of the old; clocks that no longer fit the matter begin anew as of then."""
    ticket = act.ticket
    before = matter_of(ticket)
    for name, value in intake.elements(data.fields, ticket.caller_id).items():
        setattr(ticket, name, value)
    ticket.procedure = intake.procedure_for(data.fields, data.category)
    if matter_of(ticket) != before:
        await act.timing.stop(ticket, act.now)
        await act.timing.submitted(ticket, ticket.submitted_at or act.now)
    return Said()


async def _checked(act: Act, data: Fields) -> Said:
    ticket, call = act.ticket, data.call
    caller = ticket.caller_id
    if call is not None:
        ticket.caller_id = call.caller
    await _put_fields(act, data)
    ticket.caller_id = caller
    ticket.created_by = act.actor.user_id
    await act.session.execute(update(Voicemail).where(Voicemail.ticket_id == ticket.id).values(state="checked"))
    called_back = {"call_back": call.id} if call is not None and call.id != ticket.call_id else {}
    return Said(detail=dict(called_back))


PLANS: dict[
    str, Plan[Opened] | Plan[Settled] | Plan[Declined] | Plan[Submitted] | Plan[SentBack] | Plan[Fields]
] = {
    "T01": Plan(Opened, write=_opened),
    "T02": Plan(Settled, write=_settle, tell=_told_on_call),
    "T03": Plan(Settled, write=_settle, tell=_told_on_call),
    "T04": Plan(Declined, guard=_may_decline, write=_decline, tell=_tell_declined),
    "T05": Plan(Submitted, write=_submitted, tell=_tell_opened),
    "T05c": Plan(Fields, write=_checked),
    "T06": Plan(SentBack, guard=_names_missing, write=_sent_back),
    "T06b": Plan(Fields, guard=_complete, write=_put_fields),
}

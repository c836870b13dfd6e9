"""What the house does when a clock's lamp changes or a late ticket stays late; each once for each clock."""

from __future__ import annotations

from db.models import TicketClock, Urge
from runtime.clock import local
from tickets.clocks.lamps import OF_UNITS, Stage, is_due, open_stages
from tickets.clocks.rules import NAMES, Lamp
from tickets.life import notices
from tickets.life.act import Act
from tickets.life.beside import noted
from tickets.life.supervisions import WITH_UNIT, open_of, supervise
from tickets.states import State


async def look_after(act: Act) -> list[tuple[str, Stage]]:
    """Everything that is due on this locked ticket: marks and notices in one transaction.

    Returns what was done, as (clock, stage). Acts in the name of the house.
    """
    done: list[tuple[str, Stage]] = []
    late = act.policy.late
    for clock in await act.timing.running(act.ticket):
        for stage, at in open_stages(clock, act.timing.calendar, late):
            if is_due(stage, at, act.now):
                setattr(clock, stage.value, act.now)
                await _do(act, clock, stage)
                done.append((clock.name, stage))
    await act.session.flush()
    await act.timing.look(act.ticket, act.now)
    return done


async def _do(act: Act, clock: TicketClock, stage: Stage) -> None:
    match stage:
        case Stage.YELLOW:
            _lamp(act, clock, Lamp.YELLOW)
        case Stage.RED:
            _lamp(act, clock, Lamp.RED)
        case Stage.REMINDED:
            name = NAMES[clock.name]
            text = f"【12345热线】书面通知：工单{act.ticket.ticket_no}超过{name}时限，请说明情况并立即办理。"
            _tell(act, clock, "remind", text)
            noted(act, "remind", f"超过{name}时限", clock=clock.name)
        case Stage.SUPERVISED:
            if await open_of(act) is None and act.ticket.unit_id is not None:
                await supervise(act, 1, f"超过{NAMES[clock.name]}时限仍未办结")


def _lamp(act: Act, clock: TicketClock, lamp: Lamp) -> None:
    """One notice for each lamp. After an outage both may be due at once: the first one's words stay true then."""
    ticket, name = act.ticket, NAMES[clock.name]
    due = f"{local(clock.due_at):%m月%d日%H:%M}"
    how = f"已超过{name}时限（{due}）" if lamp is Lamp.RED else f"的{name}时限为{due}"
    about = f"lamp_{lamp.value.lower()}"
    _tell(act, clock, about, f"【12345热线】工单{ticket.ticket_no}{how}，请抓紧办理。")
    noted(act, about, f"{name}时限{due}", clock=clock.name, round=clock.round)
    urges = lamp is Lamp.RED or act.policy.late.urge_at == "YELLOW"
    if urges and _is_with_unit(act, clock):
        act.session.add(Urge(ticket_id=ticket.id, at=act.now, cause=lamp.value, note=f"{name}时限"))


def _is_with_unit(act: Act, clock: TicketClock) -> bool:
    return clock.name in OF_UNITS and act.ticket.unit_id is not None and State(act.ticket.state) in WITH_UNIT


def _tell(act: Act, clock: TicketClock, about: str, text: str) -> None:
    """Whoever the clock runs against: the unit that has the ticket, else the centre."""
    unit = act.ticket.unit_id
    if unit is not None and _is_with_unit(act, clock):
        notices.tell_unit(act.session, act.ticket, unit, act.now, about, text)
    else:
        notices.tell_centre(act.session, act.ticket, act.now, about, text)

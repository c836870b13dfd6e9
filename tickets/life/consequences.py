"""What the house does by itself when a step has been taken, in the same transaction."""

from __future__ import annotations

from db.models import Unit
from tickets.life.act import Act
from tickets.life.assists import assist_done
from tickets.life.supervisions import open_of, supervise
from tickets.life.writer import apply

KEY = 2
"""Level of supervision for a matter that two second handlings have not solved."""


async def after(act: Act, transition_id: str) -> None:
    """A second handling goes to its unit, an assist is closed, a matter handled too often is supervised."""
    house = act.of_house()
    if transition_id in ("T21", "T26"):
        await _redispatch(house)
    elif transition_id == "T18" and act.ticket.nature == "ASSIST":
        await assist_done(house)
    elif transition_id == "T20" and act.ticket.reworks >= act.policy.rework.limit:
        order = await open_of(house)
        if order is None or order.level < KEY:
            await supervise(house, KEY, f"已重办{act.ticket.reworks}次，诉求人仍不满意")


async def _redispatch(act: Act) -> None:
    """T23; where the unit is no more, the ticket waits in REWORK for a dispatcher."""
    unit = await act.session.get(Unit, act.ticket.unit_id) if act.ticket.unit_id else None
    if unit is not None and unit.active:
        await apply(act, "T23")

"""What the house does by itself when a step has been taken, in the same transaction."""

from __future__ import annotations

from tickets.errors import WrongState
from tickets.life.act import Act
from tickets.life.writer import apply


async def after(act: Act, transition_id: str) -> None:
    """A second handling goes to the same unit at once (T23)."""
    if transition_id in ("T21", "T26"):
        await _redispatch(act.of_house())


async def _redispatch(act: Act) -> None:
    try:
        await apply(act, "T23")
    except WrongState:
        # The unit is no more: the ticket waits in REWORK for a dispatcher.
        return

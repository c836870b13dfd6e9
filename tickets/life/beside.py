"""Small state machines beside a ticket's main state: a table for each, one function that applies them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tickets.actor import Actor
from tickets.errors import WrongState
from tickets.life.act import Act
from tickets.life.trail import check_four_eyes, note_beside
from tickets.permissions import require
from tickets.states import BESIDE

Machine = Mapping[str, frozenset[str]]
"""State -> the states to which it leads."""


class Stated(Protocol):
    """A row that has a state."""

    state: Any


def _leads(**to: str) -> Machine:
    return {state: frozenset(targets.split()) for state, targets in to.items()}


EXTENSION = _leads(ASKED="SIGNED REFUSED LAPSED", SIGNED="GRANTED REFUSED LAPSED")
RETURN = _leads(ASKED="PUT DROPPED", PUT="APPROVED REFUSED DESIGNATED")
SUSPENSION = _leads(ASKED="RUNNING REFUSED", RUNNING="ENDED")
CO_HANDLING = _leads(RUNNING="DONE WAIVED")
SUPERVISION = _leads(OPEN="ANSWERED CLOSED RAISED", ANSWERED="CLOSED RAISED")

NAMES: dict[str, str] = {
    "ASKED": "已申请",
    "SIGNED": "单位已同意",
    "GRANTED": "已批准",
    "REFUSED": "未批准",
    "LAPSED": "逾期未批",
    "PUT": "待中心审核",
    "DROPPED": "单位未同意",
    "APPROVED": "已同意退单",
    "DESIGNATED": "已指定承办",
    "RUNNING": "进行中",
    "ENDED": "已结束",
    "DONE": "已办结",
    "WAIVED": "已免予协办",
    "OPEN": "待答复",
    "ANSWERED": "已答复",
    "CLOSED": "已办结",
    "RAISED": "已提级",
}


def move(row: Stated, machine: Machine, to: str, what: str) -> None:
    """Set the row's state; raises `WrongState` quoting both sides where nothing leads there."""
    now = str(row.state)
    if to not in machine.get(now, frozenset()):
        sources = "、".join(NAMES[state] for state, leads in machine.items() if to in leads)
        raise WrongState(f"不能{what}：现在是“{NAMES[now]}”，只有“{sources}”的可以{what}。")
    row.state = to


async def allowed(act: Act, action: str) -> None:
    """Permission and four eyes for an act of `states.BESIDE`; raises `NotAllowed`."""
    require(act.actor, BESIDE[action].permission, act.ticket)
    await check_four_eyes(act.session, act.ticket, act.actor, action)


def noted(act: Act, action: str, reason: str = "", **detail: Any) -> None:
    """The act's row in the trail."""
    note_beside(act.session, act.ticket, act.actor, act.now, action, reason, **detail)


def is_house(actor: Actor) -> bool:
    """Whether this is the system itself."""
    return actor.user_id is None and "SYSTEM" in actor.roles

"""One actor's act on one locked ticket, and how a row of the table of transitions is carried out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Ticket
from tickets.actor import SYSTEM, Actor
from tickets.clocks.policy import Policy
from tickets.clocks.reckoning import Kind
from tickets.clocks.timing import Timing
from tickets.errors import WrongState
from tickets.fields import FieldErrors, storable
from tickets.states import CloseReason

D = TypeVar("D")
FEWEST = 4
"""Characters of a reason that says something."""


@dataclass(frozen=True, slots=True)
class Act:
    """Within one transaction; the ticket is locked until its end."""

    session: AsyncSession
    timing: Timing
    actor: Actor
    ticket: Ticket
    now: datetime

    @property
    def policy(self) -> Policy:
        return self.timing.profile.policy

    def of_house(self) -> Act:
        """What the house does in consequence, in its own name."""
        timing = Timing(self.session, self.timing.calendar, self.timing.profile)
        return replace(self, actor=SYSTEM, timing=timing)

    def on(self, ticket: Ticket) -> Act:
        """The same act on another locked ticket."""
        return replace(self, ticket=ticket)


@dataclass(frozen=True, slots=True)
class Nothing:
    """A step that needs no more than its name."""


NOTHING = Nothing()


@dataclass(frozen=True, slots=True)
class Said:
    """What the trail says of a step. `close_reason` replaces the table's."""

    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    close_reason: CloseReason | None = None


@dataclass(frozen=True, slots=True)
class Happens:
    """What a step does to a clock. `RESTART` also starts one that never ran."""

    kind: Kind
    clock: str


async def _free(act: Act, data: Any) -> None:
    """No guard beyond state, permission and four eyes."""


async def _silent(act: Act, data: Any) -> Said:
    return Said()


@dataclass(frozen=True, slots=True)
class Plan(Generic[D]):
    """How one transition is carried out.

    `guard` raises a `TicketError` and writes nothing; `write` makes the rows beside the ticket; `tell` queues
    notices and returns "" or why the citizen gets none. A step that ends a ticket must tell.
    """

    data: type[D]
    guard: Callable[[Act, D], Awaitable[None]] = _free
    write: Callable[[Act, D], Awaitable[Said]] = _silent
    clocks: tuple[Happens, ...] = ()
    tell: Callable[[Act, D], Awaitable[str]] | None = None


def worded(name: str, text: str, label: str, *, least: int = FEWEST, most: int = 500) -> str:
    """The trimmed text; raises `FieldErrors` when it says too little or too much, or cannot be kept."""
    text = text.strip()
    if len(text) < least:
        raise FieldErrors({name: f"请写明{label}（至少{least}个字）。" if least > 1 else f"请填写{label}。"})
    if len(text) > most:
        raise FieldErrors({name: f"{label}最多{most}个字。"})
    if not storable(text):
        raise FieldErrors({name: f"{label}：填写的内容不对。"})
    return text


def chosen(name: str, code: str, among: dict[str, str], label: str) -> str:
    """The code if the list has it; raises `FieldErrors`."""
    if code not in among:
        raise FieldErrors({name: f"请选择{label}。"})
    return code


def refuse(sentence: str) -> WrongState:
    """A refusal because of how the ticket stands."""
    return WrongState(sentence)

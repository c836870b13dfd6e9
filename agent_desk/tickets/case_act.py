"""An act on a ticket after its submission: its name, who may, what its form asks, what it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent_desk.tickets.case_forms import Plain
from agent_desk.web.inputs import Input
from agent_desk.web.permissions import Permission
from db.models import Ticket
from tickets.actor import Actor
from tickets.desk import TicketDesk
from tickets.states import State

Do = Callable[[TicketDesk, Actor, int, Any], Awaitable[Ticket]]
UNITS = "units"
"""Stands for the list of units that may be sent tickets."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an act's form. `choices`: code to name, or `UNITS`; without any it is typed."""

    name: str
    label: str
    choices: Mapping[str, str] | str = ""
    long: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class CaseAct:
    """`permission` opens the route, `matrix` (domain.md 6.3) decides on this ticket, whose states are `when`.

    `waits` names what must be waiting, as (table, state).
    """

    key: str
    label: str
    permission: Permission
    matrix: str
    when: frozenset[State]
    do: Do
    takes: type[Input] = Plain
    fields: tuple[Field, ...] = ()
    waits: tuple[type[Any], str] | None = None
    hint: str = field(default="", kw_only=True)
    only: Callable[[Ticket], bool] = field(default=lambda ticket: True, kw_only=True)
    """For which tickets in these states it has a meaning at all."""

"""Hiding who complained: names, numbers and what would give them away in free text (domain.md 2.10)."""

from __future__ import annotations

import re
from typing import Any

from db.models import Ticket
from tickets.actor import Actor
from tickets.fields import ANONYMOUS
from tickets.permissions import UNIT_ROLES, may

HIDDEN = "保密"
"""What stands where something is hidden, as in the public exports of other cities."""


def may_see_identity(actor: Actor, ticket: Ticket) -> bool:
    """Whether this actor sees the appellant's name and numbers on this ticket."""
    if ticket.confidential == "REPORTER":
        return may(actor, "see_reporter", ticket)
    if ticket.confidential == "HIDE_FROM_UNIT":
        return may(without_unit_roles(actor), "see_identity", ticket)
    return may(actor, "see_identity", ticket)


def without_unit_roles(actor: Actor) -> Actor:
    """The same person without what handling units may."""
    if not actor.roles & UNIT_ROLES:
        return actor
    return Actor(actor.user_id, actor.name, actor.roles - UNIT_ROLES, None, actor.jurisdictions)


def may_hear_recording(actor: Actor, ticket: Ticket) -> bool:
    """A voice is an identity too: the recording follows both permissions."""
    return may_see_identity(actor, ticket) and may(actor, "play_recording", ticket)


def mask_phone(number: str) -> str:
    """139****5678; shorter numbers keep two digits at each end."""
    if not number:
        return ""
    keep = (3, 4) if len(number) >= 10 else (1, 2)
    return number[: keep[0]] + "*" * max(len(number) - sum(keep), 2) + number[-keep[1] :]


def mask_text(text: str, ticket: Ticket) -> str:
    """Free text without the appellant's name, company, and any telephone number."""
    for secret in sorted(
        {ticket.appellant_name, ticket.company, ticket.phone, ticket.phone_alt, ticket.caller_id},
        key=len,
        reverse=True,
    ):
        if len(secret) > 1 and secret != ANONYMOUS:
            text = text.replace(secret, HIDDEN)
    return re.sub(r"(?<!\d)(?:1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}-?\d{7,8})(?!\d)", HIDDEN, text)


def listed_title(actor: Actor, ticket: Ticket) -> str:
    """The title as this actor may read it in a list: as on the ticket's own page."""
    if ticket.confidential == "NONE" or may_see_identity(actor, ticket):
        return ticket.title
    return mask_text(ticket.title, ticket)


def masked(ticket: Ticket, values: dict[str, Any], *, strictly: bool) -> dict[str, Any]:
    """These values of the ticket with the identity hidden; `strictly` leaves not even parts of numbers."""
    out = dict(values)
    for name in ("appellant_name", "company"):
        if out.get(name) and out[name] != ANONYMOUS:
            out[name] = HIDDEN if strictly else out[name][0] + "*" * (len(out[name]) - 1)
    for name in ("phone", "phone_alt", "caller_id"):
        if out.get(name):
            out[name] = HIDDEN if strictly else mask_phone(out[name])
    if strictly:
        out["gender"] = ""
        for name in ("title", "content", "demand", "answer_text"):
            out[name] = mask_text(out.get(name) or "", ticket)
    return out

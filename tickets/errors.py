"""What the ticket room refuses, in Chinese for the person at the desk."""

from __future__ import annotations


class TicketError(Exception):
    """A refusal that a person can act on; `message` is shown as it is."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(TicketError):
    """No such ticket, unit, category or hand-off."""


class NotAllowed(TicketError):
    """The actor's roles or unit do not permit this."""


class WrongState(TicketError):
    """The ticket is not in a state from which this step leads."""


class Conflict(TicketError):
    """Somebody else changed the ticket in between."""

"""What can go wrong between us and Asterisk, as types that a caller can tell apart."""

from __future__ import annotations


class AmiError(Exception):
    """Base of all faults of the link to Asterisk."""


class AmiDown(AmiError):
    """There is no link, or it broke before the answer came: the action may or may not have been done.

    It is never sent again by the link itself: an old Originate would make a phone ring once more.
    """


class AmiTimeout(AmiDown):
    """Asterisk did not answer this action within its bound."""


class AmiRefused(AmiError):
    """Asterisk answered "Error"; `message` is its own English text (for logs, not for people)."""

    def __init__(self, action: str, message: str) -> None:
        super().__init__(f"Asterisk refused {action}: {message}")
        self.action = action
        self.message = message


class AmiLoginRefused(AmiError):
    """User name or secret is wrong, or this address may not connect: a person must act."""


class AmiBadValue(AmiError, ValueError):
    """A header or value holds CR, LF or NUL and would have smuggled headers into the action."""

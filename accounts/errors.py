"""Why an account or a unit cannot be changed: for people in Chinese, for the command line by its kind."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What is wrong."""

    UNKNOWN = "unknown"
    """There is no such account or unit."""
    CHANGED = "changed"
    """Somebody else changed it since it was read."""
    LOGIN = "login"
    LOGIN_TAKEN = "login_taken"
    NAME = "name"
    NAME_TAKEN = "name_taken"
    ROLES = "roles"
    UNIT = "unit"
    SEAT = "seat"
    SEAT_TAKEN = "seat_taken"
    SEATS_FULL = "seats_full"
    IN_CALL = "in_call"
    """The seat has a call, or the work after one."""
    LAST_ADMIN = "last_admin"
    SKILLS = "skills"
    STATE = "state"
    """It is already what it should become."""
    TREE = "tree"
    """The units would be no tree of four levels any more."""
    IN_USE = "in_use"
    """Open tickets, accounts or lower units depend on the unit."""
    CODE = "code"
    """A second factor's code is wrong, used or too old."""


class Refusal(Exception):
    """A change that cannot be made. `field` names what to mend, "" for the whole."""

    def __init__(self, fault: Fault, message: str, field: str = "") -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message
        self.field = field

"""One AMI action: refuses smuggled headers, knows by itself when its answer is complete, always ends.

panoramisk guesses from the answer's text whether more is to come, and then waits for ever where a list
action is refused or a queue member is added. Here whoever asks says what kind of answer is expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from panoramisk import actions
from panoramisk.message import Message

from calls.asterisk.ami_errors import AmiBadValue

_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_FORBIDDEN = re.compile(r"[\r\n\0]")

Value = str | int | Sequence[str]


class Expect(Enum):
    """What makes an answer complete."""

    ONE = "one response"
    LIST = "a response, then events until the one with EventList: Complete"
    ORIGINATE = "a response, then OriginateResponse"


def checked(fields: Mapping[str, Value]) -> dict[str, str | list[str]]:
    """The headers of an action as text. Raises AmiBadValue for CR, LF or NUL anywhere."""
    clean: dict[str, str | list[str]] = {}
    for key, value in fields.items():
        if not _HEADER.fullmatch(key):
            raise AmiBadValue(f"{key!r} is not a header name")
        values = [str(value)] if isinstance(value, str | int) else [str(item) for item in value]
        for item in values:
            if _FORBIDDEN.search(item):
                raise AmiBadValue(f"the value of {key} holds a line break")
        clean[key] = values[0] if isinstance(value, str | int) else values
    return clean


class Action(actions.Action):  # type: ignore[misc]  # panoramisk is untyped
    """An action on its way; `future` gets the list of messages that answer it."""

    def __init__(self, fields: Mapping[str, Value], expect: Expect) -> None:
        super().__init__(checked(fields))
        self.expect = expect

    def __str__(self) -> str:
        # "Action" first: Asterisk takes any order, people reading a trace do not.
        lines = [f"Action: {self['Action']}"]
        for key, value in self.items():
            if key.lower() != "action":
                lines += [f"{key}: {item}" for item in (value if isinstance(value, list) else [value])]
        return "\r\n".join(lines) + "\r\n\r\n"

    def add_message(self, message: Message) -> bool:
        """Take one message of the answer; True when the answer is complete."""
        self.responses.append(message)
        done = self._complete(message)
        if done and not self.future.done():
            self.future.set_result(list(self.responses))
        return done

    def _complete(self, message: Message) -> bool:
        if self.expect is Expect.ONE:
            return "Response" in message and "Event" not in message
        if "Response" in message and "Event" not in message:
            return bool(message["Response"] == "Error")
        if self.expect is Expect.ORIGINATE:
            return bool(message.get("Event") == "OriginateResponse")
        return str(message.get("EventList", "")).lower() in ("complete", "cancelled")

    def fail(self, error: Exception) -> None:
        """End the wait with this error; unheard errors must not be reported as never retrieved."""
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()


def header(message: Mapping[str, Any], key: str) -> str:
    """A header's value as text, "" when absent; the first one when it is repeated."""
    value = message.get(key, "")
    if isinstance(value, list):
        value = value[0] if value else ""
    return "" if value in ("<unknown>", "<null>") else str(value)


def variables(message: Mapping[str, Any], key: str = "ChanVariable") -> dict[str, str]:
    """Channel variables that `channelvars` in manager.conf adds to events, as a plain mapping."""
    raw = message.get(key, [])
    found: dict[str, str] = {}
    for item in raw if isinstance(raw, list) else [raw]:
        name, equals, value = str(item).partition("=")
        if equals:
            found[name] = value
    return found

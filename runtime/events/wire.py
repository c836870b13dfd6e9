"""Events as lines of JSON, for the bus between processes."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from runtime.events.event import REGISTRY, Event

_ADAPTERS: dict[str, TypeAdapter[Event]] = {}


def _adapter(kind: type[Event]) -> TypeAdapter[Event]:
    """Building an adapter takes a millisecond: one a kind is kept."""
    if kind.__name__ not in _ADAPTERS:
        _ADAPTERS[kind.__name__] = TypeAdapter(kind)
    return _ADAPTERS[kind.__name__]


def to_json(event: Event) -> bytes:
    """One line of JSON: the event's fields and its name under "event"."""
    body = _adapter(type(event)).dump_python(event, mode="json")
    body["event"] = type(event).__name__
    return TypeAdapter(dict[str, Any]).dump_json(body)


def from_json(line: bytes | str) -> Event | None:
    """The event in this line, or None when its kind is unknown here. Raises ValueError on broken input."""
    body = TypeAdapter(dict[str, Any]).validate_json(line)
    kind = REGISTRY.get(str(body.pop("event", "")))
    return _adapter(kind).validate_python(body) if kind else None

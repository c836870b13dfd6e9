"""The base of all events, and the register of their kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REGISTRY: dict[str, type[Event]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events. `call_id` is "" where no call is concerned.

    `node` is where it happened, "" for what concerns no node in particular (and for what older processes say).
    An event that asks for something is for this node; with "" for any.
    """

    call_id: str = ""
    node: str = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # No zero-argument super() here: slots=True rebuilds the class and would break its cell.
        REGISTRY[cls.__name__] = cls

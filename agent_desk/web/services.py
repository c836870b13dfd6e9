"""What the desk needs of the other rooms, handed in by whoever starts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from calls.nodes.places import Places
from db.session import Sessions
from kb.view import ArticleView
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import Answer
from runtime.settings import Settings
from tickets.desk import TicketDesk


class Control(Protocol):
    """Call control as the desk sees it: `calls.acts.client.ControlClient`, or a fake in tests."""

    async def do(
        self, action: str, *, actor: str, call_id: str = "", timeout: float = 5.0, **args: Any
    ) -> dict[str, Any]:
        """Raises `calls.acts.client.ControlRefused` (Chinese reason) or `ControlTimeout`."""
        ...


class Knowledge(Protocol):
    """The knowledge index as the desk sees it: `kb.index.KnowledgeIndex`, or a fake in tests."""

    async def search(self, text: str, *, limit: int = 8, spoken: bool = False) -> list[Answer]: ...
    async def get(self, article_id: str) -> ArticleView: ...

    """Raises `kb.view.UnknownArticle`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskServices:
    """Collaborators of the desk."""

    settings: Settings
    sessions: Sessions
    bus: Bus
    clock: Clock
    control: Control
    tickets: TicketDesk
    kb: Knowledge
    places: Places | None = None
    """Which nodes there are; None where there is one and it is here."""


SERVICES = web.AppKey("services", DeskServices)


def services(request: web.Request) -> DeskServices:
    """The collaborators, from a request."""
    return request.config_dict[SERVICES]

"""Who hears what of the bus: one subscription serves the live links of all pages (`page_socket.py`).

A link carries only what concerns the person behind it. A page that cannot keep up is cut off: it reconnects
and reads the whole state again, which is quicker than the backlog.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from aiohttp import web
from sqlalchemy import select

from agent_desk.live.concerns import (
    BOARD,
    KINDS,
    OF_A_NODE,
    audience,
    board_payload,
    payload,
    seat_topic,
    topics_of,
)
from agent_desk.live.links import Link
from agent_desk.live.live_calls import LiveCalls
from agent_desk.web.services import Control
from agent_desk.web.web_sessions import Identity
from calls.acts.client import ControlRefused, ControlTimeout, NodeAway
from calls.asterisk.queues import DEFAULT_QUEUE, QUEUES
from calls.nodes.places import NodeState, Places
from db.models import AgentSession, Call, User
from db.session import Sessions
from runtime.background import Background
from runtime.bus import Bus, Unsubscribe
from runtime.clock import Clock
from runtime.events import CallRinging, CallStarted, Event, QueueChanged, SeatTaken, TelephonyStale
from tickets.actor import Actor

log = logging.getLogger(__name__)

SIGN_OUT_S = 2.0
"""A log-out waits for call control no longer than this."""


class Cards(Protocol):
    """What is known of callers, read ahead when a call begins."""

    def expect(self, call_id: str, number: str) -> None: ...

    def take(self, call_id: str, actor: Actor) -> dict[str, Any] | None: ...

    async def close(self) -> None: ...


class Boards(Protocol):
    """Who shows boards the floor as it is."""

    def join(self, watcher: Link) -> None: ...

    def leave(self, watcher: Link) -> None: ...


class LiveHub:
    """All pages' links, fed by the bus. `boards` is set by whoever follows the floor."""

    def __init__(
        self,
        bus: Bus,
        sessions: Sessions,
        clock: Clock,
        control: Control,
        cards: Cards,
        places: Places | None = None,
    ) -> None:
        self.places = places
        self._bus = bus
        self._sessions = sessions
        self._clock = clock
        self._control = control
        self._links: set[Link] = set()
        self._background = Background()
        self._beating: set[str] = set()
        self._unsubscribe: Unsubscribe | None = None
        self._cards = cards
        self.calls = LiveCalls()
        self.boards: Boards | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._on_event, *KINDS)
        if self.places is not None:
            self.places.on_change(self._node_changed)
        async with self._sessions() as session:
            seats = await session.execute(
                select(AgentSession.agent, AgentSession.call_id).where(AgentSession.call_id.is_not(None))
            )
            open_calls = await session.execute(
                select(Call.agent, Call.id).where(
                    Call.state != "ended", Call.answered_at.is_not(None), Call.agent != ""
                )
            )
            for seat, call_id in (*seats.all(), *open_calls.all()):
                self.calls.own(str(call_id), seat)

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        await self._background.close()
        await self._cards.close()
        self.cut()

    def cut(self) -> None:
        """Close every page's link; pages that are still open come back and read the whole state."""
        for link in list(self._links):
            link.overflowed.set()

    # -- nodes ---------------------------------------------------------------------------------
    async def node_of(self, who: Identity) -> str:
        """The node of this person's seat; "" without a seat, or where nodes are not told apart."""
        if self.places is None or seat_topic(who.extension) not in topics_of(who):
            return ""
        return await self.places.of_seat(who.extension, signing_in=True)

    def telephony(self, node: str) -> TelephonyStale | None:
        """How telephony is at this node ("": at the worst one), as the node tells, or its silence."""
        nodes = self.places.nodes if self.places is not None else {}
        away = [state for state in nodes.values() if state.name == node or (not node and state.lost)]
        for state in away:
            if not state.runs:
                return TelephonyStale(node=state.name, stale=True, since=state.since, reason=state.words)
        return self.calls.telephony_at(node)

    async def _node_changed(self, node: NodeState) -> None:
        """A node is lost or back: its agents are told, boards read anew."""
        if not node.runs:
            self.calls.forget_node(node.name)
        now = self.telephony(node.name)
        self._offer(now or TelephonyStale(node=node.name, stale=False, since=self._clock.now()))

    async def _on_event(self, event: Event) -> None:
        self.calls.take(event)
        if isinstance(event, CallStarted):
            self._cards.expect(event.call_id, event.caller or event.caller_raw)
        if isinstance(event, SeatTaken):
            self._seat_taken(event.agent, event.tab)
            return
        if isinstance(event, QueueChanged):
            event = self.calls.queue(event.queue) or event
        if isinstance(event, TelephonyStale) and not event.stale:
            for link in list(self._links):
                if link.holds_seat and not link.signed_in and link.node in ("", event.node):
                    await self._sign_in(link)  # in vain before: the node was away
        self._offer(event)

    def _offer(self, event: Event) -> None:
        topics = audience(event, self.calls)
        if not topics:
            return
        full: dict[str, Any] | None = None
        bare: dict[str, Any] | None = None
        for link in self._links:
            heard = topics & link.topics
            if isinstance(event, OF_A_NODE) and event.node and link.node not in ("", event.node):
                continue
            if heard - {BOARD}:
                full = full or {"type": "event", **self._full(event)}
                link.offer(full | self._card(event, link))
            elif heard:
                bare = bare or {"type": "event", **board_payload(event)}
                link.offer(bare)

    def _full(self, event: Event) -> dict[str, Any]:
        body = payload(event)
        if isinstance(event, CallRinging):
            # The number at once, before anything is read from the database.
            body["display"] = self.calls.of(event.call_id).display
        return body

    def _card(self, event: Event, link: Link) -> dict[str, Any]:
        """With the ring the caller's history, if it was read ahead, as the person behind this link may see it."""
        if not isinstance(event, CallRinging):
            return {}
        return {"card": self._cards.take(event.call_id, link.who.actor)}

    # -- seats: one tab has the softphone ------------------------------------------------------
    def holder(self, extension: str) -> Link | None:
        return next((li for li in self._links if li.holds_seat and li.who.extension == extension), None)

    def _seat_taken(self, extension: str, tab: str) -> None:
        for link in self._links:
            if link.holds_seat and link.who.extension == extension and link.tab != tab:
                link.holds_seat = False
                link.offer({"type": "seat", "seat": "lost"})

    async def take_seat(self, link: Link) -> None:
        """This tab has the softphone from now on; another tab of the account is told to give it up."""
        extension = link.who.extension
        self._seat_taken(extension, link.tab)
        link.holds_seat = True
        link.node = await self.node_of(link.who)
        await self._bus.publish(SeatTaken(agent=extension, tab=link.tab, at=self._clock.now()))
        link.offer({"type": "seat", "seat": "yours"})
        await self._sign_in(link)

    async def _sign_in(self, link: Link) -> None:
        queues = await self._queues(link.who.user_id)
        told = self._tell_control("login", link, user_id=link.who.user_id, queues=queues)
        self._background.start(told, "desk:control")

    async def sign_out(self, who: Identity) -> None:
        """The log-in `who` is over: its seat is signed out, unless another log-in of it has the softphone.

        Call control that refuses or does not answer holds nobody back.
        """
        if seat_topic(who.extension) not in topics_of(who):
            return
        holder = self.holder(who.extension)
        if holder is not None and holder.who.token_hash != who.token_hash:
            return
        try:
            async with asyncio.timeout(SIGN_OUT_S):
                await self._control.do("logout", actor=who.extension, timeout=SIGN_OUT_S)
        except (ControlRefused, ControlTimeout, TimeoutError, OSError) as error:
            log.warning(
                "seat %s: not signed out at the end of its log-in: %s", who.extension, type(error).__name__
            )

    async def _queues(self, user_id: int) -> list[str]:
        async with self._sessions() as session:
            user = await session.get(User, user_id)
        skills = [s for s in (user.skills if user else []) if s in QUEUES and s != DEFAULT_QUEUE]
        return [DEFAULT_QUEUE, *skills]

    def beat(self, link: Link, *, sip: bool, mic: bool) -> None:
        """Pass the page's heart-beat on; skipped while the last one is still under way."""
        extension = link.who.extension
        if not link.holds_seat or extension in self._beating:
            return
        self._beating.add(extension)
        told = self._tell_control("heartbeat", link, sip_registered=sip, mic_ok=mic)
        task = self._background.start(told, "desk:control")
        task.add_done_callback(lambda _: self._beating.discard(extension))

    async def _tell_control(self, action: str, link: Link, **args: Any) -> None:
        try:
            result = await self._control.do(action, actor=link.who.extension, **args)
        except NodeAway:
            pass  # the page is told of its node, see `_node_changed`; it is signed in when the node is back
        except ControlTimeout:
            link.offer({"type": "control", "action": action, "ok": False, "error": "话务服务无应答"})
        except ControlRefused as refused:
            link.offer({"type": "control", "action": action, "ok": False, "error": str(refused)})
        else:
            if action == "login":
                link.signed_in = True
                link.offer({"type": "control", "action": action, "ok": True, "result": result})

    # -- links -----------------------------------------------------------------------------------
    def attach(self, who: Identity, tab: str, node: str = "") -> Link:
        link = Link(who=who, topics=topics_of(who), tab=tab, node=node)
        self._links.add(link)
        return link

    def watch(self, link: Link) -> None:
        """This page draws the floor: it gets pictures instead of the floor's events."""
        if BOARD in link.topics and self.boards is not None:
            link.topics -= {BOARD}
            self.boards.join(link)

    def detach(self, link: Link) -> None:
        self._links.discard(link)
        if self.boards is not None:
            self.boards.leave(link)

    @property
    def pages(self) -> int:
        return len(self._links)


HUB = web.AppKey("hub", LiveHub)

"""The calls room as one thing to start and stop: link, tracker, control, recordings, call-backs."""

from __future__ import annotations

from typing import Any

from calls.acts.conference import Conference, Speak
from calls.acts.control import Control
from calls.acts.force_acts import ForceActs
from calls.acts.seat_acts import SeatActs
from calls.acts.talk_acts import TalkActs
from calls.asterisk.ami import AmiLink
from calls.asterisk.seats import Seats
from calls.callbacks.call_hours import CallHours
from calls.callbacks.callback_room import Callbacks
from calls.floor.announcer import Announcer
from calls.recordings import Recordings
from calls.state.outcomes import Outcomes
from calls.state.strays import Strays
from calls.state.tracker import Tracker
from db.session import Sessions
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import TelephonyStale
from runtime.secretfile import secret
from runtime.settings import Settings


class CallsNode:
    """Everything of this room that runs beside one Asterisk.

    `link` may be used by other rooms of the node (taps); `speak` makes the whisper for the other side of a
    hand-off (`sound.voice.speak`), None for none. Asterisk need not run yet: the link waits for it.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        bus: Bus,
        clock: Clock,
        *,
        seats: Seats | None = None,
        speak: Speak | None = None,
        wrap_up_s: float = 30.0,
        handoff_answer_s: float = 10.0,
        **tracker: Any,
    ) -> None:
        self.link = AmiLink("127.0.0.1", settings.ami_port, "hotline", secret(settings.secrets_dir, "ami.hotline"))
        self.tracker = Tracker(
            self.link, sessions, bus, clock, settings, seats=seats, wrap_up_s=wrap_up_s, **tracker
        )
        self.conference = Conference(
            self.link, self.tracker, sessions, settings, answer_s=handoff_answer_s, speak=speak
        )
        seat_acts = SeatActs(self.tracker, settings)
        talk_acts = TalkActs(self.link, self.tracker, self.conference, clock)
        force_acts = ForceActs(self.link, self.tracker)
        self.control = Control(bus, clock, seat_acts.acts | talk_acts.acts | force_acts.acts)
        self.recordings = Recordings(settings, sessions, bus, clock)
        self.callbacks = Callbacks(sessions, bus, clock, hours=CallHours.of(settings))
        self.outcomes = Outcomes(
            sessions,
            bus,
            clock=clock,
            recordings=settings.recordings_dir,
            hours=CallHours.of(settings),
            node=settings.node,
        )
        self.strays = Strays(
            self.link, self.tracker, self.recordings, self.outcomes, sessions, bus, clock, settings
        )
        self.announcer = Announcer(self.link, self.tracker, wrap_up_s=wrap_up_s)
        self._bus = bus
        self._clock = clock

    async def start(self) -> None:
        """Start all parts; returns at once, `link.wait_ready` tells when Asterisk is there."""
        await self.tracker.start()
        await self.recordings.start()
        await self.callbacks.start()
        await self.outcomes.start()
        await self.strays.start()
        await self.announcer.start()
        await self.control.start()
        await self.link.start()

    async def sip_changed(self, alive: bool) -> None:
        """Tell everybody that Asterisk's SIP side died or came back (whoever watches it calls this)."""
        reason = "" if alive else "电话线路服务没有应答，电话可能打不进来"
        await self._bus.publish(TelephonyStale(stale=not alive, since=self._clock.now(), reason=reason))

    async def close(self) -> None:
        """Stop all parts; calls in Asterisk go on."""
        await self.control.close()
        await self.conference.close()
        await self.announcer.close()
        await self.strays.close()
        await self.link.close()
        await self.tracker.close()
        await self.callbacks.close()
        await self.outcomes.close()
        await self.recordings.close()

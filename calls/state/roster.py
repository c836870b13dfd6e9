"""The agents: applies the table of `agent_states`, keeps durations and reasons, ends wrap-up, notices who is lost.

All methods are synchronous and run in the tracker's one task, so nothing here can race.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from calls.state.agent_states import ASSUMED, ON_CALL, AgentState, IllegalAgentTransition, Trigger, step
from calls.state.changes import Changes
from calls.state.live import LiveAgent
from runtime.events import AgentStateChanged

log = logging.getLogger(__name__)

HEARTBEAT_LIMIT = timedelta(seconds=15)
"""A desk says every 5 s that it is alive; three missed mean that it is not."""
GONE = ("lost", "unregistered")
"""Why nobody can be reached at a seat; a missing microphone is not among them: its agent is there."""


class Roster:
    """All seats that somebody sits at.

    `wrap_up_s` is how long after-call work may take; `sign_out_s` after how long a seat is signed out whose desk
    or softphone is gone: members of a queue, paused or not, keep callers waiting in it.
    """

    def __init__(
        self, changes: Callable[[], Changes], *, wrap_up_s: float = 30.0, sign_out_s: float = 600.0
    ) -> None:
        self._changes = changes
        self.wrap_up_s = wrap_up_s
        self._sign_out = timedelta(seconds=sign_out_s)
        self.agents: dict[str, LiveAgent] = {}

    def get(self, agent: str) -> LiveAgent | None:
        return self.agents.get(agent)

    def seat(self, agent: str, at: datetime) -> LiveAgent:
        """The seat, offline if nobody has ever sat there."""
        if agent not in self.agents:
            self.agents[agent] = LiveAgent(agent, AgentState.OFFLINE, at)
        return self.agents[agent]

    def apply(
        self, agent: LiveAgent, trigger: Trigger, at: datetime, *, reason: str = "", call_id: str | None = None
    ) -> None:
        """Take one step; what the table does not allow is logged with both sides and repaired."""
        try:
            state = step(agent.state, trigger)
        except IllegalAgentTransition as error:
            state = ASSUMED[trigger]
            log.warning("seat %s: %s; taken as %s", agent.agent, error, state)
        if trigger is Trigger.RING and agent.state is not AgentState.RINGING:
            agent.before_ring = (agent.state, agent.reason)
        new_call = agent.call_id if call_id is None else call_id
        if (state, reason, new_call) == (agent.state, agent.reason, agent.call_id):
            return
        if agent.state is AgentState.WRAP_UP and agent.call_id and state is not AgentState.WRAP_UP:
            self._changes().add_wrap_up(agent.call_id, (at - agent.since).total_seconds())
        if state is not agent.state:
            agent.since = at
        agent.state, agent.reason, agent.call_id = state, reason, new_call
        self._record(agent, at)

    def _record(self, agent: LiveAgent, at: datetime) -> None:
        changes = self._changes()
        changes.save_agent(agent)
        changes.log_state(agent, at)
        self._tell(agent, at)

    def _tell(self, agent: LiveAgent, at: datetime) -> None:
        self._changes().publish(
            AgentStateChanged(
                call_id=agent.call_id,
                agent=agent.agent,
                state=str(agent.state),
                reason=agent.reason,
                since=agent.since,
                at=at,
                user_id=agent.user_id,
                queues=agent.queues,
            )
        )

    # -- what people do ------------------------------------------------------------------------
    def login(self, seat: str, user_id: int | None, queues: tuple[str, ...], at: datetime) -> LiveAgent:
        agent = self.seat(seat, at)
        self._changes().take_seat(agent)
        moved = (agent.user_id, agent.queues) != (user_id, queues)
        agent.user_id, agent.queues, agent.heartbeat_at = user_id, queues, at
        agent.away.pop("desk", None)
        if agent.state is AgentState.OFFLINE:
            agent.wanted, agent.wanted_reason = "ready", ""
            self.apply(agent, Trigger.LOGIN, at, reason="login", call_id="")
        else:
            self._changes().save_agent(agent)
            if moved:
                self._tell(agent, at)
        return agent

    def logout(self, agent: LiveAgent, at: datetime) -> None:
        if agent.state in ON_CALL:
            self._want(agent, "offline", "")
        else:
            self.apply(agent, Trigger.LOGOUT, at, call_id="")

    def ready(self, agent: LiveAgent, at: datetime) -> None:
        self._want(agent, "ready", "")
        if agent.state not in ON_CALL and agent.state is not AgentState.RINGING:
            self.apply(agent, Trigger.READY, at, call_id="")

    def not_ready(self, agent: LiveAgent, reason: str, at: datetime) -> None:
        self._want(agent, "not_ready", reason)
        if agent.state in (AgentState.READY, AgentState.NOT_READY):
            self.apply(agent, Trigger.NOT_READY, at, reason=reason, call_id="")

    def wrap_up_done(self, agent: LiveAgent, at: datetime) -> None:
        """After-call work is over: the agent becomes what they asked for while busy."""
        if agent.wanted == "offline":
            self.apply(agent, Trigger.LOGOUT, at, call_id="")
        elif agent.wanted == "not_ready":
            self.apply(agent, Trigger.NOT_READY, at, reason=agent.wanted_reason, call_id="")
        elif self.unable(agent, at):
            self.apply(agent, Trigger.LOST, at, reason=self.unable(agent, at), call_id="")
        else:
            self.apply(agent, Trigger.READY, at, call_id="")

    def _want(self, agent: LiveAgent, wanted: str, reason: str) -> None:
        if (agent.wanted, agent.wanted_reason) != (wanted, reason):
            agent.wanted, agent.wanted_reason = wanted, reason
            self._changes().save_agent(agent)

    # -- what the line does --------------------------------------------------------------------
    def ring_stopped(self, agent: LiveAgent, at: datetime) -> None:
        """It rings no more and that is nobody's fault: back to where they were."""
        if agent.state is not AgentState.RINGING:
            return
        before, reason = agent.before_ring
        if agent.wanted == "not_ready" and before is AgentState.READY:
            before, reason = AgentState.NOT_READY, agent.wanted_reason
        if before is AgentState.READY:
            self.apply(agent, Trigger.RING_STOPPED, at, call_id="")
        else:
            self.apply(agent, Trigger.NOT_READY, at, reason=reason, call_id="")

    def missed(self, agent: LiveAgent, at: datetime) -> None:
        """A ring was not taken: paused until the agent says that they are there."""
        if agent.state in ON_CALL or (agent.state is AgentState.NOT_READY and agent.reason == "lost"):
            return
        self.apply(agent, Trigger.MISSED, at, reason="missed", call_id="")

    def call_over(self, agent: LiveAgent, at: datetime) -> None:
        self.apply(agent, Trigger.CALL_OVER, at)
        if agent.state is AgentState.WRAP_UP and self.wrap_up_s <= 0:
            self.wrap_up_done(agent, at)

    # -- who is really there -------------------------------------------------------------------
    def heartbeat(self, agent: LiveAgent, registered: bool, mic_ok: bool, at: datetime) -> None:
        agent.heartbeat_at = at
        agent.mic_ok = mic_ok
        self.registration(agent, "desk", registered, at)
        if agent.state is AgentState.OFFLINE and agent.reason in GONE and registered:
            # The page was open all the time: whoever sits there presses "ready", not "sign in".
            self.login(agent.agent, agent.user_id, agent.queues, at)

    def registration(self, agent: LiveAgent, source: str, registered: bool, at: datetime) -> None:
        """What the desk or Asterisk (`source`) knows of the softphone; both must find it registered."""
        if registered:
            agent.away.pop(source, None)
        else:
            agent.away.setdefault(source, at)

    def unable(self, agent: LiveAgent, at: datetime) -> str:
        """Why this agent cannot take calls ("lost", "unregistered", "no_mic"), "" when they can."""
        if agent.heartbeat_at is None or at - agent.heartbeat_at > HEARTBEAT_LIMIT:
            return "lost"
        # A reloaded tab or a restarted Asterisk comes back within the same time.
        if any(at - since > HEARTBEAT_LIMIT for since in agent.away.values()):
            return "unregistered"
        return "" if agent.mic_ok else "no_mic"

    def _gone_since(self, agent: LiveAgent) -> datetime | None:
        """Since when desk or softphone have been silent; None when both were heard of lately."""
        silent = list(agent.away.values())
        if agent.heartbeat_at is not None:
            silent.append(agent.heartbeat_at)
        return min(silent, default=None)

    def remember(self, agent: LiveAgent, at: datetime) -> None:
        """A seat as the database knows it, after a restart of ours: nothing has been heard of its desk yet."""
        unable = agent.state is AgentState.NOT_READY and agent.reason in (*GONE, "no_mic")
        # Who was there gets a desk's full time to say so; who was not must be heard before calls go there.
        agent.heartbeat_at = at - HEARTBEAT_LIMIT - timedelta(seconds=1) if unable else at

    def tick(self, at: datetime) -> list[LiveAgent]:
        """Let time pass. Returns the agents who were lost while their telephone rang."""
        lost_ringing: list[LiveAgent] = []
        for agent in self.agents.values():
            if agent.state is AgentState.WRAP_UP:
                if (at - agent.since).total_seconds() >= self.wrap_up_s:
                    self.wrap_up_done(agent, at)
            elif agent.state in (AgentState.READY, AgentState.RINGING):
                if why := self.unable(agent, at):
                    if agent.state is AgentState.RINGING:
                        lost_ringing.append(agent)
                    self.apply(agent, Trigger.LOST, at, reason=why, call_id="")
            elif (
                agent.state is AgentState.NOT_READY
                and self.unable(agent, at) in GONE
                and at - (self._gone_since(agent) or at) >= self._sign_out
            ):
                log.info("seat %s has been gone for %s: signed out", agent.agent, self._sign_out)
                self.apply(agent, Trigger.LOGOUT, at, reason=self.unable(agent, at), call_id="")
            elif (
                agent.state is AgentState.NOT_READY
                and agent.reason in ("unregistered", "no_mic")
                and agent.wanted == "ready"
                and not self.unable(agent, at)
            ):
                # The desk was there all the time; only its line was away (Asterisk restarted, network changed).
                self.apply(agent, Trigger.READY, at, call_id="")
        return lost_ringing

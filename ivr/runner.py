"""Walks a caller through a script. Whatever of ours fails, the caller hears a sentence and gets to a person."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

from hotline.clock import Clock
from ivr.acts import ACTS
from ivr.journal import Journal
from ivr.line import CallerHungUp, CallerLine, LineFailed, LineTaken, QueueEnd
from ivr.lookups import Lookups
from ivr.prompts import SORRY
from ivr.script import Script
from ivr.visit import HUMAN, Visit

log = logging.getLogger(__name__)

STEPS = 500
"""Nodes of one call. A caller who wants more has a stuck key, or the script a loop the check missed."""

RESCUE_QUEUE = "common"
RESCUE_PRIORITY = 500
RESCUE_SECONDS = 3600.0


class ScriptRanAway(RuntimeError):
    """More nodes than any call needs."""


@dataclass(frozen=True, slots=True)
class ScriptInForce:
    """A script version as calls take it when they begin."""

    script: Script
    version: int


class Runner:
    """Walks scripts; one object serves all calls."""

    def __init__(self, journal: Journal, lookups: Lookups, clock: Clock, recordings: Path) -> None:
        self._journal = journal
        self._lookups = lookups
        self._clock = clock
        self._recordings = recordings

    async def run(self, line: CallerLine, in_force: ScriptInForce) -> None:
        """Walk the script to its end, the caller's hang-up or the channel's being taken elsewhere."""
        visit = Visit(
            script=in_force.script,
            version=in_force.version,
            line=line,
            journal=self._journal,
            lookups=self._lookups,
            clock=self._clock,
            recordings=self._recordings,
        )
        try:
            await self._walk(visit)
            await line.finish()
        except (CallerHungUp, LineTaken) as end:
            self._step(visit, "", "end", "hung_up" if isinstance(end, CallerHungUp) else "taken")
        except Exception:
            log.exception("call %s: the script failed, the caller goes to the queue", line.caller.call_id)
            await self._rescue(visit)

    async def _walk(self, visit: Visit) -> None:
        script = visit.script
        node_id, came_by = script.start, ""
        for _ in range(STEPS):
            node = script.nodes[node_id]
            self._step(visit, node_id, node.kind, came_by)
            came_by = await ACTS[node.kind](visit, node_id, node)
            if not came_by:
                return
            if came_by == HUMAN:
                visit.ahead = ""
                node_id = script.human.to
            else:
                node_id = node.exits()[came_by]
        raise ScriptRanAway(f"{script.name}: {STEPS} nodes in one call, last {node_id}")

    async def _rescue(self, visit: Visit) -> None:
        """A sentence and the queue. If even that fails, Asterisk's own dialplan does the same once we let go."""
        line = visit.line
        self._step(visit, "", "rescue", "")
        try:
            with contextlib.suppress(LineFailed):
                await line.say([SORRY])
            stay = await line.queue(RESCUE_QUEUE, priority=RESCUE_PRIORITY, seconds=RESCUE_SECONDS, opening=[])
            if stay.end is QueueEnd.ANSWERED:
                await line.finish()
        except (CallerHungUp, LineTaken):
            pass
        except Exception:
            log.exception("call %s: the way to the queue failed too, the dialplan goes on", line.caller.call_id)

    def _step(self, visit: Visit, node: str, kind: str, detail: str) -> None:
        self._journal.step(visit.line.caller.call_id, visit.script.name, visit.version, node, kind, detail)

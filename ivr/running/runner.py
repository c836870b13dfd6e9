"""Walks a caller through a script. Whatever of ours fails, the caller hears a sentence and gets to a person."""

from __future__ import annotations

import contextlib
import logging
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from ivr.journal import Journal
from ivr.line import CallerHungUp, CallerLine, LineFailed, LineTaken, QueueEnd
from ivr.lookups import Lookups
from ivr.prompts import SORRY
from ivr.running.acts import ACTS
from ivr.script.script import Script
from ivr.visit import HUMAN, Visit
from runtime.clock import Clock

log = logging.getLogger(__name__)

STEPS = 500
"""Nodes of one call. A caller who wants more has a stuck key, or the script a loop the check missed."""

TALKS = 5000
"""Calls in conferences whose place in their script is remembered: more than one node carries."""

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


def after_first_queue(script: Script) -> str:
    """Where a script goes on after the talk of its first queue; "" when it has none."""
    return next((node.exits()["answered"] for node in script.nodes.values() if node.kind == "queue"), "")


class Runner:
    """Walks scripts; one object serves all calls."""

    def __init__(self, journal: Journal, lookups: Lookups, clock: Clock, recordings: Path) -> None:
        self._journal = journal
        self._lookups = lookups
        self._clock = clock
        self._recordings = recordings

        self._talks: OrderedDict[str, tuple[ScriptInForce, str]] = OrderedDict()
        """Calls whose line was taken (into a conference): where their script goes on after the talk."""

    async def run(self, line: CallerLine, in_force: ScriptInForce) -> None:
        """Walk the script to its end, the caller's hang-up or the channel's being taken elsewhere."""
        await self._run(line, in_force, in_force.script.start)

    async def after_talk(self, line: CallerLine, in_force: ScriptInForce, agent: str) -> None:
        """Go on behind the talk with this seat in a call whose line was taken; `in_force` if it is unknown."""
        kept = self._talks.pop(line.caller.call_id, None)
        in_force, start = kept or (in_force, after_first_queue(in_force.script))
        if not start:
            await line.finish()
            return
        await self._run(line, in_force, start, agent)

    async def _run(self, line: CallerLine, in_force: ScriptInForce, start: str, agent: str = "") -> None:
        visit = Visit(
            script=in_force.script,
            version=in_force.version,
            line=line,
            journal=self._journal,
            lookups=self._lookups,
            clock=self._clock,
            recordings=self._recordings,
            agent=agent,
        )
        try:
            await self._walk(visit, start)
            await line.finish()
        except (CallerHungUp, LineTaken) as end:
            taken = isinstance(end, LineTaken)
            self._step(visit, "", "end", "taken" if taken else "hung_up")
            if taken and visit.talk_exit:
                self._talks[line.caller.call_id] = in_force, visit.talk_exit
                while len(self._talks) > TALKS:
                    self._talks.popitem(last=False)
        except Exception:
            log.exception("call %s: the script failed, the caller goes to the queue", line.caller.call_id)
            await self._rescue(visit)

    async def _walk(self, visit: Visit, start: str) -> None:
        script = visit.script
        node_id, came_by = start, ""
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

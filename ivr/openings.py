"""What a queue begins with (greeting, recording notice), heard while telephones ring already.

Asterisk plays it as the beginning of the music of those who wait. For each opening it needs a class of music, made
here when a script is taken up; until Asterisk has it, callers hear the sentences before they enter the queue.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from asterisk_conf.music import OPENINGS_KEPT, write_openings
from calls.asterisk.ami_errors import AmiError
from ivr.line import Prompt
from ivr.prompts import Prompts
from ivr.script.nodes import Queue
from ivr.script.script import Script
from runtime.settings import Settings

log = logging.getLogger(__name__)

Reload = Callable[[], Awaitable[object]]
"""Makes Asterisk read its classes of music anew. Raises `AmiError` when it cannot be asked."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A class of music that begins with sentences, and how long those take, seconds."""

    music: str
    seconds: float


class Openings:
    """The openings that Asterisk knows."""

    def __init__(self, settings: Settings, prompts: Prompts, reload: Reload | None = None) -> None:
        self._settings = settings
        self._prompts = prompts
        self._reload = reload
        self._classes: dict[str, tuple[Path, ...]] = {}
        self._known: frozenset[str] = frozenset()

    def of(self, prompts: Sequence[Prompt]) -> Opening | None:
        """The opening of these sentences; None while Asterisk does not know it."""
        name = _name(self._paths(prompts))
        if not prompts or name not in self._known:
            return None
        return Opening(name, sum(self._prompts.seconds(prompt) for prompt in prompts))

    async def take_up(self, script: Script) -> None:
        """Tell Asterisk of this script's openings, unless it knows them; may be called again and again."""
        if self._reload is None:
            return
        wanted: dict[str, tuple[Path, ...]] = {}
        for node_id, node in script.nodes.items():
            if isinstance(node, Queue) and (prompt := script.prompt(node_id, "prompt")):
                paths = self._paths([prompt])
                if all(path.is_file() for path in paths):
                    wanted[_name(paths)] = paths
        if wanted.keys() <= self._known:
            return
        self._classes = dict(list((self._classes | wanted).items())[-OPENINGS_KEPT:])
        try:
            await asyncio.to_thread(write_openings, self._settings, self._classes)
            await self._reload()
        except (OSError, AmiError) as error:
            log.debug("callers hear the opening before the queue: %s", type(error).__name__)
            return
        self._known = frozenset(self._classes)

    def _paths(self, prompts: Sequence[Prompt]) -> tuple[Path, ...]:
        return tuple(self._prompts.path(prompt) for prompt in prompts)


def _name(paths: tuple[Path, ...]) -> str:
    return "opening-" + hashlib.sha256("\0".join(map(str, paths)).encode()).hexdigest()[:16]

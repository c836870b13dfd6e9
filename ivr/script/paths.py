"""What stands between a caller and a person: every way through the script to a queue, in seconds.

GB/T 33358-2016 advises against menus on intake and asks for an answer within 15 s; this makes it visible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ivr.script.nodes import Digits, Menu, Progress, Queue
from ivr.script.script import Script

PATH_LIMIT = 400
"""Paths listed in a report at most."""

WORK_LIMIT = 20_000
"""Nodes looked at for them at most: ways through dozens of menus that lead to each other are beyond counting."""

SecondsOf = Callable[[str], float]


def spoken_seconds(text: str) -> float:
    """How long a prompt takes to say, measured for our voice: 0.19 s a character, 0.25 s a pause."""
    pauses = sum(text.count(mark) for mark in "，。、；：！？,.;:!?")
    letters = sum(not char.isspace() for char in text) - pauses
    return 0.19 * letters + 0.25 * pauses


@dataclass(frozen=True, slots=True)
class HumanPath:
    """A way from the start to a queue: nodes in order, seconds of prompts and of silence before it.

    `keys` are the exits taken by pressing something; a path without any is what a silent caller goes through.
    """

    nodes: tuple[str, ...]
    keys: tuple[str, ...]
    prompt_s: float
    silence_s: float

    @property
    def seconds(self) -> float:
        return self.prompt_s + self.silence_s


def human_paths(script: Script, seconds_of: SecondsOf = spoken_seconds) -> list[HumanPath]:
    """Every way from the start to its first queue, shortest first, each with the seconds it takes.

    Prompts count in full (a caller may cut them short); silence counts only where he waits it out.
    """
    found: list[HumanPath] = []
    leading = _leading_to_queue(script)
    looked = 0

    def walk(node_id: str, nodes: tuple[str, ...], keys: tuple[str, ...], said: float, silent: float) -> None:
        nonlocal looked
        looked += 1
        if node_id in nodes or node_id not in leading or len(found) >= PATH_LIMIT or looked > WORK_LIMIT:
            return
        node = script.nodes[node_id]
        nodes = (*nodes, node_id)
        if isinstance(node, Queue):
            opening = seconds_of(node.prompt) if node.prompt else 0.0
            found.append(HumanPath(nodes, keys, said + opening, silent))
            return
        spoken = {name: seconds_of(text) for name, text in node.prompts().items()}
        prompt = spoken.get("prompt", 0.0)
        for exit_name, target in node.exits().items():
            more_said, more_silent, pressed = prompt, 0.0, keys
            if isinstance(node, Menu | Digits | Progress) and exit_name == "no_input":
                attempts = getattr(node, "attempts", 1)
                more_silent = node.timeout * attempts
                more_said = prompt * attempts + spoken.get("no_input_prompt", 0.0) * (attempts - 1)
            elif isinstance(node, Menu | Digits) and exit_name == "wrong_key":
                attempts = node.attempts
                more_said = prompt * attempts + spoken.get("wrong_key_prompt", 0.0) * (attempts - 1)
                pressed = (*keys, f"{node_id}:{exit_name}")
            elif exit_name.startswith("key ") or node.kind in ("digits", "progress", "survey", "callback"):
                pressed = (*keys, f"{node_id}:{exit_name}")
            walk(target, nodes, pressed, said + more_said, silent + more_silent)

    walk(script.start, (), (), 0.0, 0.0)
    return sorted(found, key=lambda path: (bool(path.keys), path.seconds))


def _leading_to_queue(script: Script) -> set[str]:
    """Nodes from which some way leads to a queue."""
    before: dict[str, list[str]] = {}
    for node_id, node in script.nodes.items():
        for target in node.exits().values():
            before.setdefault(target, []).append(node_id)
    found: set[str] = set()
    stack = [node_id for node_id, node in script.nodes.items() if isinstance(node, Queue)]
    while stack:
        node_id = stack.pop()
        if node_id not in found:
            found.add(node_id)
            stack += before.get(node_id, [])
    return found

"""A caller's line on paper: walks a script without Asterisk, for tests and `hotline script walk`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from ivr.line import ALL_KEYS, Caller, CallerHungUp, Dialled, LineTaken, Prompt, QueueEnd, QueueStay, Recorded
from ivr.lookups import Lookups
from ivr.running.runner import Runner, ScriptInForce
from ivr.script.document import ScriptRefused, read_file
from ivr.script.script import Script
from runtime.clock import Clock, SystemClock
from runtime.errors import UserError

_KEYS = re.compile(r"[0-9*#]{1,32}")
WORDS = ("wait", "answered", "timeout", "unavailable", "taken", "hangup", "no_answer")

What = Literal["node", "says", "hears", "queue", "dials", "records", "notes", "end"]


@dataclass(frozen=True, slots=True)
class WalkStep:
    """One thing that happened: a node entered, words said, keys pressed, and so on.

    `node` and `by` (the exit it was reached by) belong to a node entered, `prompt` to words said.
    """

    what: What
    text: str
    node: str = ""
    by: str = ""
    prompt: Prompt | None = None


def parse_inputs(text: str) -> list[str]:
    """`2,wait,1234#,timeout,answered,hangup`: what the caller and the world do, in order. Raises UserError.

    `wait` is silence; queues end by `answered` (so they do when nothing is said), `timeout`, `unavailable` or a
    key; a hand-off is answered unless `no_answer` comes.
    """
    inputs: list[str] = []
    for word in filter(None, (part.strip().lower() for part in text.split(","))):
        if word in WORDS:
            inputs.append(word)
        elif _KEYS.fullmatch(word):
            inputs += list(word)
        else:
            raise UserError(f"'{word[:40]}' is not understood", f"use keys 0-9 * #, or {', '.join(WORDS)}")
    return inputs


@dataclass
class WalkLine:
    """Hears what `inputs` say, in order; when they are used up, the caller is silent and agents answer."""

    caller: Caller
    inputs: list[str] = field(default_factory=list)
    steps: list[WalkStep] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    finished: bool = False
    priorities: list[int] = field(default_factory=list)

    def _note(self, what: What, text: str) -> None:
        self.steps.append(WalkStep(what, text))

    def _next(self, expected: Iterable[str]) -> str:
        """The next input if it is one of these; hanging up and being moved are heard everywhere."""
        if not self.inputs:
            return ""
        first = self.inputs[0]
        if first == "hangup":
            self._note("end", "hung up")
            raise CallerHungUp
        if first == "taken":
            self._note("end", "taken")
            raise LineTaken
        if first in expected:
            return self.inputs.pop(0)
        return ""

    async def say(self, prompts: Sequence[Prompt], keys: str = ALL_KEYS) -> str:
        for prompt in prompts:
            self.steps.append(WalkStep("says", prompt.text, prompt=prompt))
        key = self._next(keys)
        if key:
            self._note("hears", key)
        return key

    async def ask(self, prompts: Sequence[Prompt], seconds: float) -> str:
        if key := await self.say(prompts):
            return key
        key = self._next([*ALL_KEYS, "wait"])
        self._note("hears", "" if key == "wait" else key)
        return "" if key == "wait" else key

    async def ask_digits(self, prompts: Sequence[Prompt], seconds: float, longest: int) -> str:
        typed = ""
        while len(typed) < longest:
            key = await self.ask([] if typed else prompts, seconds)
            if key in ("", "#"):
                break
            typed += key
        return typed

    async def queue(self, name: str, *, priority: int, seconds: float, opening: Sequence[Prompt]) -> QueueStay:
        if opening and (key := await self.say(opening)):
            return QueueStay(QueueEnd.KEY, key=key)
        self.priorities.append(priority)
        while self._next(["wait"]):
            pass  # silence is what a queue is for
        word = self._next(["answered", "timeout", "unavailable", *ALL_KEYS]) or "answered"
        self._note("queue", f"{name}: {word}")
        if word in ALL_KEYS:
            return QueueStay(QueueEnd.KEY, key=word)
        return QueueStay(QueueEnd(word), agent="8001" if word == "answered" else "")

    async def queue_length(self, name: str) -> int:
        return self.waiting.get(name, 0)

    async def dial(self, number: str, *, seconds: float) -> Dialled:
        answered = self._next(["no_answer"]) == ""
        self._note("dials", f"{number}: {'answered' if answered else 'no answer'}")
        return Dialled(answered)

    async def record(self, path: Path, *, seconds: float, end_keys: str) -> Recorded:
        key = self._next(end_keys)
        self._note("records", key)
        return Recorded(min(10.0, seconds), key=key)

    async def finish(self) -> None:
        self.finished = True
        self._note("end", "finished")


@dataclass
class WalkJournal:
    """Puts what the script would write down among the steps."""

    line: WalkLine

    def step(self, call_id: str, script: str, version: int, node: str, kind: str, detail: str) -> None:
        text = f"{node} ({kind})" + (f" by {detail}" if detail else "")
        self.line.steps.append(WalkStep("node", text, node=node or f"({kind})", by=detail))

    def survey(self, call_id: str, question: str, answer: int, agent: str) -> None:
        self.line.steps.append(WalkStep("notes", f"survey {question}: {answer}"))

    def voicemail(self, call_id: str, path: str, seconds: float, *, cut: float = 0.0) -> None:
        self.line.steps.append(WalkStep("notes", f"voicemail of {seconds:g} s"))

    def callback(self, call_id: str, phone: str, caller: str) -> bool:
        self.line.steps.append(WalkStep("notes", f"call back {phone}"))
        return True

    def handoff(self, call_id: str, target: str, began: datetime, *, answered: bool) -> None:
        self.line.steps.append(WalkStep("notes", f"hand-off to {target}: {answered}"))


async def walk(
    script: Script,
    inputs: str = "",
    *,
    phone: str = "13912345678",
    lookups: Lookups | None = None,
    clock: Clock | None = None,
    waiting: dict[str, int] | None = None,
    folder: Path | None = None,
) -> WalkLine:
    """Walk a script with these inputs (see `parse_inputs`); the line returned holds every step."""
    line = WalkLine(Caller("walk", phone=phone, called="12345"), parse_inputs(inputs), waiting=waiting or {})
    runner = Runner(WalkJournal(line), lookups or Lookups(), clock or SystemClock(), folder or Path("walk"))
    await runner.run(line, ScriptInForce(script, 0))
    return line


SIGNS: dict[What, str] = {
    "node": "■",
    "says": "  说：",
    "hears": "  按键：",
    "queue": "  排队 ",
    "dials": "  转接 ",
    "records": "  录音 ",
    "notes": "  记下 ",
    "end": "□ ",
}


async def walk_file(path: Path, press: str, show: Callable[[str], None]) -> int:
    """Walk the script in a file and show each step; returns the exit code. Raises UserError for a bad script."""
    try:
        script = read_file(path).script
    except ScriptRefused as refused:
        raise UserError(str(refused), "run `hotline script check` on it") from refused
    line = await walk(script, press)
    for step in line.steps:
        show(f"{SIGNS[step.what]}{step.text or '（无）'}")
    if line.inputs:
        show(f"没有用到的输入：{', '.join(line.inputs)}")
    return 0

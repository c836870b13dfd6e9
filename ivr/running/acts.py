"""What each kind of node does. Every act returns the name of the exit it leaves by, or HUMAN."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ivr.line import CallerHungUp, Dialled, Prompt, QueueEnd
from ivr.running.branches import holds
from ivr.script.nodes import (
    Branch,
    Callback,
    Digits,
    Goto,
    HandoffNode,
    Hangup,
    Menu,
    Progress,
    Queue,
    Say,
    Survey,
    VoicemailNode,
)
from ivr.script.nodes import Set as SetNode
from ivr.visit import HUMAN, IN_THE_MORNING, Visit, read_back
from language.phone import normalise
from runtime.clock import local

log = logging.getLogger(__name__)

BRANCH_SECONDS = 0.3
"""A look-up before a person may not take longer (domain.md 3.2 N01); then the caller goes on as `otherwise`."""

PROGRESS_SECONDS = 3.0
TICKET_DIGITS = 18
SHORTEST_MESSAGE = 1.0
"""Seconds; a shorter message is a breath and a hang-up, not a message."""

PRIORITY_STEP = 100_000_000
"""Distance between two priorities of the script, as Asterisk counts them (32 bits)."""

SENIORITY = 50_000_000
"""Tenths of a second by which returning callers are told apart: 57 days, then it begins anew."""


async def say(visit: Visit, node_id: str, node: Say) -> str:
    key = await visit.say(visit.prompt(node_id, "prompt"))
    if visit.is_human(key) and node_id != visit.script.human.to:
        return HUMAN
    visit.ahead = key or visit.ahead
    return "next"


async def menu(visit: Visit, node_id: str, node: Menu) -> str:
    if visit.ahead and visit.ahead not in node.choices and not visit.is_human(visit.ahead):
        visit.ahead = ""  # pressed before this menu was heard: no wrong key yet
    lead: list[Prompt] = []
    end = "no_input"
    for _ in range(node.attempts):
        key = await visit.ask([*lead, *visit.prompt(node_id, "prompt")], node.timeout)
        if key in node.choices:
            return f"key {key}"
        if visit.is_human(key):
            return HUMAN
        end = "wrong_key" if key else "no_input"
        lead = visit.prompt(node_id, f"{end}_prompt")
    return end


async def digits(visit: Visit, node_id: str, node: Digits) -> str:
    lead: list[Prompt] = []
    end = "no_input"
    for _ in range(node.attempts):
        typed = await visit.ask_number([*lead, *visit.prompt(node_id, "prompt")], node.timeout, longest=node.max)
        if visit.is_human(typed):
            return HUMAN
        if node.min <= len(typed) and typed.isdecimal():
            visit.variables[node.variable] = typed
            return "next"
        end = "wrong_key" if typed else "no_input"
        lead = visit.prompt(node_id, "wrong_key_prompt") if typed else []
    return end


async def branch(visit: Visit, node_id: str, node: Branch) -> str:
    try:
        async with asyncio.timeout(BRANCH_SECONDS):
            return "then" if await holds(node.test, visit) else "otherwise"
    except Exception as error:  # fail open: a look-up never keeps a caller from a person
        if isinstance(error, CallerHungUp):
            raise
        log.warning("branch %s: the look-up failed (%s), going on as otherwise", node_id, type(error).__name__)
        return "otherwise"


async def queue(visit: Visit, node_id: str, node: Queue) -> str:
    visit.ahead = ""
    visit.talk_exit = node.exits()["answered"]
    opening = visit.prompt(node_id, "prompt") if node_id not in visit.waited else []
    returning = node.queue in visit.entered
    entered = visit.entered.setdefault(node.queue, visit.clock.monotonic())
    while True:
        waited = visit.waited.setdefault(node_id, 0.0)
        if waited >= node.total:
            return "unavailable"
        began = visit.clock.monotonic()
        stay = await visit.line.queue(
            node.queue,
            priority=place(node.priority, entered if returning else None),
            seconds=min(node.wait, node.total - waited),
            opening=opening,
        )
        visit.waited[node_id] = waited + visit.clock.monotonic() - began
        opening, returning = [], True
        match stay.end:
            case QueueEnd.ANSWERED:
                del visit.waited[node_id]  # it was a talk: who wants a person again begins to wait
                visit.agent = stay.agent
                return "answered"
            case QueueEnd.TIMEOUT:
                return "overflow"
            case QueueEnd.UNAVAILABLE:
                return "unavailable"
            case QueueEnd.KEY if stay.key in node.keys:
                return f"key {stay.key}"
            case _:
                continue  # a key that means nothing here: back to the same place


def place(priority: int, entered: float | None) -> int:
    """Asterisk's priority of a caller: who left the queue for an offer and returns keeps his place.

    `entered` is when he first came (monotonic seconds), None for a newcomer. Returning callers stand before
    newcomers of the same priority, and among themselves in the order in which they first came.
    """
    seniority = 0 if entered is None else SENIORITY - int(entered * 10) % SENIORITY
    return priority * PRIORITY_STEP + seniority


async def progress(visit: Visit, node_id: str, node: Progress) -> str:
    try:
        sentences: list[str] = []
        waiting = visit.prompt(node_id, "waiting_prompt")
        if node.by_phone and visit.line.caller.phone:
            await visit.say(waiting)
            sentences = await _progress(visit, None, visit.line.caller.phone)
        if not sentences and node.by_number:
            typed = await visit.ask_number(visit.prompt(node_id, "prompt"), node.timeout, longest=TICKET_DIGITS)
            if visit.is_human(typed):
                return HUMAN
            if not typed:
                return "no_input"
            sentences = await _progress(visit, typed, visit.line.caller.phone or None)
    except (TimeoutError, LookupError, OSError) as error:
        log.warning("progress look-up failed: %s", type(error).__name__)
        return "failed"
    if not sentences:
        key = await visit.say(visit.prompt(node_id, "not_found_prompt"))
        return HUMAN if visit.is_human(key) else "not_found"
    key = await visit.say([Prompt(text, live=True) for text in sentences])
    if visit.is_human(key):
        return HUMAN
    visit.ahead = key
    return "found"


async def _progress(visit: Visit, ticket_no: str | None, phone: str | None) -> list[str]:
    try:
        async with asyncio.timeout(PROGRESS_SECONDS):
            return await visit.lookups.progress(ticket_no, phone)
    except TimeoutError:
        raise
    except Exception as error:  # whatever breaks there, the caller gets a person
        raise LookupError(type(error).__name__) from error


async def voicemail(visit: Visit, node_id: str, node: VoicemailNode) -> str:
    key = await visit.say(visit.prompt(node_id, "prompt"))
    if visit.is_human(key):
        return HUMAN
    call_id = visit.line.caller.call_id
    now = visit.clock.now()
    relative = f"voicemail/{local(now):%Y/%m/%d}/{call_id}-{now:%H%M%S}.wav"
    path = visit.recordings / relative
    recorded = await visit.line.record(path, seconds=node.seconds, end_keys="#" + visit.script.human.key)
    if recorded.seconds - recorded.quiet < SHORTEST_MESSAGE:
        if recorded.quiet:  # with its silence it is long enough to be taken for a message by who finds it later
            await asyncio.to_thread(_remove, path)
    elif not visit.is_human(recorded.key):
        visit.journal.voicemail(call_id, relative, recorded.seconds, cut=recorded.cut)
    if recorded.hung_up:
        raise CallerHungUp
    if visit.is_human(recorded.key):
        return HUMAN
    key = await visit.say(visit.prompt(node_id, "thanks_prompt"))
    return HUMAN if visit.is_human(key) else "next"


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("a message of nothing but silence cannot be removed: %s", error.strerror)


LONGEST_TYPED = 20
"""Digits taken for a telephone number; one too long is heard to its end and refused."""


async def callback(visit: Visit, node_id: str, node: Callback) -> str:
    number = visit.line.caller.phone
    question = visit.prompt(node_id, "number_prompt")
    for _ in range(3):
        if number and not _reachable(number):
            question, number = visit.prompt(node_id, "wrong_number_prompt"), ""
        if not number:
            typed = await visit.ask_number(question, 5.0, longest=LONGEST_TYPED)
            if visit.is_human(typed):
                return HUMAN
            if not _reachable(typed):
                question = visit.prompt(node_id, "wrong_number_prompt" if typed else "number_prompt")
                continue
            number = normalise(typed).digits
        key = await visit.ask(
            [
                *visit.prompt(node_id, "prompt"),
                *read_back(number),
                *visit.prompt(node_id, "confirm_prompt"),
            ],
            6.0,
        )
        if key == "1":
            soon = visit.journal.callback(visit.line.caller.call_id, number, visit.line.caller.phone)
            key = await visit.say([*visit.prompt(node_id, "thanks_prompt"), *([] if soon else [IN_THE_MORNING])])
            return HUMAN if visit.is_human(key) else "done"
        if visit.is_human(key):
            return HUMAN
        if key == "2":
            number, question = "", visit.prompt(node_id, "number_prompt")
    return "declined"


def _reachable(number: str) -> bool:
    """Whether this is a mobile or landline number of the country; others are refused, never cut to fit."""
    return normalise(number).kind in ("mobile", "landline")


async def handoff(visit: Visit, node_id: str, node: HandoffNode) -> str:
    key = await visit.say(visit.prompt(node_id, "prompt"))
    if visit.is_human(key):
        return HUMAN
    began = visit.clock.now()
    dialled = Dialled(answered=False)
    try:
        dialled = await visit.line.dial(node.target, seconds=node.seconds)
    finally:
        visit.journal.handoff(visit.line.caller.call_id, node.target, began, answered=dialled.answered)
    if dialled.hung_up:
        raise CallerHungUp
    return "done" if dialled.answered else "no_answer"


async def survey(visit: Visit, node_id: str, node: Survey) -> str:
    visit.ahead = ""
    for _ in range(node.attempts):
        key = await visit.ask(visit.prompt(node_id, "prompt"), node.timeout)
        if key and key in "12345":
            visit.journal.survey(visit.line.caller.call_id, node.question, int(key), visit.agent)
            key = await visit.say(visit.prompt(node_id, "thanks_prompt"))
            return HUMAN if visit.is_human(key) else "next"
        if visit.is_human(key):
            return HUMAN
    return "next"


async def set_values(visit: Visit, node_id: str, node: SetNode) -> str:
    visit.variables |= node.values
    return "next"


async def goto(visit: Visit, node_id: str, node: Goto) -> str:
    return "to"


async def hangup(visit: Visit, node_id: str, node: Hangup) -> str:
    key = await visit.say(visit.prompt(node_id, "prompt"))
    return HUMAN if visit.is_human(key) else ""


Act = Callable[[Visit, str, Any], Awaitable[str]]

ACTS: dict[str, Act] = {
    "say": say,
    "menu": menu,
    "digits": digits,
    "branch": branch,
    "queue": queue,
    "progress": progress,
    "voicemail": voicemail,
    "callback": callback,
    "handoff": handoff,
    "survey": survey,
    "set": set_values,
    "goto": goto,
    "hangup": hangup,
}

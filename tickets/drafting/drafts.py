"""Drafts of live calls: suggestions follow the transcript, what the agent typed stays for ever.

The node runs `Drafts`: each final utterance gives new suggestions, kept in `ticket_draft` and announced. Desks
read with `load_draft` and write with `save_draft`; suggestions and typed fields live in separate columns, so
neither side can overwrite the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, TicketDraft, TranscriptUtterance
from db.session import AWAY, Sessions
from runtime.bus import Bus, Unsubscribe
from runtime.clock import Clock
from runtime.events import CallStarted, DraftUpdated, Suggestion, Utterance
from tickets.drafting.draft_row import lock_draft
from tickets.drafting.drafter import Drafter
from tickets.drafting.lexicon import Lexicon
from tickets.errors import Conflict
from tickets.fields import FIELD_NAMES, FieldErrors, storable

log = logging.getLogger(__name__)

Suggestions = dict[str, list[Suggestion]]

FILL = 0.5
"""Confidence from which a suggestion is filled into the form without being asked."""
LIVE_CALLS = 2000
"""Calls whose utterances are kept in memory; an older one is read again from the database."""
ALSO_SAVED = frozenset({"article_id", "answer_text", "decline_code", "told"})
"""What the submit dialog holds besides the ticket's own elements: a reload must not lose it either."""
LONGEST = 8000
PATIENCE_S = 0.5
"""The database may take so long before a draft is told of without it."""
RETRY_S = 2.0
"""Between attempts to write while the database is away."""


class Refiner(Protocol):
    """Something slower and better than the rules (a language model); may take seconds, may fail."""

    async def refine(self, utterances: Sequence[Utterance], rules: Suggestions) -> Suggestions:
        """Better suggestions, or the same ones when it cannot."""
        ...


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft as the desk shows it: `values` are typed fields first, then confident suggestions."""

    call_id: str
    revision: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    touched: tuple[str, ...] = ()
    suggestions: Suggestions = field(default_factory=dict)
    agent_user_id: int | None = None
    submitted_ticket_id: int | None = None
    updated_at: datetime | None = None


def _value(name: str, options: list[Suggestion]) -> Any:
    if name == "tags":
        return [option.value for option in options if option.confidence >= FILL]
    best = options[0].value
    if name == "unit_id":
        return int(best)
    return best == "true" if name == "is_enterprise" else best


def view_of(draft: TicketDraft) -> DraftView:
    """The row as a value of its own."""
    suggestions = {
        name: [Suggestion(**option) for option in options] for name, options in draft.suggestions.items()
    }
    filled = {
        name: _value(name, options)
        for name, options in suggestions.items()
        if options and options[0].confidence >= FILL
    }
    typed = {name: draft.fields[name] for name in draft.touched if name in draft.fields}
    return DraftView(
        call_id=draft.call_id,
        revision=draft.revision,
        values=filled | typed,
        touched=tuple(draft.touched),
        suggestions=suggestions,
        agent_user_id=draft.agent_user_id,
        submitted_ticket_id=draft.submitted_ticket_id,
        updated_at=draft.updated_at,
    )


async def load_draft(session: AsyncSession, call_id: str) -> DraftView:
    """The draft of this call; an empty one when nothing was said or typed yet."""
    draft = await session.get(TicketDraft, call_id)
    return view_of(draft) if draft is not None else DraftView(call_id=call_id)


async def save_draft(
    session: AsyncSession, clock: Clock, call_id: str, user_id: int | None, changes: Mapping[str, Any]
) -> DraftView:
    """Keep what the agent typed; None gives a field back to the suggestions. The caller commits.

    Raises `FieldErrors` for unknown fields and impossible values, `Conflict` once the ticket is submitted.
    """
    _check(changes)
    draft = await lock_draft(session, call_id, clock.now())
    if draft.submitted_ticket_id is not None:
        raise Conflict("这通电话的工单已经提交，草稿不能再修改。")
    fields, touched = dict(draft.fields), list(draft.touched)
    for name, value in changes.items():
        if value is None:
            fields.pop(name, None)
            touched = [other for other in touched if other != name]
        else:
            fields[name] = value
            if name not in touched:
                touched.append(name)
    draft.fields, draft.touched = fields, touched
    draft.updated_at = clock.now()
    if user_id is not None:
        draft.agent_user_id = user_id
    await session.flush()
    return view_of(draft)


def _check(changes: Mapping[str, Any]) -> None:
    faults: dict[str, str] = {}
    for name, value in changes.items():
        if name not in FIELD_NAMES and name not in ALSO_SAVED:
            faults[name] = "没有这个字段。"
        elif isinstance(value, str) and len(value) > LONGEST:
            faults[name] = f"最多{LONGEST}个字。"
        elif not _storable(value):
            faults[name] = "填写的内容不对。"
    if faults:
        raise FieldErrors(faults)


def _storable(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= 12 and all(isinstance(i, str) and len(i) <= 64 and storable(i) for i in value)
    if isinstance(value, float):
        return math.isfinite(value)  # others are no JSON: PostgreSQL and browsers refuse the whole draft
    return value is None or isinstance(value, bool | int) or (isinstance(value, str) and storable(value))


class _Talk:
    """What was said on one call so far, in order of time."""

    def __init__(self, caller: str, said: Sequence[Utterance]) -> None:
        self.caller = caller
        self._said = {utterance.utterance_id: utterance for utterance in said}
        self.whole = True
        """What was said before this process listened is known too."""
        self.revision = 0
        self.unwritten: Suggestions | None = None
        """The newest suggestions, while the database has not taken them."""
        self.writing: asyncio.Task[None] | None = None
        self.refining: asyncio.Task[None] | None = None
        self.better: Suggestions = {}
        """What the refiner found last; it stands before the rules until it has heard the rest."""

    def add(self, utterance: Utterance) -> None:
        self._said[utterance.utterance_id] = utterance

    def in_order(self) -> list[Utterance]:
        return sorted(self._said.values(), key=lambda u: (u.start_ms, u.utterance_id))


class Drafts:
    """Keeps every live call's suggestions up to date. One per node."""

    def __init__(
        self, sessions: Sessions, bus: Bus, clock: Clock, lexicon: Lexicon, *, refiner: Refiner | None = None
    ) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._drafter = Drafter(lexicon)
        self._refiner = refiner
        self._talks: OrderedDict[str, _Talk] = OrderedDict()
        self._unsubscribe: list[Unsubscribe] = []
        self._away = False

    async def start(self) -> None:
        self._unsubscribe = [
            self._bus.subscribe(self._began, CallStarted),
            self._bus.subscribe(self._heard, Utterance),
        ]

    async def close(self) -> None:
        while self._unsubscribe:
            self._unsubscribe.pop()()
        running = [task for talk in self._talks.values() for task in (talk.refining, talk.writing)]
        tasks = [task for task in running if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _began(self, event: CallStarted) -> None:
        """A call heard from its first word needs nothing of the database."""
        self._keep(event.call_id, _Talk(event.caller, []))

    async def _heard(self, utterance: Utterance) -> None:
        if not utterance.final or not utterance.call_id or not utterance.text:
            return
        talk = await self._talk(utterance.call_id)
        talk.add(utterance)
        said = talk.in_order()
        suggestions = self._drafter.update(said, caller=talk.caller, now=self._clock.now())
        await self._publish(utterance.call_id, talk, suggestions | talk.better)
        if self._refiner is not None and (talk.refining is None or talk.refining.done()):
            talk.refining = asyncio.create_task(
                self._refine(self._refiner, talk, utterance.call_id, said, suggestions), name="drafts:refine"
            )

    async def _talk(self, call_id: str) -> _Talk:
        """The call's talk, read from the database when this process did not hear its beginning."""
        talk = self._talks.get(call_id)
        if talk is None or not talk.whole:
            try:
                async with self._sessions() as session:
                    call = await session.get(Call, call_id)
                    rows = await session.scalars(
                        select(TranscriptUtterance).where(TranscriptUtterance.call_id == call_id)
                    )
                    before = _Talk(call.caller if call else "", [event_of(row) for row in rows])
            except AWAY as error:
                self._tell_away(error)
                talk = talk or _Talk("", [])
                talk.whole = False
            else:
                for utterance in talk.in_order() if talk is not None else []:
                    before.add(utterance)
                talk = before
        self._keep(call_id, talk)
        return talk

    def _keep(self, call_id: str, talk: _Talk) -> None:
        self._talks[call_id] = talk
        self._talks.move_to_end(call_id)
        while len(self._talks) > LIVE_CALLS:
            self._talks.popitem(last=False)

    def _tell_away(self, error: BaseException) -> None:
        if not self._away:
            log.warning("the database is away (%s): drafts are made from memory", type(error).__name__)
        self._away = True

    async def _publish(self, call_id: str, talk: _Talk, suggestions: Suggestions) -> None:
        """Write the suggestions and tell of them; a database that does not answer soon holds no page up."""
        talk.unwritten = suggestions
        if talk.writing is None or talk.writing.done():
            talk.writing = asyncio.create_task(self._write(call_id, talk), name="drafts:write")
        await asyncio.wait({talk.writing}, timeout=0 if self._away else PATIENCE_S)
        if not talk.writing.done():
            await self._bus.publish(DraftUpdated(call_id=call_id, revision=talk.revision, fields=suggestions))
        elif (fault := talk.writing.exception()) is not None:
            raise fault

    async def _write(self, call_id: str, talk: _Talk) -> None:
        """Until the newest suggestions are in the database. Ends at once when the draft was submitted."""
        while (newest := talk.unwritten) is not None:
            try:
                async with self._sessions.begin() as session:
                    draft = await lock_draft(session, call_id, self._clock.now())
                    submitted = draft.submitted_ticket_id is not None
                    if not submitted:
                        draft.suggestions = {name: [asdict(s) for s in found] for name, found in newest.items()}
                    talk.revision = draft.revision
            except AWAY as error:
                self._tell_away(error)
                await asyncio.sleep(RETRY_S)
                continue
            if self._away:
                self._away = False
                log.warning("the database is back")
            if talk.unwritten is newest or submitted:
                talk.unwritten = None
            if not submitted:
                await self._bus.publish(DraftUpdated(call_id=call_id, revision=talk.revision, fields=newest))

    async def _refine(
        self, refiner: Refiner, talk: _Talk, call_id: str, said: list[Utterance], rules: Suggestions
    ) -> None:
        """Runs beside the rules; while it thinks more may be said, so it goes again until it is level."""
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                better = await refiner.refine(said, rules)
                talk.better = {name: found for name, found in better.items() if found != rules.get(name)}
                latest = talk.in_order()
                if talk.better:
                    newest = self._drafter.update(latest, caller=talk.caller, now=self._clock.now())
                    await self._publish(call_id, talk, newest | talk.better)
                if len(latest) == len(said):
                    return
                said = latest
                rules = self._drafter.update(said, caller=talk.caller, now=self._clock.now())


def event_of(row: TranscriptUtterance) -> Utterance:
    """What was said, as it was told."""
    return Utterance(
        call_id=row.call_id,
        utterance_id=row.id,
        speaker="agent" if row.speaker == "agent" else "citizen",
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        text=row.text,
        final=True,
        raw=row.raw,
        confidence=row.confidence,
    )

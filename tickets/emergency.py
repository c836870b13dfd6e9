"""The spotter: hears emergencies in what the citizen says and alerts the agent (domain.md 3.3).

It only alerts; a human decides whether to hand over. It acts on final utterances, never on partials, because
a partial may still turn into its opposite. Sound counts: a recogniser writes 早火 for 着火.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import rjieba
import yaml
from pypinyin import Style, lazy_pinyin
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, CallEvent
from db.session import Sessions
from hotline.bus import Bus, Unsubscribe
from hotline.clock import Clock
from hotline.events import EmergencyHeard, Utterance
from tickets.sounds import sound

log = logging.getLogger(__name__)

FILE = Path(__file__).parent / "data" / "emergency.yaml"

PAIR_GAP = 8
"""Characters between the parts of a pair."""
SAME_BREATH_MS = 1200
"""A pause shorter than this does not end a sentence: what was said before it still qualifies what follows."""
LIVE_CALLS = 2000
SENTENCES = 4096
"""Sentences whose finding is kept, in case they are asked for again."""
ALERT = "emergency_heard"
"""Kind of an alert's row on the call's time line."""

_OVERRULED_BY_NOW = ("past", "habit", "enquiry", "done")
_FINAL = ("about", "fiction", "feared")


@dataclass(frozen=True, slots=True)
class _Word:
    """A trigger; `syllables` are folded ones, None for words that must be written so."""

    text: str
    syllables: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Code:
    code: str
    target: str
    words: tuple[_Word, ...]
    pairs: tuple[re.Pattern[str], ...]
    needs_any: tuple[str, ...]
    not_words: tuple[str, ...]
    never_with: tuple[str, ...]


@dataclass(frozen=True)
class _Rules:
    codes: tuple[_Code, ...]
    negative: dict[str, tuple[str, ...]]
    now: re.Pattern[str]
    yes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hit:
    """A code and the words of the text that gave it."""

    code: str
    target: str
    words: tuple[str, ...]


def _toned(text: str) -> tuple[str, ...]:
    return tuple(
        re.sub(r"^([zcs])h|ng(?=\d?$)", lambda m: m[1] or "n", one) for one in lazy_pinyin(text, style=Style.TONE3)
    )


def _misheard(there: str, word: str) -> bool:
    """Whether two characters may be a mishearing of two others: same syllables, and at least one tone.

    Two characters have too many homophones for the folded sound alone: 搬家 and 绑架, 又倒 and 有刀.
    """
    pairs = list(zip(_toned(there), _toned(word), strict=True))
    return all(a.rstrip("1234") == b.rstrip("1234") for a, b in pairs) and any(a == b for a, b in pairs)


def _word_edges(text: str) -> set[int]:
    """Where words begin and end: what straddles them is no word that somebody said."""
    edges, at = {0}, 0
    for word in rjieba.cut(text):
        at += len(word)
        edges.add(at)
    return edges


@cache
def _rules(path: Path = FILE) -> _Rules:
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    codes = []
    for code, row in data["codes"].items():
        words = [_Word(text) for text in row.get("exact", ())]
        for text in row.get("sound", ()):
            words.append(_Word(text, sound(text)))
        codes.append(
            _Code(
                code=code,
                target=row["target"],
                words=tuple(words),
                pairs=tuple(_pair(parts) for parts in row.get("pairs", ())),
                needs_any=tuple(row.get("needs_any", ())),
                not_words=tuple(row.get("not_words", ())),
                never_with=tuple(row.get("never_with", ())),
            )
        )
    return _Rules(
        codes=tuple(codes),
        negative={name: tuple(words) for name, words in data["negative"].items()},
        now=re.compile("|".join(data["now"])),
        yes=frozenset(data["affirmations"]),
    )


def _pair(parts: list[str]) -> re.Pattern[str]:
    return re.compile(f".{{0,{PAIR_GAP}}}?".join(re.escape(part) for part in parts))


def _denied(text: str, at: int) -> bool:
    """Whether 没有, 没 or 不是 stands right before this place."""
    return text[:at].endswith(("没有", "没", "不是", "并未"))


def _found(word: _Word, text: str, heard: tuple[str, ...], not_words: tuple[str, ...]) -> str:
    """The characters at which this trigger was heard, "" when it was not."""
    size = len(word.text)
    for i in range(len(text) - size + 1):
        there = text[i : i + size]
        if there != word.text:
            if heard[i : i + size] != word.syllables or (size == 2 and not _misheard(there, word.text)):
                continue
            if not {i, i + size} <= _word_edges(text):
                continue
        around = text[max(0, i - 2) : i + size + 2]
        if not _any(not_words, around) and not _denied(text, i):
            return there
    return ""


def _found_pair(pair: re.Pattern[str], text: str, not_words: tuple[str, ...]) -> str:
    match = pair.search(text)
    if match is None or _denied(text, match.start()) or "没" in match.group():
        return ""
    return "" if _any(not_words, text[max(0, match.start() - 2) : match.end() + 2]) else match.group()


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(word in text for word in words)


def spot(text: str, before: str = "") -> list[Hit]:
    """Emergencies in one sentence; `before` was said in the same breath and only qualifies it."""
    return list(_spot(text, before))


@lru_cache(maxsize=SENTENCES)
def _spot(text: str, before: str) -> tuple[Hit, ...]:
    """Kept for a while: the draft asks for every sentence of a call again whenever one more was said."""
    rules = _rules()
    text = re.sub(r"\s+", "", text)
    for denial in rules.negative["denied"]:
        text = text.replace(denial, "，")
    whole = before + text
    if any(_any(rules.negative[name], whole) for name in _FINAL):
        return ()
    happening = rules.now.search(text) is not None
    if not happening and any(_any(rules.negative[name], whole) for name in _OVERRULED_BY_NOW):
        return ()
    heard = sound(text)
    hits: list[Hit] = []
    for code in rules.codes:
        words = [w for word in code.words if (w := _found(word, text, heard, code.not_words))]
        words += [w for pair in code.pairs if (w := _found_pair(pair, text, code.not_words))]
        if not words or (not happening and _any(code.never_with, text)):
            continue
        if not code.needs_any or _any(code.needs_any, text):
            hits.append(Hit(code.code, code.target, tuple(dict.fromkeys(words))))
    return tuple(hits)


def is_yes(text: str) -> bool:
    """Whether a citizen's utterance is a bare yes."""
    return re.sub(r"[\s，。！？、,.!?]", "", text) in _rules().yes


@dataclass(slots=True)
class _Memory:
    told: set[str] = field(default_factory=set)
    last: str = ""
    last_end_ms: int = -(10**9)
    asked: list[Hit] = field(default_factory=list)


class Spotter:
    """Publishes `EmergencyHeard` once per code and call; with `sessions` it keeps them and marks the call."""

    def __init__(self, bus: Bus, clock: Clock, sessions: Sessions | None = None) -> None:
        self._bus = bus
        self._clock = clock
        self._sessions = sessions
        self._calls: OrderedDict[str, _Memory] = OrderedDict()
        self._unwritten: list[EmergencyHeard] = []
        self._unsubscribe: Unsubscribe | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._heard, Utterance)

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    async def _heard(self, utterance: Utterance) -> None:
        if not utterance.final or not utterance.call_id:
            return
        memory = self._calls.setdefault(utterance.call_id, _Memory())
        self._calls.move_to_end(utterance.call_id)
        while len(self._calls) > LIVE_CALLS:
            self._calls.popitem(last=False)
        if utterance.speaker == "agent":
            # The agent's words alone alert nobody; a citizen's yes to them does.
            memory.asked = spot(utterance.text)
            return
        same_breath = utterance.start_ms - memory.last_end_ms <= SAME_BREATH_MS
        hits = spot(utterance.text, memory.last if same_breath else "")
        if not hits and is_yes(utterance.text):
            hits = memory.asked
        memory.last, memory.last_end_ms, memory.asked = utterance.text, utterance.end_ms, []
        fresh = [
            EmergencyHeard(
                call_id=utterance.call_id,
                code=hit.code,
                target=hit.target,
                words=hit.words,
                utterance_id=utterance.utterance_id,
                speaker=utterance.speaker,
                at=self._clock.now(),
            )
            for hit in hits
            if hit.code not in memory.told
        ]
        for alert in fresh:
            memory.told.add(alert.code)
            await self._bus.publish(alert)
        if self._sessions is not None and (fresh or self._unwritten):
            self._unwritten = [*self._unwritten, *fresh][-LIVE_CALLS:]
            await self._write(self._sessions)

    async def _write(self, sessions: Sessions) -> None:
        """The alert has gone out already: a database that is away delays its row, not the alert."""
        try:
            async with sessions.begin() as session:
                for alert in self._unwritten:
                    if await session.get(Call, alert.call_id) is not None:
                        await session.execute(update(Call).where(Call.id == alert.call_id).values(emergency=True))
                        session.add(alert_row(alert))
        except Exception:
            log.exception("%d emergency alerts are not written yet", len(self._unwritten))
        else:
            self._unwritten.clear()


def alert_row(alert: EmergencyHeard) -> CallEvent:
    """The alert on the call's time line: a desk that was restarted shows it again."""
    detail = {
        "code": alert.code,
        "target": alert.target,
        "words": list(alert.words),
        "utterance_id": alert.utterance_id,
        "speaker": alert.speaker,
    }
    return CallEvent(call_id=alert.call_id, at=alert.at, kind=ALERT, detail=detail)


async def alerts_of(session: AsyncSession, call_id: str) -> list[EmergencyHeard]:
    """All alerts of a call, oldest first."""
    rows = await session.scalars(
        select(CallEvent).where(CallEvent.call_id == call_id, CallEvent.kind == ALERT).order_by(CallEvent.id)
    )
    return [
        EmergencyHeard(
            call_id=call_id,
            code=row.detail["code"],
            target=row.detail["target"],
            words=tuple(row.detail["words"]),
            utterance_id=row.detail["utterance_id"],
            speaker=row.detail["speaker"],
            at=row.at,
        )
        for row in rows
    ]

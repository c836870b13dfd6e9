"""The drafter: every field's suggestions from a call's final utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from runtime.events import Suggestion, Utterance
from tickets.drafting.category import CategoryModel, Guess
from tickets.drafting.clerk import clean, without_opening
from tickets.drafting.filing import shipped_filing, together
from tickets.drafting.kind import find_kind
from tickets.drafting.lexicon import CategoryEntry, Lexicon
from tickets.drafting.literal import with_literals
from tickets.drafting.person import find_person
from tickets.drafting.phone import find_phones
from tickets.drafting.place import PlaceFinder
from tickets.drafting.repair import Repair
from tickets.drafting.routing import find_procedure, find_tags, find_unit, find_urgency
from tickets.drafting.subject import find_subject
from tickets.drafting.summary import find_summary, telling_line
from tickets.drafting.talk import Line, Span, lines_of, suggest, whole
from tickets.drafting.when import find_when
from tickets.drafting.wish import find_wish
from tickets.fields import APPEAL_TYPES

Suggestions = dict[str, list[Suggestion]]

LINES = 2048
"""Lines whose scores are kept (some kilobytes each): all that is said on the calls of some minutes."""


class Drafter:
    """Pure: the same utterances give the same suggestions. It runs in the node's loop beside all calls, so what
    each sentence costs is kept: a long call's next sentence takes some milliseconds more, not a tenth of a second.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._model = CategoryModel(lexicon.categories)
        self._entries = {entry.code: entry for entry in lexicon.categories}
        self._places = PlaceFinder(lexicon)
        self._repair = Repair(
            [word for entry in lexicon.categories for word in entry.words]
            + [name for unit in lexicon.units for name in (unit.short_name, *unit.aliases)]
        )
        self._filing = shipped_filing()
        self._line_scores = lru_cache(maxsize=LINES)(lambda text: self._model.scores([(text, 1.0)]))

    def update(
        self,
        utterances: Sequence[Utterance],
        *,
        caller: str = "",
        now: datetime | None = None,
        typed: bool = False,
    ) -> Suggestions:
        """Suggestions by field name (domain.md 2.9), best first.

        `utterances` are finals of both speakers in order of time; `caller` is the normalised caller id; `now`
        anchors words like 昨天. `typed` text (a letter) is read as it stands; recognised words may be homophones.
        """
        lines = lines_of(utterances) if typed else lines_of(utterances, self._repair)
        out: Suggestions = {}
        out |= find_phones(lines, caller)
        out |= find_person(lines)
        places, place_spans = self._places.find(lines, typed=typed)
        out |= places
        private = _spans(lines, out, ("phone", "phone_alt", "appellant_name"))
        guesses, scores, spoken = self._guess(lines, [*private, *place_spans])
        category = self._entries.get(guesses[0].code) if guesses else None
        telling = telling_line(lines, scores, [*private, *place_spans])
        if guesses:
            out["category_code"] = [
                suggest(g.code, g.confidence, whole(telling) if telling else None, self._entries[g.code].name)
                for g in guesses[:3]
            ]
        sure = guesses[0].confidence if guesses else 0.0
        kinds = self._weighed_kinds(find_kind(lines, category), spoken)
        if kinds:
            out["appeal_type"] = kinds
        kind = kinds[0].value if kinds else ""
        name = out["appellant_name"][0].value if "appellant_name" in out else ""
        out |= find_subject(lines, place_spans, category.code if category else "", name)
        if kind != "CONSULT":
            out |= find_when(lines, place_spans, now)
        self._follow(out, lines, category, kind, sure, private, place_spans, telling, typed=typed)
        found = {field: options for field, options in out.items() if options}
        return found if typed else with_literals(found, lines)

    def _guess(
        self, lines: Sequence[Line], hidden: Sequence[Span]
    ) -> tuple[list[Guess], list[float], list[tuple[str, float]]]:
        """The likeliest categories, for each line how much it says of the best one, and what was judged."""
        weighted: list[tuple[str, float]] = []
        citizen = 0
        for line in lines:
            if not line.by_citizen:
                weighted.append((_blank(line, hidden), 0.0))
                continue
            citizen += 1
            aside = bool(line.asked & {"name", "phone"}) or (bool(line.asked & {"place", "time"}) and citizen > 2)
            weighted.append((_blank(line, hidden), 0.5 if aside else 1.0 if citizen <= 3 else 0.8))
        weighted = [(without_opening(clean(text)), weight) for text, weight in weighted]
        spoken = [(text, weight) for text, weight in weighted if weight and len(text) > 1]
        guesses = self._weighed(self._model.guess(spoken), spoken)
        if not guesses:
            return [], [0.0] * len(lines), spoken
        best = guesses[0].code
        scores = [self._line_scores(text).get(best, 0.0) if weight else 0.0 for text, weight in weighted]
        return guesses, scores, spoken

    def _weighed(self, by_words: Sequence[Guess], spoken: Sequence[tuple[str, float]]) -> list[Guess]:
        """What words and phrasings say of the category, and what the trained model says, put together."""
        total = sum(guess.confidence for guess in by_words)
        if not total:
            return []
        words = {guess.code: guess.confidence / total for guess in by_words}
        shares = together(self._filing.opinions("category", spoken), words)
        mixed = {code: share for code, share in shares.items() if code in self._entries}
        best = sorted(mixed.items(), key=lambda item: (-item[1], item[0]))[:5]
        height = min(total, 1.0)
        scores = {guess.code: guess.score for guess in by_words}
        return [Guess(code, round(height * share, 3), scores.get(code, 0.0)) for code, share in best]

    def _weighed_kinds(self, by_rules: list[Suggestion], spoken: Sequence[tuple[str, float]]) -> list[Suggestion]:
        """The type of appeal by cue words and habit, and by the trained model, put together."""
        if not by_rules:
            return []
        rules = {one.value: one for one in by_rules}
        shares = together(
            self._filing.opinions("kind", spoken), {name: one.confidence for name, one in rules.items()}
        )
        best = sorted(shares, key=lambda name: (-shares[name], name))[:3]
        return [
            replace(rules[name], confidence=round(min(shares[name], 0.99), 3))
            if name in rules
            else suggest(name, shares[name], None, APPEAL_TYPES[name])
            for name in best
        ]

    def _follow(
        self,
        out: Suggestions,
        lines: Sequence[Line],
        category: CategoryEntry | None,
        kind: str,
        sure: float,
        private: Sequence[Span],
        places: Sequence[Span],
        telling: Line | None,
        *,
        typed: bool,
    ) -> None:
        """What follows from type, category and place."""
        issue = category.issue if category else ""
        region = out["region_code"][0].value if "region_code" in out else ""
        enterprise = "is_enterprise" in out
        if kind == "REPORT" and "confidential" not in out:
            out["confidential"] = [suggest("REPORTER", 0.7, None, "举报人保护")]
        elif kind == "REPORT":
            out["confidential"] = [suggest("REPORTER", 0.85, _span(lines, out["confidential"][0]), "举报人保护")]
        out["demand"] = find_wish(lines, kind, issue) if kind else []
        out["urgency"] = find_urgency(lines, category, kind, typed=typed) if category else []
        out["procedure"] = find_procedure(category, kind, sure)
        out["unit_id"] = find_unit(lines, category, region, sure, self._lexicon, kind)
        out["tags"] = find_tags(lines, enterprise=enterprise)
        out |= find_summary(
            lines,
            kind=kind,
            issue=issue,
            words=category.words if category else (),
            place=out["place_text"][0] if out.get("place_text") else None,
            name=_best(out, "appellant_name"),
            when=_best(out, "occurred_text"),
            wish=out["demand"][0] if out["demand"] else None,
            private=private,
            places=places,
            telling=telling,
        )


def _best(out: Suggestions, name: str) -> str:
    return out[name][0].value if out.get(name) else ""


def _span(lines: Sequence[Line], suggestion: Suggestion) -> Span | None:
    line = next((line for line in lines if line.utterance_id == suggestion.utterance_id), None)
    return Span(line, suggestion.start, suggestion.end) if line else None


def _spans(lines: Sequence[Line], out: Suggestions, names: Sequence[str]) -> list[Span]:
    found = [_span(lines, option) for name in names for option in out.get(name, [])]
    return [span for span in found if span is not None]


def _blank(line: Line, hidden: Sequence[Span]) -> str:
    """The line without names, numbers and places: a hospital as a landmark is no health matter."""
    text = list(line.read)
    for span in hidden:
        if span.line is line:
            for i in range(span.start, min(span.end, len(text))):
                text[i] = "，"
    return "".join(text)

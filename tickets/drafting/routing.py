"""Who should get it and how fast: unit, procedure, urgency, tags."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runtime.events import Suggestion
from tickets.drafting.lexicon import CategoryEntry, Lexicon, UnitEntry
from tickets.drafting.talk import Line, Span, suggest
from tickets.emergency.listener import Listener
from tickets.fields import PROCEDURES, URGENCIES

_BY_PLACE = ("属地政府", "乡镇", "乡镇街道", "街道办")
# Within one category the words decide between the authority and the company that does the work.
_WORDS_TO_UNIT: tuple[tuple[str, str, str], ...] = (
    ("1401", r"停水|没有?水|水压|水管|水表|爆管|来水|自来水|供水|水厂", "water_supply"),
    ("1402", r"停电|没电|来电|电压|跳闸|变压器|电表|供电|电线", "power_supply"),
    ("1403", r"燃气|天然气|煤气|通气|打不着火|上门|安检|报修", "gas_supply"),
    ("1201", r"公交", "bus"),
    ("1406", r".", "cable"),
    ("0702", r".", "police"),
)
_DANGER = re.compile(
    r"危险|砸到|砸着|漏电|掉下去|掉进|要倒|要塌|塌|摔(?:伤|了好几)|咬(?:了|伤|人)|老人都不敢|小孩掉|出事|怎么得了|安全隐患|失火|触电|泄漏|"
    r"吸氧|拉肚子|肚子疼|学生.{0,4}吐|爆了|爆管"
)
_SUPPLY = re.compile(
    r"(?:停水|停电|停气|没有?水|没电).{0,8}(?:天|昨|现在|一直|小时|没来)|(?:天|昨晚|昨天).{0,8}(?:停水|停电|停气|没水|没电)"
)
_SAFETY_URGENT = frozenset({"1308", "2001", "1505", "0106", "1106", "1401", "1402", "1403", "2004"})
_CROWD = re.compile(
    r"(?:\d{2,}|十几|几十|二十几|20几|上百|几百|全村|整个村|整个\d*组|整栋|全小区|好多)(?:个|多|几)*(?:人|户|家|名业主|村民)|我们(?:整个|全)|(?:业主|村民|工友)(?:们|有)?\d*多?户?都"
)
_AGAIN = re.compile(
    r"(?:打|反映|投诉)(?:了|过)(?:好多|几|很多|\d+|好几)(?:次|遍|回)|又(?:打|反映)|多次反映|之前(?:就)?反映过"
)
_FRAIL = re.compile(
    r"残疾|瘫痪|孤寡|五保|低保户|孕妇|吸氧|精神病|独居老人|留守|癌|尿毒症|"
    r"(?<![\d.])[789]\d多?岁?了?(?:的老人)?$|我[789]\d多(?![块元万平米斤])"
)


def find_unit(
    lines: Sequence[Line],
    category: CategoryEntry | None,
    region_code: str,
    sure: float,
    lexicon: Lexicon,
    kind: str,
) -> list[Suggestion]:
    """`unit_id` by the dispatch precedence of domain.md 5: named unit praised, the category's lead, the place."""
    if category is None:
        return []
    said = "".join(line.read for line in lines if line.by_citizen)
    options: list[tuple[UnitEntry, float, Span | None]] = []
    if kind in ("PRAISE", "SUGGEST") and category.code.startswith("99"):
        options += [(unit, 0.7, span) for unit, span in _named(lines, lexicon)]
    for code, words, unit_code in _WORDS_TO_UNIT:
        if category.code == code and re.search(words, said):
            options += [(unit, sure, None) for unit in lexicon.units if unit.code == unit_code]
    for rank, name in enumerate([*re.split(r"[/、]", category.lead), *category.also]):
        share = sure * (0.95 if rank == 0 else 0.45)
        if name in _BY_PLACE:
            unit = township_of(region_code, lexicon)
            options += [(unit, share, None)] if unit else []
        else:
            options += [(unit, share, None) for unit in lexicon.units if _is(unit, name)][:1]
    if not options:
        options += [(unit, 0.5, span) for unit, span in _named(lines, lexicon)]
    out: list[Suggestion] = []
    for unit, share, span in sorted(options, key=lambda option: -option[1]):
        if str(unit.id) not in [s.value for s in out]:
            out.append(suggest(str(unit.id), share, span, unit.short_name))
    return out[:3]


def _is(unit: UnitEntry, name: str) -> bool:
    bare = re.sub(r"[（(].*?[)）]", "", name)
    return bare in (unit.short_name, unit.name, *unit.aliases)


def _named(lines: Sequence[Line], lexicon: Lexicon) -> list[tuple[UnitEntry, Span]]:
    out: list[tuple[UnitEntry, Span]] = []
    for line in lines:
        if line.by_citizen:
            for unit in lexicon.units:
                for name in sorted({unit.short_name, unit.name, *unit.aliases}, key=len, reverse=True):
                    if unit.kind != "EMERGENCY" and (at := line.read.find(name)) >= 0:
                        out.append((unit, Span(line, at, at + len(name))))
                        break
    return out


def township_of(region_code: str, lexicon: Lexicon) -> UnitEntry | None:
    """The township government in whose area a division lies."""
    towns = [unit for unit in lexicon.units if unit.kind == "TOWNSHIP" and unit.region_code]
    return next((unit for unit in towns if region_code.startswith(unit.region_code)), None)


def find_procedure(category: CategoryEntry | None, kind: str, sure: float) -> list[Suggestion]:
    """`procedure` by the rules of domain.md 2.4."""
    if category is None:
        return []
    chosen = category.procedure if category.procedure in PROCEDURES else "SIMPLE"
    if kind == "REPORT":
        chosen = "ORDINARY"
    elif kind in ("CONSULT", "PRAISE"):
        chosen = "IMMEDIATE"
    elif chosen == "IMMEDIATE":
        chosen = "SIMPLE"
    return [suggest(chosen, max(sure, 0.55), None, PROCEDURES[chosen])]


def find_urgency(
    lines: Sequence[Line], category: CategoryEntry | None, kind: str, *, typed: bool = False
) -> list[Suggestion]:
    """`urgency`: what the spotter hears is most urgent, danger and failed supply are urgent."""
    citizen = [line for line in lines if line.by_citizen]
    listener = Listener(typed=typed)
    for line in lines:
        for alert in listener.hear(line.speaker, line.text):  # as the spotter hears it: judged once
            if not alert.by_word and alert.probability < SURE:
                continue  # the agent is alerted all the same; the ticket waits for more
            word = next((word for word in alert.words if word in line.text), "")
            at = line.text.find(word)
            span = Span(line, at, at + len(word)) if word else None
            return [suggest("MOST_URGENT", min(alert.probability, 0.95), span, URGENCIES["MOST_URGENT"])]
    if kind not in ("CONSULT", "PRAISE"):
        for line in citizen:
            danger = _DANGER.search(line.read)
            match = _SUPPLY.search(line.read) or (
                danger if category and (category.safety or category.code in _URGENT_ALSO) else None
            )
            if match is not None:
                return [suggest("URGENT", 0.7, Span(line, match.start(), match.end()), URGENCIES["URGENT"])]
    return [suggest("GENERAL", 0.6, None, URGENCIES["GENERAL"])]


SURE = 0.95
"""Probability from which an alert without a plain word makes the draft most urgent."""

_URGENT_ALSO = frozenset({"1111", "1301", "1303", "1105", "1109", "0201", "0202", "1310", "1110"})


def find_tags(lines: Sequence[Line], *, enterprise: bool) -> list[Suggestion]:
    """`tags`: each that applies."""
    out = [suggest("涉企", 0.85, None)] if enterprise else []
    for tag, pattern in (("群体性", _CROWD), ("重复", _AGAIN), ("特殊群体", _FRAIL)):
        for line in lines:
            if line.by_citizen and (match := pattern.search(line.read)) is not None:
                out.append(suggest(tag, 0.7, Span(line, match.start(), match.end())))
                break
    return out

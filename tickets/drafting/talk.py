"""The talk so far as lines: who said what, and what the agent had asked just before."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.events import Suggestion, Utterance

_ASKS: dict[str, re.Pattern[str]] = {
    "name": re.compile(r"贵姓|称呼|姓名|您姓|您叫|名字|您是哪位"),
    "phone": re.compile(r"电话|联系方式|号码|怎么联系|手机"),
    "place": re.compile(
        r"哪里|什么地方|位置|地址|哪个(?:小区|村|路口|社区|镇|街|工地|学校|厂|站|窗口)|哪条|哪儿|住在|具体在|是什么村"
    ),
    "time": re.compile(r"什么时候|多久|几点|什么时间|多长时间|哪天|哪年|一般什么时|何时"),
    "demand": re.compile(r"诉求|希望|要求|怎么解决|怎么处理|如何处理|如何解决"),
    "subject": re.compile(
        r"哪家|店名|叫什么|名称|公司是|开发商是|施工单位|车牌|单位名|户主|哪个(?:厂|工厂|公司|单位|网吧|学校)|知道名字"
    ),
}
_NOT_THE_CALLER = re.compile(
    r"[他她它]叫|店|公司|机构|饭店|网吧|药|户主|厂|车|护士|医生|楼盘|健身房|工牌|司机|卖场|超市|养"
)
_FOR_THE_CALLER = re.compile(r"贵姓|您的姓名|称呼|您叫|您姓|姓名和电话|姓名电话")
LONGEST = 600
"""Characters of an utterance that are read; speech ends an utterance after 15 s, some 100 characters."""
MOST = 80
"""Utterances read at each end of a talk: what lies between in an endless one tells nothing new."""
KEPT = 2
"""Citizen's utterances for which a question of the agent stays open."""


@dataclass(frozen=True, slots=True)
class Line:
    """One final utterance; `asked` holds what the agent asked just before a citizen's line.

    `text` is what was recognised, `read` the same length with misheard words put right.
    """

    utterance_id: str
    speaker: str
    text: str
    asked: frozenset[str]
    read: str

    @property
    def by_citizen(self) -> bool:
        return self.speaker == "citizen"


def lines_of(utterances: Sequence[Utterance], repair: Callable[[str], str] = str) -> list[Line]:
    """Lines in order; the agent's questions are attached to the answers."""
    out: list[Line] = []
    asked: frozenset[str] = frozenset()
    left = 0
    read_now = utterances if len(utterances) <= 2 * MOST else [*utterances[:MOST], *utterances[-MOST:]]
    for utterance in read_now:
        text = utterance.text
        if not text.strip():
            continue
        # Positions count in the utterance as it stands, so blanks are kept out of words but not taken away.
        read = text[:LONGEST] if " " in text else repair(text[:LONGEST])
        if utterance.speaker == "agent":
            asked, left = _questions(read), KEPT
            out.append(Line(utterance.utterance_id, "agent", text, frozenset(), read))
        else:
            out.append(Line(utterance.utterance_id, "citizen", text, asked if left > 0 else frozenset(), read))
            left -= 1
    return out


def _questions(text: str) -> frozenset[str]:
    found = {name for name, pattern in _ASKS.items() if pattern.search(text)}
    if "name" in found and _NOT_THE_CALLER.search(text) and not _FOR_THE_CALLER.search(text):
        found = (found - {"name"}) | {"subject"}
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value was heard: characters [start, end) of a line."""

    line: Line
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The words as recognised."""
        return self.line.text[self.start : self.end]

    @property
    def read(self) -> str:
        """The words as understood."""
        return self.line.read[self.start : self.end]


def suggest(value: str, confidence: float, span: Span | None, label: str = "") -> Suggestion:
    """A suggestion with its words; without a span it follows from other fields."""
    return Suggestion(
        value=value,
        label=label or value,
        confidence=round(min(max(confidence, 0.0), 0.99), 3),
        utterance_id=span.line.utterance_id if span else "",
        quote=span.quote if span else "",
        start=span.start if span else 0,
        end=span.end if span else 0,
    )


def whole(line: Line) -> Span:
    return Span(line, 0, min(len(line.text), LONGEST))

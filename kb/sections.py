"""An article's Markdown in sections: `## 所需材料` and the text below it."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHORT_ANSWER = "简要答复"

HEADINGS = (
    SHORT_ANSWER,
    "办理对象",
    "所需材料",
    "办理流程",
    "办理地点",
    "收费标准",
    "办理时限",
    "法律依据",
    "咨询电话",
)
"""Every article that is shipped has these, in this order; the first is kept apart from the body."""

_HEADING = re.compile(r"^##[ \t]+(.+?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    text: str
    line: int = 0
    """Line of the heading, counted from 0 at the beginning of the text."""


def split_sections(body: str) -> tuple[Section, ...]:
    """The sections in their order. Text before the first heading becomes a section without a name."""
    found = list(_HEADING.finditer(body))
    first = found[0].start() if found else len(body)
    opening = body[:first].strip()
    sections = [Section("", opening)] if opening else []
    ends = [heading.start() for heading in found[1:]] + [len(body)]
    for heading, end in zip(found, ends, strict=False):
        line = body.count("\n", 0, heading.start())
        sections.append(Section(heading[1], body[heading.end() : end].strip(), line))
    return tuple(sections)


def join_sections(sections: tuple[Section, ...]) -> str:
    """Markdown of these sections."""
    return "\n\n".join(f"## {section.name}\n{section.text}" for section in sections) + "\n"

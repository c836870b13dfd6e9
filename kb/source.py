"""Article files: YAML front matter and Markdown sections, read strictly, so that a mistake is named with its line.

---
id: housing-fund-withdrawal
title: 住房公积金怎么提取
questions: [...]        # as citizens ask
category: "1309"
owner: 公积金中心
keywords: [...]
valid_from: 2026-01-01
valid_until: 2027-12-31
basis: [...]
---
## 简要答复
...
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import yaml

from kb.sections import HEADINGS, Section, join_sections, split_sections
from runtime.yaml_text import STRINGS

ARTICLES = Path(__file__).parent / "articles"

FEWEST_QUESTIONS = 3
LONGEST_SHORT_ANSWER = 400
"""Characters; read aloud at 4 a second that is already more than a minute and a half."""

_LISTS = ("questions", "keywords", "basis")
_SCALARS = ("id", "title", "category", "owner", "valid_from", "valid_until")
_OPTIONAL = frozenset({"valid_from", "valid_until"})
_LENGTHS = {"id": 64, "title": 120, "owner": 64}


class ArticleError(ValueError):
    """A file is no article; the message is one line a mistake, `file:line: what is wrong`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class ArticleSource:
    """What a file says."""

    id: str
    title: str
    questions: list[str]
    keywords: list[str]
    category: str
    owner: str
    short_answer: str
    body: str
    """All sections but the short answer, as Markdown."""
    basis: list[str]
    valid_from: date | None
    valid_until: date | None

    @property
    def sha256(self) -> str:
        """Hash of the content; spaces and order of the front matter do not matter."""
        return content_hash(**asdict(self))


def content_hash(**fields: object) -> str:
    """One hash for a file and for the row it was loaded into, so that edits of either are seen."""
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()


def parse_article(text: str, name: str) -> ArticleSource:
    """Read one file's text. Raises `ArticleError` with every mistake found; `name` is used in messages."""
    return _Reader(name).read(text)


def read_folder(folder: Path = ARTICLES) -> tuple[list[ArticleSource], list[str]]:
    """All articles of a folder by name, and the mistakes of those that are none."""
    articles: list[ArticleSource] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.md")):
        try:
            article = parse_article(path.read_text(encoding="utf-8"), path.name)
        except ArticleError as error:
            problems += error.problems
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path.name}: cannot be read: {error}")
        else:
            if article.id == path.stem:
                articles.append(article)
            else:
                problems.append(f"{path.name}:2: id is {article.id!r}, the file is named {path.stem!r}")
    return articles, problems


class _Reader:
    def __init__(self, name: str) -> None:
        self._name = name
        self._problems: list[str] = []

    def _problem(self, line: int, message: str) -> None:
        self._problems.append(f"{self._name}:{line}: {message}")

    def read(self, text: str) -> ArticleSource:
        text = text.removeprefix("\ufeff").replace("\r\n", "\n")
        front, markdown, line = self._split(text)
        fields = self._front_matter(front)
        sections = self._sections(markdown, line)
        start, end = (self._date(fields, key) for key in ("valid_from", "valid_until"))
        if start and end and start > end:
            self._problem(fields["valid_until"][0], f"valid_until {end} is before valid_from {start}")
        self._identifiers(fields)
        if self._problems:
            raise ArticleError(self._problems)
        values = {key: value for key, (_, value) in fields.items()}
        return ArticleSource(
            id=str(values["id"]),
            title=str(values["title"]),
            questions=list(values["questions"]),
            keywords=list(values["keywords"]),
            category=str(values["category"]),
            owner=str(values["owner"]),
            short_answer=sections[0].text,
            body=join_sections(sections[1:]),
            basis=list(values["basis"]),
            valid_from=start,
            valid_until=end,
        )

    def _split(self, text: str) -> tuple[str, str, int]:
        """(front matter, Markdown, line at which the Markdown begins)."""
        found = re.match(r"---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", text, re.DOTALL | re.MULTILINE)
        if found is None:
            self._problem(1, "must begin with front matter between two lines ---")
            raise ArticleError(self._problems)
        return found[1], text[found.end() :], text.count("\n", 0, found.end()) + 1

    def _front_matter(self, front: str) -> dict[str, tuple[int, str | list[str]]]:
        """{key: (line, value)}. Scalars stay strings: 12345 is a keyword, 0107 a code, not numbers."""
        try:
            node = yaml.compose(front, STRINGS)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 2 if error.problem_mark else 1
            self._problem(line, f"front matter is not YAML: {error.problem}")
            raise ArticleError(self._problems) from None
        if not isinstance(node, yaml.MappingNode):
            self._problem(2, "front matter must be `key: value` lines")
            raise ArticleError(self._problems)
        fields: dict[str, tuple[int, str | list[str]]] = {}
        for key_node, value_node in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 2
            if key in fields:
                self._problem(line, f"{key} is given twice")
            elif key in _SCALARS:
                if isinstance(value_node, yaml.ScalarNode) and value_node.value.strip():
                    fields[key] = (line, value_node.value.strip())
                else:
                    self._problem(line, f"{key} must be one value")
            elif key in _LISTS:
                fields[key] = (line, self._strings(key, value_node))
            else:
                self._problem(line, f"{key} is unknown; known are {', '.join((*_SCALARS, *_LISTS))}")
        for key in (*_SCALARS, *_LISTS):
            if key not in fields and key not in _OPTIONAL and not self._mentions(key):
                self._problem(1, f"{key} is missing")
        return fields

    def _mentions(self, key: str) -> bool:
        return any(f": {key} " in problem for problem in self._problems)

    def _strings(self, key: str, node: yaml.Node) -> list[str]:
        line = node.start_mark.line + 2
        if not isinstance(node, yaml.SequenceNode):
            self._problem(line, f"{key} must be a list")
            return []
        values = []
        for item in node.value:
            if isinstance(item, yaml.ScalarNode) and item.value.strip():
                values.append(item.value.strip())
            else:
                self._problem(
                    item.start_mark.line + 2, f"{key}: an entry must be a text; quote it if it has a colon"
                )
        fewest = FEWEST_QUESTIONS if key == "questions" else 1
        if len(values) < fewest:
            self._problem(line, f"{key} needs at least {fewest}, has {len(values)}")
        return values

    def _identifiers(self, fields: dict[str, tuple[int, str | list[str]]]) -> None:
        for key, pattern in (("id", r"[a-z0-9]+(-[a-z0-9]+)*"), ("category", r"[0-9]{4}([0-9]{2})?")):
            line, value = fields.get(key, (0, ""))
            if value and not re.fullmatch(pattern, str(value)):
                self._problem(line, f"{key} {value!r} does not fit {pattern}")
        for key, longest in _LENGTHS.items():
            line, value = fields.get(key, (0, ""))
            if len(value) > longest:
                self._problem(line, f"{key} is {len(value)} characters long, at most {longest} fit")

    def _date(self, fields: dict[str, tuple[int, str | list[str]]], key: str) -> date | None:
        if key not in fields:
            return None
        line, value = fields[key]
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self._problem(line, f"{key} must be a date like 2027-12-31, not {value!r}")
            return None

    def _sections(self, markdown: str, line: int) -> tuple[Section, ...]:
        sections = split_sections(markdown)
        names = [section.name for section in sections]
        for section in sections:
            where = line + section.line
            if section.name not in HEADINGS:
                self._problem(where, f"section {section.name!r} is unknown" if section.name else "text before ##")
            elif not section.text:
                self._problem(where, f"section {section.name} is empty")
        missing = [name for name in HEADINGS if name not in names]
        if missing:
            self._problem(line, f"sections are missing: {'、'.join(missing)}")
        elif not self._problems and names != list(HEADINGS):
            self._problem(line, f"sections must be, each once and in this order: {'、'.join(HEADINGS)}")
        if sections and len(sections[0].text) > LONGEST_SHORT_ANSWER:
            self._problem(
                line, f"{HEADINGS[0]} has {len(sections[0].text)} characters, at most {LONGEST_SHORT_ANSWER}"
            )
        return sections

"""Reads a script's YAML: every value keeps its line, and what is wrong is said in words a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from ivr.script.script import Script
from runtime.yaml_text import SAFE

TEXT_LIMIT = 256_000
DEPTH_LIMIT = 12

Place = tuple[str, ...]

KINDS = "say、menu、digits、branch、queue、progress、voicemail、callback、handoff、survey、set、goto、hangup"
TESTS = "hours、caller、repeat、queue、variable"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a script. `message` says what, `fix` what to do; `line` counts from 1, 0 = unknown."""

    level: Literal["error", "warning"]
    code: str
    message: str
    fix: str = ""
    node: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"第 {self.line} 行" if self.line else "脚本"
        if self.node:
            where += f"，节点 {self.node}"
        word = "错误" if self.level == "error" else "提醒"
        return f"{where}：{word}：{self.message}" + (f" {self.fix}" if self.fix else "")


class ScriptRefused(ValueError):
    """A script cannot be used; `problems` say why, in Chinese."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Document:
    """A script and where each part of it stands in its YAML."""

    script: Script
    text: str
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, *place: str) -> int:
        return line_of(self.lines, place)


def line_of(lines: dict[Place, int], place: Iterable[str]) -> int:
    """Line of the part at this place, or of the nearest part around it; 0 when nothing is known."""
    parts = tuple(place)
    while parts:
        if parts in lines:
            return lines[parts]
        parts = parts[:-1]
    return lines.get((), 0)


def read_file(path: Path) -> Document:
    """The script in this file. Raises ScriptRefused, also for a file that cannot be read."""
    try:
        return read_text(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "不是 UTF-8 文本"
        raise ScriptRefused(
            [Problem("error", "unreadable", f"读不了文件 {path}（{reason}）。", "请检查路径和编码。")]
        ) from error


def read_text(text: str) -> Document:
    """The script in this YAML text. Raises ScriptRefused with every problem of form at once."""
    plain = read_plain(text)
    lines = plain.lines
    try:
        script = Script.model_validate(plain.data)
    except ValidationError as error:
        raise ScriptRefused(_explain(error, lines)) from error
    return Document(script, text, lines)


@dataclass(frozen=True, slots=True)
class PlainText:
    """A script's YAML before anybody asks whether it is a script; in `data` every scalar is a string."""

    data: Any
    root: yaml.Node
    lines: dict[Place, int]


def read_plain(text: str) -> PlainText:
    """The YAML of this text. Raises ScriptRefused when it is no YAML that scripts may be written in."""
    if len(text) > TEXT_LIMIT:
        raise ScriptRefused(
            [Problem("error", "too-long", f"脚本超过 {TEXT_LIMIT} 个字符。", "请拆成更小的脚本。")]
        )
    lines: dict[Place, int] = {}
    problems: list[Problem] = []
    try:
        root = yaml.compose(text, Loader=SAFE)
        if root is None:
            raise ScriptRefused([Problem("error", "empty", "脚本是空的。", "请从 ivr/scripts/direct.yaml 开始。")])
        data = _Plain(lines, problems).of(root, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        message = f"YAML 写法有误（{error.problem or error.context}）。"
        raise ScriptRefused([Problem("error", "yaml", message, "请检查缩进、冒号和引号。", line=line)]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ScriptRefused([Problem("error", "yaml", "YAML 无法读取。", "请检查特殊字符和嵌套。")]) from error
    if problems:
        raise ScriptRefused(problems)
    return PlainText(data, root, lines)


class _Plain:
    """YAML nodes as plain data, every scalar a string: YAML's own guesses (`no`, `08:00`) would surprise."""

    def __init__(self, lines: dict[Place, int], problems: list[Problem]) -> None:
        self._lines = lines
        self._problems = problems
        self._seen: set[int] = set()

    def _refuse(self, code: str, message: str, fix: str, line: int) -> None:
        self._problems.append(Problem("error", code, message, fix, line=line))

    def of(self, node: yaml.Node, place: Place) -> Any:
        line = self._lines.setdefault(place, node.start_mark.line + 1)
        if id(node) in self._seen:  # an alias: nine of them nested nine deep would be a billion nodes
            self._refuse("alias", "不支持 YAML 引用（& 与 *）。", "请写全。", line)
            return None
        self._seen.add(id(node))
        if len(place) > DEPTH_LIMIT:
            self._refuse("too-deep", "嵌套太深。", "请检查缩进。", line)
            return None
        if isinstance(node, yaml.ScalarNode):
            return node.value
        if isinstance(node, yaml.SequenceNode):
            return [self.of(item, (*place, str(at))) for at, item in enumerate(node.value)]
        assert isinstance(node, yaml.MappingNode)
        data: dict[str, Any] = {}
        for key_node, value in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            key_line = key_node.start_mark.line + 1
            if not key:
                self._refuse("key", "键必须是简单文字。", "请改写这一行。", key_line)
            elif key in data:
                self._refuse("duplicate", f"“{key[:40]}”写了两次。", "请删掉一个，或改用别的名字。", key_line)
            else:
                self._lines[(*place, key)] = key_line
                data[key] = self.of(value, (*place, key))
        return data


def _explain(error: ValidationError, lines: dict[Place, int]) -> list[Problem]:
    problems = []
    for detail in error.errors(include_url=False):
        place = _without_tags(tuple(str(part) for part in detail["loc"]), lines)
        node = place[1] if len(place) > 1 and place[0] == "nodes" else ""
        code, message, fix = _words(detail["type"], place, detail)
        problems.append(Problem("error", code, message, fix, node=node, line=line_of(lines, place)))
    return problems


def _without_tags(loc: Place, lines: dict[Place, int]) -> Place:
    """Pydantic puts the union's tag (`menu`) into the path after the node's id; the YAML has no such level."""
    place: Place = ()
    for at, part in enumerate(loc):
        if part == "[key]":
            continue
        longer = (*place, part)
        is_last = at == len(loc) - 1
        if longer in lines or is_last or not _is_tag(place):
            place = longer
    return place


def _is_tag(place: Place) -> bool:
    return (len(place) == 2 and place[0] == "nodes") or (len(place) == 3 and place[2] == "test")


def _words(kind: str, place: Place, detail: Any) -> tuple[str, str, str]:
    """(code, message, what to do) for one of pydantic's findings."""
    name = place[-1] if place else ""
    context = detail.get("ctx", {})
    given = detail.get("input")
    shown = f"“{given[:40]}”" if isinstance(given, str) else "这里的内容"
    if kind == "missing":
        if name in ("no_input", "wrong_key"):
            word = "无按键（no_input）" if name == "no_input" else "按错键（wrong_key）"
            return "missing-exit", f"缺少{word}出口。", f"请加上 {name}: 节点名，静默与按错键必须分开处理。"
        if name in EXITS:
            return "missing-exit", f"缺少出口 {name}。", f"请加上 {name}: 节点名。"
        return "missing", f"缺少 {name}。", f"请加上 {name}。"
    if kind == "extra_forbidden":
        return "unknown-field", f"不认识 {name}。", "请检查拼写，或删掉这一行。"
    if kind == "union_tag_invalid":
        known = TESTS if context.get("discriminator") == "'by'" else KINDS
        return "unknown-kind", f"不认识种类“{context.get('tag', '')}”。", f"可用的有：{known}。"
    if kind == "union_tag_not_found":
        return (
            "missing-kind",
            f"没有写明种类（{context.get('discriminator', '')}）。",
            f"请写 kind，可用的有：{KINDS}。",
        )
    if kind == "string_pattern_mismatch":
        return "pattern", f"{name} 的写法不对：{shown}。", _pattern_fix(name, place)
    if kind in ("string_too_long", "too_long"):
        return "too-long", f"{name} 太长，最多 {context.get('max_length')}。", "请改短。"
    if kind in ("string_too_short", "too_short"):
        return "empty", f"{name} 不能为空。", "请填写。"
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        bounds = {"ge": "不小于", "le": "不大于", "gt": "大于", "lt": "小于"}
        limit = "，".join(f"{bounds[key]} {value}" for key, value in context.items() if key in bounds)
        return "range", f"{name} 超出范围（{shown}）。", f"应{limit}。"
    if kind == "value_error":
        return "value", f"{context.get('error', '')}。", ""
    if kind == "literal_error":
        return "value", f"{name} 不能是{shown}。", f"可用的有：{context.get('expected', '')}。"
    if kind.startswith(("float", "int", "time", "bool")):
        return "type", f"{name} 应是{_TYPES.get(kind.split('_')[0], '别的写法')}，而不是{shown}。", "请改正。"
    if kind.startswith(("model", "dict", "list", "string")):
        return "type", f"{name or '脚本'} 的结构不对。", "请对照 ivr/scripts/direct.yaml 的写法。"
    return "value", f"{name} 有误（{kind}）。", "请对照 ivr/scripts/direct.yaml 的写法。"


EXITS = frozenset(
    {"next", "then", "otherwise", "answered", "overflow", "unavailable", "found", "not_found", "failed"}
    | {"done", "declined", "no_answer", "to", "start"}
)
_TYPES = {"float": "数字", "int": "整数", "time": "时间（如 08:30）", "bool": "true 或 false"}


def _pattern_fix(name: str, place: Place) -> str:
    if "choices" in place or "keys" in place:
        return "按键只能是 0–9、* 或 #，节点名用小写字母、数字、横线。"
    if name == "target":
        return "只能是 110、119、120、122 或别市的 12345（区号+12345）。"
    if len(place) >= 2 and place[0] == "lists":
        return "请写电话号码，或号码开头加 *。"
    return "请用小写字母开头，只用小写字母、数字、横线或下划线。"

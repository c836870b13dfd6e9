"""The picture of a script, also of one that is not right yet: nodes with their exits, laid out by layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from ivr.editing.layout import laid_out
from ivr.script.document import Place, PlainText, line_of
from ivr.script.script import json_schema

SHOWN = 600
"""Nodes that are drawn at most: the format allows 500."""

WORDS = {
    "next": "下一步",
    "no_input": "不按键",
    "wrong_key": "按错键",
    "then": "是",
    "otherwise": "否",
    "answered": "通话结束",
    "overflow": "等候超时",
    "unavailable": "无人可接",
    "found": "查到",
    "not_found": "没查到",
    "failed": "查询失败",
    "done": "完成",
    "declined": "未登记",
    "no_answer": "无人接听",
    "to": "前往",
    "human": "转人工",
}
"""What an exit is called for people."""

KINDS = {
    "say": "播报",
    "menu": "按键菜单",
    "digits": "输入号码",
    "branch": "条件分支",
    "queue": "人工排队",
    "progress": "进度查询",
    "voicemail": "留言",
    "callback": "登记回拨",
    "handoff": "转接外线",
    "survey": "满意度评价",
    "set": "记录变量",
    "goto": "跳转",
    "hangup": "挂机",
}


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out of a node: its name as in `exits()`, where it is written in the node, where it leads."""

    name: str
    place: Place
    to: str

    @property
    def label(self) -> str:
        return exit_label(self.name)


def exit_label(name: str) -> str:
    """What an exit is called for people; a name that is none as it is."""
    key = name.removeprefix("key ")
    return f"按 {key}" if key != name else WORDS.get(name, name)


@dataclass(frozen=True, slots=True)
class Card:
    """A node as drawn: `x`, `y` of its upper left corner and `height` in pixels; `says` is its first prompt."""

    id: str
    kind: str
    line: int
    says: str
    exits: tuple[Exit, ...]
    x: int
    y: int
    height: int


def sketch(plain: PlainText) -> list[Card]:
    """Cards of all nodes, in the script's order; nodes that are no mapping are left out."""
    data = plain.data if isinstance(plain.data, dict) else {}
    nodes = data.get("nodes")
    if not isinstance(nodes, dict):
        return []
    shown = {name: node for name, node in list(nodes.items())[:SHOWN] if isinstance(node, dict)}
    exits = {name: exits_of(node) for name, node in shown.items()}
    human = data.get("human")
    starts = [data.get("start"), human.get("to") if isinstance(human, dict) else None]
    places = laid_out(
        {name: [one.to for one in exits[name]] for name in shown},
        [str(start) for start in starts if start in shown],
    )
    return [
        Card(
            id=name,
            kind=str(node.get("kind", ""))[:20],
            line=line_of(plain.lines, ("nodes", name)),
            says=_says(node),
            exits=exits[name],
            x=places[name].x,
            y=places[name].y,
            height=places[name].height,
        )
        for name, node in shown.items()
    ]


def exits_of(node: Any) -> tuple[Exit, ...]:
    """The exits that are written in a node's data, right or wrong."""
    if not isinstance(node, dict):
        return ()
    kind = str(node.get("kind", ""))
    single, keyed = _exit_fields().get(kind, ((), ()))
    found = [
        Exit(f"key {key}", (name, key), to)
        for name in keyed
        if isinstance(node.get(name), dict)
        for key, to in node[name].items()
        if isinstance(to, str)
    ]
    return (*found, *(Exit(name, (name,), node[name]) for name in single if isinstance(node.get(name), str)))


def _says(node: dict[str, Any]) -> str:
    prompt = node.get("prompt") or node.get("note") or ""
    return prompt[:80] if isinstance(prompt, str) else ""


@cache
def _exit_fields() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """By kind: fields that hold a node, and fields that hold a node for each key. Read from the schema."""
    schema = json_schema()["$defs"]
    node_id = schema["Say"]["properties"]["next"]["pattern"]
    found = {}
    for part in schema.values():
        fields = part.get("properties", {})
        if "kind" not in fields:
            continue
        single = tuple(name for name, field in fields.items() if field.get("pattern") == node_id)
        keyed = tuple(
            name
            for name, field in fields.items()
            if any(inner.get("pattern") == node_id for inner in field.get("patternProperties", {}).values())
        )
        found[str(fields["kind"]["const"])] = single, keyed
    return found

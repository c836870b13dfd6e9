"""What a person does with a node in the picture, done in the YAML: add, delete, copy, rename, change a field."""

from __future__ import annotations

import re
from typing import Any

from ivr.editing.sketch import exits_of
from ivr.editing.yaml_edit import EditRefused, Value, copy_entry, put, read, remove, rename

_ID = re.compile(r"[a-z][a-z0-9_-]{0,47}")

SKELETONS: dict[str, dict[str, Any]] = {
    "say": {"prompt": "请填写提示语。", "next": "@"},
    "menu": {"prompt": "请填写提示语。", "choices": {"1": "@"}, "no_input": "@", "wrong_key": "@"},
    "digits": {"prompt": "请输入号码。", "variable": "number", "next": "@", "no_input": "@", "wrong_key": "@"},
    "branch": {
        "test": {
            "by": "hours",
            "open": [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:30", "until": "17:30"}],
        },
        "then": "@",
        "otherwise": "@",
    },
    "queue": {"queue": "common", "answered": "@", "overflow": "@", "unavailable": "@"},
    "progress": {"found": "@", "not_found": "@", "no_input": "@", "failed": "@"},
    "voicemail": {"next": "@"},
    "callback": {"done": "@", "declined": "@"},
    "handoff": {"target": "110", "done": "@", "no_answer": "@"},
    "survey": {"prompt": "请对本次服务评价，满意请按1，不满意请按5。", "next": "@"},
    "set": {"values": {"topic": "new"}, "next": "@"},
    "goto": {"to": "@"},
    "hangup": {},
}
"""The least that each kind needs; `@` is the node that all its exits lead to at first."""


def add(text: str, name: str, kind: str, to: str = "") -> str:
    """The text with a new node of this kind at its end; its exits lead to `to`, else to the person."""
    data = read(text).data
    if kind not in SKELETONS:
        raise EditRefused("没有这种节点。")
    if name in _nodes(data):
        raise EditRefused(f"节点“{name}”已经有了，请换一个名字。")
    human = data.get("human")
    target = to or (human.get("to") if isinstance(human, dict) else None) or data.get("start") or name
    return put(text, ("nodes", _checked(name)), {"kind": kind} | _filled(SKELETONS[kind], str(target)))


def _filled(part: Any, target: str) -> Any:
    if isinstance(part, dict):
        return {name: _filled(one, target) for name, one in part.items()}
    return target if part == "@" else part


def delete(text: str, name: str) -> str:
    """The text without this node. Exits that led there stay as they are: the check shows them."""
    nodes = _nodes(read(text).data)
    if name not in nodes:
        raise EditRefused(f"没有节点“{name}”。")
    if len(nodes) == 1:
        raise EditRefused("脚本至少要有一个节点。")
    return remove(text, ("nodes", name))


def duplicate(text: str, name: str, copy: str) -> str:
    """The text with a copy of this node after it."""
    return copy_entry(text, ("nodes", name), _checked(copy))


def call(text: str, name: str, new: str) -> str:
    """The text with this node under another name, in every exit that leads to it as well."""
    data = read(text).data
    nodes = _nodes(data)
    if name not in nodes:
        raise EditRefused(f"没有节点“{name}”。")
    places = [
        ("nodes", node_id, *one.place)
        for node_id, node in nodes.items()
        for one in exits_of(node)
        if one.to == name
    ]
    if data.get("start") == name:
        places.append(("start",))
    if isinstance(data.get("human"), dict) and data["human"].get("to") == name:
        places.append(("human", "to"))
    return rename(text, places, ("nodes", name), _checked(new))


def change(text: str, name: str, path: tuple[str, ...], value: Value | None) -> str:
    """The text with this field of the node as given; None takes the field away."""
    if name not in _nodes(read(text).data):
        raise EditRefused(f"没有节点“{name}”。")
    place = ("nodes", name, *path)
    if value is None:
        return remove(text, place)
    if len(path) == 2 and path[0] in ("choices", "keys", "values"):  # the first key makes the mapping
        holder = _nodes(read(text).data)[name]
        if isinstance(holder, dict) and path[0] not in holder:
            return put(text, place[:-1], {path[1]: value})
    return put(text, place, value)


def _nodes(data: Any) -> dict[str, Any]:
    nodes = data.get("nodes")
    if not isinstance(nodes, dict):
        raise EditRefused("脚本里没有 nodes 这一段，请先在源码里写好。")
    return nodes


def _checked(name: str) -> str:
    if not _ID.fullmatch(name):
        raise EditRefused("节点名请用小写字母开头，只用小写字母、数字、横线或下划线，最多 48 个。")
    return name

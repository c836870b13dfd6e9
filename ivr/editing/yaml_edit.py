"""Changes one place of a script's YAML and leaves every other character as it is: comments, order, empty lines.

The place is found by the marks of YAML's own reader and only its text is exchanged. Afterwards the text is read
again: when it does not hold exactly what was meant, the change is refused, so that no unusual writing is damaged.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from ivr.script.document import Place, PlainText, ScriptRefused, read_plain
from runtime.yaml_text import SAFE

Value = str | list[Any] | dict[str, Any]

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class EditRefused(ValueError):
    """The change cannot be made; the reason is Chinese and for people."""


def read(text: str) -> PlainText:
    """The YAML of a text that is to be changed. Raises EditRefused."""
    try:
        plain = read_plain(text)
    except ScriptRefused as refused:
        raise EditRefused(f"源码有写法错误，请先改正：{refused.problems[0]}") from None
    if not isinstance(plain.data, dict):
        raise EditRefused("脚本的最外层应是“名称: 内容”，请先改正源码。")
    return plain


def put(text: str, place: Place, value: Value) -> str:
    """The text with this value there; a new key is added, its parent must exist. Raises EditRefused."""
    plain = read(text)
    wanted = copy.deepcopy(plain.data)
    holder = _holder(wanted, place)
    before = holder.get(place[-1])
    if before == value:
        return text
    if (
        isinstance(before, dict)
        and before
        and isinstance(value, dict)
        and value
        and _flat(before)
        and _flat(value)
    ):
        return _put_each(text, place, before, value)
    holder[place[-1]] = value
    return _verified(_put(text, plain.root, place, value), wanted)


def remove(text: str, place: Place) -> str:
    """The text without this key; a mapping that would be left empty goes too. Raises EditRefused."""
    plain = read(text)
    wanted = copy.deepcopy(plain.data)
    holder = _holder(wanted, place)
    if place[-1] not in holder:
        return text
    if len(holder) == 1 and len(place) > 1:
        return remove(text, place[:-1])
    del holder[place[-1]]
    mapping = _mapping(plain.root, place[:-1])
    entries = mapping.value
    at = _index(mapping, place[-1])
    key, found = entries[at]
    if mapping.flow_style:
        if at + 1 < len(entries):
            start, end = key.start_mark.index, entries[at + 1][0].start_mark.index
        else:
            start = _end(text, entries[at - 1][1]) if at else key.start_mark.index
            end = _end(text, found)
        return _verified(text[:start] + text[end:], wanted)
    start = _line_start(text, key.start_mark.index)
    return _verified(text[:start] + text[_after_line(text, _end(text, found)) :], wanted)


def copy_entry(text: str, place: Place, name: str) -> str:
    """The text with the entry there a second time under another name, right after it. Raises EditRefused."""
    plain = read(text)
    wanted = copy.deepcopy(plain.data)
    holder = _holder(wanted, place)
    if place[-1] not in holder:
        raise EditRefused(f"没有“{place[-1]}”。")
    if name in holder:
        raise EditRefused(f"“{name}”已经有了，请换一个名字。")
    holder[name] = copy.deepcopy(holder[place[-1]])
    mapping = _mapping(plain.root, place[:-1])
    key, found = mapping.value[_index(mapping, place[-1])]
    written = _key(name) + text[key.end_mark.index : _end(text, found)]
    return _verified(_insert(text, mapping, written, after=_index(mapping, place[-1])), wanted)


def rename(text: str, places: list[Place], key_place: Place, name: str) -> str:
    """The text with the key at `key_place` called `name`, and the scalars at `places` too. Raises EditRefused."""
    plain = read(text)
    wanted = copy.deepcopy(plain.data)
    holder = _holder(wanted, key_place)
    for place in places:
        _holder(wanted, place)[place[-1]] = name
    holder_of_key = {name if old == key_place[-1] else old: value for old, value in holder.items()}
    if len(holder_of_key) < len(holder):
        raise EditRefused(f"“{name}”已经有了，请换一个名字。")
    holder.clear()
    holder.update(holder_of_key)
    mapping = _mapping(plain.root, key_place[:-1])
    key, _ = mapping.value[_index(mapping, key_place[-1])]
    changes = [(key.start_mark.index, key.end_mark.index, _key(name))]
    for place in places:
        inner = _mapping(plain.root, place[:-1])
        _, scalar = inner.value[_index(inner, place[-1])]
        changes.append((scalar.start_mark.index, _end(text, scalar), _written(name, scalar)))
    for start, end, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[end:]
    return _verified(text, wanted)


# -- inside ----------------------------------------------------------------------------------------
def _flat(value: Mapping[str, Any]) -> bool:
    return all(isinstance(one, str) for one in value.values())


def _put_each(text: str, place: Place, before: Mapping[str, Any], value: Mapping[str, Any]) -> str:
    """Key by key, so that comments beside the others stay."""
    for name in value:
        text = put(text, (*place, name), value[name])
    for name in before:
        if name not in value:
            text = remove(text, (*place, name))
    return text


def _put(text: str, root: yaml.Node, place: Place, value: Value) -> str:
    mapping = _mapping(root, place[:-1])
    at = _index(mapping, place[-1])
    if at < 0 and len(place) == 2 and isinstance(value, dict) and value and not mapping.flow_style:
        indent = " " * (2 * mapping.value[0][0].start_mark.column)
        lines = [f"{_key(place[-1])}:", *(f"{indent}{_key(name)}: {_fresh(one)}" for name, one in value.items())]
        return _insert(text, mapping, "\n".join(lines), after=len(mapping.value) - 1)
    if at < 0:
        return _insert(text, mapping, f"{_key(place[-1])}: {_fresh(value)}", after=len(mapping.value) - 1)
    key, old = mapping.value[at]
    new = _written(value, old) if isinstance(value, str) else _fresh(value)
    start, end = old.start_mark.index, _end(text, old)
    colon = text.index(":", key.end_mark.index) + 1
    if "#" not in text[colon:start]:  # also joins a block below its key to the key's line
        return f"{text[:colon]} {new}{text[end:]}"
    return text[:start] + new + text[end:]


def _insert(text: str, mapping: yaml.MappingNode, written: str, *, after: int) -> str:
    """The text with one more entry in this mapping, after the entry of this number."""
    if mapping.flow_style:
        if not mapping.value:
            at = mapping.start_mark.index + 1
            return text[:at] + written + text[at:]
        at = _end(text, mapping.value[after][1])
        return f"{text[:at]}, {written}{text[at:]}"
    first = mapping.value[0][0]
    indent = " " * first.start_mark.column
    end = _end(text, mapping.value[after][1])
    line = text.find("\n", end)
    at = len(text) if line < 0 else line
    return f"{text[:at]}{_gap(text, mapping)}{indent}{written}{text[at:]}"


def _gap(text: str, mapping: yaml.MappingNode) -> str:
    """What separates this mapping's entries: an empty line where the first two have one between them."""
    if len(mapping.value) < 2:
        return "\n"
    between = text[_end(text, mapping.value[0][1]) : mapping.value[1][0].start_mark.index]
    return "\n\n" if re.search(r"\n[ \t]*\n", between) else "\n"


def _holder(data: Any, place: Place) -> dict[str, Any]:
    for part in place[:-1]:
        data = data.get(part) if isinstance(data, dict) else None
    if not isinstance(data, dict):
        raise EditRefused(f"没有“{'.'.join(place[:-1])}”这一段，请先在源码里写好。")
    return data


def _mapping(root: yaml.Node, place: Place) -> yaml.MappingNode:
    node = root
    for part in place:
        assert isinstance(node, yaml.MappingNode)
        node = node.value[_index(node, part)][1]
    assert isinstance(node, yaml.MappingNode)
    return node


def _index(mapping: yaml.MappingNode, name: str) -> int:
    return next((at for at, (key, _) in enumerate(mapping.value) if key.value == name), -1)


def _end(text: str, node: Any) -> int:
    """Where this node's own text ends; a block's marks reach over the comments and empty lines behind it."""
    if isinstance(node, yaml.ScalarNode):
        if node.style in ("|", ">"):
            return node.start_mark.index + len(text[node.start_mark.index : node.end_mark.index].rstrip())
        return int(node.end_mark.index)
    if node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(text, last[1] if isinstance(node, yaml.MappingNode) else last)


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _after_line(text: str, at: int) -> int:
    line = text.find("\n", at)
    return len(text) if line < 0 else line + 1


def _key(name: str) -> str:
    return name if _WORD.fullmatch(name) else _quoted(name)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_plain(value: str) -> bool:
    """Whether YAML takes these words without quotes, in a block as between braces."""
    if not value or value != value.strip() or "\n" in value or value.isdigit():
        return False
    for sample in (f"k: {value}", f"{{k: {value}}}"):
        try:
            read = yaml.compose(sample, Loader=SAFE)
        except yaml.YAMLError:
            return False
        if not isinstance(read, yaml.MappingNode) or len(read.value) != 1:
            return False
        scalar = read.value[0][1]
        if not isinstance(scalar, yaml.ScalarNode) or scalar.value != value or scalar.style:
            return False
    return True


def _written(value: str, old: yaml.Node) -> str:
    quoted = isinstance(old, yaml.ScalarNode) and old.style in ('"', "'")
    if isinstance(old, yaml.ScalarNode) and old.style is None and old.value.isdigit() and value.isdigit():
        return value  # numbers stay as they were written
    return _quoted(value) if quoted or not _is_plain(value) else value


def _fresh(value: Value) -> str:
    """A value on one line."""
    if isinstance(value, str):
        number = re.fullmatch(r"\d{1,5}(\.\d{1,3})?", value)
        return value if number or _is_plain(value) else _quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(_fresh(one) for one in value) + "]"
    return "{" + ", ".join(f"{_key(name)}: {_fresh(one)}" for name, one in value.items()) + "}"


def _verified(text: str, wanted: Any) -> str:
    try:
        found = read_plain(text).data
    except ScriptRefused:
        found = None
    if found != wanted:
        raise EditRefused("这一处的写法特殊，无法自动改写，请在源码里修改。")
    return text

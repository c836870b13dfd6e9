"""Judges a whole script: every path ends, silence never loops, a person is one key away, prompts stay short.

GB/T 33358-2016 advises against menus on intake, so the check shows what stands between a caller and a person
and warns when it is long (asks.md, "what none of the peers has", 5).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from asterisk_conf.render import QUEUES
from ivr.script.document import Document, Problem, ScriptRefused, read_file, read_text
from ivr.script.nodes import Callback, CallerTest, Digits, Menu, Queue, Survey, VariableTest
from ivr.script.nodes import Set as SetNode
from ivr.script.paths import HumanPath, SecondsOf, human_paths, spoken_seconds
from ivr.script.script import Script

MENU_CHOICES = 7
"""Choices a caller can be expected to remember; more is a warning."""

NAMES_SHOWN = 40
"""Nodes named in a finding: each of thousands of wrong exits repeats them."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the check found. A script with errors is never published."""

    problems: list[Problem] = field(default_factory=list)
    paths: list[HumanPath] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == "error"]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.level == "warning"]


def check_file(path: Path, seconds_of: SecondsOf = spoken_seconds) -> tuple[Document | None, Report]:
    """Read and judge the script in a file; the document is None when its form is already wrong."""
    try:
        document = read_file(path)
    except ScriptRefused as refused:
        return None, Report(problems=refused.problems)
    return document, check(document, seconds_of)


def check_text(text: str, seconds_of: SecondsOf = spoken_seconds) -> tuple[Document | None, Report]:
    """Read and judge the script in a text."""
    try:
        document = read_text(text)
    except ScriptRefused as refused:
        return None, Report(problems=refused.problems)
    return document, check(document, seconds_of)


def checked(text: str) -> Document:
    """The script in this text if it may be published. Raises ScriptRefused with the errors."""
    document, report = check_text(text)
    if document is None or report.errors:
        raise ScriptRefused(report.errors)
    return document


def check(document: Document, seconds_of: SecondsOf = spoken_seconds) -> Report:
    """Judge a script whose form is right."""
    problems = list(_unknown_names(document))
    if problems:  # the graph has holes: what follows would only repeat it
        return Report(problems=problems)
    problems += _ends(document)
    problems += _silent_loops(document)
    problems += _human(document)
    problems += _keys(document)
    problems += _unreachable(document)
    problems += _lengths(document)
    paths = human_paths(document.script, seconds_of)
    problems += _too_long_to_human(document, paths)
    return Report(problems=problems, paths=paths)


# -- names -----------------------------------------------------------------------------------------
def _unknown_names(document: Document) -> Iterable[Problem]:
    script = document.script
    names = sorted(script.nodes)
    known = "、".join(names[:NAMES_SHOWN]) + ("……" if len(names) > NAMES_SHOWN else "")

    def unknown(place: tuple[str, ...], target: str, node: str) -> Problem:
        what = f"{place[-1]} 指向不存在的节点“{target}”。"
        return Problem(
            "error", "unknown-node", what, f"可用的节点：{known}。", node=node, line=document.line(*place)
        )

    if script.start not in script.nodes:
        yield unknown(("start",), script.start, "")
    if script.human.to not in script.nodes:
        yield unknown(("human", "to"), script.human.to, "")
    written = {name for node in script.nodes.values() if isinstance(node, SetNode) for name in node.values}
    written |= {node.variable for node in script.nodes.values() if isinstance(node, Digits)}
    for node_id, node in script.nodes.items():
        for exit_name, target in node.exits().items():
            if target not in script.nodes:
                key = exit_name.removeprefix("key ")
                part = ("choices" if isinstance(node, Menu) else "keys", key) if key != exit_name else (key,)
                yield unknown(("nodes", node_id, *part), target, node_id)
        test = getattr(node, "test", None)
        asked = getattr(node, "queue", getattr(test, "queue", None))
        if asked is not None and asked not in QUEUES:
            fix = f"可用的队列：{'、'.join(QUEUES)}。"
            line = document.line("nodes", node_id, *(("test",) if test else ()), "queue")
            yield Problem("error", "unknown-queue", f"没有队列“{asked}”。", fix, node=node_id, line=line)
        line = document.line("nodes", node_id, "test")
        if isinstance(test, CallerTest) and test.list not in script.lists:
            fix = f"请在 lists 下写 {test.list}，或改用已有的名单。"
            yield Problem("error", "unknown-list", f"没有名单“{test.list}”。", fix, node=node_id, line=line)
        if isinstance(test, VariableTest) and test.variable not in written:
            fix = "请在前面用 set 或 digits 写入它。"
            yield Problem(
                "error", "unknown-variable", f"变量 {test.variable} 从未写入。", fix, node=node_id, line=line
            )


# -- paths -----------------------------------------------------------------------------------------
def _silent_exits(script: Script, node_id: str) -> dict[str, str]:
    """Exits taken without the caller pressing anything. A queue is no such exit: he waits for a person there."""
    node = script.nodes[node_id]
    if isinstance(node, Queue):
        return {}
    exits = {name: to for name, to in node.exits().items() if not name.startswith("key ")}
    if isinstance(node, Menu | Digits):
        return {"no_input": exits["no_input"]}
    if isinstance(node, Callback):
        return {"declined": exits["declined"]}
    return exits


def _ends(document: Document) -> Iterable[Problem]:
    """From every node some path leads to a hang-up."""
    script = document.script
    ending = {node_id for node_id, node in script.nodes.items() if not node.exits()}
    grew = True
    while grew:
        grew = False
        for node_id, node in script.nodes.items():
            if node_id not in ending and ending & set(node.exits().values()):
                ending.add(node_id)
                grew = True
    for node_id in script.nodes.keys() - ending:
        yield Problem(
            "error",
            "no-end",
            "从这里走不到挂机，通话不会结束。",
            "请让某个出口通向 hangup 节点。",
            node=node_id,
            line=document.line("nodes", node_id),
        )


def _silent_loops(document: Document) -> Iterable[Problem]:
    """A caller who presses nothing must not go in circles: every such circle is reported once."""
    script = document.script
    done: set[str] = set()
    for first in script.nodes:
        trail: list[str] = []
        at: dict[str, int] = {}
        stack = [(first, iter(_silent_exits(script, first).values()))]
        if first in done:
            continue
        at[first] = 0
        trail.append(first)
        while stack:
            node_id, exits = stack[-1]
            target = next(exits, None)
            if target is None:
                stack.pop()
                trail.pop()
                at.pop(node_id)
                done.add(node_id)
            elif target in at:
                circle = trail[at[target] :]
                yield Problem(
                    "error",
                    "silent-loop",
                    f"不按键就会一直循环：{' → '.join([*circle, target])}。",
                    "请让其中的无按键出口通向人工队列或挂机。",
                    node=target,
                    line=document.line("nodes", target),
                )
            elif target not in done:
                at[target] = len(trail)
                trail.append(target)
                stack.append((target, iter(_silent_exits(script, target).values())))


def _reaches_queue_silently(script: Script, start: str) -> bool:
    """Whether every way from here without a key goes through a queue (and some way there is)."""
    seen: set[str] = set()
    stack, found = [start], False
    while stack:
        node_id = stack.pop()
        if node_id in seen:
            continue
        seen.add(node_id)
        node = script.nodes[node_id]
        if isinstance(node, Queue):
            found = True
        elif node.kind not in ("say", "branch", "set", "goto"):
            return False
        stack += _silent_exits(script, node_id).values()
    return found


def _human(document: Document) -> Iterable[Problem]:
    script = document.script
    if not _reaches_queue_silently(script, script.human.to):
        yield Problem(
            "error",
            "no-human",
            f"人工键 {script.human.key} 通向的 {script.human.to} 到不了人工队列。",
            "请让 human.to 直接通向 queue 节点，中间不要再按键。",
            node=script.human.to,
            line=document.line("human", "to"),
        )


def _keys(document: Document) -> Iterable[Problem]:
    script, human = document.script, document.script.human
    for node_id, node in script.nodes.items():
        field_name = "choices" if isinstance(node, Menu) else "keys"
        keys = getattr(node, field_name, {})
        if not isinstance(node, Queue) and human.key in keys:
            target = keys[human.key]
            if target != human.to and not _reaches_queue_silently(script, target):
                yield Problem(
                    "error",
                    "human-key-taken",
                    f"按 {human.key} 不通向人工，而别处都是。",
                    f"请把这个选项换成别的键，{human.key} 留给人工。",
                    node=node_id,
                    line=document.line("nodes", node_id, field_name, human.key),
                )
        if isinstance(node, Survey) and human.key in "12345":
            yield Problem(
                "error",
                "human-key-taken",
                f"人工键 {human.key} 与评价的 1–5 冲突。",
                "请把 human.key 改成 0 或 9。",
                node=node_id,
                line=document.line("human", "key"),
            )
        if isinstance(node, Menu) and len(node.choices) > MENU_CHOICES:
            yield Problem(
                "warning",
                "many-choices",
                f"有 {len(node.choices)} 个选项，听完很难记住。",
                f"请不超过 {MENU_CHOICES} 个。",
                node=node_id,
                line=document.line("nodes", node_id, "choices"),
            )


def _unreachable(document: Document) -> Iterable[Problem]:
    script = document.script
    seen: set[str] = set()
    stack = [script.start, script.human.to]
    while stack:
        node_id = stack.pop()
        if node_id not in seen:
            seen.add(node_id)
            stack += script.nodes[node_id].exits().values()
    for node_id in script.nodes:
        if node_id not in seen:
            yield Problem(
                "warning",
                "unreachable",
                "没有任何出口通向这个节点。",
                "请删掉它，或让某个出口通向它。",
                node=node_id,
                line=document.line("nodes", node_id),
            )


# -- lengths ---------------------------------------------------------------------------------------
def _lengths(document: Document) -> Iterable[Problem]:
    limit = document.script.limits.prompt_characters
    for node_id, node in document.script.nodes.items():
        for field_name, text in node.prompts().items():
            if len(text) > limit:
                yield Problem(
                    "warning",
                    "long-prompt",
                    f"{field_name} 有 {len(text)} 个字，超过 {limit}。",
                    "请改短，或分成两个节点。",
                    node=node_id,
                    line=document.line("nodes", node_id, field_name),
                )


def _too_long_to_human(document: Document, paths: list[HumanPath]) -> Iterable[Problem]:
    limit = document.script.limits.seconds_to_human
    silent = [path for path in paths if not path.keys]
    slowest = max(silent, key=lambda path: path.seconds, default=None)
    if slowest is not None and slowest.seconds > limit:
        yield Problem(
            "warning",
            "slow-human",
            f"不按键的市民 {slowest.seconds:.0f} 秒后才进入人工队列（{' → '.join(slowest.nodes)}），"
            f"超过 {limit:.0f} 秒。",
            "国家标准不建议设菜单，请缩短提示或减少层级。",
            node=slowest.nodes[0],
            line=document.line("start"),
        )
    keyed = [path for path in paths if path.keys and path.prompt_s > 2 * limit]
    if keyed:
        worst = max(keyed, key=lambda path: path.prompt_s)
        yield Problem(
            "warning",
            "slow-path",
            f"有 {len(keyed)} 条按键路径的提示超过 {2 * limit:.0f} 秒，最长 {worst.prompt_s:.0f} 秒"
            f"（{' → '.join(worst.nodes)}）。",
            "请缩短提示或减少层级。",
            node=worst.nodes[-1],
            line=document.line("nodes", worst.nodes[-1]),
        )
    if not paths:
        yield Problem(
            "warning",
            "no-queue",
            "从开头没有一条路通向人工队列，只能靠人工键。",
            "请让默认路径通向 queue 节点。",
            node=document.script.start,
            line=document.line("start"),
        )

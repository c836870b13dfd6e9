"""The life of a ticket as a table: states of domain.md 2.2, transitions of 2.3, one function that applies them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tickets.errors import WrongState


class State(StrEnum):
    DRAFT = "DRAFT"
    SUPPLEMENT = "SUPPLEMENT"
    REGISTERED = "REGISTERED"
    DISPATCHED = "DISPATCHED"
    RETURN_REVIEW = "RETURN_REVIEW"
    SIGNED = "SIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    REPLIED = "REPLIED"
    FOLLOW_UP = "FOLLOW_UP"
    VERIFY = "VERIFY"
    REWORK = "REWORK"
    CLOSED = "CLOSED"
    ARCHIVED = "ARCHIVED"
    NOT_ACCEPTED = "NOT_ACCEPTED"
    HANDED_OVER = "HANDED_OVER"


STATE_NAMES: dict[State, str] = {
    State.DRAFT: "草稿",
    State.SUPPLEMENT: "待补充",
    State.REGISTERED: "待分流",
    State.DISPATCHED: "待签收",
    State.RETURN_REVIEW: "退单审核",
    State.SIGNED: "已签收",
    State.IN_PROGRESS: "办理中",
    State.REPLIED: "待审核",
    State.FOLLOW_UP: "待回访",
    State.VERIFY: "满意度核实",
    State.REWORK: "待重办",
    State.CLOSED: "已办结",
    State.ARCHIVED: "已归档",
    State.NOT_ACCEPTED: "不予受理",
    State.HANDED_OVER: "已移交",
}

TERMINAL = frozenset({State.CLOSED, State.ARCHIVED, State.NOT_ACCEPTED, State.HANDED_OVER})
OPEN = frozenset(State) - TERMINAL
"""States in which somebody still owes the citizen something."""


class CloseReason(StrEnum):
    ANSWERED_ON_LINE = "ANSWERED_ON_LINE"
    HANDLED = "HANDLED"
    EXPLAINED = "EXPLAINED"
    WITHDRAWN = "WITHDRAWN"
    MERGED = "MERGED"
    UNREACHABLE = "UNREACHABLE"
    EXCLUDED = "EXCLUDED"
    CONVERTED = "CONVERTED"


CLOSE_REASON_NAMES: dict[CloseReason, str] = {
    CloseReason.ANSWERED_ON_LINE: "直接答复",
    CloseReason.HANDLED: "办结",
    CloseReason.EXPLAINED: "解释说明",
    CloseReason.WITHDRAWN: "撤诉",
    CloseReason.MERGED: "并单",
    CloseReason.UNREACHABLE: "联系不上",
    CloseReason.EXCLUDED: "剔除",
    CloseReason.CONVERTED: "转信访或法定途径",
}

DECLINE_CODES: dict[str, str] = {
    "NA01": "应通过诉讼、仲裁途径解决的事项",
    "NA02": "纪检监察职责范围内的事项",
    "NA03": "应通过行政复议、政府信息公开程序处理的事项",
    "NA04": "已进入信访渠道的事项",
    "NA05": "涉及国家秘密、商业秘密、个人隐私的事项",
    "NA06": "违反法律法规或公序良俗的事项",
    "NA07": "其他地区管辖的事项",
    "NA08": "涉及军队的事项",
    "NA09": "没有明确诉求内容的来电",
    "NA10": "紧急求助（应移交110、119、120、122）",
}
"""Reasons for not accepting (domain.md 2.8). NA10 leads to a hand-over, never to a refusal."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A row of the table. `sources` holds None for "there is no ticket yet".

    `four_eyes` names transitions which the same person must not have done on this ticket.
    """

    id: str
    sources: frozenset[State | None]
    target: State
    action: str
    label: str
    permission: str
    close_reason: CloseReason | None = None
    four_eyes: frozenset[str] = frozenset()


def _row(
    id: str,
    sources: State | frozenset[State] | None,
    target: State,
    action: str,
    label: str,
    permission: str,
    reason: CloseReason | None = None,
    four_eyes: tuple[str, ...] = (),
) -> Transition:
    many: frozenset[State | None] = frozenset(sources) if isinstance(sources, frozenset) else frozenset({sources})
    return Transition(id, many, target, action, label, permission, reason, frozenset(four_eyes))


_S = State
_C = CloseReason
_ROWS = (
    _row("T01", None, _S.DRAFT, "draft", "建立草稿", "draft"),
    _row("T02", _S.DRAFT, _S.CLOSED, "answer", "直接答复", "answer", _C.ANSWERED_ON_LINE),
    _row("T03", _S.DRAFT, _S.HANDED_OVER, "hand_over", "移交", "hand_over"),
    _row("T04", _S.DRAFT, _S.NOT_ACCEPTED, "decline", "不予受理", "decline"),
    _row("T05", _S.DRAFT, _S.REGISTERED, "submit", "提交", "draft"),
    _row("T06", _S.REGISTERED, _S.SUPPLEMENT, "send_back", "退回补充", "dispatch"),
    _row("T06b", _S.SUPPLEMENT, _S.REGISTERED, "complete", "补充完整", "draft"),
    _row("T07", _S.REGISTERED, _S.CLOSED, "merge", "并单", "merge", _C.MERGED),
    _row("T08", _S.REGISTERED, _S.DISPATCHED, "dispatch", "派单", "dispatch"),
    _row("T09", _S.DISPATCHED, _S.SIGNED, "sign", "签收", "sign"),
    _row("T10", frozenset({_S.DISPATCHED, _S.SIGNED}), _S.RETURN_REVIEW, "ask_return", "申请退单", "ask_return"),
    _row("T11", _S.RETURN_REVIEW, _S.REGISTERED, "approve_return", "同意退单", "decide_return", None, ("T10",)),
    _row("T12", _S.RETURN_REVIEW, _S.SIGNED, "refuse_return", "不同意退单", "decide_return", None, ("T10",)),
    _row("T13", _S.RETURN_REVIEW, _S.SIGNED, "designate", "指定承办", "designate", None, ("T10",)),
    _row("T14", _S.SIGNED, _S.IN_PROGRESS, "transfer", "流转办理", "transfer"),
    _row("T15", _S.IN_PROGRESS, _S.IN_PROGRESS, "inform", "告知诉求人", "reply"),
    _row("T16", _S.IN_PROGRESS, _S.REPLIED, "reply", "办理反馈", "reply", None, ("T18", "T20", "T21", "T22")),
    _row("T17", _S.REPLIED, _S.IN_PROGRESS, "reject_reply", "退回重答", "review_reply", None, ("T16",)),
    _row("T18", _S.REPLIED, _S.FOLLOW_UP, "accept_reply", "审核通过", "review_reply", None, ("T16",)),
    _row("T19", _S.FOLLOW_UP, _S.CLOSED, "close", "回访办结", "follow_up", _C.HANDLED),
    _row("T20", _S.FOLLOW_UP, _S.VERIFY, "dispute", "不满意核实", "follow_up", None, ("T16",)),
    _row("T21", _S.VERIFY, _S.REWORK, "rework", "发回重办", "rework", None, ("T16",)),
    _row("T22", _S.VERIFY, _S.CLOSED, "explain", "解释说明", "verify", _C.EXPLAINED, ("T16",)),
    _row("T23", _S.REWORK, _S.DISPATCHED, "redispatch", "重新派单", "dispatch"),
    _row("T24", OPEN, _S.CLOSED, "withdraw", "撤诉", "withdraw", _C.WITHDRAWN),
    _row("T25", _S.CLOSED, _S.ARCHIVED, "archive", "归档", "archive"),
    _row("T26", _S.CLOSED, _S.REWORK, "reopen", "重新办理", "reopen"),
    _row("T27", frozenset({_S.NOT_ACCEPTED, _S.HANDED_OVER}), _S.REGISTERED, "take_back", "收回", "dispatch"),
)

TRANSITIONS: dict[str, Transition] = {row.id: row for row in _ROWS}
ACTIONS: dict[str, Transition] = {row.action: row for row in _ROWS}

CHECK = Transition("T05c", frozenset({State.REGISTERED}), State.REGISTERED, "check", "核对留言", "draft")
"""An agent has checked the ticket that the house made of a message. Beside the table: no other ticket knows it."""
UNMERGE = Transition("T07u", frozenset({State.CLOSED}), State.REGISTERED, "unmerge", "撤销并单", "merge")
"""A merge was a mistake: the ticket is its own again. Beside the table, which knows no way back."""
WAIVE = Transition("T24w", OPEN, State.CLOSED, "waive", "免予协办", "assist", CloseReason.EXCLUDED)
"""An assisting unit is not needed any longer. Beside the table: only assists know it."""
ALL: dict[str, Transition] = TRANSITIONS | {row.id: row for row in (CHECK, UNMERGE, WAIVE)}


class Side(StrEnum):
    """Whoever has acted on one side of a ticket may not act on its other side."""

    UNIT = "UNIT"
    CENTRE = "CENTRE"


_UNIT_STEPS = ("T09", "T10", "T14", "T15", "T16")
_CENTRE_STEPS = (
    "T06", "T07", "T07u", "T08", "T11", "T12", "T13", "T17", "T18", "T19", "T20", "T21", "T22", "T23", "T24w",
    "T26", "T27",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beside:
    """An act that leaves the ticket's state as it is: its name for people, who may, and for which side."""

    label: str
    permission: str
    side: Side | None = None


_U, _Z = Side.UNIT, Side.CENTRE
BESIDE: dict[str, Beside] = {
    "propose_return": Beside("拟申请退单", "ask_return", _U),
    "drop_return": Beside("不同意申请退单", "approve_return", _U),
    "ask_extension": Beside("申请延期", "ask_extension", _U),
    "sign_extension": Beside("同意申请延期", "sign_extension", _U),
    "grant_extension": Beside("批准延期", "grant_extension", _Z),
    "refuse_extension": Beside("不批准延期", "refuse_extension", _Z),
    "lapse_extension": Beside("逾期未批视为不同意延期", "archive"),
    "ask_suspension": Beside("申请中止计时", "ask_extension", _U),
    "suspend": Beside("批准中止计时", "grant_extension", _Z),
    "refuse_suspension": Beside("不批准中止计时", "refuse_extension", _Z),
    "resume": Beside("恢复计时", "resume"),
    "add_assist": Beside("确定协办单位", "assist", _Z),
    "end_assist": Beside("协办办结", "archive"),
    "waive_assist": Beside("免予协办", "assist", _Z),
    "link": Beside("关联工单", "merge", _Z),
    "unlink": Beside("撤销关联", "merge", _Z),
    "urge": Beside("催办", "urge"),
    "supervise": Beside("督办", "supervise", _Z),
    "answer_supervision": Beside("答复督办", "answer_supervision", _U),
    "end_supervision": Beside("督办办结", "supervise", _Z),
    "raise_supervision": Beside("提级督办", "supervise", _Z),
    "attempt": Beside("回访未接通", "follow_up", _Z),
    "lamp_yellow": Beside("亮黄灯", "archive"),
    "lamp_red": Beside("亮红灯", "archive"),
    "remind": Beside("书面催办通知", "archive"),
}
"""Keys are what the trail calls them."""

SIDES: dict[str, Side] = (
    {ALL[id].action: Side.UNIT for id in _UNIT_STEPS}
    | {ALL[id].action: Side.CENTRE for id in _CENTRE_STEPS}
    | {action: beside.side for action, beside in BESIDE.items() if beside.side is not None}
)
LABELS: dict[str, str] = {row.action: row.label for row in ALL.values()} | {
    action: beside.label for action, beside in BESIDE.items()
}
"""What every act in the trail of a ticket is called."""


def step(transition_id: str, current: State | None) -> Transition:
    """The transition if it leads away from `current`; raises `WrongState` naming both sides otherwise."""
    row = ALL[transition_id]
    if current in row.sources:
        return row
    is_now = STATE_NAMES[current] if current else "尚未建立"
    wanted = "、".join(sorted(STATE_NAMES[s] if s else "尚未建立" for s in row.sources))
    raise WrongState(f"不能{row.label}：工单现在是“{is_now}”，只有“{wanted}”的工单可以{row.label}。")


def possible(current: State) -> list[Transition]:
    """Every transition that leads away from this state, in the order of the table."""
    return [row for row in _ROWS if current in row.sources]

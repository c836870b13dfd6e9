"""Who may do what to which ticket: the matrix of domain.md 6.3 as a table.

Scopes: O own items, U own unit's, J own jurisdiction and below. Roles absent from a row may not.

The 110 liaison has no column there. Sent to the centre by the police, the liaison is an agent for what was taken
at the own seat and nobody for the rest: a report about the police must not be heard by them (domain.md 2.10).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from tickets.actor import Actor
from tickets.errors import NotAllowed


class Scope(StrEnum):
    OWN = "O"
    UNIT = "U"
    JURISDICTION = "J"


class Owned(Protocol):
    """What of a ticket decides about permission."""

    @property
    def created_by(self) -> int | None: ...
    @property
    def unit_id(self) -> int | None: ...
    @property
    def jurisdiction_id(self) -> int | None: ...


ROLE_NAMES: dict[str, str] = {
    "AGENT": "话务员",
    "SHIFT_LEAD": "班长",
    "LIAISON_110": "110联动专席",
    "DISPATCHER": "分办员",
    "DISPATCH_HEAD": "分办负责人",
    "REVIEWER": "审核员",
    "FOLLOWUP": "回访员",
    "QA": "质检员",
    "KB_EDITOR": "知识库采编",
    "KB_APPROVER": "知识库审核",
    "UNIT_LIAISON": "承办单位联络员",
    "HANDLER": "承办人",
    "UNIT_HEAD": "单位负责人",
    "SUPERVISOR_XF": "信访督办员",
    "ANALYST": "数据分析员",
    "ADMIN": "平台管理员",
    "SECURITY": "安全审计员",
    "SYSTEM": "系统",
}
UNIT_ROLES = frozenset({"UNIT_LIAISON", "HANDLER", "UNIT_HEAD"})

_O, _U, _J = Scope.OWN, Scope.UNIT, Scope.JURISDICTION
_INTAKE = {"AGENT": _O, "SHIFT_LEAD": _O, "LIAISON_110": _O}
_CENTRE = ("SHIFT_LEAD", "DISPATCHER", "DISPATCH_HEAD", "REVIEWER", "FOLLOWUP", "SUPERVISOR_XF")

MATRIX: dict[str, dict[str, Scope]] = {
    "draft": _INTAKE | {"SYSTEM": _J},
    "answer": _INTAKE,
    "hand_over": {"AGENT": _O, "SHIFT_LEAD": _J, "LIAISON_110": _J},
    # Agents "propose" in the matrix: their refusal stands at once and the dispatcher samples it (T04).
    "decline": {"AGENT": _O, "SHIFT_LEAD": _J, "LIAISON_110": _O, "DISPATCHER": _J, "DISPATCH_HEAD": _J},
    "merge": {"SHIFT_LEAD": _J, "DISPATCHER": _J, "DISPATCH_HEAD": _J},
    "dispatch": {"DISPATCHER": _J, "DISPATCH_HEAD": _J, "SYSTEM": _J},
    "designate": {"DISPATCH_HEAD": _J},
    "sign": {"UNIT_LIAISON": _U, "UNIT_HEAD": _U},
    "ask_return": {"UNIT_LIAISON": _U, "UNIT_HEAD": _U},
    "approve_return": {"UNIT_HEAD": _U},
    "decide_return": {"DISPATCHER": _J, "DISPATCH_HEAD": _J},
    "ask_extension": {"UNIT_LIAISON": _U, "HANDLER": _U, "UNIT_HEAD": _U},
    "sign_extension": {"UNIT_HEAD": _U},
    "grant_extension": {"DISPATCH_HEAD": _J},
    "refuse_extension": {"DISPATCH_HEAD": _J, "SUPERVISOR_XF": _J},
    "resume": {"UNIT_LIAISON": _U, "HANDLER": _U, "UNIT_HEAD": _U, "DISPATCHER": _J, "DISPATCH_HEAD": _J},
    "assist": {"DISPATCH_HEAD": _J},
    "supervise": {"SUPERVISOR_XF": _J, "SYSTEM": _J},
    "answer_supervision": {"UNIT_HEAD": _U},
    "transfer": {"UNIT_LIAISON": _U, "UNIT_HEAD": _U},
    "reply": {"UNIT_LIAISON": _U, "HANDLER": _U, "UNIT_HEAD": _U},
    "review_reply": {"REVIEWER": _J},
    "follow_up": {"FOLLOWUP": _J, "SYSTEM": _J},
    "verify": {"SUPERVISOR_XF": _J},
    "rework": {"REVIEWER": _J, "SUPERVISOR_XF": _J},
    "withdraw": {"AGENT": _O, "FOLLOWUP": _J},
    "archive": {"SYSTEM": _J},
    "reopen": {"FOLLOWUP": _J, "DISPATCHER": _J, "DISPATCH_HEAD": _J},
    "urge": {"AGENT": _O, "SYSTEM": _J} | dict.fromkeys(_CENTRE, _J),
    "read": {
        # An agent must find a caller's earlier tickets whoever took them; identity is masked by its own row.
        "AGENT": _J,
        "LIAISON_110": _J,
        "QA": _J,
        "ANALYST": _J,
        "ADMIN": _J,
        "SECURITY": _J,
        "SYSTEM": _J,
        "UNIT_LIAISON": _U,
        "HANDLER": _U,
        "UNIT_HEAD": _U,
    }
    | dict.fromkeys(_CENTRE, _J),
    "see_identity": {"AGENT": _O, "LIAISON_110": _O, "UNIT_LIAISON": _U, "HANDLER": _U, "UNIT_HEAD": _U}
    | dict.fromkeys(_CENTRE, _J),
    "see_reporter": {"AGENT": _O, "LIAISON_110": _O, "FOLLOWUP": _O, "SUPERVISOR_XF": _O},
    "play_recording": {
        "AGENT": _O,
        "LIAISON_110": _O,
        "SHIFT_LEAD": _J,
        "FOLLOWUP": _O,
        "QA": _J,
        "SUPERVISOR_XF": _J,
    },
    "read_audit": {"SUPERVISOR_XF": _J, "SECURITY": _J},
}

_ASKED_FOR: dict[str, str] = {
    "draft": "提交工单",
    "answer": "直接答复办结",
    "hand_over": "移交紧急事项",
    "decline": "作不予受理",
    "merge": "并单",
    "dispatch": "派单",
    "designate": "指定承办单位",
    "sign": "签收",
    "ask_return": "申请退单",
    "decide_return": "审核退单",
    "approve_return": "同意申请退单",
    "ask_extension": "申请延期或中止计时",
    "sign_extension": "同意申请延期",
    "grant_extension": "批准延期或中止计时",
    "refuse_extension": "否决延期或中止计时",
    "resume": "恢复计时",
    "assist": "确定主办、协办单位",
    "supervise": "督办",
    "answer_supervision": "答复督办",
    "transfer": "流转办理",
    "reply": "填写办理反馈",
    "review_reply": "审核办理反馈",
    "follow_up": "回访",
    "verify": "核实满意度",
    "rework": "发回重办",
    "withdraw": "撤诉",
    "archive": "归档",
    "reopen": "重新办理",
    "urge": "催办",
    "read": "查看",
    "see_identity": "查看诉求人身份",
    "see_reporter": "查看举报人身份",
    "play_recording": "收听录音",
    "read_audit": "查看留痕记录",
}


def _covers(scope: Scope, actor: Actor, ticket: Owned) -> bool:
    if scope is Scope.OWN:
        return ticket.created_by is None or ticket.created_by == actor.user_id
    if scope is Scope.UNIT:
        return actor.unit_id is not None and ticket.unit_id == actor.unit_id
    return (
        actor.jurisdictions is None
        or ticket.jurisdiction_id is None
        or ticket.jurisdiction_id in actor.jurisdictions
    )


def may(actor: Actor, permission: str, ticket: Owned | None = None) -> bool:
    """Whether one of the actor's roles grants this on this ticket (or at all, when no ticket is given)."""
    scopes = [scope for role, scope in MATRIX[permission].items() if role in actor.roles]
    return bool(scopes) if ticket is None else any(_covers(scope, actor, ticket) for scope in scopes)


def require(actor: Actor, permission: str, ticket: Owned | None = None) -> None:
    """Raise `NotAllowed`, saying what is missing, unless the actor may."""
    if may(actor, permission, ticket):
        return
    asked = _ASKED_FOR[permission]
    row = MATRIX[permission]
    if not actor.roles & row.keys():
        who = "、".join(ROLE_NAMES[role] for role in row)
        raise NotAllowed(f"您的角色不能{asked}，需要：{who}。")
    if any(row[role] is Scope.UNIT for role in actor.roles & row.keys()):
        raise NotAllowed(f"只有承办单位本单位的人员可以{asked}，这张工单不属于您的单位。")
    raise NotAllowed(f"这张工单不在您的职责范围内，不能{asked}。")

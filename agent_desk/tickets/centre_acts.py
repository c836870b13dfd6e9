"""What the centre does with a ticket after its submission, as rows of the table of acts."""

from __future__ import annotations

from agent_desk.tickets import case_forms as forms
from agent_desk.tickets.case_act import UNITS, CaseAct, Field
from agent_desk.tickets.case_doing import complete, follow_up
from agent_desk.web.permissions import Permission
from db.models import Extension, Supervision, Suspension
from tickets.fields import FIELD_NAMES
from tickets.life.extensions import ASKABLE
from tickets.life.steps.following import SATISFACTION
from tickets.life.steps.reviewing import FAULTS
from tickets.life.supervisions import LEVELS, WITH_UNIT
from tickets.states import OPEN, State

_S, _P = State, Permission
_NOTE = (Field("note", "说明"),)
_MAYBE = (Field("note", "说明", optional=True),)
_UNIT = (Field("unit_id", "承办单位", UNITS), Field("note", "说明", optional=True))
_MISSING = {
    name: FIELD_NAMES[name]
    for name in ("appellant_name", "phone", "occurred_text", "place_text", "content", "demand")
}
_YES_NO = {"yes": "是", "no": "否"}


def _in(*states: State) -> frozenset[State]:
    return frozenset(states)


_FOLLOW = (
    Field("reached", "是否联系上", _YES_NO),
    Field("satisfaction", "满意程度", {str(n): name for n, name in SATISFACTION.items()}, optional=True),
    Field("solved", "是否解决", _YES_NO, optional=True),
    Field("disputed", "有异议", {"yes": "是"}, optional=True),
    Field("note", "回访情况", long=True, optional=True),
)
_EVIDENCE = (Field("evidence", "核实情况", long=True),)
_REVIEW = _in(_S.RETURN_REVIEW)


_COMPLETE = tuple(
    Field(name, label, long=name in ("content", "demand"), optional=True) for name, label in _MISSING.items()
)
CENTRE_ACTS = (
    CaseAct(
        "complete",
        "补充完整",
        _P.TAKE_CALLS,
        "draft",
        _in(_S.SUPPLEMENT),
        complete,
        forms.Complete,
        _COMPLETE,
        hint="只填需要改动的内容，其余保持不变。",
    ),
    CaseAct(
        "withdraw",
        "撤诉",
        _P.WITHDRAW,
        "withdraw",
        OPEN - {_S.DRAFT},
        lambda d, a, t, f: d.cases.withdraw(a, t, None, f.note),
        forms.Noted,
        (Field("note", "诉求人撤诉的原话"),),
        hint="须由诉求人在最近一天内的来电中提出。",
    ),
    CaseAct(
        "dispatch",
        "派单",
        _P.DISPATCH,
        "dispatch",
        _in(_S.REGISTERED),
        lambda d, a, t, f: d.dispatch(a, t, f.unit_id, f.note),
        forms.ToUnit,
        _UNIT,
    ),
    CaseAct(
        "send_back",
        "退回补充",
        _P.DISPATCH,
        "dispatch",
        _in(_S.REGISTERED),
        lambda d, a, t, f: d.cases.send_back(a, t, (f.missing,), f.note),
        forms.SendBack,
        (Field("missing", "缺少的要素", _MISSING), *_MAYBE),
    ),
    CaseAct(
        "merge",
        "并单",
        _P.MERGE,
        "merge",
        _in(_S.REGISTERED),
        lambda d, a, t, f: d.cases.merge(a, t, f.master_no, f.note),
        forms.Merge,
        (Field("master_no", "并入的工单编号"), *_MAYBE),
    ),
    CaseAct(
        "approve_return",
        "同意退单",
        _P.DISPATCH,
        "decide_return",
        _REVIEW,
        lambda d, a, t, f: d.cases.approve_return(a, t, f.note),
        forms.Noted,
        _NOTE,
    ),
    CaseAct(
        "refuse_return",
        "不同意退单",
        _P.DISPATCH,
        "decide_return",
        _REVIEW,
        lambda d, a, t, f: d.cases.refuse_return(a, t, f.note),
        forms.Noted,
        _NOTE,
    ),
    CaseAct(
        "designate",
        "指定承办",
        _P.DESIGNATE,
        "designate",
        _REVIEW,
        lambda d, a, t, f: d.cases.designate(a, t, f.unit_id, f.note),
        forms.ToUnit,
        _UNIT,
    ),
    CaseAct(
        "redispatch",
        "重新派单",
        _P.DISPATCH,
        "dispatch",
        _in(_S.REWORK),
        lambda d, a, t, f: d.cases.step(a, t, "T23"),
    ),
    CaseAct(
        "take_back",
        "收回",
        _P.DISPATCH,
        "dispatch",
        _in(_S.NOT_ACCEPTED, _S.HANDED_OVER),
        lambda d, a, t, f: d.cases.take_back(a, t, f.note),
        forms.Noted,
        _NOTE,
    ),
    CaseAct(
        "add_assist",
        "确定协办单位",
        _P.DESIGNATE,
        "assist",
        _in(_S.DISPATCHED, _S.SIGNED, _S.IN_PROGRESS),
        lambda d, a, t, f: d.beside.add_assist(a, t, f.unit_id, f.note),
        forms.ToUnit,
        _UNIT,
        only=lambda ticket: ticket.nature != "ASSIST",
    ),
    CaseAct(
        "grant_extension",
        "批准延期",
        _P.DESIGNATE,
        "grant_extension",
        ASKABLE,
        lambda d, a, t, f: d.beside.grant_extension(a, t, f.note),
        forms.Noted,
        _MAYBE,
        (Extension, "SIGNED"),
    ),
    CaseAct(
        "refuse_extension",
        "不批准延期",
        _P.REFUSE_TIME,
        "refuse_extension",
        ASKABLE,
        lambda d, a, t, f: d.beside.refuse_extension(a, t, f.note),
        forms.Noted,
        _NOTE,
        (Extension, "SIGNED"),
    ),
    CaseAct(
        "suspend",
        "批准中止计时",
        _P.DESIGNATE,
        "grant_extension",
        ASKABLE,
        lambda d, a, t, f: d.beside.suspend(a, t, f.note),
        forms.Noted,
        _MAYBE,
        (Suspension, "ASKED"),
    ),
    CaseAct(
        "refuse_suspension",
        "不批准中止计时",
        _P.REFUSE_TIME,
        "refuse_extension",
        ASKABLE,
        lambda d, a, t, f: d.beside.refuse_suspension(a, t, f.note),
        forms.Noted,
        _NOTE,
        (Suspension, "ASKED"),
    ),
    CaseAct(
        "accept_reply",
        "审核通过",
        _P.REVIEW,
        "review_reply",
        _in(_S.REPLIED),
        lambda d, a, t, f: d.cases.accept_reply(a, t),
    ),
    CaseAct(
        "reject_reply",
        "退回重答",
        _P.REVIEW,
        "review_reply",
        _in(_S.REPLIED),
        lambda d, a, t, f: d.cases.reject_reply(a, t, f.fault, f.note),
        forms.Reject,
        (Field("fault", "退回原因", FAULTS), Field("note", "需要改正的内容")),
    ),
    CaseAct(
        "follow_up",
        "登记回访",
        _P.FOLLOW_UP,
        "follow_up",
        _in(_S.FOLLOW_UP),
        follow_up,
        forms.FollowUp,
        _FOLLOW,
        hint="不满意或有异议的，自动转满意度核实。",
    ),
    CaseAct(
        "rework",
        "发回重办",
        _P.REWORK,
        "rework",
        _in(_S.VERIFY),
        lambda d, a, t, f: d.cases.rework(a, t, f.evidence),
        forms.Evidence,
        _EVIDENCE,
    ),
    CaseAct(
        "explain",
        "解释说明办结",
        _P.SUPERVISE,
        "verify",
        _in(_S.VERIFY),
        lambda d, a, t, f: d.cases.explain(a, t, f.evidence),
        forms.Evidence,
        _EVIDENCE,
    ),
    CaseAct(
        "reopen",
        "重新办理",
        _P.REOPEN,
        "reopen",
        _in(_S.CLOSED),
        lambda d, a, t, f: d.cases.reopen(a, t, f.note),
        forms.Noted,
        _NOTE,
        only=lambda ticket: ticket.close_reason != "MERGED",
    ),
    CaseAct(
        "unmerge",
        "撤销并单",
        _P.MERGE,
        "merge",
        _in(_S.CLOSED),
        lambda d, a, t, f: d.cases.unmerge(a, t, f.note),
        forms.Noted,
        _NOTE,
        only=lambda ticket: ticket.close_reason == "MERGED",
    ),
    CaseAct(
        "waive",
        "免予协办",
        _P.DESIGNATE,
        "assist",
        OPEN,
        lambda d, a, t, f: d.beside.waive(a, t, f.note),
        forms.Noted,
        _NOTE,
        only=lambda ticket: ticket.nature == "ASSIST",
    ),
    CaseAct(
        "urge",
        "催办",
        _P.URGE,
        "urge",
        WITH_UNIT,
        lambda d, a, t, f: d.beside.urge(a, t, "CITIZEN" if "AGENT" in a.roles else "CENTRE", f.note),
        forms.Noted,
        _MAYBE,
    ),
    CaseAct(
        "supervise",
        "督办",
        _P.SUPERVISE,
        "supervise",
        OPEN - {_S.DRAFT, _S.SUPPLEMENT, _S.REGISTERED},
        lambda d, a, t, f: d.beside.supervise(a, t, int(f.level), f.cause),
        forms.Supervise,
        (
            Field("level", "督办级别", {str(n): name for n, name in LEVELS.items() if n}),
            Field("cause", "督办理由"),
        ),
    ),
    CaseAct(
        "end_supervision",
        "办结督办",
        _P.SUPERVISE,
        "supervise",
        frozenset(_S),
        lambda d, a, t, f: d.beside.end_supervision(a, t, f.note),
        forms.Noted,
        _NOTE,
        (Supervision, "ANSWERED"),
    ),
)

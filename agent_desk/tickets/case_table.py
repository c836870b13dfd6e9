"""Every act on a ticket after its submission, in the order of a ticket's life."""

from __future__ import annotations

from agent_desk.tickets import case_forms as forms
from agent_desk.tickets.case_act import UNITS, CaseAct, Field
from agent_desk.web.permissions import Permission
from db.models import Extension, ReturnRequest, Supervision, Suspension, Ticket
from tickets.actor import Actor
from tickets.desk import TicketDesk
from tickets.fields import FIELD_NAMES
from tickets.life.extensions import ASKABLE
from tickets.life.steps.following import SATISFACTION, FollowedUp
from tickets.life.steps.returning import REASONS
from tickets.life.steps.reviewing import FAULTS
from tickets.life.supervisions import LEVELS, WITH_UNIT
from tickets.life.suspensions import CAUSES
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


async def _follow_up(desk: TicketDesk, actor: Actor, ticket_id: int, form: forms.FollowUp) -> Ticket:
    said = FollowedUp(
        reached=form.reached == "yes",
        satisfaction=int(form.satisfaction) if form.satisfaction else None,
        solved={"yes": True, "no": False}.get(form.solved),
        disputed=form.disputed == "yes",
        note=form.note,
    )
    return await desk.cases.follow_up(actor, ticket_id, said)


_FOLLOW = (
    Field("reached", "是否联系上", _YES_NO),
    Field("satisfaction", "满意程度", {str(n): name for n, name in SATISFACTION.items()}, optional=True),
    Field("solved", "是否解决", _YES_NO, optional=True),
    Field("disputed", "有异议", {"yes": "是"}, optional=True),
    Field("note", "回访情况", long=True, optional=True),
)
_EVIDENCE = (Field("evidence", "核实情况", long=True),)
_RETURN = (
    Field("reason_code", "退单原因", REASONS),
    Field("basis", "法律或职责依据"),
    Field("unit_id", "建议承办单位", UNITS, optional=True),
)
_TIME = (
    Field("amount", "延期时间（按原时限的单位）"),
    Field("reason", "延期理由"),
    Field("basis", "法定时限依据", optional=True),
)
_REVIEW, _ASKED = _in(_S.RETURN_REVIEW), _in(_S.DISPATCHED, _S.SIGNED)
_TABLE = (
    CaseAct(
        "transfer",
        "流转办理",
        _P.SIGN,
        "transfer",
        _in(_S.SIGNED),
        lambda d, a, t, f: d.transfer(a, t, f.to),
        forms.Transfer,
        (Field("to", "办理科室或人员"),),
    ),
    CaseAct(
        "inform",
        "告知诉求人",
        _P.REPLY,
        "reply",
        _in(_S.IN_PROGRESS),
        lambda d, a, t, f: d.inform(a, t, f.note),
        forms.Noted,
        _NOTE,
    ),
    CaseAct(
        "ask_return",
        "申请退单",
        _P.ASK_RETURN,
        "ask_return",
        _ASKED,
        lambda d, a, t, f: d.beside.ask_return(a, t, f.reason_code, f.basis, f.unit_id),
        forms.AskReturn,
        _RETURN,
        hint="须经本单位负责人同意，派单后四个工作小时内提出。",
    ),
    CaseAct(
        "put_return",
        "同意申请退单",
        _P.LEAD_UNIT,
        "approve_return",
        _ASKED,
        lambda d, a, t, f: d.cases.put_return(a, t),
        waits=(ReturnRequest, "ASKED"),
    ),
    CaseAct(
        "drop_return",
        "不同意申请退单",
        _P.LEAD_UNIT,
        "approve_return",
        _ASKED,
        lambda d, a, t, f: d.beside.drop_return(a, t, f.note),
        forms.Noted,
        _NOTE,
        (ReturnRequest, "ASKED"),
    ),
    CaseAct(
        "ask_extension",
        "申请延期",
        _P.ASK_TIME,
        "ask_extension",
        ASKABLE,
        lambda d, a, t, f: d.beside.ask_extension(a, t, f.amount, f.reason, f.basis),
        forms.AskExtension,
        _TIME,
    ),
    CaseAct(
        "sign_extension",
        "同意申请延期",
        _P.LEAD_UNIT,
        "sign_extension",
        ASKABLE,
        lambda d, a, t, f: d.beside.sign_extension(a, t),
        waits=(Extension, "ASKED"),
    ),
    CaseAct(
        "ask_suspension",
        "申请中止计时",
        _P.ASK_TIME,
        "ask_extension",
        ASKABLE,
        lambda d, a, t, f: d.beside.ask_suspension(a, t, f.cause, f.reason),
        forms.AskSuspension,
        (Field("cause", "原因", CAUSES), Field("reason", "理由")),
    ),
    CaseAct(
        "resume",
        "恢复计时",
        _P.RESUME,
        "resume",
        ASKABLE,
        lambda d, a, t, f: d.beside.resume(a, t),
        waits=(Suspension, "RUNNING"),
    ),
    CaseAct(
        "answer_supervision",
        "答复督办",
        _P.LEAD_UNIT,
        "answer_supervision",
        frozenset(_S),
        lambda d, a, t, f: d.beside.answer_supervision(a, t, f.text),
        forms.Answer,
        (Field("text", "督办答复", long=True),),
        (Supervision, "OPEN"),
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
        _follow_up,
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
ACTS: dict[str, CaseAct] = {act.key: act for act in _TABLE}

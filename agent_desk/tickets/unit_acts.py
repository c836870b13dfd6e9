"""What a handling unit does with a ticket it was sent, as rows of the table of acts."""

from __future__ import annotations

from agent_desk.tickets import case_forms as forms
from agent_desk.tickets.case_act import UNITS, CaseAct, Field
from agent_desk.web.permissions import Permission
from db.models import Extension, ReturnRequest, Supervision, Suspension
from tickets.life.extensions import ASKABLE
from tickets.life.steps.returning import REASONS
from tickets.life.suspensions import CAUSES
from tickets.states import State

_S, _P = State, Permission
_NOTE = (Field("note", "说明"),)


def _in(*states: State) -> frozenset[State]:
    return frozenset(states)


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
_ASKED = _in(_S.DISPATCHED, _S.SIGNED)
UNIT_ACTS = (
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
)

"""What a request for an act on a ticket holds: one strict model for each form."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from agent_desk.web.inputs import Input, Line, Number, Text, one_of
from tickets.life.steps.returning import REASONS
from tickets.life.steps.reviewing import FAULTS
from tickets.life.suspensions import CAUSES

CHOOSE = "请从列表中选择。"
UnitId = Annotated[Number, Field(ge=1, le=2**31 - 1, title="承办单位")]
Note = Annotated[Line, Field(max_length=500, title="说明")]


class Plain(Input):
    """An act that needs no more than its name."""


class Noted(Input):
    """An act with its reason or opinion; whether one is needed is told by the act."""

    note: Note = ""


class ToUnit(Input):
    """A dispatch, a designation, an assisting unit."""

    unit_id: UnitId
    note: Note = ""


class SendBack(Input):
    missing: Annotated[
        str,
        one_of(("appellant_name", "phone", "occurred_text", "place_text", "content", "demand"), CHOOSE),
    ]
    note: Note = ""


class Complete(Input):
    """What was missing; what stays empty is left as it was."""

    appellant_name: Annotated[Line, Field(max_length=64, title="诉求人姓名")] = ""
    phone: Annotated[Line, Field(max_length=32, title="联系电话")] = ""
    occurred_text: Annotated[Line, Field(max_length=120, title="事发时间")] = ""
    place_text: Annotated[Line, Field(max_length=200, title="事发地点")] = ""
    content: Annotated[Text, Field(max_length=8000, title="诉求内容")] = ""
    demand: Annotated[Text, Field(max_length=2000, title="期望结果")] = ""


class Merge(Input):
    master_no: Annotated[Line, Field(max_length=18, title="主办工单编号")]
    note: Note = ""


class Transfer(Input):
    to: Annotated[Line, Field(max_length=200, title="办理科室或人员")] = ""


class AskReturn(Input):
    reason_code: Annotated[str, one_of(REASONS, CHOOSE)]
    basis: Annotated[Line, Field(max_length=500, title="依据")] = ""
    unit_id: UnitId | None = None


class AskExtension(Input):
    amount: Annotated[Number, Field(ge=1, le=365, title="延期时间")]
    reason: Annotated[Line, Field(max_length=500, title="延期理由")] = ""
    basis: Annotated[Line, Field(max_length=200, title="法定时限依据")] = ""


class AskSuspension(Input):
    cause: Annotated[str, one_of(CAUSES, CHOOSE)]
    reason: Annotated[Line, Field(max_length=500, title="理由")] = ""


class Reject(Input):
    fault: Annotated[str, one_of(FAULTS, CHOOSE)]
    note: Note = ""


class Evidence(Input):
    evidence: Annotated[Text, Field(max_length=4000, title="核实情况")] = ""


class Answer(Input):
    text: Annotated[Text, Field(max_length=4000, title="督办答复")] = ""


class Supervise(Input):
    level: Annotated[str, one_of(("1", "2", "3", "4"), CHOOSE)]
    cause: Annotated[Line, Field(max_length=500, title="督办理由")] = ""


class FollowUp(Input):
    """`satisfaction` is "" when nobody answered."""

    reached: Literal["yes", "no"]
    satisfaction: Literal["", "1", "2", "3", "4", "5"] = ""
    solved: Literal["", "yes", "no"] = ""
    disputed: Literal["", "yes"] = ""
    note: Annotated[Text, Field(max_length=2000, title="回访情况")] = ""

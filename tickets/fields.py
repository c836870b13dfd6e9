"""The elements of a ticket (domain.md 2.9) as they come from the desk, and the checks before each act.

Everything here was typed or heard: lengths are bounded, values are checked against closed lists, and each
fault is a Chinese sentence beside its field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tickets.errors import TicketError
from tickets.states import DECLINE_CODES

APPEAL_TYPES: dict[str, str] = {
    "CONSULT": "咨询",
    "HELP": "求助",
    "COMPLAINT": "投诉",
    "REPORT": "举报",
    "SUGGEST": "建议",
    "PRAISE": "表扬",
    "OTHER": "其他",
}
URGENCIES: dict[str, str] = {"GENERAL": "一般", "URGENT": "紧急", "MOST_URGENT": "特急"}
PROCEDURES: dict[str, str] = {"IMMEDIATE": "即办", "SIMPLE": "简易程序", "ORDINARY": "普通程序"}
CONFIDENTIAL: dict[str, str] = {"NONE": "不保密", "HIDE_FROM_UNIT": "对承办单位保密", "REPORTER": "举报人保护"}
GENDERS: dict[str, str] = {"": "未填", "MALE": "男", "FEMALE": "女"}
TAGS = ("涉企", "群体性", "重复", "舆情", "敏感", "特殊群体")
ANONYMOUS = "匿名"

FIELD_NAMES: dict[str, str] = {
    "appeal_type": "诉求类型",
    "category_code": "问题分类",
    "appellant_name": "诉求人",
    "gender": "性别",
    "is_enterprise": "是否企业",
    "company": "企业名称",
    "phone": "联系电话",
    "phone_alt": "备用电话",
    "confidential": "是否保密",
    "occurred_text": "事发时间",
    "occurred_at": "事发时间",
    "place_text": "事发地点",
    "region_code": "所属区划",
    "lat": "纬度",
    "lng": "经度",
    "subject": "涉及主体",
    "title": "标题",
    "content": "诉求内容",
    "demand": "期望结果",
    "procedure": "办理程序",
    "urgency": "紧急程度",
    "tags": "标签",
    "is_public": "是否公开",
    "unit_id": "承办单位",
}

MIN_CONTENT = 10
"""Characters of content below which nobody can handle the matter (domain.md 2.9)."""

_PHONE = re.compile(r"1\d{10}|0\d{9,11}|[2-9]\d{6,7}|\d{3,5}|00\d{6,15}", re.ASCII)


class FieldErrors(TicketError):
    """Faults by field: {field: what to do, in Chinese}."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("；".join(errors.values()))
        self.errors = dict(errors)


def clean_phone(text: str) -> str:
    """A typed or spoken number as digits: without +86, blanks, dashes and brackets."""
    digits = re.sub(r"[\s\-－—()（）.]", "", text).translate(str.maketrans("０１２３４５６７８９", "0123456789"))
    return re.sub(r"^(?:\+86|0086|86(?=1\d{10}$))", "", digits)


def is_phone(digits: str) -> bool:
    """Whether this could be dialled: mobile, land line with or without area code, short, foreign."""
    return _PHONE.fullmatch(digits) is not None


def storable(text: str) -> bool:
    """Whether every database keeps this text: PostgreSQL takes neither NUL nor half a character."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _storable(value: Any) -> Any:
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and not storable(text) for text in texts):
        raise ValueError("填写的内容不对")
    return value


class TicketFields(BaseModel):
    """What the agent submits. Empty text means not filled; `check` says what an act still needs."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    appeal_type: str = ""
    category_code: str = ""
    appellant_name: Annotated[str, Field(max_length=64)] = ""
    gender: str = ""
    is_enterprise: bool = False
    company: Annotated[str, Field(max_length=120)] = ""
    phone: str = ""
    phone_alt: str = ""
    confidential: str = ""
    occurred_text: Annotated[str, Field(max_length=120)] = ""
    occurred_at: datetime | None = None
    place_text: Annotated[str, Field(max_length=200)] = ""
    region_code: Annotated[str, Field(max_length=16)] = ""
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lng: Annotated[float, Field(ge=-180, le=180)] | None = None
    subject: Annotated[str, Field(max_length=200)] = ""
    title: Annotated[str, Field(max_length=120)] = ""
    content: Annotated[str, Field(max_length=8000)] = ""
    demand: Annotated[str, Field(max_length=2000)] = ""
    procedure: str = ""
    urgency: str = "GENERAL"
    tags: Annotated[list[str], Field(max_length=12)] = []
    is_public: bool = True

    _every_database = field_validator("*")(_storable)

    @field_validator("phone", "phone_alt")
    @classmethod
    def _phone(cls, value: str) -> str:
        digits = clean_phone(value)
        if digits and not is_phone(digits):
            raise ValueError("电话号码不对，请与来电人核对")
        return digits

    @field_validator("occurred_at")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("缺少时区")
        return value

    @field_validator("appeal_type", "gender", "confidential", "procedure", "urgency")
    @classmethod
    def _closed_list(cls, value: str, info: Any) -> str:
        if value and value not in _CLOSED_LISTS[info.field_name]:
            raise ValueError("请从列表中选择")
        return value or ("GENERAL" if info.field_name == "urgency" else "")

    @field_validator("tags")
    @classmethod
    def _tags(cls, value: list[str]) -> list[str]:
        if any(not tag or len(tag) > 16 for tag in value):
            raise ValueError("标签不能为空，也不能超过16个字")
        return list(dict.fromkeys(value))

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> TicketFields:
        """Fields from a form or a draft; raises `FieldErrors` with a Chinese sentence for each fault."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise FieldErrors(_in_chinese(error)) from None


_CLOSED_LISTS: dict[str, Mapping[str, str]] = {
    "appeal_type": APPEAL_TYPES,
    "gender": GENDERS,
    "confidential": CONFIDENTIAL,
    "procedure": PROCEDURES,
    "urgency": URGENCIES,
}


def _in_chinese(error: ValidationError) -> dict[str, str]:
    faults: dict[str, str] = {}
    for fault in error.errors():
        name = str(fault["loc"][0]) if fault["loc"] else ""
        label = FIELD_NAMES.get(name) or _REPLY_NAMES.get(name, name)
        match fault["type"]:
            case "value_error":
                what = str(fault["ctx"]["error"])
            case "string_too_long":
                what = f"最多{fault['ctx']['max_length']}个字"
            case _:
                what = "填写的内容不对"
        faults[name] = f"{label}：{what}。"
    return faults


# Elements without which an act is refused. Place: "yes except policy consult"; the time of an event has no
# meaning for consultation, suggestion and praise.
_ALWAYS = ("appeal_type", "category_code", "title", "content")
_NO_EVENT = frozenset({"CONSULT", "SUGGEST", "PRAISE"})


def _missing(fields: TicketFields, names: tuple[str, ...]) -> dict[str, str]:
    return {name: f"请填写{FIELD_NAMES[name]}。" for name in names if not getattr(fields, name)}


def check_open(fields: TicketFields, caller_id: str = "") -> None:
    """Elements required before a ticket may be submitted (T05); raises `FieldErrors`."""
    faults = _missing(fields, (*_ALWAYS, "demand"))
    if not fields.appellant_name:
        faults["appellant_name"] = f"请填写诉求人姓名；不愿透露的填“{ANONYMOUS}”。"
    if not (fields.phone or caller_id):
        faults["phone"] = "请填写联系电话。"
    if fields.appeal_type not in _NO_EVENT:
        if not (fields.occurred_text or fields.occurred_at):
            faults["occurred_text"] = "请填写事发时间，可以是一段时间。"
        if not (fields.place_text or fields.region_code):
            faults["place_text"] = "请填写事发地点。"
    elif fields.appeal_type != "CONSULT" and not (fields.place_text or fields.region_code):
        faults["place_text"] = "请填写事发地点。"
    if fields.is_enterprise and not fields.company:
        faults["company"] = "涉企诉求请填写企业名称。"
    _finish(fields, faults)


def check_answer(fields: TicketFields, article_id: str | None, answer_text: str) -> None:
    """Elements required before a matter is closed on the line (T02)."""
    faults = _missing(fields, _ALWAYS)
    if fields.appeal_type in ("COMPLAINT", "REPORT"):
        faults["appeal_type"] = f"{APPEAL_TYPES[fields.appeal_type]}不能直接答复办结，请提交工单。"
    if not (article_id or answer_text.strip()):
        faults["answer_text"] = "请选择所用的知识，或写下答复内容。"
    elif not storable(answer_text):
        faults["answer_text"] = "填写的内容不对。"
    _finish(fields, faults)


def check_decline(fields: TicketFields, code: str, told: str) -> None:
    """A refusal needs a reason code and what the citizen was told (T04, domain.md 2.8)."""
    faults = _missing(fields, _ALWAYS)
    if code == "NA10":
        faults["decline_code"] = "紧急求助请使用“移交”，不能作不予受理。"
    elif code not in DECLINE_CODES:
        faults["decline_code"] = "请选择不予受理的原因。"
    if not told.strip():
        faults["told"] = "请写下已告知来电人的依据和途径。"
    _finish(fields, faults)


def _finish(fields: TicketFields, faults: dict[str, str]) -> None:
    if fields.content and len(re.sub(r"\s", "", fields.content)) < MIN_CONTENT:
        faults["content"] = f"诉求内容至少{MIN_CONTENT}个字，请写清事情经过。"
    if faults:
        raise FieldErrors(faults)


class UnitReplyFields(BaseModel):
    """A unit's result (domain.md 2.9, last row). `result_text` is internal, `public_text` is for the citizen."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    is_true: bool | None = None
    contacted: bool = False
    contact_time: datetime | None = None
    contact_no: Annotated[str, Field(max_length=32)] = ""
    solved: bool | None = None
    unsolved_reason: Annotated[str, Field(max_length=64)] = ""
    result_text: Annotated[str, Field(max_length=8000)] = ""
    public_text: Annotated[str, Field(max_length=4000)] = ""

    _every_database = field_validator("*")(_storable)

    @field_validator("contact_time")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("缺少时区")
        return value

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> UnitReplyFields:
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise FieldErrors(_in_chinese(error)) from None


_REPLY_NAMES: dict[str, str] = {
    "is_true": "是否属实",
    "contacted": "是否联系群众",
    "contact_time": "联系时间",
    "contact_no": "联系电话",
    "solved": "是否解决",
    "unsolved_reason": "未解决原因",
    "result_text": "办理情况",
    "public_text": "公开答复内容",
}


def check_reply(reply: UnitReplyFields, *, since: datetime, now: datetime, private: tuple[str, ...]) -> None:
    """Guards of T16: contact record, result, solved or why not, public text without what is `private`."""
    faults: dict[str, str] = {}
    if reply.is_true is None:
        faults["is_true"] = "请选择诉求是否属实。"
    if reply.solved is None:
        faults["solved"] = "请选择是否解决。"
    elif not reply.solved and not reply.unsolved_reason:
        faults["unsolved_reason"] = "没有解决的，请写明原因。"
    if not reply.contacted:
        faults["contacted"] = "请先联系诉求人，再提交办理反馈。"
    elif reply.contact_time is None:
        faults["contact_time"] = "请填写联系诉求人的时间。"
    elif reply.contact_time > now:
        faults["contact_time"] = "联系时间不能晚于现在。"
    elif reply.contact_time < since:
        faults["contact_time"] = "联系时间不能早于诉求受理的时间。"
    if len(reply.result_text) < MIN_CONTENT:
        faults["result_text"] = f"办理情况至少{MIN_CONTENT}个字。"
    if not reply.public_text:
        faults["public_text"] = "请填写给诉求人的公开答复。"
    elif any(len(word) > 1 and word in reply.public_text for word in private):
        faults["public_text"] = "公开答复中不能出现诉求人的姓名或电话。"
    if faults:
        raise FieldErrors(faults)

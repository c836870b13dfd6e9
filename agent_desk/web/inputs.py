"""What requests may hold: one strict model for each body, form and query, and its faults in Chinese."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from runtime.callid import is_call_id

I = TypeVar("I", bound="Input")  # noqa: E741  # one letter, as every type variable here

SHAPE = "请求格式不对。"


class Input(BaseModel):
    """Base of what a request holds: closed lists of names, no silent conversion, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Nothing(Input):
    """A request that says nothing more than its address."""


class Faults(Exception):
    """What is wrong, by field in Chinese. `shape`: no form of ours sends this, a script is wrong."""

    def __init__(self, fields: dict[str, str], *, shape: bool) -> None:
        super().__init__("；".join(fields.values()))
        self.fields = fields
        self.shape = shape

    @property
    def message(self) -> str:
        """The one fault in its own words; of several, where to look."""
        if self.shape:
            return SHAPE
        said = list(self.fields.values())
        return said[0] if len(said) == 1 else "请改正标出的内容。"


# -- text ----------------------------------------------------------------------------------------
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})


def _clean(value: Any, kept: str) -> Any:
    """Without what cannot be seen: control characters, zero-width and direction marks."""
    if not isinstance(value, str):
        return value
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("填写的内容不对。")
    return "".join(
        c for c in value if c in kept or unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"}
    ).strip()


Line = Annotated[str, BeforeValidator(lambda value: _clean(value, ""))]
"""Text of one line, trimmed, without invisible characters."""

Text = Annotated[str, BeforeValidator(lambda value: _clean(value, "\n\t"))]
"""Text of several lines, without other invisible characters."""

Secret = Annotated[str, Field(max_length=4096)]
"""A password: exactly as typed."""


def one_of(allowed: Collection[str], fault: str) -> BeforeValidator:
    """A closed list; `fault` tells a person to choose."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(fault)
        return value

    closed: Any = Literal
    return BeforeValidator(check, json_schema_input_type=closed[tuple(allowed)])


def _number(value: Any) -> Any:
    """Digits of an address or a form as a number; what is none is left to the model's own complaint."""
    return (
        int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10 else value
    )


Number = Annotated[int, BeforeValidator(_number, json_schema_input_type=int)]


def _day(value: Any) -> Any:
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("日期填写的内容不对。") from None
    if not 2000 <= day.year <= 2999:
        raise ValueError("日期填写的内容不对。")
    return day


Day = Annotated[date, BeforeValidator(_day, json_schema_input_type=date)]


class Paged(Input):
    """A list's page, from 1."""

    page: Annotated[Number, Field(ge=1, le=10_000, title="页码")] = 1


def _call_id(value: Any) -> Any:
    if not isinstance(value, str) or not is_call_id(value):
        raise ValueError("当前没有通话。")
    return value


CallId = Annotated[
    str,
    BeforeValidator(_call_id),
    WithJsonSchema({"type": "string", "pattern": "^[0-9a-f-]{36}$", "maxLength": 36}),
]


# -- reading ---------------------------------------------------------------------------------------
def read(model: type[I], values: Mapping[str, Any]) -> I:
    """The model's values. Raises Faults."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise faults_of(model, error) from None


_OWN_WORDS = frozenset({"value_error", "string_too_long", "string_too_short", "string_pattern_mismatch"}) | {
    "greater_than_equal",
    "less_than_equal",
    "too_long",
}
"""Faults that a person made and can mend; the others are a script's."""


def faults_of(model: type[BaseModel], error: ValidationError) -> Faults:
    """pydantic's complaints as sentences beside the fields."""
    fields: dict[str, str] = {}
    shape = False
    for fault in error.errors(include_url=False):
        shape |= fault["type"] not in _OWN_WORDS
        name = ".".join(str(part) for part in fault["loc"])[:80]
        known = model.model_fields.get(str(fault["loc"][0])) if fault["loc"] else None
        label = (known.title if known else None) or name
        kind = (
            "string_too_long" if fault["type"] == "too_long" and isinstance(fault["input"], str) else fault["type"]
        )
        fields.setdefault(name, _sentence(label, kind, fault.get("ctx", {})))
    return Faults(fields, shape=shape)


def _sentence(label: str, kind: str, about: Mapping[str, Any]) -> str:
    match kind:
        case "value_error":
            return str(about["error"])
        case "string_too_long":
            return f"{label}最多{about['max_length']}个字。"
        case "too_long":
            return f"{label}最多{about['max_length']}项。"
        case "string_too_short" | "missing":
            return f"请填写{label}。"
        case "greater_than_equal":
            return f"{label}不能小于{about['ge']}。"
        case "less_than_equal":
            return f"{label}不能大于{about['le']}。"
        case "extra_forbidden":
            return f"不认识的内容：{label}。"
        case _:
            return f"{label}填写的内容不对。"

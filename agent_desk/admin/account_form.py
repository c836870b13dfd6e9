"""What an administrator's forms about accounts hold, and how the accounts' room takes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from accounts.changes import LONGEST_NAME, Details
from accounts.roles import ROLES
from agent_desk.web import words
from agent_desk.web.inputs import Input, Line, Number, Paged, one_of
from calls.asterisk.queues import QUEUES

Mark = Literal["", "yes"]
"""A box: a form sends it only when it is ticked."""
VERSION = Annotated[Number, Field(ge=1, title="版本")]
REASON = Annotated[Line, Field(max_length=100, title="原因")]

STATES = {"open": "正常", "first": "初始密码", "locked": "锁定或停用"}
SKILLS = {queue: words.QUEUES[queue] for queue in QUEUES[1:]}
"""The first queue is everybody's."""


class Filter(Paged):
    """Which accounts: text in login or name, role, unit, state."""

    q: Annotated[Line, Field(max_length=40, title="账号或姓名")] = ""
    role: Annotated[str, one_of(ROLES, "请从列表中选择角色。")] | None = None
    unit: Annotated[Number, Field(ge=1, title="单位")] | None = None
    state: Annotated[str, one_of(STATES, "请从列表中选择状态。")] | None = None


class _Values(Input):
    name: Annotated[Line, Field(max_length=LONGEST_NAME, title="姓名")] = ""
    unit_id: Annotated[Line, Field(max_length=9, title="单位")] = ""
    seat: Annotated[Line, Field(max_length=8, title="分机")] = ""

    def details(self) -> Details:
        """As the accounts' room takes it; what was not chosen is refused there."""
        ticked = {name for name, value in self.model_dump().items() if value == "yes"}
        unit = self.unit_id
        return Details(
            name=self.name,
            roles=frozenset(role for role in ROLES if f"role_{role}" in ticked),
            unit_id=int(unit) if unit.isascii() and unit.isdigit() else 0,
            seat=self.seat,
            skills=frozenset(queue for queue in SKILLS if f"skill_{queue}" in ticked),
        )


_boxes: Any = {f"role_{role}": (Mark, "") for role in ROLES} | {f"skill_{queue}": (Mark, "") for queue in SKILLS}
_Boxed = create_model("_Boxed", __base__=_Values, **_boxes)


class NewAccount(_Boxed):
    """A new account."""

    login: Annotated[Line, Field(max_length=64, title="账号")] = ""


class ChangedAccount(_Boxed):
    """An account as it should be; `version` as it was read."""

    version: VERSION


class Versioned(Input):
    """An act on an account that was read at this version."""

    version: VERSION


class Locking(Versioned):
    reason: REASON = ""


class Demand(Input):
    """The setting of sign-in; `version` 0 when it was never set."""

    version: Annotated[Number, Field(ge=0, title="版本")]
    required: Mark = ""

"""The nodes of an IVR script: what each kind may say, which exits it must have.

Separate exits for silence and for a wrong key are mandatory wherever keys are asked for (asks.md 2).
"""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

NodeId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
QueueName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{0,31}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Seconds = Annotated[float, Field(ge=0, le=60)]
PhonePattern = Annotated[str, StringConstraints(pattern=r"^\d{3,15}\*?$|^\d{1,15}\*$")]
Target = Annotated[str, StringConstraints(pattern=r"^(110|119|120|122|0\d{2,3}12345)$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Part(BaseModel):
    """Any part of a script: unknown fields are mistakes, nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BaseNode(Part):
    """What all nodes have."""

    note: str = Field(default="", max_length=500, description="For the people who edit the script.")

    def exits(self) -> dict[str, str]:
        """Exit name -> node it leads to."""
        raise NotImplementedError

    def prompts(self) -> dict[str, str]:
        """Field name -> text that this node may say."""
        return {
            name: value
            for name in type(self).model_fields
            if (name == "prompt" or name.endswith("_prompt")) and (value := getattr(self, name))
        }


class Say(BaseNode):
    """Says something and goes on. Any key cuts it short; a key pressed here counts for the menu that follows."""

    kind: Literal["say"]
    prompt: Text
    next: NodeId

    def exits(self) -> dict[str, str]:
        return {"next": self.next}


class Menu(BaseNode):
    """Offers keys. Silence and a wrong key have exits of their own, taken after `attempts` (asks.md 2)."""

    kind: Literal["menu"]
    prompt: Text
    choices: dict[Key, NodeId] = Field(min_length=1)
    timeout: Seconds = 5.0
    attempts: int = Field(default=2, ge=1, le=5)
    no_input_prompt: Text | None = None
    wrong_key_prompt: Text | None = "您按的键不正确。"
    no_input: NodeId
    wrong_key: NodeId

    def exits(self) -> dict[str, str]:
        keys = {f"key {key}": node for key, node in self.choices.items()}
        return keys | {"no_input": self.no_input, "wrong_key": self.wrong_key}


class Digits(BaseNode):
    """Takes a number typed by the caller into a variable; `#` ends it, so does silence after the last digit."""

    kind: Literal["digits"]
    prompt: Text
    variable: VariableName
    min: int = Field(default=1, ge=1, le=32)
    max: int = Field(default=18, ge=1, le=32)
    timeout: Seconds = 5.0
    attempts: int = Field(default=2, ge=1, le=5)
    wrong_key_prompt: Text | None = "输入的号码不正确。"
    next: NodeId
    no_input: NodeId
    wrong_key: NodeId

    @model_validator(mode="after")
    def _order(self) -> Digits:
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) 大于 max ({self.max})，请改小 min 或改大 max")
        return self

    def exits(self) -> dict[str, str]:
        return {"next": self.next, "no_input": self.no_input, "wrong_key": self.wrong_key}


class Span(Part):
    """Hours of some weekdays, local time; `until: 24:00` is the end of the day."""

    days: list[Weekday] = Field(min_length=1)
    start: time
    until: time

    @field_validator("until", mode="before")
    @classmethod
    def _end_of_day(cls, value: object) -> object:
        return time.max if str(value).strip() in ("24:00", "24:00:00", "1440") else value

    @model_validator(mode="after")
    def _order(self) -> Span:
        if self.start >= self.until:
            raise ValueError("start 必须早于 until，跨夜请写成两段")
        return self


class HoursTest(Part):
    """True within these hours. `holidays: closed` also asks the working-day calendar (with make-up days)."""

    by: Literal["hours"]
    open: list[Span] = Field(min_length=1)
    holidays: Literal["closed", "open"] = "closed"


class CallerTest(Part):
    """True when the caller's number is in this list of the script."""

    by: Literal["caller"]
    list: str


class RepeatTest(Part):
    """True when the caller has called at least `calls` times in the last `hours` (this call not counted)."""

    by: Literal["repeat"]
    calls: int = Field(default=1, ge=1, le=100)
    hours: float = Field(default=24, gt=0, le=24 * 31)


class QueueTest(Part):
    """True when at least `waiting` callers wait in the queue."""

    by: Literal["queue"]
    queue: QueueName
    waiting: int = Field(ge=1, le=10_000)


class VariableTest(Part):
    """True when the variable has one of these values."""

    by: Literal["variable"]
    variable: VariableName
    equals: list[str] = Field(min_length=1)


Test = Annotated[HoursTest | CallerTest | RepeatTest | QueueTest | VariableTest, Field(discriminator="by")]


class Branch(BaseNode):
    """Goes one way or the other. A look-up that fails or takes too long counts as `otherwise`."""

    kind: Literal["branch"]
    test: Test
    then: NodeId
    otherwise: NodeId

    def exits(self) -> dict[str, str]:
        return {"then": self.then, "otherwise": self.otherwise}


class Queue(BaseNode):
    """Waits for an agent.

    After `wait` seconds the caller goes to `overflow`; coming back here he keeps his place. `answered` is
    taken when the agent hangs up first, `unavailable` when nobody can take calls. `total` bounds all waiting.
    """

    kind: Literal["queue"]
    queue: QueueName = "common"
    prompt: Text | None = None
    priority: int = Field(default=0, ge=0, le=9)
    wait: float = Field(default=60, ge=10, le=3600)
    total: float = Field(default=3600, ge=60, le=14_400)
    keys: dict[Key, NodeId] = Field(default_factory=dict)
    answered: NodeId
    overflow: NodeId
    unavailable: NodeId

    def exits(self) -> dict[str, str]:
        keys = {f"key {key}": node for key, node in self.keys.items()}
        ends = {"answered": self.answered, "overflow": self.overflow, "unavailable": self.unavailable}
        return keys | ends


class Progress(BaseNode):
    """Tells how the caller's tickets stand: by his own number first, else by a ticket number he types.

    `failed` is taken when the look-up is away (domain.md 3.2, N20: a person on any failure).
    """

    kind: Literal["progress"]
    by_phone: bool = True
    by_number: bool = True
    prompt: Text = "请输入工单编号，按井号键结束。"
    waiting_prompt: Text | None = None
    not_found_prompt: Text | None = "没有查到您的工单。"
    timeout: Seconds = 5.0
    found: NodeId
    not_found: NodeId
    no_input: NodeId
    failed: NodeId

    @model_validator(mode="after")
    def _some_way(self) -> Progress:
        if not (self.by_phone or self.by_number):
            raise ValueError("by_phone 与 by_number 至少保留一个")
        return self

    def exits(self) -> dict[str, str]:
        return {
            "found": self.found,
            "not_found": self.not_found,
            "no_input": self.no_input,
            "failed": self.failed,
        }


class VoicemailNode(BaseNode):
    """Records a message of at most `seconds` (domain.md 3.2, N22)."""

    kind: Literal["voicemail"]
    prompt: Text = "请在提示音后留言，最长三分钟，按井号键结束。"
    thanks_prompt: Text | None = "您的留言已收到，我们会尽快处理。"
    seconds: int = Field(default=180, ge=10, le=180)
    next: NodeId

    def exits(self) -> dict[str, str]:
        return {"next": self.next}


class Callback(BaseNode):
    """Promises a call-back: reads the caller's number back, or takes another one, and notes the task."""

    kind: Literal["callback"]
    prompt: Text = "我们将回拨这个号码。"
    confirm_prompt: Text = "正确请按1，更换号码请按2。"
    number_prompt: Text = "请输入您的电话号码，按井号键结束。"
    wrong_number_prompt: Text = "这个号码无法回拨。请输入十一位手机号码，或者区号加固定电话号码。"
    thanks_prompt: Text | None = "已为您登记，我们会尽快回拨。"
    done: NodeId
    declined: NodeId

    def exits(self) -> dict[str, str]:
        return {"done": self.done, "declined": self.declined}


class HandoffNode(BaseNode):
    """Puts the caller through to 110, 119, 120, 122 or another city's 12345, with the caller's own number."""

    kind: Literal["handoff"]
    target: Target
    prompt: Text | None = None
    seconds: float = Field(default=20, ge=5, le=60)
    done: NodeId
    no_answer: NodeId

    def exits(self) -> dict[str, str]:
        return {"done": self.done, "no_answer": self.no_answer}


class Survey(BaseNode):
    """Five levels by one key, 1 very satisfied … 5 very dissatisfied (domain.md 3.2 N08, 3.5)."""

    kind: Literal["survey"]
    question: str = Field(default="service", pattern=r"^[a-z][a-z0-9_]{0,31}$")
    prompt: Text
    thanks_prompt: Text | None = "感谢您的评价，再见。"
    timeout: Seconds = 10.0
    attempts: int = Field(default=2, ge=1, le=3)
    next: NodeId

    def exits(self) -> dict[str, str]:
        return {"next": self.next}


class Set(BaseNode):
    """Sets variables of this call's script."""

    kind: Literal["set"]
    values: dict[VariableName, str] = Field(min_length=1)
    next: NodeId

    def exits(self) -> dict[str, str]:
        return {"next": self.next}


class Goto(BaseNode):
    kind: Literal["goto"]
    to: NodeId

    def exits(self) -> dict[str, str]:
        return {"to": self.to}


class Hangup(BaseNode):
    """Ends the call, after a word if there is one."""

    kind: Literal["hangup"]
    prompt: Text | None = None

    def exits(self) -> dict[str, str]:
        return {}


Node = Annotated[
    Say
    | Menu
    | Digits
    | Branch
    | Queue
    | Progress
    | VoicemailNode
    | Callback
    | HandoffNode
    | Survey
    | Set
    | Goto
    | Hangup,
    Field(discriminator="kind"),
]

"""What of a profile is no clock: extension, return, rework, follow-up, lateness (domain.md 2.6)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tickets.clocks.rules import ClockRule

Count = Annotated[int, Field(ge=0, le=1000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExtensionPolicy(_Part):
    times: Count = 1
    max_days: Count = 30
    answer: ClockRule = ClockRule(value=4, unit="hour", kind="work")
    """How long the head of dispatching has; silence is a refusal."""


class ReturnPolicy(_Part):
    window: ClockRule = ClockRule(value=4, unit="hour", kind="work")
    complex_window: ClockRule = ClockRule(value=1, unit="workday")
    """For the ordinary procedure."""
    limit: Count = 2
    """Returns that may be agreed to; after them the centre designates."""


class ReworkPolicy(_Part):
    limit: Count = 2
    reopen_days: Count = 30
    """How long after its close a ticket may be taken up again, once. No source gives a number."""


class FollowUpPolicy(_Part):
    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    days: Annotated[int, Field(ge=1, le=20)] = 2
    """On how many different days the attempts must be before a citizen counts as out of reach."""


class LatePolicy(_Part):
    urge_at: Literal["YELLOW", "RED"] = "YELLOW"
    remind_workdays: Count = 1
    supervise_workdays: Count = 5
    answer_workdays: Annotated[int, Field(ge=1, le=100)] = 3
    """How long a unit has to answer a supervision order. No source gives a number."""


class Policy(_Part):
    """All of it may be set in a profile; what a profile does not say is as here."""

    extension: ExtensionPolicy = ExtensionPolicy()
    returning: ReturnPolicy = ReturnPolicy()
    rework: ReworkPolicy = ReworkPolicy()
    follow_up: FollowUpPolicy = FollowUpPolicy()
    late: LatePolicy = LatePolicy()
    archive_days: Count = 30
    """Days from close to archive. No source gives a number."""

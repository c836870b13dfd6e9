"""Walks through a script on paper, and those kept as its tests: they must go on leading through the same nodes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from asterisk_conf.render import QUEUES
from db.models import ScriptCase
from ivr.lookups import Lookups, national_workday
from ivr.running.walk import WalkLine, walk
from ivr.script.script import Script
from runtime.clock import SHANGHAI, Clock
from runtime.errors import UserError

CASES_MOST = 100
"""Cases of one script; all are walked at each check."""


class Given(BaseModel):
    """What caller and world do on a walk. `inputs` as in `ivr.running.walk.parse_inputs`; `at` is local time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: str = Field(default="", max_length=400, pattern=r"^[0-9*#a-z_, ]*$", title="按键")
    phone: str = Field(default="13912345678", pattern=r"^\d{0,15}$", title="来电号码")
    at: str = Field(default="2026-11-25T10:00", pattern=r"^20\d\d-\d\d-\d\dT\d\d:\d\d$", title="时间")
    day: Literal["calendar", "workday", "holiday"] = "calendar"
    waiting: int = Field(default=0, ge=0, le=10_000, title="排队人数")
    calls: int = Field(default=0, ge=0, le=100, title="近期来电次数")
    tickets: bool = False

    def moment(self) -> datetime:
        """When the call begins. Raises ValueError for a day that no calendar has."""
        return datetime.fromisoformat(self.at).replace(tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a case ended; `said` tells why it failed, in Chinese, "" when it passed."""

    case_id: int
    title: str
    said: str = ""
    node: str = ""

    @property
    def passed(self) -> bool:
        return not self.said


class CaseRefused(ValueError):
    """The walk cannot be kept or made; the reason is Chinese and for people."""


class _At:
    """The clock of a walk: it stands still, for nobody waits on paper."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def monotonic(self) -> float:
        return time.monotonic()


async def walk_given(script: Script, given: Given) -> WalkLine:
    """Walk the script as given. Every exit of it must lead to a node. Raises CaseRefused."""

    async def progress(ticket_no: str | None, phone: str | None) -> list[str]:
        return ["您的工单正在办理。"] if given.tickets else []

    async def recent_calls(phone: str, since: datetime, call_id: str) -> int:
        return given.calls

    async def workday(day: date) -> bool:
        return await national_workday(day) if given.day == "calendar" else given.day == "workday"

    try:
        clock = _At(given.moment())
    except ValueError:
        raise CaseRefused("没有这个日期或时间。") from None
    try:
        return await walk(
            script,
            given.inputs,
            phone=given.phone,
            lookups=Lookups(progress=progress, recent_calls=recent_calls, workday=workday),
            clock=clock,
            waiting=dict.fromkeys(QUEUES, given.waiting),
        )
    except UserError:
        raise CaseRefused("按键只能是 0–9、*、#，或列出的词。") from None


def trail(line: WalkLine) -> list[str]:
    """The nodes that a walk went through, in order; `(end)` is a hang-up in the middle, `(rescue)` a fault."""
    return [step.node for step in line.steps if step.what == "node"]


async def keep(
    session: AsyncSession, clock: Clock, script: Script, title: str, given: Given, *, user_id: int | None
) -> ScriptCase:
    """Keep this walk as a case of the script; one of the same title is replaced. Raises CaseRefused."""
    expected = trail(await walk_given(script, given))
    if len(expected) > 200:
        raise CaseRefused("这条路径太长，不适合作为测试。")
    kept = await of_script(session, script.name)
    case = next((one for one in kept if one.title == title), None)
    if case is None:
        if len(kept) >= CASES_MOST:
            raise CaseRefused(f"一个脚本最多保留 {CASES_MOST} 条测试。")
        case = ScriptCase(script=script.name, title=title)
        session.add(case)
    case.given = given.model_dump()
    case.expected = expected
    case.created_at = clock.now()
    case.created_by = user_id
    await session.flush()
    return case


async def of_script(session: AsyncSession, script: str) -> list[ScriptCase]:
    """The cases of this script, by title."""
    return list(
        await session.scalars(select(ScriptCase).where(ScriptCase.script == script).order_by(ScriptCase.title))
    )


async def drop(session: AsyncSession, case_id: int) -> bool:
    """Delete a case; False when there is none."""
    found = await session.execute(delete(ScriptCase).where(ScriptCase.id == case_id).returning(ScriptCase.id))
    return found.first() is not None


async def run_cases(script: Script, cases: list[ScriptCase]) -> list[Verdict]:
    """Walk every case; the script's exits must all lead to nodes."""
    verdicts = []
    for case in cases:
        verdicts.append(await _judge(script, case))
        await asyncio.sleep(0)  # nothing on paper waits: others would stand still for as long as all cases take
    return verdicts


async def _judge(script: Script, case: ScriptCase) -> Verdict:
    try:
        went = trail(await walk_given(script, Given.model_validate(case.given)))
    except (CaseRefused, ValidationError):
        return Verdict(case.id, case.title, "这条测试已读不懂，请删除后重新保留。")
    for at in range(max(len(went), len(case.expected))):
        here = went[at] if at < len(went) else "结束"
        meant = case.expected[at] if at < len(case.expected) else "结束"
        if here != meant:
            node = here if here in script.nodes else went[max(0, at - 1)]
            return Verdict(case.id, case.title, f"第 {at + 1} 步应到 {meant}，实际到 {here}。", node)
    return Verdict(case.id, case.title)

"""Publishing as people do it in the browser and at the terminal: one at a time, and with every case passing."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ScriptVersion
from db.turns import Turn, take_turn
from ivr.editing import cases
from ivr.script.check import checked
from ivr.script.document import Problem, ScriptRefused
from ivr.script.versions import current, publish, roll_back
from runtime.clock import Clock


class InForceChanged(Exception):
    """Another version was put in force since the publisher looked; nothing was published.

    `name`, `version`, `by` (user id) and `at` are of that version; it has no name when none is in force now.
    """

    def __init__(self, now: ScriptVersion | None) -> None:
        super().__init__("the version in force has changed")
        self.name = now.name if now else ""
        self.version = now.version if now else 0
        self.by = now.created_by if now else None
        self.at = now.published_at if now else None


class NothingNew(Exception):
    """The text is the one that is in force already."""


async def publish_tested(
    session: AsyncSession,
    clock: Clock,
    text: str,
    *,
    in_force: int | None,
    user_id: int | None = None,
    user_name: str = "",
    note: str = "",
) -> ScriptVersion:
    """Put this script in force if its check and all its cases pass; calls on the line keep theirs.

    `in_force` is the id of the version that the publisher saw in force, None when there was none.
    Raises ScriptRefused, InForceChanged, NothingNew.
    """
    script = checked(text).script
    await take_turn(session, Turn.SCRIPT)
    before = await _unchanged(session, in_force)
    failed = [
        Problem("error", "case", f"测试“{verdict.title}”没有通过：{verdict.said}", node=verdict.node)
        for verdict in await cases.run_cases(script, await cases.of_script(session, script.name))
        if not verdict.passed
    ]
    if failed:
        raise ScriptRefused(failed)
    made = await publish(session, clock, text, user_id=user_id, user_name=user_name, note=note)
    if before is not None and made.id == before.id:
        raise NothingNew
    return made


async def go_back(
    session: AsyncSession,
    clock: Clock,
    version_id: int,
    *,
    in_force: int | None,
    user_id: int | None,
    user_name: str,
) -> ScriptVersion:
    """Put an earlier version in force again. Cases do not hold it up: it is the way out when something is wrong.

    Raises LookupError, InForceChanged, NothingNew, and ScriptRefused if this program no longer takes that script.
    """
    await take_turn(session, Turn.SCRIPT)
    before = await _unchanged(session, in_force)
    made = await roll_back(session, clock, version_id, user_id=user_id, user_name=user_name)
    if before is not None and made.id == before.id:
        raise NothingNew
    return made


async def _unchanged(session: AsyncSession, in_force: int | None) -> ScriptVersion | None:
    # On SQLite a write is what makes others wait; else two could read the same version and both go on.
    await session.execute(
        update(ScriptVersion).where(ScriptVersion.id == in_force).values(state=ScriptVersion.state)
    )
    before = await current(session)
    if (before.id if before else None) != in_force:
        raise InForceChanged(before)
    return before

"""What the script has learnt of a caller, in a supervisor's words, from the steps the call took."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from calls.floor.floor_calls import Step
from db.models import ScriptVersion
from ivr.script.nodes import HandoffNode, Queue, Set
from ivr.script.script import Script
from ivr.script.versions import document_of

VALUES = {"consult": "咨询", "complaint": "投诉", "enterprise": "企业", "progress": "查进度"}
"""Values that our own scripts set; of others their own text is shown."""
KINDS = {"progress": "查过进度", "callback": "谢绝回拨", "voicemail": "留过言"}

Version = tuple[str, int]


class ScriptWords:
    """Reads each version once; of one that is not known yet nothing is said."""

    def __init__(self) -> None:
        self._documents: dict[Version, Script | None] = {}

    def unknown(self, steps: Iterable[Step]) -> set[Version]:
        return {(step.script, step.version) for step in steps} - self._documents.keys()

    async def learn(self, session: AsyncSession, versions: Iterable[Version]) -> None:
        for name, version in versions:
            row = await session.scalar(
                select(ScriptVersion).where(ScriptVersion.name == name, ScriptVersion.version == version)
            )
            try:
                self._documents[(name, version)] = document_of(row).script if row is not None else None
            except ValueError:  # written by a newer release: its steps stay unnamed
                self._documents[(name, version)] = None

    def of(self, steps: Iterable[Step]) -> tuple[int, list[str]]:
        """The caller's priority in the queue (0 to 9) and what is known, each thing once."""
        priority, said = 0, dict[str, None]()
        for step in steps:
            document = self._documents.get((step.script, step.version))
            node = document.nodes.get(step.step) if document is not None else None
            match node:
                case Queue():
                    priority = node.priority
                case Set():
                    said |= {VALUES.get(value, value): None for value in node.values.values()}
                case HandoffNode():
                    said[f"转接{node.target}未接通"] = None
                case _ if step.kind in KINDS:
                    said[KINDS[step.kind]] = None
                case _:
                    pass
        return priority, list(said)

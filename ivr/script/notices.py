"""Which nodes of which scripts tell the caller that the call is recorded."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ScriptVersion
from ivr.script.document import ScriptRefused, read_text

WORD = "录音"
BEFORE_THE_TALK = frozenset({"say", "menu", "digits", "queue"})
"""Kinds of nodes whose words are heard on the way to a person; those of a message are about the message."""


async def notices(session: AsyncSession) -> dict[tuple[str, int], frozenset[str]]:
    """By a script's name and version: its nodes whose words say so."""
    versions = await session.execute(select(ScriptVersion.name, ScriptVersion.version, ScriptVersion.yaml))
    return {(name, version): telling(text) for name, version, text in versions.all()}


@lru_cache(maxsize=64)
def telling(text: str) -> frozenset[str]:
    """The nodes of this script that tell; none of a text that this program no longer understands."""
    try:
        script = read_text(text).script
    except ScriptRefused:
        return frozenset()
    return frozenset(
        node_id
        for node_id, node in script.nodes.items()
        if node.kind in BEFORE_THE_TALK and WORD in (node.prompts().get("prompt") or "")
    )

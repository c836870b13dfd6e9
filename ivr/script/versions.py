"""Versions of the script: published ones never change, exactly one is in force, any two can be compared."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, ScriptVersion
from ivr.script.check import checked
from ivr.script.document import Document, read_file, read_text
from ivr.script.script import Script
from runtime.clock import Clock

SHIPPED = Path(__file__).parent.parent / "scripts"


@dataclass(frozen=True, slots=True)
class NodeChange:
    """What became of a node between two versions; `fields` are name -> (before, after) as text."""

    node: str
    change: Literal["added", "removed", "changed"]
    fields: dict[str, tuple[str, str]]


def shipped_document(name: str) -> Document:
    """A script that comes with the system. Raises ScriptRefused when there is none of this name."""
    safe = name if name.replace("-", "").replace("_", "").isalnum() else "unknown"
    return read_file(SHIPPED / f"{safe}.yaml")


def shipped_scripts() -> list[Script]:
    """All scripts that come with the system."""
    return [read_file(path).script for path in sorted(SHIPPED.glob("*.yaml"))]


async def publish(
    session: AsyncSession,
    clock: Clock,
    text: str,
    *,
    user_id: int | None = None,
    user_name: str = "",
    note: str = "",
) -> ScriptVersion:
    """Put this script in force; calls on the line keep theirs. The same text again changes nothing.

    Raises ScriptRefused with every error of the check.
    """
    script = checked(text).script
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    before = await current(session)
    if before is not None and before.sha256 == sha256:
        return before
    now = clock.now()
    if before is not None:
        before.state = "retired"
        await session.flush()
    newest = await session.scalar(select(func.max(ScriptVersion.version)).where(ScriptVersion.name == script.name))
    version = ScriptVersion(
        name=script.name,
        version=(newest or 0) + 1,
        state="published",
        yaml=text,
        sha256=sha256,
        created_at=now,
        created_by=user_id,
        published_at=now,
        note=note[:200],
    )
    session.add(version)
    await session.flush()
    session.add(
        AuditEvent(
            at=now,
            object_kind="script",
            object_id=f"{script.name}:{version.version}",
            action="publish",
            actor_user_id=user_id,
            actor_name=user_name,
            from_state=f"{before.name}:{before.version}"[:20] if before else "",
            to_state="published",
            reason=note[:500],
        )
    )
    return version


async def roll_back(
    session: AsyncSession, clock: Clock, version_id: int, *, user_id: int | None = None, user_name: str = ""
) -> ScriptVersion:
    """Put an earlier version in force again, as a new version. Raises LookupError when there is none."""
    old = await session.get(ScriptVersion, version_id)
    if old is None:
        raise LookupError(f"no script version {version_id}")
    note = f"恢复 {old.name} 第 {old.version} 版"
    return await publish(session, clock, old.yaml, user_id=user_id, user_name=user_name, note=note)


async def current(session: AsyncSession) -> ScriptVersion | None:
    """The version in force, or None before the first was published."""
    query = select(ScriptVersion).where(ScriptVersion.state == "published")
    return (
        await session.scalars(query.order_by(ScriptVersion.published_at.desc(), ScriptVersion.id.desc()).limit(1))
    ).first()


async def history(session: AsyncSession, name: str | None = None, limit: int = 50) -> list[ScriptVersion]:
    """Versions, newest first."""
    query = select(ScriptVersion).order_by(ScriptVersion.id.desc()).limit(limit)
    if name is not None:
        query = query.where(ScriptVersion.name == name)
    return list(await session.scalars(query))


def node_changes(old: Script, new: Script) -> list[NodeChange]:
    """What a person should look at before publishing: node by node, in the new script's order."""

    def fields(script: Script, node_id: str) -> dict[str, str]:
        data = script.nodes[node_id].model_dump(mode="json", exclude_none=True)
        return {name: str(value) for name, value in data.items()}

    changes = []
    for node_id in [*new.nodes, *(gone for gone in old.nodes if gone not in new.nodes)]:
        before = fields(old, node_id) if node_id in old.nodes else {}
        after = fields(new, node_id) if node_id in new.nodes else {}
        if before == after:
            continue
        differing = {
            name: (before.get(name, ""), after.get(name, ""))
            for name in {**before, **after}
            if before.get(name) != after.get(name)
        }
        change: Literal["added", "removed", "changed"] = (
            "added" if not before else "removed" if not after else "changed"
        )
        changes.append(NodeChange(node_id, change, differing))
    return changes


def text_changes(old: str, new: str) -> list[str]:
    """The two texts as a unified diff, line by line."""
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), "旧版", "新版", lineterm=""))


def document_of(version: ScriptVersion) -> Document:
    """The document of a stored version. Raises ScriptRefused if this program no longer understands it."""
    return read_text(version.yaml)

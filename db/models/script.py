"""IVR scripts by version, the steps each call took, and survey answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class ScriptVersion(Base):
    """A script as published; never changed afterwards. state: draft, published, retired."""

    __tablename__ = "script_version"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(12), default="draft", index=True)
    yaml: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    published_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(200), default="")


class ScriptDraft(Base):
    """A script that somebody writes; several may exist. `version` grows by one with each change of its text."""

    __tablename__ = "script_draft"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(64))
    yaml: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    based_on: Mapped[int | None] = mapped_column(ForeignKey("script_version.id"))
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    updated_at: Mapped[datetime]
    updated_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class ScriptDraftReader(Base):
    """Who has a draft open on a page now; `seen_at` is when that page last asked."""

    __tablename__ = "script_draft_reader"

    draft_id: Mapped[int] = mapped_column(ForeignKey("script_draft.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    seen_at: Mapped[datetime]


class ScriptCase(Base):
    """A walk through a script that must go on leading the same way.

    `given`: what caller and world do (`ivr.editing.cases.Given`); `expected`: the nodes in order.
    """

    __tablename__ = "script_case"
    __table_args__ = (UniqueConstraint("script", "title"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    script: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(64))
    given: Mapped[dict[str, Any]]
    expected: Mapped[list[str]]
    created_at: Mapped[datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class ScriptStepRow(Base):
    __tablename__ = "script_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(36), index=True)
    """Not a foreign key: the script runs even while the tracker is away."""
    script: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    node: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(index=True)
    detail: Mapped[str] = mapped_column(String(200), default="")


class SurveyAnswer(Base):
    """The citizen's rating after the call: 1 very satisfied … 5 very dissatisfied (domain.md 3.5)."""

    __tablename__ = "survey_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(36), index=True)
    question: Mapped[str] = mapped_column(String(64))
    answer: Mapped[int]
    agent: Mapped[str] = mapped_column(String(8), default="")
    at: Mapped[datetime]

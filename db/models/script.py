"""IVR scripts by version, the steps each call took, and survey answers."""

from __future__ import annotations

from datetime import datetime

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


class ScriptStepRow(Base):
    __tablename__ = "script_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(36), index=True)
    """Not a foreign key: the script runs even while the tracker is away."""
    script: Mapped[str] = mapped_column(String(64))
    version: Mapped[int]
    node: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
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

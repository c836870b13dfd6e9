"""What was said: final utterances and the gaps between them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class TranscriptUtterance(Base):
    """A final utterance. Milliseconds count from the call's origin, i.e. from the recording's first sample."""

    __tablename__ = "utterance"
    __table_args__ = (Index("ix_utterance_call_id_start_ms", "call_id", "start_ms"),)

    id: Mapped[str] = mapped_column(String(48), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(36))
    """Not a foreign key: the speech process may write before the tracker's row is committed."""
    speaker: Mapped[str] = mapped_column(String(8))
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    raw: Mapped[str] = mapped_column(Text, default="")
    confidence: Mapped[float] = mapped_column(default=0.0)
    words: Mapped[list[Any]] = mapped_column(default=list)
    model: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]


class TranscriptGapRow(Base):
    __tablename__ = "transcript_gap"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(String(36), index=True)
    speaker: Mapped[str] = mapped_column(String(8))
    start_ms: Mapped[int]
    end_ms: Mapped[int]

"""The floor as supervisors arrange it: teams, limits that colour a board, links for screens on a wall, notices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class Team(Base):
    """A team of agents (班组)."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)


class TeamMember(Base):
    """An account is in one team at most."""

    __tablename__ = "team_member"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)


class FloorLimit(Base):
    """From where on a figure of a queue ("" is the whole floor) is worth a look, and from where it is bad.

    metric: waiting, longest_s, in_time, abandoned, ready (`calls.floor.limits`). A limit of None is none.
    """

    __tablename__ = "floor_limit"

    queue: Mapped[str] = mapped_column(String(32), primary_key=True)
    metric: Mapped[str] = mapped_column(String(16), primary_key=True)
    amber: Mapped[int | None]
    red: Mapped[int | None]


class WallLink(Base):
    """A link with which a screen on a wall reads the board, until somebody revokes it; only its hash is kept."""

    __tablename__ = "wall_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class FloorNotice(Base):
    """A short notice to agents; who is to read it has a row of FloorNoticeReader."""

    __tablename__ = "floor_notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(index=True)
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    by_name: Mapped[str] = mapped_column(String(64), default="")
    to: Mapped[str] = mapped_column(String(64), default="")
    """To whom, in words."""


class FloorNoticeReader(Base):
    """Somebody to whom a notice went, and when it was read."""

    __tablename__ = "floor_notice_reader"
    __table_args__ = (UniqueConstraint("notice_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("floor_notice.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    read_at: Mapped[datetime | None]

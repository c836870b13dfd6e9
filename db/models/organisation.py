"""Who and where: jurisdictions, administrative divisions, units, accounts, categories."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base


class Jurisdiction(Base):
    """A body that runs or takes part in the hotline: province, city, county, township (domain.md 6.1)."""

    __tablename__ = "jurisdiction"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(12), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    level: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("jurisdiction.id"), index=True)
    is_demo: Mapped[bool] = mapped_column(default=False)


class Region(Base):
    """An administrative division, street, village or community: where things happen.

    kind: province, city, county, town, township, street_office, community, village, road, landmark.
    """

    __tablename__ = "region"
    __table_args__ = (Index("ix_region_name_kind", "name", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    aliases: Mapped[list[str]] = mapped_column(default=list)
    kind: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"), index=True)
    full_name: Mapped[str] = mapped_column(String(200))


class Unit(Base):
    """A handling unit (承办单位). kind: DEPARTMENT, TOWNSHIP, UTILITY, EMERGENCY, CENTRE, PARTY, NPC, ..."""

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    jurisdiction_id: Mapped[int] = mapped_column(ForeignKey("jurisdiction.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(64), index=True)
    short_name: Mapped[str] = mapped_column(String(32))
    aliases: Mapped[list[str]] = mapped_column(default=list)
    """Other names by which the category table and people call the unit."""
    kind: Mapped[str] = mapped_column(String(16), default="DEPARTMENT")
    phone: Mapped[str] = mapped_column(String(32), default="")
    """Number at which the unit's duty desk is put through from the agent desk."""
    region_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"))
    duty_hours: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """When the duty desk is staffed, in words for people: "工作日 8:30-17:30"."""
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Counts changes by administrators: an edit that was begun before the last one is refused."""
    active: Mapped[bool] = mapped_column(default=True)


class UnitSuccession(Base):
    """A unit that was closed, and the one that has taken over its open tickets and accounts."""

    __tablename__ = "unit_succession"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    successor_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    at: Mapped[datetime]


class User(Base):
    """An account. `roles` are the codes of domain.md 6.2; `extension` is the softphone seat of agents."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(200))
    roles: Mapped[list[str]] = mapped_column(default=list)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    jurisdiction_id: Mapped[int | None] = mapped_column(ForeignKey("jurisdiction.id"))
    extension: Mapped[str | None] = mapped_column(String(8), unique=True)
    node: Mapped[str] = mapped_column(String(32), default="", server_default="")
    """The node at which this agent sits down; "" for whichever runs."""
    agent_no: Mapped[str | None] = mapped_column(String(16), unique=True)
    skills: Mapped[list[str]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Counts changes by administrators; signing in is none."""
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]

    unit: Mapped[Unit | None] = relationship(lazy="joined")


class WebSession(Base):
    """A logged-in browser; only the hash of the cookie is kept."""

    __tablename__ = "web_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")


class SecondFactor(Base):
    """The one-time passwords of an account; their secret is not here, it comes from `salt` and a key file."""

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    salt: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    """None until a first code was right: it is not asked for before."""
    last_step: Mapped[int] = mapped_column(default=0, server_default="0")
    """The 30-second step of the last code that was taken: that one and older ones are not taken again."""


class RecoveryCode(Base):
    """A code for who has lost the telephone, good for one sign-in; only a keyed hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class SiteSetting(Base):
    """A setting that administrators change while the system runs; those of the start are in `runtime.settings`."""

    __tablename__ = "site_setting"

    key: Mapped[str] = mapped_column(String(48), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    changed_at: Mapped[datetime]


class Category(Base):
    """A row of the category table (domain.md 5); code is 2 + 2 digits, level 1 rows have 2."""

    __tablename__ = "category"
    __table_args__ = (UniqueConstraint("key"),)

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(48))
    lead: Mapped[str] = mapped_column(String(64), default="")
    also: Mapped[list[str]] = mapped_column(default=list)
    procedure: Mapped[str] = mapped_column(String(12), default="SIMPLE")
    safety: Mapped[bool] = mapped_column(default=False)

"""The nodes of this centre: one row for each Asterisk with its `node` role, kept fresh by that role."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class Node(Base):
    """A node by its name. `instance` is the process that holds the name, `home` where it runs."""

    __tablename__ = "node"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    instance: Mapped[str] = mapped_column(String(32))
    home: Mapped[str] = mapped_column(String(400))
    """The machine's name, the folder of its state and that folder's number: who starts there is this node."""
    sip_url: Mapped[str] = mapped_column(String(200))
    """Where softphones reach its Asterisk, as desks see it."""
    recordings: Mapped[str] = mapped_column(String(400))
    """The folder of its recordings, on its machine."""
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    """When it was stopped by a person; None while it runs or when it died."""

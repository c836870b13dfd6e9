"""nodes have names: rows of calls and seats say which node has them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import db.base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("call", "call_leg", "queue_entry", "agent_session", "agent_state_log", "recording", "voicemail", "user")


def upgrade() -> None:
    op.create_table(
        "node",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("instance", sa.String(length=32), nullable=False),
        sa.Column("home", sa.String(length=400), nullable=False),
        sa.Column("sip_url", sa.String(length=200), nullable=False),
        sa.Column("recordings", sa.String(length=400), nullable=False),
        sa.Column("started_at", db.base.Utc(), nullable=False),
        sa.Column("heartbeat_at", db.base.Utc(), nullable=False),
        sa.Column("stopped_at", db.base.Utc(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_node")),
    )
    for table in TABLES:
        op.add_column(table, sa.Column("node", sa.String(length=32), server_default="", nullable=False))
    op.create_index(op.f("ix_call_node"), "call", ["node"])


def downgrade() -> None:
    op.drop_index(op.f("ix_call_node"), table_name="call")
    for table in reversed(TABLES):
        op.drop_column(table, "node")
    op.drop_table("node")

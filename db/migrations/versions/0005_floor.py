"""the floor as supervisors arrange it: teams, limits, links for screens on a wall, notices"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import db.base

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    op.create_table(
        "team_member",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_team_member_user_id_user")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id_team")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_team_member")),
    )
    op.create_index(op.f("ix_team_member_team_id"), "team_member", ["team_id"])
    op.create_table(
        "floor_limit",
        sa.Column("queue", sa.String(length=32), nullable=False),
        sa.Column("metric", sa.String(length=16), nullable=False),
        sa.Column("amber", sa.Integer(), nullable=True),
        sa.Column("red", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("queue", "metric", name=op.f("pk_floor_limit")),
    )
    op.create_table(
        "wall_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", db.base.Utc(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("seen_at", db.base.Utc(), nullable=True),
        sa.Column("revoked_at", db.base.Utc(), nullable=True),
        sa.ForeignKeyConstraint(["made_by"], ["user.id"], name=op.f("fk_wall_link_made_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wall_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_wall_link_token_hash")),
    )
    op.create_table(
        "floor_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("at", db.base.Utc(), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("by_name", sa.String(length=64), nullable=False),
        sa.Column("to", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f("fk_floor_notice_by_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_floor_notice")),
    )
    op.create_index(op.f("ix_floor_notice_at"), "floor_notice", ["at"])
    op.create_table(
        "floor_notice_reader",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("read_at", db.base.Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["floor_notice.id"], name=op.f("fk_floor_notice_reader_notice_id_floor_notice")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_floor_notice_reader_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_floor_notice_reader")),
        sa.UniqueConstraint("notice_id", "user_id", name=op.f("uq_floor_notice_reader_notice_id_user_id")),
    )
    op.create_index(op.f("ix_floor_notice_reader_user_id"), "floor_notice_reader", ["user_id"])


def downgrade() -> None:
    for table in ("floor_notice_reader", "floor_notice", "wall_link", "floor_limit", "team_member", "team"):
        op.drop_table(table)

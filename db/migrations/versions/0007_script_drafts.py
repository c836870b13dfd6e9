"""drafts of scripts, who has them open, and walks kept as tests; steps are found by their time"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import db.base

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "script_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("yaml", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=True),
        sa.Column("created_at", db.base.Utc(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("updated_at", db.base.Utc(), nullable=False),
        sa.Column("updated_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["based_on"], ["script_version.id"], name=op.f("fk_script_draft_based_on_script_version")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_script_draft_created_by_user")),
        sa.ForeignKeyConstraint(["updated_by"], ["user.id"], name=op.f("fk_script_draft_updated_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_draft")),
    )
    op.create_table(
        "script_draft_reader",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", db.base.Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["script_draft.id"],
            name=op.f("fk_script_draft_reader_draft_id_script_draft"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_script_draft_reader_user_id_user")),
        sa.PrimaryKeyConstraint("draft_id", "user_id", name=op.f("pk_script_draft_reader")),
    )
    op.create_table(
        "script_case",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("script", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("given", db.base.Json, nullable=False),
        sa.Column("expected", db.base.Json, nullable=False),
        sa.Column("created_at", db.base.Utc(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name=op.f("fk_script_case_created_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_case")),
        sa.UniqueConstraint("script", "title", name=op.f("uq_script_case_script_title")),
    )
    op.create_index(op.f("ix_script_step_at"), "script_step", ["at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_script_step_at"), table_name="script_step")
    op.drop_table("script_case")
    op.drop_table("script_draft_reader")
    op.drop_table("script_draft")

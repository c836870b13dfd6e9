"""days of a year whose arrangement is not published, and the due times that fall there, are provisional"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("calendar_day", "ticket_clock")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("provisional", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "provisional")

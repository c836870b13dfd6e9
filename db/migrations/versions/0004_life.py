"""the life of a ticket after dispatch: events of clocks, lamps that are told once, and what goes on beside the state"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

import db.base

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "co_handling",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("at", db.base.Utc(), nullable=False),
        sa.Column("ended_at", db.base.Utc(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f("fk_co_handling_by_user_id_user")),
        sa.ForeignKeyConstraint(["child_id"], ["ticket.id"], name=op.f("fk_co_handling_child_id_ticket")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_co_handling_ticket_id_ticket")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_co_handling_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_co_handling")),
    )
    op.create_index(op.f("ix_co_handling_child_id"), "co_handling", ["child_id"], unique=False)
    op.create_index(op.f("ix_co_handling_state"), "co_handling", ["state"], unique=False)
    op.create_index(op.f("ix_co_handling_ticket_id"), "co_handling", ["ticket_id"], unique=False)
    op.create_table(
        "extension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", db.base.Utc(), nullable=False),
        sa.Column("signed_by", sa.Integer(), nullable=True),
        sa.Column("signed_at", db.base.Utc(), nullable=True),
        sa.Column("answer_by", db.base.Utc(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", db.base.Utc(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["user.id"], name=op.f("fk_extension_asked_by_user")),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name=op.f("fk_extension_decided_by_user")),
        sa.ForeignKeyConstraint(["signed_by"], ["user.id"], name=op.f("fk_extension_signed_by_user")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_extension_ticket_id_ticket")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_extension_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
    )
    op.create_index(op.f("ix_extension_state"), "extension", ["state"], unique=False)
    op.create_index(op.f("ix_extension_ticket_id"), "extension", ["ticket_id"], unique=False)
    op.create_table(
        "rework_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("began_at", db.base.Utc(), nullable=False),
        sa.Column("replied_at", db.base.Utc(), nullable=True),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f("fk_rework_round_by_user_id_user")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_rework_round_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rework_round")),
    )
    op.create_index(op.f("ix_rework_round_ticket_id"), "rework_round", ["ticket_id"], unique=False)
    op.create_table(
        "supervision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cause", sa.String(length=500), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=True),
        sa.Column("opened_at", db.base.Utc(), nullable=False),
        sa.Column("answer_by", db.base.Utc(), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", db.base.Utc(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", db.base.Utc(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["answered_by"], ["user.id"], name=op.f("fk_supervision_answered_by_user")),
        sa.ForeignKeyConstraint(["ended_by"], ["user.id"], name=op.f("fk_supervision_ended_by_user")),
        sa.ForeignKeyConstraint(["opened_by"], ["user.id"], name=op.f("fk_supervision_opened_by_user")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_supervision_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervision")),
    )
    op.create_index(op.f("ix_supervision_state"), "supervision", ["state"], unique=False)
    op.create_index(op.f("ix_supervision_ticket_id"), "supervision", ["ticket_id"], unique=False)
    op.create_table(
        "suspension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", db.base.Utc(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("began_at", db.base.Utc(), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("ended_at", db.base.Utc(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["user.id"], name=op.f("fk_suspension_asked_by_user")),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name=op.f("fk_suspension_decided_by_user")),
        sa.ForeignKeyConstraint(["ended_by"], ["user.id"], name=op.f("fk_suspension_ended_by_user")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_suspension_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suspension")),
    )
    op.create_index(op.f("ix_suspension_state"), "suspension", ["state"], unique=False)
    op.create_index(op.f("ix_suspension_ticket_id"), "suspension", ["ticket_id"], unique=False)
    op.create_table(
        "ticket_clock_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("at", db.base.Utc(), nullable=False),
        sa.Column("amount", sa.Double(), nullable=False),
        sa.Column("rule", db.base.Json, nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f("fk_ticket_clock_event_by_user_id_user")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_clock_event_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_clock_event")),
    )
    op.create_index(
        "ix_ticket_clock_event_clock", "ticket_clock_event", ["ticket_id", "name", "round"], unique=False
    )
    op.create_table(
        "ticket_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("master_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("at", db.base.Utc(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("undone_at", db.base.Utc(), nullable=True),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f("fk_ticket_link_by_user_id_user")),
        sa.ForeignKeyConstraint(["master_id"], ["ticket.id"], name=op.f("fk_ticket_link_master_id_ticket")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_link_ticket_id_ticket")),
        sa.ForeignKeyConstraint(["undone_by"], ["user.id"], name=op.f("fk_ticket_link_undone_by_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_link")),
    )
    op.create_index(op.f("ix_ticket_link_master_id"), "ticket_link", ["master_id"], unique=False)
    op.create_index(op.f("ix_ticket_link_ticket_id"), "ticket_link", ["ticket_id"], unique=False)
    op.create_table(
        "urge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", db.base.Utc(), nullable=False),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(length=8), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f("fk_urge_by_user_id_user")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_urge_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_urge")),
    )
    op.create_index(op.f("ix_urge_ticket_id"), "urge", ["ticket_id"], unique=False)
    op.create_table(
        "return_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("dispatch_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason_code", sa.String(length=16), nullable=False),
        sa.Column("basis", sa.String(length=500), nullable=False),
        sa.Column("suggested_unit_id", sa.Integer(), nullable=True),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("asked_at", db.base.Utc(), nullable=False),
        sa.Column("put_by", sa.Integer(), nullable=True),
        sa.Column("put_at", db.base.Utc(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", db.base.Utc(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["user.id"], name=op.f("fk_return_request_asked_by_user")),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name=op.f("fk_return_request_decided_by_user")),
        sa.ForeignKeyConstraint(
            ["dispatch_id"], ["dispatch.id"], name=op.f("fk_return_request_dispatch_id_dispatch")
        ),
        sa.ForeignKeyConstraint(["put_by"], ["user.id"], name=op.f("fk_return_request_put_by_user")),
        sa.ForeignKeyConstraint(
            ["suggested_unit_id"], ["unit.id"], name=op.f("fk_return_request_suggested_unit_id_unit")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_return_request_ticket_id_ticket")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_return_request_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_return_request")),
    )
    op.create_index(op.f("ix_return_request_state"), "return_request", ["state"], unique=False)
    op.create_index(op.f("ix_return_request_ticket_id"), "return_request", ["ticket_id"], unique=False)
    op.create_table(
        "verification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("follow_up_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", db.base.Utc(), nullable=False),
        sa.Column("finding", sa.String(length=12), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", db.base.Utc(), nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name=op.f("fk_verification_decided_by_user")),
        sa.ForeignKeyConstraint(
            ["follow_up_id"], ["follow_up.id"], name=op.f("fk_verification_follow_up_id_follow_up")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_verification_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
    )
    op.create_index(op.f("ix_verification_ticket_id"), "verification", ["ticket_id"], unique=False)
    op.add_column("ticket", sa.Column("lamp", sa.String(length=10), server_default="", nullable=False))
    op.add_column("ticket", sa.Column("next_lamp_at", db.base.Utc(), nullable=True))
    op.create_index(op.f("ix_ticket_next_lamp_at"), "ticket", ["next_lamp_at"], unique=False)
    op.add_column("ticket_clock", sa.Column("paused_at", db.base.Utc(), nullable=True))
    op.add_column("ticket_clock", sa.Column("suspended_s", sa.Integer(), server_default="0", nullable=False))
    op.add_column("ticket_clock", sa.Column("yellow_at", db.base.Utc(), nullable=True))
    op.add_column("ticket_clock", sa.Column("red_at", db.base.Utc(), nullable=True))
    op.add_column("ticket_clock", sa.Column("reminded_at", db.base.Utc(), nullable=True))
    op.add_column("ticket_clock", sa.Column("supervised_at", db.base.Utc(), nullable=True))
    op.add_column("unit_reply", sa.Column("fault", sa.String(length=16), server_default="", nullable=False))
    _carry_over()


def _carry_over() -> None:
    """Clocks that ran before get the events that follow from their rows.

    What was near its time or late already counts as noticed: an update must not send a notice for each.
    """
    clock = sa.table(
        "ticket_clock",
        *(sa.column(name) for name in ("ticket_id", "name", "round")),
        *(sa.column(name, db.base.Utc()) for name in MOMENTS),
    )
    event = sa.table(
        "ticket_clock_event",
        *(sa.column(name) for name in ("ticket_id", "name", "round", "kind", "at", "amount")),
        sa.column("rule", db.base.Json),
    )
    for kind, at, which in (
        ("start", clock.c.started_at, sa.true()),
        ("meet", clock.c.met_at, clock.c.met_at.is_not(None)),
        ("stop", clock.c.stopped_at, sa.and_(clock.c.stopped_at.is_not(None), clock.c.met_at.is_(None))),
    ):
        rows = sa.select(
            clock.c.ticket_id,
            clock.c.name,
            clock.c.round,
            sa.literal(kind),
            at,
            sa.literal(0.0),
            sa.literal({}, db.base.Json),
        ).where(which)
        op.execute(sa.insert(event).from_select([column.name for column in event.c], rows))
    running = sa.and_(clock.c.met_at.is_(None), clock.c.stopped_at.is_(None))
    now = datetime.now(UTC)
    for mark, moment in (("yellow_at", clock.c.warn_at), ("red_at", clock.c.due_at)):
        op.execute(sa.update(clock).where(running, moment < now).values({mark: moment}))
    ticket = sa.table("ticket", sa.column("id"), sa.column("next_lamp_at", db.base.Utc()))
    first = sa.select(sa.func.min(clock.c.warn_at)).where(running, clock.c.ticket_id == ticket.c.id)
    op.execute(sa.update(ticket).values(next_lamp_at=first.scalar_subquery()))


MOMENTS = ("started_at", "warn_at", "due_at", "met_at", "stopped_at", "yellow_at", "red_at")


def downgrade() -> None:
    op.drop_column("unit_reply", "fault")
    op.drop_column("ticket_clock", "supervised_at")
    op.drop_column("ticket_clock", "reminded_at")
    op.drop_column("ticket_clock", "red_at")
    op.drop_column("ticket_clock", "yellow_at")
    op.drop_column("ticket_clock", "suspended_s")
    op.drop_column("ticket_clock", "paused_at")
    op.drop_index(op.f("ix_ticket_next_lamp_at"), table_name="ticket")
    op.drop_column("ticket", "next_lamp_at")
    op.drop_column("ticket", "lamp")
    op.drop_index(op.f("ix_verification_ticket_id"), table_name="verification")
    op.drop_table("verification")
    op.drop_index(op.f("ix_return_request_ticket_id"), table_name="return_request")
    op.drop_index(op.f("ix_return_request_state"), table_name="return_request")
    op.drop_table("return_request")
    op.drop_index(op.f("ix_urge_ticket_id"), table_name="urge")
    op.drop_table("urge")
    op.drop_index(op.f("ix_ticket_link_ticket_id"), table_name="ticket_link")
    op.drop_index(op.f("ix_ticket_link_master_id"), table_name="ticket_link")
    op.drop_table("ticket_link")
    op.drop_index("ix_ticket_clock_event_clock", table_name="ticket_clock_event")
    op.drop_table("ticket_clock_event")
    op.drop_index(op.f("ix_suspension_ticket_id"), table_name="suspension")
    op.drop_index(op.f("ix_suspension_state"), table_name="suspension")
    op.drop_table("suspension")
    op.drop_index(op.f("ix_supervision_ticket_id"), table_name="supervision")
    op.drop_index(op.f("ix_supervision_state"), table_name="supervision")
    op.drop_table("supervision")
    op.drop_index(op.f("ix_rework_round_ticket_id"), table_name="rework_round")
    op.drop_table("rework_round")
    op.drop_index(op.f("ix_extension_ticket_id"), table_name="extension")
    op.drop_index(op.f("ix_extension_state"), table_name="extension")
    op.drop_table("extension")
    op.drop_index(op.f("ix_co_handling_ticket_id"), table_name="co_handling")
    op.drop_index(op.f("ix_co_handling_state"), table_name="co_handling")
    op.drop_index(op.f("ix_co_handling_child_id"), table_name="co_handling")
    op.drop_table("co_handling")

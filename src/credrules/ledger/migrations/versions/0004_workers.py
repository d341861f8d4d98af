"""what workers have to do, and which issuers they leave alone"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE = "event IN ('intent', 'issued', 'refused', 'unavailable', 'unknown', 'retry', 'dropped', 'lapsed', 'owed')"
AFTER = "event IN ('intent', 'issued', 'refused', 'unavailable', 'unknown', 'retry', 'dropped', 'lapsed', 'owed', 'asked', 'revoked')"


def _outbox(events: str, *more: sa.Column[str]) -> sa.Table:
    """The outbox as it is before a change. Alembic reads no CHECK back from SQLite, where a table is made anew."""
    convention = {
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
    metadata = sa.MetaData(naming_convention=convention)
    sa.Table("awards", metadata, sa.Column("id", sa.Integer(), primary_key=True))
    return sa.Table(
        "outbox",
        metadata,
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("award_id", sa.Integer(), sa.ForeignKey("awards.id"), nullable=False),
        *more,
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(events, name="event"),
        sa.Index("ix_outbox_award_id_id", "award_id", "id"),
    )


def upgrade() -> None:
    with op.batch_alter_table("outbox", schema=None, copy_from=_outbox(BEFORE)) as batch_op:
        batch_op.add_column(sa.Column("action", sa.String(length=20), nullable=False, server_default="issue"))
        batch_op.drop_constraint(batch_op.f("ck_outbox_event"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_outbox_event"), AFTER)
        batch_op.create_check_constraint(batch_op.f("ck_outbox_action"), "action IN ('issue', 'revoke')")

    queue = op.create_table(
        "queue",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("award_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("held_by", sa.Integer(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("action IN ('issue', 'revoke')", name=op.f("ck_queue_action")),
        sa.ForeignKeyConstraint(["award_id"], ["awards.id"], name=op.f("fk_queue_award_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue")),
        sa.UniqueConstraint("award_id", "action", name=op.f("uq_queue_award_id_action")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("queue", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_queue_issuer_due_at"), ["issuer", "due_at"], unique=False)
    op.create_table(
        "rests",
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("issuer", name=op.f("pk_rests")),
    )

    # What was not issued by the version before is to be done by this one; whatever is not open is taken out at a look.
    awards = sa.table("awards", sa.column("id"), sa.column("issuer"))
    receipts = sa.table("receipts", sa.column("award_id"))
    due = sa.literal(datetime.now(UTC), sa.DateTime(timezone=True))
    waiting = sa.select(awards.c.id, sa.literal("issue"), awards.c.issuer, due, sa.literal(0)).where(
        ~sa.exists().where(receipts.c.award_id == awards.c.id)
    )
    columns = ["award_id", "action", "issuer", "due_at", "tries"]
    op.execute(sa.insert(queue).from_select(columns, waiting.order_by(awards.c.id)))


def downgrade() -> None:
    op.drop_table("rests")
    with op.batch_alter_table("queue", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_queue_issuer_due_at"))
    op.drop_table("queue")

    # The version before knows of no revocation: what was revoked there stays issued.
    op.execute("DELETE FROM outbox WHERE action = 'revoke'")
    action = sa.Column("action", sa.String(length=20), nullable=False, server_default="issue")
    with op.batch_alter_table("outbox", schema=None, copy_from=_outbox(AFTER, action)) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_outbox_event"), type_="check")
        if op.get_bind().dialect.name == "postgresql":
            batch_op.drop_constraint(batch_op.f("ck_outbox_action"), type_="check")
        batch_op.drop_column("action")
        batch_op.create_check_constraint(batch_op.f("ck_outbox_event"), BEFORE)

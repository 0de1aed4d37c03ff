"""Runs of the nightly batch, what they still have to do, and what a failed file was when it was tried."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TRIED = (
    ("since", sa.String(32)),
    ("size", sa.BigInteger),
    ("mtime_ns", sa.BigInteger),
    ("under", sa.String(32)),
)


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("run", sa.Integer, primary_key=True),
        sa.Column("command", sa.String(16), nullable=False),
        sa.Column("folders", sa.Text, nullable=False),
        sa.Column("calls", sa.Text),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("seen_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_table(
        "queue",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("run", sa.Integer, nullable=False),
    )
    for name, kind in TRIED:
        op.add_column("failures", sa.Column(name, kind))


def downgrade() -> None:
    with op.batch_alter_table("failures") as failures:
        for name, _ in TRIED:
            failures.drop_column(name)
    op.drop_table("queue")
    op.drop_table("runs")

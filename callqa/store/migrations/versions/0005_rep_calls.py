"""Whose call it was and when it began, in columns: a rep's habit is looked up for every call of a night."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    calls = op.create_table(
        "rep_calls",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("rep_id", sa.Text, nullable=False),
        sa.Column("began", sa.String(32), nullable=False),
    )
    op.create_index("rep_calls_by_rep", "rep_calls", ["rep_id", "began"])
    connection = op.get_bind()
    told = [(row.sha256, json.loads(row.value)) for row in connection.execute(sa.text("select * from call_metadata"))]
    rows = [
        {"sha256": sha256, "rep_id": call["rep_id"], "began": _began(call["started_at"])}
        for sha256, call in told
        if call.get("rep_id") and call.get("started_at")
    ]
    if rows:
        connection.execute(sa.insert(calls), rows)


def _began(started_at: str) -> str:
    at = datetime.fromisoformat(started_at)
    at = at.astimezone(UTC) if at.tzinfo else at
    return at.replace(tzinfo=None).isoformat(timespec="microseconds")


def downgrade() -> None:
    op.drop_table("rep_calls")

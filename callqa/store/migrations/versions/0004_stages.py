"""The order of stages, for histories that do not tell it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "stages",
        sa.Column("pipeline", sa.String(256), primary_key=True),
        sa.Column("stage", sa.String(256), primary_key=True),
        sa.Column("stage_order", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("stages")

"""What a CRM knows: customers, people, leads, deals, stages, products, costs, targets, activities, rates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _who()
    _deals()
    _money()
    _doings()


def _who() -> None:
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.String(128), primary_key=True),
        sa.Column("source_system", sa.String(64)),
        sa.Column("name", sa.Text),
        sa.Column("phone", sa.String(32)),
        sa.Column("email", sa.Text),
        sa.Column("created_at", sa.String(32)),
        sa.Column("source", sa.Text),
    )
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(128), primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("team", sa.Text),
        sa.Column("manager_id", sa.String(128)),
        sa.Column("role", sa.Text),
        sa.Column("hired_at", sa.String(10)),
        sa.Column("left_at", sa.String(10)),
    )
    op.create_table(
        "leads",
        sa.Column("lead_id", sa.String(128), primary_key=True),
        sa.Column("created_at", sa.String(32)),
        sa.Column("source", sa.Text),
        sa.Column("campaign", sa.Text),
        sa.Column("pipeline", sa.Text),
        sa.Column("owner_id", sa.String(128)),
        sa.Column("customer_id", sa.String(128)),
        sa.Column("first_touch_at", sa.String(32)),
        sa.Column("sql_at", sa.String(32)),
        sa.Column("status", sa.Text),
        sa.Column("reject_reason", sa.Text),
        sa.Column("deal_id", sa.String(128)),
    )


def _deals() -> None:
    op.create_table(
        "deals",
        sa.Column("deal_id", sa.String(128), primary_key=True),
        sa.Column("lead_id", sa.String(128)),
        sa.Column("customer_id", sa.String(128)),
        sa.Column("owner_id", sa.String(128)),
        sa.Column("pipeline", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("amount", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
        sa.Column("gross_cost", sa.BigInteger),
        sa.Column("created_at", sa.String(32)),
        sa.Column("closed_reported_at", sa.String(32)),
        sa.Column("close_planned", sa.Boolean),
        sa.Column("stage", sa.Text),
        sa.Column("final", sa.String(4)),
        sa.Column("loss_reason", sa.Text),
        sa.Column("upsell", sa.Boolean),
        sa.Column("template", sa.Boolean),
    )
    op.create_table(
        "stage_history",
        sa.Column("deal_id", sa.String(128), primary_key=True),
        sa.Column("entered_at", sa.String(32), primary_key=True),
        sa.Column("stage", sa.String(256), primary_key=True),
        sa.Column("stage_order", sa.Integer),
        sa.Column("final", sa.String(4)),
        sa.Column("actor", sa.String(16)),
    )
    op.create_table(
        "products",
        sa.Column("deal_id", sa.String(128), primary_key=True),
        sa.Column("product", sa.String(256), primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("quantity", sa.Float),
        sa.Column("amount", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
    )


def _money() -> None:
    op.create_table(
        "costs",
        sa.Column("cost_id", sa.String(128), primary_key=True),
        sa.Column("day", sa.String(10)),
        sa.Column("kind", sa.String(16)),
        sa.Column("channel", sa.Text),
        sa.Column("team", sa.Text),
        sa.Column("amount", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
    )
    op.create_table(
        "targets",
        sa.Column("target_id", sa.String(128), primary_key=True),
        sa.Column("person_id", sa.String(128)),
        sa.Column("team", sa.Text),
        sa.Column("month", sa.String(7)),
        sa.Column("metric", sa.String(64)),
        sa.Column("amount", sa.BigInteger),
        sa.Column("currency", sa.String(3)),
    )


def _doings() -> None:
    op.create_table(
        "activities",
        sa.Column("activity_id", sa.String(128), primary_key=True),
        sa.Column("kind", sa.String(16)),
        sa.Column("at", sa.String(32)),
        sa.Column("seconds", sa.Float),
        sa.Column("connected", sa.Boolean),
        sa.Column("held", sa.Boolean),
        sa.Column("direction", sa.String(16)),
        sa.Column("owner_id", sa.String(128)),
        sa.Column("customer_id", sa.String(128)),
        sa.Column("deal_id", sa.String(128)),
        sa.Column("lead_id", sa.String(128)),
        sa.Column("phone", sa.String(32)),
        sa.Column("next_step_agreed", sa.Boolean),
        sa.Column("actor", sa.String(16)),
        sa.Column("action", sa.Text),
    )
    op.create_index("activities_by_deal", "activities", ["deal_id"])
    op.create_table(
        "rates",
        sa.Column("currency", sa.String(3), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("rate", sa.Float, nullable=False),
    )
    op.create_table(
        "imports",
        sa.Column("import_id", sa.Integer, primary_key=True),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("entity", sa.String(32), nullable=False),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
        sa.Column("unchanged", sa.Integer, nullable=False),
        sa.Column("repeated", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Integer, nullable=False),
        sa.Column("rejected", sa.Integer, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    for name in (
        "imports",
        "rates",
        "activities",
        "targets",
        "costs",
        "products",
        "stage_history",
        "deals",
        "leads",
        "people",
        "customers",
    ):
        op.drop_table(name)

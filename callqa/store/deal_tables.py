"""The tables of what a CRM knows: leads, deals and their stages, customers, people, costs, targets, activities.

Times are text in UTC, `2026-10-05T09:30:00Z`; days `2026-10-05`, months `2026-10`; money is whole hundredths of
`currency`. None: the CRM did not say. Nothing refers by foreign key: exports come in any order and with gaps.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from callqa.store.tables import schema

customers = Table(
    "customers",
    schema,
    Column("customer_id", String(128), primary_key=True),
    Column("source_system", String(64)),
    Column("name", Text),
    Column("phone", String(32)),
    Column("email", Text),
    Column("created_at", String(32)),
    Column("source", Text),
)

people = Table(
    "people",
    schema,
    Column("person_id", String(128), primary_key=True),
    Column("name", Text),
    Column("team", Text),
    Column("manager_id", String(128)),
    Column("role", Text),
    Column("hired_at", String(10)),
    Column("left_at", String(10)),
)

leads = Table(
    "leads",
    schema,
    Column("lead_id", String(128), primary_key=True),
    Column("created_at", String(32)),
    Column("source", Text),
    Column("campaign", Text),
    Column("pipeline", Text),
    Column("owner_id", String(128)),
    Column("customer_id", String(128)),
    Column("first_touch_at", String(32)),
    Column("sql_at", String(32)),
    Column("status", Text),
    Column("reject_reason", Text),
    Column("deal_id", String(128)),
)

# final: 'won', 'lost' or None while open; close_planned: closed_reported_at may be a plan, not what happened;
# template: what a CRM makes recurring deals from, no deal itself (the import leaves these out)
deals = Table(
    "deals",
    schema,
    Column("deal_id", String(128), primary_key=True),
    Column("lead_id", String(128)),
    Column("customer_id", String(128)),
    Column("owner_id", String(128)),
    Column("pipeline", Text),
    Column("source", Text),
    Column("title", Text),
    Column("amount", BigInteger),
    Column("currency", String(3)),
    Column("gross_cost", BigInteger),
    Column("created_at", String(32)),
    Column("closed_reported_at", String(32)),
    Column("close_planned", Boolean),
    Column("stage", Text),
    Column("final", String(4)),
    Column("loss_reason", Text),
    Column("upsell", Boolean),
    Column("template", Boolean),
)

stage_history = Table(
    "stage_history",
    schema,
    Column("deal_id", String(128), primary_key=True),
    Column("entered_at", String(32), primary_key=True),
    Column("stage", String(256), primary_key=True),
    Column("stage_order", Integer),
    Column("final", String(4)),
    Column("actor", String(16)),
)

# the order of a pipeline's stages, for histories that do not tell it
stages = Table(
    "stages",
    schema,
    Column("pipeline", String(256), primary_key=True),
    Column("stage", String(256), primary_key=True),
    Column("stage_order", Integer, nullable=False),
)

# line tells equal products of one deal apart
products = Table(
    "products",
    schema,
    Column("deal_id", String(128), primary_key=True),
    Column("product", String(256), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("quantity", Float),
    Column("amount", BigInteger),
    Column("currency", String(3)),
)

# kind: 'marketing' (by channel) or 'department' (by team)
costs = Table(
    "costs",
    schema,
    Column("cost_id", String(128), primary_key=True),
    Column("day", String(10)),
    Column("kind", String(16)),
    Column("channel", Text),
    Column("team", Text),
    Column("amount", BigInteger),
    Column("currency", String(3)),
)

# amount: hundredths of `currency`, or of the metric's own unit where currency is None
targets = Table(
    "targets",
    schema,
    Column("target_id", String(128), primary_key=True),
    Column("person_id", String(128)),
    Column("team", Text),
    Column("month", String(7)),
    Column("metric", String(64)),
    Column("amount", BigInteger),
    Column("currency", String(3)),
)

# kind: 'call', 'meeting', 'demo', 'task' or 'message'; actor: 'person' or 'automation'; action: of which catalogue item
activities = Table(
    "activities",
    schema,
    Column("activity_id", String(128), primary_key=True),
    Column("kind", String(16)),
    Column("at", String(32)),
    Column("seconds", Float),
    Column("connected", Boolean),
    Column("held", Boolean),
    Column("direction", String(16)),
    Column("owner_id", String(128)),
    Column("customer_id", String(128)),
    Column("deal_id", String(128)),
    Column("lead_id", String(128)),
    Column("phone", String(32)),
    Column("next_step_agreed", Boolean),
    Column("actor", String(16)),
    Column("action", Text),
    Index("activities_by_deal", "deal_id"),
)

# rate: units of the base currency for one unit of `currency` from that day on
rates = Table(
    "rates",
    schema,
    Column("currency", String(3), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("rate", Float, nullable=False),
)

# one row an import of one table of a file; taken: rows that were new
imports = Table(
    "imports",
    schema,
    Column("import_id", Integer, primary_key=True),
    Column("file", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("source", String(64), nullable=False),
    Column("entity", String(32), nullable=False),
    Column("taken", Integer, nullable=False),
    Column("updated", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("repeated", Integer, nullable=False),
    Column("left_out", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("at", String(32), nullable=False),
)

deal_tables = {
    table.name: table
    for table in (customers, people, leads, deals, stage_history, stages, products, costs, targets, activities, rates)
}

"""A mark on each table that the metrics read: triggers replace it with every change of the table's rows."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = (
    "customers",
    "people",
    "leads",
    "deals",
    "stage_history",
    "stages",
    "products",
    "costs",
    "targets",
    "activities",
    "rates",
    "recordings",
    "results",
    "current",
    "call_metadata",
)
FUNCTION = """
create function replace_mark() returns trigger language plpgsql as $$
begin
    update marks set mark = floor(random() * 9e18)::bigint where name = tg_table_name;
    return null;
end $$"""


def upgrade() -> None:
    op.create_table(
        "marks",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("mark", sa.BigInteger, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            op.execute(f"insert into marks values ('{table}', random())")
            for change in ("insert", "update", "delete"):
                op.execute(
                    f'create trigger mark_{table}_{change} after {change} on "{table}" '
                    f"begin update marks set mark = random() where name = '{table}'; end"
                )
        return
    op.execute(FUNCTION)
    for table in TABLES:
        op.execute(f"insert into marks values ('{table}', floor(random() * 9e18)::bigint)")
        op.execute(
            f'create trigger mark_{table} after insert or update or delete or truncate on "{table}" '
            "for each statement execute function replace_mark()"
        )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in TABLES:
        for name in (f"mark_{table}_{change}" for change in ("insert", "update", "delete")) if sqlite else ():
            op.execute(f"drop trigger {name}")
        if not sqlite:
            op.execute(f'drop trigger mark_{table} on "{table}"')
    if not sqlite:
        op.execute("drop function replace_mark")
    op.drop_table("marks")

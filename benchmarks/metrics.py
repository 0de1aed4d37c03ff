"""How long an import and a metric set take on an invented company of any size.

    python benchmarks/metrics.py --deals 1000000 --folder /tmp/company

Writes the company (the same every time) as CSV files in callqa's own columns, imports them with `callqa crm import` and
counts the metrics with `callqa metrics`, each in a process of its own; prints their wall and processor seconds and the
peak of their memory. Five stage rows and two calls a deal, 36 months, up to 200 reps.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import duckdb

SEED = 20
MONTHS = 36
# what the files hold, each a query; u(i, n): the n-th number from 0 to 1 that belongs to i, always the same
SETUP = """
create macro u(i, n) as hash(i, n, {seed}) / 18446744073709551616.0;
create macro pick(list, x) as list[1 + floor(x * len(list))::int];
create macro utc(t) as strftime(t, '%Y-%m-%dT%H:%M:%SZ');
create macro later(t, days) as t + to_seconds((days * 86400)::bigint);
create macro rep(x) as 'r' || lpad((floor(x * x * {reps}))::int::varchar, 3, '0');
create macro source(x) as pick(['site', 'ads', 'ads', 'referral', 'cold', 'partner', 'expo'], x);
set variable starts = timestamp '2023-01-01';
create table lead as
select i, later(getvariable('starts'), u(i, 1) * {months} * 30.4) as moment, rep(u(i, 2)) as owner,
    source(u(i, 3)) as source, pick(['new', 'new', 'repeat'], u(i, 4)) as pipeline, u(i, 5) as luck
from range({leads}) as r(i);
create table deal as
select i, later(moment, 2 * u(i, 6)) as moment, owner, source, pipeline,
    -- a few buy again and again
    'c' || floor(u(i, 7) * u(i, 7) * {deals} * 0.7)::bigint as customer, luck,
    case when luck < 0.26 then 'won' when luck < 0.76 then 'lost' when luck < 0.79 then 'again' end as ends,
    2 + 80 * u(i, 8) * u(i, 8) as days, floor(exp(9 + 2.5 * u(i, 9)) * 100) / 100 as amount
from lead where i < {deals};
"""
FILES = {
    "people": """
        select 'r' || lpad(i::varchar, 3, '0') as person_id, 'Rep ' || i as name, 'Team ' || (1 + i % 12) as team,
            case when u(i, 20) < 0.6 then date '2021-03-01' + (u(i, 21) * 600)::int
                else date '2023-02-01' + (u(i, 21) * 1000)::int end as hired_at,
            case when u(i, 22) < 0.15 then date '2024-06-01' + (u(i, 23) * 550)::int end as left_at
        from range({reps}) as r(i)""",
    "rates": "select 'EUR' as currency, (date '2022-12-01' + 7 * i::int) as day, 80 + i % 20 as rate "
    "from range(165) as r(i)",
    "costs": """
        select 'm' || m || c as cost_id, (date '2023-01-01' + to_months(m::int))::date as day, 'marketing' as kind,
            c as channel, null as team, floor({deals} * 20 * (0.5 + u(m, 24))) as amount, 'RUB' as currency
        from range({months}) as r(m), (select unnest(['site', 'ads', 'partner', 'expo']) as c)
        union all
        select 'd' || m || '-' || t, (date '2023-01-01' + to_months(m::int))::date, 'department', null, 'Team ' || t,
            floor({deals} * 60 * (0.8 + 0.4 * u(m, 25))), 'RUB'
        from range({months}) as r(m), range(1, 13) as s(t)""",
    "targets": """
        select 't' || m || '-' || i as target_id, 'r' || lpad(i::varchar, 3, '0') as person_id,
            strftime(date '2023-01-01' + to_months(m::int), '%Y-%m') as month, 'revenue' as metric,
            floor({deals} / {months} / {reps} * 0.26 * 30000 * (0.7 + 0.6 * u(i, 26))) as amount, 'RUB' as currency
        from range({months}) as r(m), range({reps}) as s(i)""",
    "leads": """
        select 'l' || i as lead_id, utc(moment) as created_at, source, pipeline, owner as owner_id,
            case when u(i, 27) < 0.93 then utc(later(moment, 0.001 + power(u(i, 28), 3))) end as first_touch_at,
            case when luck < 0.55 then utc(later(moment, 20 * u(i, 29))) end as sql_at,
            case when i < {deals} then 'd' || i end as deal_id
        from lead""",
    "deals": """
        select 'd' || i as deal_id, 'l' || i as lead_id, customer as customer_id, owner as owner_id, pipeline, source,
            'Deal ' || i as title, amount, case when u(i, 30) < 0.05 then 'EUR' else 'RUB' end as currency,
            floor(amount * (0.4 + 0.4 * u(i, 31))) as gross_cost, utc(moment) as created_at,
            utc(later(moment, days)) as closed_reported_at, ends is null as close_planned,
            case when ends = 'lost' then pick(['price', 'rival', 'silent', 'no need'], u(i, 32)) end as loss_reason,
            case ends when 'again' then 'won' else ends end as final,
            case when u(i, 33) < 0.9 then u(i, 34) < 0.15 end as upsell
        from deal""",
    # new, contact, demo, offer and an end; a reopened deal is lost before it is won, an open one is at its offer
    "stage_history": """
        with steps as (select i, moment, days, ends, unnest(range(5))::int as k from deal)
        select 'd' || i as deal_id,
            utc(later(moment, days * case k when 4 then 1 else k / 5.0 + 0.1 * u(i, 35 + k) * k end)) as entered_at,
            case when k = 4 then case ends when 'again' then 'won' when 'won' then 'won' when 'lost' then 'lost'
                else 'pilot' end
                when k = 3 and ends = 'again' then 'lost'
                else ['new', 'contact', 'demo', 'offer'][k + 1] end as stage,
            case when k = 3 and ends = 'again' or k = 4 and ends is not null then 9 else k + 1 end as stage_order,
            case when k = 3 and ends = 'again' then 'lost'
                when k = 4 then case ends when 'again' then 'won' else ends end end as final,
            case when u(i, 40 + k) < 0.2 then 'automation' else 'person' end as actor
        from steps""",
    "activities": """
        select 'a' || (2 * i + n) as activity_id, 'call' as kind,
            utc(later(moment, days * u(2 * i + n, 50))) as at,
            floor(600 * u(2 * i + n, 51) * u(2 * i + n, 51)) as seconds, u(2 * i + n, 52) < 0.6 as connected,
            null::boolean as held, owner as owner_id, 'd' || i as deal_id, 'l' || i as lead_id,
            null::boolean as next_step_agreed, 'person' as actor, 'log_call' as action
        from deal, range(2) as s(n)
        union all
        select 'm' || i, case when u(i, 53) < 0.5 then 'demo' else 'meeting' end,
            utc(later(moment, days * 0.5)), null, null, u(i, 54) < 0.7, owner, 'd' || i, 'l' || i, u(i, 55) < 0.4,
            'person', null
        from deal where u(i, 56) < 0.1
        union all
        select 's' || i, 'message', utc(moment + interval 5 minute), null, null, null, null, 'd' || i, 'l' || i, null,
            case when u(i, 57) < 0.7 then 'automation' else 'person' end, 'send_message'
        from deal where u(i, 58) < 0.05""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/callqa-company"))
    parser.add_argument("--store", default="", help="an SQLAlchemy URL; an SQLite file in the folder by default")
    parser.add_argument("--skip-import", action="store_true", help="count alone, on what an earlier run imported")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    store = options.store or f"sqlite:///{options.folder / 'callqa.db'}"
    print(f"{'':44} {'wall s':>8} {'cpu s':>8} {'peak MiB':>9}")
    if not options.skip_import:
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # a child's peak of memory is at least its parent's
            files = apart.submit(written, options.folder, options.deals).result()
        for path in files:
            told(
                f"crm import {path.name}",
                callqa(options.folder, "crm", "import", str(path), "--source", "plain", store),
            )
    for arguments in (
        ("--period", "2025-11", "--by", "rep"),
        ("--period", "2025", "--by", "rep"),
        ("--period", "2025", "--by", "month"),
        ("--period", "2023-01-01..2026-01-01", "--by", "rep"),
        ("--period", "2023-01-01..2026-01-01", "--by", "month"),
        ("--period", "2025", "--format", "json"),
    ):
        told(f"metrics {' '.join(arguments)}", callqa(options.folder, "metrics", *arguments, store))


def written(folder: Path, deals: int) -> list[Path]:
    """The company's files."""
    size = {"deals": deals, "leads": deals * 6 // 5, "reps": max(12, min(200, deals // 5000)), "months": MONTHS}
    duck = duckdb.connect()
    duck.execute(SETUP.format(seed=SEED, **size))
    paths = []
    for name, query in FILES.items():
        started, path = time.perf_counter(), folder / f"{name}.csv"
        duck.execute(f"copy ({query.format(**size)}) to '{path}' (header)")
        print(f"{'write ' + path.name:44} {time.perf_counter() - started:8.1f}", flush=True)
        paths.append(path)
    return paths


def callqa(folder: Path, *arguments: str) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and MiB at the peak of one run; the last argument is the store."""
    *command, store = arguments
    started = time.perf_counter()
    with (folder / "output.txt").open("wb") as output:
        run = subprocess.Popen([sys.executable, "-m", "callqa", *command, "--store", store], stdout=output)
        _, status, used = os.wait4(run.pid, 0)
    run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise SystemExit(f"callqa {' '.join(command)}: exit {run.returncode}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def told(what: str, figures: Sequence[float]) -> None:
    wall, cpu, peak = figures
    print(f"{what:44} {wall:8.1f} {cpu:8.1f} {peak:9.0f}", flush=True)


if __name__ == "__main__":
    main()

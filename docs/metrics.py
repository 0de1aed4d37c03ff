"""Writes metrics.md, the reference of the sales metrics, from their definitions: `python docs/metrics.py`."""

from pathlib import Path

from callqa.metrics.registry import registry

PAGE = Path(__file__).with_name("metrics.md")
HEAD = """# Sales metrics

Made by `python docs/metrics.py` from `callqa/metrics/definitions/`, one SQL file a metric. `callqa metrics` shows them,
`callqa metrics --explain ID` shows the rule, the query and the records behind a figure.

- A **period** is 2026-10, 2026-Q4, 2026 or 2026-10-01..2026-10-15, in the company's time zone. Cohort metrics follow
  what began in the period, period metrics count what ended in it; they have names of their own.
- A figure stands with its numerator, denominator, `n` (the records it rests on), `open` (records that may still change
  it), `unknown` (records left out because the CRM did not say), a 95 % interval, the target and the period before.
- What the data cannot give is null with the reason, never 0; so is a share of records that are all still open.
- A deal counts by its **first final state in the period**: lost in March, reopened and won in May, it is lost in March,
  won in May, and lost in the year. Final states come from the stage history, else from the CRM's close date, unless
  the source says that this date is a plan.
- **Money** is in the base currency at the rate of the day of the win (or of the cost); with no rate by that day the
  figure is null and says for which currency. Gross profit is amount less gross cost, or amount times `margin`.
- Targets are rows of the store's targets whose metric is the id: company, team or rep, by month. Over several months
  a target on a total is their sum, any other their mean. One in another currency is taken at the rate of the month's
  first day; without a rate by then there is no target.
- How it is counted (age A, working hours, windows, the catalogue of actions) stands in `configs/metrics.toml`; a file
  `metrics.toml` beside your `callqa.toml` needs to hold only what differs.

| kind | figure | interval |
|--|--|--|
| share | numerator / denominator, of the same records | Wilson |
| percent | numerator / denominator, of different records or weighted | none |
| ratio | numerator / denominator, no percentage | none |
| return | (numerator - denominator) / denominator | none |
| mean | numerator / n | bootstrap, 1,000 draws with a fixed seed; over 200 values its normal limit |
| median, p90 | quantile, between the neighbours in proportion | bootstrap; over 50 values its order statistics |
| total | the sum | none |
| survival | Kaplan-Meier median, open records censored | log-log Greenwood |

## A metric of your own

Put `FILE.sql` into a folder and name it in metrics.toml (`folder = "metrics"`). The comment lines at the top are TOML:

```sql
-- id = "big_deals"
-- name_ru = "Крупные сделки"
-- name_en = "Big deals"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Выигранные сделки от миллиона ко всем выигранным периода."
-- rule_en = "Deals of a million and more / deals won in the period."
-- empty = "no deals won in {period}"
select deal_id as record, moment, rep, team, source, pipeline,
    (money >= 100000000)::int as num, 1 as den, false as open, no_rate as reason
from closed where outcome = 'won'
```

The query gives one row a record: `record` (its id), `moment` (its time, for months), `rep`, `team`, `source`,
`pipeline`, `num` and `den` (what it adds above and below the line; a null `num` is unknown), `open`. It may give
`reason` (a row with one makes the figure null) and `part` (`needs = { cost = "no cost rows for {period}" }` asks for
rows of that part). `cuts` and `splits` name columns of its own to cut by. Money is in hundredths: say so in `money`.
It reads the tables of `callqa/metrics/facts.sql` (`closed` are the outcomes of the period) and the values `$t0`, `$t1`
(the period), `$as_of` (the last moment of the data), and the numbers of metrics.toml (`$age_days`).
"""


def page() -> str:
    """The whole reference."""
    return "\n".join([HEAD, *(line for definition in registry() for line in section(definition))])


def section(d):
    """One metric: names, rule, how it is counted, traps."""
    yield f"{'##' if d.number else '###'} {f'{d.number}. ' if d.number else ''}{d.name_en} (`{d.id}`)\n"
    yield f"{d.name_ru}. {d.rule_en}\n"
    better = {"up": "higher is better", "down": "lower is better", "none": "neither is better"}[d.direction]
    own = [f"also by {', '.join([*d.cuts, *d.splits])}"] if d.cuts or d.splits else []
    yield f'{"; ".join([f"Unit {d.unit}", f"kind {d.kind}", better, *own])}. Null: "{d.empty}".\n'
    yield from (f"- {trap}." for trap in d.traps)
    yield from [""] if d.traps else []


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)

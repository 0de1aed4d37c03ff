"""The twenty metrics once more, from the demo company's plain CSV files with pandas, by the words of DEFINITIONS.md.

Nothing here reads callqa's code: a figure that both give was understood the same way twice. Money is in hundredths.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

DAY = pd.Timedelta(days=1)
AGE, WINDOW, NEW, TENURED, ADVANCE = 90 * DAY, 365 * DAY, 365 * DAY, 180 * DAY, 14 * DAY
MINUTES = {"assign_lead": 1, "first_reply": 3, "send_message": 3, "create_task": 1, "move_stage": 1}
TIMES = ("created_at", "first_touch_at", "sql_at", "closed_reported_at", "entered_at", "at")


@dataclass
class Oracle:
    """The files of one folder, and a period [t0, t1) in Moscow's time; of everybody, or of some owners alone.

    A part counts what its own people did: a lead, deal, call by its owner; a customer by who sold to him first; costs
    by their team, for nobody spends by himself.
    """

    folder: object
    start: str
    end: str
    calls: object = None  # scored calls: at (UTC text), rep, score, eligible
    owners: frozenset | None = None
    team: str | None = None

    def of(self, owners, team=None):
        """The same of those owners, who may be a team; what was read is not read again."""
        part = replace(self, owners=frozenset(owners), team=team)
        for name in ("leads", "people", "deals", "history", "activities", "ends"):
            part.__dict__[name] = getattr(self, name)
        return part

    def mine(self, table, column="owner_id"):
        return table if self.owners is None else table[table[column].isin(self.owners)]

    @property
    def sellers(self):
        """By customer: when he first bought, and who sold it."""
        first = self.wins.dropna(subset=["customer_id"]).sort_values("entered_at").drop_duplicates("customer_id")
        return self.mine(first).set_index("customer_id").entered_at

    def table(self, name):
        found = pd.read_csv(self.folder / f"{name}.csv", dtype={"month": str})
        for column in set(TIMES) & set(found.columns):
            found[column] = pd.to_datetime(found[column], utc=True).dt.tz_convert("Europe/Moscow").dt.tz_localize(None)
        for column in {"amount", "gross_cost"} & set(found.columns):
            found[column] = (found[column] * 100).round()
        return found

    @cached_property
    def t0(self):
        return pd.Timestamp(self.start)

    @cached_property
    def t1(self):
        return pd.Timestamp(self.end)

    @cached_property
    def leads(self):
        return self.table("leads")

    @cached_property
    def people(self):
        found = self.table("people").rename(columns={"person_id": "owner_id"})
        for column in ("hired_at", "left_at"):
            found[column] = pd.to_datetime(found[column])
        return found[found.role == "rep"]

    @cached_property
    def deals(self):
        found = self.table("deals")
        return found[~found.template].drop(columns=["final"])

    @cached_property
    def history(self):
        return self.table("stage_history").sort_values(["deal_id", "entered_at", "stage_order"], kind="stable")

    @cached_property
    def activities(self):
        return self.table("activities")

    @cached_property
    def costs(self):
        found = self.table("costs").assign(day=lambda c: pd.to_datetime(c.day))
        found = found[(found.day >= self.t0) & (found.day < self.t1)]
        return found if self.owners is None else found[found.team.notna() & (found.team == self.team)]

    @cached_property
    def ends(self):
        """Every entry into a final state with the deal's money in roubles of that day."""
        ends = self.history[self.history.final.notna()].merge(self.deals, on="deal_id", suffixes=("", "_now"))
        rates = self.table("rates").assign(day=lambda r: pd.to_datetime(r.day)).sort_values("day")
        dated = pd.merge_asof(
            ends.sort_values("entered_at"),
            rates,
            left_on="entered_at",
            right_on="day",
            by="currency",
            direction="backward",
        )
        rate = dated.rate.where(dated.currency != "RUB", 1.0)
        return dated.assign(
            money=(dated.amount * rate + 0.5) // 1, profit=((dated.amount - dated.gross_cost) * rate + 0.5) // 1
        )

    @cached_property
    def wins(self):
        return self.ends[self.ends.final == "won"]

    @cached_property
    def closed(self):
        """Deals by their first final state in the period."""
        inside = self.ends[(self.ends.entered_at >= self.t0) & (self.ends.entered_at < self.t1)]
        return self.mine(inside.sort_values("entered_at").drop_duplicates("deal_id"))

    @cached_property
    def won(self):
        return self.closed[self.closed.final == "won"]

    @cached_property
    def as_of(self):
        return max(self.history.entered_at.max(), self.leads.created_at.max(), self.deals.created_at.max())

    def of_period(self, table, column):
        return table[(table[column] >= self.t0) & (table[column] < self.t1)]

    def lead_conversion(self):
        first = self.wins.dropna(subset=["lead_id"]).groupby("lead_id").entered_at.min()
        cohort = self.mine(self.of_period(self.leads, "created_at"))
        took = cohort.lead_id.map(first) - cohort.created_at
        if took.isna().all() and (cohort.created_at + AGE > self.as_of).all():
            return None  # nothing is decided yet
        return per(100 * (took <= AGE).sum(), len(cohort))

    def deal_cycle(self):
        return ((self.won.entered_at - self.won.created_at) / DAY).median()

    def response_time(self):
        cohort = self.mine(self.of_period(self.leads, "created_at"))
        return ((cohort.first_touch_at - cohort.created_at) / pd.Timedelta(minutes=1)).median()

    def loss_rate(self):
        return 100 * (self.closed.final == "lost").mean()

    def average_deal(self):
        return per(self.won.money.sum() / 100, len(self.won))

    def ltv(self):
        until = min(self.t1, self.as_of)
        wins = self.wins[(self.wins.entered_at < self.t1) & self.wins.customer_id.notna()]
        wins = wins[wins.customer_id.isin(self.sellers.index)]
        last = wins.groupby("customer_id").entered_at.max()
        gone = (last + WINDOW <= until).sum()
        return wins.money.sum() / gone / 100 if gone else None

    def cac(self):
        first = self.sellers
        customers = ((first >= self.t0) & (first < self.t1)).sum()
        return self.costs.amount.sum() / customers / 100 if len(self.costs) and customers else None

    def marketing_roi(self):
        paid = self.costs[self.costs.kind == "marketing"]
        if not len(paid):
            return None
        profit = self.won[self.won.source.isin(paid.channel)].profit.sum()
        return 100 * (profit - paid.amount.sum()) / paid.amount.sum()

    def contacts_per_day(self):
        done = self.mine(self.of_period(self.activities, "at"))
        done = done[done.owner_id.isin(self.people.owner_id)]
        calls = (done.kind == "call") & (done.connected.eq(True)) & (done.seconds >= 20)
        met = done.kind.isin(["meeting", "demo"]) & done.held.eq(True)
        days = pd.bdate_range(self.t0, self.t1 - DAY)
        worked = sum(
            ((days >= rep.hired_at) & (days <= (rep.left_at if pd.notna(rep.left_at) else days[-1]))).sum()
            for rep in self.mine(self.people).itertuples()
        )
        return (calls | met).sum() / worked if worked else None

    def negotiation_quality(self):
        at = pd.to_datetime(self.calls["at"], utc=True).dt.tz_convert("Europe/Moscow").dt.tz_localize(None)
        inside = self.mine(self.of_period(self.calls.assign(at=at), "at"), "rep")
        scores = inside[inside.eligible].score.dropna()
        return scores.mean() if len(scores) else None

    def repeat_purchases(self):
        ranked = self.wins.dropna(subset=["customer_id"]).sort_values("entered_at")
        first = self.sellers
        seen = first[(first + WINDOW >= self.t0) & (first + WINDOW < self.t1)]
        inside = ranked[ranked.entered_at <= ranked.customer_id.map(first) + WINDOW]  # of others' customers nothing
        counts = inside.groupby("customer_id").deal_id.nunique()
        return 100 * (counts[seen.index] >= 2).mean() if len(seen) else None

    def upsell_share(self):
        return 100 * self.won.upsell.astype(bool).mean()

    def sales_profitability(self):
        cost = self.costs[self.costs.kind == "department"].amount.sum()
        if not cost:
            return None
        return 100 * (self.won.profit.sum() - cost) / cost

    def kpi_attainment(self):
        months = [str(month) for month in pd.period_range(self.t0, self.t1 - DAY, freq="M")]
        targets = self.mine(self.table("targets"), "person_id")
        wanted = targets[targets.month.isin(months)].groupby("person_id").amount.sum()
        got = self.won.groupby("owner_id").money.sum().reindex(wanted.index).fillna(0)
        return 100 * (got >= wanted).mean()

    def onboarding_speed(self):
        new = self.people[(self.people.hired_at >= self.t1 - NEW) & (self.people.hired_at < min(self.t1, self.as_of))]
        new = self.mine(new)
        times = []
        for rep in new.itertuples():
            until = min(t for t in (rep.left_at, self.t1, self.as_of) if pd.notna(t))
            ramped = self._ramped(rep, until)
            times.append((ramped, True) if ramped else ((until - rep.hired_at) / DAY, False))
        return kaplan_meier_median(times)

    def _ramped(self, rep, until):
        held, week = False, 4
        while (end := rep.hired_at + 7 * week * DAY) <= until:
            holds = self._holds(rep, end - 28 * DAY, end)
            if held and holds:
                return 7 * (week - 1)
            held, week = holds, week + 1
        return None

    def _holds(self, rep, start, end):
        inside = self.wins[(self.wins.entered_at >= start) & (self.wins.entered_at < end)]
        sums = inside.groupby("owner_id").money.sum()
        stays = self.people.left_at.isna() | (self.people.left_at >= end)
        tenured = self.people[
            (self.people.hired_at <= start - TENURED) & stays & (self.people.owner_id != rep.owner_id)
        ]
        middle = sums.reindex(tenured.owner_id).fillna(0).median()
        return bool(middle > 0 and sums.get(rep.owner_id, 0) >= 0.8 * middle)

    def sql_share(self):
        cohort = self.mine(self.of_period(self.leads, "created_at"))
        return per(100 * (cohort.sql_at - cohort.created_at <= AGE).sum(), len(cohort))

    def stage_conversion(self):
        """Every stage; the whole figure counts all entries of the period that can go on."""
        firsts = self.history.groupby(["deal_id", "stage"], as_index=False).agg(
            entered_at=("entered_at", "min"), stage_order=("stage_order", "min"), final=("final", "max")
        )
        firsts = firsts[firsts.deal_id.isin(self.mine(self.deals).deal_id)]
        onward = firsts[firsts.final != "lost"]
        entered = self.of_period(firsts[firsts.final.isna()], "entered_at")
        pairs = entered.merge(onward, on="deal_id", suffixes=("", "_next"))
        later = (pairs.stage_order_next > pairs.stage_order) & (pairs.entered_at_next > pairs.entered_at)
        soon = pairs.entered_at_next <= pairs.entered_at + AGE
        passed = pairs[later & soon].drop_duplicates(["deal_id", "stage"])
        return per(100 * len(passed), len(entered))

    def demo_success(self):
        held = self.mine(self.of_period(self.activities[self.activities.kind == "demo"], "at"))
        held = held[held.held.eq(True)]
        moves = self.history.assign(before=self.history.groupby("deal_id").stage_order.shift())
        moves = moves[(moves.final != "lost") & (moves.stage_order > moves.before)]
        agreed = self.activities[self.activities.next_step_agreed.eq(True)]
        good = 0
        for demo in held.itertuples():
            # followed by: what was agreed in another call at the very same minute does not count
            after = moves[moves.deal_id == demo.deal_id].entered_at, agreed[agreed.deal_id == demo.deal_id]["at"]
            good += demo.next_step_agreed is True or any(
                ((moments > demo.at) & (moments <= demo.at + ADVANCE)).any() for moments in after
            )
        return per(100 * good, len(held))

    def automation_share(self):
        done = self.mine(self.of_period(self.activities, "at")).dropna(subset=["action"])
        minutes = done.action.map(MINUTES)
        return per(100 * minutes[done.actor == "automation"].sum(), minutes.sum())

    def closed_deals(self):
        return len(self.won)


def per(above, below):
    return above / below if below else None


def kaplan_meier_median(times):
    """The first time at which at most half have not got there; None: more than half never did."""
    alive, left = 1.0, len(times)
    for at in sorted({time for time, _ in times}):
        here = [there for time, there in times if time == at]
        alive *= 1 - sum(here) / left
        left -= len(here)
        if alive <= 0.5 + 1e-12:
            return at
    return None

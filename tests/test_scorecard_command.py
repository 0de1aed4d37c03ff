"""`callqa scorecard`: a file is checked, shows what it finds on a call, and a change shows as exactly that change."""

import json
import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from reportable import Reader
from spoken import turn

from callqa import api, cli
from callqa.config import shipped
from callqa.scoring import BLOCKS

EXAMPLE = shipped("configs") / "scorecards" / "example_checks_en.toml"
SAID = (
    "rep 0-12 Right, so tell me about your fleet, how do you track your vans today?",
    "customer 13-24 We have nine vans and everything is on paper, it takes hours every week.",
    "rep 25-40 Good morning by the way. I can show you. Our platform shows vans. It sends reports. You get alerts.",
    "customer 41-52 That sounds useful, but who else uses it and how does it work with our books?",
    "rep 53-70 Many firms like yours. What is your budget for this year? We can guarantee results.",
    "customer 71-82 About two thousand a month, I would say, maybe a bit more.",
    "rep 83-95 Then let us meet on Tuesday at ten and I will show you. Thank you, goodbye.",
    "customer 96-100 Tuesday at ten works, goodbye.",
)


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """A folder with a store that holds one call, imported from a transcript of our own form."""
    here = tmp_path_factory.mktemp("team")
    turns = [turn(line) for line in SAID]
    document = {
        "call": {"duration": 101.0, "language": "en", "call_type": "discovery"},
        "transcript": {
            "layout": "stereo",
            "turns": [
                {
                    "side": t.side, "start": t.start, "end": t.end, "text": t.text,
                    "words": [{"text": w.text, "start": w.start, "end": w.end, "confidence": 1.0} for w in t.words],
                }
                for t in turns
            ],
        },
    }  # fmt: skip
    (here / "call.json").write_text(json.dumps(document))
    with api.team(store=f"sqlite:///{here / 'callqa.db'}") as opened:
        (outcome,) = opened.score(opened.jobs([here / "call.json"]).items)
        assert outcome.value.scorecard.eligible
    return here


@pytest.fixture
def callqa(team, monkeypatch, capsys):
    """The command line in that folder: exit code, what was printed, what was told."""
    monkeypatch.chdir(team)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["callqa", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return SimpleNamespace(code=end.value.code or 0, out=printed.out, err=printed.err)

    return run


def edited(folder, name, old, new):
    """The example scorecard with one thing changed."""
    text = EXAMPLE.read_text()
    assert text.count(old) == 1
    (folder / name).write_text(text.replace(old, new))
    return folder / name


def test_a_file_without_mistakes_says_what_is_in_it(callqa):
    done = callqa("scorecard", "check", EXAMPLE)
    assert (done.code, done.err) == (0, "")
    assert "10 scored lines, 5 checks; no mistakes" in done.out
    about = json.loads(callqa("scorecard", "check", EXAMPLE, "--json").out)
    assert about == {"scorecard": {"name": "Example: checks", "version": "en-checks-1.0.0", "rules": 10, "checks": 5}}


@pytest.mark.parametrize("with_call", [False, True])
def test_a_mistake_is_named_with_its_line_and_cure_and_exits_2(callqa, team, with_call):
    path = edited(team, "wrong.toml", '"phase.presentation"', '"phase.presentaton"')
    line = 1 + path.read_text()[: path.read_text().index("phase.presentaton")].count("\n")
    done = callqa("scorecard", "check", path, *(["call.json"] if with_call else []))
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"callqa: {path}:{line}: checks[2] budget_before_presenting.before: no analyser gives 'phase.presentaton'; "
        "did you mean 'phase.presentation'?\n"
    )


def test_a_call_that_is_not_there_exits_2(callqa):
    done = callqa("scorecard", "check", EXAMPLE, "nowhere.wav")
    assert done.code == 2
    assert "no call 'nowhere.wav' in the store" in done.err


def test_every_line_shows_what_it_finds(callqa):
    found = json.loads(callqa("scorecard", "check", EXAMPLE, "call.json", "--json").out)
    lines = {line["name"]: line for line in found["findings"]}
    assert [lines[n]["value"] for n in ("greets_in_time", "lets_the_customer_finish", "no_guarantee")] == [0, 1, 0]
    assert lines["budget_before_presenting"]["value"] == 0
    late = lines["greets_in_time"]["evidence"][0]
    assert (late["start"] >= 25, late["note"].startswith("At the wrong time: "), late["quote"]) == (
        True, True, "Good morning",
    )  # fmt: skip
    assert lines["no_guarantee"]["evidence"][0]["quote"] == "We can guarantee"
    assert (lines["asks_in_needs"]["weight"], lines["asks_in_needs"]["lost"]) == (0, 0)
    assert round(sum(line["lost"] for line in found["findings"]), 2) == round(100 - found["score"], 2)


def test_the_terminal_shows_points_values_moments_and_reasons(callqa, team):
    path = edited(team, "late.toml", 'window = { end = 10.0, unit = "s" }', 'window = { start = 300.0, unit = "s" }')
    told = callqa("scorecard", "check", path, "call.json").out
    assert re.search(
        r"-\d+\.\d\d  no_guarantee \(check, compliance, weight 10\): no \(good: yes\)\n +1:0\d-1:0\d  ", told
    )
    assert "greets_in_time (check, structure, weight 10): not measured: the call is too short for this check" in told
    assert re.search(r"talk_share \(rule, balance, weight 7\): 60.2% \(good: 35–60%\)", told)
    assert "asks_in_needs (check, beside the score)" in told


def test_nothing_is_kept(callqa, team):
    def kept():
        with api.team(store=f"sqlite:///{team / 'callqa.db'}") as opened:
            sha = opened.store.find("call.json").sha256
            return opened.store.current(sha, "score"), len(opened.store.history(sha, "score"))

    before = kept()
    assert callqa("scorecard", "check", EXAMPLE, "call.json").code == 0
    assert callqa("scorecard", "diff", EXAMPLE, EXAMPLE, "call.json").code == 0
    assert kept() == before


def test_the_same_scorecard_twice_differs_in_nothing(callqa):
    done = json.loads(callqa("scorecard", "diff", EXAMPLE, EXAMPLE, "call.json", "--json").out)
    assert (done["changes"], done["blocks"], done["before"]) == ([], {}, done["after"])


# --- two scorecards that differ in one rule -----------------------------------------------------------------------

ONE_RULE = ('window = { end = 10.0, unit = "s" }', 'window = { end = 60.0, unit = "s" }')


def scored(team, path):
    with api.team(store=f"sqlite:///{team / 'callqa.db'}") as opened:
        opened, _ = opened.under(path)
        found = opened.call("call.json", keep=False)
        return found, opened.document(found), Reader(opened.html(found, team, "en"))


def test_two_scorecards_that_differ_in_one_rule_differ_in_the_report_by_exactly_that(team):
    (first, one, page), (second, two, other) = scored(team, EXAMPLE), scored(team, edited(team, "one.toml", *ONE_RULE))
    lost, changed = ({p.rule: p for p in s.scorecard.points_lost} for s in (first, second))
    cost = lost.pop("greets_in_time")
    assert list(lost) == list(changed)
    for name, line in lost.items():  # value, band, quote, moment; hundredths must sum to what the score lacks
        assert replace(changed[name], points=line.points) == line
        assert changed[name].points == pytest.approx(line.points, abs=0.011)
    assert second.scorecard.score - first.scorecard.score == pytest.approx(cost.points, abs=0.011)
    blocks = {b for b in BLOCKS if first.scorecard.blocks.get(b) != second.scorecard.blocks.get(b)}
    assert blocks == {"structure"}
    assert {n for n in one["measures"] if one["measures"][n] != two["measures"][n]} == {"check.greets_in_time"}
    assert {k for k in one if one[k] != two[k]} == {"measures", "scorecard"}
    assert (
        "Greets within 10 seconds" in page.text[page.text.index("What cost points") : page.text.index("What went well")]
    )
    assert "Greets within 10 seconds" in other.text[other.text.index("What went well") : other.text.index("Measures")]


def test_diff_shows_exactly_that_difference(callqa, team):
    path = edited(team, "one.toml", *ONE_RULE)
    done = json.loads(callqa("scorecard", "diff", EXAMPLE, path, "call.json", "--json").out)
    change, *rounded = done["changes"]
    assert (change["name"], change["why"], change["after"]) == ("greets_in_time", "changed", 0)
    assert change["keys"] == {"window": [{"start": 0, "end": 10, "unit": "s"}, {"start": 0, "end": 60, "unit": "s"}]}
    assert {each["why"] for each in rounded} <= {"rounding"}
    assert list(done["blocks"]) == ["structure"]
    told = callqa("scorecard", "diff", EXAMPLE, path, "call.json").out
    assert "window: { start = 0, end = 10, unit = s } -> { start = 0, end = 60, unit = s }" in told
    assert f"{11 - len(done['changes'])} lines are the same in both" in told


def test_a_rule_that_is_added_is_told_from_those_whose_share_it_changes(callqa, team):
    added = '\n[[checks]]\nname = "asks_price"\nmeasure = "tracker.price"\nblock = "discovery"\nweight = 6.0\n'
    (team / "more.toml").write_text(EXAMPLE.read_text() + added)
    done = json.loads(callqa("scorecard", "diff", EXAMPLE, "more.toml", "call.json", "--json").out)
    why = {change["name"]: change["why"] for change in done["changes"]}
    assert why.pop("asks_price") == "added"
    assert set(why.values()) == {"shares"}
    assert all(change["after"] < change["before"] for change in done["changes"] if change["why"] == "shares")


def test_a_figure_in_a_window_is_measured_anew_and_kept_once(team):
    window = '\n[[checks]]\nname = "listens"\nmeasure = "talk_share"\nwindow = { end = 0.25 }\nat_most = 0.4\n'
    (team / "listens.toml").write_text(EXAMPLE.read_text() + window)
    with api.team(store=f"sqlite:///{team / 'callqa.db'}") as opened:
        opened, _ = opened.under(team / "listens.toml")
        first, again = (opened.call("call.json") for _ in range(2))
        sha = opened.store.find("call.json").sha256
        assert len(opened.store.history(sha, "checks")) == 1
    assert first.measures["check.listens"].value == 0.0  # 12 s of the rep's and 11 of the customer's in 25 s
    assert first.measures["check.listens"] == again.measures["check.listens"]
    assert first.measures["talk_share"].value == pytest.approx(0.602, abs=0.001)


def test_points_lost_sum_to_what_is_missing_with_checks_too(team):
    found, document, _ = scored(team, EXAMPLE)
    cents = sum(round(p.points * 100) for p in found.scorecard.points_lost)
    assert cents == 10_000 - round(found.scorecard.score * 100)
    assert any(p["measure"].startswith("check.") for p in document["scorecard"]["points_lost"])


def test_the_same_call_gives_the_same_bytes(team):
    assert scored(team, EXAMPLE)[1] == scored(team, EXAMPLE)[1]

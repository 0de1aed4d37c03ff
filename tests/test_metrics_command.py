"""`callqa metrics` as a head of sales meets it."""

import csv
import io
import json
import runpy
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from callqa.store import Store
from callqa.types import Block, Metadata, Recording, Scorecard
from tests.companies import fill
from tests.test_metrics_values import COMPANY, EXPECTED

ROOT = Path(__file__).parent.parent
CARD = Scorecard("v", "b2b", "cold", 64.0, 0.9, "high", True, None, {"balance": Block(80.0, 1.0, 1.0)}, (), ())


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    found = f"sqlite:///{tmp_path_factory.mktemp('store')}/callqa.db"
    store = Store.open(found)
    fill(store.engine, COMPANY)
    sha = "a" * 64
    with store.write() as write:
        write.put_recording(Recording("a" * 12, "/calls/a.wav", sha, 60.0, 8000, 2, "pcm_s16le"))
        write.put_metadata(sha, Metadata("a.wav", started_at="2026-10-05T12:00:00+03:00", rep_id="ann", deal_id="d1"))
        write.put(sha, "score", "print", json.dumps(_plain(CARD)).encode())
    store.close()
    return found


def _plain(card):
    blocks = {name: {"score": b.score, "weight": b.weight, "coverage": b.coverage} for name, b in card.blocks.items()}
    return {**{f: getattr(card, f) for f in card.__dataclass_fields__}, "blocks": blocks}


def callqa(*arguments):
    return subprocess.run([sys.executable, "-m", "callqa", "metrics", *arguments], capture_output=True, text=True)


def test_json_has_every_metric_with_what_it_rests_on(url):
    found = json.loads(callqa("--store", url, "--period", "2026-10", "--format", "json").stdout)
    assert found["period"] == {"name": "2026-10", "start": "2026-10-01", "end": "2026-11-01", "previous": "2026-09"}
    by_id = {m["id"]: m for m in found["metrics"]}
    assert set(by_id) == set(EXPECTED)
    keys = {"id", "name_ru", "name_en", "unit", "value", "reason", "numerator", "denominator", "n", "open", "interval"}
    assert all(m.keys() >= keys | {"target", "previous", "cuts"} for m in found["metrics"])
    assert by_id["won_revenue"]["value"] == 5500
    assert by_id["cac"]["cuts"][0]["by"] == "team"
    assert by_id["negotiation_quality"]["value"] == 64  # the call of the store
    assert {(c["by"], c["key"]) for c in by_id["negotiation_quality"]["cuts"]} >= {("rep", "ann"), ("source", "web")}


def test_the_same_store_gives_the_same_bytes_and_a_file_holds_them(url, tmp_path):
    arguments = ("--store", url, "--period", "2026-10", "--format", "csv")
    assert callqa(*arguments, "--out", str(tmp_path / "m.csv")).returncode == 0
    text = callqa(*arguments).stdout
    assert (tmp_path / "m.csv").read_text() == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [r["value"] for r in rows if (r["metric"], r["by"]) == ("average_deal", "company")] == ["2750"]
    assert [r["value"] for r in rows if (r["metric"], r["key"]) == ("marketing_roi", "web")] == ["520"]


def test_the_workbook_has_a_sheet_a_cut_with_numbers_in_it(url, tmp_path):
    path = tmp_path / "m.xlsx"
    assert callqa("--store", url, "--period", "2026-10", "--format", "xlsx", "--out", str(path)).stdout == f"{path}\n"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[:6] == ["company", "team", "rep", "source", "pipeline", "month"]
    sheet = {row[0].value: row[1] for row in book["company"].iter_rows(min_row=2)}
    assert sheet["Won revenue"].value == 5500
    assert sheet["Onboarding speed"].value is None


def test_the_workbook_has_the_same_bytes_twice_and_russian_sheets(url, tmp_path):
    made = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}.xlsx"
        callqa("--store", url, "--period", "2026-10", "--format", "xlsx", "--language", "ru", "--out", str(path))
        made.append(path.read_bytes())
    assert made[0] == made[1]
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames[:3] == ["Компания", "Команды", "Продавцы"]
    assert book.properties.modified == book.properties.created == datetime(2026, 11, 1)
    sheet = {row[0].value: row for row in book["Компания"].iter_rows(min_row=2)}
    revenue, onboarding = sheet["Сумма закрытых сделок"], sheet["Скорость онбординга"]
    assert (revenue[1].value, revenue[1].number_format, revenue[2].value) == (5500, "#,##0.00", "деньги")
    assert onboarding[-1].value == "пока дошли меньше половины"
    assert sheet["Конверсия лидов"][1].number_format == '0.0"%"'


def test_the_russian_table_says_why_in_russian(url):
    text = callqa("--store", url, "--period", "2026-10", "--language", "ru").stdout
    assert "Почему нет" in text
    assert "пока дошли меньше" in text


def test_the_table_shows_the_twenty_and_why_one_is_missing(url):
    done = callqa("--store", url, "--period", "2026-10", "--by", "rep")
    lines = done.stdout.splitlines()
    assert [line[:2].strip() for line in lines if line[:2].strip().isdigit()] == [str(n) for n in range(1, 21)]
    assert any("Onboarding speed" in line and "fewer than half have got there" in line for line in lines)
    assert any(line.strip().startswith("Анна") for line in lines)
    assert "money in RUB" in done.stderr


def test_explain_shows_rule_query_and_records(url):
    text = callqa("--store", url, "--period", "2026-10", "--explain", "loss_rate").stdout
    assert "Lost / (won + lost) in the period" in text
    assert "from closed" in text
    assert [line.split()[0] for line in text.splitlines()[-3:]] == ["d2", "d1", "d3"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [(["--explain", "loss_rat"], "did you mean 'loss_rate'"), (["--period", "october"], "write 2026-10")],
)
def test_what_is_not_known_exits_2(url, arguments, problem):
    done = callqa("--store", url, *arguments)
    assert done.returncode == 2
    assert problem in done.stderr


def test_an_empty_store_says_how_to_fill_it(tmp_path):
    done = callqa("--store", f"sqlite:///{tmp_path}/none.db")
    assert done.returncode == 2
    assert "callqa crm import" in done.stderr


def test_the_reference_is_that_of_the_definitions():
    page = runpy.run_path(str(ROOT / "docs" / "metrics.py"))["page"]()
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == page, "run: python docs/metrics.py"

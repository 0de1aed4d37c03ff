"""Exports into the store: every format, what is set aside and why, and counts that add up."""

import csv
import json
import re
import signal
import subprocess
import sys
import time
from zipfile import ZipFile

import openpyxl
import pytest
import sqlalchemy as sa

from callqa import deals
from callqa.errors import UsageError
from callqa.store import Store
from callqa.store.bulk import Counts
from callqa.store.deal_tables import deal_tables

HEADER = ["deal_id", "title", "amount", "created_at", "final", "upsell"]
ROWS = [
    ["d1", "Курс «Аналитик»", "1 234,56", "05.10.2026 09:30", "won", "yes"],
    ["d2", 'Обучение; "все включено"\nвторая строка', "", "2026-10-06", "", ""],
]
TAKEN = [
    ("d1", "Курс «Аналитик»", 1234_56, "2026-10-05T09:30:00Z", "won", True),
    ("d2", 'Обучение; "все включено"\nвторая строка', None, "2026-10-06T00:00:00Z", None, None),
]


@pytest.fixture
def store(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    yield store
    store.close()


def kept(store, table, *names):
    """The rows of a table, by its first column."""
    columns = [deal_tables[table].c[name] for name in names]
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*columns))]


def as_csv(path, rows, sign=",", encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=sign).writerows(rows)


def as_xlsx(path, rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


def as_html(path, rows):
    def cells(row):
        return "".join(f"<td>{cell.replace('«', '&laquo;').replace(chr(10), '<br>')}</td>" for cell in row)

    lines = "".join(f"<tr>{cells(row)}</tr>" for row in rows)
    path.write_text(f'<html><meta charset="utf-8"><body><table border="1">{lines}</table></body></html>')


def as_json_lines(path, rows):
    header, *rest = rows
    lines = [json.dumps({k: v for k, v in zip(header, row, strict=True) if v}, ensure_ascii=False) for row in rest]
    path.write_text("\n".join(lines))


def as_json_list(path, rows):
    header, *rest = rows
    path.write_text(json.dumps([dict(zip(header, row, strict=True)) for row in rest], indent=1))


def as_excels_csv(path, rows):
    as_csv(path, rows, ";", "cp1251")
    path.write_bytes(b"sep=;\r\n" + path.read_bytes())


def as_xlsx_that_says_it_ends_at_a1(path, rows):
    as_xlsx(path.with_suffix(".whole"), rows)
    with ZipFile(path.with_suffix(".whole")) as whole, ZipFile(path, "w") as cut:
        for name in whole.namelist():
            cut.writestr(name, re.sub(rb'<dimension ref="[^"]+"', b'<dimension ref="A1"', whole.read(name)))


def as_parquet(path, rows):
    import duckdb

    header, *rest = rows
    with duckdb.connect() as connection:
        connection.execute(f"create table t ({', '.join(f'{name} varchar' for name in header)})")
        connection.executemany(f"insert into t values ({', '.join('?' * len(header))})", rest)
        connection.execute(f"copy t to '{path}' (format parquet)")


FORMATS = {
    "deals.csv": as_csv,
    "semicolons.csv": lambda path, rows: as_csv(path, rows, ";"),
    "tabs.csv": lambda path, rows: as_csv(path, rows, "\t"),
    "bom.csv": lambda path, rows: as_csv(path, rows, ";", "utf-8-sig"),
    "cyrillic.csv": lambda path, rows: as_csv(path, rows, ";", "cp1251"),
    "unicode_text.csv": lambda path, rows: as_csv(path, rows, "\t", "utf-16"),
    "excels.csv": as_excels_csv,
    "deals.xlsx": as_xlsx,
    "a1.xlsx": as_xlsx_that_says_it_ends_at_a1,
    "deals.xls": as_html,
    "deals.jsonl": as_json_lines,
    "deals.json": as_json_list,
    "deals.parquet": as_parquet,
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_rows_come_out_of_every_format(store, tmp_path, name):
    path = tmp_path / name
    FORMATS[name](path, [HEADER, *ROWS])
    (done,) = deals.import_files(store, "plain", [path], rejects=tmp_path)
    assert kept(store, "deals", *HEADER) == TAKEN
    assert (done.table, done.read, done.rejected, done.left_out) == ("deals", 2, 0, 0)
    assert done.entities == {"deals": Counts(taken=2)}
    (again,) = deals.import_files(store, "plain", [path], rejects=tmp_path)
    assert again.entities == {"deals": Counts(unchanged=2)}
    assert kept(store, "deals", *HEADER) == TAKEN


def test_a_row_that_cannot_be_taken_is_set_aside_and_the_rest_is_imported(store, tmp_path):
    path = tmp_path / "deals.csv"
    rows = [
        ["d1", "one", "100", "05.10.2026", "won", ""],
        ["d2", "two", "много", "05.10.2026", "", ""],
        ["", "three", "1", "05.10.2026", "", ""],
        ["", "", "", "", "", ""],
        ["d4", "four\nlines", "1", "", "", ""],
        ["d5", "five", "1", "05.10.2026", "perhaps", ""],
        ["d6", "six", "1", "05.10.2026", "", "", "", "beyond"],
        ["d1", "one again", "200", "05.10.2026", "lost", ""],
        ["d7", "template", "1", "05.10.2026", "", ""],
    ]
    as_csv(path, [[*HEADER, "template"], *rows[:-1], [*rows[-1], "yes"]])
    (done,) = deals.import_files(store, "plain", [path], rejects=tmp_path / "aside")
    assert (done.read, done.rejected, done.left_out, done.entities["deals"]) == (9, 5, 2, Counts(taken=1, repeated=1))
    assert done.read == done.rejected + done.left_out + done.entities["deals"].total
    assert kept(store, "deals", "deal_id", "title", "amount", "final") == [("d1", "one again", 200_00, "lost")]
    with done.rejects.open(encoding="utf-8", newline="") as file:
        aside = list(csv.reader(file))
    assert done.rejects == tmp_path / "aside" / "deals.csv.rejected.csv"
    assert aside[0] == ["line", "reason", *HEADER, "template"]
    assert [row[:2] for row in aside[1:]] == [
        ["3", "amount: 'много' is no number"],
        ["4", "deal_id: empty"],
        ["6", "created_at: empty"],
        ["8", "final: 'perhaps' is none of won, lost; `values` in the mapping tells what means what"],
        ["9", "8 cells under 7 columns"],
    ]
    assert aside[1][2:] == [*rows[1], *[""] * (len(aside[1]) - 2 - len(rows[1]))]


def test_a_file_of_rejects_goes_when_its_rows_are_right(store, tmp_path):
    path = tmp_path / "deals.csv"
    for final, rejected in (("perhaps", True), ("won", False)):
        as_csv(path, [HEADER, ["d1", "", "", "05.10.2026", final, ""]])
        (done,) = deals.import_files(store, "plain", [path], rejects=tmp_path)
        assert (done.rejects is not None) is rejected
        assert (tmp_path / "deals.csv.rejected.csv").exists() is rejected


def test_a_later_export_updates_and_leaves_what_it_does_not_tell(store, tmp_path):
    first, later = tmp_path / "first.csv", tmp_path / "later.csv"
    as_csv(first, [HEADER, *ROWS])
    as_csv(later, [["deal_id", "created_at", "final"], ["d1", ROWS[0][3], ""], ["d3", "07.10.2026", "won"]])
    (_, done) = deals.import_files(store, "plain", [first, later], rejects=tmp_path)
    assert done.entities["deals"] == Counts(taken=1, updated=1)
    assert kept(store, "deals", "deal_id", "amount", "final") == [  # d1 was reopened
        ("d1", 1234_56, None),
        ("d2", None, None),
        ("d3", None, "won"),
    ]


def test_a_currency_of_its_own_column_counts_before_the_sign_beside_the_amount(store, tmp_path):
    path = tmp_path / "deals.csv"
    amounts = [
        ("1 000,00 ₽", ""),
        ("€ 2.500,50", ""),
        ("$3,000.25", ""),
        ("$3,000.25", "RUB"),
        ("USD 5", ""),
        ("7", ""),
    ]
    rows = [[f"d{n}", "05.10.2026", *row] for n, row in enumerate(amounts)]
    as_csv(path, [["deal_id", "created_at", "amount", "currency"], *rows], ";")
    list(deals.import_files(store, "plain", [path], rejects=tmp_path))
    expected = [(1000_00, "RUB"), (2500_50, "EUR"), (3000_25, "USD"), (3000_25, "RUB"), (5_00, "USD"), (7_00, None)]
    assert kept(store, "deals", "deal_id", "amount", "currency") == [(f"d{n}", *row) for n, row in enumerate(expected)]


def test_a_missing_column_stops_before_anything_is_written(store, tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    as_csv(good, [HEADER, *ROWS])
    as_csv(bad, [["deal_id", "title", "amount"], ["d9", "x", "1"]])
    with pytest.raises(UsageError, match="lacks the column 'created_at'; columns found: deal_id, title, amount"):
        list(deals.import_files(store, "plain", [good, bad], rejects=tmp_path))
    assert kept(store, "deals", "deal_id") == []


def test_two_files_of_which_the_second_is_a_picture_leave_nothing(store, tmp_path):
    good, picture = tmp_path / "good.csv", tmp_path / "scan.csv"
    as_csv(good, [HEADER, *ROWS, ["d3", "", "много", "05.10.2026", "", ""]])
    picture.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0")
    with pytest.raises(UsageError, match=r"scan\.csv: not a table"):
        list(deals.import_files(store, "plain", [good, picture], rejects=tmp_path))
    assert kept(store, "deals", "deal_id") == []
    assert sorted(path.name for path in tmp_path.glob("*csv*")) == ["good.csv", "scan.csv"]


def test_an_import_that_is_interrupted_leaves_nothing_half_written(store, tmp_path):
    path, part = tmp_path / "deals.csv", tmp_path / "deals.csv.rejected.csv.part"
    rows = [[f"d{n}", "", "1", "05.10.2026", "", ""] for n in range(150_000)]
    as_csv(path, [HEADER, ["d", "", "много", "05.10.2026", "", ""], *rows])
    before = tmp_path / "deals.csv.rejected.csv"
    before.write_text("line,reason\n2,of the import before\n")
    command = [sys.executable, "-m", "callqa", "crm", "import", str(path), "--source", "plain", "--rejects", "."]
    importing = subprocess.Popen(
        [*command, "--store", f"sqlite:///{tmp_path}/callqa.db"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    while not part.exists() and importing.poll() is None:  # the first row is set aside: the import is under way
        time.sleep(0.005)
    importing.send_signal(signal.SIGINT)
    _, told = importing.communicate(timeout=60)
    assert importing.returncode == 130, told
    assert "Traceback" not in told
    assert kept(store, "deals", "deal_id") == []
    with store.engine.connect() as connection:
        assert connection.execute(sa.text("select count(*) from imports")).scalar_one() == 0
    assert not part.exists()
    assert before.read_text() == "line,reason\n2,of the import before\n"


def test_equal_rows_without_an_id_are_several_and_the_same_file_adds_none(store, tmp_path):
    path = tmp_path / "costs.csv"
    row = ["2026-10-05", "marketing", "Ads", "10"]
    as_csv(path, [["day", "kind", "channel", "amount"], row, row, ["2026-10-05", "department", "", "99,5"]])
    for counts in (Counts(taken=3), Counts(unchanged=3)):
        (done,) = deals.import_files(store, "plain", [path], rejects=tmp_path)
        assert done.entities["costs"] == counts
    assert sorted(kept(store, "costs", "amount", "kind")) == [
        (10_00, "marketing"),
        (10_00, "marketing"),
        (99_50, "department"),
    ]


@pytest.mark.parametrize(
    ("entity", "header", "row"),
    [
        ("customers", "customer_id phone", "c1 8(912)3456789"),
        ("people", "person_id name team hired_at left_at", "p1 Ольга Север 01.09.2026 -"),
        ("leads", "lead_id created_at deal_id source", "l1 2026-10-05 d1 Ads"),
        ("deals", "deal_id created_at lead_id source", "d1 2026-10-05 l1 Ads"),
        ("stage_history", "deal_id entered_at stage final", "d1 2026-10-05 won won"),
        ("products", "deal_id product quantity amount", "d1 Курс 2 100"),
        ("costs", "day kind amount currency", "2026-10-05 marketing 5 USD"),
        ("targets", "person_id month metric amount", "p1 2026-10 deals 5"),
        ("activities", "kind at owner_id actor", "call 2026-10-05 p1 person"),
        ("rates", "currency day rate", "USD 2026-10-05 81,5"),
    ],
)
def test_a_table_of_our_own_is_told_by_its_columns(store, tmp_path, entity, header, row):
    path = tmp_path / "export.csv"
    as_csv(path, [header.split(), ["" if cell == "-" else cell for cell in row.split()]])
    (done,) = deals.import_files(store, "plain", [path], rejects=tmp_path)
    assert done.entities == {entity: Counts(taken=1)}


def test_a_file_of_one_column_keeps_the_spaces_in_it(store, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("customer_id\nАнна Ли\nИван Петров\n")
    (done,) = deals.import_files(store, "plain", [path], rejects=tmp_path)
    assert done.entities == {"customers": Counts(taken=2)}
    assert kept(store, "customers", "customer_id", "source_system") == [("Анна Ли", "plain"), ("Иван Петров", "plain")]


TWO = """
title = "two"
[tables.sales.deals]
deal_id = "No"
created_at = "Made"
[tables.requests.leads]
lead_id = "No"
created_at = "Made"
"""


def test_a_file_that_may_be_two_tables_is_told_by_its_name_or_by_the_person(store, tmp_path):
    mapping = tmp_path / "two.toml"
    mapping.write_text(TWO)

    def taken_as(name, table=""):
        as_csv(tmp_path / name, [["No", "Made"], ["1", "2026-10-05"]])
        (done,) = deals.import_files(store, str(mapping), [tmp_path / name], table, tmp_path)
        return done.table

    assert taken_as("sales_october.csv") == "sales"
    assert taken_as("export.csv", "requests") == "requests"
    with pytest.raises(UsageError, match="may be sales or requests of two; say which with --table"):
        taken_as("export.csv")
    with pytest.raises(UsageError, match="two has no table 'leads'; choose from sales, requests"):
        taken_as("export.csv", "leads")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel 97"),
        (b"PK\x03\x04 no workbook", "no workbook of Excel"),
        (b"PAR1 no table", "no Parquet file"),
        (b'{"deal_id": 1}\n{"deal_id": ', "line 2: no JSON object"),
        (b'[{"deal_id": 1}, 5]', "no list of JSON objects"),
        (b"\0\1\2\3", "not a table"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0H", "not a table; callqa reads CSV, xlsx"),  # a picture
        (b"a;b\n1;2\n", "columns found: a, b"),
        (b"<html><body><p>Log in</p></body></html>", "a page without a table"),
    ],
)
def test_what_is_no_export_is_named(store, tmp_path, content, problem):
    path = tmp_path / "export"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=problem) as error:
        list(deals.import_files(store, "plain", [path], rejects=tmp_path))
    assert str(path) in str(error.value)


def test_the_command_prints_counts_and_says_where_the_rejects_are(tmp_path):
    path = tmp_path / "deals.csv"
    as_csv(path, [HEADER, *ROWS, ["d3", "", "", "никогда", "", ""]])
    command = [sys.executable, "-m", "callqa", "crm", "import", "deals.csv", "--source", "plain"]
    done = subprocess.run([*command, "--store", "sqlite:///a.db"], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines() == [
        "deals.csv: 3 rows of deals",
        "  deals: 2 new, 0 updated, 0 unchanged, 0 repeated in the file, 0 left out, 1 rejected",
    ]
    assert "1 row not taken: deals.csv.rejected.csv says why" in done.stderr
    assert done.returncode == 1
    done = subprocess.run(
        [*command, "--store", "sqlite:///a.db", "--json"], capture_output=True, text=True, cwd=tmp_path
    )
    told = json.loads(done.stdout)
    assert (told["read"], told["rejected"], told["entities"]["deals"]["unchanged"]) == (3, 1, 2)

"""Cells of exports as values: times in UTC, money in hundredths, phones by their digits."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from callqa.crm.entities import ENTITIES
from callqa.crm.values import LONGEST_ID, Reading, after
from callqa.store.deal_tables import deal_tables

MOSCOW = Reading(ZoneInfo("Europe/Moscow"))
AMERICAN = Reading(ZoneInfo("UTC"), ("%m/%d/%Y, %I:%M %p", "%m/%d/%Y"))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("05.10.2026 12:30", "2026-10-05T09:30:00Z"),
        ("5.10.26", "2026-10-04T21:00:00Z"),
        ("05.10.2026, 12:30:59", "2026-10-05T09:30:59Z"),
        ("2026-10-05 12:30", "2026-10-05T09:30:00Z"),
        ("2026-10-05T12:30:00+00:00", "2026-10-05T12:30:00Z"),  # its own offset counts
        ("2026-10-05T12:30:00.000+0000", "2026-10-05T12:30:00Z"),
        ("20261005", "2026-10-04T21:00:00Z"),
        ("1790000000", "2026-09-21T14:13:20Z"),
        (1790000000, "2026-09-21T14:13:20Z"),
        ("1790000000123", "2026-09-21T14:13:20Z"),
        (datetime(2026, 10, 5, 12, 30), "2026-10-05T09:30:00Z"),
        (datetime(2026, 10, 5, 12, 30, tzinfo=UTC), "2026-10-05T12:30:00Z"),
        (date(2026, 10, 5), "2026-10-04T21:00:00Z"),
        ("", None),
        (None, None),
        ("#REF!", None),
        ("—", None),
        ("NULL", None),
    ],
)
def test_a_time_is_read_in_the_zone_of_the_source(cell, expected):
    assert MOSCOW.reader("time")(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("10/05/2026, 01:30 PM", "2026-10-05T13:30:00Z"), ("10/05/2026", "2026-10-05T00:00:00Z")],
)
def test_a_form_of_times_in_the_mapping_comes_first(cell, expected):
    assert AMERICAN.reader("time")(cell) == expected


@pytest.mark.parametrize(
    ("kind", "cell", "problem"),
    [
        ("time", "вчера", "no time that callqa reads"),
        ("time", "31.02.2026", "day"),
        ("time", "01.01.0205", "in the year 205"),
        ("time", "12", "no time"),
        ("money", "договорная", "no number"),
        ("money", "12-34", "no number"),
        ("money", "1e30", "no number"),
        ("money", float("inf"), "no number that money can be"),
        ("money", "1.2.3", "no number whose decimal sign is ','"),
        ("whole", "2.5", "no whole number"),
        ("truth", "может быть", "neither yes nor no"),
        ("currency", "бонусы", "no currency"),
        ("final", "maybe", "none of won, lost"),
        ("id", "x" * 129, "129 letters are no id"),
    ],
)
def test_what_cannot_be_read_says_what_was_expected(kind, cell, problem):
    with pytest.raises(ValueError, match=problem):
        MOSCOW.reader(kind)(cell)


@pytest.mark.parametrize(
    ("cell", "decimal", "expected"),
    [
        ("1 234,56", "", 1234_56),
        ("1\u00a0234,56\u00a0₽", "", 1234_56),
        ("12 000 руб.", "", 12_000_00),
        ("€ 3.500,00", "", 3500_00),
        ("€ 11398,00", "", 11398_00),
        ("$1,234.50", "", 1234_50),
        ("RUB 1500", "", 1500_00),
        ("1,234,567", "", 1_234_567_00),
        ("12,345", "", 12_345_00),  # three digits behind a lone comma are a group...
        ("12,345", ",", 12_35),  # ...unless the mapping says otherwise: 12.345
        ("1234,567", "", 1234_57),
        ("0,125", "", 13),
        ("-5", "", -5_00),
        ("−1 500,5", "", -1500_50),
        (99.995, "", 100_00),  # halves go up, as 99.995 is written
        (Decimal("12.30"), "", 12_30),
        (1200, "", 1200_00),
        (0, "", 0),
        ("", "", None),
    ],
)
def test_money_is_hundredths(cell, decimal, expected):
    assert Reading(decimal=decimal).reader("money")(cell) == expected


def test_a_number_with_the_other_decimal_sign_is_no_number_a_hundred_times_as_large():
    with pytest.raises(ValueError, match=r"decimal sign is '\.'"):
        Reading(decimal=".").reader("money")("1 234,56")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("8 (912) 345-67-89", "+79123456789"),
        ("+7 912 345 67 89 доб. 12", "+79123456789"),
        (79123456789.0, "+79123456789"),
        ("9123456789", "+79123456789"),
        ("+49 30 1234567", "+49301234567"),
        ("+1 212 555 0100; +1 212 555 0199", "+12125550100"),
        ("101", "101"),
        ("нет", None),
    ],
)
def test_a_phone_is_its_digits_with_the_country(cell, expected):
    assert MOSCOW.reader("phone")(cell) == expected


@pytest.mark.parametrize(
    ("kind", "cell", "expected"),
    [
        ("day", "05.10.2026 01:30", "2026-10-05"),  # the day of the source's clock, in UTC it was the 4th
        ("day", 1790000000, "2026-09-21"),
        ("month", "2026-10", "2026-10"),
        ("month", "10.2026", "2026-10"),
        ("month", datetime(2026, 10, 1), "2026-10"),
        ("truth", "Да", True),
        ("truth", "N", False),
        ("truth", True, True),
        ("truth", 0, False),
        ("truth", " ", None),
        ("currency", "руб.", "RUB"),
        ("currency", "RUR", "RUB"),
        ("currency", "usd", "USD"),
        ("text", 5805028000043899904, "5805028000043899904"),
        ("text", 42.0, "42"),
        ("final", "Won", "won"),
        ("number", "2,5", 2.5),
        ("number", "94.728", 94.728),
        ("whole", "3", 3),
    ],
)
def test_other_cells_are_values_of_their_kind(kind, cell, expected):
    assert MOSCOW.reader(kind)(cell) == expected


@pytest.mark.parametrize(
    ("lasted", "expected"),
    [
        ("0:26:43", "2026-10-05T09:56:43Z"),
        (time(0, 26, 43), "2026-10-05T09:56:43Z"),
        (timedelta(days=2, seconds=5), "2026-10-07T09:30:05Z"),
        ("90", "2026-10-05T09:31:30Z"),
        (None, None),
    ],
)
def test_a_time_may_be_so_long_after_another(lasted, expected):
    assert after("2026-10-05T09:30:00Z", lasted) == expected
    assert after(None, lasted) is None


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=lambda entity: entity.name)
def test_an_entity_has_the_columns_of_its_table(entity):
    table = deal_tables[entity.name]
    assert list(entity.fields) == [column.name for column in table.columns]
    ids = [table.c[name] for name, kind in entity.fields.items() if kind == "id"]
    assert all(column.type.length == LONGEST_ID for column in ids)
    assert {column.name for column in table.primary_key} <= set(entity.required)

"""The mappings: wrong ones say where and what to do; those that come with callqa read what their CRM exports."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
import sqlalchemy as sa

from callqa import deals
from callqa.crm.howto import EXAMPLE
from callqa.crm.mapping import Field, find, load, sources
from callqa.errors import ConfigError, UsageError
from callqa.store import Store
from callqa.store.deal_tables import deal_tables

GOOD = """
title = "ours"
time_zone = "Europe/Moscow"
[tables.deals.deals]
deal_id = "No"
created_at = "Made"
final = { column = "Stage", values = { "Paid" = "won" }, other = "" }
[tables.deals.stage_history]
each = 'Entered (.+)'
deal_id = "No"
entered_at = "{each}"
stage = "{name}"
"""


@pytest.fixture
def store(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    yield store
    store.close()


def kept(store, table, *names):
    columns = [deal_tables[table].c[name] for name in names]
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*columns))]


def imported(store, folder, source, name, lines, encoding="utf-8"):
    path = folder / name
    path.write_text("\n".join(lines), encoding=encoding)
    (done,) = deals.import_files(store, source, [path], rejects=folder)
    assert done.rejected == 0, done.rejects.read_text(encoding="utf-8")
    return done


@pytest.mark.parametrize(
    ("was", "becomes", "key", "problem"),
    [
        ('title = "ours"', 'titel = "ours"', "titel", "did you mean 'title'?"),
        ('title = "ours"', "", "mapping", "title"),
        ("Europe/Moscow", "Moscow", "time_zone", "no zone 'Moscow'; 'Europe/Moscow' is one"),
        ('title = "ours"', 'title = "ours"\ncurrency = "rubles"', "currency", "a code such as RUB is"),
        ('title = "ours"', 'title = "ours"\ndecimal = ";"', "decimal", "',' or '.', not ';'"),
        ('title = "ours"', 'title = "ours"\ntimes = ["dd.mm.yyyy"]', "times[0]", "'%d.%m.%Y %H:%M' is"),
        ("[tables.deals.deals]", "[tables.deals.dealz]", "tables.deals.dealz", "did you mean 'deals'?"),
        ("final = {", "finale = {", "tables.deals.deals.finale", "did you mean 'final'?"),
        ('created_at = "Made"', "", "tables.deals.deals", "'created_at' is missing; no row of deals is without it"),
        ('= "won"', '= "win"', "tables.deals.deals.final", "'win' is none of won, lost"),
        ('column = "Stage"', 'colum = "Stage"', "tables.deals.deals.final.colum", "did you mean 'column'?"),
        ('column = "Stage", ', "", "tables.deals.deals.final", "needs one of 'column', 'const' and 'hash'"),
        ('other = ""', 'other = "", after = "Made"', "tables.deals.deals.final.after", "only a time"),
        ('other = ""', 'other = "", since = "Made"', "tables.deals.deals.final.since", "only a time"),
        ('other = ""', 'other = "", scale = 60', "tables.deals.deals.final.scale", "only a number"),
        ('other = ""', 'other = "", key = ["A"]', "tables.deals.deals.final.key", "only an id is made of columns"),
        ('other = ""', "other = \"\", pattern = 'x'", "tables.deals.deals.final.pattern", "needs a group"),
        (
            'title = "ours"',
            'title = "ours"\n[tables.deals]\nonly = { A = "b" }',
            "tables.deals.only",
            "Expected `array`",
        ),
        ('"Made"', "5", "tables.deals.deals.created_at", "Expected `object`"),
        ("(.+)", "(.+", "tables.deals.stage_history.each", "not a regular expression"),
        ("(.+)", ".+", "tables.deals.stage_history.each", "needs a group"),
        ("each = 'Entered (.+)'", "", "tables.deals.stage_history.entered_at", "need an `each` beside them"),
        ('created_at = "Made"', 'created_at = { hash = ["A"] }', "tables.deals.deals.created_at.hash", "only the id"),
        ("[tables.deals.deals]", "[tables.deals.deals", "syntax", "line 4"),
    ],
)
def test_a_wrong_mapping_names_file_key_and_cure(tmp_path, was, becomes, key, problem):
    assert was in GOOD
    path = tmp_path / "ours.toml"
    path.write_text(GOOD)
    assert load(path).name == "ours"
    path.write_text(GOOD.replace(was, becomes, 1))
    with pytest.raises(ConfigError) as error:
        load(path)
    assert (error.value.path, error.value.key) == (str(path), key)
    assert problem in str(error.value)


def test_the_example_of_the_how_to_is_a_mapping_and_stands_in_the_docs(tmp_path):
    (tmp_path / "ours.toml").write_text(EXAMPLE)
    source = load(tmp_path / "ours.toml")
    assert {table.name: [part.entity.name for part in table.parts] for table in source.tables} == {
        "deals": ["deals", "customers", "stage_history"],
        "calls": ["activities"],
        "requests": ["leads"],
        "spend": ["costs"],
    }
    docs = Path(__file__).parent.parent / "docs" / "crm.md"
    assert f"```toml\n{EXAMPLE}```" in docs.read_text(encoding="utf-8")
    told = [field.name for field in fields(Field) if field.name != "column"]
    assert [name for name in told if f"`{name}`" not in docs.read_text(encoding="utf-8")] == []


def test_an_unknown_source_is_told_from_those_that_are_there():
    with pytest.raises(UsageError, match=re.escape("no source 'bitrix'; did you mean 'bitrix24'?; choose from amocrm")):
        find("bitrix")


@pytest.mark.parametrize("name", sources())
def test_every_mapping_that_comes_with_callqa_is_right_and_says_how_its_files_come_about(name):
    source = find(name)
    assert source.tables
    assert len(source.title) > 10
    assert len(source.about) > 100


def test_amocrm_has_deals_that_are_leads_duplicate_headers_and_events(store, tmp_path):
    deals_file = [
        (
            "ID;Название сделки;Основной контакт;Ответственный;Бюджет;Этап сделки;Воронка;Дата создания сделки;"
            "Дата закрытия;Рабочий телефон;Примечание;Примечание;utm_source"
        ),
        (
            "1;Курс;Анна;Олег;10 000;Успешно реализовано;Продажи;01.10.2026 12:00:00;05.10.2026 15:30:00;"
            "8 912 345-67-89;;;ads"
        ),
        "2;Курс;Иван;Олег;5 000,50;Закрыто и не реализовано;Продажи;02.10.2026 12:00:00;;;a;b;",
        "3;Заявка;;Олег;;Неразобранное;Продажи;03.10.2026 00:30:00;;;;;",
    ]
    done = imported(store, tmp_path, "amocrm", "leads.csv", deals_file, "cp1251")
    assert {name: counts.taken for name, counts in done.entities.items()} == {"leads": 3, "deals": 2, "customers": 2}
    assert kept(store, "deals", "deal_id", "amount", "currency", "final", "closed_reported_at", "close_planned") == [
        ("1", 10_000_00, "RUB", "won", "2026-10-05T12:30:00Z", False),
        ("2", 5_000_50, "RUB", "lost", None, False),
    ]
    assert kept(store, "leads", "lead_id", "created_at", "source", "deal_id") == [
        ("1", "2026-10-01T09:00:00Z", "ads", "1"),
        ("2", "2026-10-02T09:00:00Z", None, "2"),
        ("3", "2026-10-02T21:30:00Z", None, "3"),
    ]
    assert kept(store, "customers", "name", "phone") == [("Анна", "+79123456789"), ("Иван", None)]
    with store.engine.connect() as connection:
        joined = "select d.deal_id, c.name from deals d join customers c using (customer_id) order by 1"
        assert list(connection.execute(sa.text(joined))) == [("1", "Анна"), ("2", "Иван")]
    events = [
        "Дата;Автор;ID сделки;Событие;Значение до;Значение после",
        "01.10.2026 12:00;Робот;1;Новая сделка;;Первичный контакт",
        "02.10.2026 12:00;Робот;1;Изменение этапа продаж;Первичный контакт;Переговоры",
        "05.10.2026 15:30;Олег;1;Изменение этапа продаж;Переговоры;Успешно реализовано",
    ]
    assert imported(store, tmp_path, "amocrm", "events.csv", events).left_out == 1
    assert kept(store, "activities", "at", "deal_id", "owner_id", "action", "actor") == [
        ("2026-10-02T09:00:00Z", "1", None, "move_stage", "automation"),
        ("2026-10-05T12:30:00Z", "1", "Олег", "move_stage", "person"),
    ]
    assert kept(store, "stage_history", "entered_at", "stage", "final", "actor") == [
        ("2026-10-02T09:00:00Z", "Переговоры", None, "automation"),
        ("2026-10-05T12:30:00Z", "Успешно реализовано", "won", "person"),
    ]


def test_amocrm_rows_of_the_api_are_read_too(store, tmp_path):
    row = {"id": 7, "name": "x", "price": 100, "status_id": 142, "created_at": 1790000000, "closed_at": 1790003600}
    imported(store, tmp_path, "amocrm", "leads.jsonl", [json.dumps(row)])
    assert kept(store, "deals", "deal_id", "amount", "final", "closed_reported_at") == [
        ("7", 100_00, "won", "2026-09-21T15:13:20Z")
    ]


def test_bitrix24_has_planned_close_dates_currencies_templates_and_leads(store, tmp_path):
    head = "ID Лид Контакт Стадия_сделки Сумма Валюта Дата_создания Предполагаемая_дата_закрытия Регулярная_сделка"
    rows = [
        "11 5 Анна Сделка_успешна 1_200,50 RUB 01.10.2026_10:00:00 31.12.2026 нет",
        "12 6 Иван Переговоры 300 USD 02.10.2026_10:00:00 31.12.2026 нет",
        "13 - - Новая 0 RUB 01.10.2026_10:00:00 - да",
    ]
    cells = [[c.replace("_", " ").strip("-") for c in line.split()] for line in (head, *rows)]
    html = ["<html><head><meta charset='UTF-8'></head><body><table>"]
    html += [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in cells]
    done = imported(store, tmp_path, "bitrix24", "deal.xls", [*html, "</table></body></html>"])
    assert (done.read, done.left_out, done.entities["deals"].taken) == (3, 1, 2)
    assert kept(store, "deals", "deal_id", "lead_id", "amount", "currency", "final", "close_planned") == [
        ("11", "5", 1_200_50, "RUB", "won", True),
        ("12", "6", 300_00, "USD", None, True),
    ]
    leads = ["ID;Название лида;Статус;Источник;Дата создания", "5;Заявка;Качественный лид;Сайт;30.09.2026 09:00:00"]
    assert imported(store, tmp_path, "bitrix24", "lead.csv", leads, "utf-8-sig").table == "leads"
    assert kept(store, "leads", "lead_id", "created_at", "source") == [("5", "2026-09-30T06:00:00Z", "Сайт")]


RICH = """
title = "rich"
time_zone = "Europe/Moscow"
[tables.acts]
only = { "Type" = ["Call", "Mail"] }
[tables.acts.activities]
activity_id = { column = "Link", pattern = '/(\\d+)$' }
kind = { column = "Type", values = { "Call" = "call", "Mail" = "message" } }
at = "When"
seconds = { column = "Minutes", scale = 60 }
deal_id = { column = "About", only = { "What" = ["deal"] } }
lead_id = { column = "About", only = { "What" = ["lead"] } }
customer_id = { column = "Customer", key = ["Name", "Phone"] }
[tables.acts.customers]
only = { "What" = ["deal"] }
customer_id = { column = "Customer", key = ["Name", "Phone"] }
name = "Name"
[[tables.deals.deals]]
deal_id = "No"
created_at = "Made"
closed_reported_at = { column = "Closed", since = "Made" }
[[tables.deals.stage_history]]
deal_id = "No"
entered_at = "Made"
stage = { const = "New" }
stage_order = { const = 1 }
[[tables.deals.stage_history]]
deal_id = "No"
entered_at = { column = "Closed", since = "Made" }
stage = { const = "Paid" }
final = { const = "won" }
"""


def test_a_mapping_tells_rows_apart_finds_ids_in_cells_and_makes_them_of_columns(store, tmp_path):
    mapping = tmp_path / "rich.toml"
    mapping.write_text(RICH)
    rows = [
        "Type;Link;When;Minutes;What;About;Customer;Name;Phone",
        "Call;https://x/a/1;05.10.2026 12:00;1,5;deal;d1;;Анна;+7 1",
        "Mail;https://x/a/2;05.10.2026 12:00;0:00:45;lead;l1;;анна ;+7 1",
        "Call;https://x/a/3;05.10.2026 12:00;;deal;d2;c9;Анна;+7 1",
        "Note;https://x/a/4;05.10.2026 12:00;;deal;d2;;;",
    ]
    done = imported(store, tmp_path, str(mapping), "acts.csv", rows)
    assert (done.left_out, done.entities["activities"].taken) == (1, 3)
    assert done.entities["customers"].taken == 2
    found = kept(store, "activities", "activity_id", "seconds", "deal_id", "lead_id", "customer_id")
    made = found[0][-1]
    assert found == [("1", 90.0, "d1", None, made), ("2", 45.0, None, "l1", made), ("3", None, "d2", None, "c9")]
    assert re.fullmatch("[0-9a-f]{24}", made)
    assert kept(store, "customers", "customer_id", "name") == sorted([(made, "Анна"), ("c9", "Анна")])


def test_an_entity_may_stand_several_times_in_a_row_and_a_day_is_not_before_its_own_beginning(store, tmp_path):
    mapping = tmp_path / "rich.toml"
    mapping.write_text(RICH)
    rows = ["No;Made;Closed", "1;05.10.2026 15:30;05.10.2026", "2;05.10.2026 15:30;07.10.2026", "3;05.10.2026 15:30;"]
    imported(store, tmp_path, str(mapping), "deals.csv", rows)
    assert kept(store, "deals", "deal_id", "closed_reported_at") == [
        ("1", "2026-10-05T12:30:00Z"),
        ("2", "2026-10-06T21:00:00Z"),
        ("3", None),
    ]
    assert kept(store, "stage_history", "deal_id", "stage", "entered_at", "stage_order", "final") == [
        ("1", "New", "2026-10-05T12:30:00Z", 1, None),
        ("1", "Paid", "2026-10-05T12:30:00Z", None, "won"),
        ("2", "New", "2026-10-05T12:30:00Z", 1, None),
        ("2", "Paid", "2026-10-06T21:00:00Z", None, "won"),
        ("3", "New", "2026-10-05T12:30:00Z", 1, None),
    ]


def test_amocrm_events_and_notes_of_the_api_are_nested(store, tmp_path):
    event = {
        "id": "01h", "type": "lead_status_changed", "entity_id": 7, "created_by": 0, "created_at": 1790000000,
        "value_after": [{"lead_status": {"id": 143, "pipeline_id": 1}}],
    }  # fmt: skip
    rows = [json.dumps(event), json.dumps({**event, "id": "02h", "type": "entity_tag_added", "value_after": []})]
    assert imported(store, tmp_path, "amocrm", "events.jsonl", rows).left_out == 1
    assert kept(store, "stage_history", "deal_id", "entered_at", "stage", "final", "actor") == [
        ("7", "2026-09-21T14:13:20Z", "143", "lost", "automation")
    ]
    note = {
        "id": 5, "entity_id": 7, "note_type": "call_in", "created_at": 1790000000, "responsible_user_id": 12,
        "params": {"duration": 61, "call_status": 4, "phone": "+7 912 345-67-89"},
    }  # fmt: skip
    assert imported(store, tmp_path, "amocrm", "notes.jsonl", [json.dumps(note)]).table == "calls"
    calls = kept(store, "activities", "activity_id", "seconds", "connected", "direction", "owner_id", "phone")
    assert calls[1:] == [("5", 61.0, True, "inbound", "12", "+79123456789")]


def test_bitrix24_activities_of_the_api_belong_to_what_their_owner_is(store, tmp_path):
    row = {"ID": 1, "TYPE_ID": 2, "DIRECTION": 1, "START_TIME": "2026-10-05T12:00:00+03:00", "RESPONSIBLE_ID": 9}
    rows = [{**row, "ID": n, "OWNER_TYPE_ID": n, "OWNER_ID": 70 + n} for n in (1, 2, 3)]
    assert imported(store, tmp_path, "bitrix24", "a.jsonl", map(json.dumps, rows)).table == "activities"
    assert kept(store, "activities", "activity_id", "kind", "direction", "lead_id", "deal_id", "customer_id") == [
        ("1", "call", "inbound", "71", None, None),
        ("2", "call", "inbound", None, "72", None),
        ("3", "call", "inbound", None, None, "73"),
    ]


def test_bitrix24_stage_history_is_read_from_the_api(store, tmp_path):
    rows = [
        {"OWNER_ID": 11, "CREATED_TIME": "2026-10-01T10:00:00+03:00", "STAGE_ID": "NEW", "STAGE_SEMANTIC_ID": "P"},
        {"OWNER_ID": 11, "CREATED_TIME": "2026-10-05T10:00:00+03:00", "STAGE_ID": "C1:WON", "STAGE_SEMANTIC_ID": "S"},
    ]
    assert imported(store, tmp_path, "bitrix24", "h.jsonl", map(json.dumps, rows)).table == "stage_history"
    assert kept(store, "stage_history", "deal_id", "entered_at", "final") == [
        ("11", "2026-10-01T07:00:00Z", None),
        ("11", "2026-10-05T07:00:00Z", "won"),
    ]


def test_hubspot_has_a_column_for_each_stage(store, tmp_path):
    rows = [
        (
            "Record ID,Deal Name,Deal Stage,Amount,Create Date,Close Date,Associated Contact IDs,"
            '"Date entered ""Appointment scheduled (Sales Pipeline)""","Date entered ""Closed won (Sales Pipeline)"""'
        ),
        "21,Course,Closed won,1500.5,2026-10-01 09:00,2026-10-31 09:00,77;78,2026-10-01 09:00,2026-10-06 12:00",
        "22,Course,Appointment scheduled,,2026-10-02 09:00,2026-10-31 09:00,79,2026-10-02 09:00,",
    ]
    done = imported(store, tmp_path, "hubspot", "hubspot-crm-exports-deals.csv", rows)
    assert (done.entities["deals"].taken, done.entities["stage_history"].taken) == (2, 3)
    assert kept(store, "deals", "deal_id", "customer_id", "amount", "currency", "final", "close_planned") == [
        ("21", "77", 1500_50, "USD", "won", True),
        ("22", "79", None, "USD", None, True),
    ]
    assert kept(store, "stage_history", "deal_id", "entered_at", "stage", "final") == [
        ("21", "2026-10-01T09:00:00Z", "Appointment scheduled", None),
        ("21", "2026-10-06T12:00:00Z", "Closed won", "won"),
        ("22", "2026-10-02T09:00:00Z", "Appointment scheduled", None),
    ]
    contacts = [
        "Record ID,Email,Phone Number,Create Date,Lead Status",
        "77,a@x.org,+1 212 555 0100,2026-09-30 08:00,New",
    ]
    assert imported(store, tmp_path, "hubspot", "contacts.csv", contacts).table == "contacts"
    assert kept(store, "customers", "customer_id", "phone") == [("77", "+12125550100")]
    assert kept(store, "leads", "lead_id", "status") == [("77", "New")]


def test_salesforce_has_american_days_and_a_history_of_its_own(store, tmp_path):
    rows = [
        "Opportunity ID,Opportunity Name,Stage,Amount,Created Date,Close Date,Account ID",
        '"006A",Course,Closed Lost,"$1,500.00",10/05/2026,12/31/2026,001A',
    ]
    assert imported(store, tmp_path, "salesforce", "report.csv", rows).table == "opportunities"
    assert kept(store, "deals", "deal_id", "amount", "created_at", "final", "close_planned") == [
        ("006A", 1500_00, "2026-10-05T00:00:00Z", "lost", True)
    ]
    history = ["Id,OpportunityId,StageName,CreatedDate", "008A,006A,Closed Lost,2026-10-07T09:00:00.000Z"]
    assert imported(store, tmp_path, "salesforce", "OpportunityHistory.csv", history).table == "history"
    assert kept(store, "stage_history", "entered_at", "final") == [("2026-10-07T09:00:00Z", "lost")]
    leads = ["Id,Status,LeadSource,CreatedDate,ConvertedOpportunityId", "00QA,Qualified,Web,2026-10-01T09:00:00Z,006A"]
    assert imported(store, tmp_path, "salesforce", "Lead.csv", leads).table == "leads"
    assert kept(store, "leads", "lead_id", "deal_id", "source") == [("00QA", "006A", "Web")]

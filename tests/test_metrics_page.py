"""The page of the sales metrics, as it is written and in Debian's Chromium at a phone's width and at a desk's."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from callqa.metrics.figures import Figure, Metric
from callqa.metrics.registry import registry
from callqa.metrics.sanity import checks
from callqa.metrics.settings import period
from callqa.metrics.warehouse import FACTS
from callqa.reports.metric_page import View, html
from callqa.reports.reasons import reason
from callqa.sales import Sales
from tests.companies import SETTINGS, warehouse
from tests.test_metrics_values import COMPANY, SCORES

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
LONG = "Константинопольская-Преображенская Аполлинария " + "неразрывное" * 9


@pytest.fixture(scope="module")
def pages():
    """The company's October, and the same with the longest names; in both languages."""
    made = {}
    for name, text in (("october", COMPANY), ("long", COMPANY.replace("Анна", LONG).replace("offer", LONG))):
        sales = Sales(warehouse(text, SETTINGS, SCORES), registry())
        found, trends = sales.metrics(period("2026-10")), sales.trends(period("2026-10"))
        for language in ("ru", "en"):
            steps = sales.funnel(period("2026-10"))
            made[name, language] = html(found, trends, period("2026-10"), "RUB", language, steps)
    return made


def text_of(page):
    body = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\xa0", " ").split())


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        (
            "ru",
            ["Метрики продаж", "Конверсия лидов", "60,0 %", "23,1 – 88,2 %", "открыто 2", "5 500 RUB", "Анна",
             "пока дошли меньше половины", "мало записей ещё изменится", "Воронка по этапам"],
        ),
        (
            "en",
            ["Sales metrics", "Lead conversion", "60.0 %", "23.1 – 88.2 %", "2 open", "5,500 RUB", "Анна",
             "fewer than half have got there", "few records will still change", "Funnel by stage"],
        ),
    ],
)  # fmt: skip
def test_the_page_shows_figures_and_how_sure_they_are(pages, language, shown):
    text = text_of(pages["october", language])
    assert [word for word in shown if word not in text] == []


def test_the_page_needs_nothing_from_elsewhere(pages):
    assert re.findall(r'(?:src|href)="(?!data:|#)([^"]+)"', pages["october", "en"]) == []


def test_on_the_russian_page_every_reason_is_russian():
    """No people, no costs, no targets, no calls: most figures are missing, and each says why."""
    sales = Sales(warehouse(WON.format(currency="RUB")), registry())
    found = sales.metrics(period("2026-10"))
    assert sum(m.figure.value is None for m in found) > 20
    told = [reason(m.figure.reason, "ru") for m in found if m.figure.reason]
    assert [text for text in told if not re.search("[а-я]{2}", text) or re.search(r"\b(no|the|store)\b", text)] == []
    assert set(told) == set(re.findall(r'"reason">— ([^<]+)<', html(found, {}, period("2026-10"), "RUB", "ru")))


@pytest.mark.parametrize("path", [*(d.path for d in registry()), str(FACTS), *(c.path for c in checks())])
def test_whatever_a_definition_can_say_has_a_russian_form(path):
    """Reasons as they stand in the file, with what is in braces filled in."""
    text = Path(path).read_text(encoding="utf-8")
    said = re.findall(r'^-- empty = "(.+)"$', text, re.MULTILINE)
    said += [
        r for needs in re.findall(r"^-- needs = \{(.+)\}$", text, re.MULTILINE) for r in re.findall('"(.+?)"', needs)
    ]
    said += re.findall(r"then '([^']* [^']*)' end(?:\)|,)? (?:end )?as reason", text)
    for sentence in said:
        plain = re.sub(r"\{\w+\}", "7", sentence)
        assert reason(plain, "ru") != plain


def test_a_reason_keeps_its_currency_day_and_stage():
    assert reason("stage Demo at site has no order", "ru") == "у этапа «Demo at site» нет порядка"
    sales = Sales(warehouse(WON.format(currency="USD")), registry())
    figure = next(m.figure for m in sales.metrics(period("2026-10"), ()) if m.definition.id == "won_revenue")
    assert reason(figure.reason, "ru") == "нет курса USD к RUB на 2026-10-06"


def test_the_funnel_stands_in_the_order_of_stages_pipeline_by_pipeline():
    sales = Sales(warehouse(FUNNEL), registry())
    steps = sales.funnel(period("2026-10"))
    assert [(s.pipeline, s.stage, s.entered, s.passed, s.open) for s in steps] == [
        ("new", "первый", 3, 2, 1),
        ("new", "второй", 1, 1, 0),  # d2 went from the first to the third
        ("new", "третий", 2, 0, 2),
        ("again", "второй", 1, 0, 1),
    ]
    page = text_of(html(sales.metrics(period("2026-10"), ()), {}, period("2026-10"), "RUB", "ru", steps))
    places = [page.index(word) for word in ("new Этап", "первый", "третий", "again Этап")]
    assert places == sorted(places)


@pytest.mark.parametrize(("language", "shown"), [("ru", "Что принести"), ("en", "What to bring")])
def test_an_empty_store_has_a_page_that_says_what_to_import(tmp_path, language, shown):
    path = tmp_path / "page.html"
    store = f"sqlite:///{tmp_path}/none.db"
    command = ["metrics", "--format", "html", "--language", language, "--out", str(path), "--store", store]
    assert subprocess.run([sys.executable, "-m", "callqa", *command]).returncode == 0
    text = text_of(path.read_text(encoding="utf-8"))
    assert shown in text
    assert "callqa crm import" in text


def test_a_figure_that_looks_the_same_is_neither_better_nor_worse():
    [conversion] = [d for d in registry() if d.id == "lead_conversion"]
    view = View("en", "RUB", {})
    assert [
        view.change(Metric(conversion, Figure(now, previous=before)))
        for now, before in ((10.02, 9.98), (10.2, 9.8), (9.8, 10.2), (None, 9.8))
    ] == ["", "better", "worse", ""]


WON = """
deals
deal_id | amount | currency | created_at           | closed_reported_at   | final
d1      | 100    | {currency} | 2026-10-01T10:00:00Z | 2026-10-06T10:00:00Z | won
d2      | 100    | EUR      | 2026-10-01T10:00:00Z |                      |
"""
FUNNEL = """
deals
deal_id | pipeline | created_at
d1      | new      | 2026-10-01T10:00:00Z
d2      | new      | 2026-10-01T10:00:00Z
d3      | new      | 2026-10-01T10:00:00Z
d4      | again    | 2026-10-01T10:00:00Z

stage_history
deal_id | entered_at           | stage  | stage_order
d1      | 2026-10-01T10:00:00Z | первый | 1
d1      | 2026-10-02T10:00:00Z | второй | 2
d1      | 2026-10-03T10:00:00Z | третий | 3
d2      | 2026-10-01T10:00:00Z | первый | 1
d2      | 2026-10-02T10:00:00Z | третий | 3
d3      | 2026-10-01T10:00:00Z | первый | 1
d4      | 2026-10-01T10:00:00Z | второй | 2
"""


def test_a_trend_is_each_month_counted_by_itself():
    sales = Sales(warehouse(COMPANY, SETTINGS, SCORES), registry())
    months = sales.trends(period("2026-10"))["closed_deals"]
    assert months[-2:] == [("2026-09", 0), ("2026-10", 2)]
    assert (months[0], len(months)) == (("2025-11", 0), 12)


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium: apt-get install chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overflows_in_a_browser(pages, tmp_path, width):
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--headless=new", "--disable-gpu"]
        )
        for (name, language), page in pages.items():
            (tmp_path / "page.html").write_text(page, encoding="utf-8")
            tab = browser.new_page(viewport={"width": width, "height": 900})
            said = []
            tab.on("console", lambda message, said=said: said.append(message.text))
            tab.goto((tmp_path / "page.html").as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, (name, language)
            assert said == []
            tab.close()
        browser.close()

"""The page of the sales metrics, as it is written and in Debian's Chromium at a phone's width and at a desk's."""

import re
import shutil
from pathlib import Path

import pytest

from callqa.metrics.registry import registry
from callqa.metrics.settings import period
from callqa.reports.metric_page import html
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
            made[name, language] = html(found, trends, period("2026-10"), "RUB", language)
    return made


def text_of(page):
    body = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\xa0", " ").split())


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("ru", ["Метрики продаж", "Конверсия лидов", "60,0 %", "23,1 – 88,2 %", "открыто 2", "5 500 RUB", "Анна"]),
        ("en", ["Sales metrics", "Lead conversion", "60.0 %", "23.1 – 88.2 %", "2 open", "5,500 RUB", "Анна"]),
    ],
)
def test_the_page_shows_figures_and_how_sure_they_are(pages, language, shown):
    text = text_of(pages["october", language])
    assert [word for word in shown if word not in text] == []
    assert "fewer than half have got there" in text  # why there is no onboarding speed


def test_the_page_needs_nothing_from_elsewhere(pages):
    assert re.findall(r'(?:src|href)="(?!data:|#)([^"]+)"', pages["october", "en"]) == []


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

"""`callqa demo` after its calls: the invented company's deals, its twenty metrics, and pages that fit any screen."""

import re
import shutil
from pathlib import Path

import pytest

from callqa.cli.calls import company
from callqa.config import shipped

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
LANGUAGES = ("ru", "en")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = {}
    for language in LANGUAGES:
        found[language] = out = tmp_path_factory.mktemp(language)
        company(out, shipped("configs") / "callqa.toml", f"sqlite:///{out / 'callqa.db'}", language)
    return found


def test_the_demo_prints_the_twenty_and_names_its_pages(tmp_path, capsys):
    company(tmp_path, shipped("configs") / "callqa.toml", f"sqlite:///{tmp_path / 'callqa.db'}", "en")
    printed = capsys.readouterr().out
    assert [int(n) for n in re.findall(r"^ ?(\d+) [A-Z]", printed, re.MULTILINE)] == list(range(1, 21))
    for name in ("metrics.html", "onboarding.html", "check.html"):
        assert str(tmp_path / name) in printed
        assert (tmp_path / name).stat().st_size > 10_000


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium: apt-get install chromium")
def test_the_onboarding_page_fits_a_phone_and_a_desk_and_asks_for_nothing(folders):
    from playwright.sync_api import sync_playwright

    trouble = []
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--headless=new", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        for language in LANGUAGES:
            url = (folders[language] / "onboarding.html").as_uri()
            for width, shown in ((390, ".narrow"), (1280, ".wide")):
                page = browser.new_page(viewport={"width": width, "height": 900})
                page.on("console", lambda message: trouble.append(message.text))
                page.on("request", lambda request, url=url: request.url == url or trouble.append(request.url))
                page.goto(url)
                page.locator("summary").first.click()
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert page.locator(f".timeline{shown}:visible").count() == 4
                page.close()
        browser.close()
    assert [line for line in trouble if not line.startswith("data:")] == []

"""The pages in a real browser, Debian's Chromium: sound jumps, transcript follows, nothing overflows or leaves."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import reportable
import soundfile
from reportable import ATTACK, CATALOGUE, RULES, SECONDS, bands

from callqa.reports import audio_uri, html, index
from callqa.reports.index import Row

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required", "--mute-audio",
]  # fmt: skip

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium: apt-get install chromium")

LONG = "Константинопольская-Преображенская Аполлинария Вениаминовна " + "неразрывное" * 12


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A folder as `callqa score --out` leaves it: pages, the index, the sound beside them."""
    out = tmp_path_factory.mktemp("pages")
    seconds = np.arange(int(SECONDS * 8000)) / 8000
    soundfile.write(out / "звонок 1.flac", 0.05 * np.sin(2 * np.pi * 220 * seconds), 8000)
    sound = "%D0%B7%D0%B2%D0%BE%D0%BD%D0%BE%D0%BA%201.flac"
    long = reportable.sales(
        path=f"calls/{'x' * 120}.wav",
        metadata=reportable.Metadata("a.wav", rep_name=LONG, customer_id=LONG, deal_id="D" * 90),
        turns=(*reportable.TURNS, reportable.turn("customer", 65, 78, "сло" * 90 + " " + "очень долгая речь " * 60)),
    )
    made = {"call": reportable.sales(reportable.STRICT), "voicemail": reportable.voicemail(), "long": long}
    for language in ("ru", "en"):
        for name, scored in made.items():
            page = html(scored, CATALOGUE, bands(), language, sound, RULES)
            (out / f"{name}-{language}.html").write_text(page, encoding="utf-8")
        rows = [
            Row("b.wav", f"call-{language}.html", "2026-09-07", "Анна", "Ромашка", "demo", 80.0, 71.0, 0.9, "high"),
            Row("a.wav", f"call-{language}.html", "2026-09-09", LONG, LONG, "demo", 8.0, 92.5, 0.9, "high"),
            Row("c" * 90 + ".wav", f"voicemail-{language}.html", duration=45.0, trust="low", reason="voicemail"),
            Row("broken.wav", problem="/srv/broken.wav: 9 bytes of text, no sound; set aside", code="text"),
        ]
        (out / f"index-{language}.html").write_text(index(rows, language), encoding="utf-8")
    embedded = html(made["call"], CATALOGUE, bands(), "ru", audio_uri(out / "звонок 1.flac"), RULES)
    (out / "embedded.html").write_text(embedded, encoding="utf-8")
    return out


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, pages):
    """Opens a page of the folder; at the end nothing may have been asked for outside it, and no script has failed."""
    contexts, asked, trouble = [], [], []

    def open_(name, width=1280, height=900, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        path, _, place = name.partition("#")
        page.goto((pages / path).as_uri() + (f"#{place}" if place else ""))
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not trouble
    assert all(url.startswith((pages.as_uri(), "data:")) for url in asked), asked


def at(page):
    return page.evaluate("document.querySelector('audio').currentTime")


def until(page, holds):
    """Waits for a condition; the page's own policy forbids the polling that Playwright would put into it."""
    for _ in range(100):
        if page.evaluate(holds):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {holds}")


def playing(page):
    page.wait_for_function("!document.querySelector('audio').paused && document.querySelector('audio').currentTime > 0")
    return at(page)


def scroll_width(page):
    return page.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize("name", ["call-ru.html", "call-en.html", "embedded.html"])
@pytest.mark.parametrize(("quote", "second"), [("это дорого,", 34.5), ("вы должны", 22.6), ("Двенадцать.", 45.5)])
def test_a_click_on_evidence_plays_the_right_second(open_page, name, quote, second):
    page = open_page(name)
    page.locator("#lost .moment", has_text=quote).first.locator(".play").click()
    assert second - 0.05 <= playing(page) < second + 2
    assert page.evaluate("document.querySelector('#sound').error") is None
    assert page.url.endswith(f"#t={second:.2f}")


def test_a_click_on_a_turn_or_a_sentence_plays_it(open_page):
    page = open_page("call-ru.html")
    page.locator(".turn .time", has_text="0:42").click()
    assert 41.95 <= playing(page) < 44
    page.locator(".s", has_text="Вам удобно говорить?").click()
    until(page, "document.querySelector('audio').currentTime < 20")
    assert 11.5 <= at(page) < 14


@pytest.mark.parametrize(("width", "shown"), [(1280, ".timeline.wide"), (390, ".timeline.narrow")])
def test_a_click_on_the_timeline_plays_that_moment(open_page, width, shown):
    page = open_page("call-ru.html", width)
    line = page.locator(shown)
    line.locator(".lost_number_marks a").last.click()
    assert 45.45 <= playing(page) < 47
    box = line.bounding_box()
    left, right = float(line.get_attribute("data-left")), float(line.get_attribute("data-right"))
    line.click(position={"x": box["width"] * (left + (right - left) * 0.875), "y": 30})
    until(page, "document.querySelector('audio').currentTime > 60")
    assert at(page) == pytest.approx(70, abs=1.5)
    head = line.locator(".playhead").bounding_box()
    assert head["x"] - box["x"] == pytest.approx(box["width"] * (left + (right - left) * 0.875), abs=12)


def test_the_transcript_follows_the_sound(open_page):
    page = open_page("long-ru.html", reduced_motion="reduce")
    pane = page.locator(".pane .scroll")
    page.evaluate("document.querySelector('audio').currentTime = 62")
    page.wait_for_selector(".turn.now >> text=Хорошо, присылайте")
    assert page.locator(".turn.now").count() == 1
    until(page, "document.querySelector('.pane .scroll').scrollTop > 50")
    row, box = page.locator(".turn.now").bounding_box(), pane.bounding_box()
    assert box["y"] <= row["y"] < box["y"] + box["height"]
    assert "Хорошо, присылайте" in page.locator("#now").inner_text()
    page.locator("#follow").uncheck()
    kept = pane.evaluate("e => e.scrollTop")
    page.evaluate("document.querySelector('audio').currentTime = 9")
    page.wait_for_selector(".turn.now >> text=Добрый день")
    assert pane.evaluate("e => e.scrollTop") == kept


def test_both_who_speak_at_once_are_on(open_page):
    page = open_page("call-ru.html")
    page.evaluate("document.querySelector('audio').currentTime = 33.7")
    until(page, "document.querySelectorAll('.turn.now').length == 2")
    assert page.locator(".turn.now").count() == 2


def test_a_link_to_a_moment_opens_there(open_page, pages):
    page = open_page("call-ru.html#t=42.00")
    until(page, "document.querySelector('audio').currentTime == 42")
    assert page.evaluate("document.querySelector('audio').paused")
    assert "А сколько у вас менеджеров?" in page.locator(".turn.now").inner_text()


def test_the_keyboard_is_enough(open_page):
    page = open_page("call-ru.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "play"  # the timeline is no row of tab stops
    focus = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert focus == "solid"
    page.keyboard.press("Enter")
    assert playing(page) > 1
    page.keyboard.press("k")
    until(page, "document.querySelector('audio').paused")
    before = at(page)
    page.keyboard.press("l")
    assert at(page) == pytest.approx(before + 5, abs=0.3)
    page.keyboard.press("j")
    assert at(page) == pytest.approx(before, abs=0.3)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["call", "voicemail", "long", "index"])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_nothing_scrolls_sideways(open_page, name, language, width):
    page = open_page(f"{name}-{language}.html", width)
    assert scroll_width(page) == width
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    assert scroll_width(page) == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_enough(open_page, scheme):
    """WCAG AA, 4.5 to 1, of every text colour on what lies behind it."""
    page = open_page("call-ru.html", color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []


CONTRAST = """() => {
  const parse = (c) => { const [r, g, b, a = 1] = c.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r / 255) + .7152 * linear(g / 255) + .0722 * linear(b / 255);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 1];
  };
  const poor = new Set();
  for (const e of document.querySelectorAll("body *")) {
    const text = [...e.childNodes].some((n) => n.nodeType == 3 && n.data.trim());
    if (!text || !e.checkVisibility() || e.closest("svg")) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) poor.add(e.className + ": " + e.textContent.slice(0, 30));
  }
  return [...poor];
}"""


def test_the_page_reads_without_scripts(open_page):
    page = open_page("call-ru.html", java_script_enabled=False)
    for text in ("Что стоило баллов", "Хорошо: 35–60\u00a0%, у вас 76\u00a0%.", "А сколько у вас менеджеров?"):
        assert page.locator("body").inner_text().count(text)
    assert page.locator("audio[controls]").is_visible()
    assert not page.locator(".follow").is_visible()
    page.locator("#lost .moment", has_text="это дорого").first.locator(".play").click()
    assert page.url.endswith("#t=33.50")
    box = page.locator(".turn", has_text="Для нас это дорого").bounding_box()
    assert 0 <= box["y"] < 900


def test_what_was_said_stays_text(open_page):
    page = open_page("call-ru.html")
    assert page.title() == "Анна Смирнова – ООО «Василёк» · 30,0"
    assert ATTACK in page.locator("#transcript").inner_text()


def test_paper_gets_all_but_the_player(open_page):
    page = open_page("call-ru.html")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert not page.locator(".player").is_visible()
    assert page.locator("#lost details[open] .moment").count() == 1
    assert page.locator("#lost details:not([open])").count() == 0
    last = page.locator(".turn").last.bounding_box()
    pane = page.locator(".pane .scroll").bounding_box()
    assert last["y"] + last["height"] <= pane["y"] + pane["height"] + 1  # no words are left in a box that scrolls
    assert page.pdf(prefer_css_page_size=True)[:4] == b"%PDF"


def test_missing_sound_is_said(chromium, pages, tmp_path):
    shutil.copy(pages / "call-ru.html", tmp_path / "call.html")
    page = chromium.new_page()
    page.goto((tmp_path / "call.html").as_uri())
    page.wait_for_selector("#broken:visible")
    assert "Звук не открылся" in page.locator("#broken").inner_text()
    page.close()


def test_the_index_sorts_by_any_column_and_opens_a_call(open_page):
    page = open_page("index-ru.html")

    def order():
        return [name.split()[0][:5] for name in page.locator("#calls tbody th").all_inner_texts()]

    assert order() == ["b.wav", "a.wav", "ccccc"]
    page.get_by_role("button", name="Файл").click()
    assert order() == ["a.wav", "b.wav", "ccccc"]
    page.get_by_role("button", name="Оценка").focus()
    page.keyboard.press("Enter")
    assert order() == ["ccccc", "b.wav", "a.wav"]
    page.keyboard.press("Enter")
    assert order() == ["a.wav", "b.wav", "ccccc"]
    page.locator("#calls a").first.click()
    assert page.locator("h2", has_text="Ход разговора").is_visible()

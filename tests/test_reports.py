"""Scored calls as pages, documents and tables: complete, the same every time, inert whatever was said."""

import csv as lines
import hashlib
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import reportable
from reportable import ATTACK, CATALOGUE, RULES, Reader, bands, page, read

from callqa import text as language_layer
from callqa import truth
from callqa.reports import audio_uri, csv, document, encode, html, index
from callqa.reports.index import Row
from callqa.reports.numbers import Numbers
from callqa.reports.texts import Texts
from callqa.types import Dropped, Evidence, Measurement

LANGUAGES = ("ru", "en")


# --- the document -----------------------------------------------------------------------------------------------------


def test_the_document_has_the_shape_of_the_design():
    told = document(reportable.sales(), CATALOGUE)
    assert list(told) == ["call", "transcript", "measures", "scorecard"]
    assert list(told["call"])[:11] == [
        "id", "path", "sha256", "started_at", "duration", "channels", "language", "rep", "customer", "deal_id",
        "call_type",
    ]  # fmt: skip
    assert {"side", "start", "end", "text", "words"} == set(told["transcript"]["turns"][0])
    assert {"text", "start", "end", "confidence"} == set(told["transcript"]["turns"][0]["words"][0])
    assert {"value", "interval", "unit", "n", "trust", "reason", "evidence"} == set(told["measures"]["talk_share"])
    assert told["measures"]["talk_share"]["evidence"] == [{"start": 18.5, "end": 34, "note": "15 с подряд"}]
    assert told["measures"]["patience"]["value"] is None
    assert told["measures"]["patience"]["reason"] == "too_few"
    card = told["scorecard"]
    assert {"version", "score", "coverage", "trust", "blocks", "points_lost", "flags"} <= set(card)
    assert set(card["points_lost"][0]) == {
        "rule", "measure", "value", "band", "points", "quote", "start", "end",
    }  # fmt: skip


def test_points_lost_in_the_document_sum_to_what_is_missing():
    card = document(reportable.sales(), CATALOGUE)["scorecard"]
    assert round(sum(p["points"] for p in card["points_lost"]), 2) == round(100 - card["score"], 2)


def test_what_is_not_known_is_null_and_never_guessed():
    told = document(reportable.sales(metadata=reportable.Metadata("a.wav")), CATALOGUE)["call"]
    assert [told[k] for k in ("started_at", "rep", "customer", "deal_id", "direction")] == [None] * 5
    assert told["call_type"] == "discovery"  # the card's own: the band that was used


def test_a_measures_own_trust_goes_before_the_calls():
    told = document(reportable.sales(), CATALOGUE)["measures"]
    assert (told["pitch_slope"]["trust"], told["talk_share"]["trust"]) == ("low", "high")


def test_encoded_documents_are_json_with_whole_millisecond_times():
    measured = (
        *reportable.MEASURED[1:],
        Measurement("talk_share", 1 / 3, 10 / 3, evidence=(Evidence(1 / 3, 2 / 3, ""),)),
    )
    told = json.loads(encode(document(reportable.sales(measured=measured), CATALOGUE)))
    assert told["measures"]["talk_share"]["value"] == 0.333333
    assert told["measures"]["talk_share"]["evidence"][0]["start"] == 0.333


WRITE = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
import reportable as r
from callqa.reports import csv, document, encode, html
made = r.sales(r.STRICT)
parts = [encode(document(made, r.CATALOGUE)), csv(made, r.CATALOGUE).encode()]
parts += [html(made, r.CATALOGUE, r.bands(), language, "s.wav", r.RULES).encode() for language in ("ru", "en")]
print([hashlib.sha256(part).hexdigest() for part in parts])
"""


def test_page_document_and_table_are_the_same_to_the_byte_in_another_process():
    here = str(Path(__file__).parent)
    runs = [
        subprocess.run(
            [sys.executable, "-c", WRITE, here],
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed},
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    made = reportable.sales(reportable.STRICT)
    ours = [encode(document(made, CATALOGUE)), csv(made, CATALOGUE).encode()]
    ours += [html(made, CATALOGUE, bands(), language, "s.wav", RULES).encode() for language in LANGUAGES]
    assert runs[0] == runs[1]
    assert runs[0].strip() == str([hashlib.sha256(part).hexdigest() for part in ours])


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_a_measure_with_its_points():
    rows = {row["name"]: row for row in lines.DictReader(io.StringIO(csv(reportable.sales(), CATALOGUE)))}
    assert set(reportable.sales().measures) < set(rows)
    assert rows["talk_share"]["value"] == "0.756"
    assert (rows["patience"]["value"], rows["patience"]["reason"]) == ("", "too_few")
    assert rows["score"]["customer"] == "ООО «Василёк»"
    lost = sum(float(row["points_lost"] or 0) for name, row in rows.items() if name != "score")
    assert lost == pytest.approx(100 - float(rows["score"]["value"]))


@pytest.mark.parametrize(
    ("customer", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+7 999 000", "+7 999 000"),
        ("+cmd|x", "'+cmd|x"),
        ("Ромашка", "Ромашка"),
        (None, ""),
    ],
)
def test_a_customer_is_no_formula_to_a_spreadsheet(customer, cell):
    told = reportable.sales(metadata=reportable.Metadata("a.wav", customer_id=customer))
    row = next(lines.DictReader(io.StringIO(csv(told, CATALOGUE))))
    assert row["customer"] == cell


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("card", [reportable.CARD, reportable.STRICT], ids=["plain", "capped"])
def test_every_point_lost_is_on_the_page_with_value_band_quote_and_moment(language, card):
    scored = reportable.sales(card)
    seen = read(scored, language, card=card)
    numbers = Numbers(language)
    assert len(scored.scorecard.points_lost) >= 6
    for p in scored.scorecard.points_lost:
        unit = CATALOGUE[p.measure].unit
        said = (f"−{numbers.number(p.points, 2)}", numbers.value(p.value, unit), numbers.band(p.band, unit))
        for part in said:
            assert part.replace("\u00a0", " ") in seen.text, p.rule
        if p.start is not None:
            assert [
                a for a in seen.all("a", **{"class": "play"}) if float(a["data-t"]) == pytest.approx(p.start, abs=0.01)
            ]
    for quote in ("это дорого,", "вы должны", "Двенадцать."):
        assert quote in seen.text


def test_points_on_the_page_sum_to_what_is_missing():
    found = re.findall(r'class="cost">−([\d,]+)<', page())
    shown = sum(float(points.replace(",", ".")) for points in found)
    assert shown == pytest.approx(100 - reportable.sales().scorecard.score)


def test_points_lost_say_good_and_yours_in_plain_words():
    ru, en = read().text, read(language="en").text
    assert "Хорошо: 35–60 %, у вас 76 %." in ru
    assert "Good: 35–60%; this call: 76%." in en
    assert "Хорошо: 10–120 слов, у вас 4,5 слова." in ru
    assert "Хорошо: да, у вас нет." in ru
    assert "Совет: Говорите меньше клиента." in ru


def test_a_fatal_criterion_is_told_at_the_top():
    assert "Критическое нарушение: Запретные фразы" in read(card=reportable.STRICT).text
    assert "Критическое нарушение" not in read().text


def test_what_went_well_and_what_could_not_be_measured_are_told():
    seen = read().text
    assert "Темп речи: 131 сл./мин" in seen
    assert re.search(r"Терпение too few", seen)
    assert "Не прозвучали: Конкуренты." in seen
    assert "(rep/customer)" in seen  # the dialect stands beside the figure


@pytest.mark.parametrize(("handled", "shown"), [(1.0, True), (0.95, False)])
def test_praise_has_its_moment_only_where_nothing_is_missing(handled, shown):
    rules = tuple(replace(r, band=(0.0, 0.9, 1.0, 2.0)) if r.name == "handled" else r for r in RULES)
    card = replace(reportable.CARD, rules=rules)
    measured = [
        Measurement("objections_handled", handled, 1, evidence=(Evidence(61, 64, ""),))
        if m.name == "objections_handled"
        else m
        for m in reportable.MEASURED
    ]
    seen = read(reportable.sales(card, measured), card=card).text
    well = seen.partition("Что получилось")[2].partition("Оценки по блокам")[0]
    assert "Отработанные возражения: " in well
    assert ("Клиент: «Хорошо, присылайте, до свидания.»" in well) == shown


def test_trust_is_explained_in_words():
    assert "Доверие: высокое. У каждой стороны свой канал" in read().text
    low = reportable.sales(layout="mono", separation=0.1)
    assert "Trust: low. Voices, roles or words are uncertain." in read(low, "en").text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "reason",
    ["no_speech", "ivr_only", "voicemail", "too_short", "rep_silent", "customer_silent", "not_enough_evidence"],
)
def test_a_call_without_a_score_says_plainly_why_and_shows_the_rest(language, reason):
    made = reportable.voicemail()
    card = replace(made.scorecard, reason=reason, eligible=reason == "not_enough_evidence")
    seen = read(replace(made, scorecard=card), language)
    texts = Texts(language)
    assert texts.ui("no_score") in seen.text
    assert texts.told("ineligible_means", reason) in seen.text
    assert texts.ui("lost") not in seen.text
    assert "оставьте сообщение" in seen.text
    assert texts.ui("measures") in seen.text


def test_a_real_voicemail_is_told_as_one():
    assert reportable.voicemail().scorecard.reason == "voicemail"
    assert "Ответил автоответчик, разговора с клиентом не было." in read(reportable.voicemail()).text


def test_what_was_said_cannot_run_in_the_page():
    made = reportable.sales(
        path=f"calls/{ATTACK}.wav",
        metadata=reportable.Metadata("a.wav", rep_name=ATTACK, customer_id='"><img src=x onerror=alert(1)>'),
        dropped=(Dropped(ATTACK, 1, 2, ATTACK),),
        measured=(*reportable.MEASURED, Measurement("mine", 1.0, 1, evidence=(Evidence(42, 45, ATTACK),))),
    )
    whole = page(made, audio='x.wav" onerror="alert(1)')
    seen = Reader(whole)
    assert ATTACK not in whole
    assert ATTACK in seen.text
    assert len(seen.all("script")) == 1
    assert not seen.all("img")
    assert not [a for _, a in seen.tags if any(name.startswith("on") for name in a)]
    policy = next(a["content"] for a in seen.all("meta") if a.get("http-equiv"))
    assert "default-src 'none'" in policy


def test_the_page_names_nothing_outside_itself_but_the_sound():
    for whole in (page(), index([Row("a.wav", "a.html", score=5.0)], "ru")):
        seen = Reader(whole)
        assert {a.get("src") for _, a in seen.tags if "src" in a} <= {"s.wav"}
        assert all(a["href"][:1] in "#d" or a["href"] == "a.html" for _, a in seen.tags if "href" in a)
        assert "://" not in re.sub(r"\s", "", whole)


def test_links_lead_into_the_transcript_where_there_are_no_scripts():
    seen = read()
    ids = [a["id"] for _, a in seen.tags if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in seen.all("a") if a["href"].startswith("#t=")}
    assert len(targets) > 8
    assert targets <= set(ids)


def test_without_sound_there_is_no_player():
    assert not read(audio="").all("audio")
    assert read(audio="data:audio/wav;base64,AAAA").all("audio", src="data:audio/wav;base64,AAAA")


def test_sound_inside_the_page_is_named_by_its_format(tmp_path):
    path = tmp_path / "a.opus"
    path.write_bytes(b"abc")
    assert audio_uri(path) == "data:audio/ogg;base64,YWJj"


def test_an_hour_of_talk_is_a_page_of_bounded_size():
    turns = [
        reportable.turn("rep" if i % 2 else "customer", i * 6, i * 6 + 5, f"Это {i} реплика длинного разговора о деле.")
        for i in range(600)
    ]
    measured = [
        replace(m, evidence=tuple(Evidence(i * 6, i * 6 + 5, "x") for i in range(600)))
        for m in reportable.MEASURED
        if m.value is not None
    ]
    made = reportable.sales(turns=tuple(turns), seconds=3600.0, measured=measured)
    assert len(page(made).encode()) < 1_200_000
    assert len(page().encode()) < 120_000


def test_an_empty_recording_makes_a_page():
    made = reportable.sales(turns=(), measured=(), events=(), dropped=())
    assert made.scorecard.reason == "no_speech"
    assert "Слов в записи нет." in read(made).text


def test_voices_without_a_role_are_shown_as_unknown_in_transcript_and_timeline():
    turns = tuple(replace(turn, side="unknown") for turn in reportable.TURNS)
    whole = page(reportable.sales(turns=turns, measured=(), roles_by="undecided", roles_confidence=0.0))
    seen = Reader(whole)
    assert "Доверие: низкое." in seen.text
    assert "не удалось определить" in seen.text
    assert 'class="turn unknown"' in whole
    lanes = {lane for lane in ("rep", "customer", "unknown") if f"role-mark lane_{lane}_marks" in whole}
    assert lanes == {"unknown"}


# --- the index --------------------------------------------------------------------------------------------------------

ROWS = [
    Row(
        "a.wav", "a%20b.html", "2026-09-07T10:04:00", "Анна", "Ромашка", "discovery", 261.0, 82.4, 0.94, "high",
        top_loss="Доля речи",
    ),
    Row("b.wav", "b.html", duration=30.0, coverage=0.0, trust="low", reason="voicemail", call_type="cold"),
    Row("broken.wav", problem="/srv/broken.wav: 9 bytes of text, no sound", code="text"),
    Row("<b>.wav", problem="a new kind of trouble", code="quite_new"),
]  # fmt: skip


def test_the_index_lists_calls_and_what_was_set_aside_with_reasons():
    seen = Reader(index(ROWS, "ru"))
    assert [a["href"] for a in seen.all("a")] == ["a%20b.html", "b.html"]
    for part in (
        "82,4", "Доля речи", "94 %", "4:21", "07.09.2026 10:04", "автоответчик", "2 звонка", "с оценкой 1",
        "это текст, а не звук 9 bytes of text, no sound", "<b>.wav a new kind of trouble",
    ):  # fmt: skip
        assert part in seen.text, part
    assert "/srv/" not in seen.text


def test_the_index_reads_the_same_in_english_and_when_empty():
    assert "2 calls 1 with a score 1 without 2 files set aside" in Reader(index(ROWS, "en")).text
    assert "No call has been scored." in Reader(index([], "en")).text


# --- the labelled calls -----------------------------------------------------------------------------------------------

CALLS = Path(__file__).parents[2] / "shared" / "calls"


@pytest.mark.skipif(not CALLS.is_dir(), reason="the labelled calls (../shared/calls) are not here")
@pytest.mark.parametrize("name", ["o06-ru-forbidden-upset", "o10-ru-voicemail", "o12-en-monologue"])
def test_a_labelled_call_makes_a_page(name):
    (path,) = list(CALLS.glob(f"{name[:3]}*.json"))
    told = truth.read(path)
    made = told.call(reportable.call().recording, reportable.Metadata(told.audio.name))
    seen = read(replace(reportable.sales(), call=made), told.language)
    assert all(language_layer.quote(t.words, t.span)[:20] in seen.text for t in told.turns)

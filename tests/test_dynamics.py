"""Who talked how much, for how long, over whom and how fast, on time lines drawn by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoken import call, lexicons, measured, swapped, value

from callqa.analysers.dynamics import Dynamics
from callqa.analysers.rates import syllables

DYNAMICS = Dynamics(lexicons("backchannels"))


def spans(name, *lines, **about):
    return [(e.start, e.end) for e in measured(DYNAMICS, call(*lines, **about))[name].evidence]


@pytest.mark.parametrize(
    ("name", "lines", "expected"),
    [
        ("talk_share", ["rep 0-6 a", "customer 6-10 b"], 0.6),
        ("talk_share", ["rep 0-6 a", "customer 3-7 b"], 0.6),  # talking over each other counts for both
        ("talk_share", ["rep 0-6 a"], 1.0),  # the customer's silence is known
        ("talk_share", [], "no_speech"),
        ("talk_share", ["unknown 0-6 a", "rep 6-7 b"], "sides_unknown"),
        (
            "talk_share",
            ["rep 0-6 a", "rep 0-0.1 x", "customer 6-10 b", "customer 12-12.1 y"],
            0.6,
        ),  # clicks are no speech
        ("talk_share_of_span", ["rep 2-8 a", "customer 8-10 b", "customer 13-14 c"], 0.5),
        ("talk_share_of_call", ["rep 2-8 a", "customer 8-10 b"], 0.3),
        ("talk_share_of_speech", ["rep 0-6 a", "customer 3-7.5 b"], 0.8),  # at once counts once
        ("talk_ratio", ["rep 0-6 a", "customer 6-10 b"], 1.5),
        ("talk_ratio", ["rep 0-6 a"], "customer_silent"),
    ],
)
def test_shares_of_talk(name, lines, expected):
    assert value(DYNAMICS, call(*lines, duration=20.0), name) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lines", "expected", "where"),
    [
        (["rep 0-20 a", "customer 20-25 b", "rep 25-30 c"], 20, (0, 20)),
        (["rep 0-20 a", "customer 10-10.4 mm-hmm", "rep 21-40 c", "customer 40-44 d"], 40, (0, 40)),
        (["rep 0-20 a", "customer 20.2-20.8 yeah", "rep 21-40 c", "customer 40-44 d"], 40, (0, 40)),
        (
            ["rep 0-20 a", "customer 20.2-20.8 price", "rep 21-40 c", "customer 40-44 d"],
            20,
            (0, 20),
        ),  # it says something
        (["rep 0-20 a?", "customer 20.2-20.8 yeah", "rep 21-40 c", "customer 40-44 d"], 20, (0, 20)),  # it is an answer
        (["rep 0-20 a", "rep 23-30 b", "customer 30-31 c"], 30, (0, 30)),
        (["rep 0-20 a", "rep 23.1-30 b", "customer 30-31 c"], 20, (0, 20)),  # a pause over 3 s ends a turn
        (["customer 0-4 a"], "rep_silent", None),
    ],
)
def test_the_longest_monologue_passes_over_listening_signals(lines, expected, where):
    assert value(DYNAMICS, call(*lines), "longest_monologue") == pytest.approx(expected)
    assert spans("longest_monologue", *lines)[:1] == ([where] if where else [])


def test_monologues_are_counted_from_their_length_on():
    lines = ["rep 0-60 a", "customer 61-62 b", "rep 63-122.9 c", "customer 123-124 d", "rep 125-250 e"]
    assert value(DYNAMICS, call(*lines), "monologues_over_60") == 2
    assert value(DYNAMICS, call(*lines), "monologues_over_120") == 1
    assert spans("monologues_over_60", *lines) == [(125, 250), (0, 60)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["rep 0-1 a", "customer 1-20 b", "rep 20.5-22 tell me more", "customer 22.5-40 c"], 39),
        (["rep 0-1 a", "customer 1-20 b", "rep 20.5-23 tell me more of it", "customer 23.5-40 c"], 19),  # over 2 s
        (["rep 0-1 a", "customer 1-20 b", "rep 23.5-24 so then", "customer 24.5-40 c"], 19),  # after a pause over 3 s
        (["customer 1-20 b", "rep 20-21 well then", "rep 25-26 anyway then", "customer 26-40 c"], 19),  # two remarks
    ],
)
def test_a_customers_story_goes_on_after_a_short_remark(lines, expected):
    assert value(DYNAMICS, call(*lines), "longest_customer_story") == pytest.approx(expected)


def test_switches_and_interactivity_count_changes_of_floor():
    lines = ["rep 0-10 a", "customer 10-20 b", "rep 20-30 c", "rep 35-40 d", "customer 40-60 e"]
    assert value(DYNAMICS, call(*lines), "switches_per_minute") == 3
    assert value(DYNAMICS, call(*lines), "interactivity") == pytest.approx(10 * 3 / 8)
    demo = Dynamics(references={"demo": 3.0})
    assert value(demo, call(*lines, call_type="demo"), "interactivity") == 10
    assert spans("switches_per_minute", *lines)[0] == (20, 40)  # the longest stretch in one hand
    assert value(DYNAMICS, call("rep 0-10 a"), "switches_per_minute") == "customer_silent"


@pytest.mark.parametrize(
    ("lines", "patience", "early"),
    [
        (["customer 0-5 a", "rep 5.4-8 b", "customer 9-12 c", "rep 13-15 d"], 0.7, 0),
        (["customer 0-5 a", "rep 5.4-8 b", "customer 9-12 c", "rep 11.8-15 d"], 0.4, 0.5),
        (["customer 0-5 a", "rep 4.8-8 b"], "no_changes", 1),
        (["rep 0-5 a", "customer 6-8 b"], "no_changes", "no_changes"),
        (["rep 0-5 a"], "customer_silent", "customer_silent"),
    ],
)
def test_patience_is_the_wait_before_taking_the_floor(lines, patience, early):
    assert value(DYNAMICS, call(*lines), "patience") == pytest.approx(patience)
    assert value(DYNAMICS, call(*lines), "patience_negative_share") == pytest.approx(early)


def test_music_between_two_turns_says_nothing_of_patience():
    lines = ["customer 0-5 a", "rep 25-30 b", "customer 31-35 c", "rep 36-40 d"]
    assert value(DYNAMICS, call(*lines), "patience") == pytest.approx(10.5)
    assert value(DYNAMICS, call(*lines, events=[("hold_music", 6, 24)]), "patience") == 1


@pytest.mark.parametrize(
    ("lines", "default", "any_overlap", "over_1"),
    [
        (["customer 0-10 a", "rep 9.4-15 b"], 1, 1, 0),  # 0.6 s together
        (["customer 0-10 a", "rep 9.5-15 b"], 0, 1, 0),  # 0.5 s is not more than 0.5 s
        (["customer 0-10 a", "rep 8.5-15 b"], 1, 1, 1),
        (["customer 0-10 a", "rep 4-4.5 b", "rep 11-12 c"], 0, 1, 0),  # a listening signal by its length
        (["customer 0-10 a", "rep 4-5.5 yes yes right", "rep 11-12 c"], 0, 1, 1),  # and by its words
        (["customer 0-10 a", "rep 4-7 but wait a moment", "rep 11-12 c"], 0, 1, 1),  # did not get the floor
        (["customer 0-10 a", "rep 10-15 b"], 0, 0, 0),
        (["rep 9.4-15 b"], "customer_silent", "customer_silent", "customer_silent"),
    ],
)
def test_interruptions_and_their_dialects(lines, default, any_overlap, over_1):
    got = [value(DYNAMICS, call(*lines), f"interruptions{end}") for end in ("", "_any_overlap", "_over_1")]
    assert got == [default, any_overlap, over_1]


def test_an_interruption_points_at_its_moment_and_is_a_rate_of_the_active_time():
    lines = ["customer 0-10 a", "rep 9-15 b", "customer 15-30 c"]
    assert spans("interruptions", *lines) == [(9, 12)]
    assert value(DYNAMICS, call(*lines), "interruptions_per_minute") == 2
    assert value(DYNAMICS, call(*lines), "interruptions_customer") == 0
    assert value(DYNAMICS, call(*lines), "overtalk_share") == pytest.approx(1 / 30, abs=1e-8)


SILENT = ["rep 0-10 a", "customer 13-15 b", "rep 19.5-20 c", "customer 31-40 d"]


@pytest.mark.parametrize(
    ("name", "expected", "where"),
    [
        ("silence_share", 18.5 / 40, [(20, 31), (15, 19.5)]),
        ("silences_over_3", 2, [(20, 31), (15, 19.5)]),  # 3.0 s is not over 3 s
        ("silences_over_4", 2, [(20, 31), (15, 19.5)]),
        ("silences_over_10", 1, [(20, 31)]),
        ("longest_silence", 11, [(20, 31)]),
    ],
)
def test_silences_longest_first(name, expected, where):
    assert value(DYNAMICS, call(*SILENT), name) == pytest.approx(expected)
    assert spans(name, *SILENT) == where


def test_a_silence_names_who_spoke_last_and_who_speaks_next():
    notes = [e.note for e in measured(DYNAMICS, call(*SILENT))["silences_over_4"].evidence]
    assert notes == ["11 s: rep before, customer after", "4.5 s: customer before, rep after"]
    notes = [e.note for e in measured(DYNAMICS, call(*SILENT, language="ru"))["silences_over_4"].evidence]
    assert notes == ["11 с: до паузы менеджер, после клиент", "4,5 с: до паузы клиент, после менеджер"]


def test_hold_music_is_no_silence_and_a_voice_that_nobody_knows_is_none_either():
    lines = ["rep 0-10 a", "customer 30-40 b"]
    assert value(DYNAMICS, call(*lines), "silence_share") == 0.5
    assert value(DYNAMICS, call(*lines, events=[("hold_music", 12, 28)]), "silence_share") == pytest.approx(4 / 24)
    assert value(DYNAMICS, call(*lines, "unknown 12-28 c"), "longest_silence") == 2
    assert measured(DYNAMICS, call(*lines, "unknown 12-28 c"))["longest_silence"].trust == "low"


def test_dialects_name_their_product():
    dialects = {m.name: m.dialect for m in DYNAMICS.measures if m.dialect}
    assert dialects["silences_over_3"] == dialects["interruptions_over_1"] == "MiiTel"
    assert dialects["silences_over_4"] == dialects["interruptions_any_overlap_customer"] == "VoiceBase"


def test_speech_rate_leaves_pauses_out_and_needs_15_seconds():
    words = " ".join(["слово"] * 30)
    assert value(DYNAMICS, call(f"rep 0-15 {words}", language="ru"), "speech_rate") == pytest.approx(120)
    assert value(DYNAMICS, call(f"rep 0-15 {words}", language="ru"), "syllable_rate") == pytest.approx(4)
    assert value(DYNAMICS, call(f"rep 0-14.9 {words}", language="ru"), "speech_rate") == "too_little_speech"
    # the same pace with a pause of half a second in every third place
    paused = " ".join(["слово", "слово", "|"] * 20)
    assert value(DYNAMICS, call(f"rep 0-30 {paused}", language="ru"), "speech_rate") == pytest.approx(120)
    assert value(DYNAMICS, call("rep 0-30", language="ru"), "speech_rate") == "no_words"
    assert value(DYNAMICS, call(f"rep 0-15 {words}", language="ru"), "speech_rate_customer") == "customer_silent"


def test_numerals_do_not_count_in_the_syllable_rate():
    words = " ".join(["слово", "12400"] * 30)
    assert value(DYNAMICS, call(f"rep 0-29 {words}", language="ru"), "syllable_rate") == "too_little_speech"
    words = " ".join(["слово"] * 40 + ["12400"] * 20)
    assert value(DYNAMICS, call(f"rep 0-30 {words}", language="ru"), "syllable_rate") == pytest.approx(4)


def test_rate_drift_compares_the_last_third_with_the_first():
    slow, fast = " ".join(["слово"] * 20), " ".join(["слово"] * 40)
    lines = [f"rep 0-10 {slow}", "customer 10-20 да", f"rep 20-30 {fast}"]
    assert value(DYNAMICS, call(*lines, language="ru"), "rate_drift") == pytest.approx(2)
    assert spans("rate_drift", *lines, language="ru")[0][0] == 20
    assert value(DYNAMICS, call(*lines[:2], f"rep 28-30 {fast}"), "rate_drift") == "too_little_speech"


def test_rate_gap_compares_the_phrases_on_either_side_of_a_change():
    lines = ["rep 0-4 мама мыла раму мама", "customer 5-9 мама мыла раму мама мыла раму мама мыла"]
    assert value(DYNAMICS, call(*lines, language="ru"), "rate_gap") == "no_pairs"  # a phrase has five words
    lines[0] = "rep 0-5 мама мыла раму мама мыла"
    assert value(DYNAMICS, call(*lines, language="ru"), "rate_gap") == pytest.approx(2)


SYLLABLES = {
    1: "the price asked makes called use sales whole there eye you'd don't fuel build please leads charged",
    2: "prices table wanted business schedule invoice really create going question people science quiet being lovely"
    " something basement trial closes boxes pages offered didn't season address every language hundred handled settled",
    3: "customer idea appointment company area radio media services employees serious example accounting insurance",
    4: "delivery usually situation variety society reasonable everybody january experience available",
}


@pytest.mark.parametrize(("expected", "words"), SYLLABLES.items())
def test_english_syllables(expected, words):
    wrong = {w: n for w in words.split() if (n := syllables(w, "en")) != expected}
    assert wrong == {}


def test_russian_syllables_are_vowels():
    assert [syllables(w, "ru") for w in ("Здравствуйте,", "в", "объём", "ЕЁ", "12")] == [3, 0, 2, 2, 0]


@pytest.mark.parametrize(
    "field", [{"silences_over": ()}, {"silences_over": (0.2,)}, {"reference": 0}, {"rate_speech": 0}]
)
def test_parameters_that_make_no_sense_are_refused(field):
    with pytest.raises(ValueError, match=r"silences_over|more than 0"):
        Dynamics(**field)


WORDS = ("да", "угу", "так", "цена?", "склад.", "посмотрим")
TURNS = st.lists(
    st.tuples(
        st.sampled_from(["rep", "customer"]), st.integers(0, 400), st.integers(1, 80), st.lists(st.sampled_from(WORDS))
    ),
    max_size=14,
)


def drawn(rows):
    return [f"{side} {start / 4}-{(start + length) / 4} {' '.join(words)}" for side, start, length, words in rows]


@given(TURNS, st.integers(1, 400))
def test_moving_a_call_in_time_changes_no_figure(rows, shift):
    there = {m.name: (m.value, m.reason, m.n) for m in DYNAMICS.analyse(call(*drawn(rows), duration=200))}
    moved = call(*drawn(rows), shift=shift / 4, duration=200)
    for m in DYNAMICS.analyse(moved):
        assert (m.value, m.reason, m.n) == (pytest.approx(there[m.name][0]), *there[m.name][1:]), m.name


@given(TURNS)
def test_exchanging_the_sides_exchanges_their_figures(rows):
    there = {m.name: m for m in DYNAMICS.analyse(call(*drawn(rows)))}
    back = {m.name: m for m in DYNAMICS.analyse(swapped(call(*drawn(rows))))}
    for name in (n for n in there if f"{n}_customer" in there):
        assert there[name].value == pytest.approx(back[f"{name}_customer"].value), name
    for name in ("switches_per_minute", "overtalk_share", "silence_share", "longest_silence", "rate_gap"):
        assert there[name].value == pytest.approx(back[name].value), name


@given(TURNS)
def test_shares_lie_between_nothing_and_all(rows):
    units = {m.name: m.unit for m in DYNAMICS.measures}
    for m in DYNAMICS.analyse(call(*drawn(rows), duration=200)):
        assert m.value is None or m.value >= 0, m.name
        assert m.value is None or units[m.name] != "0-1" or m.value <= 1, m.name
        assert all(e.start <= e.end and e.note for e in m.evidence), m.name

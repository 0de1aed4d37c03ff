"""What holds for every analyser on any call: tried on calls that hypothesis makes up of real sentences."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callqa.analysers.registry import catalogue, make
from callqa.config import load, shipped
from callqa.types import Call, Metadata, Recording, Sounds, Track, Transcript, Turn, Word

SETTINGS = load(shipped("configs") / "callqa.toml")
ANALYSERS = {choice.use: made for choice, made in zip(SETTINGS.analysers, make(SETTINGS.analysers, "x"), strict=True)}
CATALOGUE = catalogue(ANALYSERS.values())
SOUND_ONLY = {"dynamics", "tone"}  # what these tell needs no words, or not words alone
SAID = {
    "ru": {
        "rep": (
            "Добрый день! Меня зовут Анна, компания Складовик. Вам удобно говорить?",
            "Расскажите, пожалуйста, как у вас устроен учёт на складе?",
            "Понимаю вас. Наша система, э-э, стоит двенадцать тысяч в месяц.",
            "А с чем вы сравниваете? Или вам нужно подумать?",
            "Давайте встретимся в четверг в десять утра.",
            "Вы должны решить сегодня, верно?",
            "Угу.",
            "Спасибо, всего доброго!",
        ),
        "customer": (
            "Да, слушаю.",
            "Ну, смотрите, у нас два склада, всё ведём в экселе. Решает директор.",
            "Это очень дорого для нас, у конкурентов дешевле.",
            "А сколько это стоит?",
            "Хорошо, договорились, до четверга.",
            "Ага.",
            "Нам надо подумать, безобразие какое-то.",
        ),
    },
    "en": {
        "rep": (
            "Good morning, this is Anna from Acme. Is it a good time to talk?",
            "How do you track your vans at the moment?",
            "I understand. It is, um, twenty dollars per van per month.",
            "What do you compare it with? Monthly or yearly?",
            "Let us meet on Thursday at ten.",
            "You know, you must decide today, right?",
            "Mm-hmm.",
            "Thank you, goodbye!",
        ),
        "customer": (
            "Yes, go ahead.",
            "Well, we have nine vans and everything is on paper. My manager decides.",
            "That is too expensive for us, your competitor is cheaper.",
            "How much is it?",
            "Okay, Thursday works, thank you.",
            "Right.",
            "We need to think about it, this is terrible.",
        ),
    },
}
QUICK = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def voiced(call):
    """The call with two voices that rise and fall, from its first sample on."""
    frames = np.arange(round(call.recording.duration * 100))
    tracks = {
        side: Track(0.01, low + 3.0 * (frames * 7 % 40), -20.0 - 0.2 * (frames * 3 % 60))
        for side, low in (("rep", 120.0), ("customer", 190.0))
    }
    return replace(call, tracks=tracks)


@st.composite
def calls(draw, sides=("rep", "customer"), silent=False):
    """Quarters of seconds: whole frames and binary fractions, so that shifting a call rounds nothing."""
    language = draw(st.sampled_from(["ru", "en"]))
    turns, now = [], 0.0
    for _ in range(draw(st.integers(2, 12))):
        side = draw(st.sampled_from(sides))
        words = [] if silent else draw(st.sampled_from(SAID[language][side])).split()
        length = draw(st.integers(1, 3)) / 4 * max(1, len(words))
        start = max(0.0, now + draw(st.integers(-4, 20)) / 4)
        step = length / max(1, len(words))
        timed = tuple(Word(w, start + i * step, start + (i + 1) * step) for i, w in enumerate(words))
        turns.append(Turn(side, start, start + length, timed))
        now = start + length
    turns.sort(key=lambda t: (t.start, t.end, t.side))
    events = (Sounds("hold_music", now + 1, now + 9),) if draw(st.booleans()) else ()
    duration = now + 10
    recording = Recording("a", "a.wav", "a", duration, 8000, 2, "")
    return Call(recording, Metadata("a.wav"), Transcript(language, tuple(turns), events=events))


def moved(call, by):
    """The same call, begun ``by`` whole seconds later."""
    told = call.transcript
    turns = tuple(
        replace(
            t,
            start=t.start + by,
            end=t.end + by,
            words=tuple(replace(w, start=w.start + by, end=w.end + by) for w in t.words),
        )
        for t in told.turns
    )
    events = tuple(replace(e, start=e.start + by, end=e.end + by) for e in told.events)
    tracks = {
        side: Track(t.step, np.pad(t.f0, (by * 100, 0)), np.pad(t.level, (by * 100, 0), constant_values=-120.0))
        for side, t in call.tracks.items()
    }
    return replace(call, transcript=replace(told, turns=turns, events=events), tracks=tracks)


def swapped(call):
    other = {"rep": "customer", "customer": "rep"}
    turns = tuple(replace(t, side=other[t.side]) for t in call.transcript.turns)
    tracks = {other[side]: track for side, track in call.tracks.items()}
    return replace(call, transcript=replace(call.transcript, turns=turns), tracks=tracks)


def split(call, which):
    """The same call with one turn cut in two between its words, nothing between them."""
    turns = list(call.transcript.turns)
    turn = turns[which % len(turns)]
    if len(turn.words) > 1:
        middle = len(turn.words) // 2
        at = turn.words[middle].start
        turns[which % len(turns) : which % len(turns) + 1] = [
            replace(turn, end=at, words=turn.words[:middle]),
            replace(turn, start=at, words=turn.words[middle:]),
        ]
    return replace(call, transcript=replace(call.transcript, turns=tuple(turns)))


def lengthened(call, by):
    """The same call with ``by`` seconds of silence behind it."""
    tracks = {
        side: Track(t.step, np.pad(t.f0, (0, by * 100)), np.pad(t.level, (0, by * 100), constant_values=-120.0))
        for side, t in call.tracks.items()
    }
    recording = replace(call.recording, duration=call.recording.duration + by)
    return replace(call, recording=recording, tracks=tracks)


def figures(analyser, call):
    """Every value, or the reason that there is none."""
    return {m.name: m.reason if m.value is None else round(m.value, 6) for m in analyser.analyse(call)}


@QUICK
@given(call=calls(), by=st.integers(1, 600))
def test_a_call_that_begins_later_has_the_same_figures_and_later_moments(call, by):
    # moments are rounded to milliseconds
    call = voiced(call)
    later = moved(call, by)
    for made in ANALYSERS.values():
        here, there = (list(made.analyse(c)) for c in (call, later))
        # a share of the call's whole length is the one figure that may know when the recording begins
        for a, b in zip(here, there, strict=True):
            if a.name != "talk_share_of_call":
                assert (a.name, a.reason, a.value) == (b.name, b.reason, pytest.approx(b.value, abs=1e-5))
            assert [e.note for e in a.evidence] == [e.note for e in b.evidence], a.name
            for e, f in zip(a.evidence, b.evidence, strict=True):
                assert (e.start + by, e.end + by) == pytest.approx((f.start, f.end), abs=2e-3), a.name


@QUICK
@given(call=calls())
def test_swapping_the_sides_swaps_every_figure_of_a_side(call):
    call = voiced(call)
    other = swapped(call)
    for made in ANALYSERS.values():
        here, there = figures(made, call), figures(made, other)
        pairs = [name for name in here if f"{name}_customer" in here]
        renamed = {"rep_silent": "customer_silent", "customer_silent": "rep_silent"}
        for name in pairs:
            assert here[name] == renamed.get(there[f"{name}_customer"], there[f"{name}_customer"]), name
            assert here[f"{name}_customer"] == renamed.get(there[name], there[name]), name


@QUICK
@given(call=calls(), which=st.integers(0, 11))
def test_splitting_a_turn_with_no_gap_changes_no_figure(call, which):
    call = voiced(call)
    cut = split(call, which)
    for made in ANALYSERS.values():
        assert figures(made, cut) == figures(made, call)


@QUICK
@given(call=calls(), by=st.integers(1, 90))
def test_silence_at_the_end_changes_nothing_but_the_length(call, by):
    call = voiced(call)
    longer = lengthened(call, by)
    for made in ANALYSERS.values():
        here, there = figures(made, call), figures(made, longer)
        share = here.pop("talk_share_of_call", None)
        assert here == {name: value for name, value in there.items() if name in here}
        if isinstance(share, float):
            expected = share * call.recording.duration / longer.recording.duration
            assert there["talk_share_of_call"] == pytest.approx(expected, abs=1e-5)


@QUICK
@given(call=calls())
def test_shares_stay_between_0_and_1_and_counts_are_counts(call):
    for made in ANALYSERS.values():
        for m in made.analyse(voiced(call)):
            unit = CATALOGUE[m.name].unit
            if m.value is not None and unit in ("0-1", "bool"):
                assert 0 <= m.value <= 1, m.name
            if m.value is not None and unit in ("count", "bool"):
                assert m.value == int(m.value) >= 0, m.name
            assert m.n >= 0, m.name


@QUICK
@given(call=calls())
def test_of_sides_that_nobody_knows_nothing_is_told(call):
    turns = tuple(replace(t, side="unknown") for t in call.transcript.turns)
    nobody = replace(call, transcript=replace(call.transcript, turns=turns), tracks={})
    for made in ANALYSERS.values():
        told = {name: value for name, value in figures(made, nobody).items() if not isinstance(value, str)}
        assert told == {}


@QUICK
@given(call=calls(silent=True))
def test_of_speech_without_words_no_phrase_is_counted_as_never_said(call):
    for name, made in ANALYSERS.items():
        if name not in SOUND_ONLY:
            told = {n: value for n, value in figures(made, call).items() if not isinstance(value, str)}
            assert told == {}, name


@QUICK
@given(call=calls(sides=("rep",)))
def test_of_a_customer_who_never_speaks_nothing_is_told(call):
    for made in ANALYSERS.values():
        told = {n: v for n, v in figures(made, call).items() if n.endswith("_customer") and not isinstance(v, str)}
        assert told == {}


@QUICK
@given(call=calls(sides=("customer",)))
def test_of_a_rep_who_never_speaks_nothing_is_told(call):
    for made in ANALYSERS.values():
        values = figures(made, call)
        told = {n: v for n, v in values.items() if f"{n}_customer" in values and not isinstance(v, str)}
        assert told == {}

"""What every analyser promises: those of the shipped settings, and one that another package plugs in."""

import dataclasses
import pickle
import sys
from importlib import invalidate_caches

import pytest
from spoken import call

from callqa.analysers.registry import SHIPPED, catalogue, make
from callqa.config import Choice, load, shipped
from callqa.errors import ConfigError
from callqa.types import Call, Measure, Track

SETTINGS = load(shipped("configs") / "callqa.toml")
ANALYSERS = {choice.use: made for choice, made in zip(SETTINGS.analysers, make(SETTINGS.analysers, "x"), strict=True)}

PLUGIN = '''"""An analyser from another package."""
from dataclasses import dataclass

from callqa.types import Measure, Measurement


@dataclass(frozen=True)
class Greetings:
    word: str = "hello"
    least: int = 1

    @property
    def measures(self):
        return (Measure("greetings", "count", "Greetings", "Приветствия"),)

    def analyse(self, call):
        said = [w.text.lower() for turn in call.transcript.turns for w in turn.words]
        if not said:
            yield Measurement("greetings", None, reason="no_words")
        else:
            yield Measurement("greetings", float(said.count(self.word)), len(said))


@dataclass(frozen=True)
class NoAnalyse:
    measures: tuple = (Measure("nothing", "count", "Nothing", "Ничего"),)


@dataclass(frozen=True)
class NoMeasures:
    def analyse(self, call):
        return ()


class Plain:
    measures = ()

    def analyse(self, call):
        return ()
'''
POINTS = """[callqa.analysers]
greetings = acme_calls:Greetings
acme.greetings = acme_calls:Greetings
no_analyse = acme_calls:NoAnalyse
no_measures = acme_calls:NoMeasures
plain = acme_calls:Plain
gone = acme_calls:Gone
away = acme_missing:Gone
"""


@pytest.fixture(scope="module")
def acme(tmp_path_factory):
    """A package installed as pip would: its module, and its entry points in a dist-info folder."""
    folder = tmp_path_factory.mktemp("site-packages")
    (folder / "acme_calls.py").write_text(PLUGIN)
    info = folder / "acme_calls-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-calls\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    sys.path.insert(0, str(folder))
    invalidate_caches()
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop("acme_calls", None)


def waving(seconds):
    frames = range(round(seconds * 100))
    return Track(0.01, [180.0 + 20 * (i % 50) / 50 for i in frames], [-20.0 - 0.2 * (i % 60) for i in frames])


RUSSIAN = (
    "rep 0-6 Добрый день! Меня зовут Анна, компания Складовик. Вам удобно говорить?",
    "customer 6.5-8 Да, удобно.",
    "rep 8.5-14 Расскажите, пожалуйста, как у вас устроен учёт на складе?",
    "customer 15-40 Ну, смотрите, у нас два склада, всё ведём в экселе, и бюджет на это есть. Решает директор.",
    "rep 24-24.4 Угу.",
    "rep 39-60 Понимаю вас. Наша система, э-э, стоит двенадцать тысяч в месяц.",
    "customer 61-64 Это очень дорого для нас.",
    "rep 68-80 Понимаю, сумма заметная. А с чем вы сравниваете? Давайте встретимся в четверг в десять утра.",
    "customer 80.5-83 Хорошо, договорились, до четверга.",
)
ENGLISH = (
    "rep 0-6 Good morning, this is Anna from Acme. Is it a good time to talk?",
    "customer 6.5-8 Yes, go ahead.",
    "rep 8.5-14 How do you track your vans at the moment?",
    "customer 15-40 Well, we have nine vans, and, um, everything is on paper. The budget is decided by my manager.",
    "rep 24-24.4 Mm-hmm.",
    "rep 39-60 I understand. It is twenty dollars per van per month.",
    "customer 61-64 That is too expensive for us.",
    "rep 68-80 I hear you. What do you compare it with? Let us meet on Thursday at ten.",
    "customer 80.5-83 Okay, Thursday works, thank you.",
)
TRACKS = {"rep": waving(85), "customer": waving(85)}
# seconds that binary fractions hold, so that shifting does not round
CALLS = {
    "empty": call(),
    "silent side": call("rep 0-20 Добрый день, это Анна. Перезвоните мне, пожалуйста.", language="ru"),
    "customer alone": call("customer 0-20 Hello? Is anybody there?", tracks={"customer": waving(20)}),
    "wordless": call("rep 0-10", "customer 11-20", language="ru"),
    "nobody known": call("unknown 0-10 Добрый день", "unknown 11-20 Да, слушаю", language="ru"),
    "menu": call("ivr 0-10 Нажмите один", language="ru", events=[("hold_music", 11, 30)]),
    "russian": call(*RUSSIAN, language="ru", tracks=TRACKS, call_type="discovery"),
    "english": call(*ENGLISH, tracks=TRACKS, events=[("hold_music", 64.5, 67)]),
    "no sound": call(*RUSSIAN, language="ru"),
}


def results(analyser, a_call):
    return list(analyser.analyse(a_call))


@pytest.fixture(params=[*ANALYSERS, "greetings"])
def analyser(request, acme):
    if request.param in ANALYSERS:
        return ANALYSERS[request.param]
    return make([Choice("greetings")], "callqa.toml")[0]


@pytest.fixture(params=CALLS)
def a_call(request):
    return CALLS[request.param]


def test_the_shipped_settings_use_every_shipped_analyser():
    assert sorted(ANALYSERS) == sorted(SHIPPED)


def test_an_analyser_is_a_frozen_value_that_travels_between_processes(analyser):
    assert dataclasses.is_dataclass(analyser)
    field = dataclasses.fields(analyser)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(analyser, field, None)
    back = pickle.loads(pickle.dumps(analyser))
    assert back == analyser
    assert results(back, CALLS["russian"]) == results(analyser, CALLS["russian"])


def test_measures_have_a_name_a_unit_and_labels_in_both_languages(analyser):
    names = [measure.name for measure in analyser.measures]
    assert len(names) == len(set(names))
    assert all(m.unit and m.en and m.ru for m in analyser.measures)


def test_every_declared_measure_is_given_once_and_in_order(analyser, a_call):
    assert [m.name for m in analyser.analyse(a_call)] == [measure.name for measure in analyser.measures]


def test_a_measurement_has_a_value_or_a_reason_and_evidence_inside_the_call(analyser, a_call):
    for m in analyser.analyse(a_call):
        assert (m.value is None) == (m.reason is not None), m.name
        assert m.reason is None or m.reason.isidentifier(), m.name
        assert m.value is None or isinstance(m.value, float), m.name
        assert all(0 <= e.start <= e.end <= a_call.recording.duration + 1e-6 for e in m.evidence), m.name


def test_the_same_call_gives_the_same_answer(analyser, a_call):
    assert results(analyser, a_call) == results(analyser, a_call)


def test_nothing_is_known_of_an_empty_call(analyser):
    assert all(m.value is None for m in analyser.analyse(CALLS["empty"])), analyser


@pytest.mark.parametrize(("lines", "language"), [(RUSSIAN, "ru"), (ENGLISH, "en")])
def test_a_later_start_moves_the_evidence_and_nothing_else(analyser, lines, language):
    shift = 32.0
    shifted = {side: _later(track, shift) for side, track in TRACKS.items()}
    there = results(analyser, call(*lines, language=language, tracks=TRACKS, duration=200))
    later = results(analyser, call(*lines, language=language, tracks=shifted, shift=shift, duration=200))
    for m, moved in zip(there, later, strict=True):
        assert (moved.name, moved.reason, moved.trust) == (m.name, m.reason, m.trust)
        assert moved.value == pytest.approx(m.value), m.name
        assert moved.n == pytest.approx(m.n), m.name
        assert [e.note for e in moved.evidence] == [e.note for e in m.evidence], m.name
        assert [e.start - shift for e in moved.evidence] == pytest.approx([e.start for e in m.evidence]), m.name


def _later(track, shift):
    frames = round(shift / track.step)
    return Track(track.step, [0.0] * frames + list(track.f0), [-120.0] * frames + list(track.level))


def test_the_catalogue_holds_every_measure_by_its_name():
    known = catalogue(ANALYSERS.values())
    assert list(known) == [m.name for analyser in ANALYSERS.values() for m in analyser.measures]
    needed = {
        "talk_share",
        "longest_monologue",
        "silence_share",
        "questions",
        "interruptions",
        "patience",
        "script_coverage",
    }
    assert needed <= set(known)
    assert known["talk_share"] == Measure("talk_share", "0-1", "Rep's share of the talking", "Доля речи менеджера")


def test_two_analysers_of_one_measure_are_refused():
    both = make([Choice("tone"), Choice("tone")], "callqa.toml")
    with pytest.raises(ConfigError, match="analysers: pitch_spread: given by Tone and by Tone; drop one"):
        catalogue(both)


def test_a_plugin_is_used_by_its_entry_points_name_with_its_options(acme):
    (greetings,) = make([Choice("greetings", {"word": "добрый"})], "callqa.toml")
    assert greetings.word == "добрый"
    assert [(m.name, m.value) for m in greetings.analyse(CALLS["russian"])] == [("greetings", 1.0)]
    (same,) = make([Choice("acme.greetings")], "callqa.toml")
    assert catalogue([*ANALYSERS.values(), same])["greetings"].ru == "Приветствия"


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice("dynamiks"), "analysers[0].dynamiks: unknown; did you mean 'dynamics'?"),
        (Choice("greeting"), "analysers[0].greeting: unknown; did you mean 'greetings'?"),
        (Choice("dynamics", {"overlap_mn": 1.0}), "analysers[0].overlap_mn: unknown; did you mean 'overlap_min'?"),
        (Choice("dynamics", {"overlap_min": "long"}), "analysers[0]: Expected `float`, got `str` - at `$.overlap_min`"),
        (Choice("dynamics", {"reference": 0.0}), "analysers[0]: reference, references, rate_speech and drift_speech"),
        (Choice("greetings", {"least": "one"}), "analysers[0]: Expected `int`, got `str` - at `$.least`"),
        (Choice("no_analyse"), "analysers[0].no_analyse: is no analyser: it has no analyse(call)"),
        (Choice("no_measures"), "analysers[0].no_measures: is no analyser: 'measures' must be a tuple of Measure"),
        (Choice("plain"), "analysers[0].plain: acme_calls:Plain is no frozen dataclass"),
        (Choice("gone"), "analysers[0].gone: acme_calls:Gone cannot be loaded: module 'acme_calls' has no attribute"),
        (Choice("away"), "analysers[0].away: acme_missing:Gone cannot be loaded: No module named 'acme_missing'"),
    ],
)
def test_what_is_no_analyser_is_told_with_its_place(acme, choice, message):
    with pytest.raises(ConfigError) as caught:
        make([choice], "team.toml")
    assert str(caught.value).startswith(f"team.toml: {message}")


def test_calls_that_come_together_are_judged_apart(analyser):
    # no state is left behind by another call
    alone = results(analyser, CALLS["english"])
    results(analyser, CALLS["russian"])
    assert results(analyser, CALLS["english"]) == alone
    assert isinstance(CALLS["english"], Call)


@pytest.mark.parametrize(
    "name",
    [
        "dynamics",
        "questions",
        "fillers",
        "tone",
        "phases",
        "mentions",
        "offers",
        "sentiment",
        "engagement",
        "confidence",
    ],
)
def test_every_measure_stands_in_the_manual(name):
    pages = "".join(page.read_text() for page in sorted((shipped("configs").parent / "docs" / "measures").glob("*.md")))
    kinds = {
        f"questions_{kind}{end}"
        for kind in ("open", "closed", "alternative", "tag", "rhetorical")
        for end in ("", "_customer")
    }
    missing = [m.name for m in ANALYSERS[name].measures if f"`{m.name}`" not in pages and m.name not in kinds]
    assert missing == []


def test_the_manuals_plugin_is_an_analyser():
    page = (shipped("configs").parent / "docs" / "measures" / "plugins.md").read_text()
    there = {}
    exec(page.split("```python\n")[1].split("```")[0], there)
    (greeting,) = there["Greetings"]("добрый").analyse(CALLS["russian"])
    assert (greeting.value, greeting.evidence[0].start) == (1.0, 0)


@pytest.mark.parametrize("name", ANALYSERS)
@pytest.mark.parametrize(
    "lines",
    [("rep 5-5 Сколько", "customer 5-5 да?"), ("rep 0-6 ... ...", "customer 6-8 ..."), ("customer 5-5 Дорого?",)],
    ids=["words of no length", "nothing but dots", "one side, no length"],
)
def test_whatever_a_recogniser_writes_no_analyser_breaks_on_it(name, lines):
    analyser = ANALYSERS[name]
    found = list(analyser.analyse(call(*lines, language="ru")))
    assert sorted(m.name for m in found) == sorted(m.name for m in analyser.measures)

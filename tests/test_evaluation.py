"""The judge is judged: perfect ears err nowhere, and each kind of error is counted as what it is."""

import json

import pytest

from callqa import labels, truth
from callqa.errors import UsageError
from callqa.evaluation import Found, matched, overall, plain, role_accuracy, word_errors
from callqa.speech import Party
from callqa.speech.listen import Spoken
from callqa.types import Evidence, Measurement, Span, Turn, Word

LINES = [
    ("rep", 0.0, 4.0, "Добрый день, сколько у вас сотрудников?"),
    ("customer", 4.5, 8.0, "Двадцать пять."),
    ("rep", 8.5, 12.0, "Понял, спасибо."),
]


def labelled(folder, layout="stereo", **changes):
    turns = [{"start": s, "end": e, "speaker": who, "text": t, "spoken_text": t} for who, s, e, t in LINES]
    channel = {"rep": 0, "customer": 1} if layout == "stereo" else {"rep": None, "customer": None}
    raw = {
        "id": "c1",
        "audio": "c1.wav",
        "language": "ru",
        "layout": layout,
        "duration": 13.0,
        "rep": {"channel": channel["rep"]},
        "customer": {"channel": channel["customer"]},
        "events": [{"kind": "ringback", "start": 0.0, "end": 1.0, "side": "customer"}],
        "turns": turns,
        **changes,
    }
    path = folder / "c1.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


def heard(*lines, layout="stereo"):
    """One party a channel with these words, a second apart."""
    parties = []
    for channel, text in enumerate(lines):
        words = tuple(Word(w, i, i + 0.9) for i, w in enumerate(text.split()))
        parties.append(Party(channel, (Span(0, 12),), words))
    return Spoken("ru", layout, "", 1.0, tuple(parties))


REP, CUSTOMER = "добрый день сколько у вас сотрудников понял спасибо", "двадцать пять"


@pytest.mark.parametrize(
    ("rep", "customer", "errors"),
    [
        (REP, CUSTOMER, 0),
        (REP.replace("понял", "понял да"), CUSTOMER, 1),
        (REP.replace("сотрудников", "сотрудника"), "", 3),
        (REP + " " + CUSTOMER, "", 4),  # said by the wrong side: two too many here, two missing there
    ],
)
def test_words_are_counted_channel_by_channel(tmp_path, rep, customer, errors):
    assert word_errors(truth.read(labelled(tmp_path)), heard(rep, customer)) == (10, errors)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ещё 120 000 рублей — 15-го!", "еще 120000 рублей 15 го"),
        ("It’s $1,200.", "it's 1200"),
        ("", ""),
    ],
)
def test_text_is_compared_without_case_and_punctuation(text, expected):
    assert plain(text) == expected


TRUE = [Turn("rep", 0, 6), Turn("customer", 6, 10)]


@pytest.mark.parametrize(
    ("found", "accuracy"),
    [
        (TRUE, 1.0),
        ([Turn("customer", 0, 6), Turn("rep", 6, 10)], 0.0),  # swapped
        ([Turn("rep", 0, 8), Turn("customer", 8, 10)], 0.8),
        ([Turn("rep", 0, 6)], 1.0),  # what nobody was given is missed, not mixed up
        ([], None),
    ],
)
def test_role_accuracy_is_the_share_of_attributed_speech_on_its_side(found, accuracy):
    assert role_accuracy(TRUE, found) == (None if accuracy is None else pytest.approx(accuracy))


@pytest.mark.parametrize(
    ("true", "found", "expected"),
    [
        ([Span(0, 2)], [Span(1, 3)], Found(1, 0, 0)),
        ([Span(0, 2)], [Span(2, 3)], Found(0, 1, 1)),
        ([Span(0, 2), Span(3, 4)], [Span(0, 4)], Found(1, 0, 1)),  # one found answers one true
        ([], [Span(0, 1)], Found(0, 1, 0)),
    ],
)
def test_an_event_is_found_when_the_moments_meet(true, found, expected):
    assert matched(true, found) == expected


def test_rates_are_unknown_where_there_is_nothing_to_find():
    assert Found(0, 0, 0).rates() == {"precision": None, "recall": None, "f1": None}
    assert Found(3, 1, 2).rates() == {"precision": 0.75, "recall": 0.6, "f1": 0.6667}


def test_no_calls_give_no_figures():
    assert overall([])["wer"] == {}
    assert overall([])["der"] is None


def test_truth_keeps_turns_sounds_and_channels(tmp_path):
    read = truth.read(labelled(tmp_path))
    assert [(t.side, t.start, t.end) for t in read.turns] == [(who, s, e) for who, s, e, _ in LINES]
    assert (read.channels["rep"], read.channels["customer"]) == (0, 1)
    assert [(e.kind, e.channel) for e in read.events] == [("ringback", 1)]
    assert [w.text for w in read.turns[1].words] == ["Двадцать", "пять."]


@pytest.mark.parametrize(
    ("changes", "problem"), [({"duration": "long"}, "c1.json: not a labelled call"), ({"turns": [{}]}, "KeyError")]
)
def test_a_bad_truth_file_is_named(tmp_path, changes, problem):
    path = labelled(tmp_path, **changes)
    with pytest.raises(UsageError, match=problem):
        truth.read(path)


def test_a_folder_without_labels_is_told(tmp_path):
    with pytest.raises(UsageError, match="no labelled calls"):
        truth.find(tmp_path)


def test_labels_are_judged_turn_by_turn():
    found = {
        "questions_open": Measurement("questions_open", 1.0, evidence=(Evidence(0.5, 3.0, ""),)),
        "questions_closed_customer": Measurement(
            "questions_closed_customer", 1.0, evidence=(Evidence(20.0, 21.0, ""),)
        ),
        "next_step": Measurement("next_step", 0.0),
        "script.greeting": Measurement("script.greeting", 1.0),
    }
    true = labels.Labels(
        frozenset({"greeting", "needs"}),
        next_step=True,
        conversation=True,
        forbidden=(Span(5, 6),),
        objections=(),
        phases=(),
        moods={},
        turns=(labels.Said("rep", Span(0, 4), "closed", False), labels.Said("rep", Span(8, 9), "open", True)),
    )
    assert sorted((kind, verdict) for kind, verdict, _ in labels.judged(true, found, [])) == [
        ("forbidden", "missed"),
        ("interruptions", "missed"),
        ("next_step", "missed"),
        ("question kinds", "false"),
        ("question kinds", "missed"),
        ("questions", "false"),  # of a customer who was not asked to ask
        ("questions", "hits"),
        ("questions", "missed"),
        ("stages", "hits"),
        ("stages", "missed"),
    ]

"""Finished transcripts of other systems become calls: every format's real shape, and what is wrong with a file."""

import hashlib
import json

import pytest

from callqa import api, imports
from callqa.config import shipped
from callqa.errors import TranscriptError
from callqa.types import Metadata

BOTH = ("ru", "en")
AGENT = "Good morning, this is Anna from Acme. How do you track your vans?"
CUSTOMER = "We have nine vans and everything is on paper."


def amazon(**more):
    """A file of a Call Analytics job: words are Items, a full stop is one without times."""
    turns = []
    for role, begin, text in (("AGENT", 140, AGENT), ("CUSTOMER", 9140, CUSTOMER)):
        items = []
        for i, word in enumerate(text.split()):
            at = begin + 500 * i
            items.append(
                {
                    "Content": word.strip(",.?"),
                    "Confidence": "0.9",
                    "BeginOffsetMillis": at,
                    "EndOffsetMillis": at + 400,
                }
            )
        end = begin + 500 * len(text.split())
        turns.append(
            {
                "Id": role, "ParticipantRole": role, "Content": text, "BeginOffsetMillis": begin, "Items": items,
                "EndOffsetMillis": end, "Sentiment": "NEUTRAL", "LoudnessScores": [78.6],
            }
        )  # fmt: skip
    return {
        "JobStatus": "COMPLETED", "LanguageCode": "en-US", "Channel": "VOICE", "Transcript": turns,
        "Participants": [{"ParticipantRole": "AGENT"}, {"ParticipantRole": "CUSTOMER"}],
        "ConversationCharacteristics": {"TotalConversationDurationMillis": 20000}, **more,
    }  # fmt: skip


def whisperx():
    """As `whisperx --diarize` writes it: a number was not aligned, a segment holds two speakers."""
    return {
        "language": "en",
        "segments": [
            {
                "start": 0.5, "end": 4.0, "text": " Hello, this is Anna from Acme.", "speaker": "SPEAKER_01",
                "words": [
                    {"word": w, "start": 0.5 + i * 0.5, "end": 0.9 + i * 0.5, "score": 0.4, "speaker": "SPEAKER_01"}
                    for i, w in enumerate("Hello, this is Anna from Acme.".split())
                ],
            },
            {
                "start": 4.5, "end": 8.0, "text": " We have 9 vans. Good.", "speaker": "SPEAKER_00",
                "words": [
                    {"word": "We", "start": 4.5, "end": 4.7, "speaker": "SPEAKER_00"},
                    {"word": "have", "start": 4.8, "end": 5.0, "speaker": "SPEAKER_00"},
                    {"word": "9", "speaker": "SPEAKER_00"},
                    {"word": "vans.", "start": 5.6, "end": 6.0, "speaker": "SPEAKER_00"},
                    {"word": "Good.", "start": 7.0, "end": 7.4, "speaker": "SPEAKER_01"},
                ],
            },
        ],
        "word_segments": [],
    }  # fmt: skip


def yandex():
    """A talk as the API's JSON gives it: names in camel case, 64-bit numbers as text, 0 left out."""
    rows = [
        (None, None, "3000", "добрый день меня зовут Анна складовик", "Добрый день, меня зовут Анна, Складовик."),
        ("1", "3500", "5000", "да слушаю вас", "Да, слушаю вас."),
    ]  # fmt: skip
    phrases = []
    for channel, start, end, said, written in rows:
        step = (int(end) - int(start or 0)) // len(said.split())
        words = [
            {
                "word": w,
                "startTimeMs": str(int(start or 0) + i * step),
                "endTimeMs": str(int(start or 0) + i * step + 300),
            }
            for i, w in enumerate(said.split())
        ]
        phrase = {"text": said, "language": "ru-RU", "normalizedText": written, "words": words}
        row = {"channelNumber": channel, "startTimeMs": start, "endTimeMs": end, "phrase": phrase}
        phrases.append({key: value for key, value in row.items() if value is not None})
    fields = [{"name": "operator_name", "value": "Анна Белова", "type": "FIELD_TYPE_STRING"}]
    return {"talk": [{"id": "t1", "talkFields": fields, "transcription": {"phrases": phrases}}]}


VTT = """WEBVTT - a call
Language: en

NOTE made by hand

1
00:01.000 --> 00:04.000 align:start
<v Agent Anna>Good morning, this is Anna &amp; Acme.</v>

00:04.500 --> 00:06.000
<v.loud Bob>Yes, go on.</v> <v Agent Anna>Thank you.</v>
"""
SRT = (
    "1\r\n00:00:01,000 --> 00:00:04,000\r\nМенеджер: Добрый день! Важно: мы открыты.\r\n\r\n"
    "2\r\n00:00:04,500 --> 00:00:06,000\r\nИван Петров: Да, слушаю.\r\nМенеджер: Отлично.\r\n\r\n"
    "3\r\n00:00:07,000 --> 00:00:08,000\r\nЗвоню по заявке.\r\n"
)


def read(tmp_path, content, name="call.json"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return imports.read(path, BOTH)


def lines(found):
    return [(t.side, t.start, t.text) for t in found.transcript.turns]


def test_amazon_names_the_roles_and_has_two_channels(tmp_path):
    found = read(tmp_path, amazon())
    assert lines(found) == [("rep", 0.14, AGENT), ("customer", 9.14, CUSTOMER)]
    told = found.transcript
    assert (told.layout, told.roles_by, told.roles_confidence, told.word_times) == ("stereo", "file", 1.0, "heard")
    assert (found.duration, told.language, found.format) == (20.0, "en", "amazon-call-analytics")
    first = told.turns[0].words[2]  # "this": the comma before it belongs to "morning"
    assert (first.text, first.start, first.end, first.confidence) == ("this", 1.14, 1.54, 0.9)


def test_whisperx_words_go_to_their_speakers_and_a_number_lies_between_its_neighbours(tmp_path):
    found = read(tmp_path, whisperx())
    assert [t.text for t in found.transcript.turns] == ["Hello, this is Anna from Acme.", "We have 9 vans.", "Good."]
    nine = found.transcript.turns[1].words[2]
    assert (nine.text, nine.start, nine.end) == ("9", 5.0, 5.6)
    assert [[t.text for t in v.turns] for v in found.voices] == [
        ["Hello, this is Anna from Acme.", "Good."], ["We have 9 vans."],
    ]  # fmt: skip
    assert (found.transcript.layout, found.transcript.word_times) == ("mono", "heard")


def test_speechsense_words_get_their_times_and_the_text_its_commas(tmp_path):
    found = read(tmp_path, yandex())
    assert [t.text for t in found.transcript.turns][1] == "Да, слушаю вас."
    assert found.transcript.turns[0].start == 0.0  # JSON leaves out what is 0
    assert [w.start for w in found.transcript.turns[1].words] == [3.5, 4.0, 4.5]
    assert [v.channel for v in found.voices] == [0, 1]
    assert (found.transcript.layout, found.transcript.language) == ("stereo", "ru")
    assert found.metadata.rep_name == "Анна Белова"


def test_captions_name_speakers_by_tag_and_share_a_cue_by_its_letters(tmp_path):
    found = read(tmp_path, VTT, "call.vtt")
    assert lines(found) == [
        ("rep", 1.0, "Good morning, this is Anna & Acme."),
        ("customer", 4.5, "Yes, go on."),
        ("rep", 5.286, "Thank you."),
    ]  # fmt: skip
    assert (found.transcript.word_times, found.format, found.transcript.language) == ("spread", "captions", "en")


def test_captions_name_speakers_before_a_colon_and_a_word_before_a_colon_is_no_speaker(tmp_path):
    found = read(tmp_path, SRT, "call.srt")
    assert [(side, text) for side, _, text in lines(found)] == [
        ("rep", "Добрый день! Важно: мы открыты."), ("customer", "Да, слушаю."), ("rep", "Отлично."),
        ("rep", "Звоню по заявке."),
    ]  # fmt: skip


def test_a_format_is_found_by_content_and_not_by_name(tmp_path):
    assert read(tmp_path, VTT, "call.json").format == "captions"
    assert read(tmp_path, whisperx(), "call.vtt").format == "whisperx"


TURN = {"ParticipantRole": "AGENT", "Content": "Hello there", "BeginOffsetMillis": 100, "EndOffsetMillis": 900}
SAID = {"start": 1.0, "end": 2.0, "text": "Hello there"}


@pytest.mark.parametrize(
    ("content", "code", "place", "cure"),
    [
        ("", "empty_transcript", "the whole file", "no words"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n...\n", "empty_transcript", "the whole file", "no words"),
        ('{"segments": ', "not_json", "the whole file", "no JSON"),
        ('{"call": {}}\n{"call": {}}\n', "not_json", "the whole file", "one a line"),
        ({"deals": []}, "unknown_format", "the whole file", "WebVTT"),
        ({"turns": [], "audio": "a.wav"}, "labels", "turns", "callqa eval"),
        ({"segments": [SAID]}, "no_speakers", "segments[0]", "--diarize"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nHello there\n", "no_speakers", "line 3", "<v Name>"),
        ({"Transcript": [TURN | {"EndOffsetMillis": None}]}, "no_times", "Transcript[0]", "with times"),
        ({"Transcript": [TURN | {"EndOffsetMillis": 50}]}, "bad_times", "Transcript[0]", "from 0.1 s to 0.05 s"),
        ({"segments": [SAID | {"speaker": "A", "end": 90000}]}, "bad_times", "segments[0]", "milliseconds?"),
        ({"segments": [SAID | {"speaker": "A", "end": 30}] * 3}, "bad_times", "the whole file", "over itself for 58 s"),
        ({"segments": [SAID | {"speaker": "A"}], "language": "de"}, "other_language", "language", "allows ru, en"),
        ({"call": {"language": "en", "duration": 3}, "transcript": {"turns": [{"side": "boss"}]}},
         "bad_document", "transcript.turns[0]", "boss"),
    ],
)  # fmt: skip
def test_what_is_wrong_names_file_place_and_cure(tmp_path, content, code, place, cure):
    with pytest.raises(TranscriptError) as caught:
        read(tmp_path, content)
    assert (caught.value.code, str(caught.value).startswith(f"{tmp_path / 'call.json'}: ")) == (code, True)
    assert caught.value.place.startswith(place)
    assert cure in caught.value.problem


def test_errors_of_a_transcript_have_words_in_the_index():
    from callqa.reports.texts import catalogue

    codes = "empty_transcript not_json unknown_format labels no_speakers no_times bad_times other_language bad_document"
    assert set(codes.split()) <= set(catalogue()["problem"])


# --- a run ------------------------------------------------------------------------------------------------------------

RUSSIAN = [
    ("rep", "Добрый день! Меня зовут Анна, компания Складовик. Вам удобно сейчас говорить?"),
    ("customer", "Да, слушаю вас."),
    ("rep", "Расскажите, пожалуйста, как у вас устроен учёт на складе?"),
    ("customer", "Ну, смотрите, у нас два склада, всё ведём в экселе, и бюджет на это есть. Решает директор."),
    ("rep", "Понимаю вас. Наша система стоит двенадцать тысяч в месяц."),
    ("customer", "Это очень дорого для нас."),
    ("rep", "Понимаю, сумма заметная. А с чем вы сравниваете? Давайте встретимся в четверг в десять утра."),
    ("customer", "Хорошо, договорились, до четверга. Спасибо, всего доброго."),
]  # fmt: skip


def captions(rows=RUSSIAN, names=None):
    """The lines as WebVTT, three words a second."""
    names = names or {"rep": "Agent", "customer": "Client"}
    now, cues = 0.0, ["WEBVTT"]
    for side, text in rows:
        end = now + len(text.split()) / 2.5
        cues.append(f"{clock(now)} --> {clock(end)}\n<v {names[side]}>{text}")
        now = end + 0.5
    return "\n\n".join(cues) + "\n"


def clock(at):
    return f"{int(at // 60):02d}:{at % 60:06.3f}"


@pytest.fixture
def team(tmp_path):
    with api.team(shipped("configs") / "callqa.toml", f"sqlite:///{tmp_path / 'callqa.db'}") as opened:
        yield opened


def scored(team, *paths, calls=None):
    """The calls by file name."""
    outcomes = list(team.score(team.jobs(paths, calls).items))
    assert not [outcome.problem for outcome in outcomes if hasattr(outcome, "problem")]
    return {outcome.item.path.name: outcome.value for outcome in outcomes}


def test_a_transcript_is_scored_reported_and_scored_again_without_sound(tmp_path, team):
    (tmp_path / "call.vtt").write_text(captions())
    call = scored(team, tmp_path / "call.vtt")["call.vtt"]
    assert call.call.recording.sha256 == hashlib.sha256(captions().encode()).hexdigest()
    assert (call.call.recording.channels, call.call.trust) == (0, "low")
    assert call.measures["pitch_spread"].reason == "no_sound"
    assert call.measures["questions"].value == 3
    assert call.scorecard.score is not None
    page = team.html(call, tmp_path)
    assert "<audio" not in page
    assert "Расшифровка взята готовой (captions)" in page
    assert "слова разложены внутри реплик ровно" in page
    assert team.call("call.vtt").scorecard == call.scorecard
    assert [again.scored.scorecard.score for again in team.rescore()] == [call.scorecard.score]
    assert not team.failures()


def test_sides_come_from_words_where_the_file_names_voices_only(tmp_path, team):
    (tmp_path / "call.vtt").write_text(captions(names={"rep": "SPEAKER_01", "customer": "SPEAKER_00"}))
    call = scored(team, tmp_path / "call.vtt")["call.vtt"]
    assert [t.side for t in call.call.transcript.turns] == [side for side, _ in RUSSIAN]
    assert call.call.transcript.roles_by in ("opening", "whole call")


def test_calls_csv_names_the_channel_of_a_two_channel_transcript(tmp_path, team):
    (tmp_path / "call.json").write_text(json.dumps(yandex()))
    (tmp_path / "calls.csv").write_text("file,rep_channel\ncall.json,1\n")
    call = scored(team, tmp_path / "call.json", calls=tmp_path / "calls.csv")["call.json"]
    assert [(t.side, t.text[:2]) for t in call.call.transcript.turns] == [("customer", "До"), ("rep", "Да")]
    assert call.call.metadata.rep_name == "Анна Белова"
    assert call.call.trust == "high"


def test_our_own_document_gives_the_measures_of_the_call_it_came_from(tmp_path, team):
    (tmp_path / "call.vtt").write_text(captions())
    first = scored(team, tmp_path / "call.vtt")["call.vtt"]
    (tmp_path / "again.json").write_bytes(team.encoded(first))
    second = scored(team, tmp_path / "again.json")["again.json"]
    assert second.call.transcript == first.call.transcript
    assert second.measures == first.measures
    assert second.scorecard == first.scorecard


def test_what_cannot_be_imported_is_set_aside_with_its_code(tmp_path, team):
    (tmp_path / "deals.json").write_text('{"deals": []}')
    (outcome,) = team.score(team.jobs([tmp_path / "deals.json"]).items)
    assert outcome.code == "unknown_format"
    assert [failure.code for failure in team.failures()] == ["unknown_format"]


def test_a_folder_gives_its_transcripts_and_leaves_other_json_alone(tmp_path, team):
    (tmp_path / "call.vtt").write_text(captions())
    (tmp_path / "labels.json").write_text('{"turns": [], "audio": "call.wav"}')
    (tmp_path / "deals.json").write_text('{"deals": []}')
    (tmp_path / "heard.wav").write_bytes(b"RIFF")
    (tmp_path / "heard.json").write_text(json.dumps(amazon()))  # beside its recording, which is what is scored
    (tmp_path / "page-3f2a91.html").write_text("")
    (tmp_path / "page-3f2a91.json").write_text(json.dumps(amazon()))  # what became of a call
    names = [job.path.name for job in team.jobs([tmp_path]).items]
    assert names == ["call.vtt", "heard.wav"]
    assert [job.path.name for job in team.jobs([tmp_path / "heard.json"]).items] == ["heard.json"]


def test_the_labels_of_the_sample_calls_are_not_calls(team):
    names = [job.path.suffix for job in team.jobs([shipped("sample_audio")]).items]
    assert names
    assert ".json" not in names


def test_what_calls_csv_says_goes_before_what_a_transcript_tells():
    told = imports.completed(Metadata("a", rep_name="Анна"), Metadata("b", rep_name="Ольга", deal_id="D-1"))
    assert told == Metadata("a", rep_name="Анна", deal_id="D-1")


WRONG = [
    ("rep", "Добрый день, компания Складовик, меня зовут Анна."),
    ("customer", "Вы ошиблись номером, здесь таких нет."),
    ("rep", "Извините, пожалуйста, до свидания."),
]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (WRONG, "wrong_number"),
        (RUSSIAN[:4] + WRONG[1:2] + RUSSIAN[4:], None),  # said in the middle of a conversation, it is none
        (RUSSIAN[:2], "too_short"),
    ],
)
def test_a_wrong_number_is_no_conversation(tmp_path, team, rows, reason):
    (tmp_path / "call.vtt").write_text(captions(rows))
    call = scored(team, tmp_path / "call.vtt")["call.vtt"]
    assert call.scorecard.reason == reason


HANDED = [
    ("rep", "Компания Складовик, добрый день, меня зовут Ольга, чем могу помочь?"),
    ("customer", "Здравствуйте, хочу узнать про систему учёта."),
    ("rep", "Одну минуту, я соединю вас со специалистом."),
]


def test_a_transferred_call_is_measured_by_the_rep_who_speaks_most(tmp_path, team):
    later = captions(RUSSIAN).replace("WEBVTT", "").strip()
    shifted = [("rep", RUSSIAN[0][1].replace("компания Складовик", "отдел продаж")), *RUSSIAN[1:]]
    (tmp_path / "call.vtt").write_text(captions(HANDED + shifted))
    (tmp_path / "alone.vtt").write_text("WEBVTT\n\n" + later + "\n")
    calls = scored(team, tmp_path / "call.vtt", tmp_path / "alone.vtt")
    handed, alone = calls["call.vtt"], calls["alone.vtt"]
    document = team.document(handed)["transcript"]
    assert document["transfer"] == {"note": "transfer: two reps", "reps": ["rep 1", "rep 2"], "measured": "rep 2"}
    assert [t.get("speaker") for t in document["turns"]][:4] == ["rep 1", None, "rep 1", "rep 2"]
    assert team.document(alone)["transcript"]["transfer"] is None
    for name in ("questions", "longest_monologue", "talk_share", "silence_share"):
        assert handed.measures[name].value == pytest.approx(alone.measures[name].value, abs=0.02), name
    assert "Перевод звонка: менеджеров 2" in team.html(handed, tmp_path)

"""What is taken as a recording, and what calls.csv and file names tell of it."""

from pathlib import Path

import pytest

from callqa.errors import ConfigError, UsageError
from callqa.intake import COLUMNS, find, from_name, name_pattern, read_calls
from callqa.types import Metadata

SUFFIXES = (".wav", ".mp3")


def test_folders_are_walked_and_named_files_taken_whatever_their_suffix(tmp_path):
    for name in ("b.wav", "a/c.MP3", "notes.txt", ".hidden/d.wav", "odd.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find([tmp_path, tmp_path / "odd.bin", tmp_path / "b.wav"], SUFFIXES)
    assert [str(p.relative_to(tmp_path)) for p in found] == ["a/c.MP3", "b.wav", "odd.bin"]


def test_a_path_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="nowhere: no such file or folder"):
        find([tmp_path / "nowhere"], SUFFIXES)


FULL = "a.wav,2026-10-03T10:15:00+03:00,outbound,cold,r1,Анна Белова,+7 900,c1,D-1,1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_encodings_and_separators_of_telephone_systems(tmp_path, encoding, comma):
    text = ",".join(COLUMNS) + "\r\n" + FULL + "\r\n\r\n"
    (tmp_path / "calls.csv").write_bytes(text.replace(",", comma).encode(encoding))
    row = read_calls(tmp_path / "calls.csv").of(tmp_path / "a.wav")
    assert row == Metadata(
        "a.wav", "2026-10-03T10:15:00+03:00", "outbound", "cold", "r1", "Анна Белова", "+7 900", "c1", "D-1", 1
    )


@pytest.mark.parametrize(
    ("header", "line", "expected"),
    [
        ("file,rep_channel", "a.wav,0", Metadata("a.wav", rep_channel=0)),
        ("file,rep_channel", "a.wav,", Metadata("a.wav")),  # missing is null, never 0
        ("file,rep_channel", "a.wav,Right", Metadata("a.wav", rep_channel=1)),
        ("file", "2026/a.wav", Metadata("a.wav")),
        ("file,started_at", "a.wav,03.10.2026 10:15", Metadata("a.wav", started_at="2026-10-03T10:15:00")),
        ("file,direction", "a.wav,Входящий", Metadata("a.wav", direction="inbound")),
        ("file,duration_of_ring", "a.wav,7", Metadata("a.wav")),  # columns of other systems are passed over
        ("rep_name,file", '"Иванов, Пётр",a.wav', Metadata("a.wav", rep_name="Иванов, Пётр")),
    ],
)
def test_rows(tmp_path, header, line, expected):
    (tmp_path / "calls.csv").write_text(f"{header}\n{line}\n", encoding="utf-8")
    folder = "2026" if "/" in line else "."
    assert read_calls(tmp_path / "calls.csv").of(tmp_path / folder / "a.wav") == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: no header"),
        ("name,rep\nx,y\n", "no column 'file' among name, rep"),
        ("file,rep_channel\na.wav,third\n", "line 2, rep_channel: 'third' is no rep_channel; write 0"),
        ("file,direction\na.wav,up\n", "line 2, direction: 'up' is no direction; write inbound or outbound"),
        ("file,started_at\na.wav,yesterday\n", "line 2, started_at: 'yesterday' is no started_at; write 2026-10-03"),
        ("file,rep_id\na.wav,r1\na.wav,r2\n", "line 3: 'a.wav' stands twice"),
        ("file,rep_id\n,r1\n", "line 2, file: empty"),
    ],
)
def test_a_bad_row_is_named_by_line_column_and_cure(tmp_path, text, problem):
    (tmp_path / "calls.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_calls(tmp_path / "calls.csv")
    assert problem in str(caught.value)
    assert str(tmp_path / "calls.csv") in str(caught.value)


def test_rows_without_a_recording_are_told(tmp_path):
    (tmp_path / "calls.csv").write_text("file\na.wav\nlost.wav\n", encoding="utf-8")
    assert read_calls(tmp_path / "calls.csv").unmatched([tmp_path / "a.wav"]) == ["lost.wav"]


def test_a_file_name_tells_what_its_pattern_says():
    pattern = name_pattern("callqa.toml", r"(?P<started_at>\d{8}-\d{6})_(?P<rep_id>\w+?)_(?P<customer_phone>\d+)")
    told = from_name(Path("20261003-101500_r07_79001234567.mp3"), pattern)
    assert (told.started_at, told.rep_id, told.customer_phone) == ("2026-10-03T10:15:00", "r07", "79001234567")
    assert from_name(Path("call.mp3"), pattern) is None
    assert name_pattern("callqa.toml", "") is None


@pytest.mark.parametrize(
    ("pattern", "problem"), [("(", "not a regular expression"), ("(?P<manager>.)", "group 'manager' is no column")]
)
def test_a_pattern_that_cannot_be_is_named(pattern, problem):
    with pytest.raises(ConfigError, match=problem):
        name_pattern("callqa.toml", pattern)

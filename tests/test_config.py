"""Settings that are right are taken whole; settings that are wrong name file, key and cure."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callqa import config
from callqa.config import Choice, find_settings, load, shipped
from callqa.errors import ConfigError
from callqa.parts import made


@pytest.fixture
def team(tmp_path):
    """A team's own folder with a copy of the shipped settings."""
    shutil.copytree(shipped("configs"), tmp_path, dirs_exist_ok=True)
    return tmp_path / "callqa.toml"


def test_the_shipped_settings_load():
    settings = load(shipped("configs") / "callqa.toml")
    assert settings.languages == ("ru", "en")
    assert settings.store.url == "sqlite:///callqa.db"
    assert [choice.use for choice in settings.analysers][:3] == ["dynamics", "questions", "script"]
    assert all(Path(path).is_file() for path in settings.scorecards.values())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[intake]", "[intakes]", "intakes: unknown; did you mean 'intake'?"),
        ("max_hours", "max_hour", "intake.max_hour: unknown; did you mean 'max_hours'?"),
        ("max_hours = 6.0", 'max_hours = "six"', "intake: Expected `float`, got `str` - at `$.max_hours`"),
        ('languages = ["ru", "en"]', 'languages = ["de"]', "languages: a list of 'ru' and 'en', not ['de']"),
        ('use = "whisper"', 'uses = "whisper"', "transcriber: missing 'use'"),
        ('languages = ["ru", "en"]', 'languages = ["ru"', "syntax: "),
    ],
)
def test_mistakes_are_named(team, old, new, message):
    assert old in team.read_text()
    team.write_text(team.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load(team)
    assert str(caught.value).startswith(f"{team}: {message}")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"team\.toml: file: No such file"):
        load(tmp_path / "team.toml")


def test_what_a_team_leaves_out_stays_as_shipped(tmp_path):
    (tmp_path / "callqa.toml").write_text('languages = ["ru"]\n[roles]\nrep_channel = 1\n')
    settings, ours = load(tmp_path / "callqa.toml"), load(shipped("configs") / "callqa.toml")
    assert (settings.languages, settings.roles.rep_channel) == (("ru",), 1)
    assert [choice.use for choice in settings.analysers] == [choice.use for choice in ours.analysers]
    assert settings.scorecards == ours.scorecards


def test_a_team_s_word_list_beside_its_settings_goes_before_the_shipped_one(team):
    before = load(team).analysers[0]
    own = team.parent / "lexicons" / "ru" / "backchannels.toml"
    own.write_text('backchannels = ["ага"]\n', encoding="utf-8")
    after = load(team).analysers[0]
    assert after.options["lexicons"]["ru"] == {"backchannels": ["ага"]}
    assert after.options["lexicons"]["en"] == before.options["lexicons"]["en"]


def test_settings_are_found_in_the_folder_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_settings().path == str(shipped("configs") / "callqa.toml")
    (tmp_path / "callqa.toml").write_text('[store]\nurl = "sqlite:///team.db"\n')
    assert find_settings().store.url == "sqlite:///team.db"


@dataclass(frozen=True)
class Inner:
    weight: float = 1.0


@dataclass(frozen=True)
class Outer:
    rows: tuple[Inner, ...] = ()
    named: dict[str, Inner] = field(default_factory=dict)
    maybe: Inner | None = None


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"rows": [{"weight": 2}, {"wieght": 2}]}, r"k.rows\[1\].wieght: unknown; did you mean 'weight'"),
        ({"named": {"a": {"wait": 2}}}, "k.named.a.wait: unknown"),
        ({"maybe": {"w": 2}}, "k.maybe.w: unknown"),
        ({"rows": [{"weight": "2"}]}, r"k: Expected `float`, got `str` - at `\$.rows\[0\].weight`"),
    ],
)
def test_unknown_keys_are_found_at_any_depth(raw, problem):
    with pytest.raises(ConfigError, match=problem):
        config.convert("f", "k", raw, Outer)


def test_a_choice_that_is_none_of_the_known_names_the_nearest():
    with pytest.raises(ConfigError, match=r"diarizer\.pyanote: unknown; did you mean 'pyannote'"):
        config.build("f", "diarizer", Choice("pyanote"), {"pyannote": Inner})


@pytest.mark.parametrize(
    ("name", "old", "new", "at", "problem"),
    [
        ("scripts/discovery_ru.toml", "strict =", "strickt =", "strict =", "strickt: unknown; did you mean 'strict'?"),
        ("scripts/discovery_ru.toml", '"=из-за =чего"', '"=из-за |"', "[steps.needs]", "phrases: phrase '=из-за |'"),
        ("scripts/discovery_ru.toml", "weight = 0.5", "weight = -0.5", "weight = 0.5", "a weight is above 0"),
        ("lexicons/en/trackers.toml", "label =", "lable =", "label =", "lable: unknown; did you mean 'label'?"),
    ],
)
def test_mistakes_in_a_list_name_its_file_and_line(team, name, old, new, at, problem):
    """``at`` is on the line that is named; a phrase is found by the head of its table, the list is some lines below."""
    path = team.parent / name
    text = path.read_text(encoding="utf-8")
    line = 1 + text[: text.index(at)].count("\n")
    if at.startswith("["):
        line += text[text.index(at) :].partition("phrases =")[0].count("\n")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        made(load(team))
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert problem in str(caught.value)

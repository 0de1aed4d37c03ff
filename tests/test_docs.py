"""The pages say what the code does."""

import re
import runpy
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from callqa.cli import app
from callqa.config import shipped
from callqa.models import names

ROOT = Path(__file__).parent.parent
COMMANDS = runpy.run_path(str(ROOT / "docs" / "commands.py"))
MEASURES = runpy.run_path(str(ROOT / "docs" / "measures.py"))
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_the_command_reference_is_that_of_the_commands():
    assert (ROOT / "docs" / "commands.md").read_text() == COMMANDS["page"](), "run: python docs/commands.py"


def test_the_catalogue_of_measures_is_that_of_the_analysers():
    page = ROOT / "docs" / "measures" / "catalogue.md"
    assert page.read_text(encoding="utf-8") == MEASURES["page"](), "run: python docs/measures.py"


@pytest.mark.parametrize("path", [path for path, _ in COMMANDS["commands"]()])
def test_every_option_of_a_command_stands_in_the_reference(path):
    command = get_command(app)
    for word in path.split()[1:]:
        command = command.commands[word]
    options = {name for parameter in command.params for name in parameter.opts if name.startswith("--")}
    page = (ROOT / "docs" / "commands.md").read_text().partition(f"## {path}\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(--[a-z-]+)", page, re.MULTILINE)) == options - {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_name_only_commands_and_models_that_are_there(page):
    known = {path for path, _ in COMMANDS["commands"]()}
    text = page.read_text()
    for command in re.findall(r"^\s*(callqa [a-z]+(?: [a-z]+)?)", text, re.MULTILINE):
        assert command in known or command.rpartition(" ")[0] in known, command
    for model in re.findall(r"models pull ([\w.-]+)", text):
        assert model in names() or model == "NAME" or model.startswith("-"), model


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_give_commands_only_options_that_they_have(page):
    whole = get_command(app)
    for words, rest in re.findall(r"callqa ((?:[a-z]+ )+)([^`|#\n]*)", page.read_text()):
        command = whole
        for word in words.split():
            command = getattr(command, "commands", {}).get(word, command)
        known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        if command is not whole:
            assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= known, f"callqa {words}{rest}"


def test_every_setting_of_the_shipped_file_is_explained():
    page = (ROOT / "docs" / "configuration.md").read_text()
    settings = (shipped("configs") / "callqa.toml").read_text()
    for key in set(re.findall(r"^(?:# )?(\w+) =", settings, re.MULTILINE)):
        assert f"`{key}`" in page, key


def test_no_weights_and_no_results_are_under_version_control():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True)
    kept = listed.stdout.splitlines()
    assert kept
    endings = (".db", ".bin", ".pt", ".onnx")
    assert [name for name in kept if name.startswith("weights/") or name.endswith(endings)] == []


def test_every_page_that_code_or_settings_name_is_there():
    named = set()
    for folder, ending in (("callqa", "py"), ("configs", "toml"), ("benchmarks", "py")):
        for file in (ROOT / folder).rglob(f"*.{ending}"):
            named |= set(re.findall(r"docs/[\w/-]+(?:\.\w+)?", file.read_text(encoding="utf-8")))
    assert named
    pages = {str(page.relative_to(ROOT)) for page in PAGES}
    assert [name for name in sorted(named) if not any(page.startswith(name) for page in pages)] == []


def test_every_page_can_be_found_from_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        name = str(page.relative_to(ROOT / "docs"))
        assert f"]({name})" in index or f"]({Path(name).parts[0]}/)" in index or name == "index.md", name

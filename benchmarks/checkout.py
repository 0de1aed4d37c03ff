"""A checkout of links in which one more model has a manifest: callqa runs there on weights that it does not ship."""

from __future__ import annotations

from pathlib import Path

from callqa.models import choose_whisper, sha256

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = """
title = "{name}, for a benchmark"
task = "speech"
license = "none"
origin = "{folder}"
download = {size}

[[sources]]
kind = "folder"
path = "{folder}"
"""
FILE = """
[[files]]
name = "{name}"
size = {size}
sha256 = "{sha256}"
"""


def linked(model: Path, into: Path) -> Path:
    """The folder to put first on PYTHONPATH; its configs/callqa.toml names the model of that folder.

    It is the checkout itself for the model that callqa would choose anyway.
    """
    if model.resolve() == (ROOT / "weights" / choose_whisper("auto")[0]).resolve():
        return ROOT
    weights, configs, manifests = into / "weights", into / "configs", into / "models"
    for folder in (weights, configs, manifests):
        folder.mkdir(parents=True)
        for entry in (ROOT / folder.name).iterdir():
            (folder / entry.name).symlink_to(entry)
    for entry in ROOT.iterdir():
        if entry.name in ("callqa", "pyproject.toml", "sample_audio", "sample_deals"):
            (into / entry.name).symlink_to(entry)
    (manifests / f"{model.name}.toml").unlink(missing_ok=True)
    (manifests / f"{model.name}.toml").write_text(manifest(model), encoding="utf-8")
    (weights / model.name).unlink(missing_ok=True)
    (weights / model.name).symlink_to(model.resolve())
    settings = (configs / "callqa.toml").read_text(encoding="utf-8")
    (configs / "callqa.toml").unlink()
    named = settings.replace('model = "auto"', f'model = "{model.name}"')
    if named == settings:
        raise RuntimeError(f"{ROOT / 'configs/callqa.toml'}: no transcriber whose model could be another one")
    (configs / "callqa.toml").write_text(named, encoding="utf-8")
    return into


def manifest(model: Path) -> str:
    files = sorted(file for file in model.iterdir() if file.is_file() and file.suffix in (".bin", ".json", ".txt"))
    sizes = [file.stat().st_size for file in files]
    text = MANIFEST.format(name=model.name, folder=model, size=sum(sizes))
    for file, size in zip(files, sizes, strict=True):
        text += FILE.format(name=file.name, size=size, sha256=sha256(file))
    return text

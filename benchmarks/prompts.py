"""Word error rate on short telephone prompts whose text is known.

    python benchmarks/prompts.py ../shared/data/prompts_ru ../shared/data/prompts_en

A folder holds sound files and manifest.tsv (file name, tab, text). Voice activity, recogniser and clean-up are those of
``callqa score``; text is compared as ``callqa eval`` compares it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jiwer

from callqa.audio import decode
from callqa.config import find_settings
from callqa.evaluation import plain
from callqa.parts import Parts
from callqa.speech import Channel, Transcriber
from callqa.speech.vad import speech


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--worst", type=int, default=5, help="how many of the worst prompts to show")
    options = parser.parse_args()
    settings = find_settings(options.config)
    transcriber = Parts.of(settings).make_transcriber()
    for folder in options.folders:
        report(folder, transcriber, settings.languages, options.worst)


def report(folder: Path, transcriber: Transcriber, languages: tuple[str, ...], worst: int) -> None:
    rows = [line.split("\t") for line in (folder / "manifest.tsv").read_text(encoding="utf-8").splitlines()]
    texts = {row[0]: row[-1] for row in rows if (folder / row[0]).is_file()}
    channels = []
    for name in sorted(texts):
        sound = decode(folder / name)
        channels.append(Channel(name, sound.samples[0], sound.rate, speech(sound.samples[0], sound.rate)))
    language = transcriber.language(channels, languages)
    heard = transcriber.transcribe(channels, [language] * len(channels))
    counted = []
    for channel, one in zip(channels, heard, strict=True):
        found = jiwer.process_words(plain(texts[channel.key]), plain(" ".join(w.text for w in one.words)))
        errors = found.substitutions + found.deletions + found.insertions
        counted.append((errors, found.hits + found.substitutions + found.deletions, channel.key))
    errors, words = (sum(row[i] for row in counted) for i in (0, 1))
    print(f"{folder.name}: {len(counted)} prompts in {language}, {words} words, WER {errors / words:.1%}")
    for errors, words, name in sorted(counted, key=lambda row: -row[0] / row[1])[:worst]:
        print(f"  {name}: {errors} of {words} words")


if __name__ == "__main__":
    main()

"""A Whisper of any shape with random weights, to time what cannot be downloaded: `random_whisper.make(shape, folder)`.

    python benchmarks/random_whisper.py large-v3-turbo /tmp/turbo-random

The folder is CTranslate2's, float16, of the sizes of the real model, so encoder, decoder and alignment cost what they
cost there. What is said is not random: the decoder's position encodings outweigh everything else and spell one text of
119 tokens, about what 28 s of Russian hold, then the end. So decoding is as long as on full windows of real speech, no
chunk is decoded again for being doubtful, but every chunk, short ones too, says the same, at the same length.
Tokenizer and vocabulary are those of a multilingual model at hand (weights/whisper-base); the third generation has one
language more, Cantonese, and every token behind it stands one further.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

WINDOW, POSITIONS = 1500, 448  # frames of a 30 s window behind the convolutions; longest text with its prompt
LOUD = 20.0  # how far the position encodings outweigh the rest
PROMPT = 4  # tokens before the text: start, language, task, no time stamps
TEXT = (
    " Добрый день, Анна, меня зовут Игорь, компания Вектор, вам удобно сейчас говорить? Да, слушаю вас. Вы оставляли"
    " заявку на сайте, подскажите, пожалуйста, сколько менеджеров работает в отделе продаж и как вы ведете клиентов?"
    " У нас двенадцать человек, все в таблицах, половина звонков теряется. Понял, тогда предлагаю встречу в"
    " четверг в одиннадцать, покажу систему на примере, хорошо?"
)


@dataclass(frozen=True)
class Shape:
    """Layers of encoder and decoder, width, heads, mel bands; ``later`` is the third generation's vocabulary."""

    encoder: int
    decoder: int
    width: int
    heads: int
    bands: int = 80
    later: bool = False

    @property
    def vocabulary(self) -> int:
        return 51866 if self.later else 51865


SHAPES = {
    "tiny-random": Shape(2, 2, 64, 2),
    "base": Shape(6, 6, 512, 8),
    "small": Shape(12, 12, 768, 12),
    "medium": Shape(24, 24, 1024, 16),
    "large-v3": Shape(32, 32, 1280, 20, 128, True),
    "large-v3-turbo": Shape(32, 4, 1280, 20, 128, True),
}


def make(name: str, folder: Path, like: Path = Path("weights/whisper-base")) -> Path:
    """The folder, filled if it is not yet; ``like`` gives the tokenizer."""
    if (folder / "model.bin").is_file():
        return folder
    from ctranslate2.specs import WhisperSpec

    shape = SHAPES[name]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = shifted(json.loads((like / "tokenizer.json").read_text(encoding="utf-8")), shape.later)
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": shape.bands}))
    spec = WhisperSpec(shape.encoder, shape.heads, shape.decoder, shape.heads)
    fill(spec, shape, spoken(tokenizer))
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    spec.register_vocabulary(vocabulary(tokenizer))
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [220, ids["<|endoftext|>"]]
    spec.config.lang_ids = list(range(ids["<|en|>"], ids["<|translate|>"]))
    spec.config.alignment_heads = [[shape.decoder - 1, head] for head in range(min(6, shape.heads))]
    spec.validate()
    spec.optimize(quantization="float16")
    spec.save(str(folder))
    return folder


def shifted(tokenizer: dict[str, Any], later: bool) -> dict[str, Any]:
    """The tokenizer with Cantonese behind the other languages, where the model has it."""
    if not later:
        return tokenizer
    first = next(token["id"] for token in tokenizer["added_tokens"] if token["content"] == "<|translate|>")
    tokens = [token | {"id": token["id"] + (token["id"] >= first)} for token in tokenizer["added_tokens"]]
    tokens.append(tokens[0] | {"id": first, "content": "<|yue|>"})
    for token in tokenizer["post_processor"]["special_tokens"].values():
        token["ids"] = [i + (i >= first) for i in token["ids"]]
    return tokenizer | {"added_tokens": sorted(tokens, key=lambda token: token["id"])}


def vocabulary(tokenizer: dict[str, Any]) -> list[str]:
    known = dict(tokenizer["model"]["vocab"]) | {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    return sorted(known, key=lambda token: known[token])


def spoken(tokenizer: dict[str, Any]) -> list[int]:
    """What the decoder says at each position: Russian at the first, from the last of the prompt on the text."""
    import tokenizers

    reader = tokenizers.Tokenizer.from_str(json.dumps(tokenizer))
    text = reader.encode(TEXT, add_special_tokens=False).ids
    said = [reader.token_to_id("<|ru|>")] * (PROMPT - 1) + text
    return said + [reader.token_to_id("<|endoftext|>")] * (POSITIONS - len(said))


def fill(spec: Any, shape: Shape, said: list[int]) -> None:
    """Random weights, and position encodings that spell ``said``."""
    rng, width = np.random.default_rng(0), shape.width

    def normal(*sizes: int, scale: float = 0.02) -> Any:
        return rng.standard_normal(sizes, np.float32) * np.float32(scale)

    for part, inputs in ((spec.encoder.conv1, shape.bands), (spec.encoder.conv2, width)):
        part.weight, part.bias = normal(width, inputs, 3), np.zeros(width, np.float32)
    spec.encoder.position_encodings.encodings = normal(WINDOW, width)
    words = normal(shape.vocabulary, width, scale=4 / width**0.5)
    spec.decoder.embeddings.weight = spec.decoder.projection.weight = words
    directions = words[said] / np.linalg.norm(words[said], axis=1, keepdims=True)
    spec.decoder.position_encodings.encodings = LOUD * width**0.5 * directions
    for norm in norms(spec):
        norm.gamma, norm.beta = np.ones(width, np.float32), np.zeros(width, np.float32)
    for linear, outputs, inputs in linears(spec):
        linear.weight = normal(outputs * width, inputs * width)
        linear.bias = np.zeros(outputs * width, np.float32)


def norms(spec: Any) -> Iterator[Any]:
    for half in (spec.encoder, spec.decoder):
        yield half.layer_norm
        for layer in half.layer:
            yield from (layer.self_attention.layer_norm, layer.ffn.layer_norm)
            if half is spec.decoder:
                yield layer.attention.layer_norm


def linears(spec: Any) -> Iterator[tuple[Any, int, int]]:
    """Every matrix of the layers with its outputs and inputs in widths."""
    for half in (spec.encoder, spec.decoder):
        for layer in half.layer:
            yield from ((layer.self_attention.linear[0], 3, 1), (layer.self_attention.linear[1], 1, 1))
            yield from ((layer.ffn.linear_0, 4, 1), (layer.ffn.linear_1, 1, 4))
            if half is spec.decoder:
                yield from zip(layer.attention.linear, (1, 2, 1), (1, 1, 1), strict=True)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in SHAPES:
        sys.exit(f"{__doc__}\nshapes: {', '.join(SHAPES)}")
    print(make(sys.argv[1], Path(sys.argv[2])))

"""Text that nobody said: what recognisers invent on silence, music and tails, found and taken out with its reason.

Sources: Careless Whisper (arXiv 2402.08021), Bag of Hallucinations and delooping (arXiv 2501.11378), the fallback gate
of openai/whisper. A stock phrase that people do say ("спасибо за внимание", "thank you") goes only where the sound
gives it no support; a subtitler's signature goes always.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callqa.types import Dropped, Seconds, Span, Word

LOOP_LENGTH = 6  # words; a longer repeated stretch is somebody repeating himself
LOOP_TIMES = 4
WORDS_PER_SECOND = 6.5  # nobody speaks faster for a whole chunk
WORDS_PER_SECOND_LEAST, LONG = 0.4, 5.0  # so few words in so many seconds of sound: babble, music, a stuck decoder
GUESS = 0.15  # mean confidence of a sentence: under it the recogniser guessed (a "Hmm." over music is 0.06)
REACH: Seconds = 0.6  # a word this far from any speech was not spoken
SENTENCE = re.compile(r"[.?!…]$")
# never said on a call: who made the subtitles, what a video asks of its viewers
SIGNED = {
    "ru": (
        r"субтитры (?:сделал|создавал|делал|подготов\w+|подогнал|добавил|от|и|предоставил)\w*",
        r"(?:редактор|корректор) субтитров",
        r"dimatorzok|amara\.org|яндекс\.субтитр\w*",
        r"продолжение следует",
        r"подписывайтесь на (?:наш |мой |этот )?канал",
        r"(?:спасибо|благодарю) за (?:просмотр|подписку)",
        r"ставьте лайки?",
        r"до новых встреч на канале",
    ),
    "en": (
        r"(?:sub|cap)tit?(?:le|ion)s? (?:by|made by|provided by|created by)",
        r"amara\.org",
        r"(?:thanks?|thank you) (?:so much |very much )?for watching",
        r"(?:like and|please|don't forget to) subscribe",
        r"see you in the next video",
        r"transcri(?:bed|ption) by",
        r"to be continued",
    ),
}
# said by people too: dropped only where the recogniser itself was unsure that anybody spoke
COMMON = {
    "ru": (r"спасибо за внимание", r"спасибо", r"всем пока", r"до свидания", r"музыка", r"аплодисменты", r"смех"),
    "en": (r"thank you", r"thanks", r"you", r"bye", r"bye-bye", r"music", r"applause", r"okay"),
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """One chunk's words and how sure the recogniser was: mean log probability of a token, probability of no speech.

    ``seconds`` is the length of the sound it was given.
    """

    words: tuple[Word, ...]
    log_probability: float
    no_speech: float
    seconds: Seconds

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def doubt(decoded: Decoded) -> str | None:
    """Why a chunk should be decoded again with more care (a code), None when it can stand."""
    if not decoded.words:
        return None
    raw = decoded.text.encode()
    if len(raw) / len(zlib.compress(raw)) > 2.4 or _loops(decoded.words):
        return "loop"
    if decoded.log_probability < -1.0:
        return "unsure"
    if len(decoded.words) > WORDS_PER_SECOND * max(1.0, decoded.seconds):
        return "too_fast"
    if decoded.seconds >= LONG and len(decoded.words) < WORDS_PER_SECOND_LEAST * decoded.seconds:
        return "too_few_words"
    return None


def clean(decoded: Decoded, language: str, speech: Sequence[Span]) -> tuple[tuple[Word, ...], tuple[Dropped, ...]]:
    """The words that can stand and those dropped, each stretch with the rule that caught it (a code).

    ``speech`` is where somebody spoke; times of words and spans are of one clock.
    """
    dropped: list[Dropped] = []
    words = list(decoded.words)
    why = doubt(decoded)
    if why == "too_few_words" or (why == "unsure" and decoded.no_speech > 0.6):
        return (), _as_dropped(words, why if why == "too_few_words" else "no_speech")
    for first, last in reversed(_loops(words)):
        dropped.extend(_as_dropped(words[first:last], "loop"))
        del words[first:last]
    if len(words) > WORDS_PER_SECOND * max(1.0, decoded.seconds):
        return (), (*dropped, *_as_dropped(words, "too_fast"))
    kept: list[Word] = []
    for sentence in _sentences(words):
        reason = _stock(sentence, language, decoded)
        near = [word for word in sentence if _near(word, speech)]
        if reason:
            dropped.extend(_as_dropped(sentence, reason))
        else:
            kept.extend(near)
            dropped.extend(_as_dropped([word for word in sentence if word not in near], "no_speech_there"))
    return tuple(kept), tuple(sorted(dropped, key=lambda d: (d.start, d.end)))


def _stock(sentence: Sequence[Word], language: str, decoded: Decoded) -> str | None:
    said = " ".join(word.text for word in sentence).lower().replace("ё", "е").strip(" .,!?…-[]()♪")
    if any(re.search(pattern, said) for pattern in SIGNED.get(language, ())):
        return "stock_phrase"
    if sum(word.confidence for word in sentence) < GUESS * len(sentence):
        return "guess"
    weak = decoded.no_speech > 0.6 or decoded.log_probability < -1.0
    return "stock_phrase" if weak and any(re.fullmatch(p, said) for p in COMMON.get(language, ())) else None


def _loops(words: Sequence[Word]) -> list[tuple[int, int]]:
    """Positions [first, last) of words that repeat what stands before them, from the third time on.

    Saying a thing twice is human; LOOP_TIMES in a row is a machine.
    """
    said = [re.sub(r"\W", "", word.text.lower()) for word in words]
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(said):
        size, times = max(((n, _times(said, at, n)) for n in range(1, LOOP_LENGTH + 1)), key=lambda p: (p[1], -p[0]))
        if times >= LOOP_TIMES and any(said[at : at + size]):
            found.append((at + size, at + size * times))
            at += size * times
        else:
            at += 1
    return found


def _times(said: Sequence[str], at: int, size: int) -> int:
    """How often in a row the ``size`` words from ``at`` on are said."""
    pattern, times = said[at : at + size], 1
    while len(pattern) == size and said[at + times * size : at + (times + 1) * size] == pattern:
        times += 1
    return times


def _sentences(words: Iterable[Word]) -> list[list[Word]]:
    sentences: list[list[Word]] = [[]]
    for word in words:
        sentences[-1].append(word)
        if SENTENCE.search(word.text):
            sentences.append([])
    return [sentence for sentence in sentences if sentence]


def _near(word: Word, speech: Sequence[Span]) -> bool:
    return any(span.start - REACH <= word.end and word.start <= span.end + REACH for span in speech)


def _as_dropped(words: Sequence[Word], reason: str) -> tuple[Dropped, ...]:
    if not words:
        return ()
    return (Dropped(" ".join(word.text for word in words), words[0].start, words[-1].end, reason),)

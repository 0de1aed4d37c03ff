"""Who is the rep and who the customer: from voices and words to turns with sides.

A channel that calls.csv or the configuration names decides. Else the words do: every cue of the word list is a reason
for one side, the rep is the voice with the most. Menus and voicemail are told apart by their words first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Literal

from callqa import text
from callqa.speech import Party
from callqa.speech.transfers import NO_HANDOVER, Handover, numbered, told_apart
from callqa.types import Language, Seconds, Side, Span, Turn, Word, joined

BRIDGE: Seconds = 0.3  # shorter gaps are inside a turn
PAUSE: Seconds = 1.0  # a longer one ends an utterance: a menu and the person after it are never closer
OPENING: Seconds = 30.0  # from the first word that a person says
FEW_WORDS = 4  # with so many words of the other side, a conversation has begun: no menu comes before it any more
PARTLY, MOSTLY = 0.25, 0.5  # of an utterance's or a voice's words in sentences with prompts: a machine speaks
SUREST = 0.99  # words are never as sure as the telephone system
SCALE = 0.8  # margin to confidence: docs/roles.md says how it was found
OPENING_DECIDES = 2.0  # margin of the opening alone that is named as the reason
FIRST_SPEAKER = 1.0  # on outbound calls the customer answers first, on inbound ones the rep
ASKS_MORE = 1.0  # the rep asks most of the questions
MACHINE = 2.0  # who meets a machine, or speaks after it
ANOTHER_REP = 2.0  # a third voice with more reasons for the rep than this is a colleague, with fewer a customer
NAMED, PERHAPS_NAMED, ADDRESSED = 3.0, 1.5, 2.5
NAME_LETTERS, NAME_RATIO = 4, 75.0

By = Literal["calls.csv", "config", "opening", "whole call", "undecided"]


@dataclass(frozen=True)
class Cue:
    """Phrases that speak for one side: in the opening, or anywhere in the call (repeats count less and less)."""

    side: Literal["rep", "customer"]
    where: Literal["opening", "call"]
    weight: float
    phrases: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """Words around a name: ``own`` when it is the speaker's ("меня зовут Анна"), ``greeting`` before the other's."""

    own: tuple[str, ...] = ()
    greeting: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoleCues:
    """One language's roles.toml. ``menus`` and ``voicemail`` are said by machines alone, ``hints`` by people too.

    ``handover``: how a call goes from one rep to another.
    """

    cues: dict[str, Cue]
    menus: tuple[str, ...]
    voicemail: tuple[str, ...]
    hints: tuple[str, ...] = ()
    names: Names = Names()
    handover: Handover = NO_HANDOVER

    def __post_init__(self) -> None:
        """A ValueError names the phrase that the syntax does not allow."""
        for pattern in (
            *self.menus,
            *self.voicemail,
            *self.hints,
            *(p for cue in self.cues.values() for p in cue.phrases),
        ):
            text.check(pattern)


@dataclass(frozen=True, slots=True)
class Decision:
    """The turns in order of start, what decided their sides, and how surely (0 to 1; 0 is undecided)."""

    turns: tuple[Turn, ...]
    by: By
    confidence: float


@dataclass(frozen=True, slots=True)
class _Voice:
    """One party: its turns of people and of machines, and the reasons (positive for the rep)."""

    channel: int
    person: tuple[Turn, ...]
    machine: tuple[Turn, ...]
    opening: float = 0.0
    call: float = 0.0

    @property
    def score(self) -> float:
        return self.opening + self.call

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for turn in self.person for word in turn.words)


def decide(
    parties: Sequence[Party],
    cues: RoleCues,
    language: str,
    *,
    rep_channel: int | None = None,
    by: str = "config",
    direction: str | None = None,
    rep_name: str | None = None,
    layout: str = "stereo",
) -> Decision:
    """Turns with sides. ``rep_channel`` (told by ``by``) holds on a stereo call that has this channel."""
    tongue: Language = "ru" if language == "ru" else "en"
    voices = _apart(parties, cues, tongue)
    if layout == "stereo" and rep_channel is not None and any(v.channel == rep_channel for v in voices):
        told: list[Side] = ["rep" if v.channel == rep_channel else "customer" for v in voices]
        sided = told_apart(_sided(voices, told), cues.handover, tongue)
        return Decision(sided, "calls.csv" if by == "calls.csv" else "config", 1.0)
    decision = _by_reasons(_scored(voices, cues, tongue, direction, rep_name))
    return replace(decision, turns=told_apart(decision.turns, cues.handover, tongue))


def turns(party: Party) -> tuple[Turn, ...]:
    """A party's stretches of speech with the words inside; the side is still unknown.

    Edges come from speech activity. A word that lies in no stretch lengthens the one within BRIDGE, or is its own.
    """
    speech = joined(party.speech)
    stray = [w for w in party.words if not speech or _apart_by(w, speech[_nearest(speech, w)]) > 0]
    spans = joined([*speech, *(w.span for w in stray)], BRIDGE)
    said: list[list[Word]] = [[] for _ in spans]
    for word in sorted(party.words, key=lambda w: (w.start, w.end)):
        said[_nearest(spans, word)].append(word)
    return tuple(Turn("unknown", span.start, span.end, tuple(words)) for span, words in zip(spans, said, strict=True))


def _nearest(spans: Sequence[Span], word: Word) -> int:
    """The span that holds the middle of the word, or is nearest to it; ``spans`` apart and in order."""
    middle = (word.start + word.end) / 2
    after = bisect_right(spans, middle, key=lambda span: span.start)
    if 0 < after < len(spans):
        return after if spans[after].start - middle < middle - spans[after - 1].end else after - 1
    return max(0, after - 1)


def _apart_by(word: Word, span: Span) -> Seconds:
    return max(span.start - word.end, word.start - span.end)


def _sided(voices: Sequence[_Voice], sides: Sequence[Side]) -> tuple[Turn, ...]:
    """Turns in order; two voices of one recording that are both the rep's are told apart."""
    people = [
        replace(turn, side=side, speaker=str(i) if side == "rep" else "")
        for i, (voice, side) in enumerate(zip(voices, sides, strict=True))
        for turn in voice.person
    ]
    machines = [replace(turn, side="ivr") for voice in voices for turn in voice.machine]
    return numbered(sorted((*people, *machines), key=lambda t: (t.start, t.end, t.side)))


def _apart(parties: Sequence[Party], cues: RoleCues, language: Language) -> list[_Voice]:
    """People and machines apart, voice by voice."""
    voices = []
    for i, party in enumerate(parties):
        others = sorted(w.start for j, theirs in enumerate(parties) if j != i for w in theirs.words)
        pieces = turns(party)
        machine = _machine(_utterances(pieces, others), cues, language, others[FEW_WORDS - 1 :])
        begins = {turn.start for turn in machine}
        voices.append(_Voice(party.channel, tuple(t for t in pieces if t.start not in begins), tuple(machine)))
    return voices


def _utterances(pieces: Sequence[Turn], others: Sequence[Seconds]) -> list[list[Turn]]:
    """Turns with short pauses between, in which nobody else begins a word."""
    result: list[list[Turn]] = []
    for turn in pieces:
        last = result[-1][-1].end if result else turn.start
        if result and turn.start - last < PAUSE and bisect_left(others, last) == bisect_left(others, turn.start):
            result[-1].append(turn)
        else:
            result.append([turn])
    return result


def _machine(
    utterances: Sequence[Sequence[Turn]], cues: RoleCues, language: Language, begun: Sequence[Seconds]
) -> list[Turn]:
    """The turns of menus and voicemail: before the conversation (``begun``: the other side's words since it has said
    a few) utterances partly in prompts, later those of several prompts and little else, and what lies between them
    where the voice is mostly in prompts."""
    heard = [_prompted(said, cues, language) for said in utterances]
    early = [not begun or said[0].start < begun[0] for said in utterances]
    machine = sum(h.prompts + h.hints for h in heard) > MOSTLY * sum(h.words for h in heard)
    marked = [
        i
        for i, h in enumerate(heard)
        if h.prompts
        and (h.prompts >= PARTLY * h.words if early[i] or machine else h.several and h.prompts >= MOSTLY * h.words)
    ]
    opening = [i for i in marked if early[i] or machine]
    if opening:
        first, last = opening[0], opening[-1]
        # a person who picks up says "здравствуйте" too, but not in the machine's breath
        beside = [
            i
            for i, near in ((first - 1, first), (last + 1, last))
            if 0 <= i < len(heard) and heard[i].hints >= MOSTLY * heard[i].words > 0 and _close(utterances, i, near)
        ]
        marked = sorted({*marked, *range(first, last + 1), *beside})
    return [turn for i in marked for turn in utterances[i]]


def _close(utterances: Sequence[Sequence[Turn]], i: int, j: int) -> bool:
    earlier, later = utterances[min(i, j)], utterances[max(i, j)]
    return later[0].start - earlier[-1].end < 2 * PAUSE


@dataclass(frozen=True, slots=True)
class _Prompted:
    """Of an utterance: all words, those of sentences with a prompt, those of sentences with a hint alone.

    ``several``: more than one sentence has a prompt.
    """

    words: int
    prompts: int
    hints: int
    several: bool


def _prompted(said: Iterable[Turn], cues: RoleCues, language: Language) -> _Prompted:
    prompts, hints = _phrases((*cues.menus, *cues.voicemail), language), _phrases(cues.hints, language)
    sentences = text.sentences((w for turn in said for w in turn.words), language)
    prompted = [s for s in sentences if text.find_any(prompts, s.tokens)]
    hinted = [s for s in sentences if s not in prompted and text.find_any(hints, s.tokens)]
    words, prompt_words, hint_words = (sum(len(s.tokens) for s in some) for some in (sentences, prompted, hinted))
    return _Prompted(words, prompt_words, hint_words, len(prompted) > 1)


def _phrases(patterns: Iterable[str], language: Language) -> list[text.Phrase]:
    return [text.phrase(pattern, language) for pattern in patterns]


def _count(phrases: Iterable[text.Phrase], said: Iterable[Turn], language: Language) -> int:
    return len(text.find_any(phrases, text.tokens((w for turn in said for w in turn.words), language)))


def _scored(
    voices: Sequence[_Voice], cues: RoleCues, language: Language, direction: str | None, rep_name: str | None
) -> list[_Voice]:
    """Every voice with the reasons for it."""
    until = min((word.start for voice in voices for word in voice.words), default=0.0) + OPENING
    heads = [text.tokens((w for w in voice.words if w.start <= until), language) for voice in voices]
    said = [text.tokens(voice.words, language) for voice in voices]
    openings = zip(
        (_reasons(cues, "opening", head, language) for head in heads),
        (_named(head, cues.names, rep_name, language) for head in heads),
        _first_speaker(voices, direction),
        _machines(voices, cues, language, direction),
        strict=True,
    )
    calls = zip((_reasons(cues, "call", tokens, language) for tokens in said), _askers(said), strict=True)
    return [
        replace(voice, opening=sum(opening), call=sum(call))
        for voice, opening, call in zip(voices, openings, calls, strict=True)
    ]


def _askers(said: Sequence[text.Tokens]) -> list[float]:
    asked = [sum("?" in token.mark for token in tokens) for tokens in said]
    return [ASKS_MORE * asks / sum(asked) if sum(asked) > 1 else 0.0 for asks in asked]


def _first_speaker(voices: Sequence[_Voice], direction: str | None) -> list[float]:
    """By the first word: noise before it may be taken for speech."""
    starts = [voice.words[0].start if voice.words else None for voice in voices]
    known = [start for start in starts if start is not None]
    if direction is None or len(known) < 2:
        return [0.0] * len(voices)
    sign = FIRST_SPEAKER if direction == "inbound" else -FIRST_SPEAKER
    return [sign if start == min(known) else 0.0 for start in starts]


def _machines(voices: Sequence[_Voice], cues: RoleCues, language: Language, direction: str | None) -> list[float]:
    """Reps call out and meet voicemail, customers call in and meet menus; who speaks after one is who it stands for."""
    said = [turn for voice in voices for turn in voice.machine]
    menus, voicemail = (_count(_phrases(some, language), said, language) for some in (cues.menus, cues.voicemail))
    sign = MACHINE if (direction == "outbound" if direction else voicemail >= menus) else -MACHINE
    alone = sum(bool(voice.person) for voice in voices) == 1
    return [-sign if v.machine and v.person else sign if said and v.person and alone else 0.0 for v in voices]


def _reasons(cues: RoleCues, where: str, said: text.Tokens, language: Language) -> float:
    """The sum of the cues' weights, positive for the rep: the second time counts half, the third a quarter."""
    total = 0.0
    for cue in cues.cues.values():
        if cue.where == where:
            hits = len(text.find_any(_phrases(cue.phrases, language), said))
            total += (1 if cue.side == "rep" else -1) * cue.weight * 2 * (1 - 0.5**hits)
    return total


def _named(said: text.Tokens, names: Names, rep_name: str | None, language: Language) -> float:
    """Whether the rep's name is the speaker's own here (positive) or the other's (negative)."""
    parts = text.tokens([Word(part, 0, 0) for part in (rep_name or "").split()], language)
    found = [i for i, token in enumerate(said) if any(_same_name(token, part) for part in parts)]
    reasons = [_whose(said, i, set(found), names) for i in found]
    return max(reasons, default=0.0) if max(reasons, default=0.0) > 0 else min(reasons, default=0.0)


def _same_name(token: text.Token, part: text.Token) -> bool:
    if token.lemmas & part.lemmas or token.text == part.text:
        return True
    if token.known or min(len(token.text), len(part.text)) < NAME_LETTERS or token.text[0] != part.text[0]:
        return False
    from rapidfuzz.fuzz import ratio

    return ratio(token.text, part.text) >= NAME_RATIO


def _whose(said: text.Tokens, at: int, found: set[int], names: Names) -> float:
    before = said[at - 1] if at and not said.breaks[at - 1] else None
    after = said[at + 1] if at + 1 < len(said) else None
    if {at - 1, at + 1} & found or any(near and near.text in names.own for near in (before, after)):
        return NAMED
    return -ADDRESSED if before and before.text in names.greeting else PERHAPS_NAMED


def _by_reasons(voices: Sequence[_Voice]) -> Decision:
    people = sorted((voice for voice in voices if voice.person), key=lambda v: -v.score)
    if not people or not (margin := _margin(people)):
        return Decision(_sided(voices, ["unknown"] * len(voices)), "undecided", 0.0)
    opening = people[0].opening - (people[-1].opening if len(people) > 1 else 0.0)
    by: By = "opening" if opening * (1 if margin > 0 else -1) >= OPENING_DECIDES else "whole call"
    return Decision(
        _sided(voices, _sides(voices, people)), by, round(min(SUREST, 1 / (1 + exp(-SCALE * abs(margin)))), 3)
    )


def _margin(people: Sequence[_Voice]) -> float:
    return people[0].score - people[-1].score if len(people) > 1 else people[0].score


def _sides(voices: Sequence[_Voice], people: Sequence[_Voice]) -> list[Side]:
    """The first of the people is the rep, the last a customer; those between go by their reasons, one alone by its."""
    if len(people) == 1:
        return ["rep" if people[0].score > 0 else "customer"] * len(voices)
    reps = [people[0], *(voice for voice in people[1:-1] if voice.score > ANOTHER_REP)]
    return ["rep" if voice in reps else "customer" for voice in voices]

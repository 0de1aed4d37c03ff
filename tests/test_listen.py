"""Sound to voices: what only seemed to be speech is none."""

import numpy as np
import pytest

from callqa.speech import Channel, Heard
from callqa.speech.listen import voiced
from callqa.types import Span, Word

RATE = 8000
LOUD, QUIET, MIDDLE = Span(1, 5), Span(10, 14), Span(20, 21)


def channel(*levels):
    """30 s of noise, each (span, level) of it speech."""
    sound = np.full(30 * RATE, 0.0001, np.float32)
    for span, level in levels:
        sound[int(span.start * RATE) : int(span.end * RATE)] = level
    noise = np.random.default_rng(1).standard_normal(len(sound)).astype(np.float32)
    return Channel("c", sound * noise, RATE, tuple(span for span, _ in levels))


def word(span):
    return Word("да", span.start + 0.1, span.start + 0.5)


@pytest.mark.parametrize(
    ("levels", "words", "kept"),
    [
        ([(LOUD, 0.2), (QUIET, 0.005)], [LOUD], [LOUD]),  # babble in the room
        ([(LOUD, 0.2), (MIDDLE, 0.1)], [LOUD], [LOUD, MIDDLE]),  # "угу" that the recogniser missed
        ([(LOUD, 0.2), (QUIET, 0.005)], [LOUD, QUIET], [LOUD, QUIET]),  # quiet, but words were heard
        ([(QUIET, 0.005)], [], []),  # a channel without a word has no speech
        ([], [], []),
    ],
)
def test_wordless_and_quiet_is_no_speech(levels, words, kept):
    assert voiced(channel(*levels), Heard(tuple(word(span) for span in words))) == tuple(kept)

"""The installed recordings: two readings in the wheel ``moonshine-voice``.

Too few for conclusions (two recordings, under a minute), enough to check that everything works.
"""

from __future__ import annotations

from speechzip.pipeline import recognizer_recording

from ..types import Item, Turn

TRANSCRIPTS = {
    # Samuel Beckett, Worstward Ho (1983)
    "beckett.wav": "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.",
    # Charles Dickens, A Tale of Two Cities (1859), first sentence
    "two_cities.wav": (
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of "
        "foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was "
        "the season of Darkness, it was the spring of hope, it was the winter of despair, we had everything before "
        "us, we had nothing before us, we were all going direct to Heaven, we were all going direct the other way -- "
        "in short, the period was so far like the present period, that some of its noisiest authorities insisted on "
        "its being received, for good or for evil, in the superlative degree of comparison only."
    ),
}
"""Recording -> its text."""


def read() -> list[Item]:
    """Return the recordings of the installed wheel.

    Raises:
        EngineError: the wheel is not installed.
    """
    return [
        Item(name, recognizer_recording(name), (Turn(transcript, speaker=name.removesuffix(".wav")),))
        for name, transcript in TRANSCRIPTS.items()
    ]

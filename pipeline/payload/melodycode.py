"""The melody of each utterance in formats 3 and 4: where pitch and loudness differ from a synthesizer's own."""

from __future__ import annotations

from ..errors import PayloadCorrupt
from ..types import Melody
from .coding.symbols import AdaptiveTable, SymbolReader, SymbolWriter

POINTS_ODDS = (48, 8, 7, 5, 5, 4, 2, 1, 2)
"""Odds of 0 to 8 points of the pitch."""
FIRST_ODDS = (1, 3, 12, 7, 8, 3, 1)
"""Odds of the first point, from 9 semitones lower to 9 higher in steps of 3..."""
NEXT_ODDS = (
    (2, 2, 4, 3, 2, 1, 1),
    (1, 2, 8, 5, 4, 2, 1),
    (1, 2, 6, 12, 6, 3, 2),
    (1, 4, 13, 16, 4, 2, 1),
    (1, 4, 10, 10, 4, 1, 1),
    (1, 4, 6, 5, 3, 1, 1),
    (1, 2, 3, 3, 3, 1, 1),
)
"""...and of every other one, by the one before it."""
RISE_ODDS = (2, 3, 52, 5, 5)
"""Odds of a rise of -12 to 12 semitones in steps of 6."""
LOUDNESS_ODDS = (1, 2, 60, 2)
"""Odds of a loudness of -12 to 6 dB in steps of 6."""
STEP = 2
"""Each occurrence adds this to a frequency. All odds were counted in 247 utterances of 83 readers."""


class Melodies:
    """The odds of both ends after the melodies so far."""

    def __init__(self) -> None:
        self._points = AdaptiveTable(POINTS_ODDS, STEP)
        self._first = AdaptiveTable(FIRST_ODDS, STEP)
        self._next = [AdaptiveTable(odds, STEP) for odds in NEXT_ODDS]
        self._rise = AdaptiveTable(RISE_ODDS, STEP)
        self._loudness = AdaptiveTable(LOUDNESS_ODDS, STEP)

    def write(self, melody: Melody | None, writer: SymbolWriter) -> None:
        """Append a melody in the steps of the format, within its limits."""
        said = nearest_melody(melody or Melody())
        writer.write(len(said.pitch), self._points)
        table = self._first
        for semitones in said.pitch:
            symbol = (semitones + Melody.MAX_PITCH) // Melody.PITCH_STEP
            writer.write(symbol, table)
            table = self._next[symbol]
        writer.write((said.rise + Melody.MAX_RISE) // Melody.RISE_STEP, self._rise)
        writer.write((said.loudness - Melody.LEAST_LOUDNESS) // Melody.LOUDNESS_STEP, self._loudness)

    def read(self, reader: SymbolReader) -> Melody | None:
        """Return the melody of the next utterance; None for that of the synthesizer.

        Raises:
            PayloadCorrupt: the points say nothing.
        """
        symbols: list[int] = []
        table = self._first
        for _ in range(reader.read(self._points)):
            symbols.append(reader.read(table))
            table = self._next[symbols[-1]]
        pitch = tuple(Melody.PITCH_STEP * symbol - Melody.MAX_PITCH for symbol in symbols)
        if pitch and not any(pitch):
            raise PayloadCorrupt("the payload has a melody without any difference; it is damaged")
        rise = Melody.RISE_STEP * reader.read(self._rise) - Melody.MAX_RISE
        return Melody(pitch, rise, Melody.LOUDNESS_STEP * reader.read(self._loudness) + Melody.LEAST_LOUDNESS) or None


def nearest_melody(melody: Melody) -> Melody:
    """Return a melody in the steps and limits of a payload.

    Example:
        >>> nearest_melody(Melody((4, -20), rise=7, loudness=30))
        Melody(pitch=(3, -9), rise=6, loudness=6)
    """
    pitch = tuple(
        _nearest(each, Melody.PITCH_STEP, -Melody.MAX_PITCH, Melody.MAX_PITCH)
        for each in melody.pitch[: Melody.MAX_POINTS]
    )
    return Melody(
        pitch if any(pitch) else (),
        _nearest(melody.rise, Melody.RISE_STEP, -Melody.MAX_RISE, Melody.MAX_RISE),
        _nearest(melody.loudness, Melody.LOUDNESS_STEP, Melody.LEAST_LOUDNESS, Melody.MAX_LOUDNESS),
    )


def _nearest(value: int, step: int, least: int, most: int) -> int:
    return min(max((value + step // 2) // step * step, least), most)

"""The times of utterances from format 2 on: inaudible steps, and their odds.

    ends     before               speaks     gap         says             lasts
    ...-----|                     turn       start less  text of n        duration
            |<--- gap --->|-----------|      end         code points

Starts are rounded to 1/8 s (1/4 s after pauses beyond 2 s), durations to 8 %, confidence to two levels. A start is
coded relative to the end that the decoder knows, so rounding errors never add up. All times are whole ticks.

An encoder may round a duration up or down, which moves the end that the next start is counted from. It takes the way
with the least bits and errors (`DURATION_PRICE`, `START_PRICE`). Of the starts in 16 dialogues and their mixes, 99 %
come within 50 ms of where they were measured; durations are wrong by 5 % (root mean square).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import log2
from typing import NamedTuple

from ..errors import PayloadCorrupt
from ..types import UnreadReason, Voice, VoiceReference
from .coding.symbols import ANY_LENGTHS, AdaptiveTable, AnyTable, SymbolReader, SymbolWriter, Table
from .limits import MAX_DURATION_TICKS, TICKS_PER_SECOND, ticks

FINE_GAP, LONGEST_GAP, LONGEST_OVERLAP = 32, 128, 8
FINE_STEP, COARSE_STEP = 2, 4
"""Gaps of up to 2 s (overlaps of up to half a second) come in steps of 1/8 s, up to 8 s in steps of 1/4 s..."""
GAPS = (
    *range(-LONGEST_GAP, -LONGEST_OVERLAP, COARSE_STEP),
    *range(-LONGEST_OVERLAP, FINE_GAP, FINE_STEP),
    *range(FINE_GAP, LONGEST_GAP + 1, COARSE_STEP),
)
"""The gap of each symbol, in ticks, increasing."""
EXACT_GAP = len(GAPS)
"""...and all others are sent unrounded, after this symbol."""


def _durations() -> tuple[int, ...]:
    durations = [1]
    while (longer := durations[-1] + max(1, durations[-1] // 12)) <= MAX_DURATION_TICKS:
        durations.append(longer)
    return tuple(durations)


DURATIONS = _durations()
"""The possible durations, in ticks: every one from 1 to 24, then in steps of 8 %."""

SURPLUS = 16
"""A duration up to this many steps from its prediction, 0.3 to 3.6 times as long, is one symbol..."""
EXACT_DURATION = 2 * SURPLUS + 1
"""...and any other is sent as its index, after this symbol."""

CONFIDENCE_LEVELS = (0.6, 0.88)
"""Decoded values of the two levels of confidence: doubtful (below `LEAST_CONFIDENCE`) and good."""
LEAST_CONFIDENCE = 0.7
CONFIDENCE_ODDS = (16, 64)
REASONS: tuple[UnreadReason, ...] = ("unclear", "another language")
REASON_ODDS = (24, 8)
"""An utterance without words has the reason instead; any other reason travels as the first one."""

LEARNING_STEP = 32
"""Each occurrence of a gap, a surplus, a turn or a level of confidence adds this to its frequency."""

MOST_ROUNDED = 12
"""Ticks, 0.75 s, by which a duration may be wrong where it is not one of the nearest."""
DURATION_PRICE = 2.0
"""Bits that a duration wrong by 8 % is worth, and half as wrong a quarter of that..."""
START_PRICE = 24.0
"""...and those that a start wrong by a tick is worth. More brings the starts nearer, and costs bytes."""

END_OF_TALK, SAME_SPEAKER, OTHER_SPEAKER = range(3)
FIRST_TURN = Table((8, 0, 248))
FIRST_ONLY_SPEAKER_ODDS, ONLY_SPEAKER_ODDS = (8, 148), (64, 96)
"""Odds of the end and of the same speaker, if there is no other; in formats 2 and 3, and in format 4."""
TURN_ODDS = ((64, 224, 1000), (64, 350, 800))
"""Odds of the end, the same speaker and another one; the second row if the last two utterances have one speaker."""
WHO = Table((3, 1))
"""Odds among several others: the one who spoke most recently (or has the lowest number), or one of the rest."""

Pace = tuple[int, int]
"""Ticks of speech, and the code points that were said in them."""
USUAL_PACE: Pace = (101, 120)
"""That each speaker starts with: 19 code points a second..."""
PAUSE_TICKS = 4
"""...plus this for the silence at both ends of an utterance."""
PACED_SPACES = frozenset({"trained-1", "trained-2"})
"""Voice spaces whose embeddings tell the speaking rate, in bits 12 to 15: less 7, in phones a second."""
PRIOR_CHARACTERS, PRIOR_TICKS = 240, 2304
"""The code points that this rate counts as, and their ticks at a phone a second: 0.6 phones for each code point."""
SHORT_TEXT = 24
"""Texts of up to this many code points vary more in their duration."""


def _step_at(gap: int) -> int:
    """Return the step between the gaps that there are, in ticks, near a gap."""
    return FINE_STEP if -LONGEST_OVERLAP <= gap <= FINE_GAP else COARSE_STEP


def gap_odds(*, spike: int, hump: int, center: int, spread: int, long: int, overlap: int) -> tuple[int, ...]:
    """Return the odds of all gaps, and of an unrounded one.

    Args:
        spike: odds of no gap, where the segmenter cut between two utterances.
        hump: odds of the usual pause, at its center.
        center: of the usual pause, in ticks.
        spread: width of the hump: ticks from its center to zero.
        long: odds of each other pause.
        overlap: odds of each overlap.
    """
    odds: list[int] = []
    for gap in GAPS:
        tail = (overlap if gap < 0 else long) // (8 + abs(gap))
        bell = hump * max(0, spread - abs(gap - center)) // spread
        odds.append(1 + spike * (gap == 0) + _step_at(gap) * (bell + tail))
    return (*odds, 2)


SAME_GAP_ODDS = gap_odds(spike=0, hump=160, center=14, spread=18, long=480, overlap=8)
OTHER_GAP_ODDS = gap_odds(spike=1000, hump=150, center=16, spread=18, long=24, overlap=24)
CHANNEL_GAP_ODDS = gap_odds(spike=60, hump=350, center=16, spread=14, long=100, overlap=150)
"""The last one is for another speaker on another channel, who can interrupt."""


def surplus_odds(spread: int) -> tuple[int, ...]:
    """Return the odds of -`SURPLUS` to `SURPLUS` steps, and of an exact duration: Student's t with three degrees."""
    bell = [1 + 4000 * spread**2 // (step**2 + spread) ** 2 for step in range(-SURPLUS, SURPLUS + 1)]
    return (*bell, 4)


SHORT_SURPLUS_ODDS, LONG_SURPLUS_ODDS = surplus_odds(40), surplus_odds(22)
WORDLESS_TICKS, WORDLESS_SURPLUS_ODDS = 48, surplus_odds(150)
"""Predicted duration of an utterance without words: about 3 s."""

FIRST_LENGTHS = Table((48, 32, 32, 64, 64, 32, 16, 8, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1))
"""Odds of the first start's length in bits, as in `write_number`..."""
TAIL_LENGTHS = Table((64, 64, 48, 48, 64, 32, 16, 8, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1))
"""...and of the time from the last end to the end of the recording."""
RARELY = Table((240, 16))
"""A symbol that is seldom 1: a negative number, or another kind of value, follows."""


def nearest_duration_s(duration_s: float) -> float:
    """Return the duration rounded as in a payload, in seconds."""
    return DURATIONS[_nearest(DURATIONS, max(1, ticks(duration_s)))] / TICKS_PER_SECOND


def pace_of(voice: Voice | VoiceReference) -> Pace:
    """Return the pace that a speaker starts with in format 4: that of the voice, if it is sent and tells one."""
    if isinstance(voice, VoiceReference) or voice.space not in PACED_SPACES or len(voice.embedding) < 2:
        return USUAL_PACE
    phones_per_s = 7 + (voice.embedding[1] >> 4)
    return (PRIOR_TICKS + phones_per_s // 2) // phones_per_s, PRIOR_CHARACTERS


class NextStart(NamedTuple):
    """What comes after an utterance."""

    start: float
    """When it really starts, in ticks."""
    same_speaker: bool
    """Whether the speaker is the same."""


class Turns:
    """The next speaker, given the earlier ones."""

    def __init__(self, speakers: int, only_speaker_odds: Sequence[int] = ONLY_SPEAKER_ODDS) -> None:
        """Begin with the number of speakers; the odds are those of an only one."""
        self._order = list(range(speakers))  # most recent speaker first; those who have not spoken, by number
        self._tables = tuple(AdaptiveTable(odds, LEARNING_STEP) for odds in TURN_ODDS)
        self._only = AdaptiveTable(only_speaker_odds, LEARNING_STEP)
        self.is_first = True
        self.is_same = False
        """Whether the last two utterances have the same speaker."""

    def write(self, speaker: int | None, writer: SymbolWriter) -> None:
        """Append the next speaker; None at the end."""
        if not self._order:
            return
        others = self._others()
        turn = END_OF_TALK if speaker is None else OTHER_SPEAKER if speaker in others else SAME_SPEAKER
        writer.write(turn, self._table())
        if turn == OTHER_SPEAKER:
            for other in others[:-1]:
                writer.write(int(other != speaker), WHO)
                if other == speaker:
                    break
        self._learn(speaker)

    def read(self, reader: SymbolReader) -> int | None:
        """Return the next speaker; None at the end."""
        if not self._order:
            return None
        others = self._others()
        turn = reader.read(self._table())
        speaker = None if turn == END_OF_TALK else self._order[0]
        if turn == OTHER_SPEAKER:
            speaker = next((other for other in others[:-1] if not reader.read(WHO)), others[-1])
        self._learn(speaker)
        return speaker

    def _others(self) -> list[int]:
        return self._order if self.is_first else self._order[1:]

    def _table(self) -> AnyTable:
        if self.is_first:
            return FIRST_TURN
        return self._tables[self.is_same] if len(self._order) > 1 else self._only

    def _learn(self, speaker: int | None) -> None:
        if speaker is None:
            return
        self.is_same = not self.is_first and speaker == self._order[0]
        self.is_first = False
        self._order = [speaker, *(other for other in self._order if other != speaker)]


class Clock:
    """Starts and durations, given earlier ends and speaking rates. All times are in ticks."""

    def __init__(self, paces: Sequence[Pace], channels: int) -> None:
        """Begin with the pace of each speaker."""
        other = CHANNEL_GAP_ODDS if channels == 2 else OTHER_GAP_ODDS
        self._gaps = AdaptiveTable(other, LEARNING_STEP), AdaptiveTable(SAME_GAP_ODDS, LEARNING_STEP)
        self._surplus = [
            AdaptiveTable(odds, LEARNING_STEP)
            for odds in (WORDLESS_SURPLUS_ODDS, SHORT_SURPLUS_ODDS, LONG_SURPLUS_ODDS)
        ]
        self._paces = list(paces)
        self._start: int | None = None
        self._end = 0

    def write_start(self, start: float, latest: int, same_speaker: bool, writer: SymbolWriter) -> None:
        """Append the nearest possible start of an utterance, up to `latest`, the recording's end."""
        if self._start is None:
            self._start = round(start)
            writer.write_number(self._start, FIRST_LENGTHS)
            return
        exact = max(start, self._start) - self._end
        gap = round(exact)
        symbol = _nearest(GAPS, exact)
        step = _step_at(gap)
        if start <= self._start:  # simultaneous, or the previous start was rounded up: repeat it, or starts would drift
            step = 0
        if abs(GAPS[symbol] - exact) <= step / 2 and self._start <= self._end + GAPS[symbol] <= latest:
            writer.write(symbol, self._gaps[same_speaker])
            gap = GAPS[symbol]
        else:
            writer.write(EXACT_GAP, self._gaps[same_speaker])
            _write_signed(gap, writer)
        self._start = self._end + gap

    def read_start(self, same_speaker: bool, reader: SymbolReader) -> int:
        """Return the start of the next utterance.

        Raises:
            PayloadCorrupt: it lies before the start of the one before.
        """
        if self._start is None:
            self._start = reader.read_number(FIRST_LENGTHS)
            return self._start
        symbol = reader.read(self._gaps[same_speaker])
        gap = _read_signed(reader) if symbol == EXACT_GAP else GAPS[symbol]
        if self._end + gap < self._start:
            raise PayloadCorrupt("an utterance of the payload starts before the one before it; the payload is damaged")
        self._start = self._end + gap
        return self._start

    def write_duration(
        self, duration: float, speaker: int, characters: int, following: NextStart | None, writer: SymbolWriter
    ) -> None:
        """Append a possible duration near that of an utterance of `speaker` with that many code points."""
        symbol = _nearest(DURATIONS, max(1, round(duration)))
        if DURATIONS[symbol] != duration:  # what needs no rounding stays: decoding and coding again changes nothing
            around = [
                one
                for one in range(max(0, symbol - 2), min(symbol + 3, len(DURATIONS)))
                if abs(one - symbol) < 2 or abs(DURATIONS[one] - duration) <= MOST_ROUNDED
            ]
            symbol = min(around, key=lambda one: self._price(one, duration, speaker, characters, following))
        surplus = symbol - self._predicted(speaker, characters)
        table = self._table(characters)
        if abs(surplus) <= SURPLUS:
            writer.write(surplus + SURPLUS, table)
        else:
            writer.write(EXACT_DURATION, table)
            writer.write_evenly(symbol, len(DURATIONS))
        self._learn(DURATIONS[symbol], speaker, characters)

    def _price(self, symbol: int, duration: float, speaker: int, characters: int, following: NextStart | None) -> float:
        """Return the bits of a duration and of the start after it, and what their errors are worth in bits."""
        assert self._start is not None
        length = DURATIONS[symbol]
        surplus = symbol - self._predicted(speaker, characters)
        price = _bits(surplus + SURPLUS if abs(surplus) <= SURPLUS else EXACT_DURATION, self._table(characters))
        wrong = 12 * (length - duration) / length
        price += DURATION_PRICE * wrong * wrong
        if following is None:
            return price
        gap = max(following.start, self._start) - (self._start + length)
        nearest = _nearest(GAPS, gap)
        late: float = GAPS[nearest] - gap
        return price + _bits(nearest, self._gaps[following.same_speaker]) + START_PRICE * late * late

    def read_duration(self, speaker: int, characters: int, reader: SymbolReader) -> int:
        """Return the duration of an utterance of `speaker` with that many code points.

        Raises:
            PayloadCorrupt: there is no such duration.
        """
        surplus = reader.read(self._table(characters))
        if surplus == EXACT_DURATION:
            symbol = reader.read_evenly(len(DURATIONS))
        else:
            symbol = self._predicted(speaker, characters) + surplus - SURPLUS
        if not 0 <= symbol < len(DURATIONS):
            raise PayloadCorrupt("an utterance of the payload lasts less than nothing, or days; the payload is damaged")
        self._learn(DURATIONS[symbol], speaker, characters)
        return DURATIONS[symbol]

    def write_tail(self, duration: int, writer: SymbolWriter) -> None:
        """Append the duration of the recording."""
        _write_signed(duration - self._end, writer, TAIL_LENGTHS)

    def read_tail(self, reader: SymbolReader) -> int:
        """Return the duration of the recording.

        Raises:
            PayloadCorrupt: it ends before its last utterance starts, or lasts longer than a day.
        """
        duration = self._end + _read_signed(reader, TAIL_LENGTHS)
        if not (self._start or 0) <= duration <= MAX_DURATION_TICKS:
            raise PayloadCorrupt("an utterance of the payload lies outside of the recording; the payload is damaged")
        return duration

    def _predicted(self, speaker: int, characters: int) -> int:
        """Return the index of the likely duration."""
        if not characters:
            return _nearest(DURATIONS, WORDLESS_TICKS)
        spoken, before = self._paces[speaker]
        return _nearest(DURATIONS, PAUSE_TICKS + (characters * spoken + before // 2) // before)

    def _table(self, characters: int) -> AnyTable:
        return self._surplus[(characters > 0) + (characters > SHORT_TEXT)]

    def _learn(self, duration: int, speaker: int, characters: int) -> None:
        assert self._start is not None  # its own prediction
        self._end = self._start + duration
        if characters:
            spoken, before = self._paces[speaker]
            self._paces[speaker] = spoken + max(1, duration - PAUSE_TICKS), before + characters


def _nearest(values: Sequence[int], value: float) -> int:
    """Return the index of the nearest of increasing `values`; of two equally near, the one nearer to zero."""
    above = min(bisect_left(values, value), len(values) - 1)
    return min(max(0, above - 1), above, key=lambda index: (abs(values[index] - value), abs(values[index])))


def _bits(symbol: int, table: AnyTable) -> float:
    _, frequency, total = table.interval(symbol)
    return log2(total / frequency)


def _write_signed(value: int, writer: SymbolWriter, lengths: AnyTable = ANY_LENGTHS) -> None:
    """Append a number, its sign first; a negative one is its distance from -1."""
    writer.write(int(value < 0), RARELY)
    writer.write_number(-1 - value if value < 0 else value, lengths)


def _read_signed(reader: SymbolReader, lengths: AnyTable = ANY_LENGTHS) -> int:
    is_negative = reader.read(RARELY)
    value = reader.read_number(lengths)
    return -1 - value if is_negative else value

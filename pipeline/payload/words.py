"""The words of a payload from format 2 on: how each utterance's text is coded, and its symbols."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import PayloadCorrupt, TextError
from ..protocols import Interval, TextCoder, TextStream
from ..types import MAX_TEXT_BYTES
from .coding.symbols import AdaptiveTable, SymbolReader, SymbolWriter, Table
from .names import known_coder
from .plaintext import PlainText, utf8

FIRST_CODER_ODDS = Table([2, 160, 160, 32, *[1] * 252])
CODER_ODDS = Table([1, 8, 4096, 64, *[1] * 12, *[8] * 15, *[1] * 225])
"""Text coders by their ids, in formats 2 and 3, and in format 4; 1 and 2 are `english-1` and `english-2`, 16 to 30
those of `world-1`."""

NO_WORDS, PLAIN_TEXT, FIRST_CODER, NEW_CODER = range(4)
"""How the words of an utterance are coded: not at all; as UTF-8; by the payload's first coder; by one that is named
now. The others: by the second, third, fourth coder that was named."""
TEXT_ODDS = (8, 4, 236, 2, 2, 2, 2)
TEXT_STEP = 32
MAX_CODERS = 4

_ORDINARY = re.compile(r"[a-z ]")
ORDINARY_SHARE = 0.75
"""Only text with a smaller share of lower-case letters and spaces is tried as UTF-8, too."""


class Words:
    """The state of both ends after the words so far: the coders, each with its state, and the odds of each way."""

    def __init__(self, first: TextCoder, coder_odds: Table = CODER_ODDS) -> None:
        """Begin with the payload's first coder, which the header names; `coder_odds` are those of other coders."""
        self._coder_odds = coder_odds
        self.coders = [first]
        """The coders that were named so far."""
        self._streams: dict[int, TextStream] = {PLAIN_TEXT: PlainText(), FIRST_CODER: first.stream()}
        self._ways = AdaptiveTable(TEXT_ODDS, TEXT_STEP)
        self._room = MAX_TEXT_BYTES

    def write(self, text: str, writer: SymbolWriter, others: Sequence[TextCoder] = ()) -> None:
        """Append the text of the next utterance, in the shortest way; a mark if it is empty.

        Args:
            text: the words.
            writer: takes the symbols.
            others: coders that may be named, besides the payload's first one.

        Raises:
            TextError: it holds a lone surrogate, or all together are longer than `MAX_TEXT_BYTES`.
        """
        self._room -= len(utf8(text))
        if self._room < 0:
            raise TextError(f"the text has more than {MAX_TEXT_BYTES} bytes: split the recording into parts")
        if not text:
            writer.write(NO_WORDS, self._ways)
        elif not others and _is_ordinary(text):
            writer.write(FIRST_CODER, self._ways)
            stream = self._streams[FIRST_CODER]
            _write_all(stream.intervals(text), stream.work, writer)
        else:
            self._write_shortest(text, writer, others)

    def read(self, reader: SymbolReader, coders: Mapping[int, TextCoder]) -> str:
        """Return the text of the next utterance.

        Raises:
            PayloadError: it is not a text, its coder is unknown, or all together are longer than `MAX_TEXT_BYTES`.
        """
        way = reader.read(self._ways)
        if way == NO_WORDS:
            return ""
        if way == NEW_CODER:
            way = self._name(known_coder(reader.read(self._coder_odds), coders))
        if way not in self._streams:
            raise PayloadCorrupt("the payload's words are by a coder that it has not named; it is damaged")
        stream = self._streams[way]
        reader.work = stream.work
        text = stream.decode(reader)
        self._room -= len(utf8(text))
        if not text or self._room < 0:
            raise PayloadCorrupt("a text of the payload is empty or too long; the payload is damaged")
        return text

    def _write_shortest(self, text: str, writer: SymbolWriter, others: Sequence[TextCoder]) -> None:
        tries = [_Try([], stream.fork(), way) for way, stream in self._streams.items()]
        if len(self.coders) < MAX_CODERS:
            tries += [_Try([], coder.stream(), NEW_CODER, coder) for coder in others if coder.id not in self._ids()]
        coded = [one for one in tries if one.takes(text)]
        best = min(coded, key=lambda one: one.bits(self._ways, self._coder_odds))
        writer.write(best.way, self._ways)
        if best.coder:
            writer.write(best.coder.id, self._coder_odds)
        self._streams[self._name(best.coder) if best.coder else best.way] = best.stream
        _write_all(best.symbols, best.stream.work, writer)

    def _name(self, coder: TextCoder) -> int:
        """Return the way for a coder that the payload has not named yet."""
        if coder.id in self._ids() or len(self.coders) == MAX_CODERS:
            raise PayloadCorrupt(f"the payload names its text coder {coder.id} twice, or too many; it is damaged")
        self.coders.append(coder)
        way = NEW_CODER + len(self.coders) - 1
        self._streams[way] = coder.stream()
        return way

    def _ids(self) -> set[int]:
        return {coder.id for coder in self.coders}


@dataclass
class _Try:
    """A text coded in one way."""

    symbols: list[Interval]
    stream: TextStream
    way: int
    coder: TextCoder | None = None
    """The coder that would be named for it."""

    def takes(self, text: str) -> bool:
        """Code the text; tell whether there is room for it."""
        try:
            self.symbols = self.stream.intervals(text)
        except TextError:
            return False
        return True

    def bits(self, ways: AdaptiveTable, coder_odds: Table) -> float:
        symbols = [ways.interval(self.way), *self.symbols]
        if self.coder:
            symbols.append(coder_odds.interval(self.coder.id))
        return sum(math.log2(total / frequency) for _, frequency, total in symbols)


def _is_ordinary(text: str) -> bool:
    return len(_ORDINARY.findall(text)) >= ORDINARY_SHARE * len(text)


def _write_all(symbols: Iterable[Interval], work: int, writer: SymbolWriter) -> None:
    for symbol in symbols:
        writer.append(symbol, work)

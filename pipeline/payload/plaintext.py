"""Texts that no text coder predicts well: the bytes of their UTF-8, with odds that adapt to the bytes so far.

It is part of formats 2 to 4, as the alternative to every text coder: for base64, rare scripts, garbage.
"""

from __future__ import annotations

from copy import copy

from ..errors import PayloadCorrupt, TextError
from ..protocols import Interval, SymbolSource
from .coding.symbols import AdaptiveTable

END = 256
"""The symbol that ends a text."""
STEP = 24
"""Each occurrence of a byte adds this to its frequency, which starts at 1."""


class PlainText:
    """Symbols of texts, one byte at a time."""

    work = 1

    def __init__(self) -> None:
        self._table = AdaptiveTable([1] * (END + 1), STEP)

    def intervals(self, text: str) -> list[Interval]:
        """Return the symbols of a text, (start, frequency, total) each, and adapt to them.

        Raises:
            TextError: the text holds a lone surrogate.
        """
        found: list[Interval] = []
        for symbol in [*utf8(text), END]:
            found.append(self._table.interval(symbol))
            self._table.learn(symbol)
        return found

    def fork(self) -> PlainText:
        """Return an independent copy with the same odds."""
        other = copy(self)
        other._table = AdaptiveTable(self._table.frequencies, STEP)
        return other

    def decode(self, reader: SymbolSource) -> str:
        """Return the next text.

        Raises:
            PayloadCorrupt: the bytes are not UTF-8.
        """
        code = bytearray()
        while True:
            symbol = self._table.symbol_at(reader.target(self._table.total()))
            reader.consume(*self._table.interval(symbol))
            self._table.learn(symbol)
            if symbol == END:
                break
            code.append(symbol)
        try:
            return code.decode("utf-8")
        except UnicodeDecodeError as error:
            raise PayloadCorrupt("a text of the payload is not UTF-8; the payload is damaged") from error


def utf8(text: str) -> bytes:
    """Return a text as UTF-8.

    Raises:
        TextError: the text holds a lone surrogate.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        surrogate = f"U+{ord(text[error.start]):04X}"
        raise TextError(f"the text holds a lone surrogate ({surrogate}), which is no character; remove it") from error

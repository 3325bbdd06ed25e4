"""An integer range coder: symbols with whole-number frequencies to bytes and back (G. N. N. Martin, 1979).

The coder keeps an interval [low, low + width) inside [0, 2^48). A symbol that owns [start, start + frequency) of
`total` shrinks the interval to its share; while the interval is narrower than 2^40, its top byte is output and it grows
256-fold. A carry out of the top propagates into the bytes already output.

    total 4, symbol "b" owns [1, 3):   low 0, width 2^48   ->   low 2^46, width 2^47

There is no end marker: the code is the shortest byte string that lies inside the last interval when infinite zero
bytes follow it. So the decoder must know the length of the code from elsewhere.
"""

from __future__ import annotations

WIDTH_BITS = 48
_TOP = 1 << WIDTH_BITS
_NARROW = 1 << (WIDTH_BITS - 8)
MAX_TOTAL_BITS = 32
"""Totals stay below 2^32, so that a share is never rounded by more than one part in 2^8 of the rarest symbol."""


class RangeEncoder:
    """Code symbols into bytes.

    Example:
        >>> encoder = RangeEncoder()
        >>> for start, frequency, total in [(0, 1, 2), (3, 5, 8), (99, 1, 100)]:
        ...     encoder.encode(start, frequency, total)
        >>> encoder.finish().hex()
        '7f34'
    """

    __slots__ = ("_low", "_out", "_width")

    def __init__(self) -> None:
        self._low: int = 0
        self._width: int = _TOP
        self._out = bytearray()

    def encode(self, start: int, frequency: int, total: int) -> None:
        """Append a symbol that owns [start, start + frequency) of [0, total)."""
        if not 0 <= start < start + frequency <= total <= 1 << MAX_TOTAL_BITS:
            raise ValueError(f"no symbol owns [{start}, {start} + {frequency}) of {total}")
        unit = self._width // total
        self._low += start * unit
        # the last symbol owns the remainder of the division
        self._width = frequency * unit if start + frequency < total else self._width - start * unit
        if self._low >= _TOP:
            self._low -= _TOP
            _carry(self._out)
        while self._width < _NARROW:
            self._out.append(self._low >> (WIDTH_BITS - 8))
            self._low = (self._low & (_NARROW - 1)) << 8
            self._width <<= 8

    def finish(self) -> bytes:
        """Return the shortest code of the symbols so far, without changing the encoder."""
        out = bytearray(self._out)
        for kept_bits in range(0, WIDTH_BITS + 1, 8):
            unit = 1 << (WIDTH_BITS - kept_bits)
            value = -(-self._low // unit) * unit
            if value < self._low + self._width:
                break
        else:
            raise AssertionError("the interval holds at least one whole number")
        if value >= _TOP:
            value -= _TOP
            _carry(out)
        out += value.to_bytes(WIDTH_BITS // 8, "big")
        return bytes(out).rstrip(b"\0")


class RangeDecoder:
    """Read back the symbols that a `RangeEncoder` coded: `target`, then `consume` with the symbol found there."""

    __slots__ = ("_at", "_code", "_offset", "_width")

    def __init__(self, code: bytes) -> None:
        self._code, self._at = code, WIDTH_BITS // 8
        self._offset: int = int.from_bytes(code[: self._at].ljust(self._at, b"\0"), "big")
        self._width: int = _TOP

    def target(self, total: int) -> int:
        """Return a number in [0, total) that the next symbol owns."""
        return min(self._offset // (self._width // total), total - 1)

    def consume(self, start: int, frequency: int, total: int) -> None:
        """Advance past the symbol that owns [start, start + frequency) of [0, total)."""
        unit = self._width // total
        self._offset -= start * unit
        self._width = frequency * unit if start + frequency < total else self._width - start * unit
        while self._width < _NARROW:
            following = self._code[self._at] if self._at < len(self._code) else 0
            self._at += 1
            self._offset = self._offset << 8 | following
            self._width <<= 8


def _carry(out: bytearray) -> None:
    """Add one to the bytes as a big-endian number."""
    at = len(out) - 1
    while out[at] == 0xFF:
        out[at] = 0
        at -= 1
    out[at] += 1

"""Whole numbers in as few bits as they need: the payload's timing is written with these.

Bits fill each byte from its most significant end; the last byte is padded with zeros.
"""

from __future__ import annotations

from ...errors import PayloadCorrupt, PayloadTruncated

MAX_BITS = 32
"""Longest number, in bits; more leading zeros than this mean corruption."""


class BitWriter:
    """Collect bits.

    Example:
        >>> writer = BitWriter()
        >>> writer.write(5, 3)
        >>> writer.getvalue().hex()
        'a0'
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._value = 0
        self._length = 0  # number of bits in `_value`, fewer than a byte

    def write(self, value: int, width: int) -> None:
        """Append the `width` lowest bits of `value`, most significant first."""
        if not 0 <= value < 1 << width:
            raise ValueError(f"{value} does not fit {width} bits")
        self._value = self._value << width | value
        self._length += width
        whole, left = divmod(self._length, 8)
        self._bytes += (self._value >> left).to_bytes(whole, "big")
        self._value &= (1 << left) - 1
        self._length = left

    def getvalue(self) -> bytes:
        """Return what was written, padded with zeros to whole bytes."""
        return bytes(self._bytes) + (bytes([self._value << 8 - self._length]) if self._length else b"")


class BitReader:
    """Read back what a `BitWriter` wrote, from the start of `buffer`."""

    def __init__(self, buffer: bytes) -> None:
        self._buffer = buffer
        self._position = 0

    @property
    def bytes_read(self) -> int:
        """Number of bytes begun so far."""
        return (self._position + 7) // 8

    def read(self, width: int) -> int:
        """Return the next `width` bits as a number.

        Raises:
            PayloadTruncated: fewer than `width` bits are left.
        """
        end = self._position + width
        if end > 8 * len(self._buffer):
            raise PayloadTruncated("the payload ends in the middle of its timing section; fetch all of it again")
        window = int.from_bytes(self._buffer[self._position // 8 : (end + 7) // 8], "big")
        self._position = end
        return window >> (-end % 8) & ((1 << width) - 1)

    def finish(self) -> None:
        """Check the padding of the last byte.

        Raises:
            PayloadCorrupt: it is not zeros.
        """
        if self.read(-self._position % 8):
            raise PayloadCorrupt("the padding after the payload's timing is not zeros")


class AdaptiveGolomb:
    """Code signed numbers with an exp-Golomb code whose order follows their size.

    A number v is folded to n = 2v (v >= 0) or -2v - 1 (v < 0), so that small ones come
    first. With order k, m = n + 2^k is written in binary. Zeros precede it: one for each bit
    of m beyond k + 1:

        k = 1    n = 0: 10   1: 11   2: 0100   3: 0101   ...   6: 001000

    k is the least with count * 2^k >= sum, as in JPEG-LS (ITU-T T.87, A.5.1), where
    `count` and `sum` run over the folded numbers so far and start at a prior.
    """

    def __init__(self, prior_count: int, prior_sum: int) -> None:
        self._count, self._sum = prior_count, prior_sum

    def encode(self, value: int, writer: BitWriter) -> None:
        """Write `value`, |value| < 2^30."""
        folded = 2 * value if value >= 0 else -2 * value - 1
        order = self._order()
        shifted = folded + (1 << order)
        zeros = shifted.bit_length() - order - 1
        writer.write(shifted, zeros + shifted.bit_length())
        self._learn(folded)

    def decode(self, reader: BitReader) -> int:
        """Read a number back.

        Raises:
            PayloadTruncated: the bits end.
            PayloadCorrupt: the number would not fit in `MAX_BITS`.
        """
        order = self._order()
        zeros = 0
        while not reader.read(1):
            zeros += 1
            if order + zeros >= MAX_BITS:
                raise PayloadCorrupt("a number in the payload's timing is too large")
        shifted = 1 << (order + zeros) | reader.read(order + zeros)
        folded = shifted - (1 << order)
        self._learn(folded)
        return -(folded + 1) // 2 if folded % 2 else folded // 2

    def _order(self) -> int:
        order = 0
        while self._count << order < self._sum:
            order += 1
        return order

    def _learn(self, folded: int) -> None:
        self._count += 1
        self._sum += folded

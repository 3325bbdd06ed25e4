"""Parity over the fragments of a message: any k of k + m packets restore it.

Column by column a Reed-Solomon code over GF(256) (polynomial 0x11D, generator 2, first root 2^0), always of eight
parity symbols, of which the first m are sent. The decoder takes the others, like lost packets, as erasures.

    fragment 0    length | payload ............ | 0 0
    fragment 1    length | payload .......... | 0 0 0 0
    fragment 2    length | payload ................ |
                  ------------------------------------
    parity 0      one symbol for each column
    parity 1      ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from reedsolo import ReedSolomonError, RSCodec

from ...errors import PayloadCorrupt
from .wire import LENGTH_BYTES, MAX_PARITY


@lru_cache(maxsize=1)
def _codec() -> RSCodec:
    return RSCodec(MAX_PARITY)


def encode_parity(bodies: Sequence[bytes], parity: int) -> list[bytes]:
    """Return the symbols of the first `parity` (0 to `MAX_PARITY`) parity packets.

    Args:
        bodies: the fragments of a message without their headers, in order.
        parity: number of parity packets.
    """
    rows = [_row(body, max(map(len, bodies))) for body in bodies]
    columns = [_codec().encode(bytes(column))[len(rows) :] for column in zip(*rows, strict=True)]
    return [bytes(column[index] for column in columns) for index in range(parity)]


def restore(bodies: Mapping[int, bytes], parity: Mapping[int, bytes], count: int) -> dict[int, bytes]:
    """Return the missing bodies by their index.

    Args:
        bodies: index -> fragment without its header, for all that arrived.
        parity: index -> symbols of a parity packet; all of one length, at least as many as missing bodies.
        count: fragments in the message.

    Raises:
        PayloadCorrupt: the packets do not belong together.
    """
    width = len(next(iter(parity.values())))
    missing = [index for index in range(count) if index not in bodies]
    rows = {index: _row(body, width - LENGTH_BYTES) for index, body in bodies.items()}
    rows |= {count + index: symbols for index, symbols in parity.items()}
    erased = [position for position in range(count + MAX_PARITY) if position not in rows]
    restored = [bytearray() for _ in missing]
    blank = bytes(width)
    for column in zip(*(rows.get(position, blank) for position in range(count + MAX_PARITY)), strict=True):
        try:
            symbols = _codec().decode(bytes(column), erase_pos=erased, only_erasures=True)[0]
        except ReedSolomonError as error:
            raise PayloadCorrupt("packets of different messages were taken for one: they restore nothing") from error
        for row, index in zip(restored, missing, strict=True):
            row.append(symbols[index])
    return {index: _body(bytes(row)) for index, row in zip(missing, restored, strict=True)}


def _row(body: bytes, longest: int) -> bytes:
    return len(body).to_bytes(LENGTH_BYTES, "little") + body + bytes(longest - len(body))


def _body(row: bytes) -> bytes:
    length = int.from_bytes(row[:LENGTH_BYTES], "little")
    body, padding = row[LENGTH_BYTES : LENGTH_BYTES + length], row[LENGTH_BYTES + length :]
    if len(body) != length or any(padding):
        raise PayloadCorrupt("parity restores a packet that contradicts itself")
    return body

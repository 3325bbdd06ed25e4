"""Whole numbers from 0 to 2^32 - 1 in LEB128: seven bits a byte, least first, the top bit says that more bytes follow.

5: 05    127: 7f    128: 80 01    300: ac 02    2^32 - 1: ff ff ff ff 0f
"""

from __future__ import annotations

MAX_VARINT_BYTES = 5
"""Bytes of the longest number."""


def encode_varint(value: int) -> bytes:
    """Return `value` (0 to 2^32 - 1) in as few bytes as hold it.

    Example:
        >>> encode_varint(300).hex()
        'ac02'
    """
    if not 0 <= value < 1 << 32:
        raise ValueError(f"{value} does not fit 32 bits")
    code = bytearray()
    while value >= 0x80:
        code.append(value & 0x7F | 0x80)
        value >>= 7
    code.append(value)
    return bytes(code)


def decode_varint(code: bytes | bytearray | memoryview, position: int = 0) -> tuple[int, int]:
    """Return the number at `position`, and the position after it.

    Raises:
        EOFError: `code` ends before the number does.
        ValueError: the number takes more than 32 bits, or more bytes than it needs.

    Example:
        >>> decode_varint(bytes.fromhex("ac02"))
        (300, 2)
    """
    value = 0
    for index in range(MAX_VARINT_BYTES):
        if position + index >= len(code):
            raise EOFError
        byte = code[position + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if value >> 32 or (index and not byte):
                break
            return value, position + index + 1
    raise ValueError("a number has more than 32 bits, or more bytes than it needs")

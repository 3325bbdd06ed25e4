"""Packets as lines of text, for channels that carry nothing else, and back from any text around them.

    first line   SZ form key 0 lines length text
    next lines   SZ form key number text

`key` (two digits to base 36, as all numbers here) is the CRC-16 of the packet modulo 1296; `length` counts the
characters of the whole packet. The text is spread evenly: each line but the last has ceil(length / lines) characters.

    form     letters                                  a byte takes   safe in
    hex      0-9 A-F, any case                        2 characters   everything: JS8Call, Morse, paper
    base32   A-Z 2-7, any case (RFC 4648)             1.6            JS8Call, paper; the shortest in a QR code
    base64   A-Z a-z 0-9 - _ (RFC 4648, URL-safe)     1.33           SMS (GSM-7, one septet each), APRS, chat, e-mail
    base91   ! to }, without { and |                  1.23           APRS, plain e-mail, blocks of code

base91 is not safe in SMS (brackets and ^ take two septets there, the backtick none) nor where chats make bold of stars.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...errors import InputError, PayloadError
from ...payload.format import decode_payload
from ...textcoder.registry import TEXT_CODERS
from .wire import Fragment, decode_packet

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MAX_LINES = 35
MAX_CHARACTERS = 36 * 36 - 1
HEAD_CHARACTERS = 9
"""Characters before the text of a first line; other lines have three less."""
SHORTEST_LINE = 16
APRS_LINE = 67
"""Characters of an APRS message (APRS protocol reference 1.0.1, chapter 14); `{`, `|` and `~` are not allowed in it."""

MAX_BLOB = 1 << 20
MAX_MARKERS = 10_000
MAX_COMBINATIONS = 64
"""Limits of a search for packets: characters, possible starts of lines, combinations of lines for one packet."""

ALPHABET91 = "".join(chr(code) for code in range(0x21, 0x7E) if chr(code) not in "{|")


@dataclass(frozen=True, slots=True)
class Form:
    """A way to write bytes as characters."""

    letter: str
    """Letter of the form in each line."""
    alphabet: str
    """Characters of the form."""
    encode: Callable[[bytes], str]
    """Converts bytes to characters."""
    decode: Callable[[str], bytes]
    """Converts characters to bytes; raises ValueError for text that `encode` never returns."""
    any_case: bool
    """Whether upper and lower case are the same."""


def encode_base91(data: bytes) -> str:
    """Return bytes in basE91 (Joachim Henke), 13 or 14 bits in two characters, with an alphabet that APRS carries.

    Example:
        >>> decode_base91(encode_base91(b"speechzip"))
        b'speechzip'
    """
    text: list[str] = []
    value = bits = 0
    for byte in data:
        value |= byte << bits
        bits += 8
        if bits > 13:
            width = 13 if value & 8191 > 88 else 14  # 88 = 91^2 - 2^13 - 1: these 13 bits leave room for one more
            number = value & ((1 << width) - 1)
            value >>= width
            bits -= width
            text += [ALPHABET91[number % 91], ALPHABET91[number // 91]]
    if bits:
        text.append(ALPHABET91[value % 91])
        if bits > 7 or value > 90:
            text.append(ALPHABET91[value // 91])
    return "".join(text)


def decode_base91(text: str) -> bytes:
    """Return the bytes from `encode_base91`.

    Raises:
        ValueError: a character is not of the alphabet.
    """
    data = bytearray()
    value = bits = 0
    numbers = [ALPHABET91.index(character) for character in text]
    for low, high in zip(numbers[::2], numbers[1::2], strict=False):
        number = low + 91 * high
        value |= number << bits
        bits += 13 if number & 8191 > 88 else 14
        while bits > 7:
            data.append(value & 255)
            value >>= 8
            bits -= 8
    if len(numbers) % 2:
        data.append((value | numbers[-1] << bits) & 255)
    return bytes(data)


def _decode_base32(text: str) -> bytes:
    return base64.b32decode(text + "=" * (-len(text) % 8))


def _decode_base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


FORMS = {
    "hex": Form("H", "0123456789ABCDEF", lambda data: data.hex().upper(), bytes.fromhex, True),
    "base32": Form(
        "B", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        lambda data: base64.b32encode(data).decode().rstrip("="), _decode_base32, True,
    ),
    "base64": Form(
        "D", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="), _decode_base64, False,
    ),
    "base91": Form("Z", ALPHABET91, encode_base91, decode_base91, False),
}  # fmt: skip
"""Name -> form."""

_BY_LETTER = {form.letter: form for form in FORMS.values()}
_MARKER = re.compile(r"S\s*Z\s*([HBDZ])\s*([0-9A-Z])\s*([0-9A-Z])\s*([0-9A-Z])", re.IGNORECASE)
_CLEANED = (
    "",  # as it is
    r"(?m)^[ \t>|]+",  # quotes of e-mail
    r"(?m)^[ \t>|]*\d+[:.)\]]?[ \t]+",  # line numbers
    r"(?m)^[^\n]{0,40}?[:>$#%][ \t]+",  # names and prompts
)
"""Quotation marks before the rest of a wrapped line."""


def packet_lines(packet: bytes, form: str, line: int = APRS_LINE) -> list[str]:
    """Return a packet as lines of at most `line` characters.

    Raises:
        InputError: there is no such form, or the packet needs longer lines.
    """
    if form not in FORMS:
        raise InputError(f"no text form is called {form!r}; known are {', '.join(FORMS)}")
    if line < SHORTEST_LINE:
        raise InputError(f"lines of {line} characters are too short; {SHORTEST_LINE} is the least")
    text = FORMS[form].encode(packet)
    count = math.ceil(len(text) / (line - HEAD_CHARACTERS))
    if count > MAX_LINES or len(text) > MAX_CHARACTERS:
        raise InputError(
            f"a packet of {len(packet)} bytes makes {len(text)} characters and {count} lines as {form}; "
            f"{MAX_CHARACTERS} and {MAX_LINES} are the most: use smaller packets or longer lines"
        )
    share = math.ceil(len(text) / count)
    start = f"SZ{FORMS[form].letter}{_base36(_key(packet), 2)}"
    heads = [
        f"{start}0{_base36(count, 1)}{_base36(len(text), 2)}",
        *(start + DIGITS[number] for number in range(1, count)),
    ]
    return [head + text[number * share : (number + 1) * share] for number, head in enumerate(heads)]


@dataclass(frozen=True, slots=True)
class PastedPackets:
    """The packets found in a text."""

    packets: tuple[bytes, ...]
    """Whole packets, in the order of their first lines."""
    incomplete: tuple[str, ...]
    """Keys of packets with missing or damaged lines."""


def find_packets(text: str) -> PastedPackets:
    """Return the packets in a text: their lines may be quoted, numbered, indented, wrapped and in any order.

    Raises:
        InputError: the text is longer than `MAX_BLOB`.
    """
    if len(text) > MAX_BLOB:
        raise InputError(f"a text of {len(text)} characters is not searched for packets; {MAX_BLOB} is the most")
    found: dict[bytes, None] = {}
    keys: dict[str, None] = {}
    done: set[str] = set()
    for noise in _CLEANED:
        lines = _lines(re.sub(noise, "", text) if noise else text)
        for (letter, key), numbered in lines.items():
            keys[key] = None
            for packet in _packets(_BY_LETTER[letter], key, numbered):
                found[packet] = None
                done.add(key)
    return PastedPackets(tuple(found), tuple(key for key in keys if key not in done))


def _lines(text: str) -> dict[tuple[str, str], dict[int, list[str]]]:
    """Return letter and key -> number of a line -> the text after it without spaces, at least as long as the line."""
    lines: dict[tuple[str, str], dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for match in itertools.islice(_MARKER.finditer(text), MAX_MARKERS):
        letter, key, number = match[1].upper(), (match[2] + match[3]).upper(), DIGITS.index(match[4].upper())
        behind = "".join(text[match.end() : match.end() + 3 * MAX_CHARACTERS].split())[: MAX_CHARACTERS + 3]
        if behind not in lines[letter, key][number]:
            lines[letter, key][number].append(behind)
    return lines


def _packets(form: Form, key: str, lines: dict[int, list[str]]) -> Iterator[bytes]:
    for head in lines.get(0, []):
        numbers = [DIGITS.find(digit) for digit in head[:3].upper()]
        if len(numbers) < 3 or -1 in numbers or not numbers[0]:
            continue
        count, length = numbers[0], 36 * numbers[1] + numbers[2]
        share = math.ceil(length / count)
        choices = [[head[3:]], *(lines.get(number, []) for number in range(1, count))]
        for chosen in itertools.islice(itertools.product(*choices), MAX_COMBINATIONS):
            text = "".join(part[:share] for part in chosen)[:length]
            packet = _decoded(form, text.upper() if form.any_case else text)
            if packet is not None and len(text) == length and _base36(_key(packet), 2) == key and _is_packet(packet):
                yield packet
                return


def _decoded(form: Form, text: str) -> bytes | None:
    """Return the bytes of a text in this form; None if it is not in this form."""
    if not set(text) <= set(form.alphabet):
        return None
    try:
        return form.decode(text)
    except ValueError:
        return None


def _is_packet(packet: bytes) -> bool:
    try:
        decoded = decode_packet(packet)
        if isinstance(decoded, (bytes, Fragment)):
            decode_payload(decoded if isinstance(decoded, bytes) else decoded.payload, TEXT_CODERS)
    except PayloadError:
        return False
    return True


def _key(packet: bytes) -> int:
    return binascii.crc_hqx(packet, 0) % 1296


def _base36(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits

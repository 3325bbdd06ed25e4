"""A second decoder of payload formats 2 to 4, written from FORMAT.md alone: plain Python, without code of the product.

Text coders come from outside, since this is about everything else: for each id a function that returns an object whose
`decode(source)` returns the next text.
"""

from __future__ import annotations

import binascii
import zlib
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

WIDTH = 48


class Refused(Exception):
    """The bytes are not a payload of formats 2 to 4."""


class Source(Protocol):
    def target(self, total: int) -> int: ...
    def consume(self, start: int, frequency: int, total: int) -> None: ...


class TextDecoder(Protocol):
    def decode(self, reader: Source) -> str: ...


@dataclass
class Spoken:
    """An utterance; times in ticks."""

    speaker: int
    start: int
    duration: int
    text: str
    confidence: float
    language: int
    melody: tuple[list[int], int, int] = ([], 0, 0)
    """Semitones of the points, semitones of the rise, decibels of the loudness."""


@dataclass
class Contents:
    """The content of a payload."""

    channels: int
    speaker_channels: list[int]
    recognizer: int | None
    voices: list[tuple[int, bytes] | int]
    """(number of the space, embedding), or the id of a voice."""
    spoken: list[Spoken]
    duration: int


class Code:
    """The range code. It is read, and written again for a comparison."""

    def __init__(self, code: bytes) -> None:
        self.code = code
        self.offset: int = int.from_bytes((code + bytes(6))[:6], "big")
        self.at = 6
        self.width: int = 1 << WIDTH
        self.low: int = 0  # what an encoder has: all bytes that left, and its own `low` behind them, as one number
        self.shifted = 0
        self.work = 0
        self.work_of_text = 8

    def target(self, total: int) -> int:
        return min(self.offset // (self.width // total), total - 1)

    def consume(self, start: int, frequency: int, total: int, work: int = 0) -> None:
        self.work += work or self.work_of_text
        if self.work > min(16 * len(self.code) + 8192, 3145728):
            raise Refused("too much work")
        unit = self.width // total
        self.offset -= start * unit
        self.low += start * unit
        self.width = frequency * unit if start + frequency < total else self.width - start * unit
        while self.width < 1 << (WIDTH - 8):
            self.offset = self.offset << 8 | (self.code[self.at] if self.at < len(self.code) else 0)
            self.at += 1
            self.low <<= 8
            self.width <<= 8
            self.shifted += 1

    def table(self, frequencies: list[int], step: int = 0) -> int:
        sums = list(accumulate(frequencies))
        symbol = bisect_right(sums, self.target(sums[-1]))
        self.consume(sums[symbol] - frequencies[symbol], frequencies[symbol], sums[-1], 1)
        frequencies[symbol] += step
        return symbol

    def even(self, total: int) -> int:
        value = self.target(total)
        self.consume(value, 1, total, 1)
        return value

    def bits(self, width: int) -> int:
        value = 0
        while width > 16:
            value, width = value << 16 | self.even(65536), width - 16
        return value << width | self.even(1 << width)

    def number(self, lengths: list[int]) -> int:
        below = self.table(list(lengths))
        return (1 << below | self.bits(below)) - 1 if below else 0

    def signed(self, lengths: list[int]) -> int:
        negative = self.table([240, 16])
        value = self.number(lengths)
        return -1 - value if negative else value

    def check(self) -> None:
        """Compare with an encoder's output: of all numbers inside, one with the most zero bytes at its end."""
        length = self.shifted + WIDTH // 8
        value = self.low
        for zeros in range(WIDTH // 8, -1, -1):
            unit = 1 << 8 * zeros
            value = -(-self.low // unit) * unit
            if value < self.low + self.width:
                break
        code = value.to_bytes(length, "big").rstrip(b"\0")
        needed = -(-(self.work - 8192) // 16)
        if code + bytes(max(0, needed - len(code))) != self.code:
            raise Refused("not what an encoder would send")


ANY = [8] * 13 + [4] * 3 + [2] * 3 + [1] * 5
FIRST = [48, 32, 32, 64, 64, 32, 16, 8, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1]
TAIL = [64, 64, 48, 48, 64, 32, 16, 8, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1]
CODER = {True: [1, 8, 4096, 64] + [1] * 12 + [8] * 15 + [1] * 225, False: [2, 160, 160, 32] + [1] * 252}
FIRST_VOICE = {True: [2, 60, 1, 8, 200, 10, 24, 12], False: [160, 64, 4, 24, 1, 1, 1, 1]}
LAYOUTS = [[0], [0, 0], [0, 1], [0, 0, 0], [0, 0, 0, 0]]
VOICE = {
    0: [220, 20, 4, 8, 1, 1, 1, 1],
    1: [64, 176, 4, 8, 1, 1, 1, 1],
    2: [16, 24, 208, 4, 1, 1, 1, 1],
    3: [16, 24, 208, 4, 1, 1, 1, 1],
    4: [2, 20, 2, 4, 222, 2, 2, 2],
    5: [2, 20, 2, 4, 2, 222, 2, 2],
    6: [2, 20, 2, 4, 2, 2, 222, 2],
    7: [2, 20, 2, 4, 2, 2, 2, 222],
}
TRAINED = {0: (3, 16), 4: (4, 16), 5: (4, 8), 6: (4, 32), 7: (4, 64)}
GAPS = [*range(-128, -11, 4), *range(-8, 31, 2), *range(32, 129, 4)]
NEXT = [
    [2, 2, 4, 3, 2, 1, 1],
    [1, 2, 8, 5, 4, 2, 1],
    [1, 2, 6, 12, 6, 3, 2],
    [1, 4, 13, 16, 4, 2, 1],
    [1, 4, 10, 10, 4, 1, 1],
    [1, 4, 6, 5, 3, 1, 1],
    [1, 2, 3, 3, 3, 1, 1],
]
LONGEST = 24 * 3600 * 16
LANGUAGES = 100


def durations() -> list[int]:
    found = [1]
    while found[-1] + max(1, found[-1] // 12) <= LONGEST:
        found.append(found[-1] + max(1, found[-1] // 12))
    return found


DURATIONS = durations()


def gaps(spike: int, hump: int, center: int, wide: int, after: int, before: int) -> list[int]:
    odds: list[int] = []
    for gap in GAPS:
        step = 2 if -8 <= gap <= 32 else 4
        bell = hump * max(0, wide - abs(gap - center)) // wide
        odds.append(1 + (spike if gap == 0 else 0) + step * (bell + (before if gap < 0 else after) // (8 + abs(gap))))
    return [*odds, 2]


def surpluses(s: int) -> list[int]:
    return [1 + 4000 * s * s // (k * k + s) ** 2 for k in range(-16, 17)] + [4]


def nearest_duration(ticks: int) -> int:
    return min(range(len(DURATIONS)), key=lambda index: (abs(DURATIONS[index] - ticks), index))


class Plain:
    """Text as UTF-8."""

    def __init__(self) -> None:
        self.odds = [1] * 257

    def decode(self, reader: Source) -> str:
        found = bytearray()
        while True:
            sums = list(accumulate(self.odds))
            symbol = bisect_right(sums, reader.target(sums[-1]))
            reader.consume(sums[symbol] - self.odds[symbol], self.odds[symbol], sums[-1])
            self.odds[symbol] += 24
            if symbol == 256:
                break
            found.append(symbol)
        try:
            return found.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused("no UTF-8") from error


def decode(payload: bytes, coders: Mapping[int, Callable[[], TextDecoder]], priors: Mapping[str, str]) -> Contents:
    """Return the content of a payload.

    Args:
        payload: with its checksum.
        coders: id of a text coder -> maker of its decoder.
        priors: name of a file `.prior` -> its text.
    """
    if payload[:1] not in (b"\xa2", b"\xa3", b"\xa4"):
        raise Refused("another format")
    body, checksum = (payload[:-2], payload[-2:]) if len(payload) <= 256 else (payload[:-4], payload[-4:])
    crc = binascii.crc_hqx(body, 0) if len(checksum) == 2 else zlib.crc32(body)
    if crc.to_bytes(len(checksum), "little") != checksum or not body:
        raise Refused("the checksum does not match")
    code = Code(body[1:])
    is_4 = body[0] == 0xA4
    first_coder = code.table(list(CODER[is_4]))
    layout = code.table([56, 96, 64, 16, 12, 6, 6])
    channels = 2 if layout in (2, 6) else 1
    if layout < 5:
        speaker_channels = list(LAYOUTS[layout])
    else:
        speaker_channels = [0] * code.even(65)
        if layout == 6:
            speaker_channels = [code.even(2) for _ in speaker_channels]
        if speaker_channels in (LAYOUTS[2:3] if layout == 6 else LAYOUTS[:2] + LAYOUTS[3:]):
            raise Refused("a roundabout layout")
    recognizer = code.even(256) if code.table([240, 16]) else None
    other_languages = code.table([240, 16])
    melodic = bool(code.table([240, 16])) if is_4 else body[0] == 0xA3
    prior_of = {3: priors["trained-1"], 4: priors["trained-2-fitted" if is_4 else "trained-2"]}
    voices = read_voices(code, len(speaker_channels), prior_of, FIRST_VOICE[is_4])
    alone = [64, 96] if is_4 else [8, 148]
    paces = [pace(voice) if is_4 else [101, 120] for voice in voices]
    spoken, end = read_utterances(
        code, channels, paces, first_coder, bool(other_languages), coders, melodic, CODER[is_4], alone
    )
    duration = end + code.signed(TAIL)
    if not (spoken[-1].start if spoken else 0) <= duration <= LONGEST:
        raise Refused("outside of the recording")
    if melodic and all(each.melody == ([], 0, 0) for each in spoken):
        raise Refused("no melody at all")
    code.check()
    return Contents(channels, speaker_channels, recognizer, voices, spoken, duration)


def pace(voice: tuple[int, bytes] | int) -> list[int]:
    if isinstance(voice, int) or voice[0] not in (3, 4) or len(voice[1]) < 2:
        return [101, 120]
    rate = 7 + voice[1][1] // 16
    return [(2304 + rate // 2) // rate, 240]


def read_voices(code: Code, count: int, priors: Mapping[int, str], odds: list[int]) -> list[tuple[int, bytes] | int]:
    voices: list[tuple[int, bytes] | int] = []
    space, length = 0, 0
    for _ in range(count):
        kind = code.table(list(odds))
        odds = VOICE[kind]
        if kind == 1:
            voices.append(code.bits(16))
        elif kind in TRAINED:
            voices.append((TRAINED[kind][0], trained(code, priors[TRAINED[kind][0]], TRAINED[kind][1])))
        else:
            if kind == 3:
                space = code.even(256)
                length = code.number(ANY) + 1
            if not 1 <= length <= 4096:
                raise Refused("no such length")
            voices.append((space, bytes(code.even(256) for _ in range(length))))
    return voices


def trained(code: Code, prior: str, size: int) -> bytes:
    numbers: list[int] = []
    packed = place = 0
    for line in prior.splitlines():
        width, s, bias, *weights = map(int, line.split())
        if place + width > 8 * size:
            break
        p = (bias + sum(weights[i] * numbers[i] for i in range(len(weights)))) >> 12
        numbers.append(code.table([512 + (2**20 * s * s) // ((32 * x - p) ** 2 + s) ** 2 for x in range(2**width)]))
        packed += numbers[-1] << place
        place += width
    return packed.to_bytes(size, "little")


def read_utterances(
    code: Code,
    channels: int,
    paces: list[list[int]],
    first_coder: int,
    other_languages: bool,
    coders: Mapping[int, Callable[[], TextDecoder]],
    melodic: bool,
    coder_odds: list[int],
    alone: list[int],
) -> tuple[list[Spoken], int]:
    if first_coder not in coders:
        raise Refused("an unknown text coder")
    named = [first_coder]
    texts: dict[int, TextDecoder] = {1: Plain(), 2: coders[first_coder]()}
    order = list(range(len(paces)))
    turns = [[64, 224, 1000], [64, 350, 800]]
    other = gaps(60, 350, 16, 14, 100, 150) if channels == 2 else gaps(1000, 150, 16, 18, 24, 24)
    same = gaps(0, 160, 14, 18, 480, 8)
    surplus = [surpluses(150), surpluses(40), surpluses(22)]
    ways, changed, sure, why = [8, 4, 236, 2, 2, 2, 2], [4, 1], [16, 64], [24, 8]
    points, first_point, next_point = [48, 8, 7, 5, 5, 4, 2, 1, 2], [1, 3, 12, 7, 8, 3, 1], [list(row) for row in NEXT]
    rise, loudness = [2, 3, 52, 5, 5], [1, 2, 60, 2]
    spoken: list[Spoken] = []
    language, end, room, was_same = 0, 0, 1048576, False
    while order:
        # turn
        if not spoken:
            turn = code.table([8, 0, 248])
            candidates = order
        else:
            turn = code.table(alone if len(paces) == 1 else turns[was_same], 32)
            candidates = order[1:]
        if turn == 0:
            break
        speaker = order[0]
        if turn == 2:
            speaker = candidates[-1]
            for candidate in candidates[:-1]:
                if code.table([3, 1]) == 0:
                    speaker = candidate
                    break
        was_same = bool(spoken) and speaker == order[0]
        order.remove(speaker)
        order.insert(0, speaker)
        if len(spoken) == 131072:
            raise Refused("too many utterances")
        # start
        if not spoken:
            start = code.number(FIRST)
        else:
            symbol = code.table(same if was_same else other, 32)
            start = end + (GAPS[symbol] if symbol < 75 else code.signed(ANY))
            if start < spoken[-1].start:
                raise Refused("not in order")
        # language
        if other_languages and code.table(changed, 1):
            number = code.even(128)
            if number >= LANGUAGES or number == language:
                raise Refused("no such language")
            language = number
        # text
        way = code.table(ways, 32)
        text = ""
        if way == 3:
            new = code.table(list(coder_odds))
            if new not in coders or new in named or len(named) == 4:
                raise Refused("no such coder")
            named.append(new)
            way = 2 + len(named)
            texts[way] = coders[new]()
        if way:
            if way not in texts:
                raise Refused("a coder that was not named")
            by = 0 if way == 1 else named[way - 2 if way == 2 else way - 3]
            code.work_of_text = {1: 8, 2: 10}.get(by, 3 if 16 <= by <= 30 else 1)
            text = texts[way].decode(code)
            room -= len(text.encode())
            if not text or room < 0:
                raise Refused("no text, or too much")
        # duration
        n = len(text)
        table = surplus[(n > 0) + (n > 24)]
        ticks, characters = paces[speaker]
        expected = 4 + (n * ticks + characters // 2) // characters if n else 48
        symbol = code.table(table, 32)
        index = code.even(163) if symbol == 33 else nearest_duration(expected) + symbol - 16
        if not 0 <= index < 163:
            raise Refused("no such duration")
        duration = DURATIONS[index]
        if n:
            paces[speaker] = [ticks + max(1, duration - 4), characters + n]
        end = start + duration
        confidence = (0.6, 0.88)[code.table(sure, 32)] if n else (0.5, 0.75)[code.table(why, 32)]
        # melody
        melody: tuple[list[int], int, int] = ([], 0, 0)
        if melodic and n:
            row = first_point
            steps: list[int] = []
            for _ in range(code.table(points, 2)):
                steps.append(code.table(row, 2))
                row = next_point[steps[-1]]
            if steps and all(step == 3 for step in steps):
                raise Refused("points without a difference")
            melody = [3 * step - 9 for step in steps], 6 * code.table(rise, 2) - 12, 6 * code.table(loudness, 2) - 12
        spoken.append(Spoken(speaker, start, duration, text, confidence, language, melody))
    return spoken, end

"""The payload: everything that travels, as bytes. FORMAT.md describes it bit by bit.

    +--------+--------+--------+------+----------+
    | header | voices | timing | text | checksum |
    +--------+--------+--------+------+----------+
     4 and up          in bits          2 or 4 bytes

All numbers are integers and little-endian; text is coded by a `TextCoder` that the
header names.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import PayloadCorrupt, PayloadTruncated, PayloadVersionError
from ..languages import LANGUAGES
from ..protocols import TextCoder
from ..types import (
    DEFAULT_RECOGNIZER,
    MAX_LONG_VOICE_BYTES,
    MAX_VOICE_BYTES,
    RECOGNIZERS,
    VOICE_SPACES,
    Payload,
    Speaker,
    Utterance,
    Voice,
    VoiceReference,
)
from .bits import AdaptiveGolomb, BitReader, BitWriter
from .varint import decode_varint, encode_varint

VERSION = 1
MAGIC = 0b1010
"""The high half of the first byte; the low half is the version."""

TICKS_PER_SECOND = 16
"""Resolution of all times: a start lands within 1/32 s = 31 ms of where it was."""

SMALL_PAYLOAD = 256
"""Up to this many bytes the checksum is a CRC-16, beyond it a CRC-32."""

MAX_DURATION_TICKS = 24 * 3600 * TICKS_PER_SECOND
MAX_SPEAKERS = 64
MAX_UTTERANCES = 1 << 17
"""Limits on the memory that a hostile payload can take: a day, 64 people, an utterance every 0.66 s."""

CONFIDENCE_LEVELS = (0.5, 0.75, 0.88, 0.96)
"""What the four levels of confidence decode to; encoding takes the nearest."""

FLAG_STEREO, FLAG_LANGUAGES = 1, 2
FLAG_RECOGNIZER = 0x80
"""In the byte that counts the speakers: the number of a recognizer follows."""

FLAG_SPACE = 0x80
"""In the byte before a voice: the number of its space follows, because it has changed."""
REFERENCE, LONG_VOICE = 0, 127
"""Lengths with a special meaning: a two-byte voice id follows; a longer length follows."""

ENDS_TOO_SOON = "the payload ends too soon; fetch all of it again"

GAP_PRIOR = (2, 16)
"""Count and sum that the code of gaps starts with: 8 on average, folded, is a quarter of a second."""
DURATION_PRIOR = (2, 20)
"""Likewise for the difference between a duration and its prediction from the text."""
SPEAKING_RATE_PRIOR = (16 * TICKS_PER_SECOND, 240)
"""Ticks and characters that each speaker's speaking rate starts with: 15 characters a second."""


def encode_payload(payload: Payload, coder: TextCoder) -> bytes:
    """Return `payload` as bytes, with times and confidence rounded to the format's steps.

    Raises:
        TextError: a text cannot be carried.
        ValueError: the payload is beyond the format's limits.
    """
    _check_limits(payload)
    stereo = payload.channels == 2
    languages = any(utterance.language != "en" for utterance in payload.utterances)
    duration = min(MAX_DURATION_TICKS, _ticks(payload.duration_s))
    header = bytes([MAGIC << 4 | VERSION, coder.id])
    header += encode_varint(duration << 2 | stereo * FLAG_STEREO | languages * FLAG_LANGUAGES)
    header += encode_varint(len(payload.utterances))
    voices = _encode_speakers(payload)
    timing = _encode_timing(payload, languages)
    text = coder.encode([utterance.text for utterance in payload.utterances])
    body = header + voices + timing + text
    return body + _checksum(body, 2 if len(body) + 2 <= SMALL_PAYLOAD else 4)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded payload, and the size of each section."""

    payload: Payload
    sections: Mapping[str, int]
    """Section name -> bytes; they add up to the length of the input."""
    text_coder: str
    """Name of the coder of the text."""


def decode_payload(data: bytes, coders: Mapping[int, TextCoder]) -> Decoded:
    """Return the decoded payload.

    Args:
        data: the whole payload, untrusted: every value in it is checked.
        coders: the text coders of this release, by their ids.

    Raises:
        PayloadError: one of its kinds, saying what is wrong.
    """
    body, checksum_length = _checked_body(data)
    if body[1] not in coders:
        raise PayloadVersionError(
            f"the payload's text is coded by model {body[1]}, which is unknown here; upgrade speechzip"
        )
    coder = coders[body[1]]
    reader = _Reader(body, position=2)
    flagged = reader.varint()
    duration, stereo = flagged >> 2, bool(flagged & FLAG_STEREO)
    if duration > MAX_DURATION_TICKS:
        raise PayloadCorrupt(f"the payload claims a recording of {duration // TICKS_PER_SECOND} s; a day is the most")
    count = reader.varint()
    if count > MAX_UTTERANCES:
        raise PayloadCorrupt(f"the payload claims {count} utterances; {MAX_UTTERANCES} is the most")
    header_end = reader.position
    speakers, recognizer = _decode_speakers(reader, stereo)
    voices_end = reader.position
    timing = _decode_timing(reader, count, len(speakers), bool(flagged & FLAG_LANGUAGES))
    timing_end = reader.position
    texts = coder.decode(body[timing_end:], count)
    utterances = _restore(timing, texts, len(speakers), duration)
    payload = Payload(speakers, utterances, duration / TICKS_PER_SECOND, 2 if stereo else 1, recognizer)
    sections = {
        "header": header_end,
        "voices": voices_end - header_end,
        "timing": timing_end - voices_end,
        "text": len(body) - timing_end,
        "checksum": checksum_length,
    }
    return Decoded(payload, sections, coder.name)


def split_voices(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Split a payload into the bytes before its voices section, the section, and the bytes after it.

    Raises:
        PayloadError: `data` is no payload; its text is not looked at.
    """
    body, _ = _checked_body(data)
    reader = _Reader(body, position=2)
    flagged = reader.varint()
    reader.varint()
    start = reader.position
    _decode_speakers(reader, bool(flagged & FLAG_STEREO))
    return data[:start], data[start : reader.position], data[reader.position :]


def _check_limits(payload: Payload) -> None:
    if payload.channels not in (1, 2):
        raise ValueError(f"a payload has 1 or 2 channels, not {payload.channels}")
    if len(payload.speakers) > MAX_SPEAKERS:
        raise ValueError(f"a payload has at most {MAX_SPEAKERS} speakers, not {len(payload.speakers)}")
    if not 0 <= payload.duration_s <= MAX_DURATION_TICKS / TICKS_PER_SECOND:
        raise ValueError(f"a payload lasts a day at most, not {payload.duration_s} s; split the recording into parts")
    if len(payload.utterances) > MAX_UTTERANCES:
        raise ValueError(
            f"a payload has at most {MAX_UTTERANCES} utterances, not {len(payload.utterances)}; "
            "split the recording into parts"
        )
    starts = [utterance.start_s for utterance in payload.utterances]
    if starts != sorted(starts):
        raise ValueError("the utterances of a payload are sorted by start")
    for speaker in payload.speakers:
        if isinstance(speaker.voice, VoiceReference):
            if not 0 <= speaker.voice.id < 1 << 16:
                raise ValueError(f"the id of a voice has 16 bits, not the value {speaker.voice.id}")
        elif not 1 <= len(speaker.voice.embedding) <= MAX_LONG_VOICE_BYTES:
            raise ValueError(f"a voice has 1 to {MAX_LONG_VOICE_BYTES} bytes, not {len(speaker.voice.embedding)}")
        if not 0 <= speaker.channel < payload.channels:
            raise ValueError(f"a speaker on channel {speaker.channel} of {payload.channels}")
    for utterance in payload.utterances:
        if not 0 <= utterance.speaker < len(payload.speakers):
            raise ValueError(f"speaker {utterance.speaker} of {len(payload.speakers)} does not exist")
        if utterance.language not in LANGUAGES:
            raise ValueError(f"the language {utterance.language!r} has no number; see LANGUAGES")
        if not 0 <= utterance.start_s <= payload.duration_s:
            raise ValueError(f"an utterance at {utterance.start_s} s lies outside of the recording")


def _checked_body(data: bytes) -> tuple[bytes, int]:
    """Return the payload without its checksum, and the checksum's length."""
    if len(data) == 0:
        raise PayloadTruncated("the payload is empty (0 bytes); fetch it again")
    if data[0] >> 4 != MAGIC:
        raise PayloadCorrupt("this is not a speechzip payload; give a file that `speechzip compress` wrote")
    if data[0] & 15 > VERSION:
        raise PayloadVersionError(
            f"the payload is of format {data[0] & 15}, this release reads up to {VERSION}; upgrade speechzip"
        )
    length = 2 if len(data) <= SMALL_PAYLOAD else 4
    if len(data) < 7:
        raise PayloadTruncated(f"the payload ends after {len(data)} bytes; fetch all of it again")
    body = data[:-length]
    if data[0] & 15 != VERSION or _checksum(body, length) != data[-length:]:
        raise PayloadCorrupt("the payload is damaged or cut short: its checksum does not match; fetch it again")
    return body, length


def _checksum(body: bytes, length: int) -> bytes:
    """Return CRC-16/XMODEM (2 bytes) or CRC-32/ISO-HDLC (4 bytes) of `body`."""
    crc = binascii.crc_hqx(body, 0) if length == 2 else zlib.crc32(body)
    return crc.to_bytes(length, "little")


def _encode_speakers(payload: Payload) -> bytes:
    speakers = payload.speakers
    if payload.recognizer == DEFAULT_RECOGNIZER:
        code = bytearray([len(speakers)])
    else:
        code = bytearray(
            [len(speakers) | FLAG_RECOGNIZER, _number(payload.recognizer, RECOGNIZERS, "recognizer-") or 0]
        )
    if payload.channels == 2:
        channels = sum(speaker.channel << i for i, speaker in enumerate(speakers))
        code += channels.to_bytes((len(speakers) + 7) // 8, "little")
    space: str | None = None
    for speaker in speakers:
        voice = speaker.voice
        if isinstance(voice, VoiceReference):
            code += bytes([REFERENCE]) + voice.id.to_bytes(2, "little")
            continue
        length = len(voice.embedding)
        code.append((length if length <= MAX_VOICE_BYTES else LONG_VOICE) | (voice.space != space) * FLAG_SPACE)
        if voice.space != space:
            number = _number(voice.space, VOICE_SPACES, "space-")
            if number is None:
                raise ValueError(f"the voice space {voice.space!r} has no number; see VOICE_SPACES")
            code.append(number)
            space = voice.space
        if length > MAX_VOICE_BYTES:
            code += encode_varint(length)
        code += voice.embedding
    return bytes(code)


def _decode_speakers(reader: _Reader, stereo: bool) -> tuple[tuple[Speaker, ...], str]:
    """Return the speakers, and the name of the recognizer."""
    head = reader.take(1)[0]
    recognizer = DEFAULT_RECOGNIZER
    if head & FLAG_RECOGNIZER:
        number = reader.take(1)[0]
        recognizer = RECOGNIZERS.get(number, f"recognizer-{number}")
    count = head & ~FLAG_RECOGNIZER
    if count > MAX_SPEAKERS:
        raise PayloadCorrupt(f"the payload claims {count} speakers; {MAX_SPEAKERS} is the most")
    channels = int.from_bytes(reader.take((count + 7) // 8), "little") if stereo else 0
    if channels >> count:
        raise PayloadCorrupt("the payload names the channel of a speaker that it does not have")
    speakers: list[Speaker] = []
    space: str | None = None
    for index in range(count):
        voice = _decode_voice(reader, space)
        if isinstance(voice, Voice):
            space = voice.space
        speakers.append(Speaker(voice, channels >> index & 1))
    return tuple(speakers), recognizer


def _decode_voice(reader: _Reader, space: str | None) -> Voice | VoiceReference:
    """Return the next voice; `space` is that of the one before."""
    head = reader.take(1)[0]
    if head == REFERENCE:
        return VoiceReference(int.from_bytes(reader.take(2), "little"))
    if head & FLAG_SPACE:
        number = reader.take(1)[0]
        space = VOICE_SPACES.get(number, f"space-{number}")
    if space is None:
        raise PayloadCorrupt("the payload's first voice lies in no space")
    length, shortest, longest = head & ~FLAG_SPACE, 1, MAX_VOICE_BYTES
    if length == LONG_VOICE:
        length, shortest, longest = reader.varint(), MAX_VOICE_BYTES + 1, MAX_LONG_VOICE_BYTES
    if not shortest <= length <= longest:
        raise PayloadCorrupt(
            f"the payload claims a voice of {length} bytes; {shortest} to {longest} are possible there"
        )
    return Voice(space, reader.take(length))


def _number(name: str, numbers: Mapping[int, str], prefix: str) -> int | None:
    """Return the number of `name`; a name without its own number is `prefix` followed by the number."""
    for number, known in numbers.items():
        if known == name:
            return number
    digits = name.removeprefix(prefix)
    return int(digits) if digits != name and digits.isdecimal() and int(digits) < 256 else None


def _encode_timing(payload: Payload, languages: bool) -> bytes:
    writer = BitWriter()
    gaps, durations = AdaptiveGolomb(*GAP_PRIOR), AdaptiveGolomb(*DURATION_PRIOR)
    rates = [_SpeakingRate() for _ in payload.speakers]
    width = _speaker_bits(len(payload.speakers))
    previous_end, language = 0, "en"
    for utterance in payload.utterances:
        start = _ticks(utterance.start_s)
        length = max(1, _ticks(utterance.duration_s))
        writer.write(utterance.speaker, width)
        writer.write(_confidence_level(utterance.confidence), 2)
        gaps.encode(start - previous_end, writer)
        durations.encode(length - rates[utterance.speaker].predict(utterance.text), writer)
        if languages:
            writer.write(int(utterance.language != language), 1)
            if utterance.language != language:
                language = utterance.language
                writer.write(LANGUAGES.index(language), 7)
        rates[utterance.speaker].learn(utterance.text, length)
        previous_end = start + length
    return writer.getvalue()


@dataclass(frozen=True, slots=True)
class _Timing:
    """One utterance's timing as coded; its meaning depends on the text, which comes later."""

    speaker: int
    confidence: float
    gap: int
    surplus: int
    language: str


def _decode_timing(reader: _Reader, count: int, speakers: int, languages: bool) -> list[_Timing]:
    bits = BitReader(reader.rest())
    gaps, durations = AdaptiveGolomb(*GAP_PRIOR), AdaptiveGolomb(*DURATION_PRIOR)
    width, language = _speaker_bits(speakers), "en"
    timing: list[_Timing] = []
    for _ in range(count):  # each costs 4 bits at least, so the input's length bounds this loop
        speaker = bits.read(width)
        if speaker >= speakers:
            raise PayloadCorrupt(f"the payload has {speakers} speakers and names speaker {speaker}")
        confidence = CONFIDENCE_LEVELS[bits.read(2)]
        gap, surplus = gaps.decode(bits), durations.decode(bits)
        if languages and bits.read(1):
            number = bits.read(7)
            if number >= len(LANGUAGES):
                raise PayloadVersionError(
                    f"the payload names language {number}, which is unknown here; upgrade speechzip"
                )
            language = LANGUAGES[number]
        timing.append(_Timing(speaker, confidence, gap, surplus, language))
    bits.finish()
    reader.take(bits.bytes_read)
    return timing


def _restore(timing: list[_Timing], texts: list[str], speakers: int, duration: int) -> tuple[Utterance, ...]:
    rates = [_SpeakingRate() for _ in range(speakers)]
    utterances: list[Utterance] = []
    previous_start, previous_end = 0, 0
    for coded, text in zip(timing, texts, strict=True):
        start = previous_end + coded.gap
        length = coded.surplus + rates[coded.speaker].predict(text)
        if not (previous_start <= start <= duration and 1 <= length <= MAX_DURATION_TICKS):
            raise PayloadCorrupt("an utterance lies outside of the recording")
        rates[coded.speaker].learn(text, length)
        previous_start, previous_end = start, start + length
        utterances.append(
            Utterance(
                start_s=start / TICKS_PER_SECOND,
                duration_s=length / TICKS_PER_SECOND,
                speaker=coded.speaker,
                text=text,
                confidence=coded.confidence,
                language=coded.language,
            )
        )
    return tuple(utterances)


class _SpeakingRate:
    """Predict the duration of a text from a speaker's earlier utterances."""

    def __init__(self) -> None:
        self._ticks, self._characters = SPEAKING_RATE_PRIOR

    def predict(self, text: str) -> int:
        """Return the likely duration in ticks, 1 or more."""
        return max(1, (len(text) * self._ticks + self._characters // 2) // self._characters)

    def learn(self, text: str, ticks: int) -> None:
        """Update the prediction with the duration of `text`."""
        self._ticks += ticks
        self._characters += len(text)


class _Reader:
    """Read bytes from the front, never beyond the end."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self.position = position

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        end = self.position + count
        if end > len(self._data):
            raise PayloadTruncated(ENDS_TOO_SOON)
        taken, self.position = self._data[self.position : end], end
        return taken

    def rest(self) -> bytes:
        """Return what has not been taken yet, without taking it."""
        return self._data[self.position :]

    def varint(self) -> int:
        """Return the next LEB128 number, of 32 bits at most and without needless bytes."""
        try:
            value, self.position = decode_varint(self._data, self.position)
        except EOFError as error:
            raise PayloadTruncated(ENDS_TOO_SOON) from error
        except ValueError as error:
            raise PayloadCorrupt("a number in the payload's header is malformed") from error
        return value


def _ticks(seconds: float) -> int:
    return round(seconds * TICKS_PER_SECOND)


def _speaker_bits(speakers: int) -> int:
    return max(0, speakers - 1).bit_length()


def _confidence_level(confidence: float) -> int:
    return min(range(len(CONFIDENCE_LEVELS)), key=lambda level: abs(CONFIDENCE_LEVELS[level] - confidence))

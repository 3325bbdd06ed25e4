"""Format 1: sections of bits and bytes, one after another. It will always be read; FORMAT.md describes it bit by bit.

    +--------+--------+--------+------+
    | header | voices | timing | text |    and the checksum
    +--------+--------+--------+------+
     4 and up          in bits

All numbers are integers and little-endian; text is coded by a `TextCoder` that the
header names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import PayloadCorrupt, PayloadTruncated
from ..languages import LANGUAGES
from ..protocols import TextCoder
from ..system.varint import decode_varint, encode_varint
from ..types import (
    DEFAULT_RECOGNIZER,
    MAX_LONG_VOICE_BYTES,
    MAX_VOICE_BYTES,
    Payload,
    Speaker,
    Utterance,
    Voice,
    VoiceReference,
)
from .coding.bits import AdaptiveGolomb, BitReader, BitWriter
from .limits import MAX_DURATION_TICKS, MAX_SPEAKERS, MAX_UTTERANCES, TICKS_PER_SECOND, ticks
from .names import known_coder, known_language, recognizer_name, recognizer_number, space_name, space_number

FIRST_BYTE = 0xA1

CONFIDENCE_LEVELS = (0.5, 0.75, 0.88, 0.96)
"""What the four levels of confidence decode to; encoding takes the nearest."""

FLAG_STEREO, FLAG_LANGUAGES = 1, 2
FLAG_RECOGNIZER = 0x80
"""Flag in the byte that counts the speakers: the number of a recognizer follows."""

FLAG_SPACE = 0x80
"""Flag in the byte before a voice: the number of its space follows, because the space has changed."""
REFERENCE, LONG_VOICE = 0, 127
"""Lengths with a special meaning: a two-byte voice id follows; a longer length follows."""

ENDS_TOO_SOON = "the payload ends too soon; fetch all of it again"

GAP_PRIOR = (2, 16)
"""Count and sum that the code of gaps starts with: 8 on average, folded, is a quarter of a second."""
DURATION_PRIOR = (2, 20)
"""Likewise for the difference between a duration and its prediction from the text."""
SPEAKING_RATE_PRIOR = (16 * TICKS_PER_SECOND, 240)
"""Ticks and characters that each speaker's speaking rate starts with: 15 characters a second."""


def encode_body(payload: Payload, coder: TextCoder) -> bytes:
    """Return `payload`, which is within the limits, as bytes; the checksum is still to come.

    Raises:
        TextError: a text cannot be carried.
        InputError: a voice space has no number.
    """
    stereo = payload.channels == 2
    languages = any(utterance.language != "en" for utterance in payload.utterances)
    duration = min(MAX_DURATION_TICKS, ticks(payload.duration_s))
    header = bytes([FIRST_BYTE, coder.id])
    header += encode_varint(duration << 2 | stereo * FLAG_STEREO | languages * FLAG_LANGUAGES)
    header += encode_varint(len(payload.utterances))
    text = coder.encode([utterance.text for utterance in payload.utterances])
    return header + _encode_speakers(payload) + _encode_timing(payload, languages) + text


def decode_body(body: bytes, coders: Mapping[int, TextCoder]) -> tuple[Payload, dict[str, int], str]:
    """Return the payload, the size of each section in bytes, and the name of the text coder.

    Raises:
        PayloadError: one of its kinds, saying what is wrong.
    """
    header = _read_header(body)
    coder = known_coder(body[1], coders)
    reader = _Reader(body, position=header.length)
    speakers, recognizer = _decode_speakers(reader, header.stereo)
    voices_end = reader.position
    timing = _decode_timing(reader, header.utterances, len(speakers), header.languages)
    timing_end = reader.position
    texts = coder.decode(body[timing_end:], header.utterances)
    utterances = _restore(timing, texts, len(speakers), header.duration)
    channels = 2 if header.stereo else 1
    payload = Payload(speakers, utterances, header.duration / TICKS_PER_SECOND, channels, recognizer)
    sections = {
        "header": header.length,
        "voices": voices_end - header.length,
        "timing": timing_end - voices_end,
        "text": len(body) - timing_end,
    }
    return payload, sections, coder.name


def voices_section(body: bytes) -> tuple[int, int]:
    """Return where the voices section starts and ends.

    Raises:
        PayloadError: there is none.
    """
    header = _read_header(body)
    reader = _Reader(body, position=header.length)
    _decode_speakers(reader, header.stereo)
    return header.length, reader.position


@dataclass(frozen=True, slots=True)
class _Header:
    """The part before the voices."""

    duration: int
    """Length of the recording, in ticks."""
    utterances: int
    """Number of utterances."""
    stereo: bool
    languages: bool
    """Whether some utterance is not in English."""
    length: int
    """Size of the header, in bytes."""


def _read_header(body: bytes) -> _Header:
    reader = _Reader(body, position=2)
    flagged = reader.varint()
    duration = flagged >> 2
    if duration > MAX_DURATION_TICKS:
        raise PayloadCorrupt(f"the payload claims a recording of {duration // TICKS_PER_SECOND} s; a day is the most")
    count = reader.varint()
    if count > MAX_UTTERANCES:
        raise PayloadCorrupt(f"the payload claims {count} utterances; {MAX_UTTERANCES} is the most")
    return _Header(duration, count, bool(flagged & FLAG_STEREO), bool(flagged & FLAG_LANGUAGES), reader.position)


def _encode_speakers(payload: Payload) -> bytes:
    speakers = payload.speakers
    if payload.recognizer == DEFAULT_RECOGNIZER:
        code = bytearray([len(speakers)])
    else:
        code = bytearray([len(speakers) | FLAG_RECOGNIZER, recognizer_number(payload.recognizer)])
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
            code.append(space_number(voice.space))
            space = voice.space
        if length > MAX_VOICE_BYTES:
            code += encode_varint(length)
        code += voice.embedding
    return bytes(code)


def _decode_speakers(reader: _Reader, stereo: bool) -> tuple[tuple[Speaker, ...], str]:
    """Return the speakers, and the name of the recognizer."""
    head = reader.take(1)[0]
    recognizer = recognizer_name(reader.take(1)[0]) if head & FLAG_RECOGNIZER else DEFAULT_RECOGNIZER
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
        space = space_name(reader.take(1)[0])
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


def _encode_timing(payload: Payload, languages: bool) -> bytes:
    writer = BitWriter()
    gaps, durations = AdaptiveGolomb(*GAP_PRIOR), AdaptiveGolomb(*DURATION_PRIOR)
    rates = [_SpeakingRate() for _ in payload.speakers]
    width = _speaker_bits(len(payload.speakers))
    previous_end, language = 0, "en"
    for utterance in payload.utterances:
        start = ticks(utterance.start_s)
        length = max(1, ticks(utterance.duration_s))
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
            language = known_language(bits.read(7))
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

    def learn(self, text: str, length: int) -> None:
        """Update the prediction with the duration of `text`, in ticks."""
        self._ticks += length
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
        """Return the bytes that have not been taken yet, without taking them."""
        return self._data[self.position :]

    def varint(self) -> int:
        """Return the next LEB128 number: at most 32 bits, in as few bytes as possible."""
        try:
            value, self.position = decode_varint(self._data, self.position)
        except EOFError as error:
            raise PayloadTruncated(ENDS_TOO_SOON) from error
        except ValueError as error:
            raise PayloadCorrupt("a number in the payload's header is malformed") from error
        return value


def _speaker_bits(speakers: int) -> int:
    return max(0, speakers - 1).bit_length()


def _confidence_level(confidence: float) -> int:
    return min(range(len(CONFIDENCE_LEVELS)), key=lambda level: abs(CONFIDENCE_LEVELS[level] - confidence))

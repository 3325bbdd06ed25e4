"""Formats 2 to 4: one range code holds words, voices and times. FORMAT.md describes it to the bit.

    1010 0100 | range code: header, voices, then (who, when, words, how long, how sure) of each utterance, end

No part of it has a length or padding of its own, and a likely value costs few bits. Format 4 is written. Formats 2
and 3 are for receivers that do not know it: they have other odds of coders and voices, and predict durations without
the pace of the voice. Format 3 has the melody of each utterance with words, format 2 has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from ..errors import PayloadCorrupt
from ..languages import LANGUAGES
from ..protocols import TextCoder
from ..types import DEFAULT_RECOGNIZER, UNREAD_CONFIDENCE, Payload, Speaker, Utterance, Voice, VoiceReference
from .coding.symbols import AdaptiveTable, SymbolReader, SymbolWriter, Table
from .limits import MAX_DURATION_TICKS, MAX_SPEAKERS, MAX_UTTERANCES, TICKS_PER_SECOND, ticks
from .melodycode import Melodies, nearest_melody
from .names import known_coder, known_language, recognizer_name, recognizer_number
from .timing import (
    CONFIDENCE_LEVELS,
    CONFIDENCE_ODDS,
    FIRST_ONLY_SPEAKER_ODDS,
    LEARNING_STEP,
    LEAST_CONFIDENCE,
    ONLY_SPEAKER_ODDS,
    RARELY,
    REASON_ODDS,
    REASONS,
    USUAL_PACE,
    Clock,
    NextStart,
    Pace,
    Turns,
    pace_of,
)
from .voicecode import FIRST_VOICE_ODDS, VOICE_ODDS, read_voices, write_voices
from .words import CODER_ODDS, FIRST_CODER_ODDS, Words

FIRST_BYTE = 0xA0
"""The first byte, without the version in its low half."""
WITHOUT_MELODY, WITH_MELODY, NEWEST = 2, 3, 4
"""The versions."""

LAYOUT_ODDS = Table((56, 96, 64, 16, 12, 6, 6))
LAYOUTS = ((0,), (0, 0), (0, 1), (0, 0, 0), (0, 0, 0, 0))
"""The usual channels of the speakers; the third entry is a recording of two channels."""
ON_TWO_CHANNELS, OTHERS_ON_ONE, OTHERS_ON_TWO = 2, 5, 6
"""After the latter two follow the number of speakers and the channel of each."""

LANGUAGE_NUMBERS = 128

SECTIONS = {"header": "header", "voices": "voices", "text": "text", "melody": "melody"}
"""Part of a payload -> its section in reports; every other part counts as timing."""


def encode_body(payload: Payload, coder: TextCoder, others: Sequence[TextCoder] = (), version: int = NEWEST) -> bytes:
    """Return `payload`, which is within the limits, as bytes; the checksum is still to come.

    Args:
        payload: what to send.
        coder: codes the words.
        others: up to three more coders; each utterance uses the coder that makes it shortest.
        version: the highest that may be written; 3 becomes 2 if there are no melodies.

    Raises:
        TextError: a text cannot be carried.
        InputError: a voice space has no number.
    """
    sings = version >= WITH_MELODY and has_melody(payload)
    if version < NEWEST:
        version = WITH_MELODY if sings else WITHOUT_MELODY
    odds = _Odds(version)
    writer = SymbolWriter()
    writer.write(coder.id, odds.coder)
    _write_layout(payload, writer)
    _write_recognizer(payload.recognizer, writer)
    languages = _Languages() if any(utterance.language != "en" for utterance in payload.utterances) else None
    writer.write(int(languages is not None), RARELY)
    if version == NEWEST:
        writer.write(int(sings), RARELY)
    voices = [speaker.voice for speaker in payload.speakers]
    write_voices(voices, odds.voice, writer)
    turns, clock = Turns(len(voices), odds.only_speaker), Clock(odds.paces(voices), payload.channels)
    words, confidence = Words(coder, odds.coder), _Confidence()
    melodies = Melodies() if sings else None
    duration = min(MAX_DURATION_TICKS, ticks(payload.duration_s))
    for utterance, after in zip_longest(payload.utterances, payload.utterances[1:]):
        turns.write(utterance.speaker, writer)
        clock.write_start(min(duration, utterance.start_s * TICKS_PER_SECOND), duration, turns.is_same, writer)
        if languages:
            languages.write(utterance.language, writer)
        words.write(utterance.text, writer, others)
        following = NextStart(after.start_s * TICKS_PER_SECOND, after.speaker == utterance.speaker) if after else None
        length = utterance.duration_s * TICKS_PER_SECOND
        clock.write_duration(length, utterance.speaker, len(utterance.text), following, writer)
        confidence.write(utterance, writer)
        if melodies and utterance.text:
            melodies.write(utterance.melody, writer)
    turns.write(None, writer)
    clock.write_tail(duration, writer)
    return bytes([FIRST_BYTE | version]) + writer.finish()


def has_melody(payload: Payload) -> bool:
    """Return whether any utterance has a melody that differs from a synthesizer's own in the steps of the format."""
    return any(
        utterance.text and utterance.melody and nearest_melody(utterance.melody) for utterance in payload.utterances
    )


def decode_body(body: bytes, coders: Mapping[int, TextCoder]) -> tuple[Payload, dict[str, float], list[str]]:
    """Return the payload, the bits of each part, and the names of the text coders, in the order of the payload.

    Raises:
        PayloadError: one of its kinds, saying what is wrong.
    """
    version = body[0] ^ FIRST_BYTE
    odds = _Odds(version)
    reader = SymbolReader(body[1:])
    coder = known_coder(reader.read(odds.coder), coders)
    count, channels = _read_layout(reader)
    recognizer = _read_recognizer(reader)
    languages = _Languages() if reader.read(RARELY) else None
    sings = reader.read(RARELY) if version == NEWEST else version == WITH_MELODY
    reader.part = "voices"
    voices = read_voices(len(channels), odds.voice, reader)
    turns, clock = Turns(len(voices), odds.only_speaker), Clock(odds.paces(voices), count)
    words, confidence = Words(coder, odds.coder), _Confidence()
    melodies = Melodies() if sings else None
    utterances: list[Utterance] = []
    while True:
        reader.part = "speaker"
        speaker = turns.read(reader)
        if speaker is None:
            break
        if len(utterances) == MAX_UTTERANCES:
            raise PayloadCorrupt(f"the payload has more than {MAX_UTTERANCES} utterances, which is the most")
        reader.part = "start"
        start = clock.read_start(turns.is_same, reader)
        reader.part = "text"
        language = languages.read(reader) if languages else "en"
        text = words.read(reader, coders)
        reader.part = "duration"
        length = clock.read_duration(speaker, len(text), reader)
        reader.part = "confidence"
        level = confidence.read(text, reader)
        reader.part = "melody"
        melody = melodies.read(reader) if melodies and text else None
        start_s, duration_s = start / TICKS_PER_SECOND, length / TICKS_PER_SECOND
        utterances.append(Utterance(start_s, duration_s, speaker, text, level, language, melody=melody))
    reader.part = "end"
    duration = clock.read_tail(reader)
    reader.finish()
    speakers = tuple(Speaker(voice, channel) for voice, channel in zip(voices, channels, strict=True))
    payload = Payload(speakers, tuple(utterances), duration / TICKS_PER_SECOND, count, recognizer)
    if melodies and not has_melody(payload):
        raise PayloadCorrupt("the payload says that it has melodies, and has none; it is damaged")
    return payload, dict(reader.bits), [each.name for each in words.coders]


def sections(bits: Mapping[str, float], length: int) -> dict[str, int]:
    """Return the bytes of each section of a body of `length` bytes, rounded from the bits of each part.

    The remaining bytes are the first one and the end of the code; both count as header.
    """
    sizes: dict[str, float] = dict.fromkeys(("header", "voices", "timing", "text"), 0.0)
    for part, size in bits.items():
        section = SECTIONS.get(part, "timing")
        sizes[section] = sizes.get(section, 0.0) + size / 8
    sizes["header"] = length - sum(sizes.values()) + sizes["header"]
    rounded: dict[str, int] = {}
    end = 0.0
    for name, size in sizes.items():
        rounded[name] = round(end + size) - round(end)
        end += size
    return rounded


class _Odds:
    """What the formats differ in."""

    def __init__(self, version: int) -> None:
        is_newest = version == NEWEST
        self.coder = CODER_ODDS if is_newest else FIRST_CODER_ODDS
        """Odds of each text coder."""
        self.voice = VOICE_ODDS if is_newest else FIRST_VOICE_ODDS
        """Odds of the voices."""
        self.only_speaker = ONLY_SPEAKER_ODDS if is_newest else FIRST_ONLY_SPEAKER_ODDS
        """Odds of the turns of an only speaker."""
        self._has_paces = is_newest

    def paces(self, voices: Iterable[Voice | VoiceReference]) -> list[Pace]:
        """Return the pace that each speaker starts with."""
        return [pace_of(voice) if self._has_paces else USUAL_PACE for voice in voices]


def _write_layout(payload: Payload, writer: SymbolWriter) -> None:
    channels = tuple(speaker.channel for speaker in payload.speakers)
    if channels in LAYOUTS and (payload.channels == 2) == (LAYOUTS.index(channels) == ON_TWO_CHANNELS):
        writer.write(LAYOUTS.index(channels), LAYOUT_ODDS)
        return
    writer.write(OTHERS_ON_TWO if payload.channels == 2 else OTHERS_ON_ONE, LAYOUT_ODDS)
    writer.write_evenly(len(channels), MAX_SPEAKERS + 1)
    if payload.channels == 2:
        for channel in channels:
            writer.write_evenly(channel, 2)


def _read_layout(reader: SymbolReader) -> tuple[int, tuple[int, ...]]:
    """Return the number of channels, and the channel of each speaker."""
    layout = reader.read(LAYOUT_ODDS)
    count = 2 if layout in (ON_TWO_CHANNELS, OTHERS_ON_TWO) else 1
    if layout < len(LAYOUTS):
        return count, LAYOUTS[layout]
    speakers = reader.read_evenly(MAX_SPEAKERS + 1)
    channels = tuple(reader.read_evenly(2) if count == 2 else 0 for _ in range(speakers))
    if channels in LAYOUTS and (count == 2) == (LAYOUTS.index(channels) == ON_TWO_CHANNELS):
        raise PayloadCorrupt("the payload describes its speakers in a roundabout way; it is damaged")
    return count, channels


def _write_recognizer(name: str, writer: SymbolWriter) -> None:
    writer.write(int(name != DEFAULT_RECOGNIZER), RARELY)
    if name != DEFAULT_RECOGNIZER:
        writer.write_evenly(recognizer_number(name), 256)


def _read_recognizer(reader: SymbolReader) -> str:
    return recognizer_name(reader.read_evenly(256)) if reader.read(RARELY) else DEFAULT_RECOGNIZER


class _Confidence:
    """The confidence of each utterance's words; without words, the reason."""

    def __init__(self) -> None:
        self._levels = AdaptiveTable(CONFIDENCE_ODDS, LEARNING_STEP)
        self._reasons = AdaptiveTable(REASON_ODDS, LEARNING_STEP)

    def write(self, utterance: Utterance, writer: SymbolWriter) -> None:
        if utterance.unread:
            writer.write(REASONS.index(utterance.unread) if utterance.unread in REASONS else 0, self._reasons)
        else:
            writer.write(int(utterance.confidence >= LEAST_CONFIDENCE), self._levels)

    def read(self, text: str, reader: SymbolReader) -> float:
        if not text:
            return UNREAD_CONFIDENCE[REASONS[reader.read(self._reasons)]]
        return CONFIDENCE_LEVELS[reader.read(self._levels)]


class _Languages:
    """The language of each utterance, in a payload that is not all English."""

    def __init__(self) -> None:
        self._changes = AdaptiveTable((4, 1), 1)
        self._language = 0

    def write(self, language: str, writer: SymbolWriter) -> None:
        number = LANGUAGES.index(language)
        writer.write(int(number != self._language), self._changes)
        if number != self._language:
            writer.write_evenly(number, LANGUAGE_NUMBERS)
            self._language = number

    def read(self, reader: SymbolReader) -> str:
        if reader.read(self._changes):
            number = reader.read_evenly(LANGUAGE_NUMBERS)
            language = known_language(number)
            if number == self._language:
                raise PayloadCorrupt("the payload changes to the language that it is in; it is damaged")
            self._language = number
            return language
        return LANGUAGES[self._language]

"""Unread speech sent as the sound itself: Opus at its lowest bitrate, or Codec2 at an eighth of it.

Each piece is a mark whose speaker's "voice" is that sound, in the space `SOUND_SPACE`. So it fits into payloads of any
format, and a decoder that does not know the space is silent there. The first byte of a sound tells its codec.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..audio.codec2 import MODE_BYTES, load_codec2, pack_codec2, unpack_codec2
from ..audio.opus import LOWEST_BITRATE, pack_opus, unpack_opus
from ..audio.reading import resample
from ..errors import AudioError, SpeechzipWarning
from ..payload.format import MAX_SPEAKERS
from ..protocols import ENGINE_SAMPLE_RATE
from ..segments.segmentation import cut_segments
from ..types import MAX_LONG_VOICE_BYTES, SOUND_SPACE, Payload, Samples, Speaker, Utterance, Voice, VoiceReference
from .marks import SoundCodec

BYTES_PER_S: dict[SoundCodec, float] = {"opus": 750.0, "codec2-1200": 150.0, "codec2-700C": 87.5}
PIECE_S = 5.0
"""Longer marks are cut, so that each piece fits into `MAX_LONG_VOICE_BYTES`."""
MAX_SOUND_S = 10.0
"""Longest sound that a decoder plays."""
MAX_LIVE_BYTES = 4000
"""Longest sound in a live conversation, where a frame also has the lengths around it."""

Track = Callable[[int], Iterator[Samples]]
"""Returns the sound of a channel, from the start of the recording: float32 [t] at 16 kHz, block by block."""


def check_codec(codec: SoundCodec) -> None:
    """Check that a codec can be used.

    Raises:
        EngineError: its library is not installed.
    """
    if codec != "opus":
        load_codec2("1200" if codec == "codec2-1200" else "700C")


def pack_sound(samples: Samples, codec: SoundCodec, most_bytes: int) -> bytes:
    """Return the code of a sound, float32 [T] at 16 kHz; what does not fit into `most_bytes` is left off."""
    most_bytes = min(most_bytes, MAX_LONG_VOICE_BYTES)
    if codec == "opus":
        return pack_opus(samples, ENGINE_SAMPLE_RATE, LOWEST_BITRATE, most_bytes)
    return pack_codec2(samples, ENGINE_SAMPLE_RATE, "1200" if codec == "codec2-1200" else "700C", most_bytes)


def unpack_sound(code: bytes) -> Samples:
    """Return the sound of an untrusted code: float32 [T] at 16 kHz.

    Raises:
        AudioError: it is none, or its library is not installed.
    """
    return unpack_codec2(code) if code[:1] and code[0] in MODE_BYTES else unpack_opus(code)


def with_sounds(payload: Payload, track: Track, most_bytes: int, codec: SoundCodec = "opus") -> Payload:
    """Return `payload` with the sound of its marks, in order of time, until `most_bytes` are used. The rest stay marks.

    Args:
        payload: has the marks, and the channel of each speaker.
        track: reads the recording once more.
        most_bytes: budget for all sound together.
        codec: how the sound is coded.
    """
    room = MAX_SPEAKERS - len(payload.speakers)
    kept, chosen = _choose(payload.utterances, most_bytes, room, BYTES_PER_S[codec])
    speakers, utterances, left = list(payload.speakers), kept, most_bytes
    for channel in range(payload.channels):
        pieces = [piece for piece in chosen if payload.speakers[piece.speaker].channel == channel]
        spans = [(piece.start_s, piece.end_s) for piece in pieces]
        for piece, segment in zip(pieces, cut_segments(track(channel), spans), strict=True):
            if left < BYTES_PER_S[codec] * piece.duration_s / 2:  # the sound took more than estimated
                utterances.append(piece)
                continue
            code = pack_sound(segment.samples, codec, left)
            left -= len(code)
            utterances.append(replace(piece, speaker=len(speakers)))
            speakers.append(Speaker(Voice(SOUND_SPACE, code), channel))
    ordered = sorted(utterances, key=lambda utterance: utterance.start_s)
    return replace(payload, speakers=tuple(speakers), utterances=tuple(ordered))


class SoundBudget:
    """What is left of the bytes for the sound of unread speech in a live conversation."""

    def __init__(self, most_bytes: int, codec: SoundCodec) -> None:
        """Begin with all of it.

        Raises:
            EngineError: the codec's library is not installed.
        """
        check_codec(codec)
        self._codec: SoundCodec = codec
        self._left = most_bytes

    def pieces(self, samples: Samples) -> list[tuple[float, bytes]]:
        """Return the pieces of a sound, each with its length in seconds; none if they do not fit into the budget.

        Args:
            samples: float32 [T] at 16 kHz.
        """
        length_s = len(samples) / ENGINE_SAMPLE_RATE
        if BYTES_PER_S[self._codec] * length_s > self._left:
            return []
        parts = np.array_split(samples, math.ceil(length_s / PIECE_S))
        codes = [pack_sound(part, self._codec, MAX_LIVE_BYTES) for part in parts]
        spent = sum(len(code) for code in codes)
        if spent > self._left:  # more than estimated
            return []
        self._left -= spent
        return [(len(part) / ENGINE_SAMPLE_RATE, code) for part, code in zip(parts, codes, strict=True)]


def sound_of(voice: Voice | VoiceReference | None) -> bytes | None:
    """Return the code of the sound that a speaker of a mark stands for; None for a voice."""
    return voice.embedding if isinstance(voice, Voice) and voice.space == SOUND_SPACE else None


def recorded_sound(utterance: Utterance, voice: Voice | VoiceReference, sample_rate: int) -> Samples | None:
    """Return the sound of a mark: float32 [T] at `sample_rate`; None if it has none.

    A sound that cannot be decoded is a warning.
    """
    code = sound_of(voice)
    if not utterance.unread or code is None:
        return None
    try:
        return resample(unpack_sound(code), ENGINE_SAMPLE_RATE, sample_rate)
    except AudioError as error:
        warnings.warn(
            f"the sound at {utterance.start_s:.2f} s cannot be decoded: {error}", SpeechzipWarning, stacklevel=3
        )
        return None


def _choose(
    utterances: Sequence[Utterance], most_bytes: int, room: int, bytes_per_s: float
) -> tuple[list[Utterance], list[Utterance]]:
    """Return the utterances that stay, and the pieces of marks to send as sound. Marks that overlap stay marks."""
    kept: list[Utterance] = []
    chosen: list[Utterance] = []
    end_s: dict[int, float] = {}
    for utterance in utterances:
        pieces = _pieces(utterance) if utterance.unread else []
        cost = sum(bytes_per_s * piece.duration_s for piece in (*chosen, *pieces))
        apart = utterance.start_s >= end_s.get(utterance.speaker, 0.0)
        if pieces and cost <= most_bytes and len(chosen) + len(pieces) <= room and apart:
            chosen += pieces
            end_s[utterance.speaker] = utterance.end_s
        else:
            kept.append(utterance)
    return kept, chosen


def _pieces(mark: Utterance) -> list[Utterance]:
    count = -(-mark.duration_s // PIECE_S)
    length_s = mark.duration_s / count
    return [replace(mark, start_s=mark.start_s + index * length_s, duration_s=length_s) for index in range(int(count))]

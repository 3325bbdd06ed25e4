"""Unread speech sent as the sound itself: Opus at its lowest bitrate, about 750 bytes a second.

Each piece is a mark whose speaker's "voice" is that sound, in the space `SOUND_SPACE`. So it fits into payloads of any
format, and a decoder that does not know the space is silent there.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ..audio.opus import LOWEST_BITRATE, pack_opus, unpack_opus
from ..audio.reading import resample
from ..errors import AudioError, SpeechzipWarning
from ..payload.format import MAX_SPEAKERS
from ..protocols import ENGINE_SAMPLE_RATE
from ..segments.segmentation import cut_segments
from ..types import MAX_LONG_VOICE_BYTES, SOUND_SPACE, Payload, Samples, Speaker, Utterance, Voice, VoiceReference

SOUND_BYTES = 4000
"""Default budget: about five seconds."""
BYTES_PER_S = 750
PIECE_S = 5.0
"""Longer marks are cut, so that each piece fits into `MAX_LONG_VOICE_BYTES`."""

Track = Callable[[int], Iterator[Samples]]
"""Returns the sound of a channel, from the start of the recording: float32 [t] at 16 kHz, block by block."""


def with_sounds(payload: Payload, track: Track, most_bytes: int) -> Payload:
    """Return `payload` with the sound of its marks, in order of time, until `most_bytes` are used. The rest stay marks.

    Args:
        payload: has the marks, and the channel of each speaker.
        track: reads the recording once more.
        most_bytes: budget for all sound together.
    """
    room = MAX_SPEAKERS - len(payload.speakers)
    kept, chosen = _choose(payload.utterances, most_bytes, room)
    speakers, utterances, left = list(payload.speakers), kept, most_bytes
    for channel in range(payload.channels):
        pieces = [piece for piece in chosen if payload.speakers[piece.speaker].channel == channel]
        spans = [(piece.start_s, piece.end_s) for piece in pieces]
        for piece, segment in zip(pieces, cut_segments(track(channel), spans), strict=True):
            if left < BYTES_PER_S * piece.duration_s / 2:  # the sound took more than estimated
                utterances.append(piece)
                continue
            code = pack_opus(segment.samples, ENGINE_SAMPLE_RATE, LOWEST_BITRATE, min(left, MAX_LONG_VOICE_BYTES))
            left -= len(code)
            utterances.append(replace(piece, speaker=len(speakers)))
            speakers.append(Speaker(Voice(SOUND_SPACE, code), channel))
    ordered = sorted(utterances, key=lambda utterance: utterance.start_s)
    return replace(payload, speakers=tuple(speakers), utterances=tuple(ordered))


def recorded_sound(utterance: Utterance, voice: Voice | VoiceReference, sample_rate: int) -> Samples | None:
    """Return the sound of a mark: float32 [T] at `sample_rate`; None if it has none.

    A sound that cannot be decoded is a warning.
    """
    if not utterance.unread or not isinstance(voice, Voice) or voice.space != SOUND_SPACE:
        return None
    try:
        return resample(unpack_opus(voice.embedding), ENGINE_SAMPLE_RATE, sample_rate)
    except AudioError as error:
        warnings.warn(
            f"the sound at {utterance.start_s:.2f} s cannot be decoded: {error}", SpeechzipWarning, stacklevel=3
        )
        return None


def _choose(utterances: Sequence[Utterance], most_bytes: int, room: int) -> tuple[list[Utterance], list[Utterance]]:
    """Return the utterances that stay, and the pieces of marks to send as sound. Marks that overlap stay marks."""
    kept: list[Utterance] = []
    chosen: list[Utterance] = []
    end_s: dict[int, float] = {}
    for utterance in utterances:
        pieces = _pieces(utterance) if utterance.unread else []
        cost = sum(BYTES_PER_S * piece.duration_s for piece in (*chosen, *pieces))
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

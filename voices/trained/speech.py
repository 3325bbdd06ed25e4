"""The trained voice's speech: a text in a voice, by way of phones and frames, to samples.

text --> words --> phones --> durations --> pitch and envelope of each frame --> vocoder --> samples
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import MAX_UTTERANCE_S, Melody, Samples

from ..acoustics import vocoder
from ..acoustics.melody import bend
from ..spaces.scalable_voice import ScalableVoice
from ..text.normalization.normalize import normalize_text
from ..text.split import split_text
from .adapted import Spoken, adapted
from .corrections import corrected
from .networks import LATENT, frame_positions, network
from .phone_tokens import PAUSE, text_tokens

LONGEST_PIECE = 300
"""Most characters in one piece, about 20 s: keeps memory constant and starts speech early."""

FRAMES_PER_SECOND = vocoder.SAMPLE_RATE / vocoder.HOP_LENGTH
SLOWEST, FASTEST = 1.8, 0.6
"""Largest stretch of all durations to fill the time."""

TRIMMED_FRAMES = 16.0
"""Of an utterance at its own speaking rate, the silence at both ends, which does not count for its duration."""

VOICED = 0.5
"""Frames of a higher voicing are voiced."""
VOICING_CORNERS_HZ = (0.0, 2000.0, 4000.0, 8000.0)
VOICING_DB = (0.0, 0.0, -4.0, -10.0)
"""Share of pulses in a voiced sound, by frequency; the rest of its power is noise."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the text, encoded by the phones network."""

    context: npt.NDArray[np.float32]
    """float32 [1, N, C]."""
    durations: npt.NDArray[np.float32]
    """float32 [N], in frames, at the voice's own speaking rate."""
    tokens: npt.NDArray[np.int64]
    """int64 [N, 3], see `text_tokens`."""


@dataclass(frozen=True, slots=True)
class Frames:
    """What the vocoder makes sound of, a frame each 10 ms."""

    log_pitch: npt.NDArray[np.float32]
    """float32 [T], natural logarithm of Hz, in unvoiced frames, too."""
    voicing: npt.NDArray[np.float32]
    """float32 [T] in [0, 1]."""
    envelope_db: npt.NDArray[np.float64]
    """float64 [T, BANDS]."""
    pause: int = 0
    """How many of the frames lie before the first phone."""


def _understand_all(text: str, voice: ScalableVoice) -> list[Piece]:
    """Return the text in pieces, up to a duration of `MAX_UTTERANCE_S`, so that hostile text costs no more."""
    understood: list[Piece] = []
    left = MAX_UTTERANCE_S * FRAMES_PER_SECOND / FASTEST
    for piece in pieces_of(text, voice):
        understood.append(piece)
        left -= float(piece.durations.sum())
        if left < 0:
            break
    return understood


def pieces_of(text: str, voice: ScalableVoice) -> Iterator[Piece]:
    """Yield all of a text, piece by piece, as it is asked for."""
    for written in split_text(text, LONGEST_PIECE):
        for words in split_text(normalize_text(written), LONGEST_PIECE):  # a long number is many words
            yield understand(words, voice)


def understand(text: str, voice: ScalableVoice) -> Piece:
    """Return a piece of normalized text, at most `LONGEST_PIECE` characters."""
    return encode_phones(text_tokens(text), voice)


def encode_phones(tokens: npt.NDArray[np.int64], voice: ScalableVoice) -> Piece:
    """Return a piece of the tokens int64 [N, 3], see `text_tokens`."""
    if not len(tokens):
        return Piece(np.zeros((1, 0, 0), np.float32), np.zeros(0, np.float32), tokens)
    context, durations = network("phones").run(
        None, {"tokens": tokens[np.newaxis], "voice": voice.condition(LATENT)[np.newaxis]}
    )
    return Piece(np.asarray(context, np.float32), np.asarray(durations, np.float32)[0], tokens)


def whole(text: str, voice: ScalableVoice) -> Piece | None:
    """Return all words of an utterance as one piece; None if there are none."""
    pieces = [piece for piece in pieces_of(text, voice) if len(piece.durations)]
    if not pieces:
        return None
    return Piece(
        np.concatenate([piece.context for piece in pieces], axis=1),
        np.concatenate([piece.durations for piece in pieces]),
        np.concatenate([piece.tokens for piece in pieces]),
    )


def frames_of(text: str, voice: ScalableVoice, duration_s: float | None) -> list[Frames]:
    """Return the frames of a text, piece by piece, at a duration as near to the given one as speech allows."""
    understood = _understand_all(text, voice)
    total = sum(float(piece.durations.sum()) for piece in understood)
    if total == 0:
        return []
    total = max(total - TRIMMED_FRAMES, total / 2)
    wanted = total if duration_s is None else duration_s * FRAMES_PER_SECOND
    stretch = min(max(min(wanted, MAX_UTTERANCE_S * FRAMES_PER_SECOND) / total, FASTEST), SLOWEST)
    return [to_frames(piece, voice, stretch) for piece in understood]


def to_frames(piece: Piece, voice: ScalableVoice, stretch: float) -> Frames:
    """Return the frames of a piece, all durations times `stretch`."""
    ends = np.round(np.cumsum(piece.durations * stretch)).astype(np.int64)
    ends[-1:] += ends[-1:] % 2  # a step of the network makes two frames
    return frames_at(piece, voice, np.diff(ends, prepend=0))


def frames_at(piece: Piece, voice: ScalableVoice, durations: npt.NDArray[np.int64]) -> Frames:
    """Return the frames of a piece whose phones have these durations, int64 [N] in frames; their sum is even."""
    if not durations.any():
        nothing = np.zeros(0, np.float32)
        return Frames(nothing, nothing, np.zeros((0, vocoder.BANDS)))
    index = np.repeat(np.arange(len(durations)), durations)
    log_pitch, voicing, envelope = network("frames").run(
        None,
        {
            "context": piece.context,
            "index": index[np.newaxis],
            "place": frame_positions(durations)[np.newaxis],
            "voice": voice.condition(LATENT)[np.newaxis],
        },
    )
    voicing = np.asarray(voicing)[0]
    envelope_db = corrected(np.asarray(envelope)[0], voice)
    if voice.adaptation:
        envelope_db = adapted(envelope_db, voicing, Spoken(piece.tokens, durations), voice.adaptation)
    pauses = np.logical_and.accumulate(piece.tokens[:, 2] == PAUSE)
    return Frames(np.asarray(log_pitch)[0], voicing, envelope_db, int(durations[pauses].sum()))


def bent(pieces: list[Frames], melody: Melody) -> list[Frames]:
    """Return the pieces of an utterance with the pitch of a melody, which goes over all of them."""
    log_pitch, voiced = contour_of(pieces)
    ends = np.cumsum([len(piece.log_pitch) for piece in pieces])
    parts = np.split(bend(log_pitch, voiced, melody), ends[:-1])
    return [replace(piece, log_pitch=part) for piece, part in zip(pieces, parts, strict=True)]


def contour_of(pieces: list[Frames]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the log pitch of all frames, and whether each is voiced."""
    voicing = np.concatenate([piece.voicing for piece in pieces])
    return np.concatenate([piece.log_pitch for piece in pieces]), voicing > VOICED


def say_all(pieces: list[Frames]) -> Samples:
    """Return the sound of an utterance, which starts with its first phone: float32 [T]."""
    said = np.concatenate([np.zeros(0, np.float32), *map(say, pieces)])
    pause = next((piece.pause for piece in pieces if len(piece.log_pitch)), 0)
    return said[pause * vocoder.HOP_LENGTH :]


def say(frames: Frames) -> Samples:
    """Return the sound of a piece."""
    if not len(frames.log_pitch):
        return np.zeros(0, np.float32)
    return sound_of_frames(frames.log_pitch, frames.voicing, frames.envelope_db)


def sound_of_frames(
    log_pitch: npt.NDArray[np.float32], voicing: npt.NDArray[np.float32], envelope_db: npt.NDArray[np.floating]
) -> Samples:
    """Return the sound of some frames: pulses where they are voiced, with noise above, and noise elsewhere."""
    pulses_db = np.interp(vocoder.band_frequencies(), VOICING_CORNERS_HZ, VOICING_DB)
    noise_db = 10 * np.log10(np.maximum(1 - 10 ** (pulses_db / 10), 10**-2.5))
    voiced = (voicing > VOICED)[:, np.newaxis]
    harmonic = np.where(voiced, envelope_db + pulses_db, -120.0).astype(np.float32)
    noise = np.where(voiced, envelope_db + noise_db, envelope_db).astype(np.float32)
    pitch = np.clip(np.exp(log_pitch), 50.0, 600.0).astype(np.float32)
    return vocoder.vocode(pitch, harmonic, noise)

"""The trained voice's engines: speech to sixteen bytes, and text with those bytes to speech.

encode      samples --> mel spectrum --> voice network --> timbre --+--> TrainedVoice
                   \\--> pitch, speaking rate, correction ------+
synthesize  text --> words --> phones --> durations --> pitch and envelope of each frame --> vocoder --> samples
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    MAX_UTTERANCE_S,
    Contour,
    Melody,
    Samples,
    SpeechzipWarning,
    Utterance,
    Voice,
)

from ..acoustics import vocoder
from ..acoustics.loudness import set_loudness, trim
from ..acoustics.melody import bend, contour, differences
from ..acoustics.melspectrum import LEVEL_SCALE_DB, mel_spectrum, normalized, speech_frames
from ..acoustics.pitch import fundamental_frequency, without_wrong_octaves
from ..parametric.synthesizer import EspeakSynthesizer
from ..spaces.parametric_voice import SPACE as PARAMETRIC_SPACE
from ..spaces.trained_voice import CORRECTIONS, NEUTRAL_PITCH_HZ, SPACE, TrainedVoice
from ..streaming import stream_pieces
from ..text.normalization.normalize import normalize_text
from ..text.normalization.unicode import is_readable
from ..text.split import split_text
from .networks import frame_positions, network
from .phone_tokens import PAUSE, text_tokens

MIN_SPEECH_S, MAX_SPEECH_S = 0.5, 30.0
"""A voice is measured in the first half minute; speech shorter than half a second is repeated."""
MIN_VOICED_FRAMES = 10
LOUD_DB = 25.0
"""Frames down to this far below the loud ones count for the mean spectrum."""
PANGRAM = "The quick brown fox jumps over the lazy dog, while five wizards watch the moon rise."
"""Text for finding the envelope correction if the words are not English."""

LONGEST_PIECE = 300
"""Most characters in one piece, about 20 s: keeps memory constant and starts speech early."""
LONGEST_STREAMED = 100
"""The same for live speech: shorter pieces give an earlier first sound."""
PAUSE_S = 0.15
"""Pause between two pieces of live speech."""
FRAMES_PER_SECOND = vocoder.SAMPLE_RATE / vocoder.HOP_LENGTH
SLOWEST, FASTEST = 1.8, 0.6
"""Largest stretch of all durations to fill the time."""

SHARPENING, SHARPENED_FRAMES = 0.4, 7
"""Envelopes are moved away from their mean over 70 ms, since networks produce slightly too smooth ones. In the
project's evaluation this raises the similarity from 0.685 to 0.694 (Resemblyzer's cosine) and costs no words."""

VOICED = 0.5
"""Frames of a higher voicing are voiced."""
VOICING_CORNERS_HZ = (0.0, 2000.0, 4000.0, 8000.0)
VOICING_DB = (0.0, 0.0, -4.0, -10.0)
"""Share of pulses in a voiced sound, by frequency; the rest of its power is noise."""


class TrainedVoiceEncoder:
    """Measure a voice in sixteen bytes.

    The sender uses analysis by synthesis: it synthesizes the same words in the voice without envelope correction,
    and sends the difference of their mean spectrum from the speaker's.
    """

    name = "trained"
    space = SPACE

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return the voice of the speaker of `transcript` in float32 [T] mono 16 kHz `samples`."""
        samples = samples[: int(MAX_SPEECH_S * ENGINE_SAMPLE_RATE)]
        pitch = np.log(without_wrong_octaves(fundamental_frequency(samples, ENGINE_SAMPLE_RATE)))
        voiced = len(pitch) >= MIN_VOICED_FRAMES
        frames = speech_frames(mel_spectrum(normalized(_at_least(samples))))
        phones = int(np.count_nonzero(text_tokens(transcript)[:, 2] != PAUSE))
        (timbre,) = network("voice").run(None, {"mel": frames[np.newaxis]})
        measured = TrainedVoice(
            pitch_hz=math.exp(float(np.mean(pitch))) if voiced else NEUTRAL_PITCH_HZ,
            pitch_deviation=float(np.std(pitch)) if voiced else TrainedVoice().pitch_deviation,
            speaking_rate_pps=phones / max(len(samples) / ENGINE_SAMPLE_RATE, 0.1),
            timbre=tuple(float(number) for number in np.asarray(timbre)[0]),
        )
        measured = TrainedVoice.from_bytes(measured.to_bytes())
        text = normalize_text(transcript) if phones and is_readable(transcript) else PANGRAM
        return Voice(
            SPACE, replace(measured, envelope_correction_db=_envelope_correction(frames, text, measured)).to_bytes()
        )

    def contour(self, samples: Samples) -> Contour:
        """Return the pitch and the loudness of an utterance; see `MelodyEncoder.contour`."""
        return contour(samples)

    def melodies(
        self, voice: Voice, utterances: Sequence[Utterance], contours: Sequence[Contour]
    ) -> Sequence[Melody | None]:
        """Return the melody of each utterance, against what `TrainedSynthesizer` does by itself."""
        return differences(contours, [_own_contour(utterance, voice) for utterance in utterances])


def _own_contour(utterance: Utterance, voice: Voice) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]] | None:
    """Return log pitch and voicing of each frame of an utterance as we say it; None if espeak-ng says it."""
    if utterance.language != "en" or not is_readable(utterance.text):
        return None
    pieces = _frames_of(utterance.text, TrainedVoice.from_bytes(voice.embedding), utterance.duration_s)
    return _contour_of(pieces) if pieces else None


def _envelope_correction(frames: npt.NDArray[np.float32], text: str, voice: TrainedVoice) -> tuple[float, ...]:
    """Return the difference from `text` in `voice` to the mean of the speaker's `frames`, apart from the level."""
    made = _say(_frames(_understand(next(split_text(text, LONGEST_PIECE)), voice), voice, 1.0))
    missing = LEVEL_SCALE_DB * (_mean(frames) - _mean(speech_frames(mel_spectrum(normalized(made)))))
    knots = np.linalg.pinv(_correction_matrix().T) @ (missing - missing.mean())
    return tuple(float(knot) for knot in knots)


def _mean(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the mean spectrum of the louder `frames`, which noise disturbs least."""
    peak = frames.max(axis=1)
    loud = frames[peak > np.percentile(peak, 90) - LOUD_DB / LEVEL_SCALE_DB]
    return np.asarray(loud.mean(axis=0), np.float64)


@lru_cache(maxsize=1)
def _correction_matrix() -> npt.NDArray[np.float64]:
    """Return float64 [CORRECTIONS, BANDS]: a correction times this matrix is the level of each band."""
    bands = np.arange(vocoder.BANDS, dtype=np.float64)
    return vocoder.linear_interpolation(bands, np.linspace(0, vocoder.BANDS - 1, CORRECTIONS))


def _at_least(samples: Samples) -> Samples:
    shortest = int(MIN_SPEECH_S * ENGINE_SAMPLE_RATE)
    if len(samples) >= shortest:
        return samples
    return np.resize(samples, shortest) if len(samples) else np.zeros(shortest, np.float32)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the text, encoded by the phones network."""

    context: npt.NDArray[np.float32]
    """float32 [1, N, C]."""
    durations: npt.NDArray[np.float32]
    """float32 [N], in frames, at the voice's own speaking rate."""


@dataclass(frozen=True, slots=True)
class _Frames:
    """What the vocoder makes sound of, a frame each 10 ms."""

    log_pitch: npt.NDArray[np.float32]
    """float32 [T], natural logarithm of Hz, in unvoiced frames, too."""
    voicing: npt.NDArray[np.float32]
    """float32 [T] in [0, 1]."""
    envelope_db: npt.NDArray[np.float64]
    """float64 [T, BANDS]."""


class TrainedSynthesizer:
    """Speak English in a trained voice; other languages, and parametric voices, with espeak-ng."""

    name = "trained"
    spaces = frozenset({SPACE, PARAMETRIC_SPACE})
    sample_rate = vocoder.SAMPLE_RATE

    def __init__(self) -> None:
        self._espeak = EspeakSynthesizer()

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        """Return `text` spoken; see `Synthesizer.synthesize`."""
        return self._synthesize(text, voice, duration_s, language, None)

    def synthesize_melody(
        self, text: str, voice: Voice | None, duration_s: float | None, language: str, melody: Melody
    ) -> Samples:
        """Return `text` spoken with a melody, except by espeak-ng; see `MelodicSynthesizer.synthesize_melody`."""
        return self._synthesize(text, voice, duration_s, language, melody)

    def _synthesize(
        self, text: str, voice: Voice | None, duration_s: float | None, language: str, melody: Melody | None
    ) -> Samples:
        if not text.strip():
            return np.zeros(0, np.float32)
        if voice and voice.space == PARAMETRIC_SPACE:
            return self._espeak.synthesize(text, voice, duration_s, language)
        wanted = TrainedVoice.from_bytes(voice.embedding) if voice else TrainedVoice()
        if language != "en" or not is_readable(text):
            what = repr(language) if language != "en" else f"what is not in Latin letters ({text[:20]!r})"
            warnings.warn(
                f"the trained voice speaks English only: espeak-ng speaks {what}, at the voice's pitch",
                SpeechzipWarning,
                stacklevel=2,
            )
            return self._espeak.synthesize(text, voice, duration_s, language)
        pieces = _frames_of(text, wanted, duration_s)
        if not pieces:
            return np.zeros(0, np.float32)
        if melody:
            pieces = _bent(pieces, melody)
        said = np.concatenate([_say(piece) for piece in pieces])
        said = trim(said)[: int(MAX_UTTERANCE_S * vocoder.SAMPLE_RATE)]
        return set_loudness(said) if said.any() else said

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        """Return the speech of `text`, piece by piece; see `StreamingSynthesizer.stream`."""
        return stream_pieces(self, text, voice, language)


def _understand_all(text: str, voice: TrainedVoice) -> list[_Piece]:
    """Return the text in pieces, up to a duration of `MAX_UTTERANCE_S`, so that hostile text costs no more."""
    understood: list[_Piece] = []
    left = MAX_UTTERANCE_S * FRAMES_PER_SECOND / FASTEST
    for written in split_text(text, LONGEST_PIECE):
        for words in split_text(normalize_text(written), LONGEST_PIECE):  # a long number is many words
            understood.append(_understand(words, voice))
            left -= float(understood[-1].durations.sum())
            if left < 0:
                return understood
    return understood


def _understand(text: str, voice: TrainedVoice) -> _Piece:
    tokens = text_tokens(text)
    if not len(tokens):
        return _Piece(np.zeros((1, 0, 0), np.float32), np.zeros(0, np.float32))
    context, durations = network("phones").run(
        None, {"tokens": tokens[np.newaxis], "voice": voice.condition()[np.newaxis]}
    )
    return _Piece(np.asarray(context, np.float32), np.asarray(durations, np.float32)[0])


def _frames_of(text: str, voice: TrainedVoice, duration_s: float | None) -> list[_Frames]:
    """Return the frames of a text, piece by piece, at a duration as near to the given one as speech allows."""
    understood = _understand_all(text, voice)
    total = sum(float(piece.durations.sum()) for piece in understood)
    if total == 0:
        return []
    frames = total if duration_s is None else duration_s * FRAMES_PER_SECOND
    stretch = min(max(min(frames, MAX_UTTERANCE_S * FRAMES_PER_SECOND) / total, FASTEST), SLOWEST)
    return [_frames(piece, voice, stretch) for piece in understood]


def _frames(piece: _Piece, voice: TrainedVoice, stretch: float) -> _Frames:
    ends = np.round(np.cumsum(piece.durations * stretch)).astype(np.int64)
    durations = np.diff(ends, prepend=0)
    if not durations.any():
        nothing = np.zeros(0, np.float32)
        return _Frames(nothing, nothing, np.zeros((0, vocoder.BANDS)))
    index = np.repeat(np.arange(len(durations)), durations)
    log_pitch, voicing, envelope = network("frames").run(
        None,
        {
            "context": piece.context,
            "index": index[np.newaxis],
            "place": frame_positions(durations)[np.newaxis],
            "voice": voice.condition()[np.newaxis],
        },
    )
    correction = np.array(voice.envelope_correction_db) @ _correction_matrix()
    return _Frames(np.asarray(log_pitch)[0], np.asarray(voicing)[0], _sharpened(np.asarray(envelope)[0]) + correction)


def _bent(pieces: list[_Frames], melody: Melody) -> list[_Frames]:
    """Return the pieces of an utterance with the pitch of a melody, which goes over all of them."""
    log_pitch, voiced = _contour_of(pieces)
    ends = np.cumsum([len(piece.log_pitch) for piece in pieces])
    parts = np.split(bend(log_pitch, voiced, melody), ends[:-1])
    return [replace(piece, log_pitch=part) for piece, part in zip(pieces, parts, strict=True)]


def _contour_of(pieces: list[_Frames]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the log pitch of all frames, and whether each is voiced."""
    voicing = np.concatenate([piece.voicing for piece in pieces])
    return np.concatenate([piece.log_pitch for piece in pieces]), voicing > VOICED


def _say(frames: _Frames) -> Samples:
    if not len(frames.log_pitch):
        return np.zeros(0, np.float32)
    return sound_of_frames(frames.log_pitch, frames.voicing, frames.envelope_db)


def _sharpened(envelope_db: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    half = SHARPENED_FRAMES // 2
    padded = np.pad(envelope_db, ((half, half), (0, 0)), mode="edge")
    mean = np.lib.stride_tricks.sliding_window_view(padded, SHARPENED_FRAMES, axis=0).mean(axis=2)
    return np.asarray(envelope_db + SHARPENING * (envelope_db - mean), np.float64)


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

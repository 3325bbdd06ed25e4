"""The trained voice's engines: speech to sixteen bytes, and text with those bytes to speech.

encode      samples --> mel spectrum --> voice network --> timbre --+--> TrainedVoice
                   \\--> pitch, speaking rate, correction ------+
synthesize  text --> words --> phones --> durations --> pitch and envelope of each frame --> vocoder --> samples
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

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
from ..acoustics.melody import contour, differences
from ..acoustics.melspectrum import LEVEL_SCALE_DB, mel_spectrum, normalized, speech_frames
from ..acoustics.pitch import fundamental_frequency, without_wrong_octaves
from ..parametric.synthesizer import EspeakSynthesizer
from ..spaces.parametric_voice import SPACE as PARAMETRIC_SPACE
from ..spaces.trained_voice import NEUTRAL_PITCH_HZ, SPACE, TrainedVoice
from ..streaming import stream_pieces
from ..text.normalization.normalize import normalize_text
from ..text.normalization.unicode import is_readable
from ..text.split import split_text
from .networks import network
from .phone_tokens import PAUSE, text_tokens
from .speech import LONGEST_PIECE, bent, contour_of, correction_matrix, frames_of, say, to_frames, understand

MIN_SPEECH_S, MAX_SPEECH_S = 0.5, 30.0
"""A voice is measured in the first half minute; speech shorter than half a second is repeated."""
MIN_VOICED_FRAMES = 10
LOUD_DB = 25.0
"""Frames down to this far below the loud ones count for the mean spectrum."""
PANGRAM = "The quick brown fox jumps over the lazy dog, while five wizards watch the moon rise."
"""Text for finding the envelope correction if the words are not English."""


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
    pieces = frames_of(utterance.text, TrainedVoice.from_bytes(voice.embedding), utterance.duration_s)
    return contour_of(pieces) if pieces else None


def _envelope_correction(frames: npt.NDArray[np.float32], text: str, voice: TrainedVoice) -> tuple[float, ...]:
    """Return the difference from `text` in `voice` to the mean of the speaker's `frames`, apart from the level."""
    made = say(to_frames(understand(next(split_text(text, LONGEST_PIECE)), voice), voice, 1.0))
    missing = LEVEL_SCALE_DB * (_mean(frames) - _mean(speech_frames(mel_spectrum(normalized(made)))))
    knots = np.linalg.pinv(correction_matrix().T) @ (missing - missing.mean())
    return tuple(float(knot) for knot in knots)


def _mean(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the mean spectrum of the louder `frames`, which noise disturbs least."""
    peak = frames.max(axis=1)
    loud = frames[peak > np.percentile(peak, 90) - LOUD_DB / LEVEL_SCALE_DB]
    return np.asarray(loud.mean(axis=0), np.float64)


def _at_least(samples: Samples) -> Samples:
    shortest = int(MIN_SPEECH_S * ENGINE_SAMPLE_RATE)
    if len(samples) >= shortest:
        return samples
    return np.resize(samples, shortest) if len(samples) else np.zeros(shortest, np.float32)


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
        pieces = frames_of(text, wanted, duration_s)
        if not pieces:
            return np.zeros(0, np.float32)
        if melody:
            pieces = bent(pieces, melody)
        said = np.concatenate([say(piece) for piece in pieces])
        said = trim(said)[: int(MAX_UTTERANCE_S * vocoder.SAMPLE_RATE)]
        return set_loudness(said) if said.any() else said

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        """Return the speech of `text`, piece by piece; see `StreamingSynthesizer.stream`."""
        return stream_pieces(self, text, voice, language)

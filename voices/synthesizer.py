"""espeak-ng, shaped towards a classical voice.

    text --> espeak-ng at a chosen pitch and rate --> resample --> equalize --> level
                 \\__ again, until the length fits __/  formants     colour

Resampling by a factor moves the formants, as a shorter or longer throat does; pitch and rate
are set against it. The spectrum is then filtered from the espeak voice's towards the speaker's.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import Samples, SpeechzipWarning, Voice, resample

from . import espeak, trained_voice
from .classical import DEFAULT_PACE, SPACE, ClassicalVoice
from .loudness import level, trim
from .pitch import fundamental_frequency
from .spectrum import TYPICAL_DB, average_spectrum, equalize

SAMPLE_RATE = 16_000

PITCH_SETTINGS = (0, 25, 50, 75, 100)
"""espeak-ng's pitch settings at which each of its voices is measured."""

FORMANT_EXPONENT = 0.25
"""How far formants follow pitch from one speaker to another of the same sex."""
MAX_FORMANT_SHIFT = 1.08
"""More sounds like a chipmunk, and costs words."""

COLOUR_STRENGTH = 0.5
"""How much of the way from the espeak voice's spectrum to the speaker's is gone."""
MAX_COLOUR_DB = 9.0

DURATION_TOLERANCE = 0.02
MAX_TRIES = 4
"""Rounds of synthesis until the length fits; the second mostly does."""
MAX_SPEECH_S = 60.0
"""Longest speech in one go, whatever the payload says the text is."""

REFERENCE_SENTENCE = "The quick brown fox jumps over the lazy dog, while five wizards watch the moon rise."
"""What an espeak voice's own pitch and spectrum are measured on: every sound of English, nearly."""


@dataclass(frozen=True, slots=True)
class _Base:
    """A voice of espeak-ng's, as it is before shaping."""

    name: str
    pitches_hz: tuple[float, ...]
    """At each of `PITCH_SETTINGS`."""
    spectrum_db: npt.NDArray[np.float64]


LOW_VARIANT, HIGH_VARIANT = "m1", "f2"
"""The best understood of espeak-ng's male and female variants: 17 % and 18 % WER, where its plain voice has 21 %."""
HIGH_PITCH_HZ = 145.0
"""Speakers above it start from the high variant."""


class EspeakSynthesizer:
    """Speak with espeak-ng in a classical voice: robotic, but of the right pitch, pace and colour.

    Of a trained voice, pitch and liveliness are kept.
    """

    name = "espeak"
    spaces = frozenset({SPACE, trained_voice.SPACE})
    sample_rate = SAMPLE_RATE

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        """Return `text` spoken; see `Synthesizer.synthesize`."""
        wanted = _classical(voice)
        base = _base(_espeak_voice(language), HIGH_VARIANT if wanted.pitch_hz > HIGH_PITCH_HZ else LOW_VARIANT)
        own_pitch_hz = base.pitches_hz[PITCH_SETTINGS.index(50)]
        shift = (wanted.pitch_hz / own_pitch_hz) ** FORMANT_EXPONENT
        shift = min(max(shift, 1 / MAX_FORMANT_SHIFT), MAX_FORMANT_SHIFT)
        speech = espeak.Speech(
            voice=base.name,
            pitch=_pitch_setting(base, wanted.pitch_hz / shift),
            range=min(round(20 * wanted.spread_semitones), 100),
            rate=round(175 * wanted.pace / DEFAULT_PACE),
        )
        samples = _fit(text, speech, duration_s, shift)
        if not samples.any():
            return samples
        gain = COLOUR_STRENGTH * (np.add(TYPICAL_DB, wanted.colour_db) - base.spectrum_db)
        return level(equalize(samples, SAMPLE_RATE, np.clip(gain, -MAX_COLOUR_DB, MAX_COLOUR_DB)))


def _classical(voice: Voice | None) -> ClassicalVoice:
    """Return what a voice of either space, or the neutral one, is to espeak-ng."""
    if voice is None:
        return ClassicalVoice()
    if voice.space == SPACE:
        return ClassicalVoice.from_bytes(voice.embedding)
    trained = trained_voice.TrainedVoice.from_bytes(voice.embedding)
    return ClassicalVoice(trained.pitch_hz, 12 / np.log(2) * trained.spread)


def _pitch_setting(base: _Base, pitch_hz: float) -> int:
    """Return the setting at which `base` speaks nearest to `pitch_hz`."""
    settings = np.interp(np.array([pitch_hz]), np.array(base.pitches_hz), np.array(PITCH_SETTINGS))
    return round(float(settings[0]))


def _fit(text: str, speech: espeak.Speech, duration_s: float | None, shift: float) -> Samples:
    """Return the text at the rate at which it lasts `duration_s` after the formants' shift."""
    rate = min(max(float(speech.rate), espeak.MIN_RATE), espeak.MAX_RATE)
    best = np.zeros(0, np.float32)
    for _ in range(MAX_TRIES):
        spoken = espeak.speak(text, replace(speech, rate=round(rate)), MAX_SPEECH_S)
        spoken = resample(trim(spoken), round(espeak.sample_rate() * shift), SAMPLE_RATE)
        if duration_s is None or len(spoken) == 0:
            return spoken
        wanted = max(duration_s, 0.1) * SAMPLE_RATE
        if len(best) == 0 or abs(len(spoken) - wanted) < abs(len(best) - wanted):
            best = spoken
        next_rate = min(max(rate * len(spoken) / wanted, espeak.MIN_RATE), espeak.MAX_RATE)
        if abs(len(spoken) / wanted - 1) < DURATION_TOLERANCE or round(next_rate) == round(rate):
            break
        rate = next_rate
    return best


def _espeak_voice(language: str) -> str:
    voice = espeak.voice_for(language)
    if voice is None:
        warnings.warn(
            f"espeak-ng does not speak {language!r}; English letters to sounds are used",
            SpeechzipWarning,
            stacklevel=3,
        )
    return voice or "en-us"


@lru_cache(maxsize=32)
def _base(espeak_voice: str, variant: str) -> _Base:
    """Measure an espeak voice."""
    name = f"{espeak_voice}+{variant}"
    spoken = {
        setting: resample(
            espeak.speak(REFERENCE_SENTENCE, espeak.Speech(name, pitch=setting), MAX_SPEECH_S),
            espeak.sample_rate(),
            SAMPLE_RATE,
        )
        for setting in PITCH_SETTINGS
    }
    pitches_hz = tuple(float(np.median(fundamental_frequency(samples, SAMPLE_RATE))) for samples in spoken.values())
    return _Base(name, pitches_hz, average_spectrum(spoken[50], SAMPLE_RATE))

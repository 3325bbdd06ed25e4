"""espeak-ng, shaped toward a parametric voice.

    text --> espeak-ng at a chosen pitch and rate --> resample --> equalize --> level
                 \\__ again, until the length fits __/  formants     correction

Resampling by a factor moves the formants, as a shorter or longer throat does; pitch and rate
are set against it. The spectrum is then filtered from the espeak voice's toward the speaker's.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
from speechzip.pipeline import MAX_UTTERANCE_S, Samples, SpeechzipWarning, Voice, resample

from .. import espeak
from ..acoustics.loudness import set_loudness, trim
from ..acoustics.spectrum import TYPICAL_DB, equalize
from ..spaces.parametric_voice import DEFAULT_RATE_CPS, SPACE, ParametricVoice
from ..spaces.scalable_voice import TRAINED_SPACES
from ..spaces.trained_voice import unpacked_prosody
from .espeak_bases import HIGH_VARIANT, LOW_VARIANT, PITCH_SETTINGS, EspeakBase, espeak_bases

SAMPLE_RATE = 16_000

FORMANT_EXPONENT = 0.25
"""How far formants follow pitch from one speaker to another of the same sex."""
MAX_FORMANT_SHIFT = 1.08
"""More sounds like a chipmunk, and costs words."""

CORRECTION_STRENGTH = 0.5
"""Share of the difference from the espeak voice's spectrum to the speaker's that is applied."""
MAX_CORRECTION_DB = 9.0

DURATION_TOLERANCE = 0.02
MAX_TRIES = 4
"""Rounds of synthesis until the length fits; two mostly suffice."""
HIGH_PITCH_HZ = 145.0
"""Speakers above this pitch start from the high variant."""


class EspeakSynthesizer:
    """Speak with espeak-ng in a parametric voice: robotic, with the right pitch, speaking rate and envelope.

    A trained voice contributes its pitch and pitch variability only.
    """

    name = "espeak"
    spaces = TRAINED_SPACES | {SPACE}
    sample_rate = SAMPLE_RATE

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        """Return `text` spoken; see `Synthesizer.synthesize`."""
        if not text.strip():
            return np.zeros(0, np.float32)
        wanted = _parametric(voice)
        base = _base(language, HIGH_VARIANT if wanted.pitch_hz > HIGH_PITCH_HZ else LOW_VARIANT)
        own_pitch_hz = base.pitches_hz[PITCH_SETTINGS.index(50)]
        shift = (wanted.pitch_hz / own_pitch_hz) ** FORMANT_EXPONENT
        shift = min(max(shift, 1 / MAX_FORMANT_SHIFT), MAX_FORMANT_SHIFT)
        speech = espeak.Speech(
            voice=base.name,
            pitch=base.pitch_setting(wanted.pitch_hz / shift),
            range=min(round(20 * wanted.pitch_deviation_semitones), 100),
            rate=round(175 * wanted.speaking_rate_cps / DEFAULT_RATE_CPS),
        )
        samples = _fit(text, speech, duration_s, shift)
        if not samples.any():
            return samples
        gain = CORRECTION_STRENGTH * (np.add(TYPICAL_DB, wanted.envelope_correction_db) - base.spectrum_db)
        return set_loudness(equalize(samples, SAMPLE_RATE, np.clip(gain, -MAX_CORRECTION_DB, MAX_CORRECTION_DB)))


def _parametric(voice: Voice | None) -> ParametricVoice:
    """Return espeak-ng's settings for a voice of these spaces, or for the neutral one."""
    if voice is None:
        return ParametricVoice()
    if voice.space == SPACE:
        return ParametricVoice.from_bytes(voice.embedding)
    trained = unpacked_prosody(voice.embedding)
    return ParametricVoice(trained.pitch_hz, 12 / np.log(2) * trained.pitch_deviation)


def _fit(text: str, speech: espeak.Speech, duration_s: float | None, shift: float) -> Samples:
    """Return speech that lasts `duration_s` after the formant shift, `MAX_UTTERANCE_S` at most."""
    rate = min(max(float(speech.rate), espeak.MIN_RATE), espeak.MAX_RATE)
    best = np.zeros(0, np.float32)
    for _ in range(MAX_TRIES):
        spoken = espeak.speak(text, replace(speech, rate=round(rate)), MAX_UTTERANCE_S * shift)
        spoken = resample(trim(spoken), round(espeak.sample_rate() * shift), SAMPLE_RATE)
        spoken = spoken[: int(MAX_UTTERANCE_S * SAMPLE_RATE)]
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


def _base(language: str, variant: str) -> EspeakBase:
    """Return the espeak voice for a language; the English one if espeak-ng does not speak it."""
    base = espeak_bases().get(f"{espeak.voice_for(language)}+{variant}")
    if base is not None:
        return base
    warnings.warn(
        f"espeak-ng does not speak {language!r}; it uses English pronunciation instead", SpeechzipWarning, stacklevel=3
    )
    return espeak_bases()[f"en-us+{variant}"]

"""The voices of espeak-ng before shaping: their pitch and spectrum, measured once for all languages.

A payload may name a hundred languages, and measuring one takes half a second. So `espeak-voices.csv` holds the results
of `python -m speechzip.voices.parametric.espeak_bases voices/parametric/espeak-voices.csv`, measured with
espeakng-loader 0.2.4. espeak-ng speaks the same samples every time, so the numbers are the same on every machine.

    voice        espeak-ng's name with a variant
    pitch_0 ...  fundamental frequency at each of `PITCH_SETTINGS`, in Hz
    band_0 ...   average spectrum, in dB relative to its level
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import LANGUAGES, resample

from .. import espeak
from ..acoustics.pitch import LOWEST_HZ, fundamental_frequency
from ..acoustics.spectrum import BANDS, average_spectrum

TABLE = "espeak-voices.csv"

LOW_VARIANT, HIGH_VARIANT = "m1", "f2"
"""The most intelligible male and female variants of espeak-ng: 17 % and 18 % WER; its plain voice has 21 %."""

PITCH_SETTINGS = (0, 25, 50, 75, 100)
"""espeak-ng's pitch settings at which each of its voices is measured."""

TRUSTED_HZ = 1.08 * LOWEST_HZ
"""A median below this may mean a lower pitch, which `fundamental_frequency` does not find."""
MIN_VOICED_FRAMES = 50
"""Half a second of voice."""

SAMPLE_RATE = 16_000
REFERENCE_SENTENCE = "The quick brown fox jumps over the lazy dog, while five wizards watch the moon rise."
"""Text for measuring an espeak voice's own pitch and spectrum: nearly every sound of English."""
MAX_REFERENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class EspeakBase:
    """A voice of espeak-ng before shaping."""

    name: str
    """espeak-ng's name with a variant, such as ``"en-us+m1"``."""
    pitches_hz: tuple[float, ...]
    """At each of `PITCH_SETTINGS`, increasing."""
    spectrum_db: npt.NDArray[np.float64]
    """float64 [BANDS], average spectrum relative to its level."""

    def pitch_setting(self, pitch_hz: float) -> int:
        """Return the setting, 0 to 100, that brings the voice nearest to `pitch_hz`."""
        return round(float(np.interp(pitch_hz, self.pitches_hz, PITCH_SETTINGS)))


@lru_cache(maxsize=1)
def espeak_bases() -> dict[str, EspeakBase]:
    """Return all measured voices, by name."""
    table = files(__name__.rpartition(".")[0]).joinpath(TABLE)
    rows = list(csv.reader(table.read_text(encoding="utf-8").splitlines()))[1:]
    pitches = slice(1, 1 + len(PITCH_SETTINGS))
    return {
        row[0]: EspeakBase(row[0], tuple(map(float, row[pitches])), np.array(row[pitches.stop :], np.float64))
        for row in rows
    }


def measure_base(name: str) -> EspeakBase:
    """Measure the espeak voice `name` on English text, in any language of the voice.

    Raises:
        EngineError: espeak-ng is missing or lacks the voice.
    """
    pitches: list[float] = []
    spectrum_db = np.zeros(BANDS)
    for setting in PITCH_SETTINGS:
        spoken = espeak.speak(REFERENCE_SENTENCE, espeak.Speech(name, pitch=setting), MAX_REFERENCE_S)
        samples = resample(spoken, espeak.sample_rate(), SAMPLE_RATE)
        voiced = fundamental_frequency(samples, SAMPLE_RATE)
        pitches.append(float(np.median(voiced)) if len(voiced) >= MIN_VOICED_FRAMES else 0.0)
        if setting == 50:
            spectrum_db = average_spectrum(samples, SAMPLE_RATE)
    return EspeakBase(name, _with_low_pitches(pitches), spectrum_db)


def _with_low_pitches(pitches_hz: Sequence[float]) -> tuple[float, ...]:
    """Return `pitches_hz`, with values too low to measure extrapolated linearly, in octaves."""
    trusted = np.array(pitches_hz) >= TRUSTED_HZ
    settings = np.array(PITCH_SETTINGS)
    slope, height = np.polyfit(settings[trusted], np.log2(np.array(pitches_hz)[trusted]), 1)
    return tuple(
        pitch if known else float(2 ** (height + slope * setting))
        for pitch, known, setting in zip(pitches_hz, trusted, PITCH_SETTINGS, strict=True)
    )


def main() -> None:
    """Measure every language of the payload format, and write the table to a file."""
    voices = sorted({voice for language in LANGUAGES if (voice := espeak.voice_for(language))})
    with Path(sys.argv[1]).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        header = [f"pitch_{setting}" for setting in PITCH_SETTINGS] + [f"band_{band}" for band in range(BANDS)]
        writer.writerow(["voice", *header])
        for name in (f"{voice}+{variant}" for voice in voices for variant in (LOW_VARIANT, HIGH_VARIANT)):
            base = measure_base(name)
            writer.writerow([name, *(f"{number:.1f}" for number in (*base.pitches_hz, *base.spectrum_db))])


if __name__ == "__main__":
    main()

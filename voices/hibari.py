"""The synthesizer ``hibari``: one clear voice of English, at the speaker's pitch and pace.

    text --> words --> phonemes --> network --> spectra, pitch --> pitch moved --> inverse STFT --> speech
                     \\__ again, at the rate that fits the duration __/

hibari-tts has one voice, which everybody speaks with: whoever needs words more than voices takes it. For each frame its
network gives a filter, and the pitch of the pulses that pass it; so the pitch moves without the formants. Between two
harmonics the filter was never trained, and would carry the old pitch along: it is taken from the harmonics beside it.

Source: hibari-tts 0.2.1 (Apache-2.0), distilled from Kokoro-82M (Apache-2.0); weights and dictionary are in its wheel.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from anyascii import anyascii
from hibari import Hibari, dsp
from speechzip.pipeline import MAX_UTTERANCE_S, EngineError, Samples, SpeechzipWarning, Voice, open_session, resample

from .acoustics.loudness import set_loudness, trim
from .foreign import translated
from .parametric.synthesizer import EspeakSynthesizer
from .spaces import parametric_voice
from .spaces.parametric_voice import DEFAULT_RATE_CPS, ParametricVoice
from .spaces.scalable_voice import TRAINED_SPACES
from .spaces.trained_voice import unpacked_prosody
from .streaming import stream_pieces
from .text.normalization.normalize import normalize_text
from .text.normalization.unicode import is_readable
from .text.split import split_text

SAMPLE_RATE = 24_000
LONGEST = int(MAX_UTTERANCE_S * SAMPLE_RATE)
SEED = 0
"""Of the noise in its speech: the same words always give the same samples."""
OWN_PITCH_HZ, OWN_RATE_PPS = 189.0, 12.8
"""Geometric mean of hibari's pitch, and its phones a second, in 42 sentences of LibriSpeech and VCTK."""
LOWEST_HZ, HIGHEST_HZ = 75.0, 300.0
"""Range of the pitches that a voice can ask for; beyond it, words are lost."""
VOICED_HZ = 40.0
"""hibari takes frames with a lower pitch for unvoiced."""
LOWEST_OWN_HZ = 65.0
"""Frames with a lower pitch are the ends of voiced sounds, where it falls to 0."""
BIN_HZ = 20.0
"""Distance of two bins of its spectra."""
HIGHEST_HARMONIC_HZ = 11_000.0
SLOWEST, FASTEST = 0.55, 1.7
"""Range of speaking rates, relative to hibari's own."""
DURATION_TOLERANCE = 0.02

LONGEST_PIECE = 300
"""Most characters in one piece, about 20 s."""
LONGEST_RUN = 400
"""Most phonemes that the network speaks at once: bounds its memory. 300 characters of talk have fewer."""
MOST_PHONEMES = int(25 * MAX_UTTERANCE_S * FASTEST)
"""More signs, of which it speaks 20 a second, cannot be heard within `MAX_UTTERANCE_S`."""
CHARACTERS_PER_PHONEME = 10
"""More characters count as phonemes, too: talk has about one, and text that gives hardly any costs as much to read."""

SPELLED = re.compile(r"\b(?:[A-Z]-)+[A-Z]\b")
LONG_WORD = re.compile(r"[^\W\d_]{25,}")
LONGEST_WORD = 24
"""Letters; hibari leaves out the rest of an unknown word."""
LONG_COMPOUND = re.compile(r"\S{49,}")
COMPOUND_PART = re.compile(r"\S{1,47}-|\S{1,48}")
"""hibari's time grows with the cube of the words that hyphens join: 300 characters took 5 s, 48 take 0.02."""

Phonemes = list[int]
"""Numbers of phonemes that the network speaks at once, about a sentence."""


class HibariSynthesizer:
    """Speak English in hibari's voice, at the pitch and pace of a voice; other languages with espeak-ng."""

    name = "hibari"
    spaces = TRAINED_SPACES | {parametric_voice.SPACE}
    sample_rate = SAMPLE_RATE

    def __init__(self) -> None:
        """Load the network and the dictionary.

        Raises:
            EngineError: they are broken.
        """
        with translated("hibari cannot be loaded", "run: pip install --force-reinstall 'speechzip[hibari]'"):
            self._hibari = Hibari()
            self._hibari.sess = open_session(Path(self._hibari.model_path))  # without an arena: 370 MB instead of 490
            self._hibari.phonemize("Zyxwv.")  # loads the dictionary and the network for unknown words
        self._espeak = EspeakSynthesizer()

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        """Return `text` spoken; see `Synthesizer.synthesize`."""
        if not text.strip():
            return np.zeros(0, np.float32)
        if language != "en" or not is_readable(text):
            what = repr(language) if language != "en" else f"what is not in Latin letters ({text[:20]!r})"
            warnings.warn(
                f"hibari speaks English only: espeak-ng speaks {what}, at the voice's pitch",
                SpeechzipWarning,
                stacklevel=2,
            )
            spoken = self._espeak.synthesize(text, voice, duration_s, language)
            return resample(spoken, self._espeak.sample_rate, SAMPLE_RATE)
        pitch, rate = _prosody(voice)
        with translated(f"hibari failed on {len(text)} characters", "choose another synthesizer"):
            spoken = self._fit(self._phonemes(text), pitch, rate, duration_s)
        return set_loudness(spoken) if spoken.any() else spoken[:0]

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        """Return the speech of `text`, piece by piece; see `StreamingSynthesizer.stream`."""
        return stream_pieces(self, text, voice, language)

    def _phonemes(self, text: str) -> list[Phonemes]:
        """Return the phonemes of `text`, as many as fit into `MAX_UTTERANCE_S`, so that hostile text costs no more."""
        sentences: list[Phonemes] = []
        room = MOST_PHONEMES
        for written in split_text(text, LONGEST_PIECE):
            room -= len(written) // CHARACTERS_PER_PHONEME
            for words in split_text(readable(normalize_text(written)), LONGEST_PIECE):  # a long number is many words
                if not any(character.isalpha() for character in words):
                    continue
                for phonemes in self._hibari.phonemize(words):
                    for run in split_text(phonemes, LONGEST_RUN):
                        sentences.append(self._hibari.ids(run))
                        room -= len(sentences[-1])
                if room <= 0:
                    return sentences
            if room <= 0:
                return sentences
        return sentences

    def _fit(self, sentences: list[Phonemes], pitch: float, rate: float, duration_s: float | None) -> Samples:
        """Return the speech of `sentences`, as near to `duration_s` as intelligible; at `rate` if it is None."""
        own = trim(self._say(sentences, pitch))
        if len(own) == 0:
            return own
        wanted = len(own) / rate if duration_s is None else duration_s * SAMPLE_RATE
        wanted = min(max(wanted, len(own) / FASTEST), len(own) / SLOWEST)
        rate = len(own) / wanted
        if abs(rate - 1) < DURATION_TOLERANCE:
            return own[:LONGEST]
        stretch = self._frames(sentences, 1.0) / (rate * self._frames(sentences, rate))
        return trim(self._say(sentences, pitch, rate, stretch))[:LONGEST]

    def _frames(self, sentences: list[Phonemes], rate: float) -> int:
        """Return how many frames the network makes: it rounds the duration of each phoneme to two of them."""
        return sum(self._run(phonemes, rate, ["f0"])[0].size for phonemes in sentences)

    def _run(self, phonemes: Phonemes, rate: float, outputs: list[str]) -> list[npt.NDArray[np.float32]]:
        inputs: dict[str, npt.NDArray[Any]] = {
            "ids": np.array([phonemes], np.int64),
            "speed": np.array([rate], np.float32),
        }
        return [output[0] for output in self._hibari.sess.run(outputs, inputs)]

    def _say(self, sentences: list[Phonemes], pitch: float, rate: float = 1.0, stretch: float = 1.0) -> Samples:
        """Return the speech of `sentences`: float32 [T], finite.

        Args:
            sentences: from `_phonemes`.
            pitch: relative to hibari's own.
            rate: of speaking, which the network is told, relative to hibari's own.
            stretch: of all frames that it gives.
        """
        random = np.random.default_rng(SEED)
        spoken = [np.zeros(0, np.float32)]
        room = LONGEST * FASTEST / SLOWEST
        for phonemes in sentences:
            frames = self._run(phonemes, rate, ["lh", "theta", "ln", "lr", "phi", "f0"])
            if stretch != 1:
                count = frames[-1].size
                places = np.asarray(np.rint(np.linspace(0, count - 1, max(1, round(stretch * count)))), np.int64)
                frames = [part[..., places] for part in frames]
            harmonic, angle, noise, rest, rest_angle, pitch_hz = frames
            if pitch != 1:
                harmonic = _filled(harmonic, pitch_hz) + np.float32(0.5 * np.log(pitch))  # the same power
                angle = _filled(angle, pitch_hz)
                moved_hz = np.maximum(pitch * pitch_hz, VOICED_HZ + 1)
                pitch_hz = np.where(pitch_hz > VOICED_HZ, moved_hz, pitch_hz).astype(np.float32)
            samples = dsp.synth(harmonic, angle, noise, rest, rest_angle, pitch_hz, random)
            if not np.isfinite(samples).all():
                raise EngineError("hibari's network gave no finite sound; choose another synthesizer")
            spoken.append(samples)
            room -= len(samples)
            if room <= 0:
                break
        return np.concatenate(spoken)


def _prosody(voice: Voice | None) -> tuple[float, float]:
    """Return the pitch and the speaking rate of a voice, relative to hibari's own."""
    if voice is None:
        return 1.0, 1.0
    if voice.space == parametric_voice.SPACE:
        parametric = ParametricVoice.from_bytes(voice.embedding)
        pitch_hz, rate = parametric.pitch_hz, parametric.speaking_rate_cps / DEFAULT_RATE_CPS
    else:
        trained = unpacked_prosody(voice.embedding)
        pitch_hz, rate = trained.pitch_hz, trained.speaking_rate_pps / OWN_RATE_PPS
    return min(max(pitch_hz, LOWEST_HZ), HIGHEST_HZ) / OWN_PITCH_HZ, rate


def _filled(spectrum: npt.NDArray[np.float32], pitch_hz: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return float32 [bins, frames] `spectrum` interpolated between the harmonics of `pitch_hz`."""
    filled = spectrum.copy()
    bins = np.arange(len(spectrum))
    for frame in np.flatnonzero(pitch_hz > LOWEST_OWN_HZ):
        harmonics = np.arange(1, int(HIGHEST_HARMONIC_HZ / pitch_hz[frame])) * (pitch_hz[frame] / BIN_HZ)
        at_harmonics = np.asarray(np.interp(harmonics, bins, spectrum[:, frame]), np.float64)
        filled[:, frame] = np.interp(bins, harmonics, at_harmonics)
    return filled


def readable(words: str) -> str:
    """Return normalized text as hibari reads it: "C.I.A." for "C-I-A", Western European letters, no word cut short.

    Long words and compounds are parted by spaces, since hibari cuts the ones and takes too long for the others.
    """
    words = SPELLED.sub(lambda found: found[0].replace("-", ".") + ".", words)
    words = "".join(letter if letter <= "ÿ" else anyascii(letter) for letter in words)
    words = LONG_WORD.sub(lambda found: " ".join(split_text(found[0], LONGEST_WORD)), words)
    return LONG_COMPOUND.sub(lambda found: " ".join(COMPOUND_PART.findall(found[0])), words)

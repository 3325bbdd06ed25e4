"""The trained voice's engines: speech to a few bytes, and text with those bytes to speech.

encode      samples --> mel spectrum --> voice network --> timbre --+--> ScalableVoice
                   \\--> pitch, speaking rate, corrections -----+
fit         ScalableVoice --> timbre, corrections, by analysis by synthesis --> ScalableVoice
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
    EngineError,
    Melody,
    Progress,
    Samples,
    SpeechzipWarning,
    Transcript,
    Utterance,
    Voice,
)

from ..acoustics import vocoder
from ..acoustics.loudness import set_loudness, trim_end
from ..acoustics.melody import contour, differences
from ..acoustics.melspectrum import level_db, mel_spectrum, normalized, scale_level, speech_frames
from ..acoustics.pitch import fundamental_frequency, without_wrong_octaves
from ..parametric.synthesizer import EspeakSynthesizer
from ..spaces.adaptation import Adaptation
from ..spaces.parametric_voice import SPACE as PARAMETRIC_SPACE
from ..spaces.scalable_voice import SPACE, TIMBRE, ScalableVoice
from ..spaces.trained_voice import NEUTRAL_PITCH_HZ
from ..spaces.trained_voice import SPACE as FIRST_SPACE
from ..streaming import stream_pieces
from ..text.normalization.normalize import normalize_text
from ..text.normalization.unicode import is_readable
from ..text.split import split_text
from .adapting import adaptation
from .corrections import measured_classes, measured_envelope, with_missing_bands
from .first_voices import converted
from .fitting import fitted, is_sure
from .leads import lead_s
from .networks import network
from .phone_tokens import PAUSE, text_tokens
from .speech import LONGEST_PIECE, bent, contour_of, frames_of, say, say_all, to_frames, understand

MIN_SPEECH_S, MAX_SPEECH_S = 0.5, 30.0
"""A voice is measured in the first half minute; speech shorter than half a second is repeated."""
MIN_VOICED_FRAMES = 10
QUICK = "quick"
NEUTRAL = ScalableVoice()
PANGRAM = "The quick brown fox jumps over the lazy dog, while five wizards watch the moon rise."
"""Text for finding the corrections if the words are not English."""


class TrainedVoiceEncoder:
    """Measure a voice in 64 bytes, whose first 8, 16 or 32 are a voice, too.

    The sender uses analysis by synthesis: it synthesizes the same words in the voice without corrections, and sends the
    differences of mean spectra from the speaker's: of all sounds, then of classes of sounds. `fit`
    does the same for the timbre, if there is time.
    """

    name = "trained"
    space = SPACE

    def __init__(self, effort: str = "") -> None:
        """Choose how voices are measured.

        Args:
            effort: ``quick`` for an encoder that fits nothing.

        Raises:
            EngineError: there is no such effort.
        """
        if effort not in ("", QUICK):
            raise EngineError(f"the trained voice encoder has no effort {effort!r}; give trained or trained:{QUICK}")
        self._quick = effort == QUICK

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return the voice of the speaker of `transcript` in float32 [T] mono 16 kHz `samples`."""
        samples = samples[: int(MAX_SPEECH_S * ENGINE_SAMPLE_RATE)]
        pitch = np.log(without_wrong_octaves(fundamental_frequency(samples, ENGINE_SAMPLE_RATE)))
        voiced = len(pitch) >= MIN_VOICED_FRAMES
        recorded = speech_frames(mel_spectrum(normalized(_at_least(samples))))
        phones = int(np.count_nonzero(text_tokens(transcript)[:, 2] != PAUSE))
        measured = ScalableVoice(
            pitch_hz=math.exp(float(np.mean(pitch))) if voiced else NEUTRAL_PITCH_HZ,
            pitch_deviation=float(np.std(pitch)) if voiced else NEUTRAL.pitch_deviation,
            speaking_rate_pps=phones / max(len(samples) / ENGINE_SAMPLE_RATE, 0.1),
        )
        return Voice(SPACE, with_timbre(measured, recorded, _text(transcript) if phones else PANGRAM).to_bytes())

    def fit(self, voice: Voice, speech: Sequence[tuple[Samples, Transcript]]) -> Voice:
        """Return a voice that speaks more like its owner; see `FittingVoiceEncoder.fit`."""
        if self._quick:
            return voice
        measured = ScalableVoice.from_bytes(voice.embedding)
        timbre = fitted(measured, [(samples, heard.text) for samples, heard in speech if is_sure(heard)])
        if timbre is None:
            return voice
        samples = np.concatenate([samples for samples, _ in speech])[: int(MAX_SPEECH_S * ENGINE_SAMPLE_RATE)]
        recorded_db = level_db(speech_frames(mel_spectrum(normalized(samples))))
        better = replace(measured, timbre=timbre)
        made_db = _made(better, _text(" ".join(heard.text for _, heard in speech)))
        filled = with_missing_bands(recorded_db, made_db)
        better = _with_corrections(better, recorded_db if filled is None else filled, made_db)
        return replace(voice, embedding=better.to_bytes())

    def adapt(self, voice: Voice, speech: Sequence[tuple[Samples, str]], progress: Progress | None = None) -> Voice:
        """Return the voice of somebody who is enrolled; see `AdaptingVoiceEncoder.adapt`."""
        found = adaptation(ScalableVoice.from_bytes(voice.embedding), speech, progress)
        return replace(voice, adaptation=found.to_bytes()) if found else voice

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
    if not _is_ours(utterance.text, utterance.language):
        return None
    pieces = frames_of(utterance.text, _voice(voice), utterance.duration_s)
    return contour_of(pieces) if pieces else None


def with_timbre(voice: ScalableVoice, recorded: npt.NDArray[np.float32], text: str) -> ScalableVoice:
    """Return a voice with its timbre and the corrections of its envelopes, none of which is rounded yet.

    What a telephone has cut off is filled in first, by what the networks make of the words.

    Args:
        voice: with its pitch and pace.
        recorded: float32 [T, BANDS], the speaker's `speech_frames`.
        text: normalized, for the synthesis.
    """
    voice = replace(voice, timbre=_timbre(recorded))
    made_db = _made(voice, text)
    filled = with_missing_bands(level_db(recorded), made_db)
    if filled is not None:
        recorded = scale_level(filled)
        voice = replace(voice, timbre=_timbre(recorded))
        made_db = _made(voice, text)
    return _with_corrections(voice, level_db(recorded), made_db)


def _timbre(recorded: npt.NDArray[np.float32]) -> tuple[float, ...]:
    (timbre,) = network("voice").run(None, {"mel": recorded[np.newaxis, : len(recorded) // 2 * 2]})
    return tuple(float(number) for number in np.asarray(timbre)[0, :TIMBRE])


def _text(transcript: str) -> str:
    """Return what we say to find the corrections: the words, or others if we cannot read them."""
    return normalize_text(transcript) if is_readable(transcript) else PANGRAM


def _made(voice: ScalableVoice, text: str) -> npt.NDArray[np.float32]:
    """Return float32 [T, BANDS] in dB: the frames with speech of `text` in a voice without corrections of its own."""
    plain = _plain(voice)
    made = say(to_frames(understand(next(split_text(text, LONGEST_PIECE)), plain), plain, 1.0))
    return level_db(speech_frames(mel_spectrum(normalized(made))))


def _plain(voice: ScalableVoice) -> ScalableVoice:
    """Return the voice as 16 bytes and more say it, without corrections of its own."""
    return replace(ScalableVoice.from_bytes(voice.to_bytes()), envelope=NEUTRAL.envelope, classes=NEUTRAL.classes)


def _with_corrections(
    voice: ScalableVoice, recorded_db: npt.NDArray[np.float32], made_db: npt.NDArray[np.float32]
) -> ScalableVoice:
    plain = _plain(voice)
    whole = replace(voice, envelope=measured_envelope(recorded_db, made_db))
    rounded = replace(plain, envelope=ScalableVoice.from_bytes(whole.to_bytes()).envelope)
    return replace(whole, classes=measured_classes(recorded_db, made_db, rounded))


def _is_ours(text: str, language: str) -> bool:
    """Return whether the networks speak it; espeak-ng speaks the rest."""
    return language == "en" and is_readable(text)


def _voice(voice: Voice | None) -> ScalableVoice:
    """Return the voice of either space, or the neutral one."""
    if voice is None:
        return NEUTRAL
    if voice.space == FIRST_SPACE:
        return converted(voice.embedding)
    scalable = ScalableVoice.from_bytes(voice.embedding)
    return replace(scalable, adaptation=Adaptation.from_bytes(voice.adaptation)) if voice.adaptation else scalable


def _at_least(samples: Samples) -> Samples:
    shortest = int(MIN_SPEECH_S * ENGINE_SAMPLE_RATE)
    if len(samples) >= shortest:
        return samples
    return np.resize(samples, shortest) if len(samples) else np.zeros(shortest, np.float32)


class TrainedSynthesizer:
    """Speak English in a trained voice; other languages, and parametric voices, with espeak-ng."""

    name = "trained"
    spaces = frozenset({SPACE, FIRST_SPACE, PARAMETRIC_SPACE})
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
        wanted = _voice(voice)
        if not _is_ours(text, language):
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
        said = trim_end(say_all(pieces))[: int(MAX_UTTERANCE_S * vocoder.SAMPLE_RATE)]
        return set_loudness(said) if said.any() else said

    def lead_s(self, text: str, voice: Voice | None, language: str) -> float:
        """Return how long the first phone of `text` sounds before it is loud; see `LeadingSynthesizer.lead_s`."""
        espeak = (voice and voice.space == PARAMETRIC_SPACE) or not _is_ours(text, language)
        return 0.0 if espeak else lead_s(text)

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        """Return the speech of `text`, piece by piece; see `StreamingSynthesizer.stream`."""
        return stream_pieces(self, text, voice, language)

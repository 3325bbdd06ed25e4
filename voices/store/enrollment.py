"""Enrollment: from recordings of a person to voices in the store."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import cast

import numpy as np
from speechzip.pipeline import (
    VOICE_SPACES,
    AdaptingVoiceEncoder,
    AudioSource,
    FittingVoiceEncoder,
    Progress,
    Recognizer,
    Samples,
    SpeechzipWarning,
    Transcript,
    Utterance,
    Voice,
    VoiceEncoder,
    VoiceError,
    compress,
    engine_names,
    load_engine,
    utterance_sounds,
)

from ..spaces.parametric_voice import SPACE as PARAMETRIC_SPACE
from ..spaces.parametric_voice import ParametricVoice
from ..spaces.scalable_voice import SPACE
from .store import VoiceStore
from .voicefile import NamedVoice, clean_name

GOOD_SPEECH_S = 30.0
"""Length of speech with which the thresholds of `matching` were measured, and enrolled voices."""
MOST_SPEECH_S = 300.0
"""More speech is not learned from: it would bring nothing, and memory stays flat."""
LEAST_CONFIDENCE = 0.6
"""Words of utterances that are less sure are not learned from."""
LEARNING = (FittingVoiceEncoder, AdaptingVoiceEncoder)
"""Encoders that need the speech, utterance by utterance."""


class _Listener:
    """Collects the speech of whoever is measured, behind the interface of a voice encoder."""

    name, space = "listener", PARAMETRIC_SPACE

    def __init__(self) -> None:
        self.speech: list[Samples] = []
        self.words: list[str] = []

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return any voice; see `VoiceEncoder.encode`."""
        self.speech.append(samples)
        self.words.append(transcript)
        return Voice(PARAMETRIC_SPACE, ParametricVoice().to_bytes())


def voice_encoders(names: Sequence[str] = ()) -> list[VoiceEncoder]:
    """Return the encoders with these names; without names, all installed ones with voices that can be stored."""
    encoders = [load_engine("voice_encoder", name) for name in names or engine_names("voice_encoder")]
    return [encoder for encoder in encoders if names or encoder.space in VOICE_SPACES.values()]


def enroll(
    name: str,
    source: AudioSource | Sequence[AudioSource],
    store: VoiceStore,
    *,
    encoders: Sequence[VoiceEncoder] = (),
    recognizer: Recognizer | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> list[NamedVoice]:
    """Measure the speaker of some recordings and store the voices, one for each space.

    With `GOOD_SPEECH_S` seconds of English or more, the trained voice becomes an enrolled one: it has an `adaptation`.

    Args:
        name: the person's name.
        source: a recording of this person alone, as for `compress`, or several.
        store: the store for the voices.
        encoders: the voice encoders; all that are installed if empty.
        recognizer: recognizes the words; the default engine if None.
        force: replace existing voices with this name.
        progress: called with what is done and the total, in no unit.

    Raises:
        VoiceError: the name is invalid or taken, or several people speak.
        AudioError, NoSpeechError, EngineError: as `compress`.
        OutputError: the store cannot be written.
    """
    cleaned = clean_name(name)
    sources = cast("list[AudioSource]", list(source) if isinstance(source, (list, tuple)) else [source])
    encoders = encoders or voice_encoders()
    if not force:
        store.check_free(cleaned, [encoder.space for encoder in encoders])
    parts = [_part(progress, number, len(sources) + 1) for number in range(len(sources) + 1)]
    listener = _Listener()
    said = [_said(one, listener, recognizer, part) for one, part in zip(sources, parts, strict=False)]
    samples, words = np.concatenate(listener.speech), " ".join(listener.words)
    voices = [encoder.encode(samples, words) for encoder in encoders]
    speech = _speech(sources, said) if any(isinstance(encoder, LEARNING) for encoder in encoders) else []
    voices = [
        encoder.fit(voice, speech) if isinstance(encoder, FittingVoiceEncoder) else voice
        for encoder, voice in zip(encoders, voices, strict=True)
    ]
    learned_s = sum(utterance.duration_s for utterances in said for utterance in filter(_is_sure, utterances))
    if learned_s >= GOOD_SPEECH_S:
        pairs = [(sound, heard.text) for sound, heard in speech]
        voices = [
            encoder.adapt(voice, pairs, parts[-1]) if isinstance(encoder, AdaptingVoiceEncoder) else voice
            for encoder, voice in zip(encoders, voices, strict=True)
        ]
    speech_s = sum(utterance.duration_s for utterances in said for utterance in utterances)
    _tell_what_more_brings(cleaned, speech_s, voices)
    return store.add_all([NamedVoice(cleaned, voice) for voice in voices], force)


def _said(
    source: AudioSource, listener: _Listener, recognizer: Recognizer | None, progress: Progress | None
) -> Sequence[Utterance]:
    payload = compress(source, recognizer=recognizer, voice_encoder=listener, progress=progress).payload
    if len(payload.speakers) != 1:
        raise VoiceError(f"{len(payload.speakers)} people speak in the recording; enroll from one of a single person")
    return payload.utterances


def _speech(sources: Sequence[AudioSource], said: Sequence[Sequence[Utterance]]) -> list[tuple[Samples, Transcript]]:
    """Return the sound and the words of the sure utterances, `MOST_SPEECH_S` at most."""
    speech: list[tuple[Samples, Transcript]] = []
    left_s = MOST_SPEECH_S
    for source, utterances in zip(sources, said, strict=True):
        chosen: list[Utterance] = []
        for utterance in filter(_is_sure, utterances):
            if utterance.duration_s <= left_s:
                chosen.append(utterance)
                left_s -= utterance.duration_s
        sounds = utterance_sounds(source, chosen)
        speech += [
            (sound, Transcript(utterance.text, utterance.confidence, utterance.language))
            for sound, utterance in zip(sounds, chosen, strict=True)
        ]
    return speech


def _is_sure(utterance: Utterance) -> bool:
    return bool(utterance.text) and utterance.language == "en" and utterance.confidence > LEAST_CONFIDENCE


def _tell_what_more_brings(name: str, speech_s: float, voices: Sequence[Voice]) -> None:
    """Warn if there was less speech than the voices need, so that people can enroll again."""
    wishes: list[str] = []
    if speech_s < GOOD_SPEECH_S:
        wishes.append(f"{GOOD_SPEECH_S:.0f} s or more make recognition more reliable")
    if any(voice.space == SPACE for voice in voices) and not any(voice.adaptation for voice in voices):
        wishes.append("a minute or more of clear English makes an enrolled voice, which is more like the person")
    if wishes:
        warnings.warn(
            f"{name} is enrolled from {speech_s:.0f} s of speech; {'; '.join(wishes)}", SpeechzipWarning, stacklevel=3
        )


def _part(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Return what shows the progress of one of `count` equal parts."""
    if progress is None:
        return None
    return lambda done, total: progress(number + min(done / max(total, 1e-9), 1.0), count)

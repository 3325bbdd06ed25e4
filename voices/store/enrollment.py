"""Enrollment: from a recording of a person to voices in the store."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from speechzip.pipeline import (
    VOICE_SPACES,
    AudioSource,
    Progress,
    Recognizer,
    Samples,
    SpeechzipWarning,
    Voice,
    VoiceEncoder,
    VoiceError,
    compress,
    engine_names,
    load_engine,
)

from .store import VoiceStore
from .voicefile import NamedVoice, clean_name

GOOD_SPEECH_S = 30.0
"""Length of speech with which the thresholds of `matching` were measured."""


class _Several:
    """Several voice encoders behind the interface of one; `voices` collects all results."""

    def __init__(self, encoders: Sequence[VoiceEncoder]) -> None:
        self.name = self.space = encoders[0].space
        self.voices: list[Voice] = []
        self._encoders = encoders

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return the first encoder's voice; see `VoiceEncoder.encode`."""
        self.voices = [encoder.encode(samples, transcript) for encoder in self._encoders]
        return self.voices[0]


def voice_encoders(names: Sequence[str] = ()) -> list[VoiceEncoder]:
    """Return the encoders with these names; without names, all installed ones with voices that can be stored."""
    encoders = [load_engine("voice_encoder", name) for name in names or engine_names("voice_encoder")]
    return [encoder for encoder in encoders if names or encoder.space in VOICE_SPACES.values()]


def enroll(
    name: str,
    source: AudioSource,
    store: VoiceStore,
    *,
    encoders: Sequence[VoiceEncoder] = (),
    recognizer: Recognizer | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> list[NamedVoice]:
    """Measure the speaker of a recording and store the voices, one for each space.

    Args:
        name: the person's name.
        source: a recording of one person, as for `compress`.
        store: the store for the voices.
        encoders: the voice encoders; all that are installed if empty.
        recognizer: recognizes the words, for the speaking rate; the default engine if None.
        force: replace existing voices with this name.
        progress: called with the seconds done and the total.

    Raises:
        VoiceError: the name is invalid or taken, or several people speak.
        AudioError, NoSpeechError, EngineError: as `compress`.
        OutputError: the store cannot be written.
    """
    cleaned = clean_name(name)
    several = _Several(encoders or voice_encoders())
    compressed = compress(source, recognizer=recognizer, voice_encoder=several, progress=progress)
    payload = compressed.payload
    if len(payload.speakers) != 1:
        raise VoiceError(f"{len(payload.speakers)} people speak in the recording; enroll from one of a single person")
    speech_s = sum(utterance.duration_s for utterance in payload.utterances)
    if speech_s < GOOD_SPEECH_S:
        warnings.warn(
            f"{cleaned} is enrolled from {speech_s:.0f} s of speech; {GOOD_SPEECH_S:.0f} s or more "
            "make recognition more reliable",
            SpeechzipWarning,
            stacklevel=2,
        )
    return store.add_all([NamedVoice(cleaned, voice) for voice in several.voices], force)

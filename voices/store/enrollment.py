"""From a recording of somebody to their voices in the store."""

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
"""How much speech the threshold of `matching` was measured with."""


class _Several:
    """Several voice encoders in the place of one: what the others measure is kept in `voices`."""

    def __init__(self, encoders: Sequence[VoiceEncoder]) -> None:
        self.name = self.space = encoders[0].space
        self.voices: list[Voice] = []
        self._encoders = encoders

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return the first encoder's voice; see `VoiceEncoder.encode`."""
        self.voices = [encoder.encode(samples, transcript) for encoder in self._encoders]
        return self.voices[0]


def voice_encoders(names: Sequence[str] = ()) -> list[VoiceEncoder]:
    """Return the encoders with these names; for none, all that are installed and whose voices can be stored."""
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
    """Measure who speaks in a recording and keep their voices, one for each space.

    Args:
        name: whose voice it is.
        source: a recording of one person, as for `compress`.
        store: where the voices are kept.
        encoders: what measures them; all that are installed if empty.
        recognizer: finds the words, for the speaking rate; the default engine if None.
        force: replace the voices of whoever has the name.
        progress: is told how far the work is.

    Raises:
        VoiceError: the name cannot be one or is taken, or several people speak.
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

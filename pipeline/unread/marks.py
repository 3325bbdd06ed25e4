"""Unread speech: segments that the recognizer could not read, and what is sent for them.

The speech detector is sure of the speech, but the recognizer is not sure of the words: an e-mail address, a strong
accent, another language. The payload has a *mark* there, an utterance without text; a listener hears a short tone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ..types import SOUND_SPACE, Payload, UnreadReason, Voice
from . import SOUND_BYTES

UnreadMode = Literal["drop", "mark", "sound"]
"""What is sent for unread speech: nothing, a mark, or the sound itself within a budget."""

SoundCodec = Literal["opus", "codec2-1200", "codec2-700C"]
"""How the sound is coded."""


@dataclass(frozen=True, slots=True)
class UnreadSettings:
    """What is sent for the unread speech of a live conversation."""

    mode: UnreadMode = "mark"
    sound_bytes: int = SOUND_BYTES
    """With ``sound``, the most bytes for all of it; what does not fit is a mark."""
    sound_codec: SoundCodec = "opus"


MARKS = UnreadSettings()
"""Nothing but marks."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A segment of speech that could not be read."""

    start_s: float
    """Start in the recording, in seconds."""
    duration_s: float
    speaker: int | None
    """Index into `Payload.speakers`; None if nothing of this speaker is sent."""
    reason: UnreadReason
    sound_bytes: int = 0
    """Size of the sound that is sent in place of words; `speaker` is None then."""


def unread_in(payload: Payload) -> tuple[Unread, ...]:
    """Return the marks of a payload."""
    sounds = [
        len(speaker.voice.embedding) if isinstance(speaker.voice, Voice) and speaker.voice.space == SOUND_SPACE else 0
        for speaker in payload.speakers
    ]
    return tuple(
        Unread(
            utterance.start_s,
            utterance.duration_s,
            None if sounds[utterance.speaker] else utterance.speaker,
            reason,
            sounds[utterance.speaker],
        )
        for utterance in payload.utterances
        if (reason := utterance.unread)
    )


def drop_unread(payload: Payload) -> tuple[Payload, tuple[Unread, ...]]:
    """Return `payload` without its marks and without speakers who have only marks; also return the marks."""
    said = [utterance for utterance in payload.utterances if not utterance.unread]
    talking = sorted({utterance.speaker for utterance in said})
    place = {speaker: index for index, speaker in enumerate(talking)}
    kept = replace(
        payload,
        speakers=tuple(payload.speakers[speaker] for speaker in talking),
        utterances=tuple(replace(utterance, speaker=place[utterance.speaker]) for utterance in said),
    )
    return kept, tuple(replace(mark, speaker=place.get(mark.speaker or 0)) for mark in unread_in(payload))

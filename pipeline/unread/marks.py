"""Unread speech: segments that the recognizer could not read, and what is sent for them.

The speech detector is sure of the speech, but the recognizer is not sure of the words: an e-mail address, a strong
accent, another language. The payload has a *mark* there, an utterance without text; a listener hears a short tone.
Where the detector is not sure either, it may be noise: that is told, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ..types import SOUND_SPACE, Payload, PerhapsSpeech, UnreadReason, Voice
from . import SOUND_BYTES

UnreadMode = Literal["drop", "mark", "sound"]
"""What is sent for unread speech: nothing, a mark, or the sound itself within a budget."""

SoundCodec = Literal["opus", "codec2-1200", "codec2-700C"]
"""How the sound is coded."""

PERHAPS = "may be speech that could not be read"
"""What is said of speech of which the detector is not sure."""


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
    reason: UnreadReason | PerhapsSpeech
    """Of what is *perhaps speech*, nothing is sent."""
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


def drop_unread(payload: Payload, told: Sequence[Unread]) -> tuple[Payload, tuple[Unread, ...]]:
    """Return `payload` without its marks and without speakers who have only marks; also return what is told.

    Args:
        payload: has marks, and no sounds.
        told: its marks and what is perhaps speech, by the speakers of `payload`; returned by those that stay.
    """
    said = [utterance for utterance in payload.utterances if not utterance.unread]
    talking = sorted({utterance.speaker for utterance in said})
    place = {speaker: index for index, speaker in enumerate(talking)}
    kept = replace(
        payload,
        speakers=tuple(payload.speakers[speaker] for speaker in talking),
        utterances=tuple(replace(utterance, speaker=place[utterance.speaker]) for utterance in said),
    )
    return kept, tuple(
        replace(each, speaker=None if each.speaker is None else place.get(each.speaker)) for each in told
    )


def perhaps_speech(unread: Sequence[Unread]) -> str:
    """Return a clause for people about what may be speech, and of which nothing is sent; empty if there is none.

    Example:
        >>> perhaps_speech([Unread(1.0, 3.25, 0, "unclear"), Unread(8.0, 0.5, None, "perhaps speech")])
        '0.5 s in 1 segment may be speech that could not be read'
    """
    return _clause([each for each in unread if each.reason == "perhaps speech"], PERHAPS)


def unread_speech(unread: Sequence[Unread]) -> str:
    """Return a clause for people about speech that is a mark or sound in the payload; empty if there is none.

    Example:
        >>> unread_speech([Unread(1.0, 3.25, 0, "unclear"), Unread(8.0, 0.5, None, "perhaps speech")])
        '3.2 s of speech in 1 segment could not be read'
    """
    return _clause([each for each in unread if each.reason != "perhaps speech"], "could not be read", " of speech")


def _clause(unread: Sequence[Unread], said: str, what: str = "") -> str:
    segments = f"{len(unread)} segment{'s' * (len(unread) != 1)}"
    return f"{sum(each.duration_s for each in unread):.1f} s{what} in {segments} {said}" if unread else ""

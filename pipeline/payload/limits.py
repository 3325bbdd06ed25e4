"""Limits of a payload in any format. They bound the memory that hostile bytes can take."""

from __future__ import annotations

from ..errors import InputError
from ..languages import LANGUAGES
from ..types import MAX_LONG_VOICE_BYTES, Payload, VoiceReference

TICKS_PER_SECOND = 16
"""Resolution of all times."""

MAX_DURATION_TICKS = 24 * 3600 * TICKS_PER_SECOND
MAX_SPEAKERS = 64
MAX_UTTERANCES = 1 << 17
"""A day, 64 people, an utterance every 0.66 s."""


def ticks(seconds: float) -> int:
    """Return a time in ticks, rounded to the nearest."""
    return round(seconds * TICKS_PER_SECOND)


def check_limits(payload: Payload) -> None:
    """Refuse a payload that no format can carry.

    Raises:
        InputError: the payload is beyond the limits of the format.
    """
    if payload.channels not in (1, 2):
        raise InputError(f"a payload has 1 or 2 channels, not {payload.channels}")
    if len(payload.speakers) > MAX_SPEAKERS:
        raise InputError(f"a payload has at most {MAX_SPEAKERS} speakers, not {len(payload.speakers)}")
    if not 0 <= payload.duration_s <= MAX_DURATION_TICKS / TICKS_PER_SECOND:
        raise InputError(f"a payload lasts a day at most, not {payload.duration_s} s; split the recording into parts")
    if len(payload.utterances) > MAX_UTTERANCES:
        raise InputError(
            f"a payload has at most {MAX_UTTERANCES} utterances, not {len(payload.utterances)}; "
            "split the recording into parts"
        )
    starts = [utterance.start_s for utterance in payload.utterances]
    if starts != sorted(starts):
        raise InputError("the utterances of a payload are sorted by start")
    for speaker in payload.speakers:
        if isinstance(speaker.voice, VoiceReference):
            if not 0 <= speaker.voice.id < 1 << 16:
                raise InputError(f"the id of a voice has 16 bits, not the value {speaker.voice.id}")
        elif not 1 <= len(speaker.voice.embedding) <= MAX_LONG_VOICE_BYTES:
            raise InputError(f"a voice has 1 to {MAX_LONG_VOICE_BYTES} bytes, not {len(speaker.voice.embedding)}")
        if not 0 <= speaker.channel < payload.channels:
            raise InputError(f"a speaker on channel {speaker.channel} of {payload.channels}")
    for utterance in payload.utterances:
        if not 0 <= utterance.speaker < len(payload.speakers):
            raise InputError(f"speaker {utterance.speaker} of {len(payload.speakers)} does not exist")
        if utterance.language not in LANGUAGES:
            raise InputError(f"the language {utterance.language!r} has no number; see LANGUAGES")
        if not 0 <= utterance.start_s <= payload.duration_s:
            raise InputError(f"an utterance at {utterance.start_s} s lies outside of the recording")
        if not 0 <= utterance.duration_s <= MAX_DURATION_TICKS / TICKS_PER_SECOND:
            raise InputError(f"an utterance lasts a day at most, not {utterance.duration_s} s")

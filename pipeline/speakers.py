"""Voices by name: replace the voice of a known speaker by a two-byte reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .errors import InputError
from .protocols import VoiceBook
from .types import Payload, Speaker, Voice, VoiceReference

AUTO = "auto"
"""Instead of a name: the speaker that the voice book recognizes."""
NOBODY = "-"
"""Instead of a name: a speaker who is not in the voice book."""


def name_speakers(payload: Payload, names: Sequence[str], book: VoiceBook, space: str, carry: bool = False) -> Payload:
    """Return `payload` with references in place of the voices of known people.

    Args:
        payload: with the voices as measured.
        names: a name of the voice book, `AUTO` or `NOBODY` for each speaker in order;
            a single `AUTO` applies to all.
        book: the known voices.
        space: the voice space to look in.
        carry: put the known voice itself into the payload, for a receiver without it.

    Raises:
        VoiceError: a name is not in the voice book.
        InputError: there are more names than speakers.
    """
    count = len(payload.speakers)
    if len(names) > count and list(names) != [AUTO]:
        raise InputError(f"{len(names)} speakers are named, but the recording has {count}; name {count} at most")
    pairs = zip(payload.speakers, name_of_each(names, count), strict=True)
    return replace(payload, speakers=tuple(_named(speaker, name, book, space, carry) for speaker, name in pairs))


def name_of_each(names: Sequence[str], count: int) -> list[str]:
    """Return a name, `AUTO` or `NOBODY` for each of `count` speakers, from `names` as `name_speakers` takes them.

    Example:
        >>> name_of_each(["Anna"], 2), name_of_each(["auto"], 2)
        (['Anna', '-'], ['auto', 'auto'])
    """
    if list(names) == [AUTO]:
        return [AUTO] * count
    return [*names[:count], *[NOBODY] * (count - len(names))]


def is_somebody(name: str) -> bool:
    """Return whether `name` is a person's, neither `AUTO` nor `NOBODY`."""
    return name not in (AUTO, NOBODY)


def check_names(names: Sequence[str], book: VoiceBook, space: str) -> None:
    """Raise the errors of `name_speakers` early, before the work is done.

    Raises:
        VoiceError: a name is not in the voice book.
    """
    for name in names:
        if is_somebody(name):
            book.named(name, space)


def resolve_voices(payload: Payload, book: VoiceBook, spaces: frozenset[str]) -> Payload:
    """Return `payload` with its voice references resolved, as far as `book` can."""
    return replace(payload, speakers=tuple(_resolved(speaker, book, spaces) for speaker in payload.speakers))


def names_voices(payload: Payload) -> bool:
    """Return whether `payload` has a voice reference."""
    return any(isinstance(speaker.voice, VoiceReference) for speaker in payload.speakers)


def _named(speaker: Speaker, name: str, book: VoiceBook, space: str, carry: bool) -> Speaker:
    if name == NOBODY or isinstance(speaker.voice, VoiceReference):
        return speaker
    voice = book.match(speaker.voice) if name == AUTO else book.named(name, space)
    if voice is None:
        return speaker
    # The adaptation of an enrolled voice is never sent.
    return replace(speaker, voice=replace(voice, adaptation=b"") if carry else VoiceReference(voice.id))


def _resolved(speaker: Speaker, book: VoiceBook, spaces: frozenset[str]) -> Speaker:
    if isinstance(speaker.voice, Voice):
        return speaker
    return replace(speaker, voice=book.find(speaker.voice.id, spaces) or speaker.voice)

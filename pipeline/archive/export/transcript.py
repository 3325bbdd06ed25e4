"""A payload as the lines of a transcript, with the speakers' names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...console.display import printable
from ...payload.format import Decoded
from ...types import Payload, Word

NameOf = Callable[[int], str | None]
"""Returns the name of the person with a `Voice.id`; None if it is unknown."""


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance, for people to read."""

    start_s: float
    """Start in the recording, in seconds."""
    end_s: float
    """End in the recording, in seconds, after the start."""
    speaker: int
    """Index into `Transcript.speakers`."""
    text: str
    """The words, on one line and without control characters, or a mark for speech that could not be recognized."""
    confidence: float
    """In [0, 1]."""
    language: str
    """ISO 639-1 code."""
    is_unread: bool = False
    """Whether `text` is only the mark of speech that could not be recognized."""
    words: tuple[Word, ...] = ()
    """The words of `text` and their times in the recording, if the recognizer told them and nothing was changed."""


@dataclass(frozen=True, slots=True)
class NamedSpeaker:
    """A speaker of a transcript."""

    label: str
    """The name, or ``Speaker 1`` and so on; no two of a transcript are equal."""
    is_named: bool
    """Whether the label is a name of the voice store."""
    voice_id: str
    """`Voice.id` as four hexadecimal digits."""
    channel: int
    """0 or 1."""


@dataclass(frozen=True, slots=True)
class NamedTranscript:
    """What was said in a recording, and by whom."""

    title: str
    """The recording's name, on one line."""
    duration_s: float
    """Length of the recording, in seconds."""
    channels: int
    """1 or 2."""
    recognizer: str
    """The engine that recognized the words."""
    speakers: tuple[NamedSpeaker, ...]
    """In the order of the payload."""
    lines: tuple[Line, ...]
    """Sorted by start; utterances of nothing but spaces are left out."""

    @property
    def shows_speakers(self) -> bool:
        """Whether it helps to say who speaks: there are several, or the only one is known."""
        return len(self.speakers) > 1 or any(speaker.is_named for speaker in self.speakers)


def named_transcript(decoded: Decoded | Payload, title: str, name_of: NameOf) -> NamedTranscript:
    """Return the transcript of a payload.

    Args:
        decoded: the payload.
        title: name of the recording.
        name_of: the names of voices.
    """
    payload = decoded.payload if isinstance(decoded, Decoded) else decoded
    speakers: list[NamedSpeaker] = []
    for number, speaker in enumerate(payload.speakers, 1):
        name = name_of(speaker.voice.id)
        label = unique(printable(name) if name else f"Speaker {number}", [known.label for known in speakers])
        speakers.append(NamedSpeaker(label, name is not None, f"{speaker.voice.id:04x}", speaker.channel))
    lines: list[Line] = []
    for said in payload.utterances:
        text = printable(" ".join(said.shown_text.split()))
        if text:
            words = said.words if [word.text for word in said.words] == text.split() else ()
            unread = said.unread is not None
            line = Line(said.start_s, said.end_s, said.speaker, text, said.confidence, said.language, unread, words)
            lines.append(line)
    return NamedTranscript(
        printable(title), payload.duration_s, payload.channels, payload.recognizer, tuple(speakers), tuple(lines)
    )


def unique(label: str, taken: list[str]) -> str:
    """Return `label`, with a number behind it where it is taken already.

    Example:
        >>> unique("Anna", ["Anna", "Ben"])
        'Anna (2)'
    """
    number, found = 1, label
    while found in taken:
        number += 1
        found = f"{label} ({number})"
    return found

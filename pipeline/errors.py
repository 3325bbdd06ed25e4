"""The errors of speechzip, as one tree that a caller may catch at any level.

SpeechzipError
├── InputError                an unusable input
│   ├── AudioError            not audio, empty, cut short, unreadable
│   ├── NoSpeechError         audio without speech in it, or without a word to send
│   ├── VoiceError            a voice that nobody knows, or a file that holds none
│   └── TextError             text that no coder can carry (lone surrogates)
├── OutputError               a path that cannot be written, or would be overwritten
├── PayloadError              bytes that are not a payload (also a ValueError)
│   ├── PayloadTruncated      they end too soon
│   ├── PayloadCorrupt        they contradict themselves
│   └── PayloadVersionError   a newer format, or a model that this release lacks
├── EngineError               an engine is missing, or failed
└── LiveError                 a conversation over a link
    ├── LinkError             the peer cannot be reached, or turned us away
    ├── ProtocolError         the peer's bytes are not the protocol (also a ValueError)
    ├── QueueFullError        more is waiting for the link than we keep
    └── DeviceError           a microphone or loudspeaker is missing, busy or gone

Every message says what was found and what was expected, in the words of the library. Where an argument of the caller
would help, `remedies` names it, and the command line tells which of its options that is (`diagnostics.py`).
"""

from __future__ import annotations

from typing import Literal

Remedy = Literal[
    "accept_license", "another_address", "another_file", "another_folder", "another_recognizer", "another_report",
    "another_synthesizer", "connect_timeout", "enroll", "force", "mark_unread", "max_duration", "mix",
    "no_speaker_count", "no_split", "rebuild_index", "sound_files", "trained_voice",
]  # fmt: skip
"""What the caller may do about an error."""


class SpeechzipError(Exception):
    """The root: catch this to catch everything that speechzip raises on purpose."""

    def __init__(self, message: str = "", *, remedies: tuple[Remedy, ...] = ()) -> None:
        super().__init__(message)
        self.remedies = remedies
        """Arguments that would help, the best first; empty where there is none."""


class InputError(SpeechzipError, ValueError):
    """The input is unusable."""


class AudioError(InputError):
    """The source is not audio, is empty, cut short or cannot be read."""


class NoSpeechError(InputError):
    """The audio is readable, but has no speech, or no words while marks are not wanted."""


class VoiceError(InputError):
    """The store lacks the requested voice, or a file holds no voice."""


class TextError(InputError):
    """The text cannot be carried: it holds a lone surrogate, which is no character."""


class OutputError(SpeechzipError, OSError):
    """The output cannot be written to the requested path."""


class PayloadError(SpeechzipError, ValueError):
    """The bytes are not a payload that this release can read."""


class PayloadTruncated(PayloadError):
    """The bytes end before the payload does."""


class PayloadCorrupt(PayloadError):
    """The bytes contradict themselves: the checksum or a value is wrong."""


class PayloadVersionError(PayloadError):
    """The payload needs a newer release: its format or its text model is unknown here."""


class EngineError(SpeechzipError):
    """An engine or its weights are missing, or the engine failed."""


class LiveError(SpeechzipError):
    """A conversation over a link went wrong."""


class LinkError(LiveError):
    """The peer cannot be reached, or turned us away."""


class ProtocolError(LiveError, ValueError):
    """The peer's bytes are damaged, or are not the protocol."""


class QueueFullError(LiveError):
    """The queue for the link is full; the utterance was not accepted."""


class DeviceError(LiveError):
    """A microphone or loudspeaker is missing, busy or gone."""


class SpeechzipWarning(UserWarning):
    """The result is complete but degraded; the message says why."""

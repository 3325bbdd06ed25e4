"""What can go wrong, as one tree that a caller may catch at any height.

SpeechzipError
├── InputError                what was given cannot be worked on
│   ├── AudioError            not audio, empty, cut short, unreadable
│   ├── NoSpeechError         audio without a word in it
│   ├── VoiceError            a voice that nobody knows, or a file that holds none
│   └── TextError             text that no coder can carry (lone surrogates)
├── OutputError               a path that cannot be written, or would be overwritten
├── PayloadError              bytes that are no payload (also a ValueError)
│   ├── PayloadTruncated      they end too soon
│   ├── PayloadCorrupt        they contradict themselves
│   └── PayloadVersionError   a newer format, or a model that this release lacks
└── EngineError               an engine is missing, or failed

Every message says what was found, what was wanted and what to do.
"""

from __future__ import annotations


class SpeechzipError(Exception):
    """The root: catch this to catch everything that speechzip raises on purpose."""


class InputError(SpeechzipError, ValueError):
    """What was given cannot be worked on."""


class AudioError(InputError):
    """The source is not audio, is empty, cut short or cannot be read."""


class NoSpeechError(InputError):
    """The audio is sound, but nobody says a word in it."""


class VoiceError(InputError):
    """A voice is asked for that the store lacks, or a file holds no voice."""


class TextError(InputError):
    """The text cannot be carried: it holds a lone surrogate, which is no character."""


class OutputError(SpeechzipError, OSError):
    """The result cannot be written where it was asked for."""


class PayloadError(SpeechzipError, ValueError):
    """The bytes are not a payload that this release can read."""


class PayloadTruncated(PayloadError):
    """The bytes end before the payload does."""


class PayloadCorrupt(PayloadError):
    """The bytes contradict themselves: the checksum or a value is wrong."""


class PayloadVersionError(PayloadError):
    """The payload needs a newer release: its format or its text model is unknown here."""


class EngineError(SpeechzipError):
    """An engine is not installed, has lost its weights, or failed."""

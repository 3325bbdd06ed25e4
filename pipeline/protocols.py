"""What the pipeline asks of an engine; anything with these methods is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from .types import Samples, Transcript, Voice

SpeakerEmbedding = npt.NDArray[np.float32]
"""float32 [D] of length 1: a voice as a point, nearer to that of the same speaker than to others'."""

ENGINE_SAMPLE_RATE = 16_000
"""Rate in Hz at which recognizers and voice encoders are given speech."""

Progress = Callable[[float, float], None]
"""Called now and then with the seconds done and the seconds in all."""

MAX_UTTERANCE_S = 60.0
"""Longest speech in seconds that is made for one utterance, whatever its text is: recognizers hear 30 s at a time."""


class Recognizer(Protocol):
    """Speech to text."""

    @property
    def name(self) -> str:
        """What `inspect` and reports call the engine and its model."""
        ...

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words in one segment of speech.

        Args:
            samples: float32 [T], mono, 16 kHz, in [-1, 1]; 0.1 s to 30 s.
        """
        ...


class VoiceEncoder(Protocol):
    """Speech to a voice in a few bytes."""

    @property
    def name(self) -> str:
        """What reports call the engine."""
        ...

    @property
    def space(self) -> str:
        """Name of the voice space that it measures into."""
        ...

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return the voice of the one person who speaks.

        Args:
            samples: float32 [T], mono, 16 kHz, in [-1, 1]; speech without long pauses.
            transcript: the words that are said in it.
        """
        ...


class SpeakerEmbedder(Protocol):
    """Tells voices apart; nothing of it travels."""

    @property
    def name(self) -> str:
        """What reports call the embedder."""
        ...

    def embed(self, samples: Samples) -> SpeakerEmbedding:
        """Return the embedding of float32 [T] mono 16 kHz speech: float32 [D] of length 1."""
        ...


class Synthesizer(Protocol):
    """Text and a voice to speech."""

    @property
    def name(self) -> str:
        """What reports call the engine."""
        ...

    @property
    def spaces(self) -> frozenset[str]:
        """Names of the voice spaces that it can speak in."""
        ...

    @property
    def sample_rate(self) -> int:
        """Rate of what it returns, in Hz."""
        ...

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        """Return the text spoken, float32 [T] mono in [-1, 1] at `sample_rate`.

        Speech starts with the first sample and ends near the last, `MAX_UTTERANCE_S` later at most: what
        would go on is left out. The same arguments give the same samples.

        Args:
            text: what to say; any Unicode.
            voice: in one of `spaces`, or None for the engine's neutral voice.
            duration_s: how long it should last, met as closely as intelligible
                speech allows; None for the voice's own speaking rate.
            language: ISO 639-1 code.
        """
        ...


@runtime_checkable
class StreamingSynthesizer(Synthesizer, Protocol):
    """A synthesizer that can be heard before it has finished."""

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        """Yield the text spoken at the voice's own speaking rate, float32 [t] mono in [-1, 1], piece by piece.

        Together the pieces last `MAX_UTTERANCE_S` at most.
        Arguments as for `synthesize`. Close the iterator to stop early.
        """
        ...


class VoiceBook(Protocol):
    """Voices known by name: a payload may name these instead of carrying them."""

    def find(self, voice_id: int, spaces: frozenset[str]) -> Voice | None:
        """Return the voice with this `Voice.id`, or None where it is not known.

        Where its space is not among `spaces` and the same person has a voice
        in one that is, that one is returned instead.
        """
        ...

    def named(self, name: str, space: str) -> Voice:
        """Return somebody's voice.

        Raises:
            VoiceError: nobody has that name, or not with a voice in that space.
        """
        ...

    def match(self, voice: Voice) -> Voice | None:
        """Return the known voice of the one person who `voice` surely is, or None.

        Raises:
            VoiceError: voices of this space cannot be compared.
        """
        ...

    def name_of(self, voice_id: int) -> str | None:
        """Return whose voice has this `Voice.id`, or None where it is not known."""
        ...


class TextCoder(Protocol):
    """Text to bytes and back, exactly."""

    @property
    def id(self) -> int:
        """0 to 255, carried in the payload: names the coder and its model."""
        ...

    @property
    def name(self) -> str:
        """What `inspect` and reports call the coder."""
        ...

    def encode(self, texts: Sequence[str]) -> bytes:
        """Return the code of the utterances of one payload, in order.

        The coder's state runs on from one text to the next. Nothing to say
        (no texts, or only empty ones) costs nothing: ``b""``.

        Raises:
            TextError: a text holds a lone surrogate.
        """
        ...

    def decode(self, code: bytes, count: int) -> list[str]:
        """Return the `count` texts that `code` stands for.

        Raises:
            PayloadTruncated, PayloadCorrupt: `code` is not what `encode` returns.
        """
        ...

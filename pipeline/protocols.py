"""The interfaces of engines: any class with these members is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from .types import Contour, Melody, Samples, Transcript, Utterance, Voice

SpeakerEmbedding = npt.NDArray[np.float32]
"""float32 [D] of length 1: a voice as a point, near other points of the same speaker."""

ENGINE_SAMPLE_RATE = 16_000
"""Sample rate in Hz of the input to recognizers and voice encoders."""

Progress = Callable[[float, float], None]
"""Callback with the seconds done and the total in seconds."""

MAX_UTTERANCE_S = 60.0
"""Longest speech for one utterance, in seconds, for any text: recognizers take 30 s at a time."""
MAX_LEAD_S = 0.1
"""Longest time that speech may sound before its utterance starts."""


class Recognizer(Protocol):
    """Speech to text."""

    @property
    def name(self) -> str:
        """Name of the engine and its model, for `inspect` and reports."""
        ...

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words in one segment of speech.

        Args:
            samples: float32 [T], mono, 16 kHz, in [-1, 1]; 0.1 s to 30 s.
        """
        ...


@runtime_checkable
class OneLanguageRecognizer(Recognizer, Protocol):
    """A recognizer of one language only; it invents words when it hears another."""

    @property
    def only_language(self) -> str:
        """ISO 639-1 code."""
        ...


@runtime_checkable
class ParallelRecognizer(Recognizer, Protocol):
    """A recognizer whose `transcribe` several threads may call at once, each for another segment."""

    @property
    def segments_at_once(self) -> int:
        """How many segments at once take the least time in all, 1 or more."""
        ...


@runtime_checkable
class RememberingRecognizer(Recognizer, Protocol):
    """A recognizer whose words depend on the segments before, such as on the language that was spoken in them."""

    def begin(self) -> None:
        """Forget all of them: another recording begins."""
        ...


class VoiceEncoder(Protocol):
    """Speech to a voice in a few bytes."""

    @property
    def name(self) -> str:
        """Name of the engine in reports."""
        ...

    @property
    def space(self) -> str:
        """Name of the voice space of its voices."""
        ...

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return the voice of a single speaker. Several threads may call it at once, each for another speaker.

        Args:
            samples: float32 [T], mono, 16 kHz, in [-1, 1]; speech without long pauses.
            transcript: the words in `samples`.
        """
        ...


@runtime_checkable
class MelodyEncoder(VoiceEncoder, Protocol):
    """A voice encoder that measures how each utterance is said, too."""

    def contour(self, samples: Samples) -> Contour:
        """Return the pitch and the loudness of one utterance, float32 [T] mono 16 kHz `samples`."""
        ...

    def melodies(
        self, voice: Voice, utterances: Sequence[Utterance], contours: Sequence[Contour]
    ) -> Sequence[Melody | None]:
        """Return the melody of each utterance of one speaker; None where a synthesizer is near enough by itself.

        Args:
            voice: as `encode` returned it.
            utterances: with words.
            contours: of the same utterances.
        """
        ...


@runtime_checkable
class FittingVoiceEncoder(VoiceEncoder, Protocol):
    """A voice encoder that finds a better voice of the same size, if it may take a second or two."""

    def fit(self, voice: Voice, speech: Sequence[tuple[Samples, Transcript]]) -> Voice:
        """Return a voice that speaks more like its owner than `voice`, or `voice` if none of the speech is fit for
        that. Several threads may call it at once, each for another speaker.

        Args:
            voice: as `encode` returned it.
            speech: utterances of this person, float32 [T] mono 16 kHz samples each, and what was recognized.
        """
        ...


@runtime_checkable
class AdaptingVoiceEncoder(VoiceEncoder, Protocol):
    """A voice encoder that can learn more from half a minute of somebody's speech than its few bytes hold."""

    def adapt(self, voice: Voice, speech: Sequence[tuple[Samples, str]], progress: Progress | None = None) -> Voice:
        """Return `voice` with an adaptation to its owner, or as it is if none of the speech is fit for that.

        Args:
            voice: as `encode` or `fit` returned it.
            speech: utterances of this person, float32 [T] mono 16 kHz samples each, and their words.
            progress: called with the seconds done and the total.
        """
        ...


class SpeakerEmbedder(Protocol):
    """Speech to an embedding that distinguishes voices; it is not part of the payload."""

    @property
    def name(self) -> str:
        """Name of the embedder, for reports."""
        ...

    def embed(self, samples: Samples) -> SpeakerEmbedding:
        """Return the embedding of float32 [T] mono 16 kHz speech: float32 [D] of length 1."""
        ...


class Synthesizer(Protocol):
    """Text and a voice to speech."""

    @property
    def name(self) -> str:
        """Name of the engine in reports."""
        ...

    @property
    def spaces(self) -> frozenset[str]:
        """Names of the voice spaces that it can speak in."""
        ...

    @property
    def sample_rate(self) -> int:
        """Sample rate of its output, in Hz."""
        ...

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        """Return speech for a text, float32 [T] mono in [-1, 1] at `sample_rate`.

        Speech starts with the first sample and ends near the last. It is cut after `MAX_UTTERANCE_S`.
        The same arguments give the same samples.

        Args:
            text: the words to speak; any Unicode.
            voice: in one of `spaces`, or None for the engine's neutral voice.
            duration_s: target duration, met as closely as intelligible
                speech allows; None for the voice's own speaking rate.
            language: ISO 639-1 code.
        """
        ...


@runtime_checkable
class StreamingSynthesizer(Synthesizer, Protocol):
    """A synthesizer whose speech can be played before it is complete."""

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        """Yield speech at the voice's own speaking rate, float32 [t] mono in [-1, 1], piece by piece.

        Together the pieces last `MAX_UTTERANCE_S` at most.
        Arguments as for `synthesize`. Close the iterator to stop early.
        """
        ...


@runtime_checkable
class MelodicSynthesizer(Synthesizer, Protocol):
    """A synthesizer that can bend the pitch of its speech."""

    def synthesize_melody(
        self, text: str, voice: Voice | None, duration_s: float | None, language: str, melody: Melody
    ) -> Samples:
        """Return speech as `synthesize` does, with the pitch of a melody; its loudness is not this method's matter."""
        ...


@runtime_checkable
class LeadingSynthesizer(Synthesizer, Protocol):
    """A synthesizer that knows how softly its speech begins."""

    def lead_s(self, text: str, voice: Voice | None, language: str) -> float:
        """Return how long the speech of a text sounds before an utterance counts as started, in seconds.

        Senders notice a first consonant once it is loud. `decompress` starts the sound earlier by this time, up to
        `MAX_LEAD_S`. Arguments as for `synthesize`.
        """
        ...


class VoiceBook(Protocol):
    """Voices known by name: a payload may reference these instead of carrying them."""

    def find(self, voice_id: int, spaces: frozenset[str]) -> Voice | None:
        """Return the voice with this `Voice.id`, or None if it is unknown.

        If its space is not among `spaces`, but the same person has a voice
        in one of them, return that voice instead.
        """
        ...

    def named(self, name: str, space: str) -> Voice:
        """Return a person's voice in a space.

        Raises:
            VoiceError: the name is unknown, or the person has no voice in that space.
        """
        ...

    def match(self, voice: Voice, among: Sequence[Voice] | None = None) -> Voice | None:
        """Return the known voice of the same person as `voice`, or None if there is no certain match.

        Args:
            voice: as measured.
            among: the voices to choose from; None for all that the book has.

        Raises:
            VoiceError: voices of this space cannot be compared.
        """
        ...

    def name_of(self, voice_id: int) -> str | None:
        """Return the name of the person with this `Voice.id`, or None if it is unknown."""
        ...


Interval = tuple[int, int, int]
"""A symbol of a range code: it owns [start, start + frequency) of [0, total)."""


class SymbolSource(Protocol):
    """A range code that is being read: `target`, then `consume` with the symbol found there."""

    def target(self, total: int) -> int:
        """Return a number in [0, total) that the next symbol owns."""
        ...

    def consume(self, start: int, frequency: int, total: int) -> None:
        """Advance past the symbol that owns [start, start + frequency) of [0, total).

        Raises:
            PayloadCorrupt: the code stands for more symbols than its length allows.
        """
        ...


class TextStream(Protocol):
    """The texts of one payload, coded one after another inside of its range code."""

    @property
    def work(self) -> int:
        """Work of each symbol: 1 for a byte, 8 for a network's token. A code allows 16 for each of its bytes."""
        ...

    def intervals(self, text: str) -> list[Interval]:
        """Return the symbols of a text that is not empty; it is context for the next one.

        Raises:
            TextError: a text holds a lone surrogate.
        """
        ...

    def decode(self, reader: SymbolSource) -> str:
        """Return the next text.

        Raises:
            PayloadCorrupt: the symbols are not a text, or not those that `intervals` returns for it.
        """
        ...

    def fork(self) -> TextStream:
        """Return an independent copy of the stream in its present state."""
        ...


class TextCoder(Protocol):
    """Text to bytes and back, exactly."""

    @property
    def id(self) -> int:
        """0 to 255, carried in the payload: identifies the coder and its model."""
        ...

    @property
    def name(self) -> str:
        """Name of the coder in `inspect` and reports."""
        ...

    def stream(self) -> TextStream:
        """Return the state in which a payload of formats 2 to 4 begins."""
        ...

    def encode(self, texts: Sequence[str]) -> bytes:
        """Return the code of the utterances of one payload of format 1, in order.

        The coder's state continues from one text to the next. No texts, or only
        empty ones, are coded as ``b""``.

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

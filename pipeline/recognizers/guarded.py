"""The code around any Whisper network: guards against hallucinations, and the language of a conversation.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022,
arXiv:2212.04356; the guards are those of its section 4.5.

A segment of speech is encoded once; its language and its words are decoded from that.
"""

from __future__ import annotations

import re
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import EngineError, SpeechzipWarning
from ..protocols import ENGINE_SAMPLE_RATE
from ..segments.rejection import MAX_CHARACTERS_PER_SECOND
from ..types import Samples, Transcript, Word
from .cleaning import tidy
from .word_times import UNSPACED_LANGUAGES, split_words, timed_words

DEFAULT_MODEL = "small"
"""The largest size that keeps up with speech on a few CPU cores."""
MEGABYTES = {
    "tiny": 76,
    "base": 145,
    "small": 484,
    "medium": 1528,
    "large-v1": 3087,
    "large-v2": 3087,
    "large-v3": 3087,
    "large-v3-turbo": 1618,
}
"""Size of the weights in float16; the English ones (``small.en``) are as large."""
OTHER_NAMES = {"large": "large-v3", "turbo": "large-v3-turbo"}
SIZES = tuple(name for size in MEGABYTES for name in ((size,) if "large" in size else (size, f"{size}.en")))

MAX_LENGTH_S = 30.0
"""Length of Whisper's input (arXiv:2212.04356, section 2.2)."""
SILENCE_PEAK = 1e-3
"""60 dB below full scale there is no speech: any words from Whisper would be hallucinated."""
TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Sampling temperatures. They are tried in turn until the text is likely enough and not a loop."""
BEAM_SIZE = BEST_OF = 5
MAX_COMPRESSION_RATIO = 2.4
"""Text with a higher compression ratio repeats itself."""
MIN_LOG_PROBABILITY = -1.0
"""Mean over the tokens; less likely text is wrong."""
MAX_NO_SPEECH = 0.6
"""Unlikely text is discarded if Whisper's probability of no speech reaches this."""
SEED = 0
"""Seed of the sampling at temperatures above zero: the same sound gives the same text."""

LANGUAGE_PRIOR_S, LANGUAGE_MEMORY_S = 1.0, 30.0
"""Prior of each language, as if it had been heard for this long; and how much of what was heard counts, so that a
conversation of hours may still change its language."""

PROMPT_TOKENS = 200
"""Room for a vocabulary: less than half of the decoder's context of 448 tokens."""

SPECIAL_TOKEN = re.compile(r"<\|[^|]*\|>")
"""Tokens that are not words, though a confused decoder may produce them."""
LOOP = re.compile(r"(.{1,100}?)\1{3,}", re.DOTALL)
LOOP_CHARACTERS = 40
"""A phrase repeated four times or more, over at least this many characters, is a loop of the decoder."""

Features = TypeVar("Features")
"""The encoder's output, in the library's own type."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """The result of one pass of the decoder."""

    text: str
    log_probability: float
    """Mean over the tokens and the end."""
    no_speech: float
    """Probability that there is no speech, in [0, 1]."""
    compression_ratio: float
    """Compression ratio of the text with zlib."""
    was_stopped: bool
    """Whether the limit of its length ended it."""

    @property
    def is_stuck(self) -> bool:
        """Whether the decoder repeated itself until it was stopped, or the text compresses like a loop."""
        return self.was_stopped or self.compression_ratio > MAX_COMPRESSION_RATIO

    @property
    def is_plausible(self) -> bool:
        """Whether no higher temperature needs to be tried."""
        unlikely = self.log_probability < MIN_LOG_PROBABILITY
        return not self.is_stuck and (not unlikely or self.no_speech > MAX_NO_SPEECH)


class GuardedWhisper(ABC, Generic[Features]):
    """A Whisper model, whatever library runs it; threads take turns to use it."""

    def __init__(
        self, name: str, spoken: Sequence[str], language: str, beam: int, prompt: str, word_times: bool = False
    ) -> None:
        """Begin a conversation.

        Args:
            name: of the engine and its model.
            spoken: ISO 639-1 codes of the languages that the model recognizes.
            language: the spoken one; detected for each segment if empty.
            beam: hypotheses at a time at temperature 0; 1 decodes greedily.
            prompt: result of `vocabulary_prompt`.
            word_times: tell when each word is said.

        Raises:
            EngineError: the model does not recognize the language.
        """
        self.name = name
        if language and language not in spoken:
            raise EngineError(f"{name} does not recognize {language!r}", remedies=("another_recognizer",))
        self._language = language if len(spoken) > 1 else spoken[0]
        self._heard_s = dict.fromkeys(spoken, 0.0)
        self._beam = beam
        self._prompt = prompt
        self._word_times = word_times
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Forget which languages were spoken; see `RememberingRecognizer.begin`."""
        with self._lock:
            self._heard_s = dict.fromkeys(self._heard_s, 0.0)

    @abstractmethod
    def _encode(self, samples: Samples) -> Features:
        """Return the encoder's output for a segment."""

    @abstractmethod
    def _probabilities(self, features: Features) -> Mapping[str, float]:
        """Return the probability of each language, by its code."""

    @abstractmethod
    def _decode(self, features: Features, language: str, temperature: float) -> Decoding:
        """Return the decoder's result: by beam search at temperature 0, by sampling above it."""

    @abstractmethod
    def _encode_word(self, word: str, language: str) -> list[int]:
        """Return the tokens of a word, which has a space before it unless its language is written without."""

    @abstractmethod
    def _token_starts(
        self, samples: Samples, features: Features, language: str, tokens: list[int]
    ) -> npt.NDArray[np.float64]:
        """Return when each token is said, and at last when the text ends, in seconds: [n + 1]."""

    def _seeded(self) -> AbstractContextManager[object]:
        """Return a context for the work on a segment, in which the same sound gives the same text."""
        return nullcontext()

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words in float32 [T] mono 16 kHz sound of up to `MAX_LENGTH_S`."""
        if len(samples) > MAX_LENGTH_S * ENGINE_SAMPLE_RATE:
            raise EngineError(f"Whisper reads at most {MAX_LENGTH_S:.0f} s at a time, not {len(samples)} samples")
        if np.abs(samples).max(initial=0.0) < SILENCE_PEAK:
            return Transcript("", 0.0, self._language or "en")
        with self._lock, self._seeded():
            features = self._encode(samples)
            language = self._language or self._detect(features, len(samples) / ENGINE_SAMPLE_RATE)
            decoding = self._plausible(features, language)
            text = _text(decoding, len(samples) / ENGINE_SAMPLE_RATE)
            words = self._words(text, language, samples, features) if self._word_times and text else ()
        # Probability of speech, and of these words.
        confidence = float((1 - decoding.no_speech) * np.exp(decoding.log_probability)) if text else 0.0
        return Transcript(text, confidence, language, words=words)

    def _words(self, text: str, language: str, samples: Samples, features: Features) -> tuple[Word, ...]:
        words = split_words(text, language)
        spaced = "" if language in UNSPACED_LANGUAGES else " "
        tokens = [self._encode_word(spaced + word, language) for word in words]
        starts = self._token_starts(samples, features, language, [token for word in tokens for token in word])
        return timed_words(words, [len(word) for word in tokens], starts, samples)

    def _detect(self, features: Features, duration_s: float) -> str:
        """Return the most likely language: the segment's likelihood times the prior from earlier segments.

        A lone "Yes" sounds like any language, and a conversation seldom changes its language.
        """
        probabilities = self._probabilities(features)
        likely = {
            language: probabilities[language] * (LANGUAGE_PRIOR_S + heard) for language, heard in self._heard_s.items()
        }
        heard_s = {language: heard + duration_s * probabilities[language] for language, heard in self._heard_s.items()}
        fading = LANGUAGE_MEMORY_S / max(sum(heard_s.values()), LANGUAGE_MEMORY_S)
        self._heard_s = {language: heard * fading for language, heard in heard_s.items()}
        return max(likely, key=lambda language: likely[language])

    def _plausible(self, features: Features, language: str) -> Decoding:
        """Return the first plausible result, or the last one."""
        for temperature in TEMPERATURES[:-1]:
            decoding = self._decode(features, language, temperature)
            if decoding.is_plausible:
                return decoding
        return self._decode(features, language, TEMPERATURES[-1])


def _text(decoding: Decoding, duration_s: float) -> str:
    """Return the words of a result, without those that Whisper invents for silence and in loops."""
    if decoding.no_speech > MAX_NO_SPEECH and decoding.log_probability < MIN_LOG_PROBABILITY:
        return ""
    text = SPECIAL_TOKEN.sub("", decoding.text)
    if decoding.is_stuck or len(text) > MAX_CHARACTERS_PER_SECOND * duration_s:
        text = without_loops(text)  # keeps repetitions at a human speaking rate
    return tidy(text)


def vocabulary_prompt(phrases: Sequence[str], count_tokens: Callable[[str], int]) -> str:
    """Return a prompt with as many phrases as the model has room for, as if they had been said before.

    Whisper spells names as in the previous text (Radford et al. 2022, section 2.3).
    """
    prompt = ""
    for index, phrase in enumerate(phrases):
        longer = f"{prompt}, {phrase}" if prompt else phrase
        if count_tokens(longer) > PROMPT_TOKENS:
            warnings.warn(
                f"Whisper has room for {index} of the {len(phrases)} words and phrases of the vocabulary; "
                "the others are left out",
                SpeechzipWarning,
                stacklevel=2,
            )
            break
        prompt = longer
    return prompt


def without_loops(text: str) -> str:
    """Return `text` with each looping phrase reduced to one occurrence.

    Example:
        >>> without_loops("So." + " Thank you." * 30)
        'So. Thank you.'
        >>> without_loops("No, no, no, no!")
        'No, no, no, no!'
    """
    spaced = text + " "  # so that the last repetition equals the others
    return LOOP.sub(lambda match: match[1] if len(match[0]) >= LOOP_CHARACTERS else match[0], spaced).strip()


def reason_of(error: Exception) -> str:
    """Return the first line of a library's message."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")

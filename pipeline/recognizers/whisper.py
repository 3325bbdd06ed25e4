"""The recognizer ``whisper``: openai-whisper, any of its sizes, 99 languages.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022,
arXiv:2212.04356; the guards against hallucinations are those of its section 4.5.

    whisper                  the size `DEFAULT_MODEL`
    whisper:large-v3         another size; Whisper downloads the weights into its own cache, once
    whisper:/path/model.pt   weights from a file

A segment of speech is encoded once; its language and its words are decoded from that.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from pathlib import Path

import numpy as np
import torch
import whisper

from ..errors import EngineError
from ..languages import LANGUAGES
from ..protocols import ENGINE_SAMPLE_RATE
from ..segments.rejection import MAX_CHARACTERS_PER_SECOND
from ..types import Samples, Transcript
from .cleaning import tidy

logger = logging.getLogger(__name__)

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
"""Size of each file of weights; the English ones (``small.en``) are as large."""
OTHER_NAMES = {"large": "large-v3", "turbo": "large-v3-turbo"}

MAX_LENGTH_S = 30.0
"""Length of Whisper's input (arXiv:2212.04356, section 2.2)."""
SILENCE_PEAK = 1e-3
"""60 dB below full scale there is no speech: any words from Whisper would be hallucinated."""
TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Tried in turn until the text is no loop and likely enough."""
BEAM_SIZE = BEST_OF = 5
MAX_COMPRESSION_RATIO = 2.4
"""Text that packs better than this repeats itself."""
MIN_LOG_PROBABILITY = -1.0
"""Mean over the tokens; less likely text is wrong."""
MAX_NO_SPEECH = 0.6
"""Unlikely text is discarded if Whisper's probability of no speech reaches this."""
SEED = 0
"""Of the sampling at temperatures above zero: the same sound gives the same text."""

LANGUAGE_PRIOR_S = 1.0
"""Prior of each language, as if it had been heard for this long."""

SPECIAL_TOKEN = re.compile(r"<\|[^|]*\|>")
"""Tokens that are not words, though a confused decoder may produce them."""
LOOP = re.compile(r"(.{1,100}?)\1{3,}", re.DOTALL)
LOOP_CHARACTERS = 40
"""A phrase repeated four times or more, over at least this many characters, is a loop of the decoder."""


class WhisperRecognizer:
    """A Whisper model; threads take turns to use it."""

    def __init__(self, model: str = "", language: str = "") -> None:
        """Load a model from Whisper's cache (`~/.cache/whisper`), the network, or a file.

        Args:
            model: its size, or the path of a checkpoint; `DEFAULT_MODEL` if empty.
            language: ISO 639-1 code of the spoken language; detected for each segment if empty.

        Raises:
            EngineError: there is no such model, its weights are missing, or it does not recognize the language.
        """
        self._model, size = _load(model or DEFAULT_MODEL)
        self.name = f"whisper-{size}" if size else "whisper"
        spoken = LANGUAGES[: self._model.num_languages] if self._model.is_multilingual else ("en",)
        if language and language not in spoken:
            raise EngineError(f"{self.name} does not recognize {language!r}", remedies=("another_recognizer",))
        self._language = language if self._model.is_multilingual else "en"
        self._heard_s = dict.fromkeys(spoken, LANGUAGE_PRIOR_S)
        self._lock = threading.Lock()

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words in float32 [T] mono 16 kHz sound of up to `MAX_LENGTH_S`."""
        if len(samples) > MAX_LENGTH_S * ENGINE_SAMPLE_RATE:
            raise EngineError(f"Whisper reads at most {MAX_LENGTH_S:.0f} s at a time, not {len(samples)} samples")
        if np.abs(samples).max(initial=0.0) < SILENCE_PEAK:
            return Transcript("", 0.0, self._language or "en")
        with self._lock, torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(SEED)
            features = self._encode(samples)
            language = self._language or self._detect(features, len(samples) / ENGINE_SAMPLE_RATE)
            result = self._decode(features, language)
        silent = result.no_speech_prob > MAX_NO_SPEECH and result.avg_logprob < MIN_LOG_PROBABILITY
        text = "" if silent else SPECIAL_TOKEN.sub("", result.text)
        if self._stuck(result) or len(text) > MAX_CHARACTERS_PER_SECOND * len(samples) / ENGINE_SAMPLE_RATE:
            text = without_loops(text)  # keeps repetitions at a human speaking rate
        text = tidy(text)
        # Probability of speech, and of these words.
        confidence = float((1 - result.no_speech_prob) * np.exp(result.avg_logprob)) if text else 0.0
        return Transcript(text, confidence, language)

    def _encode(self, samples: Samples) -> torch.Tensor:
        """Return the encoder's output for a segment: [1, frames, state]."""
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(samples), self._model.dims.n_mels)
        mel = mel.to(self._model.device)
        return self._model.embed_audio((mel.half() if self._half else mel).unsqueeze(0))

    @property
    def _half(self) -> bool:
        return self._model.device.type != "cpu"

    def _detect(self, features: torch.Tensor, duration_s: float) -> str:
        """Return the most likely language: the segment's likelihood times the prior from earlier segments.

        A lone "Yes" sounds like any language, and a conversation seldom changes its language.
        """
        _, (probabilities,) = self._model.detect_language(features)
        likely = {language: probabilities[language] * heard for language, heard in self._heard_s.items()}
        for language in likely:
            self._heard_s[language] += duration_s * probabilities[language]
        return max(likely, key=lambda language: likely[language])

    def _decode(self, features: torch.Tensor, language: str) -> whisper.DecodingResult:
        """Return the first plausible result, or the last one."""
        result = None
        for temperature in TEMPERATURES:
            options = whisper.DecodingOptions(
                language=language,
                temperature=temperature,
                beam_size=BEAM_SIZE if temperature == 0 else None,
                best_of=BEST_OF if temperature > 0 else None,
                without_timestamps=True,
                fp16=self._half,
            )
            (result,) = whisper.decode(self._model, features, options)
            unlikely = result.avg_logprob < MIN_LOG_PROBABILITY
            if not self._stuck(result) and (not unlikely or result.no_speech_prob > MAX_NO_SPEECH):
                break
        assert result is not None
        return result

    def _stuck(self, result: whisper.DecodingResult) -> bool:
        """Return whether the decoder repeated itself until it was stopped, or packs as only loops do."""
        stopped = len(result.tokens) >= self._model.dims.n_text_ctx // 2
        return stopped or result.compression_ratio > MAX_COMPRESSION_RATIO


def without_loops(text: str) -> str:
    """Return `text` with every phrase that it repeats again and again said once.

    Example:
        >>> without_loops("So." + " Thank you." * 30)
        'So. Thank you.'
        >>> without_loops("No, no, no, no!")
        'No, no, no, no!'
    """
    spaced = text + " "  # so that the last time is like the others
    return LOOP.sub(lambda match: match[1] if len(match[0]) >= LOOP_CHARACTERS else match[0], spaced).strip()


def _load(model: str) -> tuple[whisper.Whisper, str]:
    """Return a model and the name of its size; of a checkpoint of one's own, its file's if that is a size."""
    path = Path(model)
    logger.debug("Whisper's weights: %s", path if path.is_file() else _cache_folder())
    if model in whisper.available_models():
        size = OTHER_NAMES.get(model, model)
        return _load_size(size), size
    if not path.is_file():
        raise EngineError(
            f"there is no Whisper model {model!r}, neither a file nor one of: {', '.join(whisper.available_models())}"
        )
    try:
        loaded = whisper.load_model(str(path))
    except Exception as error:  # torch raises what comes: pickle, zip, key and shape errors
        raise EngineError(
            f"{path} is not a Whisper checkpoint ({_reason(error)}); give a .pt file of openai-whisper"
        ) from error
    return loaded, path.stem if path.stem in whisper.available_models() else ""


def _load_size(size: str) -> whisper.Whisper:
    try:
        return whisper.load_model(size)
    except Exception as error:  # no network, no disk, a broken download, a broken file
        file = _cache_folder() / f"{size}.pt"
        raise EngineError(
            f"Whisper's weights {file} cannot be downloaded ({_reason(error)}); try again with a connection, "
            f"or copy {size}.pt ({MEGABYTES[size.removesuffix('.en')]} MB) there from a machine "
            f"that has run: python -c \"import whisper; whisper.load_model('{size}')\""
        ) from error


def _cache_folder() -> Path:
    """Return where `whisper.load_model` keeps weights."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whisper"


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(".")

"""The recognizer ``whisper``: openai-whisper, any of its sizes, 99 languages.

whisper                  the size `DEFAULT_MODEL`
whisper:large-v3         another size; Whisper downloads the weights into its own cache, once
whisper:/path/model.pt   weights from a file
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import whisper
from whisper.audio import HOP_LENGTH
from whisper.timing import find_alignment
from whisper.tokenizer import Tokenizer, get_tokenizer

from ..errors import EngineError
from ..languages import LANGUAGES
from ..types import Samples
from .guarded import (
    BEAM_SIZE,
    BEST_OF,
    DEFAULT_MODEL,
    MEGABYTES,
    OTHER_NAMES,
    SEED,
    Decoding,
    GuardedWhisper,
    reason_of,
    vocabulary_prompt,
)

logger = logging.getLogger(__name__)


class WhisperRecognizer(GuardedWhisper[torch.Tensor]):
    """A Whisper model in openai-whisper."""

    def __init__(
        self,
        model: str = "",
        language: str = "",
        beam: int = BEAM_SIZE,
        vocabulary: Sequence[str] = (),
        word_times: bool = False,
    ) -> None:
        """Load a model from Whisper's cache (`~/.cache/whisper`), the network, or a file.

        Args:
            model: its size, or the path of a checkpoint; `DEFAULT_MODEL` if empty.
            language: ISO 639-1 code of the spoken language; detected for each segment if empty.
            beam: hypotheses at a time; 1 decodes greedily.
            vocabulary: words and phrases to prefer.
            word_times: tell when each word is said.

        Raises:
            EngineError: there is no such model, its weights are missing, or it does not recognize the language.
        """
        self._model, size = _load(model or DEFAULT_MODEL)
        spoken = LANGUAGES[: self._model.num_languages] if self._model.is_multilingual else ("en",)
        tokenizer = get_tokenizer(self._model.is_multilingual, num_languages=self._model.num_languages)
        prompt = vocabulary_prompt(vocabulary, lambda text: len(tokenizer.encode(f" {text}")))
        super().__init__(f"whisper-{size}" if size else "whisper", spoken, language, beam, prompt, word_times)

    @contextmanager
    def _seeded(self) -> Generator[None]:
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(SEED)
            yield

    def _encode(self, samples: Samples) -> torch.Tensor:
        """Return the encoder's output for a segment: [1, frames, state]."""
        return self._model.embed_audio(self._mel(samples).unsqueeze(0))

    def _mel(self, samples: Samples) -> torch.Tensor:
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(samples), self._model.dims.n_mels)
        mel = mel.to(self._model.device)
        return mel.half() if self._half else mel

    @property
    def _half(self) -> bool:
        return self._model.device.type != "cpu"

    def _probabilities(self, features: torch.Tensor) -> Mapping[str, float]:
        _, (probabilities,) = self._model.detect_language(features)
        return probabilities

    def _decode(self, features: torch.Tensor, language: str, temperature: float) -> Decoding:
        options = whisper.DecodingOptions(
            language=language,
            temperature=temperature,
            beam_size=self._beam if temperature == 0 and self._beam > 1 else None,
            best_of=BEST_OF if temperature > 0 else None,
            prompt=self._prompt or None,
            without_timestamps=True,
            fp16=self._half,
        )
        (result,) = whisper.decode(self._model, features, options)
        was_stopped = len(result.tokens) >= self._model.dims.n_text_ctx // 2
        return Decoding(result.text, result.avg_logprob, result.no_speech_prob, result.compression_ratio, was_stopped)

    def _encode_word(self, word: str, language: str) -> list[int]:
        return self._tokenizer(language).encode(word)

    def _token_starts(
        self, samples: Samples, features: torch.Tensor, language: str, tokens: list[int]
    ) -> npt.NDArray[np.float64]:
        frames = len(samples) // HOP_LENGTH
        words = find_alignment(self._model, self._tokenizer(language), tokens, self._mel(samples), frames)
        starts = [word.start for word in words for _ in word.tokens]
        return np.array([*starts, words[-1].end])

    def _tokenizer(self, language: str) -> Tokenizer:
        count = self._model.num_languages
        return get_tokenizer(self._model.is_multilingual, num_languages=count, language=language, task="transcribe")


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
            f"{path} is not a Whisper checkpoint ({reason_of(error)}); give a .pt file of openai-whisper"
        ) from error
    return loaded, path.stem if path.stem in whisper.available_models() else ""


def _load_size(size: str) -> whisper.Whisper:
    try:
        return whisper.load_model(size)
    except Exception as error:  # no network, no disk, a broken download, a broken file
        file = _cache_folder() / f"{size}.pt"
        raise EngineError(
            f"Whisper's weights {file} cannot be downloaded ({reason_of(error)}); try again with a connection, "
            f"or copy {size}.pt ({MEGABYTES[size.removesuffix('.en')]} MB) there from a machine "
            f"that has run: python -c \"import whisper; whisper.load_model('{size}')\""
        ) from error


def _cache_folder() -> Path:
    """Return where `whisper.load_model` keeps weights."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "whisper"

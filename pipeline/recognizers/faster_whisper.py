"""The recognizer ``faster-whisper``: Whisper by CTranslate2 in 8-bit integers, without torch; 99 languages.

faster-whisper               the size `DEFAULT_MODEL`
faster-whisper:large-v3      another size; downloaded into the cache of huggingface_hub, once
faster-whisper:/path/base    a folder of weights in CTranslate2's format
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from faster_whisper.utils import download_model

from ..errors import EngineError
from ..languages import LANGUAGES
from ..system.inference import max_threads
from ..types import Samples
from .guarded import (
    BEAM_SIZE,
    BEST_OF,
    DEFAULT_MODEL,
    MAX_LENGTH_S,
    MEGABYTES,
    OTHER_NAMES,
    SEED,
    SIZES,
    Decoding,
    GuardedWhisper,
    reason_of,
    vocabulary_prompt,
)

logger = logging.getLogger(__name__)

COMPUTE_TYPE = "int8"
"""On a CPU the fastest, at half the memory; on the recordings of README as right as float32."""
THREADS = 2
FRAMES = int(MAX_LENGTH_S * 100)
"""Mel frames of the encoder's input, of 10 ms each."""
MOST_TOKENS = 224
"""Half of the decoder's context, as in openai-whisper: longer text is a loop."""


class FasterWhisperRecognizer(GuardedWhisper[ctranslate2.StorageView]):
    """A Whisper model in faster-whisper."""

    def __init__(
        self,
        model: str = "",
        language: str = "",
        beam: int = BEAM_SIZE,
        vocabulary: Sequence[str] = (),
        word_times: bool = False,
    ) -> None:
        """Load a model from huggingface_hub's cache, the network, or a folder.

        Args:
            model: its size, or the path of a folder; `DEFAULT_MODEL` if empty.
            language: ISO 639-1 code of the spoken language; detected for each segment if empty.
            beam: hypotheses at a time; 1 decodes greedily.
            vocabulary: words and phrases to prefer.
            word_times: tell when each word is said.

        Raises:
            EngineError: there is no such model, its weights are missing, or it does not recognize the language.
        """
        folder, size = _find(model or DEFAULT_MODEL)
        logger.debug("Whisper's weights: %s", folder)
        try:
            self._model = WhisperModel(
                str(folder), device="cpu", compute_type=COMPUTE_TYPE, cpu_threads=min(THREADS, max_threads())
            )
        except Exception as error:  # ctranslate2 raises RuntimeError and ValueError, the tokenizer Exception
            raise EngineError(
                f"{folder} holds no weights of Whisper in CTranslate2's format ({reason_of(error)}); "
                "give a folder with config.json, model.bin, tokenizer.json and vocabulary.json or vocabulary.txt"
            ) from error
        known = self._model.supported_languages
        spoken = [code for code in LANGUAGES if code in known]
        prompt = vocabulary_prompt(vocabulary, lambda text: len(self._tokens(text)))
        super().__init__(f"whisper-{size}" if size else "whisper", spoken, language, beam, prompt, word_times)

    @contextmanager
    def _seeded(self) -> Generator[None]:
        ctranslate2.set_random_seed(SEED)
        yield

    def _encode(self, samples: Samples) -> ctranslate2.StorageView:
        mel = self._model.feature_extractor(samples)[:, :FRAMES]
        return self._model.encode(np.pad(mel, ((0, 0), (0, FRAMES - mel.shape[1]))))

    def _probabilities(self, features: ctranslate2.StorageView) -> Mapping[str, float]:
        (found,) = self._model.model.detect_language(features)
        probabilities = {token[2:-2]: probability for token, probability in found}  # <|en|>
        return {code: probabilities.get(code, 0.0) for code in LANGUAGES}

    def _decode(self, features: ctranslate2.StorageView, language: str, temperature: float) -> Decoding:
        tokenizer = self._tokenizer(language)
        before = [tokenizer.sot_prev, *self._tokens(self._prompt)] if self._prompt else []
        prompt = [*before, *tokenizer.sot_sequence, tokenizer.no_timestamps]
        searching = temperature == 0
        (result,) = self._model.model.generate(
            features,
            [prompt],
            beam_size=self._beam if searching else 1,
            num_hypotheses=1 if searching else BEST_OF,
            sampling_topk=1 if searching else 0,
            sampling_temperature=1.0 if searching else temperature,
            max_length=len(prompt) + MOST_TOKENS,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=list(get_suppressed_tokens(tokenizer, [-1])),
        )
        tokens = result.sequences_ids[0]
        text = tokenizer.decode(tokens).strip()
        coded = text.encode()
        return Decoding(
            text,
            result.scores[0] * len(tokens) / (len(tokens) + 1),  # a score is the mean over the tokens
            result.no_speech_prob,
            len(coded) / len(zlib.compress(coded)),
            len(tokens) >= MOST_TOKENS,
        )

    def _encode_word(self, word: str, language: str) -> list[int]:
        return self._tokenizer(language).encode(word)

    def _token_starts(
        self, samples: Samples, features: ctranslate2.StorageView, language: str, tokens: list[int]
    ) -> npt.NDArray[np.float64]:
        frames = min(FRAMES, len(samples) // self._model.feature_extractor.hop_length)
        start = list(self._tokenizer(language).sot_sequence)
        (result,) = self._model.model.align(features, start, [tokens], frames)
        token, frame = np.array(result.alignments).T
        return np.asarray(frame[np.diff(token, prepend=-1) > 0] / self._model.tokens_per_second, np.float64)

    def _tokens(self, text: str) -> list[int]:
        return self._tokenizer("en").encode(f" {text}")

    def _tokenizer(self, language: str) -> Tokenizer:
        return Tokenizer(self._model.hf_tokenizer, self._model.model.is_multilingual, "transcribe", language)


def _find(model: str) -> tuple[Path, str]:
    """Return the folder of a model and the name of its size; of a folder of one's own, its name's if that is a size."""
    size = OTHER_NAMES.get(model, model)
    if size in SIZES:
        return _download(size), size
    folder = Path(model)
    if not folder.is_dir():
        raise EngineError(f"there is no Whisper model {model!r}, neither a folder nor one of: {', '.join(SIZES)}")
    size = folder.name.removeprefix("faster-").removeprefix("whisper-")
    return folder, size if size in SIZES else ""


def _download(size: str) -> Path:
    try:
        return Path(download_model(size, local_files_only=True))
    except Exception:  # not downloaded yet; the hub raises many kinds of error
        logger.debug("Whisper's weights %s are not in the cache", size)
    try:
        return Path(download_model(size))
    except Exception as error:  # no network, no disk, a broken download
        raise EngineError(
            f"Whisper's weights {size!r} for faster-whisper cannot be downloaded ({reason_of(error)}); try again with "
            f"a connection, or give a folder with them ({MEGABYTES[size.removesuffix('.en')]} MB): "
            "faster-whisper:FOLDER"
        ) from error

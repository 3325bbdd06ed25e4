"""The default recognizer: Moonshine tiny (English), run directly with onnxruntime.

The weights lie inside the wheel ``moonshine-voice==0.0.48``, which is found without
being imported: its import pulls in sound drivers. Two networks in ORT format:

    encoder_model          samples float32 [1, T]        -> hidden float32 [1, S, 288]
    decoder_model_merged   tokens int64 [1, n] + hidden  -> logits float32 [1, n, 32768]
                           and a cache of keys and values, given back with the next token

Source: Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice
Commands", 2024, arXiv:2410.15608.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import EngineError
from .protocols import ENGINE_SAMPLE_RATE
from .sessions import open_session
from .types import Samples, Transcript

START_TOKEN, END_TOKEN = 1, 2
TOKENS_PER_SECOND = 6.5
"""No English speaker reaches it (arXiv:2410.15608, section 3): more tokens are a loop."""
MAX_LENGTH_S = 30.0
"""Longest input: what the model was trained on."""
MIN_LENGTH_S = 0.3
"""The encoder's convolutions need 0.06 s; shorter input than this is padded with silence."""
LAYERS, HEADS, HEAD_SIZE = 6, 8, 36
"""Shape of the decoder's cache."""
THREADS = 2
"""On quiet cores, two threads read in 0.6 of the time that one takes."""
LOOP_REPEATS, LOOP_TOKENS = 4, 12
"""A phrase said this often in a row, over at least so many tokens, is a loop of the decoder, not speech."""


class MoonshineRecognizer:
    """Moonshine tiny, 27 million parameters, English.

    Example:
        >>> import numpy as np
        >>> MoonshineRecognizer().transcribe(np.zeros(16000, np.float32)).language
        'en'
    """

    name = "moonshine-tiny-en"

    def __init__(self, folder: str | Path | None = None, language: str = "en") -> None:
        """Load the model from `folder`, or from the installed wheel.

        Raises:
            EngineError: the weights are not there or cannot be loaded, or it is to read another language.
        """
        if language != "en":
            raise EngineError(
                f"Moonshine tiny reads English, not {language!r}; choose another with --recognizer whisper "
                "(pip install 'speechzip[whisper]')"
            )
        folder = Path(folder) if folder else _installed_folder()
        try:
            self._tokens = read_vocabulary((folder / "tokenizer.bin").read_bytes())
            self._encoder = open_session(folder / "encoder_model.ort", THREADS)
            self._decoder = open_session(folder / "decoder_model_merged.ort", THREADS)
        except Exception as error:  # onnxruntime has no base class for its errors
            raise EngineError(
                f"Moonshine's weights in {folder} cannot be loaded ({error}); "
                "reinstall them: pip install --force-reinstall moonshine-voice==0.0.48"
            ) from error

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words in float32 [T] mono 16 kHz sound of up to `MAX_LENGTH_S`."""
        if len(samples) > MAX_LENGTH_S * ENGINE_SAMPLE_RATE:
            raise EngineError(f"Moonshine reads at most {MAX_LENGTH_S:.0f} s at a time, not {len(samples)} samples")
        shortfall = int(MIN_LENGTH_S * ENGINE_SAMPLE_RATE) - len(samples)
        if shortfall > 0:
            samples = np.pad(samples, (0, shortfall))
        tokens, log_probabilities = self._decode(samples)
        text = b"".join(self._tokens[token] for token in tokens).decode("utf-8", "replace")
        text = tidy(text.replace("\u2581", " "))
        confidence = float(np.exp(np.mean(log_probabilities))) if text else 0.0
        return Transcript(text, confidence)

    def _decode(self, samples: Samples) -> tuple[list[int], list[float]]:
        """Return the likeliest tokens, greedily, and the log-probability of each and of the end."""
        batch = samples[np.newaxis].astype(np.float32)
        mask = np.ones(batch.shape, np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": batch, "attention_mask": mask})
        inputs: dict[str, Any] = {
            "encoder_attention_mask": mask,  # of the samples' length, not of the hidden states'
            "encoder_hidden_states": hidden,
            "input_ids": np.array([[START_TOKEN]], np.int64),
            "use_cache_branch": np.array([False]),
            **{name: np.zeros((1, HEADS, 0, HEAD_SIZE), np.float32) for name in _cache_names("past_key_values")},
        }
        tokens: list[int] = []
        log_probabilities: list[float] = []
        max_tokens = max(8, int(len(samples) / ENGINE_SAMPLE_RATE * TOKENS_PER_SECOND))
        for step in range(max_tokens):
            logits, *present = self._decoder.run(["logits", *_cache_names("present")], inputs)
            token, log_probability = _likeliest(logits[0, -1])
            log_probabilities.append(log_probability)
            if token == END_TOKEN:
                break
            tokens.append(token)
            if length := loop_length(tokens):
                del tokens[-length:], log_probabilities[-length:]
                break
            for name, value in zip(_cache_names("past_key_values"), present, strict=True):
                if step == 0 or ".decoder." in name:  # the encoder's keys never change
                    inputs[name] = value
            inputs["input_ids"] = np.array([[token]], np.int64)
            inputs["use_cache_branch"] = np.array([True])
        return tokens, log_probabilities


def tidy(text: str) -> str:
    """Return `text` as people write it: the model doubles a comma or forgets a capital now and then.

    "In short,, it  was. it is.." -> "In short, it was. It is."
    """
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"([,;:?!])\1+", r"\1", text)
    text = re.sub(r"(?<!\.)\.\.(?!\.)", ".", text)  # but three are an ellipsis
    return re.sub(r"((?<!\.)[.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)


def _cache_names(prefix: str) -> list[str]:
    return [
        f"{prefix}.{layer}.{side}.{kind}"
        for layer in range(LAYERS)
        for side in ("decoder", "encoder")
        for kind in ("key", "value")
    ]


def _likeliest(logits: npt.NDArray[np.float32]) -> tuple[int, float]:
    token = int(np.argmax(logits))
    return token, -float(np.log(np.sum(np.exp(logits - logits[token]))))


def loop_length(tokens: list[int]) -> int:
    """Return how many tokens at the end only repeat the phrase before them; 0 where there is no loop.

    "no no no no ..." (16 times "no") -> 15; "very, very good" -> 0
    """
    for period in range(1, len(tokens) // LOOP_REPEATS + 1):
        repeats = max(LOOP_REPEATS, -(-LOOP_TOKENS // period))
        span = period * repeats
        if len(tokens) >= span and tokens[-span:] == tokens[-period:] * repeats:
            return span - period
    return 0


def read_vocabulary(packed: bytes) -> list[bytes]:
    """Return the token strings of ``tokenizer.bin``: each a length (one byte, or two from 128 on), then UTF-8."""
    tokens: list[bytes] = []
    position = 0
    while position < len(packed):
        length = packed[position]
        position += 1
        if length >= 128:
            length = packed[position] * 128 + length - 128
            position += 1
        if position + length > len(packed):
            raise ValueError("tokenizer.bin is cut short")
        tokens.append(packed[position : position + length])
        position += length
    return tokens


def _installed_folder() -> Path:
    package = importlib.util.find_spec("moonshine_voice")
    if package is None or not package.submodule_search_locations:
        raise EngineError("the recognizer's weights are not installed; run: pip install moonshine-voice==0.0.48")
    return Path(package.submodule_search_locations[0]) / "assets" / "tiny-en"

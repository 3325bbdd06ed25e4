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

import heapq
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import EngineError
from ..protocols import ENGINE_SAMPLE_RATE
from ..system.inference import open_session
from ..system.wheels import RECOGNIZER_WHEEL, recognizer_folder
from ..types import Samples, Transcript
from .cleaning import tidy
from .repetition import Run, repeated_runs

logger = logging.getLogger(__name__)

Logits = npt.NDArray[np.float32]
"""float32 [n, V] or [V]: how likely each token of the vocabulary is, before the softmax."""

START_TOKEN, END_TOKEN = 1, 2
TOKENS_PER_SECOND = 6.5
"""Faster than any English speaker (arXiv:2410.15608, section 3): more tokens mean a loop."""
MAX_LENGTH_S = 30.0
"""Longest input: what the model was trained on."""
MIN_LENGTH_S = 0.3
"""The encoder's convolutions need 0.06 s; shorter input than this is padded with silence."""
LAYERS, HEADS, HEAD_SIZE = 6, 8, 36
"""Shape of the decoder's cache."""
THREADS = 2
"""On quiet cores, two threads take 0.6 of the time of one."""
WAYS_OUT = 5
"""Most places at which a stuck decoder may try to leave its loop."""
END_COST = 1.0
"""In nats: an end of text may lose words after the loop, so it must be more likely by this margin."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The tokens decoded so far."""

    tokens: list[int] = field(default_factory=list[int])
    log_probabilities: list[float] = field(default_factory=list[float])
    """Log-probability of each token, and of the end if the decoder reached it."""

    @property
    def ended(self) -> bool:
        """Whether the decoder reached the end by itself."""
        return len(self.log_probabilities) > len(self.tokens)

    @property
    def confidence(self) -> float:
        """Mean probability, in [0, 1], 0 without tokens; a repeated phrase counts once.

        A repetition is likely, right or wrong, so it is no evidence.
        """
        again = {index for run in repeated_runs(self.tokens, min_repeats=2) for index in run.again}
        counted = [value for index, value in enumerate(self.log_probabilities) if index not in again]
        return float(np.exp(np.mean(counted))) if self.tokens else 0.0


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
            EngineError: the weights are missing or cannot be loaded, or the language is not English.
        """
        if language != "en":
            raise EngineError(
                f"Moonshine tiny recognizes English, not {language!r}; Whisper does (pip install 'speechzip[whisper]')",
                remedies=("another_recognizer",),
            )
        folder = Path(folder) if folder else recognizer_folder() / "assets" / "tiny-en"
        logger.debug("Moonshine's weights: %s", folder)
        try:
            self._tokens = read_vocabulary((folder / "tokenizer.bin").read_bytes())
            self._encoder = open_session(folder / "encoder_model.ort", THREADS)
            self._decoder = open_session(folder / "decoder_model_merged.ort", THREADS)
        except Exception as error:  # onnxruntime has no base class for its errors
            raise EngineError(
                f"Moonshine's weights in {folder} cannot be loaded ({error}); "
                f"reinstall them: pip install --force-reinstall {RECOGNIZER_WHEEL}"
            ) from error

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words in float32 [T] mono 16 kHz sound of up to `MAX_LENGTH_S`."""
        if len(samples) > MAX_LENGTH_S * ENGINE_SAMPLE_RATE:
            raise EngineError(f"Moonshine reads at most {MAX_LENGTH_S:.0f} s at a time, not {len(samples)} samples")
        shortfall = int(MIN_LENGTH_S * ENGINE_SAMPLE_RATE) - len(samples)
        if shortfall > 0:
            samples = np.pad(samples, (0, shortfall))
        reading = self._decode(samples)
        text = self._text(reading.tokens)
        return Transcript(text, reading.confidence if text else 0.0)

    def _decode(self, samples: Samples) -> Reading:
        """Return the likeliest tokens, greedily."""
        sound = self._encode(samples)
        most = max(8, int(len(samples) / ENGINE_SAMPLE_RATE * TOKENS_PER_SECOND))
        reading = self._read_on(Reading(), *self._begin(sound, []), most)
        runs = repeated_runs(reading.tokens)
        if runs and not reading.ended and runs[-1].end < len(reading.tokens):
            # Repeated words are spoken faster than others: allow tokens for the words after them.
            repeated = sum(len(run.again) for run in runs)
            reading = self._read_on(reading, *self._begin(sound, reading.tokens), repeated)
            runs = repeated_runs(reading.tokens)
        if runs and not reading.ended and runs[-1].end == len(reading.tokens):
            reading = self._without_loop(sound, reading, runs[-1], most)
        return reading

    def _encode(self, samples: Samples) -> dict[str, Any]:
        """Return the decoder's inputs for the sound."""
        batch = samples[np.newaxis].astype(np.float32)
        mask = np.ones(batch.shape, np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": batch, "attention_mask": mask})
        return {"encoder_attention_mask": mask, "encoder_hidden_states": hidden}  # the mask is of the samples' length

    def _begin(self, sound: dict[str, Any], tokens: list[int]) -> tuple[Logits, dict[str, Any]]:
        """Return the logits of each of `tokens` and of what follows, [n + 1, V], and the decoder's inputs for that."""
        inputs = {
            **sound,
            "input_ids": np.array([[START_TOKEN, *tokens]], np.int64),
            "use_cache_branch": np.array([False]),
            **{name: np.zeros((1, HEADS, 0, HEAD_SIZE), np.float32) for name in _cache_names("past_key_values")},
        }
        logits, *present = self._decoder.run(["logits", *_cache_names("present")], inputs)
        inputs.update(zip(_cache_names("past_key_values"), present, strict=True))
        inputs["use_cache_branch"] = np.array([True])
        return np.asarray(logits[0], np.float32), inputs

    def _next(self, inputs: dict[str, Any], token: int) -> Logits:
        """Return the logits of what follows `token`, [1, V], and take it into the cache in `inputs`."""
        inputs["input_ids"] = np.array([[token]], np.int64)
        logits, *present = self._decoder.run(["logits", *_cache_names("present")], inputs)
        for name, value in zip(_cache_names("past_key_values"), present, strict=True):
            if ".decoder." in name:  # the encoder's keys never change
                inputs[name] = value
        return np.asarray(logits[0], np.float32)

    def _read_on(self, read: Reading, logits: Logits, inputs: dict[str, Any], most: int, loops: bool = True) -> Reading:
        """Return `read` and up to `most` tokens more, to the end or, without `loops`, to the first loop in them."""
        tokens, log_probabilities = list(read.tokens), list(read.log_probabilities)
        for _ in range(most):
            token, log_probability = _likeliest(logits[-1])
            log_probabilities.append(log_probability)
            if token == END_TOKEN:
                break
            tokens.append(token)
            if not loops and repeated_runs(tokens[len(read.tokens) :]):
                break
            logits = self._next(inputs, token)
        return Reading(tokens, log_probabilities)

    def _without_loop(self, sound: dict[str, Any], stuck: Reading, loop: Run, most: int) -> Reading:
        """Return the likeliest reading that leaves a loop and comes to an end, or what stands before the loop.

        "is two, two, two, two, two, two, two, ..."   second likeliest tokens: "." -1.1, "and" -2.2 here
                                      and the code word is orange.  <- reading on after the likeliest of these
        """
        once = Reading(stuck.tokens[: loop.again.start], stuck.log_probabilities[: loop.again.start])
        if not any(character.isalnum() for character in self._text(stuck.tokens[loop.start : loop.again.start])):
            return once
        logits, inputs = self._begin(sound, stuck.tokens)
        ways_out: list[tuple[float, int, int]] = []
        for place in loop.again:
            other = logits[place].copy()
            other[stuck.tokens[place]] = -np.inf
            token = int(np.argmax(other))
            ways_out.append((_log_probability(logits[place], token), place, token))
        readings: list[Reading] = []
        for log_probability, place, token in heapq.nlargest(WAYS_OUT, ways_out):
            tokens, log_probabilities = stuck.tokens[:place], [*stuck.log_probabilities[:place], log_probability]
            if token == END_TOKEN:
                readings.append(Reading(tokens, log_probabilities))
                continue
            earlier = inputs | {
                name: inputs[name][:, :, : place + 1] for name in _cache_names("past_key_values") if ".decoder." in name
            }
            left = Reading([*tokens, token], log_probabilities)
            readings.append(self._read_on(left, self._next(earlier, token), earlier, most, loops=False))
        if not any(reading.ended for reading in readings):  # another way to loop, perhaps: "7, 7, 7," for "7777"
            likeliest = max(readings, key=lambda reading: sum(reading.log_probabilities))
            readings = [self._read_on(likeliest, *self._begin(sound, likeliest.tokens), most)]

        def worth(reading: Reading) -> float:
            pairs = enumerate(zip(reading.tokens, stuck.tokens, strict=False))
            left = next((index for index, (token, looped) in pairs if token != looped), len(reading.tokens))
            words = any(character.isalnum() for character in self._text(reading.tokens[left:]))
            return sum(reading.log_probabilities) - (0.0 if words else END_COST)

        return max((reading for reading in readings if reading.ended), key=worth, default=once)

    def _text(self, tokens: list[int]) -> str:
        text = b"".join(self._tokens[token] for token in tokens).decode("utf-8", "replace")
        return tidy(text.replace("\u2581", " "))


def _cache_names(prefix: str) -> list[str]:
    return [
        f"{prefix}.{layer}.{side}.{kind}"
        for layer in range(LAYERS)
        for side in ("decoder", "encoder")
        for kind in ("key", "value")
    ]


def _likeliest(logits: Logits) -> tuple[int, float]:
    token = int(np.argmax(logits))
    return token, _log_probability(logits, token)


def _log_probability(logits: Logits, token: int) -> float:
    peak = logits.max()
    return float(logits[token] - peak - np.log(np.sum(np.exp(logits - peak))))


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

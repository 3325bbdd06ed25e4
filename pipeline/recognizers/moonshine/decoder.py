"""Moonshine's decoder, run with onnxruntime: which token comes next, for a batch of hypotheses of one sound.

    encoder_model          samples float32 [1, T]        -> hidden float32 [1, S, 288]
    decoder_model_merged   tokens int64 [B, n] + hidden  -> logits float32 [B, n, 32768]
                           and a cache of keys and values, given back with the next token

The keys and values of the sound are the same for all hypotheses. They stay a batch of one, which the network
broadcasts: a step of six hypotheses takes 6.2 ms where one takes 4.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...protocols import ENGINE_SAMPLE_RATE
from ...system.inference import open_session
from ...types import Samples
from .repetition import repeated_runs

Logits = npt.NDArray[np.float32]
"""float32 [..., V]: how likely each token of the vocabulary is, before the softmax."""

Sound = dict[str, Any]
"""The decoder's inputs that only depend on the sound."""

START_TOKEN, END_TOKEN = 1, 2
LAYERS, HEADS, HEAD_SIZE = 6, 8, 36
"""Shape of the decoder's cache."""
THREADS = 2
"""On quiet cores, two threads take 0.6 of the time of one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The tokens decoded so far: a hypothesis of what was said."""

    tokens: list[int] = field(default_factory=list[int])
    log_probabilities: list[float] = field(default_factory=list[float])
    """Log-probability of each token, and of the end if the decoder reached it."""

    @property
    def ended(self) -> bool:
        """Whether the decoder reached the end by itself."""
        return len(self.log_probabilities) > len(self.tokens)

    @property
    def log_probability(self) -> float:
        """Log-probability of the whole."""
        return sum(self.log_probabilities)

    @property
    def confidence(self) -> float:
        """Mean probability, in [0, 1], 0 without tokens; a repeated phrase counts once.

        A repetition is likely, right or wrong, so it is no evidence.
        """
        again = {index for run in repeated_runs(self.tokens, min_repeats=2) for index in run.again}
        counted = [value for index, value in enumerate(self.log_probabilities) if index not in again]
        return float(np.exp(np.mean(counted))) if self.tokens else 0.0


@dataclass(frozen=True, slots=True)
class State:
    """Where the decoder stands in a batch of hypotheses of one sound. Never written to: a step returns a new one."""

    sound: Sound
    cache: dict[str, npt.NDArray[np.float32]]
    """Keys and values of the tokens so far, each [B, HEADS, n, HEAD_SIZE]."""

    def cut(self, length: int) -> State:
        """Return the state after the first `length` tokens, the start included."""
        return replace(self, cache={name: value[:, :, :length] for name, value in self.cache.items()})


class Decoder:
    """The two networks of a model of Moonshine; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._encoder = open_session(folder / "encoder_model.ort", THREADS)
        self._decoder = open_session(folder / "decoder_model_merged.ort", THREADS)

    def encode(self, samples: Samples) -> Sound:
        """Return the decoder's inputs for the sound: float32 [T], 16 kHz."""
        batch = samples[np.newaxis].astype(np.float32)
        mask = np.ones(batch.shape, np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": batch, "attention_mask": mask})
        return {"encoder_attention_mask": mask, "encoder_hidden_states": hidden}  # the mask is of the samples' length

    def begin(self, sound: Sound, tokens: Sequence[int] = ()) -> tuple[Logits, State]:
        """Return the logits of each of `tokens` and of what follows, [n + 1, V], and the state after them."""
        names = _cache_names("past_key_values")
        logits, *present = self._decoder.run(
            ["logits", *_cache_names("present")],
            {
                **sound,
                **empty_cache(),
                "input_ids": np.array([[START_TOKEN, *tokens]], np.int64),
            },
        )
        cache = dict(zip(names, present, strict=True))
        fixed = {name: cache.pop(name) for name in names if ".encoder." in name}
        return np.asarray(logits[0], np.float32), State({**sound, **fixed, "use_cache_branch": np.array([True])}, cache)

    def next(self, state: State, tokens: Sequence[int], rows: Sequence[int] = (0,)) -> tuple[Logits, State]:
        """Return the logits of what follows, [B, V], and the state after it, in a batch of new hypotheses.

        Args:
            state: the state before.
            tokens: the next token of each new hypothesis.
            rows: for each new hypothesis, the row in `state` of the hypothesis that it continues.
        """
        cache = state.cache
        if list(rows) != list(range(_batch_size(state))):
            cache = {name: value[list(rows)] for name, value in cache.items()}
        present = [name.replace("past_key_values", "present") for name in cache]
        inputs = {**state.sound, **cache, "input_ids": np.array(tokens, np.int64)[:, np.newaxis]}
        logits, *values = self._decoder.run(["logits", *present], inputs)
        return np.asarray(logits[:, -1], np.float32), State(state.sound, dict(zip(cache, values, strict=True)))


def duration_s(sound: Sound) -> float:
    """Return the length of a sound in seconds."""
    return float(sound["encoder_attention_mask"].shape[1] / ENGINE_SAMPLE_RATE)


def empty_cache() -> dict[str, npt.NDArray[Any]]:
    """Return the inputs of the decoder before its first token."""
    cache = {name: np.zeros((1, HEADS, 0, HEAD_SIZE), np.float32) for name in _cache_names("past_key_values")}
    return {**cache, "use_cache_branch": np.array([False])}


def log_probability(logits: Logits, token: int) -> float:
    """Return the log-probability of a token: logits [V]."""
    peak = logits.max()
    return float(logits[token] - peak - np.log(np.sum(np.exp(logits - peak))))


def _batch_size(state: State) -> int:
    return len(next(iter(state.cache.values())))


def _cache_names(prefix: str) -> list[str]:
    return [
        f"{prefix}.{layer}.{side}.{kind}"
        for layer in range(LAYERS)
        for side in ("decoder", "encoder")
        for kind in ("key", "value")
    ]

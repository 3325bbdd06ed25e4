"""Moonshine's decoder, run with onnxruntime: which token comes next, for a batch of hypotheses of one sound.

    encoder      samples float32 [1, T]                     -> hidden float32 [1, S, 288]
    sound        hidden                                     -> keys and values of the sound, once for all tokens
    next_token   tokens int64 [B, n], keys and values of    -> log-probabilities float32 [B, n, 32768]
                 the sound and of the tokens before            and keys and values of the tokens

The last two are graphs of our own (`graphs`) with the weights of the wheel, in whose decoder two thirds of the time
go to nine hundred small operators: a step of four hypotheses takes 3.9 ms where the wheel's takes 6.4. The keys
and values of the sound stay a batch of one; to them, hypotheses are more places of one sequence.
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
from ...system.ortfile import weights
from ...types import Samples
from .graphs import CACHE, HEAD_SIZE, HEADS, HEARD, OUTPUTS, next_token_graph, sound_graph
from .repetition import repeated_runs

LogProbabilities = npt.NDArray[np.float32]
"""float32 [..., V]: of each token of the vocabulary, in nats."""

Sound = dict[str, Any]
"""The encoder's output, and the mask of its input."""
Arrays = dict[str, npt.NDArray[np.float32]]

NETWORK = "decoder_model_merged.ort"
"""The decoder in the wheel, whose weights are used."""

START_TOKEN, END_TOKEN = 1, 2
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

    sound: Arrays
    """Keys and values of the sound, each [1, HEADS, S, HEAD_SIZE]."""
    cache: Arrays
    """Keys and values of the tokens so far, each [B, HEADS, n, HEAD_SIZE]."""

    @property
    def length(self) -> int:
        """Number of tokens so far, the start included."""
        return int(self.cache[CACHE[0]].shape[2])

    def cut(self, length: int) -> State:
        """Return the state after the first `length` tokens, the start included."""
        return replace(self, cache={name: value[:, :, :length] for name, value in self.cache.items()})

    def of_rows(self, rows: Sequence[int]) -> State:
        """Return the state of these hypotheses."""
        if list(rows) == list(range(len(self.cache[CACHE[0]]))):
            return self
        return replace(self, cache={name: value[list(rows)] for name, value in self.cache.items()})

    def joined(self, other: State) -> State:
        """Return the state of these hypotheses and of as long ones of the same sound, in one batch."""
        return replace(
            self, cache={name: np.concatenate([value, other.cache[name]]) for name, value in self.cache.items()}
        )


class Decoder:
    """The networks of a model of Moonshine; threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._encoder = open_session(folder / "encoder_model.ort", THREADS)
        arrays = weights(folder / NETWORK)
        self._sound = open_session(sound_graph(arrays), THREADS)
        self._next = open_session(next_token_graph(arrays), THREADS)

    def encode(self, samples: Samples) -> Sound:
        """Return the decoder's inputs for the sound: float32 [T], 16 kHz."""
        batch = samples[np.newaxis].astype(np.float32)
        mask = np.ones(batch.shape, np.int64)
        (hidden,) = self._encoder.run(None, {"input_values": batch, "attention_mask": mask})
        return {"encoder_attention_mask": mask, "encoder_hidden_states": hidden}  # the mask is of the samples' length

    def begin(self, sound: Sound, tokens: Sequence[int] = ()) -> tuple[LogProbabilities, State]:
        """Return the log-probabilities of each of `tokens` and of what follows, [n + 1, V], and the state after."""
        values = self._sound.run(HEARD, {"encoder_hidden_states": sound["encoder_hidden_states"]})
        empty = np.zeros((1, HEADS, 0, HEAD_SIZE), np.float32)
        state = State(dict(zip(HEARD, values, strict=True)), dict.fromkeys(CACHE, empty))
        log_probabilities, state = self._run(state, np.array([[START_TOKEN, *tokens]], np.int64))
        return log_probabilities[0], state

    def next(self, state: State, tokens: Sequence[int], rows: Sequence[int] = (0,)) -> tuple[LogProbabilities, State]:
        """Return the log-probabilities of what follows, [B, V], and the state after it, in a batch of new hypotheses.

        Args:
            state: the state before.
            tokens: the next token of each new hypothesis.
            rows: for each new hypothesis, the row in `state` of the hypothesis that it continues.
        """
        log_probabilities, state = self._run(state.of_rows(rows), np.array(tokens, np.int64)[:, np.newaxis])
        return log_probabilities[:, -1], state

    def _run(self, state: State, tokens: npt.NDArray[np.int64]) -> tuple[LogProbabilities, State]:
        inputs = {"input_ids": tokens, "position": np.array([state.length]), **state.sound, **state.cache}
        log_probabilities, *cache = self._next.run(OUTPUTS, inputs)
        return np.asarray(log_probabilities, np.float32), replace(state, cache=dict(zip(CACHE, cache, strict=True)))


def duration_s(sound: Sound) -> float:
    """Return the length of a sound in seconds."""
    return float(sound["encoder_attention_mask"].shape[1] / ENGINE_SAMPLE_RATE)

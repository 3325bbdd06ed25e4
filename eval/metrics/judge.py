"""The judges: recognizers that measure the intelligibility of decoded speech."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Recognizer, Samples

from ..engines import judge

LONGEST_S = 25.0
"""Recognizers take 30 s at most; longer sound is cut at its quietest place before this."""
SHORTEST_S = 10.0
"""Shortest piece."""
QUIET_S = 0.3
"""Length of the quiet place for a cut."""


@lru_cache(maxsize=4)
def load_judges(specs: tuple[str, ...]) -> dict[str, Recognizer]:
    """Return the recognizers by their own names; an empty spec means the default one.

    Raises:
        EngineError: one is not installed or cannot be loaded.
    """
    judges = [judge(spec or None) for spec in specs]
    return {each.name: each for each in judges}


def transcribe(recognizer: Recognizer, samples: Samples) -> str:
    """Return the words in speech of any length: float32 [T], mono, 16 kHz."""
    texts = [recognizer.transcribe(piece).text for piece in split_samples(samples)]
    return " ".join(text for text in texts if text)


def split_samples(samples: Samples) -> Iterator[Samples]:
    """Yield `samples` in pieces for a recognizer, cut at quiet places."""
    longest, shortest, quiet = (round(s * ENGINE_SAMPLE_RATE) for s in (LONGEST_S, SHORTEST_S, QUIET_S))
    while len(samples) > longest:
        energy = np.concatenate([np.zeros(1), np.cumsum(np.square(samples[:longest], dtype=np.float64))])
        quietest = int(np.argmin(energy[shortest + quiet :] - energy[shortest:-quiet]))
        cut = shortest + quietest + quiet // 2
        yield samples[:cut]
        samples = samples[cut:]
    if len(samples):
        yield samples

"""Live speech of synthesizers that speak a sentence at once: piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from speechzip.pipeline import MAX_UTTERANCE_S, Samples, Synthesizer, Voice

from .acoustics.loudness import trim
from .text.split import split_text

LONGEST_STREAMED = 100
"""Characters of a piece: shorter ones give an earlier first sound."""
PAUSE_S = 0.15
"""Between two pieces."""


def stream_pieces(synthesizer: Synthesizer, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
    """Yield the speech of `text` at the voice's own rate, piece by piece; see `StreamingSynthesizer.stream`."""
    pause = np.zeros(int(PAUSE_S * synthesizer.sample_rate), np.float32)
    room = int(MAX_UTTERANCE_S * synthesizer.sample_rate)
    for number, piece in enumerate(split_text(text, LONGEST_STREAMED)):
        said = trim(synthesizer.synthesize(piece, voice, None, language))  # soft first sounds would delay the rest
        said = (np.concatenate([pause, said]) if number and len(said) else said)[:room]
        room -= len(said)
        yield said
        if room == 0:
            return

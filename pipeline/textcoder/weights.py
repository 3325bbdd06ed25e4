"""The weights files: NumPy archives of integer arrays, and the coders made from them. MODEL.md lists their contents."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .arrays import read_arrays
from .coder import LanguageModelCoder
from .predictor import Model
from .tokens import Vocabulary

ENGLISH = {1: "english-1", 2: "english-2"}
"""Text coder id -> name of the coder, and of its file."""
TOKENS_PER_BYTE = {1: Fraction(2), 2: Fraction(8, 5)}
"""Text coder id -> tokens that a long code may have for each byte. A token of `english-2` takes 1.4 times as long as
one of `english-1`. With 8/5, none of 38 conversations needs padding: the densest has 2.0, all of them as one 1.6."""


def read_weights(name: str) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a shipped weights file, by name."""
    return read_arrays(Path(__file__).with_name(f"{name}.npz"))


def coder_from(
    arrays: Mapping[str, NDArray[np.generic]], coder_id: int = 0, name: str = "unnamed"
) -> LanguageModelCoder:
    """Return the coder that runs on these arrays, with its number in payloads and its name; 0 is in no payload."""
    pieces = arrays["vocabulary"].tobytes().decode("utf-8").split("\n")
    rate = TOKENS_PER_BYTE.get(coder_id, TOKENS_PER_BYTE[1])
    return LanguageModelCoder(coder_id, name, Model(arrays), Vocabulary(pieces), rate)


@cache
def load_text_coder(coder_id: int) -> LanguageModelCoder:
    """Return a shipped coder of English; it is loaded once and holds no state between calls.

    Raises:
        KeyError: no coder of English has this id.
    """
    name = ENGLISH[coder_id]
    return coder_from(read_weights(name), coder_id, name)

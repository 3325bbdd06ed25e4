"""The weights file: a NumPy archive of integer arrays, and the coder made from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .arrays import read_arrays
from .coder import LanguageModelCoder
from .predictor import Model
from .tokens import Vocabulary

CODER_ID = 1
CODER_NAME = "english-1"
WEIGHTS_FILE = "english-1.npz"
"""MODEL.md beside it lists the contents of the file."""


def read_weights() -> dict[str, NDArray[np.generic]]:
    """Return the arrays of the shipped weights file, by name."""
    return read_arrays(Path(__file__).with_name(WEIGHTS_FILE))


def coder_from(
    arrays: Mapping[str, NDArray[np.generic]], coder_id: int = CODER_ID, name: str = CODER_NAME
) -> LanguageModelCoder:
    """Return the coder that runs on these arrays, with its number in payloads and its name."""
    pieces = arrays["vocabulary"].tobytes().decode("utf-8").split("\n")
    return LanguageModelCoder(coder_id, name, Model(arrays), Vocabulary(pieces))


@lru_cache(maxsize=1)
def load_text_coder() -> LanguageModelCoder:
    """Return the shipped coder; it is loaded once and holds no state between calls."""
    return coder_from(read_weights())

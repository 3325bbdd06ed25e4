"""The weights files: NumPy archives of integer arrays, and the coders made from them. MODEL.md lists their contents."""

from __future__ import annotations

from collections.abc import Mapping
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
WORK = {1: 8, 2: 10}
"""Text coder id -> work of a token in a payload of format 2, where a byte pays for 16. A token of `english-2`
takes 1.4 times as long. With 10, no conversation at hand needs padding: the densest of 38 has 2.0 tokens a byte."""


def read_weights(name: str) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a shipped weights file, by name."""
    return read_arrays(Path(__file__).with_name(f"{name}.npz"))


def coder_from(
    arrays: Mapping[str, NDArray[np.generic]], coder_id: int = 0, name: str = "unnamed"
) -> LanguageModelCoder:
    """Return the coder that runs on these arrays, with its number in payloads and its name; 0 is in no payload."""
    pieces = arrays["vocabulary"].tobytes().decode("utf-8").split("\n")
    return LanguageModelCoder(coder_id, name, Model(arrays), Vocabulary(pieces), work=WORK.get(coder_id))


@cache
def load_text_coder(coder_id: int) -> LanguageModelCoder:
    """Return a shipped coder of English; it is loaded once and holds no state between calls.

    Raises:
        KeyError: no coder of English has this id.
    """
    name = ENGLISH[coder_id]
    return coder_from(read_weights(name), coder_id, name)

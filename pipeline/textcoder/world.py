"""Text coders for languages other than English: `world-1`, one model a language in one weights file.

A model has no network. The odds of a character come from what followed the last six characters in the training text,
and the last four in this conversation (`predictor`). MODEL-world.md has the file's contents, its sources and its
results.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .alphabets import Alphabet
from .arrays import read_arrays
from .coder import LanguageModelCoder
from .predictor import Model

WORLD_FILE = "world-1.npz"
WORLD_LANGUAGES = ("de", "es", "fr", "it", "pt", "nl", "pl", "ru", "uk", "tr", "ar", "hi", "ja", "ko", "zh")
"""ISO 639-1 codes, in the order of the coders' ids."""
FIRST_WORLD_ID = 16
"""Id of the first language's coder; the others follow."""
TOKENS_PER_BYTE = 5
"""A long code holds at most this many characters a byte; the held-out Russian has 4.6 (hostile bytes cost time)."""
_SHARED = ("exp2", "shares.static", "shares.dynamic")


@lru_cache(maxsize=len(WORLD_LANGUAGES))
def load_world_coder(language: str) -> LanguageModelCoder:
    """Return the coder of one of `WORLD_LANGUAGES`; it is loaded once and holds no state between calls."""
    arrays = read_world_weights(language)
    characters = arrays["alphabet"].tobytes().decode("utf-8")
    coder_id = FIRST_WORLD_ID + WORLD_LANGUAGES.index(language)
    return LanguageModelCoder(coder_id, f"world-1-{language}", Model(arrays), Alphabet(characters), TOKENS_PER_BYTE)


def read_world_weights(language: str) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of one language, by name; only they are read."""
    own = f"{language}."
    arrays = read_arrays(Path(__file__).with_name(WORLD_FILE), lambda name: name in _SHARED or name.startswith(own))
    return {name.removeprefix(own): array for name, array in arrays.items()}

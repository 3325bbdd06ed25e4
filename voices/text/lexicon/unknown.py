"""Unknown words: a small network in NumPy reads them letter by letter.

    letters [N] -> embedding, twice each [2 N] -> 5 blocks -> phone or blank [2 N] -> repeats and blanks dropped

A block is a gated convolution over three steps on a residual path. Weights are kept in 8 bits, with a scale for each
row. Their recipe and error rate: `data/LEXICON.md`.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from .arpabet import PHONES

SYMBOLS = "abcdefghijklmnopqrstuvwxyz'-"
"""Letters of the input, numbered from 1; 0 is padding."""
SLOTS = 2
"""Outputs for each letter: "x" is K S."""
REACHES = (1, 2, 4, 2, 1)
"""Reach of each block to either side."""
LONGEST = 40
"""Longest word, in letters."""

Array = npt.NDArray[np.float32]


def guess(word: str) -> tuple[str, ...]:
    """Return the phones of a word in lower case, with stress: ("HH", "AX0", "L", "OW1"); other characters are skipped.

    Example:
        >>> guess("blorbing")
        ('B', 'L', 'AO1', 'R', 'B', 'IH0', 'NG')
    """
    letters = [SYMBOLS.index(letter) + 1 for letter in word if letter in SYMBOLS][:LONGEST]
    if not letters:
        return ()
    weights = _weights()
    x = (weights["letter.weight"][letters][:, np.newaxis] + weights["slot"]).reshape(SLOTS * len(letters), -1)
    for block, reach in enumerate(REACHES):
        h = _normalized(x, weights[f"norms.{block}.weight"], weights[f"norms.{block}.bias"])
        padded = np.pad(h, ((reach, reach), (0, 0)))
        steps = len(x)
        h = np.concatenate([padded[:steps], padded[reach : reach + steps], padded[2 * reach :]], axis=1)
        h = h @ weights[f"mixes.{block}.weight"].T + weights[f"mixes.{block}.bias"]
        value, gate = np.split(h, 2, axis=1)
        x = x + (value * gate / (1 + np.exp(-gate))) @ weights[f"outs.{block}.weight"].T + weights[f"outs.{block}.bias"]
    x = _normalized(x, weights["last.weight"], weights["last.bias"])
    return collapse(np.argmax(x @ weights["phone.weight"].T + weights["phone.bias"], axis=1))


def collapse(best: npt.NDArray[np.intp]) -> tuple[str, ...]:
    """Return the phones of the best answer for each slot, without repeats and blanks."""
    kept: list[int] = best[np.diff(best, prepend=-1) != 0].tolist()
    return tuple(PHONES[index] for index in kept if index < len(PHONES))


def _normalized(x: Array, scale: Array, offset: Array) -> Array:
    centered = x - x.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.square(centered).mean(axis=1, keepdims=True) + 1e-5)
    return np.asarray(centered / deviation * scale + offset, np.float32)


@lru_cache(maxsize=1)
def _weights() -> dict[str, Array]:
    """Return the weights in float32: int8 values times the scale of their row."""
    with (files("speechzip.voices.text") / "data" / "letters.npz").open("rb") as file, np.load(file) as archive:
        loaded = {name: np.asarray(archive[name], np.float32) for name in archive.files}
    return {
        name: values * loaded[f"{name}.scale"][:, np.newaxis] if f"{name}.scale" in loaded else values
        for name, values in loaded.items()
        if not name.endswith(".scale")
    }

"""Unknown words: a small network in NumPy reads them letter by letter.

    letters [N] -> embedding, twice each [2 N] -> 5 blocks -> phone or blank [2 N] -> repeats and blanks dropped

A block is a gated convolution over three steps on a residual path. Weights are kept in 8 bits, with a scale for each
row. Their recipe and error rate: `data/LEXICON.md`.
"""

from __future__ import annotations

import math
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
BLANK = len(PHONES)
PRIMARY = frozenset(index for index, phone in enumerate(PHONES) if phone.endswith("1"))
BEAM, CHOICES = 16, 6
"""Hypotheses at a time, and phones tried for each slot. The best phones of all slots are wrong in 45.9 % of 5,905
held-out words, the best word with one primary stress in 42.3 %, in 1.6 instead of 0.65 ms."""

_Ways = tuple[float, float]
"""Logarithms of the probability of the ways to a prefix: those that end in a blank, and in its last phone."""
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
    return decode(x @ weights["phone.weight"].T + weights["phone.bias"])


def decode(scores: Array) -> tuple[str, ...]:
    """Return the most probable phones with one primary stress; if no vowel is probable, the most probable without.

    It is the prefix beam search of CTC (Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition
    using Bi-Directional Recurrent DNNs", 2014, arXiv:1408.2873), without a language model.

    Args:
        scores: float32 [slots, phones + 1], any scale; the last is the blank's.
    """
    logs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    prefixes: dict[tuple[int, ...], _Ways] = {(): (0.0, -math.inf)}
    for log in logs:
        choices = [(choice, float(log[choice])) for choice in np.argsort(-log)[:CHOICES].tolist()]
        longer: dict[tuple[int, ...], _Ways] = {}
        for prefix, (blank, phone) in prefixes.items():
            both = _either(blank, phone)
            is_stressed = not PRIMARY.isdisjoint(prefix)
            for choice, p in choices:
                if is_stressed and choice in PRIMARY and prefix[-1] != choice:
                    continue
                if choice == BLANK:
                    _add(longer, prefix, both + p, -math.inf)
                elif prefix[-1:] == (choice,):
                    _add(longer, prefix, -math.inf, phone + p)
                    if choice not in PRIMARY:
                        _add(longer, (*prefix, choice), -math.inf, blank + p)
                else:
                    _add(longer, (*prefix, choice), -math.inf, both + p)
        best = sorted(longer.items(), key=_probability, reverse=True)
        prefixes = dict(best[:BEAM])
    stressed = (prefix for prefix in prefixes if not PRIMARY.isdisjoint(prefix))
    return tuple(PHONES[index] for index in next(stressed, next(iter(prefixes))))


def _probability(found: tuple[tuple[int, ...], _Ways]) -> float:
    return _either(*found[1])


def _add(prefixes: dict[tuple[int, ...], _Ways], prefix: tuple[int, ...], blank: float, phone: float) -> None:
    before = prefixes.get(prefix, (-math.inf, -math.inf))
    prefixes[prefix] = _either(before[0], blank), _either(before[1], phone)


def _either(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == -math.inf else a + math.log1p(math.exp(b - a))


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

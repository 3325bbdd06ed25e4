"""Make `world-1` and measure it: `python -m speechzip.pipeline.textcoder.training.world --repositories FOLDER`."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ...alphabets import Alphabet
from ...fixedpoint import function_tables
from ...ngrams import MAX_TOKENS
from ...predictor import Model
from ...tokens import FIRST_PIECE, START
from ..shares import first_shares, fit_shares, measure_bits
from .ngrams import LONGEST, count_levels, keep_best, packed
from .sources import SOURCES, read_text

NGRAMS = {"zh": 450_000, "fr": 300_000, "ru": 300_000}
"""Number of n-grams of a language, if not `OTHER_NGRAMS`."""
OTHER_NGRAMS = 250_000
CONVERSATION = 60
"""Number of lines coded together to fit and measure the model."""
FITTED = 5
"""Number of conversations of each language for fitting the shares."""


def main() -> None:
    """Count, prune, fit, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repositories", type=Path, required=True, help="folder of the sources' clones")
    parser.add_argument("--output", type=Path, default=Path("build/textcoder/world-1.npz"))
    parser.add_argument("--languages", nargs="*", default=list(SOURCES))
    arguments = parser.parse_args()
    shared = {**function_tables(), **first_shares(LONGEST - 1)}
    arrays: dict[str, NDArray[np.generic]] = {"exp2": shared["exp2"]}
    fitted: list[tuple[Model, list[NDArray[np.int64]]]] = []
    measured: dict[str, tuple[dict[str, NDArray[np.generic]], list[NDArray[np.int64]], int]] = {}
    for language in tqdm(arguments.languages, desc="languages"):
        training, held_out = read_text(arguments.repositories, language)
        alphabet = _alphabet(training)
        levels = count_levels(_tokens(alphabet, training), len(alphabet))
        keep_best(levels, NGRAMS.get(language, OTHER_NGRAMS))
        table = packed(levels, len(alphabet))
        table["alphabet"] = np.frombuffer("".join(alphabet.pieces).encode("utf-8"), np.uint8)
        arrays.update({f"{language}.{name}": array for name, array in table.items()})
        model = Model({**shared, **table})
        conversations = [held_out[at : at + CONVERSATION] for at in range(0, len(held_out), CONVERSATION)]
        fitted.append((model, [_tokens(alphabet, lines) for lines in conversations[1::2][:FITTED]]))
        test = conversations[::2][:FITTED]
        characters = sum(len(line) for lines in test for line in lines)
        measured[language] = {**shared, **table}, [_tokens(alphabet, lines) for lines in test], characters
    shares, _ = fit_shares(fitted)
    arrays.update(shares)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.output, allow_pickle=False, **arrays)
    print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")
    for language, (table, documents, characters) in measured.items():
        bits = measure_bits(Model({**table, **shares}), documents)
        print(f"{language}: {bits / characters:.3f} bit/char of {characters:,}", flush=True)


def _alphabet(lines: list[str]) -> Alphabet:
    counts = Counter(character for line in lines for character in line)
    often = [character for character, count in counts.most_common(MAX_TOKENS - FIRST_PIECE) if count > 1]
    return Alphabet(often)


def _tokens(alphabet: Alphabet, lines: list[str]) -> NDArray[np.int64]:
    return np.array([START, *(token for line in lines for token in alphabet.encode(line))], np.int64)


if __name__ == "__main__":
    main()

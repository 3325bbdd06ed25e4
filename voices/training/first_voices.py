"""How voices of the first space sound in the second one: `python -m speechzip.voices.training.first_voices OLD NEW`.

OLD and NEW have the voices of the same recordings in the spaces ``trained-1`` and ``trained-2``, one a line, in
hexadecimal digits at its end. The first release of `trained-2` measured NEW with `release`; OLD with the last release
that measured `trained-1`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..spaces.scalable_voice import ScalableVoice
from ..spaces.trained_voice import TrainedVoice
from ..trained.first_voices import first_numbers

RIDGE = 20.0
"""Weights are pulled toward zero as if this many voices showed no dependence."""


def main() -> None:
    """Fit, and print how much of the new numbers is explained in voices that the fit has not seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--out", type=Path, default=Path("voices/trained/weights/first_voices.npz"))
    arguments = parser.parse_args()
    old = np.array([first_numbers(TrainedVoice.from_bytes(voice)) for voice in _read(arguments.old)])
    new = np.array([_numbers(ScalableVoice.from_bytes(voice)) for voice in _read(arguments.new)])
    half = len(old) // 2
    errors = new[half:] - old[half:] @ fit(old[:half], new[:half])
    shares = 1 - errors.var(axis=0) / new[half:].var(axis=0)
    print(f"{len(old)} voices; explained of each number: {' '.join(f'{share:.2f}' for share in shares)}")
    np.savez(arguments.out, weights=fit(old, new).astype(np.float32))


def fit(old: npt.NDArray[np.float64], new: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the weights of least squares; the last row is the constant, which is not pulled toward zero."""
    pull = RIDGE * np.diag([*old[:, :-1].var(axis=0), 0.0])
    return np.asarray(np.linalg.solve(old.T @ old + pull, old.T @ new), np.float64)


def _read(path: Path) -> Sequence[bytes]:
    return [bytes.fromhex(line.split()[-1]) for line in path.read_text("utf-8").splitlines()]


def _numbers(voice: ScalableVoice) -> tuple[float, ...]:
    return (*voice.timbre, *voice.envelope)


if __name__ == "__main__":
    main()

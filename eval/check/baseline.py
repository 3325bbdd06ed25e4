"""The last release's figures, each with the interval that a new one must lie in: ``eval/baseline.json``.

An interval reaches from the least to the largest of several runs, and a step further (`STEPS`). The runs differ by
noise that nobody hears: that moves figures about as much as another processor or a harmless change of the code does.
Speeds may be slower by `SLOWER` than the slowest round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median_high

from speechzip.pipeline import InputError

from .figures import HIGHER_IS_BETTER, STEPS, Figures

BASELINE = Path(__file__).parents[1] / "baseline.json"
SLOWER = 1.5
"""Processors differ in what they do fast; a step that takes half as much again of Opus's time is looked at."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure of the last release."""

    value: float
    """Its value; of a speed, the median of the rounds."""
    low: float
    """The least value that is no change."""
    high: float
    """The largest value that is no change."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A figure that lies outside of its interval."""

    name: str
    """Its name."""
    value: float
    """Its value now."""
    bound: Bound
    """What it was."""

    @property
    def is_worse(self) -> bool:
        """Whether it lies on the worse side."""
        return self.value < self.bound.low if self.name in HIGHER_IS_BETTER else self.value > self.bound.high

    def __str__(self) -> str:
        bound = self.bound
        return (
            f"{'WORSE' if self.is_worse else 'better'}: {self.name}: {self.value:.4g}, "
            f"outside of {bound.low:.4g} to {bound.high:.4g} ({bound.value:.4g} in the baseline)"
        )


def make_bounds(runs: Sequence[Figures], speeds: Mapping[str, Sequence[float]]) -> dict[str, Bound]:
    """Return the interval of every figure.

    Args:
        runs: figures of several runs, the first one of the recordings as they are.
        speeds: figure -> its value in each round.
    """
    bounds: dict[str, Bound] = {}
    for name, value in runs[0].items():
        values = [run[name] for run in runs]
        bounds[name] = Bound(value, max(0.0, min(values) - STEPS[name]), max(values) + STEPS[name])
    for name, rounds in speeds.items():
        bounds[name] = Bound(median_high(rounds), min(rounds) / SLOWER, max(rounds) * SLOWER)
    return bounds


def compare(figures: Figures, bounds: Mapping[str, Bound]) -> list[Outside]:
    """Return the figures outside of their intervals, the worse ones first.

    Raises:
        InputError: a figure was not measured, or the baseline lacks one.
    """
    if figures.keys() != bounds.keys():
        differing = ", ".join(sorted(figures.keys() ^ bounds.keys()))
        raise InputError(f"the baseline and this release measure different things: {differing}; make a new baseline")
    outside = [
        Outside(name, value, bounds[name])
        for name, value in figures.items()
        if not bounds[name].low <= value <= bounds[name].high
    ]
    return sorted(outside, key=lambda one: not one.is_worse)


def read_baseline(path: Path = BASELINE) -> dict[str, Bound]:
    """Return figure -> its interval.

    Raises:
        InputError: the file is missing or is no baseline.
    """
    try:
        figures = json.loads(path.read_text("utf-8"))["figures"]
        return {name: Bound(**figure) for name, figure in figures.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no baseline: {error}") from error


def write_baseline(bounds: Mapping[str, Bound], date: str, path: Path = BASELINE) -> None:
    """Write a baseline of this release; `date` is when it was measured."""
    figures = {
        name: {end: float(f"{value:.5g}") for end, value in asdict(bound).items()} for name, bound in bounds.items()
    }
    text = json.dumps({"release": version("speechzip"), "measured": date, "figures": figures}, indent=2)
    path.write_text(text + "\n", "utf-8")

"""`make eval-check`: compare a small evaluation with the last release's; exit with 1 if anything is worse.

`make eval-baseline` (``--update``) makes this release the baseline.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path
from statistics import median_high

from speechzip.pipeline import SpeechzipError

from ..codecs import DEFAULT
from .baseline import BASELINE, Bound, compare, make_bounds, read_baseline, write_baseline
from .figures import Figures, measure, measure_speeds

NOISES = 5
"""Runs with inaudible noise behind the intervals of a new baseline."""


def main(arguments: list[str] | None = None) -> int:
    """Measure and compare, or make a new baseline; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m speechzip.eval.check", description=__doc__)
    parser.add_argument("--update", action="store_true", help="make this release the baseline")
    parser.add_argument("--system", default=DEFAULT, help="speechzip, or one of its sets of engines")
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    chosen = parser.parse_args(arguments)
    if chosen.update:
        runs = [measure(chosen.system, noise) for noise in range(NOISES + 1)]
        bounds = make_bounds(runs, measure_speeds(chosen.system))
        write_baseline(bounds, datetime.now(timezone.utc).strftime("%Y-%m-%d"), chosen.baseline)
        print("\n".join(table({name: bound.value for name, bound in bounds.items()}, bounds)))
        return 0
    bounds = read_baseline(chosen.baseline)
    speeds = measure_speeds(chosen.system)
    figures = measure(chosen.system) | {name: median_high(rounds) for name, rounds in speeds.items()}
    outside = compare(figures, bounds)
    print("\n".join([*table(figures, bounds), "", *map(str, outside)]))
    worse = sum(one.is_worse for one in outside)
    print(f"{worse} of {len(figures)} figures are worse than in the last release")
    if len(outside) > worse:
        print("`make eval-baseline` keeps what is better")
    return int(worse > 0)


def table(figures: Figures, bounds: dict[str, Bound]) -> list[str]:
    """Return each figure with its interval as a line."""
    lines = [f"{'figure':<26}{'now':>10}{'baseline':>10}{'interval':>22}"]
    for name, value in figures.items():
        bound = bounds[name]
        interval = f"{bound.low:.4g} to {bound.high:.4g}"
        lines.append(f"{name:<26}{value:>10.4g}{bound.value:>10.4g}{interval:>22}")
    return lines


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SpeechzipError as error:
        print(f"speechzip: {error}", file=sys.stderr)
        sys.exit(2)

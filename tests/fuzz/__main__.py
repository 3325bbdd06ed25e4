"""`make fuzz`: ten minutes of mutants; every failure is kept, and makes the run fail."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .apart import fuzz_apart
from .targets import targets


def main() -> int:
    """Return 1 if any input broke something."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="in all")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same mutants")
    parser.add_argument("--mutants", type=int, default=sys.maxsize, help="most mutants for each target")
    parser.add_argument("--only", help="name of one target")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-found"), help="folder for inputs worth keeping")
    options = parser.parse_args()
    chosen = {name: target for name, target in targets().items() if options.only in (None, name)}
    if not chosen:
        parser.error(f"there is no target {options.only!r}; there are {', '.join(targets())}")
    shares = sum(target.share for target in chosen.values())
    failed, mutants = False, 0
    print(f"{'target':22} {'mutants':>9} {'accepted':>9} {'worst s':>8} {'worst MB':>9} {'peak MB':>8} {'failures':>9}")
    for name, target in chosen.items():
        result = fuzz_apart(name, options.seed, options.mutants, options.seconds * target.share / shares)
        result.save(name, options.keep)
        memory = f"{result.worst_growth_mb:9.1f} {result.peak_mb:8.0f}"
        counts = f"{result.mutants:9} {result.accepted:9}"
        print(f"{name:22} {counts} {result.worst_s:8.2f} {memory} {len(result.failures):9}", flush=True)
        for _, reason in result.failures[:5]:
            print(f"    {reason}", flush=True)
        failed |= bool(result.failures)
        mutants += result.mutants
    print(f"{'all':22} {mutants:9}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

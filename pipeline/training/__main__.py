"""Recipes of the tables of payload formats 2 to 4: `python -m speechzip.pipeline.training`.

timing PAYLOAD...   fits the odds of `pipeline/payload/timing.py` to conversations; prints the shapes and their bits.
                    Payloads of format 1 (`compress --format 1`) have finer times
voices FILE...      fits `pipeline/payload/trained-2-fitted.prior` to the voices of many speakers, one in hexadecimal
                    digits at the end of each line (`python -m speechzip.voices.training.corpus.fitted_voices`); writes
                    it to `--out`
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ..payload.format import decode_payload
from ..payload.voiceprior import VoicePrior, voice_prior
from ..textcoder.registry import TEXT_CODERS
from ..types import SCALABLE_SPACES, Voice
from .timing import fit_tables, report
from .voiceprior import fit_prior, unseen_bits, voice_bits

SPACE, PRIOR = "trained-2", "trained-2-fitted"
WIDTHS = (8, 4, 4, *[3] * 165)
"""Bits of the numbers of a voice, in their order."""
RIDGE = 60.0


def main() -> None:
    """Run one of the recipes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    recipes = parser.add_subparsers(dest="recipe", required=True)
    timing = recipes.add_parser("timing")
    timing.add_argument("payloads", type=Path, nargs="+")
    voices = recipes.add_parser("voices")
    voices.add_argument("voices", type=Path, nargs="+")
    voices.add_argument("--ridge", type=float, default=RIDGE)
    voices.add_argument("--out", type=Path, default=Path("build/payload") / f"{PRIOR}.prior")
    arguments = parser.parse_args()
    if arguments.recipe == "timing":
        print_timing(arguments.payloads)
    else:
        write_prior(arguments.voices, arguments.ridge, arguments.out)


def print_timing(paths: list[Path]) -> None:
    """Print the tables fitted to payloads, beside those that ship."""
    print("\n".join(report(fit_tables(decode_payload(path.read_bytes(), TEXT_CODERS).payload for path in paths))))


def write_prior(paths: list[Path], ridge: float, out: Path) -> None:
    """Write the prior fitted to the voices in files; print the bits a voice with it and with the one that ships."""
    voices = [bytes.fromhex(line.split()[-1]) for path in paths for line in path.read_text("utf-8").splitlines()]
    lines = fit_prior(voices, WIDTHS, ridge)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(lines, "ascii")
    print(f"{out}: {len(voices)} voices; bits a voice with the shipped prior, with this one, and for unseen speakers:")
    for size in SCALABLE_SPACES[SPACE]:
        shortened = [Voice(SPACE, voice).shortened(size).embedding for voice in voices]
        shipped, fitted = voice_prior(PRIOR, size), VoicePrior(lines, size)
        unseen = unseen_bits(shortened, fitted.widths, ridge)
        known, new = voice_bits(shipped, shortened), voice_bits(fitted, shortened)
        print(f"  {size} bytes  {known:.1f}  {new:.1f}  {unseen:.1f}")


if __name__ == "__main__":
    main()

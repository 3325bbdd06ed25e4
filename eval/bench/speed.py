"""`make bench`: how fast, and in how much memory, as multiples of Opus: `python -m speechzip.eval.bench.speed`.

One recording, 36 s of reading from the recognizer's wheel, in one process at a time with nothing else; each number is
the median of several rounds after one that does not count. Compare ratios between machines, not seconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechzip.pipeline import EngineError, SpeechzipError

from ..codecs import DEFAULT, load_codec
from ..corpora import WHEELS, read_corpus
from ..run.memory import peak_memory_mib
from ..run.observe import read_audio

OPUS = "opus-6-60ms"
SYSTEMS = (DEFAULT, OPUS, "codec2-1200", "text-brotli")
ROUNDS = 5
RECORDING = "two_cities.wav"


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a system is."""

    system: str
    """Its name."""
    encode_rtf: float
    """Median seconds of coding for a second of sound."""
    decode_rtf: float
    """The same of decoding."""
    memory_mib: float | None
    """Peak of a process that does nothing else; None where it cannot be told."""


def measure(system: str, recording: Path, rounds: int = ROUNDS) -> Speed:
    """Return how fast a system codes a recording, models loaded before.

    Raises:
        EngineError: it cannot be loaded here.
    """
    audio, codec = read_audio(recording), load_codec(system)
    coded = [codec.code(audio) for _ in range(rounds + 1)][1:]
    return Speed(
        system,
        statistics.median(one.encode_s for one in coded) / audio.duration_s,
        statistics.median(one.decode_s for one in coded) / audio.duration_s,
        peak_memory_mib(system, recording),
    )


def table(speeds: Sequence[Speed]) -> list[str]:
    """Return lines of numbers, each with its ratio to Opus where Opus is among them."""
    opus = next((speed for speed in speeds if speed.system == OPUS), None)
    lines = [f"{'system':<14}{'coding, real time':>26}{'decoding, real time':>26}{'peak memory, MiB':>26}"]
    for speed in speeds:
        cells = (
            _cell(f"{speed.encode_rtf:.4f}", speed.encode_rtf, opus.encode_rtf if opus else None),
            _cell(f"{speed.decode_rtf:.4f}", speed.decode_rtf, opus.decode_rtf if opus else None),
            _cell(f"{speed.memory_mib or 0:,.0f}", speed.memory_mib, opus.memory_mib if opus else None),
        )
        lines.append(f"{speed.system:<14}{''.join(f'{cell:>26}' for cell in cells)}")
    return lines


def _cell(text: str, value: float | None, opus: float | None) -> str:
    if value is None:
        return "?"
    return f"{text} ({value / opus:.1f} x Opus)" if opus else text


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds: int = parser.parse_args().rounds
    recording = next(item.path for item in read_corpus(WHEELS).items if item.id == RECORDING)
    speeds: list[Speed] = []
    for system in SYSTEMS:
        try:
            speeds.append(measure(system, recording, rounds))
        except EngineError as error:
            print(f"{system} is left out: {error}", file=sys.stderr)
    print("\n".join(table(speeds)))


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")

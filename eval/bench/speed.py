"""`make bench`: speed and memory as multiples of Opus's: `python -m speechzip.eval.bench.speed`.

One recording, 36 s of reading from the recognizer's wheel, in one process at a time; each number is the median of
several rounds after a warm-up round. Compare ratios between machines, not seconds.
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
SYSTEMS = (DEFAULT, OPUS, "codec2-1200", "text-utf8-hibari")
ROUNDS = 5
RECORDING = "two_cities.wav"


@dataclass(frozen=True, slots=True)
class Speed:
    """The speed of a system."""

    system: str
    """Its name."""
    encode_rtf: float
    """Median seconds of encoding for a second of sound."""
    decode_rtf: float
    """The same of decoding."""
    memory_mib: float | None
    """Peak memory of a process that does nothing else; None if it cannot be measured."""


def measure(system: str, recording: Path, rounds: int = ROUNDS) -> Speed:
    """Return the speed of a system on a recording, with models already loaded.

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
    """Return the table as lines, with ratios to Opus if Opus is in it."""
    opus = next((speed for speed in speeds if speed.system == OPUS), None)
    lines = [f"{'system':<18}{'coding, real time':>26}{'decoding, real time':>26}{'peak memory, MiB':>26}"]
    for speed in speeds:
        cells = (
            _cell(f"{speed.encode_rtf:.4f}", speed.encode_rtf, opus.encode_rtf if opus else None),
            _cell(f"{speed.decode_rtf:.4f}", speed.decode_rtf, opus.decode_rtf if opus else None),
            _cell(f"{speed.memory_mib or 0:,.0f}", speed.memory_mib, opus.memory_mib if opus else None),
        )
        lines.append(f"{speed.system:<18}{''.join(f'{cell:>26}' for cell in cells)}")
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

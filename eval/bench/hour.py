"""`make bench`: an hour of two parties through `compress`: time and peak memory: `python -m speechzip.eval.bench.hour`.

The hour is the minute of two parties of the other benchmarks again and again. It is read from a file by a process of
its own, from a cold start.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import soundfile
from speechzip.pipeline import ENGINE_SAMPLE_RATE, EngineError, Samples, SpeechzipError

from .speed import ROUNDS
from .steps import opus_s, two_parties

MINUTES = 60
CHILD = """
import resource, sys
from speechzip.eval.run.memory import peak_kib
from speechzip.pipeline.cli import main
try:
    main()
finally:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(usage.ru_utime + usage.ru_stime, peak_kib() / 1024, file=sys.stderr)
"""
"""Runs a speechzip command, and ends with its processor seconds and its peak memory in MiB on standard error."""


class Cost(NamedTuple):
    """What a command cost."""

    wall_s: float
    """Time from start to end."""
    processor_s: float
    """Processor time in all threads."""
    peak_mib: float
    """Largest resident set."""


def measure(sound: Samples, minutes: int) -> Cost:
    """Return the cost of compressing a conversation repeated to that many minutes.

    Args:
        sound: float32 [T, 2] at 16 kHz, a minute.
        minutes: number of repetitions.

    Raises:
        EngineError: the command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hour.flac"
        with soundfile.SoundFile(str(path), "w", ENGINE_SAMPLE_RATE, sound.shape[1]) as file:
            for _ in range(minutes):
                file.write(sound)
        command = [sys.executable, "-c", CHILD, "compress", str(path), "--channels", "split", "--json"]
        started = time.perf_counter()
        ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        took_s = time.perf_counter() - started
    told = ended.stderr.decode(errors="replace").strip()
    if ended.returncode:
        raise EngineError(f"`speechzip compress` of {minutes} minutes failed: {told}")
    processor_s, peak_mib = map(float, told.split()[-2:])
    return Cost(took_s, processor_s, peak_mib)


def line(cost: Cost, minutes: int, opus: float) -> str:
    """Return the result: `opus` is Opus's time for a minute."""
    return (
        f"{minutes} minutes of two parties: {cost.wall_s:.0f} s, {cost.wall_s / (60 * minutes):.4f} of real time "
        f"({cost.wall_s / (opus * minutes):.1f} x Opus), {cost.processor_s:.0f} s of processor time, "
        f"peak memory {cost.peak_mib:.0f} MiB"
    )


def main() -> None:
    """Print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=MINUTES)
    minutes: int = parser.parse_args().minutes
    sound = two_parties()
    opus = statistics.median(opus_s(sound) for _ in range(ROUNDS))
    print(line(measure(sound, minutes), minutes, opus))


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")

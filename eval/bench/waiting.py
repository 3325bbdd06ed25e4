"""`make bench`: a user's waiting time, on quiet cores and with one core busy: `python -m speechzip.eval.bench.waiting`.

Whole commands in separate processes, from a cold start, alternately alone and beside a process of this benchmark that
keeps one core busy. The unit is the time of Opus for the same minute, once loaded. The latency of a live conversation
follows, under the same two conditions. With the weights of Whisper base (`--whisper FOLDER`), the obvious way stands
beside speechzip: Whisper writes text, and one fixed voice reads it.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import soundfile
from speechzip.pipeline import ENGINE_SAMPLE_RATE, EngineError, SpeechzipError

from .speed import ROUNDS
from .steps import TURN_S, opus_s, two_parties

SPEECHZIP = (sys.executable, "-c", "from speechzip.pipeline.cli import main; main()")
SCRIPTED = (sys.executable, "-m", "speechzip.eval.bench.scripted")
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(1_000_000))"
"""Keeps a core busy until the benchmark ends, even if it is killed."""
CONDITIONS = ("quiet", "one core busy")


@contextmanager
def busy_core() -> Generator[subprocess.Popen[bytes]]:
    """Keep one core busy with a process, and yield it."""
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wall_s(command: Sequence[str]) -> float:
    """Return the time of a command, in seconds.

    Raises:
        EngineError: the command fails.
    """
    started = time.perf_counter()
    ended = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    took_s = time.perf_counter() - started
    if ended.returncode:
        arguments = " ".join(command[len(SPEECHZIP) :])
        raise EngineError(f"`{arguments}` failed: {ended.stderr.decode(errors='replace').strip()}")
    return took_s


def commands(folder: Path, whisper: Path | None = None) -> dict[str, list[str]]:
    """Return the commands to time, by name; write a minute of two parties, and a turn of one, into `folder`.

    Args:
        folder: for their files.
        whisper: weights of Whisper for faster-whisper; without them the obvious way is left out.
    """
    sound, payload, turn = str(folder / "minute.wav"), str(folder / "minute.spz"), str(folder / "turn.wav")
    parties = two_parties()
    soundfile.write(sound, parties, ENGINE_SAMPLE_RATE)
    soundfile.write(turn, parties[: round(TURN_S * ENGINE_SAMPLE_RATE), 0], ENGINE_SAMPLE_RATE)
    timed = {
        "--help": [*SPEECHZIP, "--help"],
        "compress": [*SPEECHZIP, "compress", sound, "--output", payload, "--force", "--channels", "split"],
        f"compress {TURN_S:.0f} s": [*SPEECHZIP, "compress", turn, "--output", str(folder / "turn.spz"), "--force"],
        "inspect": [*SPEECHZIP, "inspect", payload],
        "decompress": [*SPEECHZIP, "decompress", payload, "--output", str(folder / "decoded.wav"), "--force"],
    }
    if whisper:
        text = str(folder / "minute.txt")
        timed["Whisper writes"] = [*SCRIPTED, "write", str(whisper), sound, text]
        timed["a voice reads"] = [*SCRIPTED, "read", text, str(folder / "read.wav")]
    return timed


def measure(timed: dict[str, list[str]], rounds: int) -> dict[str, dict[str, float]]:
    """Return command -> condition -> median seconds, after a warm-up round."""
    seconds: dict[str, dict[str, list[float]]] = {name: {condition: [] for condition in CONDITIONS} for name in timed}
    for command in timed.values():
        wall_s(command)
    for _ in range(rounds):
        for condition in CONDITIONS:
            with busy_core() if condition == CONDITIONS[1] else nullcontext():
                for name, command in timed.items():
                    seconds[name][condition].append(wall_s(command))
    return {
        name: {condition: statistics.median(took) for condition, took in under.items()}
        for name, under in seconds.items()
    }


def table(seconds: dict[str, dict[str, float]], opus: float) -> list[str]:
    """Return the table as lines: seconds of each command, and multiples of Opus's time."""
    lines = [f"{'from a cold start':<20}{''.join(f'{condition:>26}' for condition in CONDITIONS)}"]
    for name, under in seconds.items():
        cells = (f"{took:.2f} s ({took / opus:.1f} x Opus)" for took in under.values())
        lines.append(f"{name:<20}{''.join(f'{cell:>26}' for cell in cells)}")
    return lines


def main() -> None:
    """Print the table, then the latencies of live conversations."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--whisper", type=Path, help="folder of weights, compared with if it exists")
    arguments = parser.parse_args()
    rounds: int = arguments.rounds
    whisper: Path | None = arguments.whisper if arguments.whisper and arguments.whisper.exists() else None
    opus = statistics.median(opus_s(two_parties()) for _ in range(rounds + 1))
    with tempfile.TemporaryDirectory() as folder:
        print("\n".join(table(measure(commands(Path(folder), whisper), rounds), opus)), flush=True)
    for condition in CONDITIONS:
        print(f"\nlive, {condition}", flush=True)
        with busy_core() if condition == CONDITIONS[1] else nullcontext():
            subprocess.run([sys.executable, "-m", "speechzip.pipeline.live.bench.latency"], check=True)


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)

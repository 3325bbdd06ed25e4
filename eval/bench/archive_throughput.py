"""The overhead of workers and of a Dask cluster for an archive: `python -m speechzip.eval.bench.archive_throughput`.

Recordings of real speech are archived with the default engines in this process, by one and two workers, and by a local
Dask cluster of one and two, in turns. Then `--short` recordings of a second go all the way with engines that only
pretend to recognize words and voices, by two workers of each kind: they show what each recording costs the first
process, which is scheduler and client of Dask as well, and that nobody's memory grows.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import soundfile
from speechzip.pipeline import Samples, Transcript, Voice, recognizer_recording
from speechzip.pipeline.archive import (
    Archive,
    DaskCluster,
    Job,
    Result,
    Runner,
    Settings,
    WorkerPool,
    archive_recording,
)

PAGE = os.sysconf("SC_PAGE_SIZE")
SPEECH_S = 10.0
SHORT_S = 1.2


MODULE = "speechzip.eval.bench.archive_throughput"
ENTRY_POINTS = f"""
[speechzip.recognizers]
pretended = {MODULE}:PretendedRecognizer
[speechzip.voice_encoders]
pretended = {MODULE}:PretendedVoiceEncoder
"""


class PretendedRecognizer:
    """Hears the same words everywhere."""

    name = "pretended"

    def __init__(self, model: str = "", language: str = "en") -> None:
        pass

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words."""
        return Transcript("Ever tried.", 0.95)


class PretendedVoiceEncoder:
    """Gives everybody the same voice."""

    name = "pretended"
    space = "classical"

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return the voice."""
        return Voice(self.space, bytes(range(10)))


def processor_s() -> float:
    """Return the processor time of this process, and of those that it waited for, in seconds."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def resident_mb(process: int | str | None = "self") -> float:
    """Return the memory of a process, this one by default, in MB."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 1e6


_last_end_s = 0.0


def watched(job: Job) -> Result:
    """Do a job, and note how long this process had none before it, and in the first one its processor time so far."""
    global _last_end_s
    waited_s = time.monotonic() - _last_end_s if _last_end_s else 0.0
    result = archive_recording(job)
    start_s = 0.0 if _last_end_s else time.process_time()
    _last_end_s = time.monotonic()
    return replace(result, row=replace(result.row, notes=(f"{waited_s} {start_s}",)))


def compare(recordings: int, rounds: int) -> None:
    """Print the time of every kind of runner for that many recordings, as often as there are rounds."""
    runners: dict[str, Callable[[], Runner | None]] = {
        "this process": lambda: None,
        "1 worker": lambda: WorkerPool(1, watched),
        "2 workers": lambda: WorkerPool(2, watched),
        "Dask, 1 worker": lambda: DaskCluster("local", 1, watched),
        "Dask, 2 workers": lambda: DaskCluster("local", 2, watched),
    }
    with tempfile.TemporaryDirectory() as folder:
        samples, rate = soundfile.read(str(recognizer_recording("two_cities.wav")), dtype="float32")
        for number in range(recordings):
            start = int(number * 0.5 * rate) % (len(samples) - int(SPEECH_S * rate))
            (Path(folder) / "in").mkdir(exist_ok=True)
            soundfile.write(f"{folder}/in/{number:04}.wav", samples[start : start + int(SPEECH_S * rate)], rate)
        with Archive(f"{folder}/warm") as archive:
            archive.add([f"{folder}/in/0000.wav"])  # loads the engines
        for turn in range(rounds):
            for name, make in runners.items():
                _run(f"{folder}/{turn} {name}", name, make(), f"{folder}/in", recordings)


def _run(to: str, name: str, runner: Runner | None, source: str, recordings: int) -> None:
    notes: list[list[float]] = []

    def observe(result: Result) -> None:
        notes.extend([float(noted) for noted in note.split()] for note in result.row.notes)

    started, cpu = time.perf_counter(), processor_s()
    with Archive(to) as archive:
        archive.add([source], runner=runner, observe=observe)
    if runner:
        runner.close()
    wall, used = time.perf_counter() - started, processor_s() - cpu
    starts = [start_s for _, start_s in notes if start_s]
    each = (used - sum(starts)) / (recordings - len(starts))
    waited = sum(waited_s for waited_s, _ in notes) / recordings
    print(
        f"{name:<16} {recordings / wall:6.2f} recordings/s; processor time {used:6.1f} s: {sum(starts):5.1f} s for the "
        f"first recording of each worker, {each:5.3f} s for each other; workers waited "
        f"{1000 * waited:4.0f} ms for each",
        flush=True,
    )


def endure(recordings: int, every: int, kinds: Sequence[str]) -> None:
    """Print what the first process takes for each short recording, and everybody's memory as their number grows."""
    runners: dict[str, Callable[[], Runner]] = {
        "workers": lambda: WorkerPool(2),
        "dask": lambda: DaskCluster("local", 2),
    }
    with tempfile.TemporaryDirectory() as folder:
        _install(Path(folder) / "engines")
        samples, rate = soundfile.read(str(recognizer_recording("beckett.wav")), dtype="float32")
        soundfile.write(f"{folder}/short.wav", samples[: int(SHORT_S * rate)], rate)
        for number in range(recordings):
            name = Path(folder) / "in" / f"{number // 1000:03}" / f"{number:06}.wav"
            name.parent.mkdir(parents=True, exist_ok=True)
            os.link(f"{folder}/short.wav", name)
        for kind in kinds:
            _endure(kind, runners[kind](), folder, recordings, every)


def _endure(name: str, runner: Runner, folder: str, recordings: int, every: int) -> None:
    done = 0

    def observe(result: Result) -> None:
        nonlocal done
        done += result.state == "done"
        if result.state == "done" and done % every == 0:
            workers = ", ".join(f"{resident_mb(child.pid):.0f}" for child in multiprocessing.active_children())
            print(f"{name}, after {done:,}: {resident_mb():.0f} MB, workers {workers} MB", flush=True)

    settings = Settings("pretended", None, "pretended", "mix", 1)
    cpu = time.process_time()
    with Archive(f"{folder}/{name}") as archive:
        totals = archive.add([f"{folder}/in"], settings=settings, runner=runner, observe=observe)
    used = time.process_time() - cpu
    runner.close()
    print(f"{name}: {totals.done:,} recordings, {1000 * used / recordings:.1f} ms of the first process for each")


def _install(folder: Path) -> None:
    """Make the engines of this file known here and to processes that are started."""
    installed = folder / "pretended_engines-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "entry_points.txt").write_text(ENTRY_POINTS)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: pretended-engines\nVersion: 1.0\n")
    sys.path.append(str(folder))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--short", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1_000, help="how often memory is printed")
    parser.add_argument("--kind", choices=("workers", "dask"), action="append", help="of the short recordings")
    arguments = parser.parse_args()
    if arguments.recordings:
        compare(int(arguments.recordings), int(arguments.rounds))
    if arguments.short:
        endure(int(arguments.short), int(arguments.every), arguments.kind or ("workers", "dask"))


if __name__ == "__main__":
    importlib.import_module(MODULE).main()  # workers find what they are given by this name

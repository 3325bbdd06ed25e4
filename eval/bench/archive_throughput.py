"""The overhead of workers and of a Dask cluster for an archive: `python -m speechzip.eval.bench.archive_throughput`.

Recordings of real speech are archived with the default engines in this process, by one and two workers, and by a local
Dask cluster of one and two, in turns. A line tells what other programs took meanwhile: only if that is nearly nothing,
the times by the clock are fair. Then `--short` recordings of a second go all the way with engines that only pretend to
recognize words and voices, by two workers of each kind: they show what each recording costs the first process, which is
scheduler and client of Dask as well, and that nobody's memory grows.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import resource
import statistics
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


def machine_s() -> float:
    """Return the processor time of all processes of this machine since it started, in seconds."""
    user, nice, system, _, _, interrupts, soft_interrupts, *_ = map(int, Path("/proc/stat").read_text().split()[1:11])
    return (user + nice + system + interrupts + soft_interrupts) / os.sysconf("SC_CLK_TCK")


_last_end_s = 0.0


def watched(job: Job) -> Result:
    """Do a job. Note how long this process had none before, when it ended, and of a first one the processor time."""
    global _last_end_s
    waited_s = time.monotonic() - _last_end_s if _last_end_s else 0.0
    result = archive_recording(job)
    first = not _last_end_s
    _last_end_s = time.monotonic()
    noted = f"{waited_s} {time.process_time() if first else 0.0} {_last_end_s}"
    return replace(result, row=replace(result.row, notes=(noted,)))


def watched_on_one_core(job: Job) -> Result:
    """As `watched`, with all threads on one core: alone, a process recognizes speech beside its search for more."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return watched(job)


def compare(recordings: int, rounds: int, seconds: float, only: Sequence[str]) -> None:
    """Print the time of every kind of runner for that many recordings, as often as there are rounds."""
    runners: dict[str, Callable[[], Runner | None]] = {
        "this process": lambda: None,
        "1 worker": lambda: WorkerPool(1, watched),
        "1 worker, 1 core": lambda: WorkerPool(1, watched_on_one_core),
        "2 workers": lambda: WorkerPool(2, watched),
        "Dask, 1 worker": lambda: DaskCluster("local", 1, watched),
        "Dask, 2 workers": lambda: DaskCluster("local", 2, watched),
    }
    rates: dict[str, list[float]] = {name: [] for name in runners if name in (only or runners)}
    with tempfile.TemporaryDirectory() as folder:
        samples, rate = soundfile.read(str(recognizer_recording("two_cities.wav")), dtype="float32")
        for number in range(recordings):
            start = int(number * 0.5 * rate) % (len(samples) - int(seconds * rate))
            (Path(folder) / "in").mkdir(exist_ok=True)
            soundfile.write(f"{folder}/in/{number:04}.wav", samples[start : start + int(seconds * rate)], rate)
        with Archive(f"{folder}/warm") as archive:
            archive.add([f"{folder}/in/0000.wav"])  # loads the engines
        for turn in range(rounds):
            for name in rates:
                rates[name].append(_run(f"{folder}/{turn} {name}", name, runners[name](), f"{folder}/in", recordings))
    for base in ("this process", "1 worker, 1 core"):
        for name in rates if base in rates else ():
            ratio = statistics.median(rates[name]) / statistics.median(rates[base])
            each = ratio / (2 if "2 workers" in name else 1)
            print(f"{name:<16} by the clock {ratio:.2f} of {base}, {each:.2f} for each worker")


def _run(to: str, name: str, runner: Runner | None, source: str, recordings: int) -> float:
    """Return the number of recordings in a second, with the start of the workers."""
    notes: list[list[float]] = []
    elapsed_s: list[float] = []

    def observe(result: Result) -> None:
        elapsed_s.append(result.row.elapsed_s)
        notes.extend([float(noted) for noted in note.split()] for note in result.row.notes)

    started, cpu, busy, clock_s = time.perf_counter(), processor_s(), machine_s(), time.monotonic()
    with Archive(to) as archive:
        archive.add([source], runner=runner, observe=observe)
    if runner:
        runner.close()
    wall, used = time.perf_counter() - started, processor_s() - cpu
    firsts = [(cpu_s, end_s - clock_s) for _, cpu_s, end_s in notes if cpu_s]
    start_s = max((end_s for _, end_s in firsts), default=0.0) - (statistics.median(elapsed_s) if firsts else 0.0)
    each = (used - sum(cpu_s for cpu_s, _ in firsts)) / (recordings - len(firsts))
    waited = sum(note[0] for note in notes) / recordings
    print(
        f"{name:<16} {recordings / wall:6.3f} recordings/s; {start_s:4.1f} s to start, "
        f"{recordings / (wall - start_s):6.3f} recordings/s without; processor time {each:5.3f} s for each, "
        f"{sum(cpu_s for cpu_s, _ in firsts):4.1f} s for the first of each worker; workers waited "
        f"{1000 * waited:4.0f} ms for each; other programs took {(machine_s() - busy - used) / wall:4.2f} cores",
        flush=True,
    )
    return recordings / wall


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
    parser.add_argument("--recordings", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each of them")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--runner", action="append", default=[], help="measure only these, such as '2 workers'")
    parser.add_argument("--short", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=1_000, help="how often memory is printed")
    parser.add_argument("--kind", choices=("workers", "dask"), action="append", help="of the short recordings")
    arguments = parser.parse_args()
    if arguments.recordings:
        compare(arguments.recordings, arguments.rounds, arguments.seconds, arguments.runner)
    if arguments.short:
        endure(int(arguments.short), int(arguments.every), arguments.kind or ("workers", "dask"))


if __name__ == "__main__":
    importlib.import_module(MODULE).main()  # workers find what they are given by this name

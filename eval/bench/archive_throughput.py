"""What workers and a Dask cluster cost an archive: `python -m speechzip.eval.bench.archive_throughput`.

Recordings of real speech are archived with the default engines in this process, by one and two workers, and by a local
Dask cluster of one and two; then `--pretend` recordings, whose work is to say that it is done, by the cluster: what is
left is what Dask and the archive take for each, and how the memory of scheduler and client grows.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import soundfile
from speechzip.pipeline import Payload, Speaker, Utterance, Voice, recognizer_recording
from speechzip.pipeline.archive import Archive, DaskCluster, Job, Result, Row, Runner, WorkerPool

PAGE = os.sysconf("SC_PAGE_SIZE")
SPEECH_S = 10.0


def pretend(job: Job) -> Result:
    """Return what an archived recording returns, without reading or writing anything."""
    said = Utterance(0.0, 1.0, 0, f"This is {job.source.name} speaking.")
    row = Row(job.source.name, job.source.url, job.source.size, job.source.modified, "00" * 32, 2.0, 40, ("0000",))
    return Result(row, "done", Payload((Speaker(Voice("classical", bytes(10))),), (said,), 2.0))


def processor_s() -> float:
    """Return the processor time of this process, and of those that it waited for, in seconds."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def resident_mb() -> float:
    """Return the memory of this process, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


def compare(recordings: int) -> None:
    """Print the time of every kind of runner for that many recordings."""
    runners: dict[str, Callable[[], Runner | None]] = {
        "this process": lambda: None,
        "1 worker": lambda: WorkerPool(1),
        "2 workers": lambda: WorkerPool(2),
        "Dask, 1 worker": lambda: DaskCluster("local", 1),
        "Dask, 2 workers": lambda: DaskCluster("local", 2),
    }
    with tempfile.TemporaryDirectory() as folder:
        samples, rate = soundfile.read(str(recognizer_recording("two_cities.wav")), dtype="float32")
        for number in range(recordings):
            start = int(number * 0.5 * rate) % (len(samples) - int(SPEECH_S * rate))
            (Path(folder) / "in").mkdir(exist_ok=True)
            soundfile.write(f"{folder}/in/{number:04}.wav", samples[start : start + int(SPEECH_S * rate)], rate)
        for name, make in runners.items():
            started, cpu = time.perf_counter(), processor_s()
            runner = make()
            with Archive(f"{folder}/{name}") as archive:
                archive.add([f"{folder}/in"], runner=runner)
            if runner:
                runner.close()
            wall, used = time.perf_counter() - started, processor_s() - cpu
            print(
                f"{name:<16} {recordings / wall:6.2f} recordings/s, {wall:6.1f} s, processor time {used:6.1f} s: "
                f"{used / recordings:5.2f} s each",
                flush=True,
            )


def overhead(recordings: int) -> None:
    """Print what the cluster and the archive take for each recording that needs no work, and their memory."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        for number in range(recordings):
            (Path(folder) / "in" / f"{number:06}.wav").touch()
        cluster = DaskCluster("local", 2, pretend)
        done = 0

        def observe(result: Result) -> None:
            nonlocal done
            done += 1
            if done in {recordings // 10, recordings // 2, recordings}:
                print(f"after {done:,}: {resident_mb():.0f} MB in scheduler and client", flush=True)

        started, cpu = time.perf_counter(), time.process_time()
        with Archive(f"{folder}/archive") as archive:
            archive.add([f"{folder}/in"], runner=cluster, observe=observe)
        wall, used = time.perf_counter() - started, time.process_time() - cpu
        cluster.close()
        print(
            f"{recordings:,} recordings without work: {1000 * wall / recordings:.1f} ms each, "
            f"{1000 * used / recordings:.1f} ms of processor time in scheduler and client"
        )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=24)
    parser.add_argument("--pretend", type=int, default=10_000)
    arguments = parser.parse_args()
    if arguments.recordings:
        compare(int(arguments.recordings))
    if arguments.pretend:
        overhead(int(arguments.pretend))


if __name__ == "__main__":
    main()

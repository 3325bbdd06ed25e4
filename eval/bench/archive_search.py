"""The speed of searches in a large archive: `python -m speechzip.eval.bench.archive_search`.

The benchmark fills an index in a temporary folder with utterances of made-up words, whose frequencies follow Zipf's
law. Then it asks queries of every kind. `--utterances 1000000` is the default.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from speechzip.pipeline.archive import Filters, Index, Line, NamedSpeaker, NamedTranscript, search

VOCABULARY = 60_000
WORDS_PER_UTTERANCE = 12
UTTERANCES_PER_RECORDING = 100
ASKED = 40
SYLLABLES = [first + vowel + last for first in "b d f g h k l m n p r s t v st tr".split()
             for vowel in "a e i o u".split() for last in ("", "n", "r", "s")]  # fmt: skip


def make_words(random: np.random.Generator) -> list[str]:
    """Return different words of one to four syllables, the shortest first."""
    words: dict[str, None] = dict.fromkeys(SYLLABLES)
    while len(words) < VOCABULARY:
        syllables = 2 + 2 * len(words) // VOCABULARY
        chosen: list[int] = random.integers(len(SYLLABLES), size=syllables).tolist()
        words["".join(SYLLABLES[number] for number in chosen)] = None
    return list(words)


def fill(index: Index, words: list[str], utterances: int, random: np.random.Generator) -> None:
    """Add that many utterances."""
    speakers = tuple(NamedSpeaker(name, True, f"{number:04x}", 0) for number, name in enumerate(("Anna", "Ben")))
    shares = 1 / np.arange(2.7, VOCABULARY + 2.7)
    cumulative = np.cumsum(shares / shares.sum())
    for recording in range(utterances // UTTERANCES_PER_RECORDING):
        drawn = random.random((UTTERANCES_PER_RECORDING, WORDS_PER_UTTERANCE))
        rows: list[list[int]] = np.searchsorted(cumulative, drawn).tolist()
        lines = tuple(
            Line(5.0 * number, 5.0 * number + 4, number % 2, " ".join(words[word] for word in row), 0.88, "en")
            for number, row in enumerate(rows)
        )
        name = f"{recording % 50:02}/{recording:07}.wav"
        transcript = NamedTranscript(name, 500.0, 1, "none", speakers, lines)
        index.add(name, transcript, (1, 1.0), name, 1.6e9 + 3600 * recording)
    index.commit()


def measure(ask: Callable[[], object]) -> tuple[float, float]:
    """Return elapsed time and processor time, in milliseconds."""
    started, cpu = time.perf_counter(), time.process_time()
    ask()
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - cpu)


def show(name: str, times: list[tuple[float, float]]) -> None:
    """Print the median and the 95th percentile."""
    waits, cpu = zip(*times, strict=True)
    print(
        f"{name:<32} median {statistics.median(waits):7.1f} ms, 95 % {np.percentile(waits, 95):7.1f} ms; "
        f"of processor time {statistics.median(cpu):7.1f} and {np.percentile(cpu, 95):7.1f} ms",
        flush=True,
    )


def main() -> None:
    """Fill an index, and ask queries of every kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--utterances", type=int, default=1_000_000)
    utterances = int(parser.parse_args().utterances)
    random = np.random.default_rng(1)
    words = make_words(random)
    with tempfile.TemporaryDirectory() as folder:
        index = Index(Path(folder) / "index.sqlite")
        started, cpu = time.perf_counter(), time.process_time()
        fill(index, words, utterances, random)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(
            f"{utterances:,} utterances indexed in {time.perf_counter() - started:.0f} s "
            f"({time.process_time() - cpu:.0f} s of processor time), {size / 1e6:.0f} MB",
            flush=True,
        )

        def word(lowest: int, highest: int) -> str:
            return words[int(random.integers(lowest, highest))]

        kinds: dict[str, Callable[[], tuple[str, Filters, bool]]] = {
            "a rare word": lambda: (word(5000, 50000), Filters(), False),
            "a usual word": lambda: (word(200, 5000), Filters(), False),
            "one of the 100 most frequent": lambda: (word(0, 100), Filters(), False),
            "two usual words": lambda: (f"{word(100, 2000)} {word(100, 2000)}", Filters(), False),
            "a phrase": lambda: (f'"{word(20, 500)} {word(20, 500)}"', Filters(), False),
            "a prefix": lambda: (f"{word(5000, 50000)[:5]}*", Filters(), False),
            "one OR the other, NOT a third": lambda: (
                f"{word(500, 5000)} OR {word(500, 5000)} NOT {word(20, 500)}", Filters(), False),
            "a speaker in a folder": lambda: (word(200, 5000), Filters(speaker="anna", inside="07/"), False),
            "sounds alike": lambda: (word(5000, 50000), Filters(), True),
        }  # fmt: skip
        every: list[tuple[float, float]] = []
        search(index, "warm", Filters(), fuzzy=True)
        for name, make in kinds.items():
            times: list[tuple[float, float]] = []
            for _ in range(ASKED):
                query, filters, fuzzy = make()
                times.append(measure(lambda q=query, f=filters, z=fuzzy: search(index, q, f, fuzzy=z)))  # type: ignore[misc]
            every += times
            show(name, times)
        show("all", every)
        index.close()


if __name__ == "__main__":
    main()

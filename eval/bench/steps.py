"""`make bench`: the time of each step of compression, as multiples of Opus's: `python -m speechzip.eval.bench.steps`.

A minute of two parties who take turns, made of the recordings in the recognizer's wheel, once with one party on each
channel and once on one channel. Each number is the median of several rounds; loading is measured separately. Opus
codes every channel at 6 kbit/s. Some steps run side by side, so their shares add up to more than the whole. Compare
ratios between machines, not seconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

import numpy as np
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    TEXT_CODERS,
    Audio,
    Compressed,
    Samples,
    SileroDetector,
    SpeechzipError,
    compress,
    decode_payload,
    encode_payload,
    load_engine,
    resample,
)
from speechzip.pipeline.textcoder import DEFAULT_ID

from ..codecs import load_codec
from ..corpora import WHEELS, read_corpus
from ..run.observe import read_audio
from .speed import OPUS, ROUNDS

TURNS, TURN_S = 6, 10.0
"""A minute in which two parties take turns."""
CHUNKS_AT_ONCE = 31
"""Of the speech detector: compress reads about a second at a time."""
FORMAT = 1
"""Payload format: in format 1 the words are one call of the text coder, which can be timed."""
REST = "sound, cutting, the rest"

Seconds = dict[str, float]
"""Step -> its time."""


class Timed:
    """An engine wrapper that measures the time of its methods in all threads, and keeps what they return."""

    def __init__(self, engine: Any, seconds: Seconds, step: str) -> None:
        self._engine, self._seconds, self._step = engine, seconds, step
        self._lock = Lock()
        self.results: dict[str, deque[list[Any]]] = defaultdict(deque)
        """Method -> a list of each call's result, in the order in which the calls began."""

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._engine, name)
        if not callable(attribute):
            return attribute

        def timed(*arguments: Any) -> Any:
            kept: list[Any] = []
            with self._lock:
                self.results[name].append(kept)
            result, took_s = _timed(lambda: attribute(*arguments))
            kept.append(result)
            with self._lock:
                self._seconds[self._step] = self._seconds.get(self._step, 0.0) + took_s
            return result

        return timed


class Replayed:
    """An engine that returns at once what another one returned, in the same order."""

    def __init__(self, timed: Timed) -> None:
        self._timed = timed

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._timed, name)
        if not callable(attribute):
            return attribute

        def replayed(*_: Any) -> Any:
            return self._timed.results[name].popleft()[0]

        return replayed


def two_parties() -> Samples:
    """Return a minute of two parties, one on each channel: float32 [T, 2] at 16 kHz."""
    recordings = [read_audio(item.path) for item in read_corpus(WHEELS).items]
    readings = [resample(audio.samples, audio.sample_rate, ENGINE_SAMPLE_RATE) for audio in recordings]
    length = round(TURN_S * ENGINE_SAMPLE_RATE)
    sound = np.zeros((TURNS * length, 2), np.float32)
    for turn in range(TURNS):
        party = turn % 2
        start = turn // 2 * length
        sound[turn * length : (turn + 1) * length, party] = np.resize(readings[party], start + length)[start:]
    return sound


def load() -> tuple[dict[str, Any], Seconds]:
    """Return the engines by their step of compression, and the time to load each."""
    loaders: dict[str, Callable[[], Any]] = {
        "detection": SileroDetector,
        "recognition": lambda: load_engine("recognizer"),
        "voice": lambda: load_engine("voice_encoder"),
        "diarization": lambda: load_engine("speaker_embedder"),
        "text coding": lambda: TEXT_CODERS[DEFAULT_ID],
    }
    loaded = {step: _timed(loader) for step, loader in loaders.items()}
    return {step: engine for step, (engine, _) in loaded.items()}, {step: took for step, (_, took) in loaded.items()}


def measure(sound: Samples, engines: dict[str, Any]) -> Seconds:
    """Return the time of each step of compression, and of "all".

    Args:
        sound: float32 [T, channels] at 16 kHz; two channels are two parties.
        engines: what `load` returns.
    """
    seconds: Seconds = {"detection": _timed(lambda: _detect(sound))[1]}
    timed = {step: Timed(engine, seconds, step) for step, engine in engines.items()}
    compressed, seconds["all"] = _timed(lambda: _compress(sound, timed))
    replayed = {step: Replayed(engine) for step, engine in timed.items()}
    others_s = _timed(lambda: _compress(sound, replayed))[1]
    payload = compressed.payload
    apart: Seconds = {}
    plain: Any = Timed(engines["text coding"], apart, "text coding")
    coded_s = _timed(lambda: decode_payload(encode_payload(payload, plain, FORMAT), {plain.id: plain}))[1]
    seconds["payload"] = coded_s - apart["text coding"]
    seconds[REST] = others_s - seconds["detection"] - seconds["payload"]
    return seconds


def _compress(sound: Samples, engines: Mapping[str, Any]) -> Compressed:
    return compress(
        Audio(sound, ENGINE_SAMPLE_RATE),
        channels="split" if sound.shape[1] == 2 else "auto",
        recognizer=engines["recognition"],
        voice_encoder=engines["voice"],
        speaker_embedder=engines["diarization"],
        text_coder=engines["text coding"],
        payload_version=FORMAT,
    )


def opus_s(sound: Samples) -> float:
    """Return the time that Opus takes for every channel of float32 [T, channels] at 16 kHz.

    Raises:
        EngineError: it is not installed.
    """
    codec = load_codec(OPUS)
    return sum(codec.code(Audio(np.ascontiguousarray(channel), ENGINE_SAMPLE_RATE)).encode_s for channel in sound.T)


def median(rounds: list[Seconds]) -> Seconds:
    """Return the median of each step."""
    gathered: dict[str, list[float]] = defaultdict(list)
    for seconds in rounds:
        for step, took in seconds.items():
            gathered[step].append(took)
    return {step: statistics.median(took) for step, took in gathered.items()}


def table(name: str, seconds: Seconds, duration_s: float, opus: float) -> list[str]:
    """Return the table as lines: each step relative to real time, and to the time of Opus for the whole."""
    steps = sorted((step for step in seconds if step != "all"), key=lambda step: -seconds[step])
    lines = [f"{name:<28}{'share':>8}{'real time':>12}{'x Opus':>9}"]
    for step in ["all", *steps]:
        took = seconds[step]
        lines.append(f"{step:<28}{took / seconds['all']:>8.0%}{took / duration_s:>12.4f}{took / opus:>9.1f}")
    return lines


def _detect(sound: Samples) -> None:
    for channel in sound.T:
        detector = SileroDetector()
        whole = len(channel) // SileroDetector.chunk_length * SileroDetector.chunk_length
        chunks = np.ascontiguousarray(channel[:whole]).reshape(-1, SileroDetector.chunk_length)
        for start in range(0, len(chunks), CHUNKS_AT_ONCE):
            detector(chunks[start : start + CHUNKS_AT_ONCE])


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds: int = parser.parse_args().rounds
    engines, loading = load()
    both = two_parties()
    for name, sound in (("two channels", both), ("one channel", both.sum(axis=1, keepdims=True))):
        measure(sound, engines)  # a warm-up round
        opus = statistics.median(opus_s(sound) for _ in range(rounds + 1))
        print("\n".join(table(name, median([measure(sound, engines) for _ in range(rounds)]), TURNS * TURN_S, opus)))
        print()
    print("loading, once: " + ", ".join(f"{step} {took:.3f} s" for step, took in loading.items()))


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")

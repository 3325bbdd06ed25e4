"""The phones of real recordings: pronounce the transcript, or else the recognizer's text, and align it."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from speechzip.pipeline import load_recognizer
from tqdm import tqdm

from ...text.pronunciation.pronunciation import pronounced
from .alignment import label
from .recordings import CorpusRecording, load_samples
from .shards import SHARD

LEAST_CONFIDENCE = 0.85
"""Least confidence for the recognizer's transcript to be used."""


def label_recordings(recordings: Sequence[CorpusRecording], folder: Path, source: str, processes: int) -> None:
    """Write the labels of `recordings` to `folder`/labels, shard by shard; leave out shards with labels."""
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    heard = transcribe([one for one in recordings if not one.transcript.strip()], folder / f"{source}.csv")
    recordings = [replace(one, transcript=heard.get(one.key, one.transcript)) for one in recordings]
    jobs = [
        (recordings[start : start + SHARD], folder / "labels" / f"{source}-{start // SHARD:03d}.npz")
        for start in range(0, len(recordings), SHARD)
    ]
    jobs = [job for job in jobs if not job[1].exists()]
    with ProcessPoolExecutor(processes) as pool:
        for _ in tqdm(pool.map(_label, *zip(*jobs, strict=True)) if jobs else (), total=len(jobs), desc="labels"):
            pass


def transcribe(recordings: Sequence[CorpusRecording], path: Path) -> dict[str, str]:
    """Return the recognizer's transcripts by key; they are kept in the CSV file `path`."""
    if path.exists():
        with open(path, encoding="utf-8", newline="") as file:
            return dict(csv.reader(file))
    recognizer = load_recognizer("moonshine")
    read: dict[str, str] = {}
    for one in tqdm(recordings, desc="reading"):
        found = recognizer.transcribe(load_samples(one.path))
        if found.confidence >= LEAST_CONFIDENCE:
            read[one.key] = found.text
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(read.items())
    return read


def _label(recordings: Sequence[CorpusRecording], path: Path) -> None:
    tokens: list[np.ndarray] = []
    durations: list[np.ndarray] = []
    for one in recordings:
        said = np.zeros((0, 3), np.uint8), np.zeros(0, np.uint16)
        groups = pronounced(one.transcript)
        samples = load_samples(one.path)
        if any(not group.is_pause for group in groups):
            try:
                said = label(samples, groups, len(samples) // 160 + 1)
            except ValueError as error:
                print(f"{one.key}: left out, {error}")
        tokens.append(said[0])
        durations.append(said[1])
    offsets = np.cumsum([0, *map(len, tokens)])
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, phones=offsets, tokens=np.concatenate(tokens), durations=np.concatenate(durations))
    part.rename(path)

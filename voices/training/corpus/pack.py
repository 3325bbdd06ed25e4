"""Recordings to shards; their phones follow in `labels`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from .features import measure
from .recordings import CorpusRecording, load_samples
from .shards import SHARD, PackedItem, write_shard


def pack_recordings(recordings: Sequence[CorpusRecording], folder: Path, source: str, processes: int) -> None:
    """Write the shards of `recordings` to `folder`; leave out shards that it has."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [
        (recordings[start : start + SHARD], folder / f"{source}-{start // SHARD:03d}.npz")
        for start in range(0, len(recordings), SHARD)
    ]
    jobs = [job for job in jobs if not job[1].exists()]
    with ProcessPoolExecutor(processes) as pool:
        for _ in tqdm(pool.map(_pack, *zip(*jobs, strict=True)) if jobs else (), total=len(jobs), desc=source):
            pass


def _pack(recordings: Sequence[CorpusRecording], path: Path) -> None:
    nothing = np.zeros((0, 3), np.uint8), np.zeros(0, np.uint16)
    write_shard(
        path, [PackedItem(one.key, one.speaker, measure(load_samples(one.path)), *nothing) for one in recordings]
    )

"""Shards: the features of a few hundred recordings in one file, written whole or not at all.

names [n], speakers [n], frames [n + 1] (offsets), envelope, pitch_hz, voiced, mel (see `Measured`),
phones [n + 1] (offsets), tokens uint8 [N, 3], durations uint16 [N] (see `tokens`)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

TEACHER = "hibari-heart"
"""Name of the teacher as a speaker."""
SHARD = 200
"""Number of recordings in one shard."""
LOWEST_DB, STEP_DB = -110.0, 0.5
"""Levels are kept as bytes: LOWEST_DB + STEP_DB * byte."""
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Measured:
    """One recording, T frames."""

    envelope: Bytes
    """uint8 [T, BANDS]: smooth spectral envelope as a filter level."""
    pitch_hz: npt.NDArray[np.float16]
    """float16 [T]: greater than 0; interpolated where there is no voice."""
    voiced: npt.NDArray[np.bool_]
    """bool [T]."""
    mel: Bytes
    """uint8 [T, 64]: mel spectrum, the input of the voice network."""


def to_bytes(level_db: npt.NDArray[np.floating]) -> Bytes:
    """Return levels in dB as bytes."""
    return np.clip(np.round((level_db - LOWEST_DB) / STEP_DB), 0, 255).astype(np.uint8)


def from_bytes(kept: Bytes) -> npt.NDArray[np.float32]:
    """Return levels in dB, the inverse of `to_bytes`."""
    return LOWEST_DB + STEP_DB * kept.astype(np.float32)


@dataclass(frozen=True, slots=True)
class PackedItem:
    """One recording of a shard."""

    name: str
    speaker: str
    measured: Measured
    tokens: npt.NDArray[np.uint8]
    """uint8 [N, 3], see `tokens`; N is 0 if the words are unknown."""
    durations: npt.NDArray[np.uint16]
    """uint16 [N], frames."""


def write_shard(path: Path, items: Sequence[PackedItem]) -> None:
    """Write `items` to `path`."""
    arrays = {
        field.name: np.concatenate([getattr(item.measured, field.name) for item in items]) for field in fields(Measured)
    }
    part = path.with_suffix(".part.npz")
    np.savez(
        part,
        names=np.array([item.name for item in items]),
        speakers=np.array([item.speaker for item in items]),
        frames=np.cumsum([0, *(len(item.measured.voiced) for item in items)]),
        phones=np.cumsum([0, *(len(item.tokens) for item in items)]),
        tokens=np.concatenate([item.tokens.reshape(-1, 3) for item in items]),
        durations=np.concatenate([item.durations for item in items]),
        **arrays,
    )
    part.rename(path)


def read_shard(path: Path) -> list[PackedItem]:
    """Return the recordings of a shard from `write_shard`."""
    with np.load(path, allow_pickle=False) as archive:
        loaded = {name: archive[name] for name in archive.files}
    items: list[PackedItem] = []
    for index, (name, speaker) in enumerate(zip(loaded["names"], loaded["speakers"], strict=True)):
        frames = slice(*loaded["frames"][index : index + 2])
        phones = slice(*loaded["phones"][index : index + 2])
        measured = Measured(*(loaded[field.name][frames] for field in fields(Measured)))
        items.append(
            PackedItem(str(name), str(speaker), measured, loaded["tokens"][phones], loaded["durations"][phones])
        )
    return items

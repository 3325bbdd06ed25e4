"""Checkpoints to resume from: a complete one for the same machine, and one of a tenth of the size to keep elsewhere.

Both are NumPy archives, read without pickle. The small one has the averaged weights as the int8 that the network
computes with, and of Adam's second moments the means of every row and column, from whose product they are made again
(N. Shazeer and M. Stern, "Adafactor", 2018). Momentum is left out: it is back after ten steps.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .network import STATE_STEPS, Network, row_scales

FIRST_DECAY = 0.999
"""Decay of the average of the weights at each step, after a long time."""
_TABLES = ("embedding", "phrases")  # one scale for all rows


@dataclass(slots=True)
class TrainingProgress:
    """The progress of a training."""

    step: int = 0
    tokens: int = 0
    spent_s: float = 0.0
    """Processor time."""
    averaged: dict[str, Tensor] = field(default_factory=dict)
    """Moving average of the weights; it ships."""
    averaged_steps: int = 0


def average(progress: TrainingProgress, network: Network) -> None:
    """Move the average on toward the network's weights."""
    progress.averaged_steps += 1
    decay = min(FIRST_DECAY, progress.averaged_steps / (progress.averaged_steps + 10))
    with torch.no_grad():
        for name, weights in network.named_parameters():
            if name in progress.averaged:
                progress.averaged[name].lerp_(weights, 1 - decay)
            else:
                progress.averaged[name] = weights.detach().clone()


def save_whole(path: Path, network: Network, adam: torch.optim.Adam, progress: TrainingProgress) -> None:
    """Write a complete checkpoint: resumed training is the same as uninterrupted training."""
    arrays = _counters(progress)
    for name, weights in network.named_parameters():
        arrays[f"weights.{name}"] = weights.detach().cpu().numpy()
        arrays[f"averaged.{name}"] = progress.averaged[name].cpu().numpy()
        for moment in ("exp_avg", "exp_avg_sq"):
            arrays[f"{moment}.{name}"] = adam.state[weights][moment].cpu().numpy()
    _write(path, arrays, np.savez)


def save_small(path: Path, network: Network, adam: torch.optim.Adam, progress: TrainingProgress) -> None:
    """Write a small checkpoint: resumed training has the same loss."""
    arrays = _counters(progress)
    for name, parameter in network.named_parameters():
        weights = progress.averaged[name].cpu()
        if weights.dim() == 2:
            scales = torch.full((1, 1), 1 / STATE_STEPS) if name in _TABLES else row_scales(weights)
            limit = 1 if name in _TABLES else float("inf")
            arrays[f"steps.{name}"] = (weights.clamp(-limit, limit) / scales).round().to(torch.int8).numpy()
            arrays[f"scales.{name}"] = scales.numpy()
        else:
            arrays[f"weights.{name}"] = weights.numpy()
        second = adam.state[parameter]["exp_avg_sq"].cpu()
        if second.dim() == 2:
            arrays[f"second.rows.{name}"], arrays[f"second.columns.{name}"] = (
                second.mean(1).numpy(),
                second.mean(0).numpy(),
            )
        else:
            arrays[f"second.{name}"] = second.numpy()
    _write(path, arrays, np.savez_compressed)


def load(path: Path, network: Network, adam: torch.optim.Adam) -> TrainingProgress:
    """Load a checkpoint of either size into the network and Adam; return its progress."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: torch.from_numpy(archive[name]) for name in archive.files}
    progress = TrainingProgress(int(arrays["step"]), int(arrays["tokens"]), float(arrays["spent_s"]))
    progress.averaged_steps = int(arrays["averaged_steps"])
    for name, parameter in network.named_parameters():
        with torch.no_grad():
            parameter.copy_(_weights(arrays, name))
        device = parameter.device
        averaged = arrays.get(f"averaged.{name}")
        progress.averaged[name] = parameter.detach().clone() if averaged is None else averaged.to(device)
        adam.state[parameter] = {
            "step": torch.tensor(float(progress.step)),
            "exp_avg": arrays.get(f"exp_avg.{name}", torch.zeros(parameter.shape)).to(device),
            "exp_avg_sq": _second_moments(arrays, name).to(device),
        }
    return progress


def load_averaged(path: Path, network: Network) -> None:
    """Load the averaged weights of a checkpoint of either size into the network."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: torch.from_numpy(archive[name]) for name in archive.files}
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            averaged = arrays.get(f"averaged.{name}")
            parameter.copy_(_weights(arrays, name) if averaged is None else averaged)


def _counters(progress: TrainingProgress) -> dict[str, NDArray[np.generic]]:
    return {
        "step": np.array(progress.step),
        "tokens": np.array(progress.tokens),
        "spent_s": np.array(progress.spent_s),
        "averaged_steps": np.array(progress.averaged_steps),
    }


def _weights(arrays: Mapping[str, Tensor], name: str) -> Tensor:
    if f"steps.{name}" in arrays:
        return arrays[f"steps.{name}"].float() * arrays[f"scales.{name}"]
    return arrays[f"weights.{name}"]


def _second_moments(arrays: Mapping[str, Tensor], name: str) -> Tensor:
    if f"exp_avg_sq.{name}" in arrays:
        return arrays[f"exp_avg_sq.{name}"]
    if f"second.{name}" in arrays:
        return arrays[f"second.{name}"]
    rows, columns = arrays[f"second.rows.{name}"], arrays[f"second.columns.{name}"]
    return rows[:, None] * columns / rows.mean().clamp(min=1e-30)


def _write(path: Path, arrays: Mapping[str, NDArray[np.generic]], save) -> None:  # type: ignore[no-untyped-def]
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as stream:
        save(stream, **arrays)
    os.replace(temporary, path)

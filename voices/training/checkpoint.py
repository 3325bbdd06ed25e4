"""What training keeps between two starts: one file, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn


@dataclass(slots=True)
class Run:
    """Everything that changes while a stage of training runs."""

    voice: nn.Module
    """The networks, as the optimizer sees them."""
    average: torch.optim.swa_utils.AveragedModel
    """Their exponential average: what is exported."""
    critic: nn.Module
    optimizer: torch.optim.Optimizer
    judge: torch.optim.Optimizer
    """The critic's optimizer."""
    step: int = 0
    spent_s: float = 0.0
    """Time worked so far; the learning rate goes by it."""

    def save(self, path: Path) -> None:
        """Write everything to `path`."""
        parts = ("voice", "average", "critic", "optimizer", "judge")
        state: dict[str, Any] = {name: getattr(self, name).state_dict() for name in parts}
        part = path.with_suffix(".part")
        torch.save({**state, "step": self.step, "spent_s": self.spent_s}, part)
        part.rename(path)

    def load(self, path: Path, device: torch.device) -> None:
        """Go on from what `save` has written."""
        state = torch.load(path, map_location=device, weights_only=True)
        for name in ("voice", "average", "critic", "optimizer", "judge"):
            getattr(self, name).load_state_dict(state[name])
        self.step, self.spent_s = int(state["step"]), float(state["spent_s"])

    def start_from(self, path: Path, device: torch.device) -> None:
        """Start a new stage from the average of the one before."""
        state = torch.load(path, map_location=device, weights_only=True)["average"]
        self.average.load_state_dict(state)
        self.voice.load_state_dict(averaged(state))


def averaged(state: dict[str, Any]) -> dict[str, Any]:
    """Return the weights in the state of an `AveragedModel`."""
    return {name.removeprefix("module."): value for name, value in state.items() if name != "n_averaged"}

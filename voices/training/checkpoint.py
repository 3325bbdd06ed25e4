"""The state of training in one file, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .pieces import Pieces

Averaging = Callable[[list[Tensor], list[Tensor], Tensor | int], None]
"""Moves averages toward weights, after a count of steps."""


@dataclass(slots=True)
class TrainingState:
    """Everything that changes while a stage of training runs."""

    voice: nn.Module
    """The networks that the optimizer trains."""
    average: torch.optim.swa_utils.AveragedModel
    """Their average over the last steps; it is exported."""
    critic: nn.Module
    optimizer: torch.optim.Optimizer
    judge: torch.optim.Optimizer
    """The critic's optimizer."""
    step: int = 0
    spent_s: float = 0.0
    """Time of training so far."""

    @classmethod
    def begin(
        cls, voice: nn.Module, critic: nn.Module, rate: float, critic_rate: float, averaging: Averaging
    ) -> TrainingState:
        """Return new networks with their average and their optimizers."""
        return cls(
            voice,
            torch.optim.swa_utils.AveragedModel(voice, multi_avg_fn=averaging),
            critic,
            torch.optim.AdamW(voice.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True),
            torch.optim.AdamW(critic.parameters(), critic_rate, betas=(0.5, 0.9), fused=True),
        )

    def learn(self, parts: dict[str, Tensor]) -> dict[str, float]:
        """Take one step down the sum of the losses `parts`; return each."""
        self.optimizer.zero_grad(set_to_none=True)
        torch.stack(list(parts.values())).sum().backward()
        nn.utils.clip_grad_norm_(self.voice.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.voice)
        self.step += 1
        return {key: float(value.detach()) for key, value in parts.items()}

    def save(self, path: Path) -> None:
        """Write everything to `path`."""
        parts = ("voice", "average", "critic", "optimizer", "judge")
        state: dict[str, Any] = {name: getattr(self, name).state_dict() for name in parts}
        part = path.with_suffix(".part")
        torch.save({**state, "step": self.step, "spent_s": self.spent_s}, part)
        part.rename(path)

    def load(self, path: Path, device: torch.device) -> None:
        """Resume from a file of `save`."""
        state = torch.load(path, map_location=device, weights_only=True)
        for name in ("voice", "average", "critic", "optimizer", "judge"):
            getattr(self, name).load_state_dict(state[name])
        self.step, self.spent_s = int(state["step"]), float(state["spent_s"])

    def start_from(self, path: Path, device: torch.device) -> None:
        """Start a new stage from the averaged weights of the one before."""
        state = torch.load(path, map_location=device, weights_only=True)["average"]
        self.average.load_state_dict(state)
        self.voice.load_state_dict(averaged(state))


def tensors(batch: Pieces, device: torch.device) -> dict[str, Tensor]:
    """Return the fields of a batch on `device`."""
    return {field.name: torch.from_numpy(getattr(batch, field.name)).to(device) for field in fields(batch)}


def averaged(state: dict[str, Any]) -> dict[str, Any]:
    """Return the weights in the state of an `AveragedModel`."""
    return {name.removeprefix("module."): value for name, value in state.items() if name != "n_averaged"}

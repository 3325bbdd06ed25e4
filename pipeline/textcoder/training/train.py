"""Train the network on a GPU or in one thread, with a seed, a log and a checkpoint, until the last step or a signal."""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..phrases import phrase_rows
from ..tokens import START
from .checkpoint import TrainingProgress, average, load, save_small, save_whole
from .network import NO_TARGET, Network
from .recipe import Recipe
from .streams import Streams, Window

COLUMNS, TIME = 96, 80  # 7,680 tokens a step
WARM_UP = 100  # steps, at the very start; later Adam's momentum, which a small checkpoint lacks, comes back by itself
SAVE_EVERY_S = 600
VALIDATE_EVERY_S = 1800
CHECKPOINT, SMALL_CHECKPOINT, LOG = "checkpoint.npz", "checkpoint-small.npz", "train.log"

Documents = list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """The build folder and the length of a training."""

    build: Path
    """Folder of the checkpoint and the log."""
    steps: int
    """Total number of steps; 0: until a signal (SIGTERM or Ctrl-C), which leaves a checkpoint."""
    decay_from: int
    """From this step on, the learning rate falls linearly to 0 at `steps`; 0: it stays."""
    seed: int
    device: str = "cpu"
    """Where the network is trained: cpu or cuda."""


def rate_factor(step: int, steps: int, decay_from: int) -> float:
    """Return the factor of the learning rate at `step`."""
    warm = min(1.0, (step + 1) / WARM_UP)
    if not decay_from or step < decay_from:
        return warm
    return min(warm, max((steps - step) / (steps - decay_from), 0.002))


def train(
    network: Network,
    recipe: Recipe,
    plan: TrainingPlan,
    training: tuple[Documents, NDArray[np.float64]],
    validation: dict[str, Documents],
    keys: NDArray[np.uint64],
) -> None:
    """Train until the plan or a signal says stop.

    Args:
        network: where to start, unless the build folder has a checkpoint.
        recipe: the learning rate and dropout.
        plan: the folder and the length.
        training: documents, and the passes that an epoch makes over each.
        validation: documents by name; the log has their bits a token, coded by the averaged weights.
        keys: the phrases, increasing.
    """
    torch.set_num_threads(1)
    network.to(plan.device)
    network.dropout = recipe.dropout
    adam = torch.optim.Adam(network.parameters(), lr=recipe.rate, betas=(0.9, 0.99), eps=1e-10)
    checkpoint = plan.build / CHECKPOINT
    progress = load(checkpoint, network, adam) if checkpoint.exists() else TrainingProgress()
    first = progress.step
    started = time.process_time() - progress.spent_s
    saved_at, validated_at = time.monotonic(), -math.inf
    torch.manual_seed(plan.seed * 1_000_003 + first)
    streams = Streams(training[0], training[1], keys, COLUMNS, TIME, (plan.seed, first))
    state = network.zero_state(COLUMNS)
    with (plan.build / LOG).open("a", encoding="utf-8") as log, _signals() as stopping:

        def note(**values: float) -> None:
            counters = {"step": progress.step, "tokens": progress.tokens, "cpu_s": round(progress.spent_s, 1)}
            print(json.dumps({**counters, "at": round(time.time()), **values}), file=log, flush=True)

        running = math.nan
        while not stopping and (not plan.steps or progress.step < plan.steps):
            factor = rate_factor(progress.step, plan.steps, plan.decay_from)
            for group in adam.param_groups:
                group["lr"] = recipe.rate * factor
            loss, state = _step(network, adam, streams.next(), state)
            average(progress, network)
            progress.step += 1
            progress.tokens += COLUMNS * TIME
            progress.spent_s = time.process_time() - started
            running = loss if math.isnan(running) else 0.98 * running + 0.02 * loss
            if progress.step % 20 == 0:
                note(training_bits=round(running, 4), rate=round(factor, 4))
            if time.monotonic() - saved_at > SAVE_EVERY_S:
                saved_at = time.monotonic()
                save_whole(checkpoint, network, adam, progress)
            if time.monotonic() - validated_at > VALIDATE_EVERY_S:
                validated_at = time.monotonic()
                save_small(plan.build / SMALL_CHECKPOINT, network, adam, progress)
                note(**_validate_all(network, progress, validation, keys))
        save_whole(checkpoint, network, adam, progress)
        save_small(plan.build / SMALL_CHECKPOINT, network, adam, progress)
        note(**_validate_all(network, progress, validation, keys))


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGTERM and SIGINT, so that the current step ends before the process."""
    caught: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: caught.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _step(
    network: Network, adam: torch.optim.Adam, window: Window, state: list[torch.Tensor]
) -> tuple[float, list[torch.Tensor]]:
    device = network.bias.device
    tokens = torch.from_numpy(window.tokens).to(device)
    projected, after, table = network(tokens[:-1], torch.from_numpy(window.phrases).to(device), state)
    targets = torch.where(tokens[1:] == START, NO_TARGET, tokens[1:])
    loss = network.nats(projected, table, targets) / int((targets != NO_TARGET).sum())
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    adam.step()
    adam.zero_grad()
    return loss.item() / math.log(2), [part.detach() for part in after]


def _validate_all(
    network: Network, progress: TrainingProgress, validation: dict[str, Documents], keys: NDArray[np.uint64]
) -> dict[str, float]:
    twin = Network(network.architecture).to(network.bias.device)
    twin.load_state_dict(progress.averaged)
    return {f"{name}_bits": round(validate(twin, documents, keys), 4) for name, documents in validation.items()}


@torch.no_grad()
def validate(network: Network, documents: Documents, keys: NDArray[np.uint64], columns: int = 16) -> float:
    """Return bits a token over the documents, laid side by side in `columns` streams."""
    network.eval()
    tokens = np.concatenate(documents)
    rows = np.concatenate([phrase_rows(document, keys) for document in documents])
    length = len(tokens) // columns
    device = network.bias.device
    grids = [
        torch.from_numpy(part[: length * columns].reshape(columns, length).T.copy()).to(device)
        for part in (tokens, rows)
    ]
    state, nats, count = network.zero_state(columns), 0.0, 0
    for at in range(0, length - 1, 256):
        window = grids[0][at : at + 257]
        projected, state, table = network(window[:-1], grids[1][at : at + len(window) - 1], state)
        targets = torch.where(window[1:] == START, NO_TARGET, window[1:])
        nats += float(network.nats(projected, table, targets))
        count += int((targets != NO_TARGET).sum())
    network.train()
    return nats / count / math.log(2)

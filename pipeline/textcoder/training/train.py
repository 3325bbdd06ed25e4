"""Train the network: seeded, logged, resumed from its checkpoint, done when the steps or the minutes are over."""

from __future__ import annotations

import json
import math
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed
import torch.multiprocessing
from numpy.typing import NDArray
from torch import Tensor, nn

from ..tokens import END, START
from .network import Network

WIDTH, HIDDEN = 320, 448
RANKS = 2  # processes of one thread each: they share nothing but the gradients, so a busy machine slows them little
BATCH, WINDOW = 48, 80  # of each process; 7,680 tokens a step in all
LEARNING_RATE = 3e-3
DROPOUT = 0.05
LINE_START_SHARE = 0.03  # so many lines start a conversation of their own: a lone line must be coded well too
LOSS_CHUNK = 2048  # logits of so many tokens are held at once
SAVE_EVERY_S = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train, and for how long."""

    build: Path
    """Folder of the tokens, the checkpoint and the log."""
    vocabulary: int
    steps: int
    """The schedule is over after so many steps..."""
    minutes: float
    """...or, where this is not 0, after so many minutes."""
    seed: int


class Streams:
    """Endless [WINDOW + 1, BATCH] windows over shuffled documents; a window starts where the one before ended."""

    def __init__(self, documents: list[NDArray[np.int64]], seed: int, skip: int = 0) -> None:
        self._documents = documents
        self._rng = np.random.default_rng(seed)
        self._queue: list[int] = []
        self._rest: list[NDArray[np.int64]] = [np.empty(0, np.int64) for _ in range(BATCH)]
        for _ in range(skip):
            self.next()

    def next(self) -> NDArray[np.int64]:
        """Return the next window."""
        columns = []
        for stream in range(BATCH):
            rest = self._rest[stream]
            while len(rest) < WINDOW + 1:
                rest = np.concatenate((rest, self._document()))
            columns.append(rest[: WINDOW + 1])
            self._rest[stream] = rest[WINDOW:]
        return np.stack(columns, axis=1)

    def _document(self) -> NDArray[np.int64]:
        if not self._queue:
            self._queue = self._rng.permutation(len(self._documents)).tolist()
        document = self._documents[self._queue.pop()]
        ends = np.flatnonzero(document == END)[:-1]
        cuts = ends[self._rng.random(len(ends)) < LINE_START_SHARE] + 1
        return np.insert(document, cuts, START)


def loss_of(network: Network, projected: Tensor, table: Tensor, targets: Tensor) -> Tensor:
    """Return the summed nats of the targets, `START` not counted."""
    total = torch.zeros(())
    flat, wanted = projected.flatten(0, 1), targets.flatten()
    wanted = torch.where(wanted == START, -100, wanted)
    for at in range(0, len(flat), LOSS_CHUNK):
        logits = network.logits(flat[at : at + LOSS_CHUNK], table)
        part = wanted[at : at + LOSS_CHUNK]
        total = total + nn.functional.cross_entropy(logits, part, reduction="sum", ignore_index=-100)
    return total


@torch.no_grad()
def validate(network: Network, documents: list[NDArray[np.int64]], columns: int = 16) -> float:
    """Return bits a token over the documents, laid side by side in `columns` streams."""
    network.eval()
    tokens = np.concatenate(documents)
    length = len(tokens) // columns
    grid = torch.from_numpy(tokens[: length * columns].reshape(columns, length).T.copy())
    state, nats, count = network.zero_state(columns), 0.0, 0
    for at in range(0, length - 1, 256):
        window = grid[at : at + 257]
        projected, state, table = network(window[:-1], state)
        nats += float(loss_of(network, projected, table, window[1:]))
        count += int((window[1:] != START).sum())
    network.train()
    return nats / count / math.log(2)


def rate_factor(progress: float) -> float:
    """Return what the learning rate is multiplied by: warm-up to 1 %, flat to 35 %, then down to nothing."""
    return min(1.0, (progress + 1e-4) / 0.01, max((1 - progress) / 0.65, 0.002))


def train(plan: Plan, training: Path, validation: Path) -> None:
    """Train to the end of the plan, or return at once where the checkpoint is there already."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    torch.multiprocessing.spawn(_train_rank, (plan, load_tokens(training), load_tokens(validation), port), RANKS)


def load_tokens(path: Path) -> list[NDArray[np.int64]]:
    """Return the tokens of each document that `save_tokens` wrote."""
    with np.load(path) as archive:
        tokens, lengths = archive["tokens"].astype(np.int64), archive["lengths"]
    return np.split(tokens, np.cumsum(lengths)[:-1])


def save_tokens(path: Path, documents: list[NDArray[np.uint16]]) -> None:
    """Write the tokens of each document."""
    np.savez(path, tokens=np.concatenate(documents), lengths=np.array([len(document) for document in documents]))


def _train_rank(
    rank: int, plan: Plan, training: list[NDArray[np.int64]], validation: list[NDArray[np.int64]], port: int
) -> None:
    """Train as one of the `RANKS` processes; the first of them logs, validates and saves."""
    torch.distributed.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=RANKS)
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    network = Network(plan.vocabulary, WIDTH, HIDDEN)
    network.dropout = DROPOUT
    adam = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.99), eps=1e-10)
    checkpoint = plan.build / "checkpoint.pt"
    spent, step = 0.0, 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        adam.load_state_dict(saved["adam"])
        spent, step = saved["spent"], saved["step"]
    torch.manual_seed(plan.seed * 1000 + step * RANKS + rank)
    streams = Streams(training, plan.seed * RANKS + rank, step)
    state = network.zero_state(BATCH)
    log = (plan.build / "train.log").open("a", encoding="utf-8")
    started, saved_at, running = time.monotonic() - spent, spent, math.nan

    def progress() -> float:
        return spent / (plan.minutes * 60) if plan.minutes else step / plan.steps

    def note(**values: float) -> None:
        print(json.dumps({"step": step, "spent_s": round(spent, 1), **values}), file=log, flush=True)

    def save() -> None:
        temporary = checkpoint.with_suffix(".tmp")
        parts = {"network": network.state_dict(), "adam": adam.state_dict(), "spent": spent, "step": step}
        torch.save(parts, temporary)
        os.replace(temporary, checkpoint)

    while progress() < 1:
        window = torch.from_numpy(streams.next())
        projected, state, table = network(window[:-1], state)
        state = [part.detach() for part in state]
        targets = window[1:]
        loss = loss_of(network, projected, table, targets) / int((targets != START).sum())
        loss.backward()
        _average_gradients(network)
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for group in adam.param_groups:
            group["lr"] = LEARNING_RATE * rate_factor(progress())
        adam.step()
        adam.zero_grad()
        step += 1
        spent = _agreed(time.monotonic() - started)
        running = loss.item() if math.isnan(running) else 0.98 * running + 0.02 * loss.item()
        if rank == 0 and step % 20 == 0:
            note(training_bits=round(running / math.log(2), 4), rate=round(rate_factor(progress()), 4))
        if spent - saved_at > SAVE_EVERY_S:
            saved_at = spent
            if rank == 0:
                save()
                # a third of the validation text: the other process waits meanwhile
                note(validation_third_bits=round(validate(network, validation[::3]), 4))
    if rank == 0:
        save()
        note(validation_bits=round(validate(network, validation), 4))


def _average_gradients(network: Network) -> None:
    """Replace the gradients of every process by their mean."""
    gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    torch.distributed.all_reduce(flat)
    flat /= RANKS
    for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def _agreed(seconds: float) -> float:
    """Return the clock of the first process, so that all follow one schedule."""
    clock = torch.tensor(seconds, dtype=torch.float64)
    torch.distributed.broadcast(clock, 0)
    return float(clock)

"""The training loop of three stages; each starts from the one before, and can be stopped and resumed at any time.

    teach    words, melody and durations from the teacher, in warped voices; the timbre from all speakers
    speak    real speakers in most of the pieces, no critic
    critic   the same, with a critic that keeps the envelopes from being too smooth

The learning rate rises, stays, falls with the root of the steps, and at last to nothing. The average of the weights
is exported.
"""

from __future__ import annotations

import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from .batches import AlignedRecording, Batch, Sampler, Speakers
from .checkpoint import TrainingState, tensors
from .critic import Critic, fool
from .losses import losses
from .network import LATENT, PREFIXES, AcousticNetwork, VoiceNetwork

Stage = Literal["teach", "speak", "critic"]
STAGES: tuple[Stage, ...] = ("teach", "speak", "critic")
TEACHER_SHARE = {"teach": 1.0, "speak": 0.35, "critic": 0.25}
"""Share of the teacher among the pieces with phones, if there are other aligned speakers."""

TIMBRE_STEP = 2 / 7
"""Quantization step of the timbre at 3 bits a number; training adds noise of that width."""
AVERAGING = 0.998
WARM_UP, FLAT = 300, 4000
COOLDOWN = 1000
"""Last steps of `critic`, in which the rate falls to nothing."""
RESTART = 100
"""Steps in which the rate rises after a start with a new optimizer."""
SAVE_EVERY_S = 180.0
LOG_EVERY = 20
VALIDATE_EVERY = 400
MARGIN, SCALE = 0.15, 16.0
"""Margin and scale of the softmax over all speakers (CosFace; Wang et al., 2018)."""
SPEAKER_WEIGHT = 0.03


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How to train a stage."""

    build: Path
    """Folder of checkpoints and logs; training resumes from a checkpoint there."""
    stage: Stage
    steps: int
    """Steps of the stage in all runs together."""
    batch: int = 16
    others: int = 16
    frames: int = 320
    reference: int = 256
    rate: float = 1e-3
    critic_rate: float = 4e-4
    critic_weight: float = 0.08
    keep_space: bool = False
    """Leave the voice network as it is, so that voices measured before go on meaning the same."""
    seed: int = 1


class VoiceModel(nn.Module):
    """Both networks, and the directions of the speakers, which only training needs."""

    def __init__(self, speakers: int) -> None:
        super().__init__()
        self.hearing = VoiceNetwork()
        self.speaking = AcousticNetwork()
        self.names = nn.Parameter(torch.randn(speakers, LATENT) * 0.1)
        """A direction for each speaker; the loss moves their voices toward it."""

    def forward(self, data: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return everything that the losses need; `data` holds the fields of a `Batch`."""
        count = len(data["tokens"])
        if self.keeps_space:
            with torch.no_grad():
                voices = {"heard": self.hearing(data["reference"][:count], data["reference_mask"][:count])}
        else:
            heard, again = self.hearing(data["reference"], data["reference_mask"]).chunk(2)
            voices = {"heard": heard, "again": again}
        heard = voices["heard"][:count]
        timbre = shortened(heard + (torch.rand_like(heard) - 0.5) * TIMBRE_STEP)
        return {**self.speaking(data, timbre, data["frame_mask"][:, ::2]), **voices, "condition": timbre}

    @property
    def keeps_space(self) -> bool:
        """Whether the voice network stays as it is."""
        return not self.names.requires_grad

    def keep_space(self) -> None:
        """Train the acoustic network alone from now on."""
        self.hearing.requires_grad_(False)
        self.names.requires_grad_(False)


def shortened(timbre: Tensor) -> Tensor:
    """Return `timbre` [B, LATENT] with only the first numbers of each row; their count is one of `PREFIXES` at random.

    By this nested dropout (Rippel et al., 2014), the first numbers become the most important ones.
    """
    kept = torch.tensor(PREFIXES, device=timbre.device)[
        torch.randint(len(PREFIXES), (len(timbre), 1), device=timbre.device)
    ]
    return torch.where(torch.arange(timbre.shape[1], device=timbre.device) < kept, timbre, 0)


def train(
    plan: TrainingPlan, speakers: Speakers, learned: list[AlignedRecording], held_out: list[AlignedRecording]
) -> Path:
    """Train one stage until its last step; return the path of its checkpoint."""
    torch.manual_seed(plan.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    path = plan.build / f"{plan.stage}.pt"
    run = start(plan, len(speakers.names), device)
    if path.exists():
        run.load(path, device)
    else:
        before = [plan.build / f"{stage}.pt" for stage in STAGES[: STAGES.index(plan.stage)]]
        for earlier in [one for one in before if one.exists()][-1:]:
            run.start_from(earlier, device)
    shares = TEACHER_SHARE[plan.stage]
    others = 0 if plan.keep_space else plan.others
    sampler = Sampler(speakers, learned, plan.batch, others, plan.frames, plan.reference, shares, plan.seed + run.step)
    judged = _fixed(speakers, held_out, plan)
    torch.manual_seed(plan.seed + run.step)
    begun = -RESTART if run.optimizer.state else run.step
    saved = time.monotonic()
    sums: dict[str, list[float]] = {}
    with open(plan.build / f"{plan.stage}.csv", "a", encoding="utf-8", newline="") as file:
        log = csv.writer(file)
        for batch in sampler.batches():
            if run.step >= plan.steps:
                break
            started = time.monotonic()
            for group in run.optimizer.param_groups:
                group["lr"] = plan.rate * rate_share(run.step, plan) * min((run.step - begun + 1) / RESTART, 1.0)
            for key, value in _step(run, tensors(batch, device), plan).items():
                sums.setdefault(key, []).append(value)
            run.spent_s += time.monotonic() - started
            if run.step % LOG_EVERY == 0:
                log.writerow(
                    [run.step, round(run.spent_s, 1), *(f"{k}={sum(v) / len(v):.4f}" for k, v in sums.items())]
                )
                sums = {}
            if run.step % VALIDATE_EVERY == 0 and judged:
                log.writerow(
                    [run.step, "held out", *(f"{k}={v:.4f}" for k, v in validate(run, judged, device).items())]
                )
            file.flush()
            if time.monotonic() - saved > SAVE_EVERY_S or run.step == plan.steps:
                run.save(path)
                saved = time.monotonic()
    return path


def start(plan: TrainingPlan, speakers: int, device: torch.device) -> TrainingState:
    """Return new networks with their optimizers."""
    voice, critic = VoiceModel(speakers).to(device), Critic().to(device)
    if plan.keep_space:
        voice.keep_space()
    return TrainingState.begin(voice, critic, plan.rate, plan.critic_rate, _average)


@torch.no_grad()
def _average(averages: list[Tensor], weights: list[Tensor], count: Tensor | int) -> None:
    """Move `averages` toward `weights`: the mean of all so far at first, then of the last 500 or so."""
    decay = min(AVERAGING, (1 + int(count)) / (10 + int(count)))
    torch._foreach_lerp_(averages, weights, 1 - decay)


def rate_share(step: int, plan: TrainingPlan) -> float:
    """Return the share of the peak learning rate."""
    cooled = min((plan.steps - step) / COOLDOWN, 1.0) if plan.stage == "critic" else 1.0
    return min((step + 1) / WARM_UP, 1.0, math.sqrt(FLAT / max(step, 1))) * cooled


def all_losses(voice: nn.Module, data: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the output of the networks for `data`, and each weighted loss."""
    with torch.autocast(data["tokens"].device.type, torch.bfloat16):
        out = voice(data)
    parts = losses(out, data)
    if "again" not in out:
        return out, parts
    both, names = torch.cat([out["heard"], out["again"]]).float(), data["name"].repeat(2)
    directions = voice.module.names if hasattr(voice, "module") else voice.names
    parts["speaker"] = SPEAKER_WEIGHT * _named(both[names >= 0], names[names >= 0], directions)
    return out, parts


def _named(heard: Tensor, names: Tensor, directions: Tensor) -> Tensor:
    """Return the cross-entropy of each voice among all speakers, with `MARGIN` against the right one.

    It is the mean for the first 20 numbers of the timbre and for all of them.
    """
    total = heard.new_zeros(())
    for kept in (20, LATENT):
        cosine = (
            nn.functional.normalize(heard[:, :kept], dim=1) @ nn.functional.normalize(directions[:, :kept], dim=1).T
        )
        margin = MARGIN * nn.functional.one_hot(names, len(directions))
        total = total + nn.functional.cross_entropy(SCALE * (cosine - margin), names)
    return total / 2


def _step(run: TrainingState, data: dict[str, Tensor], plan: TrainingPlan) -> dict[str, float]:
    """Train by one batch; return each loss."""
    out, parts = all_losses(run.voice, data)
    if plan.stage == "critic":
        count = len(data["tokens"])
        parts |= fool(run, out | {"again": out["condition"][:count]}, data, plan.critic_weight)
    return run.learn(parts)


def _fixed(speakers: Speakers, held_out: list[AlignedRecording], plan: TrainingPlan, batches: int = 3) -> list[Batch]:
    """Return a few batches of held-out recordings, always the same."""
    if not held_out:
        return []
    sampler = Sampler(speakers, held_out, plan.batch, plan.others, plan.frames, plan.reference, 0.5, seed=7)
    return [batch for batch, _ in zip(sampler.batches(), range(batches), strict=False)]


def validate(run: TrainingState, judged: list[Batch], device: torch.device) -> dict[str, float]:
    """Return the mean of each loss, with the averaged weights."""
    state = torch.random.get_rng_state()
    sums: dict[str, float] = {}
    with torch.inference_mode():
        for seed, batch in enumerate(judged):
            torch.manual_seed(seed)
            _, parts = all_losses(run.average, tensors(batch, device))
            for key, value in parts.items():
                sums[key] = sums.get(key, 0.0) + float(value) / len(judged)
    torch.random.set_rng_state(state)
    return sums


def write_compact(build: Path, out: Path, names: tuple[str, ...]) -> None:
    """Write a compact checkpoint to `out`: the weights of the latest stage in 16 bits, to resume from."""
    stage = latest(build)
    if stage is None:
        raise SystemExit(f"{build} has no checkpoint")
    path = build / f"{stage}.pt"
    state = torch.load(path, map_location="cpu", weights_only=True)
    weights = state["voice"]
    np.savez_compressed(
        out,
        stage=np.array(stage),
        step=np.array(state["step"]),
        speakers=np.array(names),
        **{f"voice.{name}": value.numpy().astype(np.float16) for name, value in weights.items()},
        **{f"critic.{name}": value.numpy().astype(np.float16) for name, value in state["critic"].items()},
    )


def latest(build: Path) -> Stage | None:
    """Return the latest stage with a checkpoint in the folder `build`."""
    return next((stage for stage in reversed(STAGES) if (build / f"{stage}.pt").exists()), None)


def read_compact(path: Path, build: Path, names: tuple[str, ...]) -> None:
    """Write a checkpoint to `build` from the compact one in `path`; new speakers get random directions."""
    with np.load(path, allow_pickle=False) as archive:
        kept = {
            name: archive[name].astype(np.float32) for name in archive.files if name.startswith(("voice.", "critic."))
        }
        before, step = [str(name) for name in archive["speakers"]], int(archive["step"])
        stage = next(stage for stage in STAGES if stage == str(archive["stage"]))
    run = start(TrainingPlan(build, stage, step), len(names), torch.device("cpu"))
    voice = {
        name.removeprefix("voice."): torch.from_numpy(value)
        for name, value in kept.items()
        if name.startswith("voice.")
    }
    directions = run.voice.state_dict()["names"].clone()
    for index, name in enumerate(names):
        if name in before:
            directions[index] = voice["names"][before.index(name)]
    voice["names"] = directions
    run.voice.load_state_dict(voice)
    run.average.module.load_state_dict(voice)
    run.critic.load_state_dict(
        {name.removeprefix("critic."): torch.from_numpy(v) for name, v in kept.items() if name.startswith("critic.")}
    )
    run.step = step
    run.save(build / f"{stage}.pt")

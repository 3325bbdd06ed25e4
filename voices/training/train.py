"""The training loop: regression first, then with a critic that keeps the envelopes from being too smooth."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ..spaces.trained_voice import BITS
from .checkpoint import TrainingState, tensors
from .examples import Example, Sampler
from .losses import losses
from .network import AcousticNetwork, Critic, VoiceNetwork

TIMBRE_STEP = 2 / (2**BITS - 1)
"""Quantization step of the timbre; training adds noise of that width."""
AVERAGING = 0.998
WARM_UP = 200
CRITIC_RATE_SHARE = 0.5
"""Share of the learning rate in the stage with the critic."""
CRITIC_FRAMES = 192
"""Frames of each piece that the critic gets."""
FEATURES_WEIGHT = 0.1
SAVE_EVERY_S = 120.0
LOG_EVERY = 50


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How to train."""

    build: Path
    """Folder of checkpoints and logs; training resumes from a checkpoint there."""
    minutes: float
    """Duration of the stage, all runs together."""
    batch: int = 16
    frames: int = 320
    reference: int = 256
    """Largest number of frames of speech for the voice network."""
    rate: float = 1.5e-3
    critic_rate: float = 4e-4
    critic_weight: float = 0.08
    duty: float = 1.0
    """Share of the time to compute; it sleeps in between."""
    seed: int = 1


class VoiceModel(nn.Module):
    """Both networks; they are trained and saved together."""

    def __init__(self) -> None:
        super().__init__()
        self.hearing = VoiceNetwork()
        self.speaking = AcousticNetwork()

    def forward(self, data: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return everything that the losses need; `data` holds the fields of a `Batch`."""
        heard, again = self.hearing(data["reference"], data["reference_mask"]).chunk(2)
        timbre = heard + (torch.rand_like(heard) - 0.5) * TIMBRE_STEP
        return {**self.speaking(data, timbre, data["frame_mask"]), "heard": heard, "again": again}


def train(plan: TrainingPlan, examples: list[Example], with_critic: bool) -> Path:
    """Train one stage until its time is over; return the path of its checkpoint."""
    torch.manual_seed(plan.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = "critic" if with_critic else "regression"
    path = plan.build / f"{name}.pt"
    run = _start(plan, device)
    if path.exists():
        run.load(path, device)
    elif with_critic:
        run.start_from(plan.build / "regression.pt", device)
    sampler = Sampler(examples, plan.batch, plan.frames, plan.reference, plan.seed + run.step)
    peak = plan.rate * (CRITIC_RATE_SHARE if with_critic else 1)
    saved_s = run.spent_s
    sums: dict[str, list[float]] = {}
    with open(plan.build / f"{name}.csv", "a", encoding="utf-8", newline="") as file:
        log = csv.writer(file)
        for batch in sampler.batches():
            started = time.monotonic()
            for group in run.optimizer.param_groups:
                group["lr"] = peak * _schedule(run.step, run.spent_s / (60 * plan.minutes))
            for key, value in _step(run, tensors(batch, device), plan.critic_weight if with_critic else None).items():
                sums.setdefault(key, []).append(value)
            if run.step % LOG_EVERY == 0:
                means = [f"{key}={sum(values) / len(values):.4f}" for key, values in sums.items()]
                log.writerow([run.step, round(run.spent_s, 1), *means])
                file.flush()
                sums = {}
            time.sleep((time.monotonic() - started) * (1 / plan.duty - 1))
            run.spent_s += time.monotonic() - started
            done = run.spent_s > 60 * plan.minutes
            if done or run.spent_s - saved_s > SAVE_EVERY_S:
                saved_s = run.spent_s
                run.save(path)
            if done:
                break
    return path


def _start(plan: TrainingPlan, device: torch.device) -> TrainingState:
    averaging = torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGING)
    return TrainingState.begin(VoiceModel().to(device), Critic().to(device), plan.rate, plan.critic_rate, averaging)


def _schedule(step: int, progress: float) -> float:
    """Return the share of the peak learning rate: up over the first steps, then down along a cosine to 2 %."""
    return min((step + 1) / WARM_UP, 1.0) * (0.02 + 0.49 * (1 + math.cos(math.pi * min(progress, 1.0))))


def _step(run: TrainingState, data: dict[str, Tensor], critic_weight: float | None) -> dict[str, float]:
    """Train by one batch; return each loss."""
    with torch.autocast(data["tokens"].device.type, torch.bfloat16):
        out = run.voice(data)
    parts = losses(out, data)
    if critic_weight is not None:
        parts |= fool(run, out, data, critic_weight)
    return run.learn(parts)


def fool(run: TrainingState, out: dict[str, Tensor], data: dict[str, Tensor], weight: float) -> dict[str, Tensor]:
    """Train the critic by one step; return the losses of the networks against it.

    Least squares (Mao et al., 2017) and the distance between the critic's features (Larsen et al., 2016).
    """
    critic = run.critic
    start = int(torch.randint(0, data["frame_mask"].shape[1] - CRITIC_FRAMES + 1, ()))
    part = slice(start, start + CRITIC_FRAMES)
    mask = data["frame_mask"][:, part]
    real, fake = data["envelope"][:, part] * mask, out["envelope"].float()[:, part] * mask
    whose = torch.cat([out["again"].detach().float(), data["prosody"]], dim=1)
    device = real.device.type
    with torch.autocast(device, torch.bfloat16):
        verdicts = critic(torch.cat([real, fake.detach()]), whose.repeat(2, 1))[-1]
    true, false = verdicts.float().chunk(2)
    caught = ((true - 1) ** 2).mean() + (false**2).mean()
    run.judge.zero_grad(set_to_none=True)
    caught.backward()
    run.judge.step()
    critic.requires_grad_(False)
    with torch.autocast(device, torch.bfloat16):
        *of_fake, verdict = critic(fake, whose)
        with torch.no_grad():
            *of_real, _ = critic(real, whose)
    critic.requires_grad_(True)
    passed = ((verdict.float() - 1) ** 2).mean()
    pairs = [(made.float(), measured.float()) for made, measured in zip(of_fake, of_real, strict=True)]
    features = torch.stack([(made - measured).abs().mean() / measured.abs().mean() for made, measured in pairs])
    return {"passed": weight * passed, "features": FEATURES_WEIGHT * features.mean(), "caught": caught.detach()}

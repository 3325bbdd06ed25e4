"""The training loop: stages that go on from one another, each resumable at any time.

    teach    words, melody and durations from the teacher in many stretched throats; who speaks from everybody
    speak    real speakers, half of each batch, without a critic
    critic   the same, with a critic that keeps the envelopes from being smooth

The learning rate rises, stays, and falls with the root of the steps; what is exported is the average of the weights.
"""

from __future__ import annotations

import csv
import math
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from ...spaces.trained_voice import PITCH_CENTER, PITCH_SCALE
from ..checkpoint import Run
from ..losses import losses
from ..network import Critic
from .data import Batch, Sampler, Speakers, Spoken
from .network import LATENT, PREFIXES, PROSODY, AcousticNetwork, VoiceNetwork

Stage = Literal["teach", "speak", "critic"]
STAGES: tuple[Stage, ...] = ("teach", "speak", "critic")
TEACHER_SHARE = {"teach": 1.0, "speak": 0.35, "critic": 0.25}
"""Of the pieces with phones, where real speakers are aligned."""

TIMBRE_STEP = 2 / 7
"""Width of a cell of each number of the timbre when it is sent in 3 bits; noise of that width is added."""
AVERAGING = 0.998
WARM_UP, FLAT = 300, 4000
RESTART = 100
"""Steps that the rate rises in where the optimizer starts anew."""
SAVE_EVERY_S = 180.0
LOG_EVERY = 20
VALIDATE_EVERY = 400
MARGIN, SCALE = 0.15, 16.0
"""Of the softmax over all speakers (CosFace; Wang et al., 2018)."""
SPEAKER_WEIGHT = 0.03


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How to train a stage."""

    build: Path
    """Folder of checkpoints and logs; what lies there is gone on with."""
    stage: Stage
    steps: int
    """Where the stage ends, all starts together."""
    batch: int = 16
    others: int = 16
    frames: int = 320
    reference: int = 256
    rate: float = 1e-3
    critic_rate: float = 4e-4
    critic_weight: float = 0.08
    seed: int = 1


class Voice(nn.Module):
    """Both networks, and what only training needs, saved together."""

    def __init__(self, speakers: int) -> None:
        super().__init__()
        self.hearing = VoiceNetwork()
        self.speaking = AcousticNetwork()
        self.names = nn.Parameter(torch.randn(speakers, LATENT) * 0.1)
        """A direction for each speaker, which their voices are drawn to."""

    def forward(self, data: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return everything that the losses need; `data` holds the fields of a `Batch`."""
        heard, again = self.hearing(data["reference"], data["reference_mask"]).chunk(2)
        count = len(data["tokens"])
        timbre = shortened(heard[:count] + (torch.rand_like(heard[:count]) - 0.5) * TIMBRE_STEP)
        mask = data["frame_mask"][:, ::2]
        speaking = self.speaking
        symbol, stress, position = data["tokens"].unbind(dim=2)
        x, durations, condition = speaking.encode(
            symbol, stress, position, data["token_mask"], torch.cat([timbre, data["prosody"]], 1)
        )
        x = speaking.pitch_deviation(x, data["index"], data["place"])
        # What the melody is learned from does not disturb what the sounds are learned from.
        melody = speaking.sing(x.detach(), mask, condition.detach())
        pitch = (data["log_pitch"] - PITCH_CENTER) / PITCH_SCALE
        envelope = speaking.decode(x, pitch, data["voiced"], mask, condition)
        return {
            "envelope": envelope, "melody": melody, "durations": durations,
            "heard": heard, "again": again, "condition": timbre,
        }  # fmt: skip


def shortened(timbre: Tensor) -> Tensor:
    """Return `timbre` [B, LATENT] with all but the first numbers of each row 0, as many as one of `PREFIXES` at random.

    Nested dropout (Rippel et al., 2014): the first numbers come to matter most.
    """
    kept = torch.tensor(PREFIXES, device=timbre.device)[
        torch.randint(len(PREFIXES), (len(timbre), 1), device=timbre.device)
    ]
    return torch.where(torch.arange(timbre.shape[1], device=timbre.device) < kept, timbre, 0)


def train(plan: TrainingPlan, speakers: Speakers, learned: list[Spoken], held_out: list[Spoken]) -> Path:
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
    sampler = Sampler(
        speakers, learned, plan.batch, plan.others, plan.frames, plan.reference, shares, plan.seed + run.step
    )
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
                group["lr"] = plan.rate * rate_share(run.step) * min((run.step - begun + 1) / RESTART, 1.0)
            for key, value in _step(run, _tensors(batch, device), plan).items():
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


def start(plan: TrainingPlan, speakers: int, device: torch.device) -> Run:
    """Return new networks with their optimizers."""
    voice, critic = Voice(speakers).to(device), Critic(condition=LATENT + PROSODY).to(device)
    return Run(
        voice,
        torch.optim.swa_utils.AveragedModel(voice, multi_avg_fn=_average),
        critic,
        torch.optim.AdamW(voice.parameters(), plan.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True),
        torch.optim.AdamW(critic.parameters(), plan.critic_rate, betas=(0.5, 0.9), fused=True),
    )


@torch.no_grad()
def _average(averages: list[Tensor], weights: list[Tensor], count: Tensor | int) -> None:
    """Move `averages` towards `weights`: the mean of all so far at first, then of the last 500 or so."""
    decay = min(AVERAGING, (1 + int(count)) / (10 + int(count)))
    torch._foreach_lerp_(averages, weights, 1 - decay)


def rate_share(step: int) -> float:
    """Return the share of the peak learning rate."""
    return min((step + 1) / WARM_UP, 1.0, math.sqrt(FLAT / max(step, 1)))


def _tensors(batch: Batch, device: torch.device) -> dict[str, Tensor]:
    return {field.name: torch.from_numpy(getattr(batch, field.name)).to(device) for field in fields(Batch)}


def all_losses(voice: nn.Module, data: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return what the networks make of `data`, and each weighted loss."""
    with torch.autocast(data["tokens"].device.type, torch.bfloat16):
        out = voice(data)
    parts = losses(out, data)
    both, names = torch.cat([out["heard"], out["again"]]).float(), data["name"].repeat(2)
    directions = voice.module.names if hasattr(voice, "module") else voice.names
    parts["speaker"] = SPEAKER_WEIGHT * _named(both[names >= 0], names[names >= 0], directions)
    return out, parts


def _named(heard: Tensor, names: Tensor, directions: Tensor) -> Tensor:
    """Return the cross-entropy of each voice among all speakers, the right one `MARGIN` harder to reach.

    The first 20 numbers alone have to do it as well as all of them.
    """
    total = heard.new_zeros(())
    for kept in (20, LATENT):
        cosine = (
            nn.functional.normalize(heard[:, :kept], dim=1) @ nn.functional.normalize(directions[:, :kept], dim=1).T
        )
        margin = MARGIN * nn.functional.one_hot(names, len(directions))
        total = total + nn.functional.cross_entropy(SCALE * (cosine - margin), names)
    return total / 2


def _step(run: Run, data: dict[str, Tensor], plan: TrainingPlan) -> dict[str, float]:
    """Train by one batch; return each loss."""
    out, parts = all_losses(run.voice, data)
    if plan.stage == "critic":
        from ..train import fool

        count = len(data["tokens"])
        parts |= fool(run, out | {"again": out["condition"][:count]}, data, plan.critic_weight)
    run.optimizer.zero_grad(set_to_none=True)
    torch.stack(list(parts.values())).sum().backward()
    nn.utils.clip_grad_norm_(run.voice.parameters(), 1.0)
    run.optimizer.step()
    run.average.update_parameters(run.voice)
    run.step += 1
    return {key: float(value.detach()) for key, value in parts.items()}


def _fixed(speakers: Speakers, held_out: list[Spoken], plan: TrainingPlan, batches: int = 3) -> list[Batch]:
    """Return the same few batches of what is held out, every time."""
    if not held_out:
        return []
    sampler = Sampler(speakers, held_out, plan.batch, plan.others, plan.frames, plan.reference, 0.5, seed=7)
    return [batch for batch, _ in zip(sampler.batches(), range(batches), strict=False)]


def validate(run: Run, judged: list[Batch], device: torch.device) -> dict[str, float]:
    """Return the mean of each loss of the averaged weights."""
    state = torch.random.get_rng_state()
    sums: dict[str, float] = {}
    with torch.inference_mode():
        for seed, batch in enumerate(judged):
            torch.manual_seed(seed)
            _, parts = all_losses(run.average, _tensors(batch, device))
            for key, value in parts.items():
                sums[key] = sums.get(key, 0.0) + float(value) / len(judged)
    torch.random.set_rng_state(state)
    return sums


def write_compact(build: Path, out: Path, names: tuple[str, ...]) -> None:
    """Write the weights of the latest stage in 16 bits to the file `out`: training can go on from it."""
    stage = latest(build)
    if stage is None:
        raise SystemExit(f"no stage was begun in {build}")
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
    """Return the last stage that was begun in the folder `build`."""
    return next((stage for stage in reversed(STAGES) if (build / f"{stage}.pt").exists()), None)


def read_compact(path: Path, build: Path, names: tuple[str, ...]) -> None:
    """Write the checkpoint of a stage to `build` from `write_compact`'s file; new speakers start anew."""
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

"""The training loop: regression first, then with a critic that keeps the envelopes from being smooth."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..trained_voice import PITCH_CENTRE, PITCH_SCALE, SPREAD_CENTRE, SPREAD_SCALE
from .examples import Batch, Example, Sampler
from .network import AcousticNetwork, Critic, VoiceNetwork

TIMBRE_STEP = 2 / 15
"""Width of a cell when each dimension of the timbre is sent in 4 bits; noise of that width is added in training."""
AVERAGING = 0.998
WARM_UP = 200
CRITIC_FRAMES = 192
"""How much of each piece the critic looks at."""
LOUD = 1.25
"""Frames down to so far below the loudest band of a piece, in units of `LEVEL_SCALE_DB`, carry the voice: 25 dB."""
SAVE_EVERY_S = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train."""

    build: Path
    """Folder of checkpoints and logs; what lies there is gone on with."""
    minutes: float
    """How long the regression lasts, and again so long with the critic."""
    batch: int = 24
    frames: int = 320
    reference: int = 256
    rate: float = 1.5e-3
    critic_rate: float = 4e-4
    critic_weight: float = 0.08
    duty: float = 1.0
    """Share of the time to work; the rest is left to others."""
    seed: int = 1


class Voice(nn.Module):
    """Both networks, as they are trained and saved together."""

    def __init__(self) -> None:
        super().__init__()
        self.hearing = VoiceNetwork()
        self.speaking = AcousticNetwork()


def to_tensors(batch: Batch, device: torch.device) -> dict[str, Tensor]:
    """Return the arrays of `batch` on `device`, by name."""
    return {field.name: torch.from_numpy(getattr(batch, field.name)).to(device) for field in fields(batch)}


def forward(voice: Voice, data: dict[str, Tensor], noise: bool) -> dict[str, Tensor]:
    """Return everything that the losses need."""
    heard = voice.hearing(data["reference"], data["reference_mask"])
    timbre, again = heard.chunk(2)
    if noise:
        timbre = timbre + (torch.rand_like(timbre) - 0.5) * TIMBRE_STEP
    speaking = voice.speaking
    tokens = data["tokens"]
    x, durations, condition = speaking.encode(
        tokens[:, :, 0], tokens[:, :, 1], tokens[:, :, 2], data["token_mask"], torch.cat([timbre, data["prosody"]], 1)
    )
    x = speaking.spread(x, data["index"], data["place"])
    mask = data["frame_mask"]
    melody = speaking.sing(x.detach(), mask, condition.detach())
    scaled = (data["log_pitch"] - PITCH_CENTRE) / PITCH_SCALE
    envelope = speaking.decode(x, scaled, data["voiced"], mask, condition)
    return {"envelope": envelope, "melody": melody, "durations": durations, "heard": heard[: len(again)], "again": again}


def losses(out: dict[str, Tensor], data: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return each loss as a scalar, weighted."""
    mask = data["frame_mask"]
    frames = mask.sum()
    envelope = out["envelope"].float()
    target = data["envelope"]
    distance = ((envelope - target).abs() * mask).sum() / (frames * target.shape[2])
    slope = ((envelope.diff(dim=1) - target.diff(dim=1)).abs() * mask[:, 1:]).sum() / (frames * target.shape[2])
    loud = mask * (target.amax(dim=2, keepdim=True) > target.amax(dim=(1, 2), keepdim=True) - LOUD)
    made_mean, made_deviation = _moments(envelope, loud)
    true_mean, true_deviation = _moments(target, loud)
    mean = data["prosody"][:, :1] * PITCH_SCALE + PITCH_CENTRE
    deviation = (data["prosody"][:, 1:2] * SPREAD_SCALE + SPREAD_CENTRE).clamp(min=0.05)
    sung = ((data["log_pitch"] - mean) / deviation).clamp(-3, 3)
    melody = out["melody"].float()
    sung_mask = mask * data["voiced"].unsqueeze(2)
    weight = mask.squeeze(2) * (0.1 + 0.9 * data["voiced"])
    pitch = ((melody[:, :, 0] - sung).abs() * weight).sum() / frames
    voicing = nn.functional.binary_cross_entropy_with_logits(melody[:, :, 1], data["voiced"], mask.squeeze(2))
    timing = ((out["durations"].float() - torch.log1p(data["durations"])).abs() * data["whole"]).sum()
    first, second = (nn.functional.normalize(out[name].float(), dim=1) for name in ("heard", "again"))
    alike = first @ second.T / 0.1
    same = data["speaker"][:, None] == data["speaker"][None, :]
    diagonal = torch.eye(len(same), dtype=torch.bool, device=same.device)
    alike = alike.masked_fill(same & ~diagonal, -30.0)
    identity = nn.functional.cross_entropy(alike, torch.arange(len(alike), device=alike.device))
    return {
        "envelope": distance,
        "slope": 0.5 * slope,
        "colour": 0.5 * (made_mean - true_mean).abs().mean(),
        "variance": 0.5 * (made_deviation - true_deviation).abs().mean(),
        "pitch": 0.2 * pitch,
        "liveliness": 0.05 * (_moments(melody[:, :, :1], sung_mask)[1] - _moments(sung.unsqueeze(2), sung_mask)[1]).abs().mean(),
        "voicing": 0.2 * voicing,
        "timing": 0.2 * timing / data["whole"].sum(),
        "identity": 0.03 * identity,
    }


def _moments(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation over time where `mask` is 1: [B, C] each."""
    count = mask.sum(dim=1).clamp(min=1)
    mean = (x * mask).sum(dim=1) / count
    return mean, (((x - mean.unsqueeze(1)) ** 2 * mask).sum(dim=1) / count + 1e-4).sqrt()


def train(plan: Plan, examples: list[Example], with_critic: bool) -> Path:
    """Train until the time is over; return the path of the checkpoint."""
    torch.manual_seed(plan.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    voice, critic = Voice().to(device), Critic().to(device)
    average = torch.optim.swa_utils.AveragedModel(
        voice, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGING)
    )
    optimizer = torch.optim.AdamW(voice.parameters(), plan.rate, betas=(0.9, 0.98), weight_decay=0.01)
    judge = torch.optim.AdamW(critic.parameters(), plan.critic_rate, betas=(0.5, 0.9))
    name = "critic" if with_critic else "regression"
    path = plan.build / f"{name}.pt"
    state: dict[str, Any] = {"step": 0, "spent_s": 0.0}
    if path.exists():
        state = torch.load(path, map_location=device, weights_only=True)
        optimizer.load_state_dict(state["optimizer"])
        judge.load_state_dict(state["judge"])
        critic.load_state_dict(state["critic"])
    elif with_critic:
        state |= {key: torch.load(plan.build / "regression.pt", map_location=device, weights_only=True)[key] for key in ("voice", "average")}
        state["voice"] = {key.removeprefix("module."): value for key, value in state["average"].items() if key != "n_averaged"}
    if "voice" in state:
        voice.load_state_dict(state["voice"])
        average.load_state_dict(state["average"])
    sampler = Sampler(examples, plan.batch, plan.frames, plan.reference, plan.seed + state["step"])
    step, spent_s, saved_s = int(state["step"]), float(state["spent_s"]), float(state["spent_s"])
    peak = plan.rate * (0.5 if with_critic else 1)
    sums: dict[str, float] = {}
    with open(plan.build / f"{name}.csv", "a", encoding="utf-8", newline="") as file:
        log = csv.writer(file)
        for batch in sampler.batches():
            started = time.monotonic()
            progress = min(spent_s / (60 * plan.minutes), 1.0)
            rate = peak * min((step + 1) / WARM_UP, 1.0) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            data = to_tensors(batch, device)
            with torch.autocast(device.type, torch.bfloat16):
                out = forward(voice, data, noise=True)
            parts = losses(out, data)
            if with_critic:
                parts |= _fool(critic, judge, out, data, plan.critic_weight)
            total = torch.stack(list(parts.values())).sum()
            optimizer.zero_grad(set_to_none=True)
            total.backward()
            nn.utils.clip_grad_norm_(voice.parameters(), 1.0)
            optimizer.step()
            average.update_parameters(voice)
            step += 1
            for key, value in parts.items():
                sums[key] = sums.get(key, 0.0) + float(value.detach())
            if step % 50 == 0:
                log.writerow([step, round(spent_s, 1), *(f"{key}={value / 50:.4f}" for key, value in sums.items())])
                file.flush()
                sums = {}
            took = time.monotonic() - started
            time.sleep(took * (1 / plan.duty - 1))
            spent_s += time.monotonic() - started
            done = spent_s > 60 * plan.minutes
            if done or spent_s - saved_s > SAVE_EVERY_S:
                saved_s = spent_s
                part = path.with_suffix(".part")
                torch.save(
                    {
                        "step": step, "spent_s": spent_s, "voice": voice.state_dict(), "average": average.state_dict(),
                        "critic": critic.state_dict(), "optimizer": optimizer.state_dict(), "judge": judge.state_dict(),
                    },
                    part,
                )  # fmt: skip
                part.rename(path)
            if done:
                break
    return path


def _fool(
    critic: Critic, judge: torch.optim.Optimizer, out: dict[str, Tensor], data: dict[str, Tensor], weight: float
) -> dict[str, Tensor]:
    """Train the critic by one step; return the losses of who wants to pass it (least squares, and its features)."""
    frames = data["frame_mask"].shape[1]
    start = int(torch.randint(0, frames - CRITIC_FRAMES + 1, ()))
    part = slice(start, start + CRITIC_FRAMES)
    mask = data["frame_mask"][:, part]
    real, fake = data["envelope"][:, part] * mask, out["envelope"].float()[:, part] * mask
    whose = torch.cat([out["again"].detach().float(), data["prosody"]], dim=1)
    device = real.device.type
    with torch.autocast(device, torch.bfloat16):
        true, false = (verdict.float() for verdict in critic(torch.cat([real, fake.detach()]), whose.repeat(2, 1))[-1].chunk(2))
    caught = ((true - 1) ** 2).mean() + (false**2).mean()
    judge.zero_grad(set_to_none=True)
    caught.backward()
    judge.step()
    critic.requires_grad_(False)
    with torch.autocast(device, torch.bfloat16):
        of_fake = critic(fake, whose)
        with torch.no_grad():
            of_real = critic(real, whose)
    critic.requires_grad_(True)
    passed = ((of_fake[-1].float() - 1) ** 2).mean()
    features = torch.stack(
        [(a.float() - b.float()).abs().mean() / b.float().abs().mean() for a, b in zip(of_fake[:-1], of_real[:-1], strict=True)]
    )
    return {"passed": weight * passed, "features": 0.1 * features.mean(), "caught": caught.detach()}

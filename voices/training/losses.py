"""Losses: the distance between the output of the networks and the measured features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..spaces.trained_voice import PITCH_CENTER, PITCH_DEVIATION_CENTER, PITCH_DEVIATION_SCALE, PITCH_SCALE

LOUD = 1.25
"""Frames within this distance of the loudest band of a piece count for the mean spectrum: 25 dB in `LEVEL_SCALE_DB`."""
WIDEST_PITCH = 3.0
"""Pitch is clipped to this distance from the mean, in standard deviations: beyond it, the measurement is wrong."""
CONTRAST = 0.1
"""Temperature of the softmax over speakers."""

WEIGHTS = {
    "envelope": 1.0,
    "slope": 0.5,
    "mean_spectrum": 0.5,
    "variance": 0.5,
    "pitch": 0.2,
    "pitch_variability": 0.05,
    "voicing": 0.2,
    "timing": 0.2,
    "identity": 0.03,
}


def losses(out: dict[str, Tensor], data: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return each loss as a scalar, weighted.

    Distances frame by frame make the output an average of all possible readings, which is too smooth. So mean and
    standard deviation over time count as well (`mean_spectrum`, `variance`, `pitch_variability`).
    """
    mask = data["frame_mask"]
    parts = {
        **_envelope(out["envelope"].float(), data["envelope"], mask),
        **_melody(out["melody"].float(), data, mask),
        "timing": _mean((out["durations"].float() - torch.log1p(data["durations"])).abs(), data["whole"]),
    }
    if "again" in out:
        parts["identity"] = _identity(out["heard"].float(), out["again"].float(), data["speaker"])
    return {name: WEIGHTS[name] * value for name, value in parts.items()}


def _envelope(made: Tensor, measured: Tensor, mask: Tensor) -> dict[str, Tensor]:
    bands = measured.shape[2]
    loud = mask * (measured.amax(dim=2, keepdim=True) > measured.amax(dim=(1, 2), keepdim=True) - LOUD)
    (made_mean, made_deviation), (true_mean, true_deviation) = _moments(made, loud), _moments(measured, loud)
    return {
        "envelope": _mean((made - measured).abs(), mask) / bands,
        "slope": _mean((made.diff(dim=1) - measured.diff(dim=1)).abs(), mask[:, 1:]) / bands,
        "mean_spectrum": (made_mean - true_mean).abs().mean(),
        "variance": (made_deviation - true_deviation).abs().mean(),
    }


def _melody(made: Tensor, data: dict[str, Tensor], mask: Tensor) -> dict[str, Tensor]:
    mean = data["prosody"][:, :1] * PITCH_SCALE + PITCH_CENTER
    deviation = (data["prosody"][:, 1:2] * PITCH_DEVIATION_SCALE + PITCH_DEVIATION_CENTER).clamp(min=0.05)
    measured = ((data["log_pitch"] - mean) / deviation).clamp(-WIDEST_PITCH, WIDEST_PITCH)
    voiced = mask * data["voiced"].unsqueeze(2)
    distance = (made[:, :, 0] - measured).abs() * (0.1 + 0.9 * data["voiced"])
    _, made_deviation = _moments(made[:, :, :1], voiced)
    _, true_deviation = _moments(measured.unsqueeze(2), voiced)
    return {
        "pitch": _mean(distance, mask.squeeze(2)),
        "pitch_variability": (made_deviation - true_deviation).abs().mean(),
        "voicing": nn.functional.binary_cross_entropy_with_logits(made[:, :, 1], data["voiced"], mask.squeeze(2)),
    }


def _identity(heard: Tensor, again: Tensor, speaker: Tensor) -> Tensor:
    """Return the cross-entropy of finding the second piece of each voice in the batch (InfoNCE, Oord et al., 2018)."""
    first, second = nn.functional.normalize(heard, dim=1), nn.functional.normalize(again, dim=1)
    alike = first @ second.T / CONTRAST
    twins = (speaker[:, None] == speaker[None, :]) & ~torch.eye(len(speaker), dtype=torch.bool, device=speaker.device)
    return nn.functional.cross_entropy(
        alike.masked_fill(twins, -30.0), torch.arange(len(speaker), device=speaker.device)
    )


def _mean(x: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of `x` where `mask` is 1."""
    return (x * mask).sum() / mask.sum().clamp(min=1)


def _moments(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation over time where `mask` is 1: [B, C] each."""
    count = mask.sum(dim=1).clamp(min=1)
    mean = (x * mask).sum(dim=1) / count
    return mean, (((x - mean.unsqueeze(1)) ** 2 * mask).sum(dim=1) / count + 1e-4).sqrt()

"""The critic: keeps the envelopes from being too smooth."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .checkpoint import TrainingState
from .network import LATENT, PROSODY

CRITIC_FRAMES = 192
"""Frames of each piece that the critic gets."""
FEATURES_WEIGHT = 0.1


class Critic(nn.Module):
    """Tells measured envelopes from synthetic ones, given the voice: two-dimensional convolutions."""

    def __init__(self, width: int = 24, condition: int = LATENT + PROSODY) -> None:
        super().__init__()
        normalize = nn.utils.parametrizations.spectral_norm
        self.first = normalize(nn.Conv2d(1, width, (3, 7), stride=(1, 2), padding=(1, 3)))
        self.second = normalize(nn.Conv2d(width, width, (5, 5), stride=(1, 2), padding=2))
        self.whose = nn.Linear(condition, width)
        self.third = normalize(nn.Conv2d(width, 2 * width, (5, 3), stride=(1, 2), padding=(2, 1)))
        self.fourth = normalize(nn.Conv2d(2 * width, 2 * width, (3, 3), padding=1))
        self.verdict = nn.Conv2d(2 * width, 1, 3, padding=1)

    def forward(self, envelope: Tensor, voice: Tensor) -> list[Tensor]:
        """Return the features of each layer and, last, the verdict.

        Args:
            envelope: [B, T, BANDS]; voice: [B, LATENT + PROSODY].
        """
        h = envelope.unsqueeze(1)
        features: list[Tensor] = []
        for layer in (self.first, self.second, self.third, self.fourth):
            h = nn.functional.leaky_relu(layer(h), 0.2)
            features.append(h)
            if layer is self.second:
                h = h * (1 + self.whose(voice)[:, :, None, None])
        return [*features, self.verdict(h)]


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

"""Dense convolutions over time, written as one matrix product over shifted copies.

CPU cores multiply matrices well, and depth-wise convolutions badly. The voice enters every block through the scale and
offset behind its normalization (as in FiLM, Perez et al., 2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def shifted(x: Tensor, reach: int) -> Tensor:
    """Return [B, T, 3 C]: each step beside those `reach` before and after; zeros beyond the ends."""
    padded = nn.functional.pad(x, (0, 0, reach, reach))
    length = x.shape[1]
    return torch.cat([padded[:, :length], x, padded[:, 2 * reach :]], dim=2)


class Block(nn.Module):
    """A gated convolution over three steps with a residual path."""

    def __init__(self, width: int, reach: int, condition: int) -> None:
        super().__init__()
        self.reach = reach
        self.norm = nn.LayerNorm(width, elementwise_affine=condition == 0)
        self.film = nn.Linear(condition, 2 * width) if condition else None
        self.mix = nn.Linear(3 * width, 2 * width)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        if self.film is not None:
            nn.init.zeros_(self.film.weight)
            nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return [B, T, width]; `mask` is [B, T, 1], 0 where a sequence has ended."""
        h = self.norm(x)
        if self.film is not None and condition is not None:
            scale, offset = self.film(condition).unsqueeze(1).chunk(2, dim=2)
            h = h * (1 + scale) + offset
        value, gate = self.mix(shifted(h * mask, self.reach)).chunk(2, dim=2)
        return x + self.out(value * nn.functional.silu(gate))


class Stack(nn.Module):
    """Blocks with reaches 1, 2, 4, 1, 2, 4 and so on."""

    def __init__(self, width: int, blocks: int, condition: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Block(width, 1 << (index % 3), condition) for index in range(blocks)])

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor | None = None) -> Tensor:
        """Return [B, T, width]."""
        for block in self.blocks:
            x = block(x, mask, condition)
        return x

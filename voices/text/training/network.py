"""Letters to phones in one pass: gated convolutions, two outputs for each letter, decoded as in CTC.

letters [N] -> embedding, twice each [2 N] -> 5 blocks -> phone or blank [2 N] -> repeats and blanks dropped
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..lexicon.arpabet import PHONES
from ..lexicon.unknown import REACHES, SLOTS, SYMBOLS

WIDTH = 96


class LettersNetwork(nn.Module):
    """Phones of a word from its letters."""

    def __init__(self, width: int = WIDTH, dropout: float = 0.05) -> None:
        super().__init__()
        self.letter = nn.Embedding(len(SYMBOLS) + 1, width, padding_idx=0)
        self.slot = nn.Parameter(torch.randn(SLOTS, width) * 0.5)
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in REACHES])
        self.mixes = nn.ModuleList([nn.Linear(3 * width, 2 * width) for _ in REACHES])
        self.outs = nn.ModuleList([nn.Linear(width, width) for _ in REACHES])
        self.last = nn.LayerNorm(width)
        self.phone = nn.Linear(width, len(PHONES) + 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, letters: Tensor) -> Tensor:
        """Return logits [B, SLOTS N, phones + 1], the last for a blank, of letters int64 [B, N], 0 beyond the end."""
        count, length = letters.shape
        x = (self.letter(letters).unsqueeze(2) + self.slot).reshape(count, SLOTS * length, -1)
        mask = (letters != 0).float().repeat_interleave(SLOTS, dim=1).unsqueeze(2)
        for reach, norm, mix, out in zip(REACHES, self.norms, self.mixes, self.outs, strict=True):
            h = nn.functional.pad(norm(x) * mask, (0, 0, reach, reach))
            steps = x.shape[1]
            h = torch.cat([h[:, :steps], h[:, reach : reach + steps], h[:, 2 * reach :]], dim=2)
            value, gate = mix(h).chunk(2, dim=2)
            x = x + self.dropout(out(value * nn.functional.silu(gate)))
        return self.phone(self.last(x))

"""The second networks: one hears who speaks, in numbers ordered by importance; one says phones in that voice.

    mel spectrum [T, 64] --> VoiceNetwork --> timbre [LATENT] in (-1, 1), the first ones matter most
    phones [N] + voice --> AcousticNetwork: durations [N], then for each frame pitch, voicing, envelope [64]

As the first networks: dense convolutions over time as matrix products, the voice in the scale and offset behind every
normalization. What is new: a step of the decoder is two frames, 20 ms, so that as much is computed in half the time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...acoustics.vocoder import BANDS
from ...text.lexicon.arpabet import INVENTORY
from ..network import Stack

LATENT = 128
"""Numbers that the voice network hears; a voice of a few bytes holds the first of them."""
PREFIXES = (12, 20, 37, 80, 128)
"""How many are kept, at random in training: 3 bits each and two bytes of pitch and speaking rate make 7 to 50 bytes."""
PROSODY = 3
CONDITION = 160
STRESSES, POSITIONS = 3, 5
PLACE = 4
"""Numbers that say where in its phone a frame lies, see `frame_positions`."""


class VoiceNetwork(nn.Module):
    """Who speaks, from a few seconds of the mel spectrum."""

    def __init__(self, width: int = 160, blocks: int = 5) -> None:
        super().__init__()
        self.enter = nn.Linear(2 * BANDS, width)
        self.stack = Stack(width, blocks, 0)
        self.attend = nn.Linear(width, 4)
        self.leave = nn.Sequential(nn.LayerNorm(8 * width), nn.Linear(8 * width, LATENT))

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        """Return the timbre, [B, LATENT] in (-1, 1).

        Args:
            mel: [B, T, BANDS], normalized, T even; mask: [B, T, 1], 1 where there is speech.
        """
        count, frames, bands = mel.shape
        h = self.enter(mel.reshape(count, frames // 2, 2 * bands))
        mask = mask[:, ::2]
        h = self.stack(h, mask)
        weights = torch.softmax(self.attend(h) + (mask - 1) * 1e4, dim=1)  # four heads
        mean = torch.einsum("bth,btc->bhc", weights, h)
        square = torch.einsum("bth,btc->bhc", weights, h * h)
        deviation = ((square - mean * mean).clamp(min=0) + 1e-5).sqrt()
        return torch.tanh(self.leave(torch.cat([mean, deviation], dim=2).reshape(count, -1)))


class AcousticNetwork(nn.Module):
    """What is said, in somebody's voice."""

    def __init__(self, encoder_width: int = 192, width: int = 320, encoder_blocks: int = 4, blocks: int = 6) -> None:
        super().__init__()
        self.symbol = nn.Embedding(len(INVENTORY), encoder_width)
        self.stress = nn.Embedding(STRESSES, encoder_width)
        self.position = nn.Embedding(POSITIONS, encoder_width)
        self.condition = nn.Sequential(
            nn.Linear(LATENT + PROSODY, CONDITION), nn.SiLU(), nn.Linear(CONDITION, CONDITION)
        )
        self.encoder = Stack(encoder_width, encoder_blocks, CONDITION)
        self.timing = Stack(encoder_width, 2, CONDITION)
        self.duration = nn.Linear(encoder_width, 1)
        self.step = nn.Linear(2 * (encoder_width + PLACE), encoder_width)
        self.melody = Stack(encoder_width, 3, CONDITION)
        self.pitch = nn.Linear(encoder_width, 4)
        self.enter = nn.Linear(encoder_width + 4, width)
        self.decoder = Stack(width, blocks, CONDITION)
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * BANDS))

    def encode(
        self, symbol: Tensor, stress: Tensor, position: Tensor, mask: Tensor, voice: Tensor
    ) -> tuple[Tensor, ...]:
        """Return the phones in context [B, N, encoder_width], log(1 + frames) of each [B, N], and the condition.

        Args:
            symbol, stress, position: int64 [B, N]; mask: [B, N, 1]; voice: [B, LATENT + PROSODY].
        """
        condition = self.condition(voice)
        x = self.symbol(symbol) + self.stress(stress) + self.position(position)
        x = self.encoder(x, mask, condition)
        # What durations are learned from does not disturb what the sounds are learned from.
        durations = self.duration(self.timing(x.detach(), mask, condition)).squeeze(2)
        return x, durations, condition

    def pitch_deviation(self, x: Tensor, index: Tensor, place: Tensor) -> Tensor:
        """Return the phones stretched to steps of two frames, [B, T / 2, encoder_width].

        Args:
            x: [B, N, encoder_width]; index: int64 [B, T], the phone of each frame; place: [B, T, PLACE].
        """
        count, frames = index.shape
        each = torch.gather(x, 1, index.unsqueeze(2).expand(-1, -1, x.shape[2]))
        return self.step(torch.cat([each, place], dim=2).reshape(count, frames // 2, -1))

    def sing(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return [B, T, 2]: log pitch, in the speaker's deviations from their mean, and the logit of voicing."""
        made = self.pitch(self.melody(x, mask, condition))
        return made.reshape(made.shape[0], -1, 2)

    def decode(self, x: Tensor, pitch: Tensor, voiced: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return the normalized envelope, [B, T, BANDS].

        Args:
            x: [B, T / 2, encoder_width]; pitch: [B, T], log Hz scaled, see `PITCH_CENTER`; voiced: [B, T] in [0, 1];
            mask: [B, T / 2, 1].
        """
        count, frames = pitch.shape
        sung = torch.stack([pitch, voiced], dim=2).reshape(count, frames // 2, 4)
        h = self.leave(self.decoder(self.enter(torch.cat([x, sung], dim=2)), mask, condition))
        return h.reshape(count, frames, BANDS)

"""The second networks: one measures a voice in numbers ordered by importance, the other one speaks phones in it.

    mel spectrum [T, 64] --> VoiceNetwork --> timbre [LATENT] in (-1, 1), the first ones matter most
    phones [N] + voice --> AcousticNetwork: durations [N], then for each frame pitch, voicing, envelope [64]

Like the first networks, these are dense convolutions over time, and the voice sets scale and offset behind every
normalization. Here a step of the decoder makes two frames, 20 ms: as large a network takes half the time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...acoustics.vocoder import BANDS
from ...text.lexicon.arpabet import INVENTORY
from ..network import PROSODY, STRESSES, PhoneNetwork, Stack

LATENT = 128
"""Numbers that the voice network measures; the bytes of a voice hold the first of them."""
PREFIXES = (12, 20, 37, 80, 128)
"""Training keeps one of these counts at random. With 3 bits each and 2 bytes of prosody, a voice has 7 to 50 bytes."""
CONDITION = 160
POSITIONS = 5
PLACE = 4
"""Numbers for the position of a frame in its phone, see `frame_positions`."""


class VoiceNetwork(nn.Module):
    """The timbre of a voice, from the mel spectrum of a few seconds of speech."""

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


class AcousticNetwork(PhoneNetwork):
    """Phones to envelopes in somebody's voice, one step for two frames."""

    def __init__(self, encoder_width: int = 192, width: int = 320, encoder_blocks: int = 4, blocks: int = 6) -> None:
        super().__init__(
            len(INVENTORY), STRESSES, POSITIONS, LATENT + PROSODY, CONDITION, encoder_width, encoder_blocks
        )
        self.step = nn.Linear(2 * (encoder_width + PLACE), encoder_width)
        self.melody = Stack(encoder_width, 3, CONDITION)
        self.pitch = nn.Linear(encoder_width, 4)
        self.enter = nn.Linear(encoder_width + 4, width)
        self.decoder = Stack(width, blocks, CONDITION)
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * BANDS))

    def to_frames(self, x: Tensor, index: Tensor, place: Tensor) -> Tensor:
        """Return [B, T / 2, encoder_width]: two frames are one step."""
        count, frames = index.shape
        each = torch.gather(x, 1, index.unsqueeze(2).expand(-1, -1, x.shape[2]))
        return self.step(torch.cat([each, place], dim=2).reshape(count, frames // 2, -1))

    def predict_pitch(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return log pitch and the logit of voicing, [B, T, 2]."""
        predicted = self.pitch(self.melody(x, mask, condition))
        return predicted.reshape(predicted.shape[0], -1, 2)

    def decode(self, x: Tensor, pitch: Tensor, voiced: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return the normalized envelope, [B, T, BANDS]; mask is [B, T / 2, 1]."""
        count, frames = pitch.shape
        melody = torch.stack([pitch, voiced], dim=2).reshape(count, frames // 2, 4)
        h = self.leave(self.decoder(self.enter(torch.cat([x, melody], dim=2)), mask, condition))
        return h.reshape(count, frames, BANDS)

"""The two networks: one measures a voice in numbers ordered by importance, the other one speaks phones in it.

    mel spectrum [T, 64] --> VoiceNetwork --> timbre [LATENT] in (-1, 1), the first ones matter most
    phones [N] + voice --> AcousticNetwork: durations [N], then for each frame pitch, voicing, envelope [64]

All layers are those of `blocks`. A step of the decoder makes two frames, 20 ms: as large a network takes half the time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..acoustics.vocoder import BANDS
from ..spaces.trained_voice import PITCH_CENTER, PITCH_SCALE
from ..text.lexicon.arpabet import INVENTORY
from ..trained.networks import LATENT
from .blocks import Stack

PROSODY = 3
"""Measured part of a voice: mean and standard deviation of log pitch, speaking rate; each scaled to about [-1, 1]."""
PREFIXES = (12, 20, 37, 80, 128)
"""Training keeps one of these counts at random. With 3 bits each and 2 bytes of prosody, a voice has 7 to 50 bytes."""
CONDITION = 160
STRESSES, POSITIONS = 3, 5
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


class AcousticNetwork(nn.Module):
    """Phones to envelopes in somebody's voice, one step for two frames."""

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
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the phones in context [B, N, encoder_width], log(1 + frames) of each [B, N], and the condition.

        Args:
            symbol, stress, position: int64 [B, N].
            mask: [B, N, 1].
            voice: [B, LATENT + PROSODY].
        """
        condition = self.condition(voice)
        x = self.symbol(symbol) + self.stress(stress) + self.position(position)
        x = self.encoder(x, mask, condition)
        # The loss of the durations does not change the encoder.
        durations = self.duration(self.timing(x.detach(), mask, condition)).squeeze(2)
        return x, durations, condition

    def to_frames(self, x: Tensor, index: Tensor, place: Tensor) -> Tensor:
        """Return the phones repeated for each of their frames, with the position in the phone; two frames are one step.

        Args:
            x: [B, N, encoder_width].
            index: int64 [B, T], the phone of each frame.
            place: [B, T, PLACE], see `frame_positions`.

        Returns:
            [B, T / 2, encoder_width].
        """
        count, frames = index.shape
        each = torch.gather(x, 1, index.unsqueeze(2).expand(-1, -1, x.shape[2]))
        return self.step(torch.cat([each, place], dim=2).reshape(count, frames // 2, -1))

    def predict_pitch(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return log pitch, in the speaker's deviations from their mean, and the logit of voicing: [B, T, 2]."""
        predicted = self.pitch(self.melody(x, mask, condition))
        return predicted.reshape(predicted.shape[0], -1, 2)

    def decode(self, x: Tensor, pitch: Tensor, voiced: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return the normalized envelope, [B, T, BANDS].

        Args:
            x: from `to_frames`.
            pitch: [B, T], log Hz scaled, see `PITCH_CENTER`.
            voiced: [B, T] in [0, 1].
            mask: [B, T / 2, 1], 1 where there are frames.
            condition: from `encode`.
        """
        count, frames = pitch.shape
        melody = torch.stack([pitch, voiced], dim=2).reshape(count, frames // 2, 4)
        h = self.leave(self.decoder(self.enter(torch.cat([x, melody], dim=2)), mask, condition))
        return h.reshape(count, frames, BANDS)

    def forward(self, data: dict[str, Tensor], timbre: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Return envelope, melody and durations, given the measured durations and pitch.

        Args:
            data: the fields of `Pieces`.
            timbre: [B, LATENT].
            mask: [B, T / 2, 1], 1 where there are frames.
        """
        symbol, stress, position = data["tokens"].unbind(dim=2)
        voice = torch.cat([timbre, data["prosody"]], 1)
        x, durations, condition = self.encode(symbol, stress, position, data["token_mask"], voice)
        x = self.to_frames(x, data["index"], data["place"])
        # The loss of the melody does not change the encoder.
        melody = self.predict_pitch(x.detach(), mask, condition.detach())
        pitch = (data["log_pitch"] - PITCH_CENTER) / PITCH_SCALE
        envelope = self.decode(x, pitch, data["voiced"], mask, condition)
        return {"envelope": envelope, "melody": melody, "durations": durations}

"""The two networks: one measures a voice, the other one speaks phones in it.

    mel spectrum [T, 64] --> VoiceNetwork --> timbre [20] in (-1, 1)
    phones [N] + voice --> AcousticNetwork: durations [N], then for each frame pitch, voicing, envelope [64]

All layers are dense convolutions over time, written as one matrix product over shifted copies: two CPU cores
multiply matrices well, and depth-wise convolutions badly. The voice enters every block through the scale and
offset behind its normalization (as in FiLM, Perez et al., 2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..acoustics.vocoder import BANDS
from ..spaces.trained_voice import PITCH_CENTER, PITCH_SCALE, TIMBRE
from ..text.pronunciation.phonemes import INVENTORY

PROSODY = 3
"""Measured part of a voice: mean and standard deviation of log pitch, speaking rate; each scaled to about [-1, 1]."""
CONDITION = 96
STRESSES, POSITIONS = 3, 4


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


class VoiceNetwork(nn.Module):
    """The timbre of a voice, from the mel spectrum of a few seconds of speech."""

    def __init__(self, width: int = 128, blocks: int = 3) -> None:
        super().__init__()
        self.enter = nn.Linear(BANDS, width)
        self.stack = Stack(width, blocks, 0)
        self.attend = nn.Linear(width, 1)
        self.leave = nn.Sequential(nn.LayerNorm(2 * width), nn.Linear(2 * width, TIMBRE))

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        """Return the timbre, [B, TIMBRE] in (-1, 1).

        Args:
            mel: [B, T, BANDS], normalized; `mask`: [B, T, 1], 1 where there is speech.
        """
        h = self.stack(self.enter(mel), mask)
        weights = torch.softmax(self.attend(h) + (mask - 1) * 1e4, dim=1)
        mean = (weights * h).sum(dim=1)
        deviation = ((weights * (h - mean.unsqueeze(1)) ** 2).sum(dim=1) + 1e-5).sqrt()
        return torch.tanh(self.leave(torch.cat([mean, deviation], dim=1)))


class PhoneNetwork(nn.Module):
    """An acoustic network of any generation: phones in context, and their durations.

    A generation adds the layers that make frames of the phones: `to_frames`, `predict_pitch` and `decode`.
    """

    def __init__(
        self, symbols: int, stresses: int, positions: int, voice: int, condition: int, width: int, blocks: int
    ) -> None:
        super().__init__()
        self.symbol = nn.Embedding(symbols, width)
        self.stress = nn.Embedding(stresses, width)
        self.position = nn.Embedding(positions, width)
        self.condition = nn.Sequential(nn.Linear(voice, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.encoder = Stack(width, blocks, condition)
        self.timing = Stack(width, 2, condition)
        self.duration = nn.Linear(width, 1)

    def encode(
        self, symbol: Tensor, stress: Tensor, position: Tensor, mask: Tensor, voice: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the phones in context [B, N, width], log(1 + frames) of each [B, N], and the condition.

        Args:
            symbol, stress, position: int64 [B, N].
            mask: [B, N, 1].
            voice: [B, timbre and prosody].
        """
        condition = self.condition(voice)
        x = self.symbol(symbol) + self.stress(stress) + self.position(position)
        x = self.encoder(x, mask, condition)
        # The loss of the durations does not change the encoder.
        durations = self.duration(self.timing(x.detach(), mask, condition)).squeeze(2)
        return x, durations, condition

    def to_frames(self, x: Tensor, index: Tensor, place: Tensor) -> Tensor:
        """Return the phones repeated for each of their frames, with the position in the phone.

        Args:
            x: [B, N, width].
            index: int64 [B, T], the phone of each frame.
            place: [B, T, 4], see `frame_positions`.
        """
        raise NotImplementedError

    def predict_pitch(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return [B, T, 2]: log pitch, in the speaker's deviations from their mean, and the logit of voicing."""
        raise NotImplementedError

    def decode(self, x: Tensor, pitch: Tensor, voiced: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return the normalized envelope, [B, T, BANDS].

        Args:
            x: from `to_frames`.
            pitch: [B, T], log Hz scaled, see `PITCH_CENTER`.
            voiced: [B, T] in [0, 1].
            mask: 1 where there are frames.
            condition: from `encode`.
        """
        raise NotImplementedError

    def forward(self, data: dict[str, Tensor], timbre: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Return envelope, melody and durations, given the measured durations and pitch.

        Args:
            data: the fields of `Pieces`.
            timbre: [B, timbre].
            mask: as `decode` takes it.
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


class AcousticNetwork(PhoneNetwork):
    """Phones to envelopes in somebody's voice, one step for each frame."""

    def __init__(self, encoder_width: int = 160, width: int = 224, encoder_blocks: int = 4, blocks: int = 6) -> None:
        super().__init__(
            len(INVENTORY), STRESSES, POSITIONS, TIMBRE + PROSODY, CONDITION, encoder_width, encoder_blocks
        )
        self.place = nn.Linear(4, encoder_width)
        self.melody = Stack(encoder_width, 2, CONDITION)
        self.pitch = nn.Linear(encoder_width, 2)
        self.enter = nn.Linear(encoder_width + 2, width)
        self.decoder = Stack(width, blocks, CONDITION)
        self.envelope = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, BANDS))

    def to_frames(self, x: Tensor, index: Tensor, place: Tensor) -> Tensor:
        """Return [B, T, encoder_width]."""
        return torch.gather(x, 1, index.unsqueeze(2).expand(-1, -1, x.shape[2])) + self.place(place)

    def predict_pitch(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return log pitch and the logit of voicing, [B, T, 2]."""
        return self.pitch(self.melody(x, mask, condition))

    def decode(self, x: Tensor, pitch: Tensor, voiced: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """Return the normalized envelope, [B, T, BANDS]."""
        h = self.enter(torch.cat([x, pitch.unsqueeze(2), voiced.unsqueeze(2)], dim=2))
        return self.envelope(self.decoder(h, mask, condition))


class Critic(nn.Module):
    """Tells measured envelopes from synthetic ones, given the voice: two-dimensional convolutions."""

    def __init__(self, width: int = 24, condition: int = TIMBRE + PROSODY) -> None:
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
            envelope: [B, T, BANDS]; voice: [B, TIMBRE + PROSODY].
        """
        h = envelope.unsqueeze(1)
        features: list[Tensor] = []
        for layer in (self.first, self.second, self.third, self.fourth):
            h = nn.functional.leaky_relu(layer(h), 0.2)
            features.append(h)
            if layer is self.second:
                h = h * (1 + self.whose(voice)[:, :, None, None])
        return [*features, self.verdict(h)]

"""Training examples: recordings as phones with durations and normalized frames, and batches of pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..acoustics.melspectrum import scale_level, speech_frames
from ..acoustics.vocoder import BANDS, band_frequencies, hz_to_mel, linear_interpolation
from ..spaces.trained_voice import PITCH_SCALE
from ..text.pronunciation.phonemes import phoneme_groups
from ..trained.phone_tokens import PAUSE, pause_token, word_tokens
from .pieces import (
    Floats,
    Integers,
    Pieces,
    draw_piece,
    empty_pieces,
    measure_prosody,
    tokens_with_durations,
    without_end_silence,
)
from .recordings import CorpusRecording, Span


@dataclass(frozen=True, slots=True)
class Example:
    """One recording as the networks take it. N phones, T frames; the sum of the durations is T."""

    speaker: int
    tokens: Integers
    """int64 [N, 3]: symbol, stress, position in the word."""
    durations: Integers
    """int64 [N], in frames."""
    envelope: Floats
    """float32 [T, BANDS], normalized."""
    log_pitch: Floats
    """float32 [T], natural logarithm of Hz."""
    voiced: Floats
    """float32 [T], 0 or 1."""
    mel: Floats
    """float32 [T', BANDS], normalized, without silence."""
    prosody: Floats
    """float32 [3]: scaled mean and standard deviation of log pitch, scaled speaking rate."""


def example(recording: CorpusRecording, spans: list[Span], features: Path, speaker: int) -> Example:
    """Return the training example of an aligned recording."""
    groups = phoneme_groups(recording.transcript)
    tokens, lengths = tokens_with_durations(groups, spans, pause_token, word_tokens)
    pause = np.array([token[2] == PAUSE for token in tokens])
    durations, frames = without_end_silence(np.array(lengths, np.int64), pause)
    with np.load(features / f"{recording.key}.npz") as archive:
        names = ("envelope_db", "pitch_hz", "voiced", "mel_db")
        envelope, pitch, voiced, mel = (archive[name][frames] for name in names)
    log_pitch = np.log(pitch)
    return Example(
        speaker=speaker,
        tokens=np.array(tokens, np.int64),
        durations=durations,
        envelope=scale_level(envelope),
        log_pitch=log_pitch.astype(np.float32),
        voiced=voiced.astype(np.float32),
        mel=speech_frames(mel.astype(np.float32)),
        prosody=measure_prosody(log_pitch, voiced, durations, pause),
    )


@dataclass(frozen=True, slots=True)
class Batch(Pieces):
    """Pieces with phones, and speech of the same speakers for the voice network."""

    reference: Floats
    """float32 [2 B, R, BANDS]: mel spectra of each speaker, mostly of other words; then once more, of others again."""
    reference_mask: Floats
    """float32 [2 B, R, 1]."""
    speaker: Integers
    """int64 [B]."""


def warp_matrix(factor: float) -> Floats:
    """Return the float32 [BANDS, BANDS] that multiplies all frequencies of an envelope by `factor`."""
    sources = hz_to_mel(band_frequencies() / factor)
    return linear_interpolation(sources, hz_to_mel(band_frequencies())).astype(np.float32)


WARPS = tuple(float(factor) for factor in np.exp(np.linspace(-0.12, 0.12, 9)))


class Sampler:
    """Draws batches. A speaker is drawn by the root of their minutes, so that those with few minutes count."""

    def __init__(self, examples: list[Example], batch: int, frames: int, reference: int, seed: int) -> None:
        self.examples, self.batch, self.frames, self.reference = examples, batch, frames, reference
        self.random = np.random.default_rng(seed)
        seconds: dict[int, float] = {}
        for item in examples:
            seconds[item.speaker] = seconds.get(item.speaker, 0) + len(item.envelope) / 100
        weights = np.array([len(item.envelope) / 100 / seconds[item.speaker] ** 0.5 for item in examples])
        self.weights = weights / weights.sum()
        self.by_speaker = {speaker: [item for item in examples if item.speaker == speaker] for speaker in seconds}
        self.warps = [warp_matrix(factor) for factor in WARPS]

    def batches(self) -> Iterator[Batch]:
        """Yield batches without end."""
        while True:
            chosen = self.random.choice(len(self.examples), self.batch, p=self.weights)
            yield self._collate([self.examples[index] for index in chosen])

    def _collate(self, items: list[Example]) -> Batch:
        pieces = [draw_piece(item.tokens, item.durations, self.frames, self.random) for item in items]
        count = len(items)
        out = Batch(
            **empty_pieces(pieces, self.frames),
            prosody=np.stack([item.prosody for item in items]),
            reference=np.zeros((2 * count, self.reference, BANDS), np.float32),
            reference_mask=np.zeros((2 * count, self.reference, 1), np.float32),
            speaker=np.array([item.speaker for item in items], np.int64),
        )
        for row, (item, piece) in enumerate(zip(items, pieces, strict=True)):
            frames = out.place_phones(row, piece)
            choice = int(self.random.integers(len(WARPS))) if self.random.random() < 0.6 else len(WARPS) // 2
            part = slice(piece.start, piece.start + frames.stop)
            out.envelope[row, frames] = item.envelope[part] @ self.warps[choice]
            out.log_pitch[row, frames] = item.log_pitch[part] + np.log(WARPS[choice])
            out.voiced[row, frames] = item.voiced[part]
            out.prosody[row, 0] += np.log(WARPS[choice]) / PITCH_SCALE
            for second in (row, count + row):
                heard = self._reference(item)
                out.reference[second, : len(heard)] = heard @ self.warps[choice]
                out.reference_mask[second, : len(heard)] = 1
        return out

    def _reference(self, item: Example) -> Floats:
        """Return up to `reference` frames of the speaker, from other recordings if there are any."""
        others = [other for other in self.by_speaker[item.speaker] if other is not item] or [item]
        parts: list[Floats] = []
        room = int(self.random.integers(self.reference // 2, self.reference + 1))
        while room > 0 and len(parts) < 3:
            mel = others[int(self.random.integers(len(others)))].mel
            size = min(room, len(mel), self.reference)
            offset = int(self.random.integers(len(mel) - size + 1))
            parts.append(mel[offset : offset + size])
            room -= size
        return np.concatenate(parts)

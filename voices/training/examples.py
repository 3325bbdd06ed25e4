"""Recordings as the network sees them: phones with durations, normalized frames, pieces of equal length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..acoustics.melspectrum import scale_level, speech_frames
from ..acoustics.vocoder import BANDS, band_frequencies, hz_to_mel, linear_interpolation
from ..spaces.trained_voice import PITCH_SCALE, scaled_prosody
from ..text.pronunciation.phonemes import phoneme_groups
from ..trained.networks import frame_positions
from ..trained.phone_tokens import PAUSE, Token, pause_token, word_tokens
from .recordings import Recording, Span

END_SILENCE = 6
"""Frames of silence that stay at the ends."""


@dataclass(frozen=True, slots=True)
class Example:
    """One recording, ready to learn from. N phones, T frames; the durations sum to T."""

    speaker: int
    tokens: npt.NDArray[np.int64]
    """int64 [N, 3]: symbol, stress, position in the word."""
    durations: npt.NDArray[np.int64]
    """int64 [N], in frames."""
    envelope: npt.NDArray[np.float32]
    """float32 [T, BANDS], normalized."""
    log_pitch: npt.NDArray[np.float32]
    """float32 [T], natural logarithm of Hz."""
    voiced: npt.NDArray[np.float32]
    """float32 [T], 0 or 1."""
    mel: npt.NDArray[np.float32]
    """float32 [T', BANDS], normalized, where there is sound."""
    prosody: npt.NDArray[np.float32]
    """float32 [3]: scaled mean and standard deviation of log pitch, scaled speaking rate."""


def example(recording: Recording, spans: list[Span], features: Path, speaker: int) -> Example:
    """Return what is learned from one recording."""
    groups = phoneme_groups(recording.transcript)
    tokens: list[Token] = []
    durations: list[int] = []
    expected = 0  # the next group
    for number, span in enumerate(spans):
        if span.group >= 0:
            for group in groups[expected : span.group]:  # marks at which nobody paused
                tokens.append(pause_token(group.phones[0].symbol))
                durations.append(0)
            tokens += word_tokens(groups[span.group].phones)
            durations += span.durations
            expected = span.group + 1
            continue
        at_end = number in (0, len(spans) - 1)
        mark = "." if at_end else ","
        if not at_end and expected < len(groups) and groups[expected].is_pause:
            mark = groups[expected].phones[0].symbol
            expected += 1
        if number == len(spans) - 1 and groups[-1].is_pause:
            mark = groups[-1].phones[0].symbol
        tokens.append(pause_token(mark))
        durations += span.durations
    with np.load(features / f"{recording.key}.npz") as archive:
        envelope, pitch, voiced, mel = (archive[name] for name in ("envelope_db", "pitch_hz", "voiced", "mel_db"))
    start, stop = 0, sum(durations)
    if tokens[0][2] == PAUSE:
        start = max(durations[0] - END_SILENCE, 0)
        durations[0] -= start
    if tokens[-1][2] == PAUSE:
        cut = max(durations[-1] - END_SILENCE, 0)
        stop -= cut
        durations[-1] -= cut
    frames = slice(start, stop)
    log_pitch = np.log(pitch[frames])
    spoken_frames = [d for d, token in zip(durations, tokens, strict=True) if token[2] != PAUSE]
    sung = log_pitch[voiced[frames]] if voiced[frames].sum() > 10 else np.log(np.array([140.0, 150.0]))
    prosody = scaled_prosody(
        float(np.mean(sung)), float(np.std(sung)), 100 * len(spoken_frames) / max(sum(spoken_frames), 1)
    )
    return Example(
        speaker=speaker,
        tokens=np.array(tokens, np.int64),
        durations=np.array(durations, np.int64),
        envelope=scale_level(envelope[frames]),
        log_pitch=log_pitch.astype(np.float32),
        voiced=voiced[frames].astype(np.float32),
        mel=speech_frames(mel[frames].astype(np.float32)),
        prosody=np.array(prosody, np.float32),
    )


@dataclass(frozen=True, slots=True)
class Batch:
    """Pieces of `B` recordings, T frames each; N phones at the most."""

    tokens: npt.NDArray[np.int64]
    """int64 [B, N, 3]."""
    token_mask: npt.NDArray[np.float32]
    """float32 [B, N, 1]."""
    durations: npt.NDArray[np.float32]
    """float32 [B, N], frames; what is cut off is not."""
    whole: npt.NDArray[np.float32]
    """float32 [B, N]: 1 where a phone's duration is not cut."""
    index: npt.NDArray[np.int64]
    """int64 [B, T]: the phone of each frame."""
    place: npt.NDArray[np.float32]
    """float32 [B, T, 4], see `frame_positions`."""
    frame_mask: npt.NDArray[np.float32]
    """float32 [B, T, 1]."""
    envelope: npt.NDArray[np.float32]
    log_pitch: npt.NDArray[np.float32]
    voiced: npt.NDArray[np.float32]
    prosody: npt.NDArray[np.float32]
    reference: npt.NDArray[np.float32]
    """float32 [2 B, R, BANDS]: the mel spectrum of the same speakers, mostly of other words; then once more, others."""
    reference_mask: npt.NDArray[np.float32]
    speaker: npt.NDArray[np.int64]


def warp_matrix(factor: float) -> npt.NDArray[np.float32]:
    """Return float32 [BANDS, BANDS]: an envelope times it has its frequencies stretched by `factor`."""
    sources = hz_to_mel(band_frequencies() / factor)
    return linear_interpolation(sources, hz_to_mel(band_frequencies())).astype(np.float32)


WARPS = tuple(float(factor) for factor in np.exp(np.linspace(-0.12, 0.12, 9)))


class Sampler:
    """Draws batches: speakers by the root of their share, so that the many short ones count."""

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
        pieces = [self._piece(item) for item in items]
        longest = max(len(piece[0]) for piece in pieces)
        count, frames = len(items), self.frames
        out = Batch(
            tokens=np.zeros((count, longest, 3), np.int64),
            token_mask=np.zeros((count, longest, 1), np.float32),
            durations=np.zeros((count, longest), np.float32),
            whole=np.zeros((count, longest), np.float32),
            index=np.zeros((count, frames), np.int64),
            place=np.zeros((count, frames, 4), np.float32),
            frame_mask=np.zeros((count, frames, 1), np.float32),
            envelope=np.zeros((count, frames, BANDS), np.float32),
            log_pitch=np.full((count, frames), 5.0, np.float32),
            voiced=np.zeros((count, frames), np.float32),
            prosody=np.stack([item.prosody for item in items]),
            reference=np.zeros((2 * count, self.reference, BANDS), np.float32),
            reference_mask=np.zeros((2 * count, self.reference, 1), np.float32),
            speaker=np.array([item.speaker for item in items], np.int64),
        )
        for row, (item, (tokens, durations, start, whole)) in enumerate(zip(items, pieces, strict=True)):
            total = int(durations.sum())
            n = len(tokens)
            out.tokens[row, :n], out.token_mask[row, :n] = tokens, 1
            out.durations[row, :n], out.whole[row, :n] = durations, whole
            out.index[row, :total] = np.repeat(np.arange(n), durations)
            out.place[row, :total] = frame_positions(durations)
            out.frame_mask[row, :total] = 1
            choice = int(self.random.integers(len(WARPS))) if self.random.random() < 0.6 else len(WARPS) // 2
            part = slice(start, start + total)
            out.envelope[row, :total] = item.envelope[part] @ self.warps[choice]
            out.log_pitch[row, :total] = item.log_pitch[part] + np.log(WARPS[choice])
            out.voiced[row, :total] = item.voiced[part]
            out.prosody[row, 0] += np.log(WARPS[choice]) / PITCH_SCALE
            for second in (row, count + row):
                heard = self._reference(item)
                out.reference[second, : len(heard)] = heard @ self.warps[choice]
                out.reference_mask[second, : len(heard)] = 1
        return out

    def _piece(
        self, item: Example
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int, npt.NDArray[np.float32]]:
        """Return tokens, durations, first frame and whether each duration is whole, of up to `frames` frames."""
        ends = np.cumsum(item.durations)
        total = int(ends[-1])
        first = 0
        if total > self.frames:
            latest = int(np.searchsorted(ends, total - self.frames, side="right"))
            first = int(self.random.integers(0, latest + 1))
        start = int(ends[first] - item.durations[first])
        last = min(int(np.searchsorted(ends, start + self.frames)), len(ends) - 1)
        durations = item.durations[first : last + 1].copy()
        whole = np.ones(len(durations), np.float32)
        excess = int(durations.sum()) - self.frames
        if excess > 0:
            durations[-1] -= excess
            whole[-1] = 0
        return item.tokens[first : last + 1], durations, start, whole

    def _reference(self, item: Example) -> npt.NDArray[np.float32]:
        """Return up to `reference` frames of the speaker, from another recording where there is one."""
        others = [other for other in self.by_speaker[item.speaker] if other is not item] or [item]
        parts: list[npt.NDArray[np.float32]] = []
        room = int(self.random.integers(self.reference // 2, self.reference + 1))
        while room > 0 and len(parts) < 3:
            mel = others[int(self.random.integers(len(others)))].mel
            size = min(room, len(mel), self.reference)
            offset = int(self.random.integers(len(mel) - size + 1))
            parts.append(mel[offset : offset + size])
            room -= size
        return np.concatenate(parts)

"""Aligned recordings as phones with durations, and pieces of equal length cut from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..acoustics.vocoder import BANDS
from ..spaces.trained_voice import scaled_prosody
from ..trained.networks import frame_positions

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

END_SILENCE = 6
"""Frames of silence that stay at the ends."""
LEAST_VOICED = 10
"""Fewer voiced frames say nothing about the pitch."""
UNKNOWN_PITCH_HZ = (140.0, 150.0)
"""Stands for the pitch of a recording with fewer voiced frames."""


def without_end_silence(durations: Integers, pause: npt.NDArray[np.bool_]) -> tuple[Integers, slice]:
    """Return the durations with at most `END_SILENCE` frames of silence at either end, and the frames that stay.

    Args:
        durations: int64 [N], in frames.
        pause: bool [N]: which tokens are pauses.
    """
    durations = durations.copy()
    start, stop = 0, int(durations.sum())
    if pause[0]:
        start = max(int(durations[0]) - END_SILENCE, 0)
        durations[0] -= start
    if pause[-1]:
        cut = max(int(durations[-1]) - END_SILENCE, 0)
        stop -= cut
        durations[-1] -= cut
    return durations, slice(start, stop)


def measure_prosody(
    log_pitch: Floats, voiced: npt.NDArray[Any], durations: Integers, pause: npt.NDArray[np.bool_]
) -> Floats:
    """Return mean and standard deviation of log pitch and the speaking rate, each scaled: float32 [3].

    Args:
        log_pitch: float32 [T], natural logarithm of Hz.
        voiced: bool [T].
        durations: int64 [N], in frames.
        pause: bool [N]: which tokens are pauses.
    """
    known = log_pitch[voiced] if voiced.sum() > LEAST_VOICED else np.log(np.array(UNKNOWN_PITCH_HZ))
    phones, frames = int((~pause).sum()), int(durations[~pause].sum())
    prosody = scaled_prosody(float(np.mean(known)), float(np.std(known)), 100 * phones / max(frames, 1))
    return np.array(prosody, np.float32)


@dataclass(frozen=True, slots=True)
class TrainingPiece:
    """Part of a recording, from the start of a phone. N phones."""

    tokens: Integers
    """int64 [N, 3]."""
    durations: Integers
    """int64 [N], in frames; the last one may be cut."""
    start: int
    """First frame."""
    whole: Floats
    """float32 [N]: 1 where a duration is not cut."""


def draw_piece(tokens: Integers, durations: Integers, frames: int, random: np.random.Generator) -> TrainingPiece:
    """Return a piece of up to `frames` frames that starts at a random phone."""
    ends = np.cumsum(durations)
    total = int(ends[-1])
    first = 0
    if total > frames:
        latest = int(np.searchsorted(ends, total - frames, side="right"))
        first = int(random.integers(0, latest + 1))
    start = int(ends[first] - durations[first])
    last = min(int(np.searchsorted(ends, start + frames)), len(ends) - 1)
    kept = durations[first : last + 1].copy()
    whole = np.ones(len(kept), np.float32)
    excess = int(kept.sum()) - frames
    if excess > 0:
        kept[-1] -= excess
        whole[-1] = 0
    return TrainingPiece(tokens[first : last + 1], kept, start, whole)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of B recordings, T frames each; N phones at most. Beyond the end of a piece, its mask is 0."""

    tokens: Integers
    """int64 [B, N, 3]."""
    token_mask: Floats
    """float32 [B, N, 1]."""
    durations: Floats
    """float32 [B, N], in frames."""
    whole: Floats
    """float32 [B, N]: 1 where a phone's duration is not cut."""
    index: Integers
    """int64 [B, T]: the phone of each frame."""
    place: Floats
    """float32 [B, T, 4], see `frame_positions`."""
    frame_mask: Floats
    """float32 [B, T, 1]."""
    envelope: Floats
    """float32 [B, T, BANDS], normalized."""
    log_pitch: Floats
    """float32 [B, T], natural logarithm of Hz."""
    voiced: Floats
    """float32 [B, T], 0 or 1."""
    prosody: Floats
    """float32 [B, 3], see `measure_prosody`."""

    def place_phones(self, row: int, piece: TrainingPiece) -> slice:
        """Write the phones of `piece` to `row`; return which of the row's frames they fill."""
        phones, frames = slice(len(piece.tokens)), slice(int(piece.durations.sum()))
        self.tokens[row, phones], self.token_mask[row, phones] = piece.tokens, 1
        self.durations[row, phones], self.whole[row, phones] = piece.durations, piece.whole
        self.index[row, frames] = np.repeat(np.arange(len(piece.tokens)), piece.durations)
        self.place[row, frames] = frame_positions(piece.durations)
        self.frame_mask[row, frames] = 1
        return frames


def empty_pieces(pieces: Sequence[TrainingPiece], frames: int) -> dict[str, npt.NDArray[Any]]:
    """Return the fields of `Pieces` with room for `pieces`, without `prosody`."""
    count, longest = len(pieces), max(len(piece.tokens) for piece in pieces)
    return {
        "tokens": np.zeros((count, longest, 3), np.int64),
        "token_mask": np.zeros((count, longest, 1), np.float32),
        "durations": np.zeros((count, longest), np.float32),
        "whole": np.zeros((count, longest), np.float32),
        "index": np.zeros((count, frames), np.int64),
        "place": np.zeros((count, frames, 4), np.float32),
        "frame_mask": np.zeros((count, frames, 1), np.float32),
        "envelope": np.zeros((count, frames, BANDS), np.float32),
        "log_pitch": np.full((count, frames), 5.0, np.float32),
        "voiced": np.zeros((count, frames), np.float32),
    }

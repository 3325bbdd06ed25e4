"""When each phone of a known text is said, and at which pitch: the networks' speech is laid onto the recording.

The networks say the text; the cheapest path through the distances of the frames (dynamic time warping) tells which
recorded frames belong to which phone; the networks say the text again, with these durations; and so on. No acoustic
model is needed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Samples

from ..acoustics.melspectrum import loud_frames, mel_spectrum, normalized
from ..acoustics.pitch import FRAME_S, HOP_S, pitch_track, without_wrong_octaves
from ..spaces.scalable_voice import ScalableVoice
from .corrections import COMPARED, cepstra, movement
from .speech import Frames, Piece, frames_at, say

ROUNDS = 3
BACKGROUND_DB = 30.0
"""Frames down to this far below the loud ones tell the usual spectrum of a voice."""
SOFTEST_DB, LEVEL_WEIGHT = -35.0, 0.7
"""Softer frames are alike; the level counts less than a cepstrum."""
STRAIGHT, ASIDE, STEP_ASIDE = 1.0, 0.75, 0.5
"""Weight of the distance of two frames that follow the last two; of a frame that is compared with two; and what it
costs besides."""
DIAGONAL, UP, RIGHT = range(3)
LEAST_VOICED = 5
"""Fewer frames with a pitch are hardly a voice."""


def align(piece: Piece, voice: ScalableVoice, recorded_db: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Return the recorded frames of each phone, int64 [N]; their sum is T.

    Args:
        piece: the words, with at least one phone.
        voice: like the speaker's.
        recorded_db: float32 [T, BANDS], mel spectrum; T is even and not 0.
    """
    total = len(recorded_db)
    recorded = _compared(recorded_db)
    shares = np.cumsum(piece.durations, dtype=np.float64) / float(piece.durations.sum())
    ends = np.asarray(np.round(total * shares), np.int64)
    for _ in range(ROUNDS):
        frames = frames_at(piece, voice, np.diff(ends, prepend=0))
        made = _compared(mel_spectrum(normalized(say(frames)))[:total])
        first, last = _warped(made, recorded)
        inside = np.clip(ends[:-1], 1, total - 1)
        between = (first[inside] + last[inside - 1] + 1 + 1) // 2
        ends = np.append(np.maximum.accumulate(np.where(ends[:-1] > 0, between, 0)), total).astype(np.int64)
    return np.asarray(np.diff(ends, prepend=0), np.int64)


def with_pitch(frames: Frames, samples: Samples) -> Frames:
    """Return frames with the pitch of the recording, if it has any: then harmonics lie on harmonics."""
    track = pitch_track(samples, ENGINE_SAMPLE_RATE)
    # A value is measured over `FRAME_S` from its time on, a frame lies in the middle.
    places = np.flatnonzero(track) + round(FRAME_S / HOP_S / 2)
    hz = track[track > 0]
    right = np.isin(hz, without_wrong_octaves(hz))
    if right.sum() < LEAST_VOICED:
        return frames
    pitch = np.interp(np.arange(len(frames.log_pitch)), places[right], np.log(hz[right]))
    return replace(frames, log_pitch=pitch.astype(np.float32))


def _compared(mel_db: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return what frames are compared by: cepstra less their mean, and how they move."""
    found = cepstra(mel_db)[:, : COMPARED + 1]
    found -= found[loud_frames(mel_db, BACKGROUND_DB)].mean(axis=0)
    found[:, 0] = LEVEL_WEIGHT * np.maximum(found[:, 0], SOFTEST_DB)
    return np.concatenate([found, movement(found) / 2], axis=1).astype(np.float32)


def _warped(
    made: npt.NDArray[np.float32], recorded: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the first and the last recorded frame of each made frame, int64 [M] each, on the cheapest path."""
    squares = np.square(made).sum(axis=1)[:, np.newaxis] + np.square(recorded).sum(axis=1)
    distance = np.sqrt(np.maximum(squares - 2 * made @ recorded.T, 0))
    came = _cheapest_steps(distance)
    row, column = len(made) - 1, len(recorded) - 1
    first, last = np.zeros(len(made), np.int64), np.full(len(made), column, np.int64)
    while row or column:
        step = came[row, column]
        if step != RIGHT:
            first[row] = column
            row -= 1
        if step != UP:
            column -= 1
        if step != RIGHT:
            last[row] = column
    return first, last


def _cheapest_steps(distance: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    """Return the last step of the cheapest path from the first pair of frames to each other one."""
    rows, columns = distance.shape
    came = np.empty(distance.shape, np.int8)
    distances, steps = distance.ravel(), came.ravel()
    # Costs along an antidiagonal, at row + 1; those of the last one and of the one before.
    last, before = np.full(rows + 1, np.inf), np.full(rows + 1, np.inf)
    before[0] = 0.0
    for diagonal in range(rows + columns - 1):
        start, end = max(0, diagonal - columns + 1), min(rows, diagonal + 1)
        # The next of its cells is a row below and a column to the left.
        cells = np.s_[diagonal + start * (columns - 1) : diagonal + end * (columns - 1) : columns - 1]
        here = distances[cells]
        aside = ASIDE * here
        straight = before[start:end] + STRAIGHT * here
        up, right = last[start:end] + aside + STEP_ASIDE, last[start + 1 : end + 1] + aside + STEP_ASIDE
        cheaper = np.minimum(up, right)
        steps[cells] = np.where(straight <= cheaper, DIAGONAL, np.where(up <= right, UP, RIGHT))
        now = np.full(rows + 1, np.inf)
        np.minimum(straight, cheaper, out=now[start + 1 : end + 1])
        last, before = now, last
    return came

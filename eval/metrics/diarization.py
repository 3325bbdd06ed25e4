"""The diarization error rate: who spoke when.

    DER = (missed + false alarm + confused) / speech of the reference

each is a time, counted for every speaker. Overlapping speech of two people counts twice, and a hypothesis with only
one of them has missed the other (NIST, Rich Transcription Spring 2003 Evaluation Plan; so in md-eval and
pyannote.metrics). The speakers of the hypothesis are mapped to those of the reference with the least error.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.float64]


class SpeechSpan(NamedTuple):
    """One span of a person's speech."""

    start_s: float
    end_s: float
    speaker: Hashable
    """Any name."""


@dataclass(frozen=True, slots=True)
class DiarizationErrors:
    """Differences of a hypothesis from its reference, in seconds of speaker time; they add up over recordings."""

    speech_s: float
    """Speech of the reference, summed over speakers."""
    missed_s: float
    """Speech of the reference that the hypothesis lacks."""
    false_alarm_s: float
    """Speech of the hypothesis that the reference lacks."""
    confused_s: float
    """Speech of the wrong person in the hypothesis."""

    @property
    def rate(self) -> float:
        """The diarization error rate, 0 and up; 0 if both are without speech."""
        wrong_s = self.missed_s + self.false_alarm_s + self.confused_s
        return wrong_s / self.speech_s if self.speech_s else float("inf" if wrong_s else 0)

    def __add__(self, other: DiarizationErrors) -> DiarizationErrors:
        return DiarizationErrors(
            self.speech_s + other.speech_s,
            self.missed_s + other.missed_s,
            self.false_alarm_s + other.false_alarm_s,
            self.confused_s + other.confused_s,
        )


def diarization_errors(
    reference: Iterable[SpeechSpan], hypothesis: Iterable[SpeechSpan], *, collar_s: float = 0.0, overlap: bool = True
) -> DiarizationErrors:
    """Return the differences of a hypothesis from its reference.

    Args:
        reference: who spoke when; one speaker's own spans may overlap.
        hypothesis: the same as estimated; the names need not agree.
        collar_s: time left out before and after each start and end in the reference (NIST: 0.25).
        overlap: whether to score overlapping speech of the reference.

    Example:
        >>> said = [SpeechSpan(0, 6, "Anna"), SpeechSpan(6, 10, "Ben")]
        >>> heard = diarization_errors(said, [SpeechSpan(0, 8, 1), SpeechSpan(8, 10, 2)])
        >>> heard.confused_s, heard.rate
        (2.0, 0.2)
    """
    reference, hypothesis = list(reference), list(hypothesis)
    edges = {edge for spoken in (*reference, *hypothesis) for edge in spoken[:2]}
    collars = [(edge - collar_s, edge + collar_s) for spoken in reference for edge in spoken[:2]] if collar_s else []
    times = np.array(sorted(edges.union(*collars)))
    if len(times) < 2:
        return DiarizationErrors(0.0, 0.0, 0.0, 0.0)
    middles = (times[1:] + times[:-1]) / 2
    speaking, guessed = _active(reference, middles), _active(hypothesis, middles)
    scored = np.ones(len(middles), bool)
    for start_s, end_s in collars:
        scored &= (middles < start_s) | (middles > end_s)
    if not overlap:
        scored &= speaking.sum(axis=0) < 2
    seconds = np.diff(times) * scored
    together_s: Seconds = (speaking * seconds) @ guessed.T.astype(np.float64)
    right_s = float(together_s[best_pairs(together_s)].sum())
    spoken, written = speaking.sum(axis=0), guessed.sum(axis=0)
    return DiarizationErrors(
        speech_s=float(spoken @ seconds),
        missed_s=float(np.maximum(spoken - written, 0) @ seconds),
        false_alarm_s=float(np.maximum(written - spoken, 0) @ seconds),
        confused_s=max(0.0, float(np.minimum(spoken, written) @ seconds) - right_s),
    )


def read_rttm(path: str | Path) -> dict[str, list[SpeechSpan]]:
    """Return the recordings of an RTTM file (NIST's list of turns), each with its spans of speech."""
    recordings: dict[str, list[SpeechSpan]] = {}
    for line in Path(path).read_text("utf-8").splitlines():
        kind, *fields = line.split()
        if kind == "SPEAKER":
            name, _, start_s, duration_s, _, _, speaker = fields[:7]
            recordings.setdefault(name, []).append(
                SpeechSpan(float(start_s), float(start_s) + float(duration_s), speaker)
            )
    return recordings


def best_pairs(gains: Seconds) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the assignment of rows to columns, each used at most once, with the largest total gain.

    The Hungarian method (H. W. Kuhn, 1955), with potentials.

    Args:
        gains: [rows, columns], 0 and up.
    """
    size = max(gains.shape)
    costs = np.zeros((size, size))
    costs[: gains.shape[0], : gains.shape[1]] = -gains
    row_of = np.full(size + 1, -1)  # of each column; a new row starts at the last column
    of_rows, of_columns = np.zeros(size), np.zeros(size + 1)  # the potentials
    for row in range(size):
        row_of[size], column = row, size
        slack, before = np.full(size, np.inf), np.full(size, size)
        reached = np.zeros(size + 1, bool)
        while row_of[column] >= 0:
            reached[column] = True
            reduced = costs[row_of[column]] - of_rows[row_of[column]] - of_columns[:size]
            nearer = ~reached[:size] & (reduced < slack)
            slack[nearer], before[nearer] = reduced[nearer], column
            following = int(np.where(reached[:size], np.inf, slack).argmin())
            step = slack[following]
            of_rows[row_of[reached]] += step
            of_columns[reached] -= step
            slack[~reached[:size]] -= step
            column = following
        while column != size:
            row_of[column], column = row_of[before[column]], before[column]
    rows = row_of[:size]
    real = np.array((rows < gains.shape[0]) & (np.arange(size) < gains.shape[1]), bool)
    return rows[real], np.flatnonzero(real)


def _active(spoken: Sequence[SpeechSpan], times_s: Seconds) -> npt.NDArray[np.int64]:
    """Return the activity of each speaker, 0 or 1: [speakers, times]."""
    speakers = {speaker: index for index, speaker in enumerate(dict.fromkeys(one.speaker for one in spoken))}
    active = np.zeros((len(speakers), len(times_s)), np.int64)
    for one in spoken:
        active[speakers[one.speaker], (one.start_s <= times_s) & (times_s < one.end_s)] = 1
    return active

"""Fitting: analysis by synthesis of the timbre, frame by frame.

    words --> networks, in the timbre so far, at the recording's times and pitch --> speech --+
                 ^                                                                            |
                 |          recording ----------------------------------- difference of cepstra
                 |                                                                            |
                 +------------------------ the nearest better timbre <------------------------+

The voice network never hears what the others make of its numbers. Here they are changed until the speech comes as near
to the recording as they take it: Gauss-Newton steps, with the derivatives of the networks by finite differences. Each
step looks at other seconds of the speech. What is the same in all frames is left to the correction of the envelope.

The numbers are drawn back to those of the voice network, since voices are compared by them: without `DRAWN_BACK`, the
equal error rate of two utterances' voices is 13.0 % instead of 8.7 %. `MODEL.md` has the measurements.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Samples, Transcript

from ..acoustics.melspectrum import loud_frames, mel_spectrum, normalized
from ..acoustics.vocoder import HOP_LENGTH
from ..spaces.scalable_voice import TIMBRE, ScalableVoice
from ..text.normalization.unicode import is_readable
from .alignment import align, with_pitch
from .corrections import cepstra
from .phone_tokens import PAUSE
from .speech import Frames, encode_phones, frames_at, say, whole

SHORTEST_S, LONGEST_S = 1.0, 20.0
"""Shorter utterances are hardly aligned right; longer ones would take long."""
LEAST_CONFIDENCE = 0.6
"""Words that are less sure are not learned from."""
HEARD_S = 12.0
"""More speech is not looked at."""
STEPS, STEP_S = 5, 4.0
"""Steps, and the seconds of speech that each looks at."""
FEWEST_FRAMES = 50
"""Fewer loud frames in common say nothing about a voice."""
COMPARED = slice(1, 17)
"""Cepstral coefficients; the level is no timbre."""
LOUD_DB, FARTHEST_DB = 22.0, 15.0
"""Frames down to this far below the loud ones are compared; larger differences are those of other sounds."""
DIFFERENCE = 0.25
"""Change of the timbre for a derivative: a step of 3 bits is 0.29."""
DIRECTIONS = 8
"""The first step changes each number of the timbre, the others only what then changed the speech most."""
DAMPING, DRAWN_BACK = 0.5, 3.0
"""Weight, in dB^2, of the square of a step, and of the square of the distance from the voice network's timbre."""
LARGEST_STEP = 0.6
THREADS = 2
"""Derivatives that are computed side by side: while a single speaker's voice is fitted, nothing else is left to do."""

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Heard:
    """Some speech of a person, and what is said in it when."""

    samples: Samples
    """float32 [T * HOP_LENGTH]."""
    recorded_db: npt.NDArray[np.float32]
    """float32 [T, BANDS], mel spectrum; T is even."""
    tokens: npt.NDArray[np.int64]
    """int64 [N, 3], see `text_tokens`."""
    durations: npt.NDArray[np.int64]
    """int64 [N], in frames; their sum is T."""


def fitted(voice: ScalableVoice, speech: Sequence[tuple[Samples, str]]) -> tuple[float, ...] | None:
    """Return a timbre in which the networks' speech is more like the recording; None if no utterance is fit for that.

    Args:
        voice: as measured, with the timbre to begin with.
        speech: English utterances, float32 [T] mono 16 kHz samples each, and their words.
    """
    plain = replace(voice, classes=ScalableVoice().classes)
    heard = list(_heard(plain, speech))
    if not heard:
        return None
    whole_of_it = _Heard(
        np.concatenate([one.samples for one in heard]),
        np.concatenate([one.recorded_db for one in heard]),
        np.concatenate([one.tokens for one in heard]),
        np.concatenate([one.durations for one in heard]),
    )
    measured = timbre = np.array(voice.timbre)
    directions = np.eye(TIMBRE)
    for number, part in enumerate(_parts(whole_of_it)):
        found = _derivatives(replace(plain, timbre=tuple(timbre)), part, directions)
        if found is None:
            continue
        squares, wanted = found
        pull = DRAWN_BACK * directions.T @ (timbre - measured)
        held = squares + (DAMPING + DRAWN_BACK) * np.eye(len(squares))
        step = directions @ np.linalg.solve(held, wanted - pull)
        timbre = np.clip(timbre + np.clip(step, -LARGEST_STEP, LARGEST_STEP), -1.0, 1.0)
        if number == 0:
            directions = np.linalg.eigh(squares)[1][:, -DIRECTIONS:]
    return tuple(map(float, timbre))


def is_sure(heard: Transcript) -> bool:
    """Return whether somebody's voice can be learned from these words."""
    return heard.language == "en" and heard.confidence > LEAST_CONFIDENCE and is_readable(heard.text)


def _heard(voice: ScalableVoice, speech: Sequence[tuple[Samples, str]]) -> Iterator[_Heard]:
    """Yield utterances with the times of their phones."""
    left_s = HEARD_S
    for samples, text in speech:
        if left_s <= 0:
            return
        if not SHORTEST_S <= len(samples) / ENGINE_SAMPLE_RATE <= LONGEST_S:
            continue
        piece = whole(text, voice)
        samples = normalized(samples)
        samples = samples[: len(samples) // (2 * HOP_LENGTH) * 2 * HOP_LENGTH]
        recorded_db = mel_spectrum(samples)[: len(samples) // HOP_LENGTH]
        if piece is not None and (piece.tokens[:, 2] != PAUSE).any():
            yield _Heard(samples, recorded_db, piece.tokens, align(piece, voice, recorded_db))
            left_s -= len(samples) / ENGINE_SAMPLE_RATE


def _parts(heard: _Heard) -> Iterator[_Heard]:
    """Yield what each step looks at: `STEP_S` seconds from all over the speech, or all of it if there is little."""
    ends = np.cumsum(heard.durations)
    spare = int(ends[-1]) - round(STEP_S * ENGINE_SAMPLE_RATE / HOP_LENGTH)
    for number in range(STEPS):
        first, last = 0, len(ends)
        if spare > 0:
            start = spare * number // (STEPS - 1)
            first = int(np.searchsorted(ends, start, "right"))
            last = int(np.searchsorted(ends, start + int(ends[-1]) - spare)) + 1
        yield _part(heard, first, last)


def _part(heard: _Heard, first: int, last: int) -> _Heard:
    """Return some of the tokens with their frames; an odd number of frames is made even."""
    durations = heard.durations[first:last].copy()
    start = int(heard.durations[:first].sum())
    durations[durations.argmax()] -= durations.sum() % 2
    end = start + int(durations.sum())
    samples = heard.samples[start * HOP_LENGTH : end * HOP_LENGTH]
    return _Heard(samples, heard.recorded_db[start:end], heard.tokens[first:last], durations)


def _derivatives(voice: ScalableVoice, heard: _Heard, directions: Doubles) -> tuple[Doubles, Doubles] | None:
    """Return both sides of the normal equations of the step that takes the networks' speech to the recording.

    These are the mean products of the derivatives with each other, float64 [D, D], and with the differences, float64
    [D], in dB^2. None if there is hardly any speech.

    Args:
        voice: with the timbre so far.
        heard: the speech to come near to.
        directions: float64 [TIMBRE, D], of length 1 each: the changes of the timbre to try.
    """
    if not len(heard.recorded_db):
        return None
    timbre = np.array(voice.timbre)
    changes = np.where(timbre @ directions < 0.5, DIFFERENCE, -DIFFERENCE)
    changed = [
        _begin_frames(replace(voice, timbre=tuple(timbre + change * direction)), heard)
        for change, direction in zip(changes, directions.T, strict=True)
    ]
    frames = _frames(voice, heard)
    made_db = mel_spectrum(normalized(say(with_pitch(frames, heard.samples))))[: len(heard.recorded_db)]
    compared = loud_frames(heard.recorded_db, LOUD_DB) & loud_frames(made_db, LOUD_DB)
    if compared.sum() < FEWEST_FRAMES:
        return None

    def coefficients(difference_db: npt.NDArray[np.floating]) -> Doubles:
        found = cepstra(difference_db[compared])[:, COMPARED]
        return np.asarray((found - found.mean(axis=0)).ravel(), np.float64)

    difference = coefficients(np.clip(heard.recorded_db - made_db, -FARTHEST_DB, FARTHEST_DB))
    derivatives = np.array(
        [
            coefficients(found.result().envelope_db - frames.envelope_db) / change
            for found, change in zip(changed, changes, strict=True)
        ]
    )
    count = np.count_nonzero(compared)
    return derivatives @ derivatives.T / count, derivatives @ difference / count


def _begin_frames(voice: ScalableVoice, heard: _Heard) -> Future[Frames]:
    try:
        return _threads().submit(_frames, voice, heard)
    except RuntimeError:  # they take nothing more when a program ends, and a live voice may still be fitted then
        done: Future[Frames] = Future()
        done.set_result(_frames(voice, heard))
        return done


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads of all fits: two of them at once already keep two cores busy."""
    return ThreadPoolExecutor(THREADS, "speechzip-fitting")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.cache_clear)  # a forked process has none of its parent's threads


def _frames(voice: ScalableVoice, heard: _Heard) -> Frames:
    """Return what the networks make of the tokens at the times of the recording."""
    return frames_at(encode_phones(heard.tokens, voice), voice, heard.durations)

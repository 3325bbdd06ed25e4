"""The melody of an utterance: measured in a recording, compared with a synthesizer's own, and put into its pitch.

    pitch    _.-'''-._        recorded
              .-.             the synthesizer's own
    ------'''     '''---      the difference: straight lines between points, and a rise over the last 0.3 s
        |----|----|           time goes from the first voiced sound to the last

Times are relative to the voiced part, so that neither pauses at the ends nor another speaking rate matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Contour, Melody, Samples

from .pitch import HOP_S, pitch_track

SEMITONES = 12 / np.log(2)
"""In a unit of the natural logarithm of the pitch."""
FARTHEST = 12.0
"""A recorded frame this many semitones from the median is creaky voice or a wrong octave."""
STEEPEST = 6.0
"""No end is said to go up or down by more semitones; beyond, it is creaky voice."""
LEAST_VOICED = 10
"""Frames that a melody is measured in, at least."""
ACTIVE = 1e-3
"""Frames down to 30 dB below the loudest one count for the loudness."""

PITCH_STEPS = Melody.MAX_PITCH // Melody.PITCH_STEP
RISE_STEPS = Melody.MAX_RISE // Melody.RISE_STEP
RISE_FRAMES = 30
POINT_FRAMES = 100
"""No more than a point for each second."""

PRICE = 100.0
"""What a bit must save to be sent, in square semitones times frames. MODEL.md has what other prices bring."""
POINTS_BITS = (0.8, 3.4, 3.4, 3.4, 3.8, 4.4, 4.8, 5.4, 5.4)
FIRST_BITS = (5.2, 3.6, 1.9, 2.6, 1.6, 3.2, 5.2)
NEXT_BITS, BIT_OF_STEP, FOLLOWS = 1.2, 1.2, 0.5
"""About what the format takes for the number of points, the first one, and each other one: more the farther it lies
from half the one before."""

RISING = 1.5
"""An end that goes up by more semitones is a rise. Where the recording and the synthesizer disagree on that, a rise or
its opposite is sent."""
LEAST_LOUDNESS_DB = 4.0
"""Smaller differences of the loudness are left out."""


def contour(samples: Samples) -> Contour:
    """Return the pitch and the loudness of an utterance, float32 [T] mono 16 kHz `samples`."""
    pitch = pitch_track(samples, ENGINE_SAMPLE_RATE)
    hop = int(HOP_S * ENGINE_SAMPLE_RATE)
    power = np.square(samples[: len(samples) // hop * hop].reshape(-1, hop), dtype=np.float64).mean(axis=1)
    loud = power[power >= ACTIVE * power.max(initial=0.0)]
    level_db = float(10 * np.log10(loud.mean() + 1e-12)) if len(loud) else -120.0
    return Contour(pitch.astype(np.float32), level_db)


def differences(
    said: Sequence[Contour], own: Sequence[tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]] | None]
) -> list[Melody | None]:
    """Return the melody of each utterance of one speaker; None where the synthesizer's own is near enough.

    Args:
        said: what was recorded.
        own: log pitch, float32 [frames] of 10 ms, and whether each frame is voiced, as the synthesizer says the same
            words by itself; None where that is not known.
    """
    usual_db = float(np.median([each.level_db for each in said])) if said else 0.0
    melodies: list[Melody] = []
    for recorded, spoken in zip(said, own, strict=True):
        pitch, rise = _pitch_difference(recorded, *spoken) if spoken else ((), 0)
        louder = recorded.level_db - usual_db
        steps = round(louder / Melody.LOUDNESS_STEP) if abs(louder) >= LEAST_LOUDNESS_DB else 0
        melodies.append(
            Melody(pitch, rise, min(max(Melody.LOUDNESS_STEP * steps, Melody.LEAST_LOUDNESS), Melody.MAX_LOUDNESS))
        )
    return [melody or None for melody in melodies]


def bend(log_pitch: npt.NDArray[np.float32], voiced: npt.NDArray[np.bool_], melody: Melody) -> npt.NDArray[np.float32]:
    """Return a synthesizer's log pitch, float32 [frames] of 10 ms, with a melody.

    Args:
        log_pitch: natural logarithm of the pitch, float32 [frames].
        voiced: bool [frames].
        melody: as decoded.
    """
    places = np.flatnonzero(voiced)
    if not len(places) or not (melody.pitch or melody.rise):
        return log_pitch
    frames = np.arange(len(log_pitch))
    semitones = melody.rise * _ramp(frames, places)
    if melody.pitch:
        semitones = semitones + _lines(_times(frames, places), len(melody.pitch)) @ np.asarray(melody.pitch)
    return np.asarray(log_pitch + semitones / SEMITONES, np.float32)


def _pitch_difference(
    recorded: Contour, log_pitch: npt.NDArray[np.float32], voiced: npt.NDArray[np.bool_]
) -> tuple[tuple[int, ...], int]:
    """Return `Melody.pitch` and `Melody.rise`."""
    places, semitones = _heard(recorded)
    own_places = np.flatnonzero(voiced)
    if len(places) < LEAST_VOICED or len(own_places) < LEAST_VOICED:
        return (), 0
    times = _times(places, places)
    own = np.asarray(SEMITONES * log_pitch[own_places], np.float64)
    missing = np.asarray(semitones - np.interp(times, _times(own_places, own_places), own), np.float64)
    pitch = _points(times, missing, 1 + len(recorded.pitch_hz) // POINT_FRAMES)
    if pitch:
        own = own + _lines(_times(own_places, own_places), len(pitch)) @ np.asarray(pitch)
    return pitch, _rise(_end(places, semitones), _end(own_places, own))


def _heard(recorded: Contour) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Return the voiced frames and their pitch in semitones, without stray ones."""
    places = np.flatnonzero(recorded.pitch_hz > 0)
    semitones = SEMITONES * np.log(recorded.pitch_hz[places].astype(np.float64))
    near = np.abs(semitones - np.median(semitones)) < FARTHEST if len(places) else np.zeros(0, np.bool_)
    return places[near], semitones[near]


def _points(times: npt.NDArray[np.float64], missing: npt.NDArray[np.float64], most: int) -> tuple[int, ...]:
    """Return the points whose lines come nearest to the missing semitones at some times, for the fewest bits."""
    best: tuple[int, ...] = ()
    least = float(missing @ missing) + PRICE * POINTS_BITS[0]
    for count in range(1, min(Melody.MAX_POINTS, most) + 1):
        lines = _lines(times, count)
        steps = _nearest_steps(lines, missing)
        left = missing - Melody.PITCH_STEP * (lines @ steps)
        price = float(left @ left) + PRICE * (POINTS_BITS[count] + _bits(steps))
        if any(steps) and price < least:
            best, least = tuple(Melody.PITCH_STEP * int(step) for step in steps), price
    return best


def _nearest_steps(lines: npt.NDArray[np.float64], missing: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the steps of the points, int64 [count]: those of least squares, rounded, then moved one at a time."""
    count = lines.shape[1]
    power, wanted = lines.T @ lines, lines.T @ missing
    exact = np.linalg.solve(power + np.eye(count), wanted) / Melody.PITCH_STEP
    steps = np.clip(np.round(exact), -PITCH_STEPS, PITCH_STEPS).astype(np.int64)

    def price(point: int, step: int) -> float:
        steps[point] = step
        moved = Melody.PITCH_STEP * steps
        return float(moved @ power @ moved - 2 * wanted @ moved) + PRICE * _bits(steps)

    for _ in range(3):
        for point in range(count):
            steps[point] = min(range(-PITCH_STEPS, PITCH_STEPS + 1), key=lambda step: price(point, step))
    return steps


def _bits(steps: npt.NDArray[np.int64]) -> float:
    """Return about the bits that the format takes for these steps."""
    far = np.abs(steps[1:] - FOLLOWS * steps[:-1])
    return FIRST_BITS[int(steps[0]) + PITCH_STEPS] + float((NEXT_BITS + BIT_OF_STEP * far).sum())


def _rise(recorded: float | None, own: float | None) -> int:
    """Return the semitones by which the synthesizer's end must go up, if it goes another way than the recorded one."""
    if recorded is None or own is None:
        return 0
    missing = recorded - own
    if (recorded > RISING) == (own > RISING):
        return 0
    return Melody.RISE_STEP * min(max(round(missing / Melody.RISE_STEP), -RISE_STEPS), RISE_STEPS)


def _end(places: npt.NDArray[np.intp], semitones: npt.NDArray[np.floating]) -> float | None:
    """Return how far the pitch goes up over the last `RISE_FRAMES` of voiced sound, by a straight line through it."""
    late = places > places[-1] - 2 * RISE_FRAMES
    x, y = places[late][-RISE_FRAMES:].astype(np.float64), semitones[late][-RISE_FRAMES:]
    if len(x) < LEAST_VOICED:
        return None
    x -= x.mean()
    slope = float(x @ (y - y.mean()) / (x @ x))
    return min(max(slope * float(np.ptp(x)), -STEEPEST), STEEPEST)


def _times(frames: npt.NDArray[np.intp], places: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Return the time of frames in [0, 1], from the first of the voiced `places` to the last."""
    return np.asarray(np.clip((frames - places[0]) / max(1, places[-1] - places[0]), 0.0, 1.0), np.float64)


def _ramp(frames: npt.NDArray[np.intp], places: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Return 0 before the last `RISE_FRAMES` of the voiced `places`, then a straight line to 1."""
    start = places[places > places[-1] - 2 * RISE_FRAMES][-RISE_FRAMES:][0]
    return np.asarray(np.clip((frames - start) / max(1, places[-1] - start), 0.0, 1.0), np.float64)


def _lines(times: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Return float64 [times, count]: this times the values at evenly spaced points is the value at each time."""
    if count == 1:
        return np.ones((len(times), 1))
    points = np.linspace(0.0, 1.0, count)
    return np.stack([np.interp(times, points, row) for row in np.eye(count)], axis=1)

"""Corrections of the networks' envelopes: one for all sounds, and one more for each of six classes of sounds.

    envelope_db + usual curve + curve(envelope) + memberships of each frame @ (usual curves + curves(classes))

The usual ones are what the networks' speech lacks on average; a voice's numbers say how this speaker differs from that.
A class has no name: it is the surroundings of one of six mean cepstra. Each frame belongs to all of them by its
distance. So neither sender nor receiver aligns anything. `corrections.npz` has what the recipe measured on the
training speakers:

    mel_centers         float32 [6, 12]        mean cepstra of each class in mel spectra, coefficients 1 to 12
    envelope_centers    float32 [6, 12]        the same in the envelopes of the same frames
    envelope_mean_db    float32 [17]           the usual correction of all sounds, coefficients 1 to 17
    envelope_scale_db   float32 [17]           what a number of 1 adds to it
    class_mean_db       float32 [6, 24]        the usual corrections of the classes, coefficients 0 to 23
    class_basis_db      float32 [128, 6, 24]   what a number of 1 adds to them: principal components

A coefficient k adds c * cos(pi k (b + 1/2) / BANDS) dB to band b.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..acoustics.melspectrum import loud_frames
from ..acoustics.vocoder import BANDS
from ..spaces.scalable_voice import ENVELOPE, ScalableVoice
from .networks import weight_arrays

Floats = npt.NDArray[np.float32]

CLASSES = 6
COEFFICIENTS, COMPARED = 24, 12
"""Cepstral coefficients of a class's correction; those that a frame's classes are found by, without the level."""
TEMPERATURE = 20.0
"""Squared distance, in dB, over which a frame's membership in a class falls to 1 / e of that in the nearest one."""
LOUD_DB = 25.0
"""Frames down to this far below the loud ones count for the mean spectrum, since noise disturbs them least."""
MISSING_DB, FEWEST_MISSING, EDGE_BANDS = -12.0, 3, 2
"""Bands are missing if they and all beyond them lie this far below our speech, beside the `MIDDLE`; those next to
them are attenuated."""
MIDDLE = slice(12, 40)
"""Bands that every telephone passes: 430 Hz to 2.8 kHz."""
FEW_FRAMES = 5.0
"""A class with this many frames gets half of its correction."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """What `corrections.npz` has."""

    mel_centers: Floats
    envelope_centers: Floats
    envelope_mean_db: Floats
    envelope_scale_db: Floats
    class_mean_db: Floats
    class_basis_db: Floats


@lru_cache(maxsize=1)
def corrections() -> Corrections:
    """Return the measured classes and scales.

    Raises:
        EngineError: their file is missing or damaged.
    """
    return Corrections(**weight_arrays("corrections.npz", Corrections.__dataclass_fields__))


def corrected(envelope_db: npt.NDArray[np.floating], voice: ScalableVoice) -> npt.NDArray[np.float64]:
    """Return envelopes with a voice's corrections, float64 [T, BANDS].

    Args:
        envelope_db: [T, BANDS], of the networks.
        voice: whose corrections.
    """
    known = corrections()
    curve = envelope_curve(known.envelope_mean_db + np.array(voice.envelope) * known.envelope_scale_db)
    curves = (known.class_mean_db + np.tensordot(np.array(voice.classes), known.class_basis_db, 1)) @ _cosines()
    belongs = memberships(cepstra(envelope_db), known.envelope_centers)
    return np.asarray(envelope_db + curve + belongs @ curves, np.float64)


def measured_envelope(recorded_db: Floats, made_db: Floats) -> tuple[float, ...]:
    """Return the `ENVELOPE` numbers of the correction for all sounds, not rounded.

    Args:
        recorded_db, made_db: [T, BANDS], mel spectra of the speaker and of our speech with the usual corrections; T
        may differ.
    """
    return tuple(map(float, envelope_difference(recorded_db, made_db) / corrections().envelope_scale_db))


def measured_classes(recorded_db: Floats, made_db: Floats, voice: ScalableVoice) -> tuple[float, ...]:
    """Return the `CLASSES` numbers of the corrections beyond that of `voice` for all sounds, not rounded.

    Args:
        recorded_db, made_db: as above.
        voice: with its correction for all sounds, rounded.
    """
    known = corrections()
    curve = envelope_curve(np.array(voice.envelope) * known.envelope_scale_db)
    difference = class_difference(recorded_db, made_db + curve.astype(np.float32), known.mel_centers)
    basis = known.class_basis_db.reshape(len(known.class_basis_db), -1).astype(np.float64)
    return tuple(map(float, basis @ difference.ravel() / np.square(basis).sum(axis=1)))


def envelope_curve(coefficients_db: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the level of each band for the coefficients 1 to `ENVELOPE`: float64 [BANDS]."""
    return np.asarray(coefficients_db @ _cosines()[1 : ENVELOPE + 1], np.float64)


def envelope_difference(recorded_db: Floats, made_db: Floats) -> npt.NDArray[np.float64]:
    """Return the coefficients 1 to `ENVELOPE` of the difference of the mean spectra, in dB."""
    difference = _mean_spectrum(recorded_db) - _mean_spectrum(made_db)
    return cepstra(difference[np.newaxis])[0, 1 : ENVELOPE + 1]


def class_difference(recorded_db: Floats, made_db: Floats, centers: Floats) -> npt.NDArray[np.float64]:
    """Return the difference of each class's mean cepstra, float64 [CLASSES, COEFFICIENTS], smaller for rare classes."""
    means: list[npt.NDArray[np.float64]] = []
    counts: list[npt.NDArray[np.float64]] = []
    for spectra in (recorded_db, made_db):
        found = cepstra(spectra)
        belongs = memberships(found, centers)
        counts.append(belongs.sum(axis=0))
        means.append(belongs.T @ found / np.maximum(counts[-1], 1e-9)[:, np.newaxis])
    least = np.minimum(*counts)[:, np.newaxis]
    return (means[0] - means[1]) * (least / (least + FEW_FRAMES))


def with_missing_bands(recorded_db: Floats, made_db: Floats) -> Floats | None:
    """Return a recording with the lowest and highest bands that a telephone has cut off, or None if none is missing.

    They follow the nearest bands that are there, as they do on average in our speech of the same words.

    Args:
        recorded_db, made_db: as above.
    """
    recorded, made = _mean_spectrum(recorded_db), _mean_spectrum(made_db)
    difference = recorded - made
    there = np.flatnonzero(difference - np.median(difference[MIDDLE]) > MISSING_DB)
    low, high = int(there[0]), int(there[-1]) + 1
    if low > MIDDLE.start or high < MIDDLE.stop or high - low > BANDS - FEWEST_MISSING:
        return None
    filled = recorded_db.copy()
    if low >= FEWEST_MISSING:
        low += EDGE_BANDS
        nearest = slice(low, low + FEWEST_MISSING)
        filled[:, :low] = made[:low] + (recorded_db[:, nearest].mean(axis=1, keepdims=True) - made[nearest].mean())
    if high <= BANDS - FEWEST_MISSING:
        high -= EDGE_BANDS
        nearest = slice(high - FEWEST_MISSING, high)
        filled[:, high:] = made[high:] + (recorded_db[:, nearest].mean(axis=1, keepdims=True) - made[nearest].mean())
    return filled


def missing_bands(recorded_db: Floats, made_db: Floats) -> npt.NDArray[np.bool_]:
    """Return whether each band of a recording is one that `with_missing_bands` fills: bool [BANDS]."""
    filled = with_missing_bands(recorded_db, made_db)
    return np.zeros(BANDS, np.bool_) if filled is None else (filled != recorded_db).any(axis=0)


def memberships(frames: npt.NDArray[np.float64], centers: Floats) -> npt.NDArray[np.float64]:
    """Return how far each frame belongs to each class: float64 [T, CLASSES], each row sums to 1.

    Args:
        frames: [T, COEFFICIENTS], cepstra.
        centers: [CLASSES, COMPARED].
    """
    compared = frames[:, np.newaxis, 1 : COMPARED + 1] - centers
    distance = np.square(compared).sum(axis=2)
    weights = np.exp((distance.min(axis=1, keepdims=True) - distance) / TEMPERATURE)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float64)


def cepstra(spectra_db: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the coefficients 0 to `COEFFICIENTS` - 1 of each frame: float64 [T, COEFFICIENTS], in dB."""
    scaled = _cosines() * (2 / BANDS)
    scaled[0] /= 2
    return np.asarray(spectra_db @ scaled.T, np.float64)


def movement(coefficients: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how each coefficient moves from two frames before to two after, [T, coefficients]; 0 at both ends."""
    moved = np.zeros_like(coefficients)
    moved[2:-2] = coefficients[4:] - coefficients[:-4]
    return moved


def levels(coefficients_db: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the level of each band for [T, COEFFICIENTS] cepstra: float64 [T, BANDS]; the inverse of `cepstra`."""
    return np.asarray(coefficients_db @ _cosines(), np.float64)


def _mean_spectrum(spectra_db: Floats) -> npt.NDArray[np.float64]:
    return np.asarray(spectra_db[loud_frames(spectra_db, LOUD_DB)].mean(axis=0), np.float64)


@lru_cache(maxsize=1)
def _cosines() -> npt.NDArray[np.float64]:
    """Return float64 [COEFFICIENTS, BANDS]."""
    return np.cos(np.pi * np.arange(COEFFICIENTS)[:, np.newaxis] * (np.arange(BANDS) + 0.5) / BANDS)

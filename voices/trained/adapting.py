"""Enrollment: from half a minute or more of a person's speech, with its words, to the adaptation of an enrolled voice.

    recording --> words --> networks, at the recording's times and pitch --> speech --+
        |                                                                             |
        +--> mel spectrum, frame by frame ------------------------ difference --------+--> ridge regression --> weights

The regression is pulled towards the mean where frames do not lie on each other quite, so its speech varies too little
from sound to sound. `gains` put that right: each cepstral coefficient varies as in the recording again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Progress, Samples

from ..acoustics.melspectrum import loud_frames, mel_spectrum, normalized
from ..spaces.adaptation import Adaptation
from ..spaces.scalable_voice import ScalableVoice
from ..text.normalization.unicode import is_readable
from .adapted import BIAS, BIAS_FEATURE, Spoken, features
from .alignment import align, with_pitch
from .corrections import cepstra, missing_bands
from .speech import frames_at, say, whole

SHORTEST_S, LONGEST_S = 1.0, 20.0
"""Shorter utterances are hardly aligned right; longer ones would need much memory."""
COMPARED_DB = 35.0
"""Frames of which both sides are down to this far below the loud ones are compared."""
FARTHEST_DB = 25.0
"""Larger differences are those of other sounds."""
SOFTEST, HEARD = 0.1, 3.0
"""Share of the frames that background is measured in; speech is heard where there is so many times its power."""
HELD_BACK = 3.0
"""Weight of the squared weights in the regression. The smallest error on other recordings of a person has 10; but
similarity was 0.789 with 10 and 0.795 with 3, without gains, on 29 utterances."""
HIGHEST_GAIN = 1.6

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Compared:
    """Frames of a person's speech beside the same frames by the networks."""

    features: npt.NDArray[np.float32]
    """float32 [T, FEATURES]."""
    recorded: Doubles
    made: Doubles
    """float64 [T, COEFFICIENTS], cepstra of the mel spectra."""
    envelope: Doubles
    """float64 [T, COEFFICIENTS], cepstra of the networks' envelopes."""


def adaptation(
    voice: ScalableVoice, speech: Sequence[tuple[Samples, str]], progress: Progress | None = None
) -> Adaptation | None:
    """Return what an enrolled voice has beyond `voice`; None if no utterance is fit for it.

    Args:
        voice: of the same person.
        speech: utterances, float32 [T] mono 16 kHz samples each, and their words.
        progress: called with the seconds done and the total.
    """
    chosen = _chosen(speech)
    total = sum(len(samples) for samples, _ in chosen) / ENGINE_SAMPLE_RATE
    done = 0.0
    found: list[Compared] = []
    for samples, text in chosen:
        compared = compare(voice, samples, text)
        if compared:
            found.append(compared)
        done += len(samples) / ENGINE_SAMPLE_RATE
        if progress:
            progress(done, total)
    return fit(found) if found else None


def _chosen(speech: Sequence[tuple[Samples, str]]) -> list[tuple[Samples, str]]:
    return [
        (samples, text)
        for samples, text in speech
        if text.strip() and is_readable(text) and SHORTEST_S <= len(samples) / ENGINE_SAMPLE_RATE <= LONGEST_S
    ]


def compare(voice: ScalableVoice, samples: Samples, text: str) -> Compared | None:
    """Return the frames with speech of an utterance beside the networks'; None if they have none in common."""
    piece = whole(text, voice)
    samples = normalized(samples)
    recorded_db = mel_spectrum(samples)
    recorded_db = recorded_db[: len(recorded_db) // 2 * 2]
    if piece is None or not len(recorded_db):
        return None
    durations = align(piece, voice, recorded_db)
    frames = frames_at(piece, voice, durations)
    made_db = mel_spectrum(normalized(say(with_pitch(frames, samples))))[: len(recorded_db)]
    both = loud_frames(recorded_db, COMPARED_DB) & loud_frames(made_db, COMPARED_DB)
    if not both.any():
        return None
    background = _background(recorded_db)
    recorded_db, made_db = recorded_db[both], made_db[both]
    made = cepstra(made_db)
    return Compared(
        features(frames.envelope_db, frames.voicing, Spoken(piece.tokens, durations))[both].astype(np.float32),
        made + cepstra(_difference(recorded_db, made_db, background)),
        made,
        cepstra(frames.envelope_db[both]),
    )


def fit(found: Sequence[Compared]) -> Adaptation:
    """Return the adaptation that takes the networks' frames to the recorded ones."""
    all_features = np.concatenate([one.features for one in found])
    recorded, made, envelope = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("recorded", "made", "envelope")
    )
    squares = (all_features.T @ all_features).astype(np.float64) + HELD_BACK * np.eye(all_features.shape[1])
    weights = np.linalg.solve(squares, all_features.T @ (recorded - made))
    change = all_features @ weights
    varied = (made + change).std(axis=0)
    gains = np.clip(recorded.std(axis=0) / np.maximum(varied, 1e-3), 1.0, HIGHEST_GAIN)
    gains[0] = 1.0  # the level is no timbre
    mean = (envelope + change).mean(axis=0)
    weights *= gains
    weights[BIAS_FEATURE] -= mean * (gains - 1) / BIAS
    return Adaptation(weights, gains)


def _background(recorded_db: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the power of each band in the softest frames: float64 [BANDS]."""
    power = 10 ** (recorded_db.astype(np.float64) / 10)
    loudness = power.sum(axis=1)
    return np.asarray(power[loudness <= np.quantile(loudness, SOFTEST)].mean(axis=0), np.float64)


def _difference(
    recorded_db: npt.NDArray[np.float32], made_db: npt.NDArray[np.float32], background: npt.NDArray[np.float64]
) -> Doubles:
    """Return by how much the speech of a recording is louder in each band: 0 where it cannot be told from noise, or
    where a telephone has cut it off."""
    power = 10 ** (recorded_db.astype(np.float64) / 10)
    heard = power > HEARD * background
    speech_db = 10 * np.log10(np.maximum(power - background, 1e-12))
    difference = np.where(heard, np.clip(speech_db - made_db, -FARTHEST_DB, FARTHEST_DB), 0.0)
    difference[:, missing_bands(recorded_db, made_db)] = 0.0
    return np.asarray(difference, np.float64)

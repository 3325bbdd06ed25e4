"""The envelopes of an enrolled voice: each frame is changed by what it says, where in its phone, and how it sounds.

    cepstra' = gains * cepstra + features @ weights

The features of a frame, in this order; positions go from -1 at the start of a phone to 1 at its end:

    41   its phone, one of them is 1; the first one is silence
    41   its phone times its position
    41   the phone before, times how far the frame lies in the first half
    41   the phone after, times how far the frame lies in the second half
    1    1 for every frame
    1    voicing, in [0, 1]
    12   voicing times the first 12 cepstra
    16   the first 16 cepstra
    12   how the first 12 cepstra move: from two frames before to two frames after

So an adaptation is a linear function. It is what a ridge regression finds between the speech of the networks and a
recording of the same words (see `adapting`), and costs a hundredth of what the networks take.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..spaces.adaptation import COMPARED, MOVING, SOUNDS, Adaptation
from ..text.lexicon.arpabet import PAUSES
from .corrections import cepstra, levels, movement

Doubles = npt.NDArray[np.float64]

LARGEST_DB = 24.0
"""No band of a frame is changed by more, whatever the bytes say."""
USUAL_LEVEL_DB, LEVEL_RANGE_DB = -55.0, 30.0
"""The level of a frame counts relative to the first, and no farther than the second."""
CEPSTRUM_DB, LEVEL_DB = 6.0, 18.0
"""Units of the cepstra and of the level as features, to about [-1, 1]."""
BIAS, PHONE, POSITION, NEIGHBOR, VOICING, BY_VOICING, BY_CEPSTRUM, MOVEMENT = 3.0, 0.25, 0.25, 0.5, 1.0, 0.5, 0.7, 0.15
"""Size of the features. The larger one is, the less the regression holds its weights back."""
BIAS_FEATURE = 4 * SOUNDS
"""The feature that is the same in every frame."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said when."""

    tokens: npt.NDArray[np.int64]
    """int64 [N, 3], see `text_tokens`."""
    durations: npt.NDArray[np.int64]
    """int64 [N], in frames."""


def adapted(envelope_db: Doubles, voicing: npt.NDArray[np.float32], spoken: Spoken, adaptation: Adaptation) -> Doubles:
    """Return the envelopes of an enrolled voice, float64 [T, BANDS].

    Args:
        envelope_db: [T, BANDS], of the 64-byte voice.
        voicing: [T], in [0, 1].
        spoken: what the T frames say.
        adaptation: of the person.
    """
    change = features(envelope_db, voicing, spoken) @ adaptation.weights_db
    change += cepstra(envelope_db) * (adaptation.gains - 1)
    return np.asarray(envelope_db + np.clip(levels(change), -LARGEST_DB, LARGEST_DB), np.float64)


def features(envelope_db: Doubles, voicing: npt.NDArray[np.float32], spoken: Spoken) -> Doubles:
    """Return the features of each frame, float64 [T, FEATURES]; arguments as for `adapted`."""
    phones = np.eye(SOUNDS)[_sounds(spoken.tokens)]
    index = np.repeat(np.arange(len(spoken.durations)), spoken.durations)
    position = _positions(spoken.durations)[:, np.newaxis]
    before, after = phones[np.maximum(index - 1, 0)], phones[np.minimum(index + 1, len(phones) - 1)]
    found = cepstra(envelope_db)[:, :COMPARED]
    found[:, 0] = np.clip(found[:, 0] - USUAL_LEVEL_DB, -LEVEL_RANGE_DB, LEVEL_RANGE_DB) * (CEPSTRUM_DB / LEVEL_DB)
    found /= CEPSTRUM_DB
    voiced = voicing[:, np.newaxis].astype(np.float64)
    return np.concatenate(
        [
            PHONE * phones[index],
            POSITION * phones[index] * position,
            NEIGHBOR * before * np.maximum(-position, 0),
            NEIGHBOR * after * np.maximum(position, 0),
            np.full_like(voiced, BIAS),
            VOICING * voiced,
            BY_VOICING * voiced * found[:, :MOVING],
            BY_CEPSTRUM * found,
            MOVEMENT * movement(found[:, :MOVING]),
        ],
        axis=1,
    )


def _sounds(tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the number of each phone: 0 for silence, and for phones that adaptations do not know."""
    numbers = np.maximum(tokens[:, 0] - len(PAUSES) + 1, 0)
    return np.where(numbers < SOUNDS, numbers, 0)


def _positions(durations: npt.NDArray[np.int64]) -> Doubles:
    """Return the position of each frame in its phone, in (-1, 1)."""
    lengths = np.repeat(durations, durations)
    starts = np.repeat(np.cumsum(durations) - durations, durations)
    return np.asarray(2 * (np.arange(len(lengths)) - starts + 0.5) / np.maximum(lengths, 1) - 1, np.float64)

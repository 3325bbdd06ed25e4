"""Speaker matching: distances between voices, with a threshold for each space that has one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import Voice, VoiceError

from ..spaces import scalable_voice
from ..spaces.parametric_voice import LOWEST_PITCH_HZ, SPACE, ParametricVoice
from ..spaces.scalable_voice import ORDER, TIMBRE, ScalableVoice, count

WITHIN_SPEAKER = (
    1.9, 1.0, 1.3,
    2.0, 2.1, 1.7, 1.8, 1.9, 2.1, 1.8, 1.6, 1.8, 1.8, 2.0, 2.1, 2.7, 2.7, 3.0, 3.1,
)  # fmt: skip
"""Standard deviation from one segment of 7 s to another of the same person: pitch in semitones, its standard deviation
in semitones, speaking rate in characters a second, then the envelope's bands in dB. 21 readers, 514 segments."""

PARAMETRIC_THRESHOLD = 1.1
"""The largest distance at which two parametric voices count as one person's.

Ten bytes are few, so the threshold is strict: strangers are hardly ever matched, and known people are
often missed. 21 readers in two halves: deviations measured on one half, readers of the other half
compared, enrolled from 30 s each. 126 trials a column, against the 9 or 10 others of the half:

    then heard for                15 s    7 s     5 s
    right one missed              40 %    55 %    60 %
    taken for another               1       0       0
    stranger taken for somebody     2       1       1      0.2 % for each person in the store

Of 22 other readers, enrolled from 5 to 22 s and heard for 3 to 11 s, 2 were recognized and 1 was taken
for another. All recordings of a speaker were made in one place; more speakers are missed over another
microphone or a telephone.
"""

TRAINED_WITHIN_SPEAKER = (1.5, 0.05, 0.9) + (0.16,) * TIMBRE
"""The same for trained voices: pitch in semitones, its standard deviation in the natural logarithm, speaking rate in
phones a second, timbre. 102 speakers of the training in two recordings each differ by 0.16 in the timbre, and less in
the rest."""

TRAINED_THRESHOLD = 2.1
"""The largest distance at which two trained voices count as one person's.

On 37 readers outside of the training data, with single utterances of 3 to 13 s: 54 % of 46 pairs of the same reader are
missed, 0.12 % of 2,439 pairs of different readers are merged. The equal error rate is 8.7 %, at 3.3. Of 102 speakers of
the training, all pairs are told apart without an error at 2.4, if their voices are not fitted. As with parametric
voices, a reader's recordings were made in one place.
"""

MARGIN = 1.15
"""The second-best match must be this many times as far away: two similar voices are not told apart."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """The comparison of voices in one space."""

    distance: Callable[[Voice, Voice], float]
    """0 for the same voice, larger for less similar voices."""
    threshold: float
    """The largest distance that counts as the same person."""


def parametric_distance(first: Voice, second: Voice) -> float:
    """Return the root mean square difference in units of `WITHIN_SPEAKER`."""
    difference = (_features(first) - _features(second)) / WITHIN_SPEAKER
    return float(np.sqrt(np.mean(np.square(difference))))


def trained_distance(first: Voice, second: Voice) -> float:
    """Return the RMS difference in units of `TRAINED_WITHIN_SPEAKER`, of what both voices have; corrections do not
    count."""
    pairs = list(zip(_trained_features(first), _trained_features(second), TRAINED_WITHIN_SPEAKER, strict=False))
    difference = np.array([(one - other) / deviation for one, other, deviation in pairs])
    return float(np.sqrt(np.mean(np.square(difference))))


MATCHERS: dict[str, Matcher] = {
    SPACE: Matcher(parametric_distance, PARAMETRIC_THRESHOLD),
    scalable_voice.SPACE: Matcher(trained_distance, TRAINED_THRESHOLD),
}
"""Space -> its comparison; voices in other spaces cannot be compared."""


def best_match(voice: Voice, known: Sequence[Voice]) -> int | None:
    """Return the index of the certain match in `known` (one voice for each person), or None.

    Raises:
        VoiceError: voices of this space cannot be compared.
    """
    matcher = MATCHERS.get(voice.space)
    if matcher is None:
        raise VoiceError(
            f"nobody can be recognized by a voice in the space {voice.space!r}; name the speaker",
            remedies=("trained_voice",),
        )
    ranked = sorted(
        (matcher.distance(voice, other), index) for index, other in enumerate(known) if other.space == voice.space
    )
    if not ranked or ranked[0][0] > matcher.threshold:
        return None
    if len(ranked) > 1 and ranked[1][0] < MARGIN * ranked[0][0]:
        return None
    return ranked[0][1]


def _features(voice: Voice) -> npt.NDArray[np.float64]:
    parametric = ParametricVoice.from_bytes(voice.embedding)
    semitones = 12 * np.log2(parametric.pitch_hz / LOWEST_PITCH_HZ)
    return np.array(
        [
            semitones,
            parametric.pitch_deviation_semitones,
            parametric.speaking_rate_cps,
            *parametric.envelope_correction_db,
        ]
    )


def _trained_features(voice: Voice) -> list[float]:
    """Return pitch, its deviation, the speaking rate, and as many numbers of the timbre as the voice's bytes hold."""
    trained = ScalableVoice.from_bytes(voice.embedding)
    kept = sum(place < TIMBRE for place in ORDER[: count(len(voice.embedding))])
    semitones = 12 * float(np.log2(trained.pitch_hz / LOWEST_PITCH_HZ))
    return [semitones, trained.pitch_deviation, trained.speaking_rate_pps, *trained.timbre[:kept]]

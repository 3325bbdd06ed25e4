"""Who speaks when in one channel: the speakers of a mono recording told apart by their voices.

segments    |------------------|     |-------------|
windows     |----|----|----|...      embedded, 1.5 s each, every 0.25 s
clusters     a    a    b             the most similar windows and clusters joined repeatedly
turns       [ speaker 1 ] [ 2 ]      the most similar speaker every 0.1 s, with a cost for changes (Viterbi)

The numbers below were chosen on 108 conversations of one to four readers of ../shared/voicedata, combined
at random: clean, over a telephone line each, in a room. Only one speaker at a time gets the words: a recognizer
hears one of two people who talk at once, and no words should be transcribed twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..protocols import ENGINE_SAMPLE_RATE, SpeakerEmbedder
from .segmentation import PADDING_S, SpeechSegment, frame_power

WINDOW_S, HOP_S = 1.5, 0.25
"""Shorter windows separate speakers worse, longer ones blur their turns."""
PURE = (0.2, 0.3, 0.4, 0.5, 0.6)
"""Mean cosine above which clusters are joined at first: low enough for few clusters, high enough for pure ones. The
higher values serve if more speakers are requested than were found."""
MIN_WINDOWS = 8
"""A smaller cluster, unless it is a quarter of all windows, may be a cough, a laugh or two people at once. The smaller
it is, the less it may resemble the others. When small clusters never counted, 18 of 60 short conversations lacked a
speaker; now 13 do. Of 152 recordings of one person, 63 of them in noise (5 dB), still only one comes out as two."""
SAME_SPEAKER = 0.3
"""Cosine of two clusters' means above which they are one speaker, unless they are the last two and well separated."""
APART = 3.6
"""Separation of the last two clusters, in standard deviations, that makes them two people with similar voices, as on
one telephone line. Half a minute of one person, cut in two, reached 3.4; telephone calls of two people have 4.0 and
more. A minute of one reader from several sessions can reach 4.4, and then counts as two."""
APART_WINDOWS = 60
"""With fewer windows (15 s of speech), two similar voices always count as one: one reader of ten seconds in noise
(5 dB) reached 4.3, and words were lost where the sentence was cut."""
CHANGE_COST = 1.0
"""Cost of a change of speaker, as a sum of cosines over steps: a turn lasts about 0.3 s or more."""
STEP_S = 0.1
MAX_CLUSTERED = 800
"""Most windows that are clustered, spread over the recording; the others join the most similar speaker."""
MAX_DIARIZED_SPEAKERS = 16
CUT_S = 0.4
"""A change of speaker moves to the quietest place within this distance..."""
PAUSE_NEAR_S = 0.4
"""...unless the detector heard a pause this near, or nearer. In 385 changes of readers, a third of them in noise or on
the telephone, the longest of these pauses is the right one in 362, in 19 it is another one; from 0.2 to 0.8 s the right
ones are 359 to 362."""
QUIET_FRAME = ENGINE_SAMPLE_RATE // 50

Embeddings = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Times = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """Speech of one speaker."""

    start_s: float
    """In the recording, in seconds."""
    end_s: float
    speaker: int
    """Speakers are numbered from 0 in the order of their first words."""


class Diarizer:
    """Collect every segment of a recording, then assign it to speakers."""

    def __init__(self, embedder: SpeakerEmbedder) -> None:
        self._embedder = embedder
        self._segments: list[_Heard] = []

    def listen(self, segment: SpeechSegment) -> None:
        """Take in the next segment."""
        start_s, duration_s = segment.start_s - segment.soft_s, segment.duration_s + segment.soft_s
        speech = segment.samples[round((segment.lead_s - segment.soft_s) * ENGINE_SAMPLE_RATE) :]
        speech = speech[: round(duration_s * ENGINE_SAMPLE_RATE)]
        window, hop = round(WINDOW_S * ENGINE_SAMPLE_RATE), round(HOP_S * ENGINE_SAMPLE_RATE)
        last = max(0, len(speech) - window)
        starts = [*range(0, last, hop), last]
        embeddings = np.stack([self._embedder.embed(speech[start : start + window]) for start in starts])
        centers_s = (np.array(starts) + min(window, len(speech)) / 2) / ENGINE_SAMPLE_RATE
        self._segments.append(
            _Heard(
                start_s,
                duration_s,
                centers_s,
                embeddings.astype(np.float16),
                frame_power(speech, QUIET_FRAME),
                segment.pauses,
            )
        )

    def turns(self, speakers: int | None = None) -> list[SpeakerTurn]:
        """Return the turns in order; inside a segment, there are gaps between them where the detector heard pauses.

        Args:
            speakers: their number, 1 or more; None to estimate it.
        """
        if not self._segments:
            return []
        centers_s = np.concatenate([heard.start_s + heard.centers_s for heard in self._segments])
        spread = slice(None, None, -(-len(centers_s) // MAX_CLUSTERED))
        embeddings = np.concatenate([heard.embeddings for heard in self._segments])[spread].astype(np.float32)
        means = _cluster(embeddings, centers_s[spread], speakers)
        turns = [turn for heard in self._segments for turn in heard.turns(means)]
        order = {speaker: index for index, speaker in enumerate(dict.fromkeys(turn.speaker for turn in turns))}
        return [SpeakerTurn(turn.start_s, turn.end_s, order[turn.speaker]) for turn in turns]


@dataclass(frozen=True, slots=True)
class _Heard:
    """The stored measurements of a segment."""

    start_s: float
    duration_s: float
    centers_s: Times
    """Of the windows, from the start of the segment."""
    embeddings: npt.NDArray[np.float16]
    """[windows, dimensions]; 15 MB for an hour of speech."""
    powers: npt.NDArray[np.float32]
    """Mean square of every `QUIET_FRAME`."""
    pauses: tuple[tuple[float, float], ...]
    """Start and end of each, in the recording."""

    def turns(self, means: Embeddings) -> list[SpeakerTurn]:
        """Return the turns inside the segment; means: [speakers, dimensions]."""
        steps_s = np.arange(0.0, self.duration_s, STEP_S)
        similarity = self.embeddings.astype(np.float32) @ means.T
        at_steps = np.zeros((len(steps_s), len(means)))
        for speaker in range(len(means)):
            at_steps[:, speaker] = np.interp(steps_s, self.centers_s, similarity[:, speaker])
        path = _best_path(at_steps)
        changes = np.flatnonzero(np.diff(path)) + 1
        cuts = [self._cut(float(steps_s[change])) for change in changes]
        starts_s = [self.start_s, *(start_s for _, start_s in cuts)]
        ends_s = [*(end_s for end_s, _ in cuts), self.start_s + self.duration_s]
        return [
            SpeakerTurn(start_s, end_s, int(path[first]))
            for start_s, end_s, first in zip(starts_s, ends_s, [0, *changes.tolist()], strict=True)
            if end_s > start_s
        ]

    def _cut(self, change_s: float) -> tuple[float, float]:
        """Return where the speaker before a change ends and where the next one starts, in the recording.

        Speakers change in a pause: in the longest one that is near. The first ends at its quietest place, since the
        detector may miss soft last sounds.
        """
        around_s = self.start_s + change_s
        near = [pause for pause in self.pauses if pause[0] - PAUSE_NEAR_S <= around_s <= pause[1] + PAUSE_NEAR_S]
        quietest_s = self.start_s + self._quietest_s(change_s)
        if not near:
            return quietest_s, quietest_s
        quiet_s, again_s = max(near, key=lambda pause: pause[1] - pause[0])
        latest_s = max(quiet_s, again_s - PADDING_S)
        return min(max(quiet_s, quietest_s), latest_s), again_s

    def _quietest_s(self, around_s: float) -> float:
        frame_s = QUIET_FRAME / ENGINE_SAMPLE_RATE
        # half of `CUT_S` to each side, so that two changes never pass each other
        first = max(0, round((around_s - CUT_S / 2) / frame_s))
        window = self.powers[first : first + max(1, round(CUT_S / frame_s))]
        return min(self.duration_s, (first + int(window.argmin())) * frame_s) if len(window) else around_s


def _cluster(embeddings: Embeddings, centers_s: Times, speakers: int | None) -> Embeddings:
    """Return the mean embedding of every speaker, of length 1: float32 [speakers, dimensions]."""
    means = _settle(embeddings, _first_means(embeddings, speakers or 2))
    while len(means) > 1:
        similarity = means @ means.T
        np.fill_diagonal(similarity, -1.0)
        one, other = divmod(int(similarity.argmax()), len(means))
        labels = _nearest(embeddings, means)
        sizes = np.bincount(labels, minlength=len(means))
        small = sizes < min(MIN_WINDOWS, len(embeddings) / 4)  # other speakers took its windows in the meantime
        doubtful = np.flatnonzero(small & ~_stands_alone(sizes, similarity.max(axis=1)))
        if not speakers and len(doubtful):
            means = _settle(embeddings, np.delete(means, doubtful[sizes[doubtful].argmin()], axis=0))
            continue
        if len(means) <= (speakers or MAX_DIARIZED_SPEAKERS):
            if speakers or similarity[one, other] < SAME_SPEAKER:
                break
            long_enough = len(embeddings) >= APART_WINDOWS
            if len(means) == 2 and long_enough and _stand_apart(embeddings, centers_s, labels == one) >= APART:
                break
        labels[labels == other] = one
        means = _settle(embeddings, _means(embeddings, labels))
    return means


def _stand_apart(embeddings: Embeddings, centers_s: Times, ones: npt.NDArray[np.bool_]) -> float:
    """Return the separation of two clusters on the line between their means, in standard deviations.

    Each window is compared with the means of windows that share no sound with it; otherwise any cluster cut in two
    would look separated. Properties that all windows share, such as a telephone line, cancel out.

    Args:
        ones: [windows], which windows are of the first cluster; the others are of the second.
    """
    strangers = (np.abs(centers_s[:, np.newaxis] - centers_s) >= WINDOW_S).astype(np.float32)
    sides = [embeddings * side[:, np.newaxis].astype(np.float32) for side in (ones, ~ones)]
    one, other = (_unit(np.asarray(strangers @ side, np.float32)) for side in sides)
    measured = (strangers[:, ones].sum(axis=1) >= 2) & (strangers[:, ~ones].sum(axis=1) >= 2)
    place = (embeddings * (one - other)).sum(axis=1)
    of_one, of_other = place[ones & measured], place[~ones & measured]
    if min(len(of_one), len(of_other)) < 2:
        return 0.0
    spread = np.sqrt((of_one.var() + of_other.var()) / 2 + 1e-4)
    return float((of_one.mean() - of_other.mean()) / spread)


def _first_means(embeddings: Embeddings, wanted: int) -> Embeddings:
    """Return the means of clusters that are large enough, at most `wanted` of them."""
    means = embeddings[:0]
    for pure in PURE:
        labels = _agglomerate(embeddings, pure)
        sizes = np.bincount(labels)
        all_means = _means(embeddings, labels)
        large = sizes >= min(MIN_WINDOWS, sizes.max())
        means = all_means[large | _stands_alone(sizes, (all_means @ all_means[large].T).max(axis=1))]
        if len(means) >= wanted:
            break
    return means


def _stands_alone(sizes: Labels, similarity: Embeddings) -> npt.NDArray[np.bool_]:
    """Return which small clusters differ from all others: bool [clusters]. A single window never counts.

    Args:
        sizes: windows in each.
        similarity: cosine of each to the most similar other cluster.
    """
    return np.asarray((sizes > 1) & (similarity < SAME_SPEAKER * (sizes / MIN_WINDOWS) ** 2), np.bool_)


def _agglomerate(embeddings: Embeddings, pure: float) -> Labels:
    """Return a cluster for each embedding; clusters with a mean cosine of at least `pure` are joined."""
    similarity = embeddings @ embeddings.T
    np.fill_diagonal(similarity, -np.inf)
    sizes = np.ones(len(embeddings))
    labels = np.arange(len(embeddings))
    while True:
        one, other = divmod(int(similarity.argmax()), len(embeddings))
        if similarity[one, other] < pure:
            return np.unique(labels, return_inverse=True)[1]
        joined = (similarity[one] * sizes[one] + similarity[other] * sizes[other]) / (sizes[one] + sizes[other])
        similarity[one], similarity[:, one] = joined, joined
        similarity[one, one] = -np.inf
        similarity[other], similarity[:, other] = -np.inf, -np.inf
        sizes[one] += sizes[other]
        labels[labels == other] = one


def _settle(embeddings: Embeddings, means: Embeddings) -> Embeddings:
    """Return the means after repeatedly moving every embedding to its nearest mean (spherical k-means)."""
    labels = _nearest(embeddings, means)
    for _ in range(10):
        means = _means(embeddings, labels)
        moved = _nearest(embeddings, means)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return means


def _nearest(embeddings: Embeddings, means: Embeddings) -> Labels:
    return np.unique((embeddings @ means.T).argmax(axis=1), return_inverse=True)[1]


def _means(embeddings: Embeddings, labels: Labels) -> Embeddings:
    means = np.stack([embeddings[labels == label].mean(axis=0) for label in np.unique(labels)])
    return _unit(means)


def _unit(vectors: Embeddings) -> Embeddings:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


def _best_path(similarity: npt.NDArray[np.float64]) -> Labels:
    """Return the best speaker of each step, [steps], with the cost of changes; similarity: [steps, speakers]."""
    steps, speakers = similarity.shape
    score = similarity[0].copy()
    came_from = np.zeros((steps, speakers), np.int64)
    for step in range(1, steps):
        best = np.argmax(score)
        changed = score < score[best] - CHANGE_COST
        came_from[step] = np.arange(speakers)
        came_from[step, changed] = best
        score[changed] = score[best] - CHANGE_COST
        score += similarity[step]
    path = np.zeros(steps, np.int64)
    path[-1] = np.argmax(score)
    for step in range(steps - 1, 0, -1):
        path[step - 1] = came_from[step, path[step]]
    return path

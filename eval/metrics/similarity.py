"""Voice similarity with its anchors, and identification among all speakers.

A decoded turn is compared with the *originals* of other recordings, with other words,
so that neither the room nor the text makes it similar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..types import Embedding, Observation
from .voice import unpack_embedding
from .wer import normalize


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One original turn for the comparison of voices."""

    item: str
    """Its recording."""
    words: str
    """Its words, normalized."""
    embedding: Embedding
    """The embedding of its voice."""


@dataclass(frozen=True, slots=True)
class VoiceScore:
    """The scores of one decoded turn among the speakers."""

    same: float
    """Mean cosine to the other recordings of its speaker."""
    stranger: float
    """Mean cosine to the recordings of all others."""
    identified: bool
    """Whether its speaker is the nearest."""
    candidates: int
    """Number of speakers in the comparison, its own included."""


Enrollment = Mapping[str, list[Enrolled]]
"""Speaker -> their original turns."""


def enroll(originals: Iterable[Observation]) -> Enrollment:
    """Return the speakers of a corpus, by the clean originals."""
    enrollment: dict[str, list[Enrolled]] = {}
    for observation in originals:
        for turn in observation.turns:
            if turn.embedding and turn.speaker:
                enrolled = Enrolled(observation.item, normalize(turn.reference or ""), unpack_embedding(turn.embedding))
                enrollment.setdefault(turn.speaker, []).append(enrolled)
    return enrollment


def voice_scores(observation: Observation, enrollment: Enrollment) -> list[VoiceScore]:
    """Return a score for each turn whose speaker has other recordings."""
    scores: list[VoiceScore] = []
    for turn in observation.turns:
        if turn.embedding is None:
            continue
        words = normalize(turn.reference or "")
        embedding = unpack_embedding(turn.embedding)
        cosines: dict[str, float] = {}
        nearness: dict[str, float] = {}
        for speaker, known in enrollment.items():
            others = [one.embedding for one in known if one.item != observation.item and one.words != words]
            if others:
                cosines[speaker] = float(np.mean([other @ embedding for other in others]))
                center = np.mean(others, axis=0)
                nearness[speaker] = float(center @ embedding / np.linalg.norm(center))
        strangers = [cosine for speaker, cosine in cosines.items() if speaker != turn.speaker]
        if turn.speaker in cosines and strangers:
            nearest = max(nearness, key=lambda speaker: nearness[speaker])
            scores.append(
                VoiceScore(cosines[turn.speaker], float(np.mean(strangers)), nearest == turn.speaker, len(cosines))
            )
    return scores

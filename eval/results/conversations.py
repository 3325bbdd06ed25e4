"""What a conversation is measured by: words with their speakers, who spoke when, bytes of each minute, voices.

Sums are kept, so that conversations add up to a row of a table.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

from ..metrics.diarization import DiarizationErrors
from ..metrics.wer import WordErrors

ON_TIME_S = 0.05
"""Largest error of a start that counts as on time."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One recording of several people, compressed and decompressed."""

    item: str
    """Id of the recording."""
    category: str
    """Its category, and whether its channels were mixed."""
    duration_s: float
    """Its length."""
    minute_bytes: tuple[int, ...]
    """Bytes of each minute as a payload of its own, the last one shorter."""
    payload_bytes: int
    """Bytes of the whole payload."""
    speakers: int
    """Number of people in the reference."""
    found_speakers: int
    """Number of speakers in the payload."""
    words: WordErrors | None
    """Word errors of the words sent, whoever said them; None without a transcript."""
    attributed: WordErrors | None
    """The same with the right speakers (cpWER)."""
    diarization: DiarizationErrors
    """Who spoke when, every instant scored."""
    collared: DiarizationErrors
    """The same without 0.25 s around each start and end of the reference."""
    start_errors_s: tuple[float, ...]
    """First word of each turn in the decoded sound minus that in the original, where both were found."""
    similarities: tuple[float, ...]
    """Speaker by speaker: cosine of the decoded voice to the original one."""
    strangers: tuple[float, ...]
    """Speaker by speaker: mean cosine of the decoded voice to the originals of the others."""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """The conversations of one kind, as a table shows them."""

    kind: str
    """Their category."""
    count: int
    """How many they are."""
    bytes_per_minute: float
    """Bytes for a minute."""
    wer: float | None
    """Share of the words that are wrong, whoever said them; None without transcripts."""
    cpwer: float | None
    """The same with the right speakers."""
    der: float
    """Diarization error rate, every instant scored."""
    der_collar: float
    """The same with a collar of 0.25 s."""
    right_count: int
    """Conversations with the right number of speakers."""
    starts: int
    """Number of turns whose starts were found."""
    on_time: float
    """Share of them within 50 ms."""
    start_bias_ms: float
    """Median error of the starts; above zero is late."""
    similarity: float
    """Mean cosine to the speaker's own voice."""
    stranger: float
    """Mean cosine to the others' voices."""


def conversation_from_json(stored: dict[str, Any]) -> Conversation:
    """Return the conversation in a JSON value from `asdict`.

    Raises:
        TypeError, KeyError: it is not a conversation.
    """
    fields = dict(stored)
    for name in ("minute_bytes", "start_errors_s", "similarities", "strangers"):
        fields[name] = tuple(stored[name])
    for name in ("words", "attributed"):
        fields[name] = None if stored[name] is None else WordErrors(**stored[name])
    for name in ("diarization", "collared"):
        fields[name] = DiarizationErrors(**stored[name])
    return Conversation(**fields)


def conversation_rows(conversations: Sequence[Conversation]) -> list[ConversationRow]:
    """Return one row for each category, in the order of the conversations."""
    kinds = list(dict.fromkeys(one.category for one in conversations))
    return [_row(kind, [one for one in conversations if one.category == kind]) for kind in kinds]


def _row(kind: str, group: Sequence[Conversation]) -> ConversationRow:
    errors_s = [error for one in group for error in one.start_errors_s]
    similarities = [value for one in group for value in one.similarities]
    strangers = [value for one in group for value in one.strangers]
    return ConversationRow(
        kind=kind,
        count=len(group),
        bytes_per_minute=60 * sum(one.payload_bytes for one in group) / sum(one.duration_s for one in group),
        wer=_rate([one.words for one in group]),
        cpwer=_rate([one.attributed for one in group]),
        der=_der([one.diarization for one in group]),
        der_collar=_der([one.collared for one in group]),
        right_count=sum(one.speakers == one.found_speakers for one in group),
        starts=len(errors_s),
        on_time=sum(abs(error) <= ON_TIME_S for error in errors_s) / len(errors_s) if errors_s else nan,
        start_bias_ms=1000 * statistics.median(errors_s) if errors_s else nan,
        similarity=statistics.fmean(similarities) if similarities else nan,
        stranger=statistics.fmean(strangers) if strangers else nan,
    )


def _rate(parts: Sequence[WordErrors | None]) -> float | None:
    counted = [one for one in parts if one is not None]
    words = sum(one.reference_words for one in counted)
    return sum(one.errors for one in counted) / words if words else None


def _der(parts: Sequence[DiarizationErrors]) -> float:
    return sum(parts[1:], parts[0]).rate

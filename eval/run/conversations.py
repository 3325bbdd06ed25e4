"""Conversations through `compress` and `decompress`: words with their speakers, who spoke when, starts, voices.

recording, and if it has a channel for each party also their mix
reference: turns with words (``turns.csv``), an RTTM file beside the recording, or for a mix without either,
           what the recording with separate channels says
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Audio, EngineError, Payload, Samples, SpeechzipError, Utterance

from ..codecs.sound import engine_samples, mono
from ..codecs.speechzip import SpeechzipCodec, load_set
from ..metrics import load_voice
from ..metrics.alignment import word_start_s
from ..metrics.attributed import attributed_word_errors
from ..metrics.diarization import SpeechSpan, diarization_errors, read_rttm
from ..metrics.wer import word_errors
from ..results.conversations import Conversation
from ..results.results import Failure
from ..types import Embedding, Item, Turn
from .minutes import FORMATS, cut_minutes, sizes_of
from .observe import read_audio
from .store import ObservationStore

COLLAR_S = 0.25
"""Left out around each start and end in the reference (NIST)."""
MARGIN_S = 0.3
"""Sound around a turn in which its first word is looked for."""
RTTM = "*.rttm"
MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class _Take:
    """One recording as it is compressed."""

    item: Item
    """The recording, with the turns that it is compared with."""
    audio: Audio
    """Its sound."""
    category: str
    """Its category in tables."""


def measure_conversations(
    items: Sequence[Item], system: str, store: ObservationStore
) -> tuple[list[Conversation], list[Failure]]:
    """Return what was measured of each recording of several people, and the recordings that failed.

    Args:
        items: recordings; those of one person, and those about which nothing is known, are left out.
        system: speechzip, or one of its sets of engines.
        store: keeps what was measured; what it has is not measured again.

    Raises:
        EngineError: an engine of the system, the aligner or Resemblyzer is missing.
    """
    codec = load_set(system)
    load_voice()
    found: list[Conversation] = []
    failures: list[Failure] = []

    def measure(item: Item) -> list[Conversation]:
        return [_measure(take, codec) for take in _takes(item, codec)]

    for item in items:
        try:
            found += store.conversations(system, with_rttm(item), measure)
        except EngineError:
            raise
        except SpeechzipError as error:
            failures.append(Failure(item.id, (system,), str(error)))
    return found, failures


def with_rttm(item: Item) -> Item:
    """Return a recording with the turns that an RTTM file beside it knows; unchanged if there is none."""
    for path in sorted(item.path.parent.glob(RTTM)):
        if spans := read_rttm(path).get(item.path.stem):
            turns = [Turn(None, str(one.speaker), one.start_s, one.end_s - one.start_s) for one in spans]
            return replace(item, turns=tuple(sorted(turns, key=lambda turn: turn.start_s)))
    return item


def _takes(item: Item, codec: SpeechzipCodec) -> Iterator[_Take]:
    """Yield a recording, and the mix of its channels, with a reference for each."""
    audio = read_audio(item.path)
    separate = audio.samples.ndim == 2 and audio.samples.shape[1] == 2
    if not _is_conversation(item) and separate:
        item = replace(item, turns=_turns_of(codec.compress(audio).payload))
    elif _is_conversation(item):
        yield _Take(item, audio, item.category)
    if _is_conversation(item) and separate:
        yield _Take(item, Audio(mono(audio), audio.sample_rate), f"{item.category}, {MIXED}")


def _is_conversation(item: Item) -> bool:
    return len({turn.speaker for turn in item.turns if turn.speaker}) > 1


def _turns_of(payload: Payload) -> tuple[Turn, ...]:
    return tuple(Turn(one.text, str(one.speaker), one.start_s, one.duration_s) for one in payload.utterances)


def _measure(take: _Take, codec: SpeechzipCodec) -> Conversation:
    compressed = codec.compress(take.audio)
    payload = compressed.payload
    original = engine_samples(take.audio)
    decoded = engine_samples(codec.decompress(compressed.data))
    turns = take.item.turns
    spoken, told = list(map(_span, turns)), list(map(_span, payload.utterances))
    said = [(turn.speaker, turn.transcript or "") for turn in turns]
    sent = [(one.speaker, one.text) for one in payload.utterances]
    has_words = all(turn.transcript is not None for turn in turns)
    similarities, strangers = _voices(spoken, original, decoded)
    return Conversation(
        item=take.item.id,
        category=take.category,
        duration_s=take.audio.duration_s,
        minute_bytes=tuple(sizes_of(piece)[FORMATS[-1], "strangers"] for _, piece in cut_minutes(payload)),
        payload_bytes=len(compressed.data),
        speakers=len({one.speaker for one in spoken}),
        found_speakers=len({one.speaker for one in told}),
        words=word_errors([" ".join(text for _, text in said)], [compressed.text]) if has_words else None,
        attributed=attributed_word_errors(said, sent) if has_words else None,
        diarization=diarization_errors(spoken, told),
        collared=diarization_errors(spoken, told, collar_s=COLLAR_S),
        start_errors_s=tuple(_start_errors_s(turns, payload, original, decoded, codec)) if has_words else (),
        similarities=similarities,
        strangers=strangers,
    )


def _span(one: Turn | Utterance) -> SpeechSpan:
    return SpeechSpan(one.start_s, one.start_s + one.duration_s, one.speaker)


def _start_errors_s(
    turns: Sequence[Turn], payload: Payload, original: Samples, decoded: Samples, codec: SpeechzipCodec
) -> Iterator[float]:
    """Yield the error of each turn that begins with the first word of an utterance.

    An utterance belongs to the turn in which its middle lies; only the first one of each turn counts.
    """
    spoken, told = list(map(_span, turns)), list(map(_span, payload.utterances))
    for turn, span in zip(turns, spoken, strict=True):
        inside = [one for one in payload.utterances if span.start_s <= one.start_s + one.duration_s / 2 < span.end_s]
        if not inside or not turn.transcript:
            continue
        first = inside[0]
        wanted = first_word_s(original, span, turn.transcript, spoken)
        came = first_word_s(decoded, _span(first), first.text, told, codec.lead_s(first))
        if wanted is not None and came is not None:
            yield round(came - wanted, 3)


def first_word_s(
    samples: Samples, spoken: SpeechSpan, text: str, all_spoken: Sequence[SpeechSpan], lead_s: float = 0.0
) -> float | None:
    """Return when the first word of a span starts in the recording; what others say is no part of the search.

    Decoded speech begins earlier than its span by its lead, even if somebody else is just ending.
    """
    middle_s = (spoken.start_s + spoken.end_s) / 2
    others = [one for one in all_spoken if one.speaker != spoken.speaker]
    before = [one.end_s for one in others if one.end_s <= middle_s]
    after = [one.start_s for one in others if one.start_s >= middle_s]
    start_s = max([0.0, spoken.start_s - MARGIN_S, *(min(end_s, spoken.start_s - lead_s) for end_s in before)])
    end_s = min([spoken.end_s + MARGIN_S, *(max(later_s, spoken.end_s) for later_s in after)])
    start = word_start_s(_between(samples, start_s, end_s), text)
    return None if start is None else start_s + start


def _voices(
    spoken: Sequence[SpeechSpan], original: Samples, decoded: Samples
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return each speaker's cosine of the decoded voice to the own original, and to the others'."""
    voice = load_voice()
    owns: list[Embedding] = []
    news: list[Embedding] = []
    for _, spans in groupby(sorted(spoken, key=lambda one: str(one.speaker)), key=lambda one: one.speaker):
        alone = [span for one in spans for span in _alone(one, spoken)]
        own, new = (
            voice.embed(np.concatenate([_between(samples, *span) for span in alone] or [samples[:0]]))
            for samples in (original, decoded)
        )
        if own is not None and new is not None:
            owns.append(own)
            news.append(new)
    table = [[float(new @ own) for own in owns] for new in news]
    same = tuple(round(row[place], 4) for place, row in enumerate(table))
    others = [[value for column, value in enumerate(row) if column != place] for place, row in enumerate(table)]
    return same, tuple(round(float(np.mean(row)), 4) for row in others if row)


def _alone(one: SpeechSpan, spoken: Sequence[SpeechSpan]) -> Iterator[tuple[float, float]]:
    """Yield the spans in which a person speaks and nobody else does."""
    others = [other for other in spoken if other.speaker != one.speaker]
    edges = sorted({one.start_s, one.end_s, *(e for o in others for e in o[:2] if one.start_s < e < one.end_s)})
    for start_s, end_s in pairwise(edges):
        middle = (start_s + end_s) / 2
        if not any(other.start_s <= middle < other.end_s for other in others):
            yield start_s, end_s


def _between(samples: Samples, start_s: float, end_s: float) -> Samples:
    return samples[max(0, round(start_s * ENGINE_SAMPLE_RATE)) : max(0, round(end_s * ENGINE_SAMPLE_RATE))]

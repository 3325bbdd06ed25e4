"""Bytes of every minute of every conversation: `speechzip eval-minutes`.

    recording -> compressed once -> payload
    |--- minute ---|--- minute ---|- piece -|     each encoded as a payload of its own, in every format,
                                                  with strangers' voices, short ones and known ones

A minute has the utterances that start in it, the last of which may run past its end, and the speakers of those
utterances. Times count from its start. A last piece of less than `SHORTEST_PIECE_S` is left out.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal, get_args

from speechzip.pipeline import (
    TEXT_CODERS,
    AudioError,
    EngineError,
    InputError,
    Payload,
    Progress,
    SpeechzipError,
    Voice,
    VoiceReference,
    compress,
    encode_payload,
    open_recording,
    printable,
    text_coders_for,
)
from speechzip.pipeline.textcoder import COMMON_ID, check_english_coder

from .. import engines
from ..types import Corpus, Item

MINUTE_S = 60
SHORTEST_PIECE_S = 30
"""A last piece that is shorter than this is left out."""

PACKET_BYTES = (231, 237, 140)
"""Meshtastic less the sender's bitfield, as `pack --for meshtastic`; Meshtastic's `DATA_PAYLOAD_LEN` in earlier
releases (233 today); a short message (SMS)."""

FORMATS = (1, 4)
SHORT_VOICE_BYTES = 8
Voices = Literal["strangers", "short", "known"]
"""Whether voices are sent; or in the shortest size, as `pack` does if it takes no second packet then; or only their
ids, because the receiver has them."""

Encoding = tuple[int, Voices]
"""Format of the payload, and the kind of its voices."""
ENCODINGS: tuple[Encoding, ...] = tuple((version, voices) for version in FORMATS for voices in get_args(Voices))

ALL, WHOLE = "all", "whole minutes"


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute of a recording, or its last 30 to 60 s."""

    item: str
    """Id of the recording."""
    category: str
    """Its category."""
    start_s: int
    """Start in the recording."""
    duration_s: float
    """60 for a whole minute."""
    sizes: Mapping[Encoding, int]
    """Bytes of its payload, checksum included."""


@dataclass(frozen=True, slots=True)
class TooShort:
    """A recording, or its last piece, that was not measured."""

    item: str
    """Id of the recording."""
    start_s: int
    """Start in the recording; 0 if all of it is left out."""
    reason: str
    """Why."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """The bytes of every minute of a corpus."""

    pieces: tuple[Minute, ...]
    """In the order of the corpus, then of time."""
    left_out: tuple[TooShort, ...]
    """The recordings and pieces that were not measured."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """The distribution of bytes per minute."""

    group: str
    """The pieces: a category, ``all``, or ``whole minutes``, which excludes the last pieces."""
    encoding: Encoding
    """Their encoding."""
    count: int
    """Number of pieces."""
    median: float
    """Median of their bytes."""
    percentile_95: int
    """The smallest size that 95 % of them fit."""
    fitting: Mapping[int, float]
    """One of `PACKET_BYTES` -> share of the pieces that fit, in [0, 1]."""


def measure_minutes(
    corpus: Corpus,
    *,
    recognizer: str | None = None,
    voice_encoder: str | None = None,
    text_coder: str | None = None,
    progress: Progress | None = None,
) -> Minutes:
    """Return the bytes of every minute of the recordings.

    Args:
        corpus: the recordings; those of less than 30 s, without speech or unreadable are left out.
        recognizer: name of the engine that finds the words; the default one if None.
        voice_encoder: the same of the engine that measures voices.
        text_coder: the same of the coder of English in the newest format.
        progress: called with the number of recordings done, and of all.

    Raises:
        EngineError: an engine is missing or fails.
        InputError: no recording could be measured.
    """
    if text_coder:
        check_english_coder(text_coder)
    pieces: list[Minute] = []
    left_out: list[TooShort] = []
    for done, item in enumerate(corpus.items, 1):
        try:
            payload = _payload_of(item, recognizer, voice_encoder, text_coder)
        except EngineError:
            raise
        except SpeechzipError as error:
            left_out.append(TooShort(item.id, 0, str(error)))
        else:
            for start_s, piece in cut_minutes(payload):
                if piece.duration_s < SHORTEST_PIECE_S:
                    left_out.append(TooShort(item.id, start_s, _too_short(piece.duration_s)))
                else:
                    pieces.append(
                        Minute(item.id, item.category, start_s, piece.duration_s, sizes_of(piece, text_coder))
                    )
        if progress:
            progress(done, len(corpus.items))
    if not pieces:
        raise InputError(
            f"none of the {len(corpus.items)} recordings of {corpus.name} could be measured; "
            f"the first: {left_out[0].item}: {left_out[0].reason}"
        )
    return Minutes(tuple(pieces), tuple(left_out))


def in_categories(corpus: Corpus, categories: Sequence[str]) -> Corpus:
    """Return a corpus with the recordings of some categories only; all of them if none is named.

    Raises:
        InputError: the corpus has no recordings of a category.
    """
    known = sorted({item.category for item in corpus.items})
    for name in categories:
        if name not in known:
            raise InputError(f"{corpus.name} has no category {name!r}; it has {', '.join(known)}")
    return replace(corpus, items=tuple(one for one in corpus.items if not categories or one.category in categories))


def cut_minutes(payload: Payload) -> Iterator[tuple[int, Payload]]:
    """Yield the start of every minute in seconds, and the minute as a payload; the last one may be shorter.

    Example:
        >>> [(start_s, piece.duration_s) for start_s, piece in cut_minutes(Payload((), (), 130.5))]
        [(0, 60), (60, 60), (120, 10.5)]
    """
    for start_s in range(0, ceil(payload.duration_s), MINUTE_S):
        inside = [one for one in payload.utterances if start_s <= one.start_s < start_s + MINUTE_S]
        speaking = sorted({utterance.speaker for utterance in inside})
        yield (
            start_s,
            replace(
                payload,
                speakers=tuple(payload.speakers[speaker] for speaker in speaking),
                utterances=tuple(
                    replace(one, start_s=one.start_s - start_s, speaker=speaking.index(one.speaker)) for one in inside
                ),
                duration_s=min(MINUTE_S, payload.duration_s - start_s),
            ),
        )


def sizes_of(payload: Payload, text_coder: str | None = None) -> dict[Encoding, int]:
    """Return the bytes of a payload in every encoding, with the text coders that `compress` takes."""
    variants: dict[Voices, Payload] = {
        "strangers": payload,
        "short": with_voices(payload, lambda voice: voice.shortened(SHORT_VOICE_BYTES)),
        "known": with_voices(payload, lambda voice: VoiceReference(voice.id)),
    }
    coder, *others = text_coders_for(payload.utterances, text_coder)
    sizes: dict[Encoding, int] = {}
    for version, voices in ENCODINGS:
        if version == 1:
            data = encode_payload(variants[voices], TEXT_CODERS[COMMON_ID], version)
        else:
            data = encode_payload(variants[voices], coder, version, others)
        sizes[version, voices] = len(data)
    return sizes


def with_voices(payload: Payload, other: Callable[[Voice], Voice | VoiceReference]) -> Payload:
    """Return a payload with `other` of each voice that it carries."""
    return replace(
        payload,
        speakers=tuple(
            replace(speaker, voice=other(speaker.voice)) if isinstance(speaker.voice, Voice) else speaker
            for speaker in payload.speakers
        ),
    )


def distributions(pieces: Sequence[Minute]) -> list[Distribution]:
    """Return the distribution of bytes for all pieces, whole minutes and each category, in every encoding.

    A group without pieces, or with the same pieces as all, is left out.
    """
    groups: dict[str, Callable[[Minute], bool]] = {
        ALL: lambda _: True,
        WHOLE: lambda piece: piece.duration_s == MINUTE_S,
    }
    chosen = {name: [piece for piece in pieces if choose(piece)] for name, choose in groups.items()}
    for category in sorted({piece.category for piece in pieces}):
        chosen[category] = [piece for piece in pieces if piece.category == category]
    return [
        _distribution(group, encoding, [piece.sizes[encoding] for piece in members])
        for group, members in chosen.items()
        if members and (group == ALL or len(members) < len(pieces))
        for encoding in ENCODINGS
    ]


def table(found: Minutes) -> list[str]:
    """Return the distributions as a table in Markdown, and what was left out."""
    heads = ["conversations", "voices", "format", "pieces", "median", "95th percentile"]
    heads += [f"fit {limit}" for limit in PACKET_BYTES]
    lines = [f"| {' | '.join(heads)} |", f"|---|---|{'---:|' * (len(heads) - 2)}"]
    for row in distributions(found.pieces):
        version, voices = row.encoding
        shares = [f"{100 * row.fitting[limit]:.0f} %" for limit in PACKET_BYTES]
        cells = [printable(row.group), voices, version, row.count, f"{row.median:g}", row.percentile_95, *shares]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    whole = sum(piece.duration_s == MINUTE_S for piece in found.pieces)
    lines += ["", f"whole minutes: {whole}; last pieces of 30 to 60 s: {len(found.pieces) - whole}"]
    return lines + [printable(f"left out: {one.item} from {one.start_s} s on: {one.reason}") for one in found.left_out]


def as_json(found: Minutes) -> dict[str, object]:
    """Return pieces, distributions and what was left out as JSON's types."""
    return {
        "pieces": [
            {
                "item": piece.item,
                "category": piece.category,
                "start_s": piece.start_s,
                "duration_s": piece.duration_s,
                "sizes": [_described(encoding) | {"bytes": size} for encoding, size in piece.sizes.items()],
            }
            for piece in found.pieces
        ],
        "distributions": [
            {
                "group": row.group,
                **_described(row.encoding),
                "count": row.count,
                "median_bytes": row.median,
                "percentile_95_bytes": row.percentile_95,
                "fitting": {str(limit): share for limit, share in row.fitting.items()},
            }
            for row in distributions(found.pieces)
        ],
        "left_out": [{"item": one.item, "start_s": one.start_s, "reason": one.reason} for one in found.left_out],
    }


def _payload_of(item: Item, recognizer: str | None, voice_encoder: str | None, text_coder: str | None) -> Payload:
    """Return the payload of a recording, with the times of format 1, which are finer."""
    recording = open_recording(item.path)
    if recording.duration_s < SHORTEST_PIECE_S:
        raise AudioError(_too_short(recording.duration_s))
    return compress(
        item.path,
        recognizer=engines.recognizer(recognizer, text_coder),
        voice_encoder=engines.voice_encoder(voice_encoder),
        speaker_embedder=engines.speaker_embedder(),
        payload_version=1,
    ).payload


def _distribution(group: str, encoding: Encoding, sizes: Sequence[int]) -> Distribution:
    return Distribution(
        group,
        encoding,
        len(sizes),
        statistics.median(sizes),
        sorted(sizes)[ceil(0.95 * len(sizes)) - 1],
        {limit: sum(size <= limit for size in sizes) / len(sizes) for limit in PACKET_BYTES},
    )


def _described(encoding: Encoding) -> dict[str, object]:
    return {"format": encoding[0], "voices": encoding[1]}


def _too_short(duration_s: float) -> str:
    return f"{duration_s:.1f} s, less than {SHORTEST_PIECE_S} s"

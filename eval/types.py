"""The types that flow through an evaluation: recordings in, observations out.

    Corpus of Items -> (Item, condition, Codec) -> Coded -> Observation -> summary, report

An `Observation` holds raw measurements only (texts, bits, times, speaker embeddings). Rates
and intervals are computed from them afterwards, and can be recomputed at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import Audio

Embedding = npt.NDArray[np.float32]
"""A speaker embedding: float32 [256], of length 1."""

RTP_OVERHEAD_BYTES = 20 + 8 + 12
"""IPv4, UDP and RTP headers (RFC 791, 768, 3550) on each packet of a live codec."""
MESSAGE_OVERHEAD_BYTES = 20 + 8
"""IPv4 and UDP headers on each packet of a message."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One segment of one person's speech, as the corpus describes it."""

    transcript: str | None
    """Its words; empty for no speech, None without a transcript."""
    speaker: str = ""
    """Name of the speaker within the corpus; empty if unknown."""
    start_s: float = 0.0
    """Start in the recording, in seconds."""
    duration_s: float = inf
    """Length in seconds; `inf` is to the end of the recording."""


@dataclass(frozen=True, slots=True)
class Item:
    """One recording of a corpus."""

    id: str
    """Unique within the corpus: the path below its folder."""
    path: Path
    """The sound file."""
    turns: tuple[Turn, ...]
    """Its turns; one turn for a plain utterance."""
    category: str = "all"
    """Its part of the corpus in the report."""

    @property
    def has_transcript(self) -> bool:
        """Whether every turn has a transcript."""
        return all(turn.transcript is not None for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Recordings to evaluate on."""

    name: str
    """Its name in the report."""
    layout: str
    """Its layout, such as ``librispeech``."""
    items: tuple[Item, ...]
    """The recordings, sorted by id."""


@dataclass(frozen=True, slots=True)
class Coded:
    """The result of a codec on a recording."""

    audio: Audio
    """The decoded sound."""
    payload_bits: float
    """Size of the code, without container or network headers."""
    packets: int
    """Number of packets."""
    encode_s: float
    """Time of encoding, with models already loaded."""
    decode_s: float
    """Time of decoding."""
    sections: Mapping[str, int] = field(default_factory=dict[str, int])
    """Bytes by section, for codecs that have sections."""
    text: str | None = None
    """The words sent, for codecs that send words."""


class Codec(Protocol):
    """A codec: any class with these members. Inherit from it for the defaults."""

    name: str
    """Its name in tables and for ``--system``, such as ``opus-6-20ms``."""
    family: str
    """Its family: codecs of one family share a line in plots."""
    packet_overhead_bytes: int = RTP_OVERHEAD_BYTES
    """Bytes that the network adds to each packet."""
    recognizer_name: str | None = None
    """Its recognizer, for codecs that send words: a judge with this name is partial."""
    engines: str = ""
    """Its engines, for codecs that are made of engines."""

    def code(self, audio: Audio) -> Coded:
        """Return `audio` after encoding and decoding.

        Raises:
            Exception: any; it is listed in the report and the evaluation goes on.
        """
        ...


@dataclass(frozen=True, slots=True)
class TurnObservation:
    """The observations on one turn of the decoded sound."""

    speaker: str
    """As in the corpus."""
    reference: str | None
    """The corpus's transcript; None if there is none."""
    hypotheses: Mapping[str, str]
    """Judge -> its recognized words."""
    onset_error_s: float | None = None
    """Onset of speech in the decoded sound minus that in the original; None if unknown."""
    embedding: str | None = None
    """Speaker embedding as base64 of float32; None if the turn is too short."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The observations on one recording, under one condition, through one codec."""

    item: str
    """Id of the recording."""
    category: str
    """Its category."""
    condition: str
    """Such as ``clean`` or ``noise-10dB``."""
    system: str
    """Name of the codec."""
    failure: str | None = None
    """Reason of a failure; None for success."""
    duration_s: float = 0.0
    """Length of the recording."""
    payload_bits: float = 0.0
    """As `Coded.payload_bits`."""
    wire_bits: float = 0.0
    """The same with network headers."""
    encode_s: float = 0.0
    """As `Coded.encode_s`."""
    decode_s: float = 0.0
    """As `Coded.decode_s`."""
    sections: Mapping[str, int] = field(default_factory=dict[str, int])
    """As `Coded.sections`."""
    text: str | None = None
    """As `Coded.text`."""
    turns: tuple[TurnObservation, ...] = ()
    """The observations on each turn."""
    naturalness: Mapping[str, float] = field(default_factory=dict[str, float])
    """DNSMOS scale (``overall``, ``signal``, ``background``) -> score from 1 to 5."""

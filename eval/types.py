"""The types that flow through an evaluation: recordings in, observations out.

    Corpus of Items -> (Item, condition, Codec) -> Coded -> Observation -> summary, report

An `Observation` holds only what was seen (texts, bits, times, speaker embeddings). Rates
and intervals are computed from it afterwards, so that they can be recomputed at any time.
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
    """What is said; empty where nothing is, None where nobody wrote it down."""
    speaker: str = ""
    """Name of the speaker within the corpus; empty where it is unknown."""
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
    """Who says what; one turn for a plain utterance."""
    category: str = "all"
    """The part of the corpus that it is reported in."""

    @property
    def has_transcript(self) -> bool:
        """Whether it is written down what is said in every turn."""
        return all(turn.transcript is not None for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Recordings to evaluate on."""

    name: str
    """What the report calls it."""
    layout: str
    """How it was laid out, such as ``librispeech``."""
    items: tuple[Item, ...]
    """The recordings, sorted by id."""


@dataclass(frozen=True, slots=True)
class Coded:
    """What a codec made of a recording."""

    audio: Audio
    """What the receiver hears."""
    payload_bits: float
    """Size of what was coded, without container or network headers."""
    packets: int
    """How many packets it travels in."""
    encode_s: float
    """Time that coding took, models loaded before."""
    decode_s: float
    """Time that decoding took."""
    sections: Mapping[str, int] = field(default_factory=dict[str, int])
    """Bytes by section, for codecs that have sections."""
    text: str | None = None
    """The words that travel, for codecs that send words."""


class Codec(Protocol):
    """A way to make speech small. Inherit from it for the defaults, or not: anything with these members is one."""

    name: str
    """How tables and ``--system`` call it, such as ``opus-6-20ms``."""
    family: str
    """What it is a setting of: codecs of one family share a line in plots."""
    packet_overhead_bytes: int = RTP_OVERHEAD_BYTES
    """What the network adds to each packet."""
    recognizer_name: str | None = None
    """Whose ears the words come from, for codecs that send words: a judge of that name is partial."""
    engines: str = ""
    """What it is made of, for codecs that are made of engines."""

    def code(self, audio: Audio) -> Coded:
        """Return what is left of `audio` at the other end.

        Raises:
            Exception: any; it is listed in the report and the evaluation goes on.
        """
        ...


@dataclass(frozen=True, slots=True)
class TurnObservation:
    """What was observed in one turn of the decoded sound."""

    speaker: str
    """As in the corpus."""
    reference: str | None
    """The corpus's transcript; None where there is none."""
    hypotheses: Mapping[str, str]
    """Judge -> the words that it hears."""
    onset_error_s: float | None = None
    """Start of speech in the decoded sound less that in the original; None where it cannot be told."""
    embedding: str | None = None
    """Speaker embedding as base64 of float32; None where the turn is too short."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What was observed of one recording, under one condition, through one codec."""

    item: str
    """Id of the recording."""
    category: str
    """Its category."""
    condition: str
    """Such as ``clean`` or ``noise-10dB``."""
    system: str
    """Name of the codec."""
    failure: str | None = None
    """Why there is nothing more to say; None where it worked."""
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
    """What each turn became."""
    naturalness: Mapping[str, float] = field(default_factory=dict[str, float])
    """DNSMOS scale (``overall``, ``signal``, ``background``) -> score from 1 to 5."""

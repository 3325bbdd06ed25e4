"""The voices of a payload from format 2 on: trained voices use the odds of a prior, others are sent byte by byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import PayloadCorrupt
from ..types import MAX_LONG_VOICE_BYTES, Voice, VoiceReference
from .coding.symbols import SymbolReader, SymbolWriter, Table
from .names import space_name, space_number
from .voiceprior import VoicePrior, voice_prior

TRAINED_1, REFERENCE, LIKE_THE_LAST, OTHER_BYTES = range(4)
"""How a voice is coded: by the prior of `trained-1`; as an id of 16 bits; as bytes, with the last such voice's
space and length; as bytes, after the number of their space and their length. The kinds from 4 on are in `PRIORS`,
too."""
PRIORS = {0: ("trained-1", 16), 4: ("trained-2", 16), 5: ("trained-2", 8), 6: ("trained-2", 32), 7: ("trained-2", 64)}
"""Kind -> the space of the prior, and the bytes of the voice."""
_KINDS = {prior: kind for kind, prior in PRIORS.items()}
KIND_ODDS = (
    Table((220, 20, 4, 8, 1, 1, 1, 1)),
    Table((64, 176, 4, 8, 1, 1, 1, 1)),
    Table((16, 24, 208, 4, 1, 1, 1, 1)),
    Table((16, 24, 208, 4, 1, 1, 1, 1)),
    Table((2, 20, 2, 4, 222, 2, 2, 2)),
    Table((2, 20, 2, 4, 2, 222, 2, 2)),
    Table((2, 20, 2, 4, 2, 2, 222, 2)),
    Table((2, 20, 2, 4, 2, 2, 2, 222)),
)
"""Odds by the kind of the voice before."""


@dataclass(frozen=True)
class VoiceOdds:
    """What the formats differ in."""

    first: Table
    """Odds of the kind of the first voice."""
    trained_2: str
    """Name of the prior of `trained-2`."""

    def prior(self, kind: int) -> VoicePrior:
        """Return the prior of a kind of `PRIORS`."""
        space, size = PRIORS[kind]
        return voice_prior(self.trained_2 if space == "trained-2" else space, size)


FIRST_VOICE_ODDS = VoiceOdds(Table((160, 64, 4, 24, 1, 1, 1, 1)), "trained-2")
"""Those of formats 2 and 3, from when most voices were of `trained-1`, and none was fitted to its recording."""
VOICE_ODDS = VoiceOdds(Table((2, 60, 1, 8, 200, 10, 24, 12)), "trained-2-fitted")
"""Those of format 4."""


def write_voices(voices: Sequence[Voice | VoiceReference], odds: VoiceOdds, writer: SymbolWriter) -> None:
    """Append voices.

    Raises:
        InputError: a voice space has no number.
    """
    kinds = odds.first
    last: tuple[str, int] | None = None
    for voice in voices:
        if isinstance(voice, VoiceReference):
            kind = REFERENCE
        else:
            kind = _KINDS.get((voice.space, len(voice.embedding)), OTHER_BYTES)
            if kind == OTHER_BYTES or not odds.prior(kind).knows(voice.embedding):
                kind = LIKE_THE_LAST if (voice.space, len(voice.embedding)) == last else OTHER_BYTES
        writer.write(kind, kinds)
        kinds = KIND_ODDS[kind]
        if isinstance(voice, VoiceReference):
            writer.write_bits(voice.id, 16)
        elif kind in PRIORS:
            odds.prior(kind).write(voice.embedding, writer)
        else:
            if kind == OTHER_BYTES:
                last = voice.space, len(voice.embedding)
                writer.write_evenly(space_number(voice.space), 256)
                writer.write_number(len(voice.embedding) - 1)
            for byte in voice.embedding:
                writer.write_evenly(byte, 256)


def read_voices(count: int, odds: VoiceOdds, reader: SymbolReader) -> list[Voice | VoiceReference]:
    """Return `count` voices.

    Raises:
        PayloadError: one of them is malformed.
    """
    kinds = odds.first
    voices: list[Voice | VoiceReference] = []
    last: tuple[str, int] | None = None
    for _ in range(count):
        kind = reader.read(kinds)
        kinds = KIND_ODDS[kind]
        if kind == REFERENCE:
            voices.append(VoiceReference(reader.read_bits(16)))
        elif kind in PRIORS:
            voices.append(Voice(PRIORS[kind][0], odds.prior(kind).read(reader)))
        else:
            if kind == OTHER_BYTES:
                last = space_name(reader.read_evenly(256)), reader.read_number() + 1
            if last is None or last[1] > MAX_LONG_VOICE_BYTES:
                raise PayloadCorrupt(f"a voice of the payload has no length, or more than {MAX_LONG_VOICE_BYTES} bytes")
            space, length = last
            voices.append(Voice(space, bytes(reader.read_evenly(256) for _ in range(length))))
    return voices

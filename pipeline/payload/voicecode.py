"""The voices of a payload of format 2: trained voices use the odds of a prior, others are sent byte by byte."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import PayloadCorrupt, PayloadVersionError
from ..types import MAX_LONG_VOICE_BYTES, Voice, VoiceReference
from .coding.symbols import SymbolReader, SymbolWriter, Table
from .names import space_name, space_number
from .voiceprior import voice_prior

TRAINED, REFERENCE, LIKE_THE_LAST, OTHER_BYTES = range(4)
"""How a voice is coded: by the prior of `trained-1`; as an id of 16 bits; as bytes, with the last such voice's
space and length; as bytes, after the number of their space and their length. Four more are reserved."""
TRAINED_SPACE = "trained-1"
KIND_ODDS = (
    Table((160, 64, 4, 24, 1, 1, 1, 1)),
    Table((220, 20, 4, 8, 1, 1, 1, 1)),
    Table((64, 176, 4, 8, 1, 1, 1, 1)),
    Table((16, 24, 208, 4, 1, 1, 1, 1)),
    Table((16, 24, 208, 4, 1, 1, 1, 1)),
)
"""Odds for the first voice; then by the kind of the previous voice."""


def write_voices(voices: Sequence[Voice | VoiceReference], writer: SymbolWriter) -> None:
    """Append voices.

    Raises:
        ValueError: a voice space has no number.
    """
    odds = KIND_ODDS[0]
    last: tuple[str, int] | None = None
    for voice in voices:
        if isinstance(voice, VoiceReference):
            kind = REFERENCE
        elif voice.space == TRAINED_SPACE and voice_prior(TRAINED_SPACE).knows(voice.embedding):
            kind = TRAINED
        else:
            kind = LIKE_THE_LAST if (voice.space, len(voice.embedding)) == last else OTHER_BYTES
        writer.write(kind, odds)
        odds = KIND_ODDS[1 + kind]
        if isinstance(voice, VoiceReference):
            writer.write_bits(voice.id, 16)
        elif kind == TRAINED:
            voice_prior(TRAINED_SPACE).write(voice.embedding, writer)
        else:
            if kind == OTHER_BYTES:
                last = voice.space, len(voice.embedding)
                writer.write_evenly(space_number(voice.space), 256)
                writer.write_number(len(voice.embedding) - 1)
            for byte in voice.embedding:
                writer.write_evenly(byte, 256)


def read_voices(count: int, reader: SymbolReader) -> list[Voice | VoiceReference]:
    """Return `count` voices.

    Raises:
        PayloadError: one of them is malformed, or of a kind that only a later release knows.
    """
    voices: list[Voice | VoiceReference] = []
    odds = KIND_ODDS[0]
    last: tuple[str, int] | None = None
    for _ in range(count):
        kind = reader.read(odds)
        if kind > OTHER_BYTES:
            raise PayloadVersionError(
                f"the payload has a voice of kind {kind}, which is unknown here; upgrade speechzip"
            )
        odds = KIND_ODDS[1 + kind]
        if kind == REFERENCE:
            voices.append(VoiceReference(reader.read_bits(16)))
        elif kind == TRAINED:
            voices.append(Voice(TRAINED_SPACE, voice_prior(TRAINED_SPACE).read(reader)))
        else:
            if kind == OTHER_BYTES:
                last = space_name(reader.read_evenly(256)), reader.read_number() + 1
            if last is None or last[1] > MAX_LONG_VOICE_BYTES:
                raise PayloadCorrupt(f"a voice of the payload has no length, or more than {MAX_LONG_VOICE_BYTES} bytes")
            space, length = last
            voices.append(Voice(space, bytes(reader.read_evenly(256) for _ in range(length))))
    return voices

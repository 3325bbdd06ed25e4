"""A voice file: voices with their owners' names, for the store and for exchange.

offset  size  meaning
0       4     "SPZV"
4       1     version, 1; or 2 of an enrolled voice
5       1     voice space, as in a payload
6       1     length n of the name, 1 to 64
7       n     the name, UTF-8
7+n     2     length m of the voice, little-endian, 1 to 4096
9+n     m     the voice
9+n+m   2     in version 2: length k of the adaptation, little-endian
11+n+m  k     in version 2: the adaptation
...     4     CRC-32 of all before it, little-endian

A voice without an adaptation has version 1, which earlier releases read, too.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from dataclasses import dataclass

from speechzip.pipeline import MAX_LONG_VOICE_BYTES, VOICE_SPACES, Voice, VoiceError

from ..spaces.adaptation import check as check_adaptation
from ..spaces.scalable_voice import SPACE as SCALABLE_SPACE

MAGIC = b"SPZV"
PLAIN_VERSION, VERSION = 1, 2
MAX_NAME_BYTES = 64
MAX_FILE_BYTES = 64 << 10
"""Size of the longest voice file that is read: everything of eight people who are enrolled."""
RESERVED_NAMES = frozenset({"auto", "-"})
"""Names with a special meaning in ``compress --speaker``."""


@dataclass(frozen=True, slots=True)
class NamedVoice:
    """A voice and its owner's name."""

    name: str
    """1 to `MAX_NAME_BYTES` bytes of UTF-8, printable, as `clean_name` returns it."""
    voice: Voice
    """The voice."""


def clean_name(name: str) -> str:
    """Return a person's name in the form in which it is stored: Unicode NFC, single spaces.

    Raises:
        VoiceError: the name is empty, too long, reserved, or has unprintable characters.

    Example:
        >>> clean_name("  Anna   Lind ")
        'Anna Lind'
    """
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    encoded = cleaned.encode("utf-8", "replace")
    if not 1 <= len(encoded) <= MAX_NAME_BYTES or not cleaned.isprintable() or name_key(cleaned) in RESERVED_NAMES:
        raise VoiceError(
            f"{name!r} is not a name for a voice; use 1 to {MAX_NAME_BYTES} bytes of printable text, but not auto or -"
        )
    return cleaned


def name_key(name: str) -> str:
    """Return a key that is equal for all spellings of a name: ``Anna`` is ``anna``."""
    return unicodedata.normalize("NFC", name.casefold())


def encode_voice(named: NamedVoice) -> bytes:
    """Return a voice as a record; a file of several voices is a sequence of records.

    Raises:
        VoiceError: the voice's space has no number, so no other machine could read it.
    """
    numbers = {space: number for number, space in VOICE_SPACES.items()}
    if named.voice.space not in numbers:
        raise VoiceError(f"a voice of the space {named.voice.space!r} cannot be stored; upgrade speechzip")
    name = named.name.encode()
    adaptation = named.voice.adaptation
    body = MAGIC + bytes([VERSION if adaptation else PLAIN_VERSION, numbers[named.voice.space], len(name)]) + name
    body += struct.pack("<H", len(named.voice.embedding)) + named.voice.embedding
    if adaptation:
        body += struct.pack("<H", len(adaptation)) + adaptation
    return body + struct.pack("<I", zlib.crc32(body))


def decode_voices(content: bytes) -> list[NamedVoice]:
    """Return the voices in a file, one or more.

    Args:
        content: the whole file, untrusted: every value in it is checked.

    Raises:
        VoiceError: it is not a voice file, is damaged, or has a newer version.
    """
    if len(content) > MAX_FILE_BYTES:
        raise VoiceError(f"it is not a voice file: it has more than {MAX_FILE_BYTES} bytes")
    voices: list[NamedVoice] = []
    while content or not voices:
        named, content = _decode_first(content)
        voices.append(named)
    return voices


def _decode_first(content: bytes) -> tuple[NamedVoice, bytes]:
    """Return the first voice and the bytes after it."""
    if content[:4] != MAGIC:
        raise VoiceError("it is not a voice file; give one that `speechzip voices export` wrote")
    if len(content) > 4 and content[4] > VERSION:
        raise VoiceError(f"it is a voice file of version {content[4]}, this release reads {VERSION}; upgrade speechzip")
    name_end = 7 + _byte(content, 6)
    voice_end = end = name_end + 2 + _length(content, name_end)
    if content[4:5] == bytes([VERSION]):
        end += 2 + _length(content, voice_end)
    body, checksum = content[:end], content[end : end + 4]
    if len(checksum) < 4 or checksum != struct.pack("<I", zlib.crc32(body)):
        raise VoiceError("the voice file is damaged or cut short: its checksum does not match; ask for it again")
    embedding, space = body[name_end + 2 : voice_end], VOICE_SPACES.get(body[5])
    if space is None:
        raise VoiceError(f"the voice is of the space {body[5]}, which is unknown here; upgrade speechzip")
    if not 1 <= len(embedding) <= MAX_LONG_VOICE_BYTES:
        raise VoiceError(f"a voice of {len(embedding)} bytes is none; 1 to {MAX_LONG_VOICE_BYTES} are possible")
    adaptation = body[voice_end + 2 :]
    if body[4] == VERSION:
        if space != SCALABLE_SPACE:
            raise VoiceError(f"there are no enrolled voices of the space {space!r}; ask for the voice file again")
        check_adaptation(adaptation)
    try:
        name = body[7:name_end].decode()
    except UnicodeDecodeError as error:
        raise VoiceError("the name in the voice file is not UTF-8; ask for it again") from error
    return NamedVoice(clean_name(name), Voice(space, embedding, adaptation)), content[end + 4 :]


def _length(content: bytes, position: int) -> int:
    return _byte(content, position) | _byte(content, position + 1) << 8


def _byte(content: bytes, position: int) -> int:
    """Return a byte, 0 beyond the end: a truncated file then fails its checksum."""
    return content[position] if position < len(content) else 0

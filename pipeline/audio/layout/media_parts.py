"""What FFmpeg's demuxers do not look at: the files that a joined MP4 or Matroska file consists of, of which they read
the first one, and the lengths in an AVI file's header.

An MP4 file is a list of boxes (ISO 14496-12, 4.2), a Matroska file a list of elements (RFC 8794):

    box      4 length with this header, 4 type, 8 length if that was 1; length 0 goes to the end of the file
    element  1 to 4 id, 1 to 8 length of the content; a length of ones is unknown
"""

from __future__ import annotations

import re
from itertools import pairwise

from ...errors import AudioError
from .fixed_headers import LITTLE_BYTES
from .headers import MAX_JOINED
from .splicing import ChunkedFile, Piece, SoundLayout

MAX_BOXES = 100_000
"""Most boxes of a file that are looked at: a fragmented recording has two for each of its fragments."""
RIFF_HEADER_BYTES = 12
BOX = re.compile(rb"[a-z0-9 ]{4}")
MATROSKA, SEGMENT, VOID = 0x1A45DFA3, 0x18538067, 0xEC


def media_layout(window: ChunkedFile, demuxer: str) -> SoundLayout:
    """Return the pieces of a file for one of FFmpeg's demuxers, and remarks on what none of them would read.

    Raises:
        AudioError: the file is damaged in a way that costs FFmpeg much memory.
    """
    if demuxer == "avi":
        _check_avi(window)
    if demuxer not in ("mov", "matroska"):
        return SoundLayout()
    starts, end = _mp4_files(window) if demuxer == "mov" else _matroska_files(window)
    layout = SoundLayout([Piece([range(*extent)]) for extent in pairwise([*starts, end])])
    if window.size - end > LITTLE_BYTES:
        layout.remarks.append(f"has {window.size - end} bytes after its sound, which are left out")
    return layout


def _check_avi(window: ChunkedFile) -> None:
    """Check the chunks before the sound: FFmpeg takes as much memory as the length of one says.

    Raises:
        AudioError: a chunk is longer than the file.
    """
    offset = RIFF_HEADER_BYTES
    for _ in range(MAX_BOXES):
        header = window.at(offset, RIFF_HEADER_BYTES)
        length = int.from_bytes(header[4:8], "little")
        if len(header) < RIFF_HEADER_BYTES or (header[:4], header[8:]) == (b"LIST", b"movi"):
            return
        if offset + 8 + length > window.size:
            raise AudioError("is damaged: a part of its header is longer than the file")
        offset += RIFF_HEADER_BYTES if header.startswith(b"LIST") else 8 + length + length % 2


def _mp4_files(window: ChunkedFile) -> tuple[list[int], int]:
    """Return where files begin, by their boxes ``ftyp``, and where the last one ends."""
    starts, offset = [0], 0
    for _ in range(MAX_BOXES):
        header = window.at(offset, 16)
        length, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if offset and not BOX.fullmatch(kind):
            return starts, offset
        if length == 1:
            length = int.from_bytes(header[8:], "big")
        if kind == b"ftyp" and offset and len(starts) < MAX_JOINED:
            starts.append(offset)
        if length < 8 or offset + length >= window.size:  # to the end, or cut short
            break
        offset += length
    return starts, window.size


def _matroska_files(window: ChunkedFile) -> tuple[list[int], int]:
    """Return where files begin, by their first elements, and where the last one ends."""
    starts, offset = [0], 0
    while offset < window.size:
        identity, id_bytes = _number(window.at(offset, 4))
        length, length_bytes = _number(window.at(offset + id_bytes, 8))
        identity |= 1 << 7 * id_bytes
        if offset and (identity not in (MATROSKA, SEGMENT, VOID) or not length_bytes):
            return starts, offset
        if identity == MATROSKA and offset and len(starts) < MAX_JOINED:
            starts.append(offset)
        if length == (1 << 7 * length_bytes) - 1:  # unknown
            break
        offset += id_bytes + length_bytes + length
    return starts, window.size


def _number(start: bytes) -> tuple[int, int]:
    """Return a number without its mark, the highest bit that is one, and its bytes; 0 and 0 if there is none."""
    length = 9 - start[0].bit_length() if start else 9
    if length > len(start):
        return 0, 0
    return int.from_bytes(start[:length], "big") & (1 << 7 * length) - 1, length

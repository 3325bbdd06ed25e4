"""The length of the sound in NIST SPHERE, MATLAB, VOC, 8SVX, AVR and MPC2000 files: by their headers, and in fact.

libsndfile reads the first of several joined files, or takes the header of the second for sound. Of a file that is cut
off it returns what is left. So each joined file becomes a piece of its own, and a length that is not there is an error.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from ...errors import AudioError
from .headers import MAX_CHUNKS, MAX_JOINED, Family
from .splicing import ChunkedFile, Piece, SoundLayout

LITTLE_BYTES = 2000
"""Difference between header and file that is ignored: 0.25 s at the lowest usual rate."""


MAX_TEXT = 1 << 16
"""Longest header of a NIST SPHERE file that is read; all have 1024 bytes."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Where one file has its sound, which others may follow."""

    start: int
    """Offset of the sound."""
    length: int
    """Bytes of sound in its header."""
    end: int
    """Offset behind the file."""


def fixed_layout(window: ChunkedFile) -> SoundLayout | None:
    """Return the pieces of sound in such a file; None for any other file, and where its header has no length.

    Raises:
        AudioError: the file is cut short, is a VOC file of several blocks, or an 8SVX file without sound.
    """
    layout, offset = SoundLayout([]), 0
    while len(layout.pieces) < MAX_JOINED and (extent := _extent(window, offset)):
        available = max(0, window.size - extent.start)
        if extent.length > available + LITTLE_BYTES:
            raise AudioError(
                f"is cut short or damaged: its header promises {extent.length} bytes of sound, {available} are there; "
                "copy it again"
            )
        layout.pieces.append(Piece([range(offset, min(extent.end, window.size))]))
        offset = extent.end
    if not layout.pieces:
        return None
    if (rest := window.size - offset) > LITTLE_BYTES:
        layout.remarks.append(f"has {rest} bytes after the sound that its header promises, which are left out")
    return layout


def _extent(window: ChunkedFile, offset: int) -> Extent | None:
    start = window.at(offset, 128)
    found = next((extent_of for magic, extent_of in EXTENTS if re.match(magic, start, re.DOTALL)), None)
    extent = found(window, offset) if found and len(start) == 128 else None
    return extent if extent and extent.length > 0 and extent.end > offset else None


def _nist(window: ChunkedFile, offset: int) -> Extent | None:
    """Read lines of text such as ``sample_count -i 16000``; the second one has the length of the header."""
    stated = window.at(offset + 8, 16).split(b"\n")[0].strip()
    if not stated.isdigit():
        return None
    size = int(stated)
    header = window.at(offset, min(size, MAX_TEXT))
    frames, width, channels = (
        int(found[1]) if (found := re.search(rb"\n%s -(?:i|s\d+) (\d{1,12})\s" % name, header)) else 0
        for name in (b"sample_count", b"sample_n_bytes", b"channel_count")
    )
    length = frames * width * max(1, channels)
    return Extent(offset + size, length, offset + size + length)


MAT4_WIDTHS = {0: 8, 10: 4, 20: 4, 30: 2, 40: 2, 50: 1}
"""Type of a matrix, less its byte order -> bytes of a value."""


def _mat4(window: ChunkedFile, offset: int) -> Extent | None:
    """Read two matrices, the rate and the sound: type, rows, columns, imaginary, length of name, name, values."""
    order = "<" if window.at(offset, 4) == bytes(4) else ">"
    extent = None
    for _ in range(2):
        kind, rows, columns, _, name_length = struct.unpack(order + "5I", window.at(offset, 20).ljust(20, b"\0"))
        if kind % 1000 not in MAT4_WIDTHS:
            return None
        start, length = offset + 20 + name_length, rows * columns * MAT4_WIDTHS[kind % 1000]
        offset = start + length
        extent = Extent(start, length, offset)
    return extent


def _mat5(window: ChunkedFile, offset: int) -> Extent | None:
    """Read two matrices, the rate and the sound, each of four parts, of which the last one has the values.

    A part is type, length and content, padded to 8 bytes; its length stands in the type's upper half if it is short.
    """
    order = "<" if window.at(offset + 126, 2) == b"IM" else ">"
    extent, offset = None, offset + 128
    for _ in range(2):
        if struct.unpack(order + "I", window.at(offset, 4).ljust(4, b"\0")) != (14,):  # a matrix
            return None
        offset += 8
        for _ in range(4):
            kind, length = struct.unpack(order + "2I", window.at(offset, 8).ljust(8, b"\0"))
            extent = Extent(offset + 8, length, offset + 8 + length)
            offset = offset + 8 if kind >> 16 else extent.end + -extent.end % 8
    return extent


VOC_SOUND = (1, 2, 3, 9)
"""Types of blocks that last: sound, more of it, silence, and sound with a longer header."""


def _voc(window: ChunkedFile, offset: int) -> Extent | None:
    """Read blocks, each a byte of type and three of length; type 0 has no length and ends the file.

    Raises:
        AudioError: there are several blocks of sound, whose headers libsndfile would take for sound.
    """
    (header,) = struct.unpack("<H", window.at(offset + 20, 2))
    sounds: list[Extent] = []
    at = offset + header
    for kind, start, length in islice(_voc_blocks(window, at), MAX_CHUNKS):
        at = start + length
        if kind in VOC_SOUND:
            sounds.append(Extent(start, length, at))
    if len(sounds) > 1:
        raise AudioError("is a VOC file of several blocks of sound; convert it (sox in.voc out.wav)")
    end = at + (window.at(at, 1) == b"\0")
    return Extent(sounds[0].start, sounds[0].length, end) if sounds else None


def _voc_blocks(window: ChunkedFile, offset: int) -> Iterator[tuple[int, int, int]]:
    """Yield type, offset of the content and length of each block."""
    while len(head := window.at(offset, 4)) == 4 and 0 < head[0] < 10:
        length = int.from_bytes(head[1:], "little")
        yield head[0], offset + 4, length
        offset += 4 + length


def _svx(window: ChunkedFile, offset: int) -> Extent | None:
    """Find the chunk of the sound.

    Raises:
        AudioError: there is none among the first ones; libsndfile 1.2.2 searches 10,000 chunks without an end.
    """
    family = Family(">", 12)
    for chunk in family.chunks(window, offset + family.first):
        if chunk.name == b"BODY":
            return Extent(chunk.start, chunk.length, family.after(window, chunk))
    raise AudioError("is an 8SVX file without sound")


def _avr(window: ChunkedFile, offset: int) -> Extent | None:
    is_stereo, bits, _, _, _, _, frames = struct.unpack(">HHHHHII", window.at(offset + 12, 18))
    length = frames * ((bits + 7) // 8) * (2 if is_stereo else 1)
    return Extent(offset + 128, length, offset + 128 + length)


def _mpc2000(window: ChunkedFile, offset: int) -> Extent | None:
    is_stereo, _, _, frames = struct.unpack("<BIII", window.at(offset + 21, 13))
    length = 2 * frames * (1 + is_stereo)
    return Extent(offset + 42, length, offset + 42 + length)


EXTENTS: tuple[tuple[bytes, Callable[[ChunkedFile, int], Extent | None]], ...] = (
    (rb"NIST_1A\n *\d{1,7}\n", _nist),
    (rb"(\0{4}\x01\0{3}\x01\0{7}|\0\0\x03\xe8\0{3}\x01\0{3}\x01\0{4})", _mat4),
    (rb"MATLAB 5.0 MAT-file.{107}(IM|MI)", _mat5),
    (rb"Creative Voice File\x1a", _voc),
    (rb"FORM.{4}(8SVX|16SV)", _svx),
    (rb"2BIT", _avr),
    (rb"\x01\x04.{19}[\0\x01].{18}", _mpc2000),
)
"""First bytes of a file -> where its sound is."""

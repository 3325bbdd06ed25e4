"""Parts of a file, and bytes of our own between them, read as if they were a file."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import BinaryIO

Parts = Sequence[bytes | range]
"""Bytes of our own, and ranges of offsets in a file, in the order in which they are read."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece that libsndfile can decode from start to end; a recording is one or more of them."""

    parts: Parts | None = None
    """None for the whole file as it is."""
    is_open_ended: bool = False
    """Whether to ignore the length in the header and read to the end."""
    reaches_end: bool = False
    """Whether to tell what the decoder leaves unread behind the sound: no parser of ours looked for it."""
    guessed_s: float | None = None
    """Estimated length in seconds, if the header has none."""


@dataclass(slots=True)
class SoundLayout:
    """The pieces of sound in a file, in order, and remarks on its header."""

    pieces: list[Piece] = field(default_factory=lambda: [Piece()])
    """At least one."""
    remarks: list[str] = field(default_factory=list[str])
    """Remarks for the user, as verb phrases: ``has 8 kB after its sound``."""


class SplicedFile:
    """A file that reads its parts one after another; it can seek, and nothing is copied."""

    def __init__(self, file: BinaryIO, parts: Parts) -> None:
        self._file = file
        self._parts = parts
        self._starts = [0, *accumulate(map(len, parts))]
        self._position = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to an offset, counted as for any file."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._starts[-1]}[whence]
        self._position = max(0, origin + offset)
        return self._position

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._position

    @property
    def left(self) -> int:
        """Bytes behind that place."""
        return max(0, self._starts[-1] - self._position)

    def read(self, size: int = -1) -> bytes:
        """Return the next `size` bytes, fewer at the end; all that are left if `size` is negative."""
        wanted = self._starts[-1] - self._position if size < 0 else size
        chunks: list[bytes] = []
        while wanted > 0 and self._position < self._starts[-1]:
            index = bisect_right(self._starts, self._position) - 1
            part, skipped = self._parts[index], self._position - self._starts[index]
            length = min(wanted, len(part) - skipped)
            if isinstance(part, bytes):
                chunk = part[skipped : skipped + length]
            else:
                self._file.seek(part.start + skipped)
                chunk = self._file.read(length)
                if not chunk:  # the file has shrunk in the meantime
                    break
            chunks.append(chunk)
            self._position += len(chunk)
            wanted -= len(chunk)
        return b"".join(chunks)


class ChunkedFile:
    """A file read at any offset, in chunks: for a parser that mostly goes forward."""

    CHUNK = 1 << 18

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._file = file
        self._start = 0
        self._chunk = b""

    def at(self, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset` on, fewer at the end of the file."""
        if offset >= self.size:  # also where no file can be that long
            return b""
        begin = offset - self._start
        if begin < 0 or begin + length > len(self._chunk):
            self._file.seek(offset)
            self._chunk = self._file.read(max(length, self.CHUNK))
            self._start, begin = offset, 0
        return self._chunk[begin : begin + length]

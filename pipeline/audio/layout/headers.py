"""The length of the sound in WAV, RF64, Wave64, AIFF, CAF and AU files: by their headers, and in fact.

A recorder writes the length last. If it writes to a pipe or crashes, the header holds 0 or some very large number.
Then the sound extends to the end of the file, and a corrected header replaces the original one.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import ldexp

from ...errors import AudioError
from .mpeg import mpeg_layout
from .splicing import ChunkedFile, Piece, SoundLayout

UNKNOWN_LENGTHS = (
    range(1),
    range(0x7EFF0000, 0x7F010000),
    range(0x7FFF0000, 0x80010000),
    range(0xFFFF0000, 1 << 32),
)
"""Values that stand for an unknown length: 0; sox has 0x7f000000 and 0x7ffff000, arecord 0x7fffffff and
0x80000000, ffmpeg 0xffffffff, each at times minus the size of the header."""
LITTLE_S = 0.25
"""Difference between header and file that is ignored without a warning."""
TRAILER = re.compile(rb"LIST|id3 |ID3 |bext|cue |fact|NAME|ANNO|_PMX|iXML")
"""Names of chunks that may follow the sound."""
MAX_TRAILER = 1 << 20
"""Search range for a list of chunks at the end of the file."""
MAX_CHUNKS, MAX_TRAILERS = 1000, 32
"""Most chunks, and most possible starts of a chunk list, that are examined in a file."""
WAVE_STARTS = (b"RIFF", b"RIFX", b"RF64", b"BW64")
STARTS = (*WAVE_STARTS, b"FORM", b"caff", b".snd", b"dns.")
"""What files begin with: another one may follow the first."""
MAX_JOINED = 1000
"""Most joined WAV files that are read."""
MAX_FORMAT_BYTES = 4096
"""Longest valid description of the format."""
MPEG_TAGS = (0x50, 0x55)
"""Numbers of MPEG audio (MP3) as the coding of a WAV file."""
W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
W64_WAVE = bytes.fromhex("77617665f3acd3118cd100c04f8edb8a")
W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""Wave64: names of chunks are 16 bytes, lengths are 8, count the header and are padded to 8."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk of such a file."""

    name: bytes
    start: int
    """Offset of its content."""
    length: int
    """Length in its header."""


@dataclass(frozen=True, slots=True)
class Family:
    """How the chunks of a kind of file are written."""

    order: str
    """Byte order for `struct`."""
    first: int
    """Offset of the first chunk."""
    name_length: int = 4
    header_length: int = 8
    alignment: int = 2
    may_join: bool = False
    """Whether a WAV file behind is read, too."""

    def chunk(self, window: ChunkedFile, offset: int) -> Chunk | None:
        """Return the chunk at an offset; None if there cannot be one."""
        header = window.at(offset, self.header_length)
        name = header[:4]
        if len(header) < self.header_length or not all(32 <= letter < 127 for letter in name):
            return None
        number = header[self.name_length :]
        length = struct.unpack(self.order + ("Q" if len(number) == 8 else "I"), number)[0]
        if self.name_length == 16:
            length -= self.header_length
            if length < 0 or header[4:16] != W64_TAIL:
                return None
        return Chunk(name, offset + self.header_length, length)

    def after(self, window: ChunkedFile, chunk: Chunk) -> int:
        """Return where the next chunk begins; some writers forget the padding."""
        end = chunk.start + chunk.length
        padded = end + -end % self.alignment
        return padded if padded == end or self.chunk(window, padded) or not self.chunk(window, end) else end

    def chunks(self, window: ChunkedFile, offset: int) -> Iterator[Chunk]:
        """Yield the chunks from an offset on, as long as there are any."""
        for _ in range(MAX_CHUNKS):
            chunk = self.chunk(window, offset) if offset < window.size else None
            if chunk is None:
                break
            yield chunk
            offset = self.after(window, chunk)

    def end(self, window: ChunkedFile, offset: int) -> int:
        """Return where the chunks end that begin at an offset: at another file, at what is no chunk, or nowhere."""
        for chunk in self.chunks(window, offset):
            if chunk.name in STARTS:
                break
            offset = self.after(window, chunk)
        return offset

    def are_chunks(self, window: ChunkedFile, offset: int) -> bool:
        """Tell whether only chunks, at least one, lie between an offset and the end."""
        end = self.end(window, offset)
        return end > offset and end in (window.size, window.size + 1)


def header_layout(window: ChunkedFile) -> SoundLayout | None:
    """Return the position of the sound in a file with such a header; None for any other file.

    Raises:
        AudioError: the file is cut short.
    """
    start = window.at(0, 40)
    if _starts_wave(window, 0):
        return _wave_layout(window, _wave_family(window, 0))
    if start[:16] == W64_RIFF and start[24:40] == W64_WAVE:
        return _wave_layout(window, Family("<", 40, 16, 24, 8, may_join=True))
    if start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC"):
        return _aiff_layout(window, Family(">", 12), start[8:12])
    if start[:4] == b"caff":
        return _caf_layout(window, Family(">", 8, header_length=12, alignment=1))
    if start[:4] in (b".snd", b"dns."):
        return _au_layout(window, ">" if start[:4] == b".snd" else "<")
    return None


def _wave_layout(window: ChunkedFile, family: Family) -> SoundLayout:
    layout = SoundLayout([])
    for _ in range(MAX_JOINED):
        following = _add_wave(window, family, layout)
        if not _starts_wave(window, following):
            break
        family = _wave_family(window, following)
    return layout if layout.pieces else SoundLayout(remarks=layout.remarks)


def _starts_wave(window: ChunkedFile, offset: int) -> bool:
    start = window.at(offset, 12)
    return start[:4] in WAVE_STARTS and start[8:] == b"WAVE"


def _wave_family(window: ChunkedFile, offset: int) -> Family:
    return Family(">" if window.at(offset, 4) == b"RIFX" else "<", offset + 12, may_join=True)


def _add_wave(window: ChunkedFile, family: Family, layout: SoundLayout) -> int:
    """Add the sound of one WAV file to a layout; return where it ends."""
    form, long_length, is_usual = b"", None, family.first in (12, 40)
    for chunk in family.chunks(window, family.first):
        is_usual = is_usual and chunk.start % 2 == 0  # libsndfile finds no chunk behind a forgotten byte of padding
        if chunk.name == b"ds64":
            long_length = struct.unpack("<Q", window.at(chunk.start + 8, 8).ljust(8, b"\0"))[0]
        elif chunk.name == b"fmt " and 16 <= chunk.length <= MAX_FORMAT_BYTES:
            form = window.at(chunk.start, chunk.length)
        elif chunk.name == b"data" and form:
            if struct.unpack(family.order + "H", form[:2])[0] in MPEG_TAGS:
                layout.pieces += (mpeg_layout(window, chunk.start) or layout).pieces
                return window.size
            if long_length is not None and chunk.length == 0xFFFFFFFF:
                chunk = replace(chunk, length=long_length)
            bytes_per_s = struct.unpack(family.order + "I", form[8:12])[0] or 1
            sound = _sound(window, family, chunk, bytes_per_s, layout)
            after = family.end(window, family.after(window, chunk)) if sound is None else sound.stop
            if sound is None and not (is_usual and after in (window.size, window.size + 1)):
                sound = range(chunk.start, min(window.size, chunk.start + chunk.length))
            if sound is not None:
                header = _wave_header(family.order, form, len(sound))
                layout.pieces.append(Piece([header, sound], is_open_ended=True))
            return after
    return window.size


def _sound(window: ChunkedFile, family: Family, chunk: Chunk, bytes_per_s: float, layout: SoundLayout) -> range | None:
    """Return the position of the sound if it differs from the header; None if it does not.

    Raises:
        AudioError: the header promises more than is there.
    """
    available = window.size - chunk.start
    if chunk.length == 0 and (available == 0 or family.are_chunks(window, chunk.start)):
        return None  # really empty
    if _is_unknown(chunk.length) and not 0 < chunk.length <= available:
        return range(chunk.start, _trailer(window, family, chunk.start))
    _refuse_short(window, chunk, bytes_per_s)
    if chunk.length > available:
        return range(chunk.start, window.size)
    _remark_rest(window, family, chunk, bytes_per_s, layout)
    return None


def _refuse_short(window: ChunkedFile, chunk: Chunk, bytes_per_s: float) -> None:
    available = window.size - chunk.start
    if chunk.length > available + LITTLE_S * bytes_per_s:
        raise AudioError(
            f"is cut short or damaged: its header promises {chunk.length / bytes_per_s:.1f} s of sound, "
            f"{available / bytes_per_s:.1f} s are there; copy it again, or repair it first "
            "(sox --ignore-length in.wav out.wav)"
        )


def _remark_rest(window: ChunkedFile, family: Family, chunk: Chunk, bytes_per_s: float, layout: SoundLayout) -> int:
    """Remark what lies behind the sound, its padding and the chunks after it, if it is not read; return where."""
    after = family.end(window, family.after(window, chunk))
    rest = window.size - after
    if rest > LITTLE_S * bytes_per_s and not (family.may_join and _starts_wave(window, after)):
        layout.remarks.append(
            f"has {rest} bytes after the {chunk.length / bytes_per_s:.1f} s that its header promises: were they "
            f"sound, {rest / bytes_per_s:.1f} s, which are left out"
        )
    return after


def _is_unknown(length: int) -> bool:
    return any(length in lengths for lengths in UNKNOWN_LENGTHS) or length >= 1 << 62


def _trailer(window: ChunkedFile, family: Family, start: int) -> int:
    """Return where sound of unknown length ends: before a list of chunks that goes to the end of the file, if any."""
    begin = max(start, window.size - MAX_TRAILER)
    tail = window.at(begin, window.size - begin)
    for match in islice(TRAILER.finditer(tail), MAX_TRAILERS):
        if family.are_chunks(window, begin + match.start()):
            return begin + match.start()
    return window.size


def _wave_header(order: str, form: bytes, length: int) -> bytes:
    form += bytes(len(form) % 2)
    body = b"fmt " + struct.pack(order + "I", len(form)) + form + b"data"
    if length < 0xFFFF0000:
        total = 4 + len(body) + 4 + length
        kind = b"RIFF" if order == "<" else b"RIFX"
        return kind + struct.pack(order + "I", total) + b"WAVE" + body + struct.pack(order + "I", length)
    ds64 = b"ds64" + struct.pack("<IQQQI", 28, 4 + 36 + len(body) + 4 + length, length, 0, 0)
    return b"RF64\xff\xff\xff\xffWAVE" + ds64 + body + b"\xff\xff\xff\xff"


def _aiff_layout(window: ChunkedFile, family: Family, kind: bytes) -> SoundLayout:
    layout, common = SoundLayout(), b""
    for chunk in family.chunks(window, family.first):
        if chunk.name == b"COMM" and 18 <= chunk.length <= MAX_FORMAT_BYTES:
            common = window.at(chunk.start, chunk.length)
        elif chunk.name == b"SSND" and common:
            channels, frames, bits = struct.unpack(">HIH", common[:8])
            coding = common[18:22] if kind == b"AIFC" else b"NONE"
            width = 1 if coding.lower() in (b"ulaw", b"alaw") else (bits + 7) // 8
            sample_rate = _extended(common[8:18])
            if coding.lower() not in AIFF_CODINGS or not channels * width:
                seconds = frames * (IMA4_FRAMES if coding == b"ima4" else 1) / sample_rate
                bytes_per_s = max(1.0, chunk.length / max(seconds, LITTLE_S))
                _refuse_short(window, chunk, bytes_per_s)
                end = _remark_rest(window, family, chunk, bytes_per_s, layout)
                layout.pieces = [Piece([range(end)])] if layout.remarks else layout.pieces
                break
            bytes_per_s = channels * width * sample_rate
            sound = _sound(window, family, chunk, bytes_per_s, layout)
            if sound is None and frames * channels * width + 8 > chunk.length:
                sound = range(chunk.start, chunk.start + chunk.length)
            if sound is not None:
                frames = max(0, len(sound) - 8) // (channels * width)  # 8 bytes of the chunk are no sound
                common = common[:2] + _aiff_length(frames) + common[6:]
                version = b"FVER\0\0\0\4\xa2\x80\x51\x40" if kind == b"AIFC" else b""
                comm = b"COMM" + _aiff_length(len(common)) + common + bytes(len(common) % 2)
                body = kind + version + comm + b"SSND" + _aiff_length(len(sound))
                head = b"FORM" + _aiff_length(len(body) + len(sound)) + body
                layout.pieces = [Piece([head, sound], is_open_ended=True)]
            elif layout.remarks:  # libsndfile refuses an AIFF file with another one behind it
                layout.pieces = [Piece([range(family.end(window, family.after(window, chunk)))])]
            break
    return layout


def _aiff_length(length: int) -> bytes:
    return struct.pack(">I", min(length, 0xFFFFFFFF))


def _caf_layout(window: ChunkedFile, family: Family) -> SoundLayout:
    layout = SoundLayout()
    chunks: dict[bytes, Chunk] = {}
    for chunk in family.chunks(window, family.first):
        if chunk.name in STARTS:
            break
        chunks[chunk.name] = chunk
    if (sound := chunks.get(b"data")) and sound.length < 1 << 63:  # -1 is: until the end
        available = window.size - sound.start
        if available < sound.length:
            raise AudioError(
                f"is cut short or damaged: its header promises {sound.length} bytes of sound, {available} are there; "
                "copy it again"
            )
        if b"desc" in chunks:
            _remark_rest(window, family, sound, _caf_bytes_per_s(window, chunks, sound.length), layout)
    return layout


def _caf_bytes_per_s(window: ChunkedFile, chunks: dict[bytes, Chunk], length: int) -> float:
    """Return the bytes of a second of sound, in the mean if packets differ; the chunk ``pakt`` has the length then."""
    description = window.at(chunks[b"desc"].start, 24).ljust(24, b"\0")
    sample_rate, _, _, packet_bytes, packet_frames = struct.unpack(">d4sIII", description)
    frames = length * packet_frames / packet_bytes if packet_bytes else 0
    if not frames and b"pakt" in chunks:
        frames = struct.unpack(">q", window.at(chunks[b"pakt"].start + 8, 8).ljust(8, b"\0"))[0]
    return max(1.0, length * sample_rate / frames) if frames > 0 and 0 < sample_rate < 1e9 else 1.0


AIFF_CODINGS = frozenset({b"none", b"raw ", b"twos", b"sowt", b"fl32", b"fl64", b"ulaw", b"alaw", b"in24", b"in32"})
"""Codings of AIFF with a fixed size for each sample."""
IMA4_FRAMES = 64
"""A header counts packets of so many where the coding is ``ima4``."""


def _extended(number: bytes) -> float:
    """Return an 80-bit IEEE 754 number, at least 1."""
    exponent, mantissa = struct.unpack(">HQ", number)
    return max(1.0, ldexp(mantissa, min(200, (exponent & 0x7FFF) - 16383 - 63)))


AU_WIDTHS = {1: 1.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0, 6: 4.0, 7: 8.0, 23: 0.5, 25: 0.375, 26: 0.625, 27: 1.0}
"""Coding of AU -> bytes of a sample."""


def _au_layout(window: ChunkedFile, order: str) -> SoundLayout:
    layout = SoundLayout()
    start, length, coding, sample_rate, channels = struct.unpack(order + "5I", window.at(4, 20).ljust(20, b"\0"))
    if not 24 <= start <= window.size:
        return layout
    available = window.size - start
    if _is_unknown(length) and length != available:
        head = window.at(0, min(start, MAX_FORMAT_BYTES))
        layout.pieces = [
            Piece(
                [head[:8] + struct.pack(order + "I", min(available, 0xFFFFFFFF)) + head[12:], range(start, window.size)]
            )
        ]
    elif length > available:
        raise AudioError(
            f"is cut short or damaged: its header promises {length} bytes of sound, {available} are there; "
            "copy it again"
        )
    else:
        bytes_per_s = max(1.0, AU_WIDTHS.get(coding, 1.0) * sample_rate * channels)
        _remark_rest(window, Family(order, start), Chunk(b"", start, length), bytes_per_s, layout)
        if layout.remarks:  # libsndfile takes what follows for sound in some codings
            layout.pieces = [Piece([range(start + length)])]
    return layout

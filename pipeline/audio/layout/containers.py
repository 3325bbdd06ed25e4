"""The kind of a sound file by its first bytes, and the pieces of sound in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from ...errors import AudioError
from .fixed_headers import fixed_layout
from .headers import header_layout
from .mpeg import JUNK_BYTES, mpeg_layout, starts_with_frames, tag_length
from .splicing import ChunkedFile, Piece, SoundLayout

MAX_CHANNELS = 32
"""Most channels of a recording: as many as large mixing desks record."""
MAX_TAGS = 16
"""Tags in front of the sound that are skipped."""
FLAC_START = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
"""The magic bytes and the header of the first block, STREAMINFO of 34 bytes."""
UNKNOWN_FLAC_LENGTH_S = 25 * 3600
"""Length given to a FLAC stream without one: more than a payload can hold."""
FLAC_SHARE = 0.6
"""Typical size of FLAC relative to its samples."""
BEGIN_OF_STREAM, END_OF_STREAM = 2, 4
"""Flags of an Ogg page (RFC 3533)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that libsndfile does not read."""

    name: str
    """Name shown to the user."""
    demuxer: str = ""
    """FFmpeg's name of the demuxer; empty if such a file cannot hold sound."""


KINDS: tuple[tuple[re.Pattern[bytes], Kind], ...] = tuple(
    (re.compile(pattern, re.DOTALL), Kind(name, demuxer))
    for pattern, name, demuxer in (
        (rb".{4}ftyp(M4A|M4B)", "M4A (MPEG-4 audio)", "mov"),
        (rb".{4}ftyp3g", "3GP", "mov"),
        (rb".{4}ftypqt", "QuickTime", "mov"),
        (rb".{4}(ftyp|moov|mdat|wide|free|skip)", "MP4", "mov"),
        (rb"\x1a\x45\xdf\xa3.{0,60}webm", "WebM", "matroska"),
        (rb"\x1a\x45\xdf\xa3", "Matroska", "matroska"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA or WMV (ASF)", "asf"),
        (rb"#!AMR", "AMR", "amr"),
        (rb"\xff[\xf0\xf1\xf8\xf9]", "AAC", "aac"),
        (rb"caff\x00\x01", "CAF that libsndfile cannot read", "caf"),
        (rb"RIFF.{4}AVI ", "AVI", "avi"),
        (rb"RIFF.{4}WAVE.{0,200}fmt ", "WAV that libsndfile cannot read", "wav"),
        (rb"FORM.{4}AIF[FC]", "AIFF that libsndfile cannot read", "aiff"),
        (rb"OggS", "Ogg that libsndfile cannot read", "ogg"),
        (rb"FLV\x01", "Flash video", "flv"),
        (rb"\x00\x00\x01\xba", "MPEG video", "mpeg"),
        (rb"\x47.{187}\x47", "MPEG transport stream", "mpegts"),
        (rb"wvpk", "WavPack", "wv"),
        (rb"MAC ", "Monkey's Audio", "ape"),
        (rb"TTA1", "True Audio", "tta"),
        (rb"\x0b\x77", "AC-3", "ac3"),
        (rb"\.RMF", "RealMedia", "rm"),
        (rb"MThd", "MIDI, which has notes but no sound", ""),
        (rb"%PDF", "PDF document", ""),
        (rb"PK\x03\x04", "ZIP archive", ""),
        (rb"\x1f\x8b", "gzip archive", ""),
        (rb"(\x89PNG|GIF8|\xff\xd8\xff)", "picture", ""),
    )
)
"""Magic bytes -> the kind; the first that fits."""


def kind_of(file: BinaryIO, size: int) -> Kind | None:
    """Return the kind of a file that libsndfile does not read; None if its first bytes match none."""
    window = ChunkedFile(file, size)
    start = window.at(_after_tags(window), 256)
    return next((kind for pattern, kind in KINDS if pattern.match(start)), None)


def layout_of(file: BinaryIO, size: int) -> SoundLayout:
    """Return the pieces of sound in a file, for libsndfile to decode one by one.

    Raises:
        AudioError: it is cut short, or has more channels than a recording has.
    """
    window = ChunkedFile(file, size)
    layout = header_layout(window) or fixed_layout(window)
    if layout is not None:
        return layout
    start = _after_tags(window)
    magic = window.at(start, 4)
    if magic == b"OggS":
        return _ogg_layout(window, start)
    if magic == b"fLaC":
        return _flac_layout(window, start)
    if starts_with_frames(window, start) or kind_of(file, size) is None:
        return mpeg_layout(window, start) or SoundLayout([Piece(reaches_end=True)])
    return SoundLayout([Piece(reaches_end=True)])


def _after_tags(window: ChunkedFile) -> int:
    offset = 0
    for _ in range(MAX_TAGS):
        offset += tag_length(window, offset)
    return offset


def _flac_layout(window: ChunkedFile, start: int) -> SoundLayout:
    """Split joined files; write a sufficient length into a stream without one."""
    starts = [start]
    for offset in range(start + 8, window.size, ChunkedFile.CHUNK - 8):
        starts += [offset + match.start() for match in FLAC_START.finditer(window.at(offset, ChunkedFile.CHUNK))]
    starts = sorted(set(starts))
    layout = SoundLayout([])
    for begin, end in zip(starts, [*starts[1:], window.size], strict=True):
        # 8 bytes of header, 10 of block and frame sizes, then 20 bits of rate, 3 of channels, 5 of width, 36 of length
        info = int.from_bytes(window.at(begin + 18, 8).ljust(8, b"\0"), "big")
        if info & (1 << 36) - 1:
            layout.pieces.append(Piece([range(begin, end)], reaches_end=True))
            continue
        sample_rate, channels, width = info >> 44, (info >> 41 & 7) + 1, (info >> 36 & 31) + 1
        info |= min(sample_rate * UNKNOWN_FLAC_LENGTH_S, (1 << 36) - 1)
        parts: list[bytes | range] = [window.at(begin, 18) + info.to_bytes(8, "big"), range(begin + 26, end)]
        guessed_s = 8 * (end - begin) / FLAC_SHARE / max(1, sample_rate * channels * width)
        layout.pieces.append(Piece(parts, is_open_ended=True, guessed_s=guessed_s))
    return layout


def _ogg_layout(window: ChunkedFile, start: int) -> SoundLayout:
    """Split a chain of streams (RFC 3533, section 4), of which libsndfile reads the first."""
    starts, ends, is_beginning, flags, junk_bytes, end = [start], [start], True, 0, 0, start
    for offset, length, flags, content in _ogg_pages(window, start):
        junk_bytes += offset - end
        if flags & BEGIN_OF_STREAM:
            _refuse_channels(content)
            if not is_beginning:
                starts.append(offset)
                ends.append(offset)
        end = offset + length
        ends[-1] = min(end, window.size)
        is_beginning = bool(flags & BEGIN_OF_STREAM)
    junk_bytes += max(0, window.size - end)
    layout = SoundLayout([Piece([range(*extent)]) for extent in zip(starts, ends, strict=True)])
    if junk_bytes > JUNK_BYTES:
        layout.remarks.append(f"has {junk_bytes} bytes between its sound that are none of it")
    if end > window.size:
        layout.remarks.append("ends in the middle of a page: it is cut short")
    elif not flags & END_OF_STREAM:
        layout.remarks.append("ends without the mark of its end: it may be cut short")
    return layout


def _ogg_pages(window: ChunkedFile, offset: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield offset, length, flags and first bytes of the content of each page; the file may end within the last."""
    while offset < window.size:
        header = window.at(offset, 27 + 255 + 32)
        if header[:4] != b"OggS" or len(header) < 27:
            offset = _next_page(window, offset + 1)
            continue
        content = 27 + header[26]
        length = content + sum(header[27:content])
        yield offset, length, header[5], header[content : content + 32]
        offset += length


def _next_page(window: ChunkedFile, offset: int) -> int:
    while offset < window.size:
        chunk = window.at(offset, ChunkedFile.CHUNK)
        if (at := chunk.find(b"OggS")) >= 0:
            return offset + at
        offset += max(1, len(chunk) - 3)
    return window.size


def _refuse_channels(first_packet: bytes) -> None:
    """Refuse an absurd number of channels before a decoder makes room for them."""
    for magic, place in ((b"\x01vorbis", 11), (b"OpusHead", 9)):
        if first_packet.startswith(magic) and len(first_packet) > place and first_packet[place] > MAX_CHANNELS:
            raise AudioError(f"has {first_packet[place]} channels; a recording has at most {MAX_CHANNELS}")

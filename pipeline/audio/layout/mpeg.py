"""The frames of an MPEG audio stream (MP3), with anything between them.

A file may hold tags, junk and several recordings one after another, at different rates; it seldom states its number of
frames. libsndfile stops where the first header says, or guesses. So this module finds the frames, joins them into
pieces of one format, and gives each piece a header with its length.

A frame of layer III (ISO 11172-3, 2.4.1; ISO 13818-3 for half the rates):

    4       header: 11 bits of ones, version, layer, bitrate, rate, padding, channel mode
    0 or 2  CRC
    9 to 32 side information: how far its sound begins in the frames before, how long each part of it is
    rest    sound of this frame and of the next ones
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache

from ...errors import AudioError
from .splicing import ChunkedFile, Piece, SoundLayout

V1, V2, V25 = 3, 2, 0
"""Version as in the header: MPEG-1, MPEG-2 and the unofficial MPEG-2.5."""
RATES = {V1: (44100, 48000, 32000), V2: (22050, 24000, 16000), V25: (11025, 12000, 8000)}
KBPS = {
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""(is it version 1, layer) -> kbit/s of bitrate index 1 and on."""
FRAME_OR_TAG = re.compile(rb"\xff[\xe2-\xe7\xf2-\xff][\x10-\xef]|ID3|TAG|APETAGEX", re.DOTALL)
"""What may be the start of a header or a tag."""
FRAMES_IN_A_ROW = 4
"""This many frames in a row are not an accident."""
MAX_RUNS = 200_000
"""With more interruptions the frames are not a recording; their positions would need too much memory."""
DECODER_DELAY = 529
"""Samples that a decoder runs late (LAME); libmpg123 takes them off the padding."""
LITTLE_S, LITTLE = 0.5, 0.01
"""Length and header disagree by more than a little: by more seconds than this, and by more than this share."""
JUNK_BYTES = 16_384
"""More bytes than this between the frames cause a warning."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a header says."""

    version: int
    layer: int
    sample_rate: int
    channels: int
    length: int
    """Bytes, with the header."""
    has_crc: bool

    @property
    def format(self) -> tuple[int, int, int, int]:
        """What all frames of a piece have in common."""
        return self.version, self.layer, self.sample_rate, self.channels

    @property
    def samples(self) -> int:
        """Samples that a frame decodes to, in each channel."""
        if self.layer == 1:
            return 384
        return 576 if self.layer == 3 and self.version != V1 else 1152

    @property
    def side_offset(self) -> int:
        """Where the side information begins in the frame."""
        return 6 if self.has_crc else 4

    @property
    def side_length(self) -> int:
        """Bytes of side information."""
        if self.version == V1:
            return 17 if self.channels == 1 else 32
        return 9 if self.channels == 1 else 17


@lru_cache(maxsize=4096)
def parse_header(header: bytes) -> Frame | None:
    """Return four bytes parsed as the header of a frame; None if they are not one."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate, rate = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 4 or bitrate in (0, 15) or rate == 3:
        return None
    sample_rate = RATES[version][rate]
    bits_per_second = 1000 * KBPS[version == V1, layer][bitrate - 1]
    padding = header[2] >> 1 & 1
    if layer == 1:
        length = 4 * (12 * bits_per_second // sample_rate + padding)
    else:
        half = layer == 3 and version != V1
        length = (72 if half else 144) * bits_per_second // sample_rate + padding
    channels = 1 if header[3] >> 6 == 3 else 2
    return Frame(version, layer, sample_rate, channels, length, has_crc=not header[1] & 1)


def starts_with_frames(window: ChunkedFile, offset: int, going_on: Frame | None = None) -> bool:
    """Tell whether `FRAMES_IN_A_ROW` follow each other from `offset` on.

    The last frames of a stream that is `going_on` may be fewer.
    """
    first: Frame | None = None
    for _ in range(FRAMES_IN_A_ROW):
        frame = parse_header(window.at(offset, 4))
        if frame is None or (first is not None and frame.format != first.format):
            return (
                first is not None and going_on is not None and offset == window.size and first.format == going_on.format
            )
        first = first or frame
        offset += frame.length
    return True


def tag_length(window: ChunkedFile, offset: int) -> int:
    """Return how many bytes a tag has that begins at `offset`, ID3 or APE; 0 if there is none."""
    start = window.at(offset, 32)
    if start[:3] == b"ID3" and len(start) >= 10 and max(start[6:10]) < 128:
        length = start[6] << 21 | start[7] << 14 | start[8] << 7 | start[9]
        return 10 + length + (10 if start[5] & 0x10 else 0)
    if start[:3] == b"TAG":
        return 128
    if start[:8] == b"APETAGEX" and len(start) == 32:
        length, flags = int.from_bytes(start[12:16], "little"), int.from_bytes(start[20:24], "little")
        return length + 32 if flags & 1 << 29 else 32  # a header; a footer that nothing announced
    return 0


def mpeg_layout(window: ChunkedFile, start: int) -> SoundLayout | None:
    """Return the pieces of an MPEG audio file whose frames begin somewhere from `start` on; None if there are none.

    Raises:
        AudioError: its frames are too scattered.
    """
    streams: list[_Stream] = []
    offset, junk_bytes = start, 0
    while offset < window.size:
        frame = parse_header(window.at(offset, 4))
        goes_on = frame is not None and bool(streams) and frame.format == streams[-1].frame.format
        if frame is not None and (goes_on or starts_with_frames(window, offset)):
            if offset + frame.length > window.size:
                break  # the last one is cut off
            if not goes_on:
                streams.append(_Stream(frame))
            streams[-1].add(window.at(offset, frame.length), offset, frame)
            offset += frame.length
        elif length := tag_length(window, offset):
            offset += length
        else:
            following = _next_header(window, offset + 1, streams[-1].frame if streams else None)
            if streams:
                streams[-1].interrupt()
            junk_bytes += following - offset
            offset = following
        if sum(len(stream.parts) for stream in streams[-1:]) + len(streams) > MAX_RUNS:
            raise AudioError("its MPEG frames are too scattered for a recording")
    streams = [stream for stream in streams if stream.count]
    if not streams:
        return None
    layout = SoundLayout([stream.piece() for stream in streams])
    seconds, promised_s = sum(stream.duration_s for stream in streams), streams[0].promised_s
    if promised_s is not None and abs(promised_s - seconds) > max(LITTLE_S, LITTLE * promised_s):
        layout.remarks.append(f"has {seconds:.1f} s of sound where its header promises {promised_s:.1f} s")
    if junk_bytes > JUNK_BYTES:
        layout.remarks.append(f"has {junk_bytes} bytes between its sound that are none of it")
    return layout


def _next_header(window: ChunkedFile, offset: int, going_on: Frame | None) -> int:
    """Return the next offset at which frames or a tag begin; the end of the file if nowhere."""
    while offset < window.size:
        chunk = window.at(offset, ChunkedFile.CHUNK)
        for match in FRAME_OR_TAG.finditer(chunk):
            at = offset + match.start()
            if starts_with_frames(window, at, going_on) or (match[0][0] != 0xFF and tag_length(window, at)):
                return at
        offset += max(1, len(chunk) - 7)  # one may lie across the border
    return window.size


class _Stream:
    """Frames of one format, as they come."""

    def __init__(self, first: Frame) -> None:
        self.frame = first
        self.parts: list[bytes | range] = []
        self.count = 0
        self.promised_s: float | None = None
        self._delay, self._padding = 0, 0
        self._promised_count: int | None = None
        self._reservoir = 0  # bytes of sound that the next frame may refer back to
        self._last: tuple[bytes, int, Frame] | None = None
        self._is_begun = False

    @property
    def duration_s(self) -> float:
        """Length of the frames found, in seconds."""
        return self.count * self.frame.samples / self.frame.sample_rate

    def add(self, content: bytes, offset: int, frame: Frame) -> None:
        """Add the next frame."""
        if not self._is_begun:
            self._is_begun = True
            if self._read_info(content, frame):
                return
        self.count += 1
        if frame.layer == 3 and not self._can_be_decoded(content, frame):
            self._append_silence(content, offset, frame)
        else:
            self._append(range(offset, offset + frame.length))
        self._last = content, offset, frame

    def interrupt(self) -> None:
        """Record that no frame follows the last one, which may be damaged by the same interruption."""
        self._reservoir = 0
        last = self.parts[-1] if self.parts else None
        if isinstance(last, range) and self._last is not None and self._last[2].layer == 3:
            content, offset, frame = self._last
            if last.start <= offset:  # not a silent one already
                self.parts[-1] = range(last.start, offset)
                self._append_silence(content, offset, frame)
        self._last = None

    def piece(self) -> Piece:
        """Return the frames found, after a frame that tells their length."""
        if self.frame.layer != 3:
            return Piece(self.parts, is_open_ended=True)
        padding = self._padding if self._promised_count == self.count else DECODER_DELAY
        return Piece([_info_frame(self.frame, self.count, self._delay, padding), *self.parts])

    def _append(self, part: bytes | range) -> None:
        last = self.parts[-1] if self.parts else None
        if isinstance(part, range) and isinstance(last, range) and last.stop == part.start:
            self.parts[-1] = range(last.start, part.stop)
        else:
            self.parts.append(part)

    def _append_silence(self, content: bytes, offset: int, frame: Frame) -> None:
        """Replace an undecodable frame by a silent one; later frames may still need the rest of it."""
        side = frame.side_offset + frame.side_length
        self._append(content[: frame.side_offset] + bytes(frame.side_length))
        self._append(range(offset + side, offset + frame.length))

    def _read_info(self, content: bytes, frame: Frame) -> bool:
        """Read the frame that tells the length (Xing, LAME, VBRI) and has no sound; tell whether it was one."""
        if frame.layer != 3:
            return False
        at = 4 + frame.side_length
        if content[at : at + 4] in (b"Xing", b"Info"):
            flags = int.from_bytes(content[at + 4 : at + 8], "big")
            if flags & 1:
                self._promise(int.from_bytes(content[at + 8 : at + 12], "big"))
            lame = at + 8 + 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
            if len(content) >= lame + 24 and content[lame : lame + 4] in (b"LAME", b"Lavf", b"Lavc"):
                trimmed = int.from_bytes(content[lame + 21 : lame + 24], "big")
                self._delay, self._padding = trimmed >> 12, trimmed & 0xFFF
            return True
        if content[36:40] == b"VBRI":
            self._promise(int.from_bytes(content[50:54], "big"))
            return True
        return False

    def _promise(self, count: int) -> None:
        self._promised_count = count
        self.promised_s = count * self.frame.samples / self.frame.sample_rate

    def _can_be_decoded(self, content: bytes, frame: Frame) -> bool:
        """Tell whether all the sound that the side information refers to is there, and makes sense.

        A frame after a cut refers to sound before the cut; libmpg123 reports that on standard error.
        """
        side = content[frame.side_offset : frame.side_offset + frame.side_length]
        body = frame.length - frame.side_offset - frame.side_length
        if len(side) < frame.side_length or body < 0:
            self._reservoir = 0
            return False
        bits, is_v1 = int.from_bytes(side, "big"), frame.version == V1
        width = 8 * frame.side_length
        begin = bits >> width - (9 if is_v1 else 8)
        part_bits = 59 if is_v1 else 63
        parts = frame.channels * (2 if is_v1 else 1)
        needed, sane = 0, True
        for part in range(parts):  # the parts are the last bits of the side information
            fields = bits >> part_bits * part & (1 << part_bits) - 1
            needed += fields >> part_bits - 12
            big_values = fields >> part_bits - 21 & 0x1FF
            scale_bits = 4 if is_v1 else 9
            is_switching = fields >> part_bits - 30 - scale_bits & 1
            block_type = fields >> part_bits - 32 - scale_bits & 3
            sane = sane and big_values <= 288 and not (is_switching and block_type == 0)
        is_there = begin <= self._reservoir and needed <= 8 * (begin + body)
        self._reservoir = min(self._reservoir + body, 511 if is_v1 else 255)
        return sane and is_there


def _info_frame(frame: Frame, count: int, delay: int, padding: int) -> bytes:
    """Return a frame without sound that tells how many follow, and what to leave out at both ends (Xing, LAME)."""
    rate_index = RATES[frame.version].index(frame.sample_rate)
    mode = 3 if frame.channels == 1 else 0
    header = bytes([0xFF, 0xE0 | frame.version << 3 | 1 << 1 | 1, 14 << 4 | rate_index << 2, mode << 6])
    length = parse_header(header)
    assert length is not None
    tag = b"Info" + struct.pack(">II", 1, count)
    if delay:
        tag += b"LAME3.100".ljust(21, b"\0") + (delay << 12 | padding).to_bytes(3, "big")
    return (header + bytes(frame.side_length) + tag).ljust(length.length, b"\0")

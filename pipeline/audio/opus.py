"""Speech as Opus packets without a container (RFC 6716): what a payload has room for.

offset  size  meaning
0       1     first byte of every packet (section 3.1): one frame of 20 ms, mono
then for each packet
0       1     length n of the rest of the packet, 1 to 255
1       n     the rest of the packet
"""

from __future__ import annotations

import io

import numpy as np
import soundfile

from ..errors import AudioError
from ..protocols import ENGINE_SAMPLE_RATE
from ..types import Samples
from .ogg import ogg_opus, opus_packets
from .reading import resample

LOWEST_BITRATE = 1.0
"""libsndfile's scale of compression for Opus: 6 kbit/s at 1.0, 256 at 0.0."""
MIN_LENGTH_S = 0.5
"""Shorter sound is padded with silence."""
MAX_PACKET = 256
MAX_PACKETS = 500
"""10 s: sound with more packets is refused, however small they are."""
PACKET_SAMPLES_48K = 960
"""20 ms at 48 kHz, the rate in which Opus counts."""
SILK_20_MS = (0x08, 0x28, 0x48)
HYBRID_20_MS = (0x68, 0x78)
CELT_20_MS = (0x98, 0xB8, 0xD8, 0xF8)
"""First bytes of packets with one frame of 20 ms, mono."""
FIRST_BYTES = frozenset((*SILK_20_MS, *HYBRID_20_MS, *CELT_20_MS))


def pack_opus(samples: Samples, sample_rate: int, compression_level: float, most_bytes: int) -> bytes:
    """Return float32 [T] mono `samples` in the form described above; what does not fit into `most_bytes` is left off.

    Raises:
        AudioError: libsndfile cannot write Opus here.
    """
    shortfall = int(MIN_LENGTH_S * sample_rate) - len(samples)
    if shortfall > 0:
        samples = np.pad(samples, (0, shortfall))
    file = io.BytesIO()
    try:
        with soundfile.SoundFile(
            file, "w", sample_rate, 1, "OPUS", format="OGG", compression_level=compression_level
        ) as sound:
            sound.write(samples)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"the sound cannot be coded as Opus ({error}); upgrade soundfile") from error
    packets = opus_packets(file.getvalue())
    first = max(FIRST_BYTES, key=lambda byte: sum(packet[0] == byte for packet in packets))
    code = bytearray([first])
    for packet in packets:  # the last one, of 10 ms, holds only the encoder's tail
        if packet[0] == first and 2 <= len(packet) <= MAX_PACKET and len(code) + len(packet) <= most_bytes:
            code += bytes([len(packet) - 1]) + packet[1:]
    return bytes(code)


def unpack_opus(code: bytes) -> Samples:
    """Return the sound: float32 [T] mono at 16 kHz.

    Args:
        code: from a payload or a file, untrusted.

    Raises:
        AudioError: it is none.
    """
    packets: list[bytes] = []
    position = 1
    while position < len(code):
        length = code[position]
        packet = code[position + 1 : position + 1 + length]
        if length == 0 or len(packet) < length:
            raise AudioError("it ends in the middle")
        packets.append(code[:1] + packet)
        position += 1 + length
    if len(packets) > MAX_PACKETS:
        raise AudioError(f"it has {len(packets)} packets, {MAX_PACKETS} is the most")
    if not packets or code[0] not in FIRST_BYTES:
        raise AudioError("not one sound of it can be read")
    file = io.BytesIO(ogg_opus(packets, PACKET_SAMPLES_48K, ENGINE_SAMPLE_RATE))
    try:
        with soundfile.SoundFile(file) as sound:
            samples, sample_rate = sound.read(dtype="float32"), sound.samplerate
    except soundfile.LibsndfileError as error:
        raise AudioError(str(error)) from error
    return resample(samples, sample_rate, ENGINE_SAMPLE_RATE)

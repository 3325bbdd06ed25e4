"""The voice ``clip``: three seconds of somebody's speech, as Opus, for engines that clone a voice from a recording.

    offset  size  meaning
    0       1     first byte of every Opus packet (RFC 6716, section 3.1): 0x48, wideband, 20 ms, mono
    then for each packet
    0       1     length n of the rest of the packet, 1 to 255
    1       n     the rest of the packet

Why a recording, and why this one, measured with Resemblyzer on 25 speakers of LibriSpeech and
VoiceBank: cosine of the clip to other recordings of its speaker; 0.56 to those of strangers.

    seconds  kbit/s  bytes  not coded  coded
    1         9.5    1193   0.73       0.71    wideband
    2         9.5    2371   0.80       0.79
    3         5.7    2120   0.83       0.75    narrowband: what lies above 4 kHz is lost
    3         9.3    3483   0.83       0.82    <- taken
    3        12.7    4759   0.83       0.82
    4         5.6    2779   0.84       0.76    narrowband
    4         9.2    4581   0.84       0.84

XTTS computes 33,280 numbers from a clip. In the same number of bytes, each would have 0.84 bit (at 4 bits
they would take 16,640 bytes), and only that one checkpoint could use them.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile
from speechzip.pipeline import ENGINE_SAMPLE_RATE, MAX_LONG_VOICE_BYTES, Samples, Voice, VoiceError, resample

from .ogg import ogg_opus, opus_packets

SPACE = "clip"
CLIP_S = 3.0
HOP_S = 0.1
"""Step of the search for the best segment."""
MIN_CLIP_S = 0.5
"""Less speech than this tells nothing about a voice, and is padded with silence."""
COMPRESSION_LEVEL = 0.985
"""libsndfile's scale for Opus: 6 kbit/s at 1.0, 256 at 0.0. The lowest bitrate with 8 kHz of bandwidth in libopus."""
MAX_PACKET = 256
MAX_PACKETS = 500
"""10 s: a clip with more packets is refused, however small they are."""
PACKET_SAMPLES_48K = 960
"""20 ms at 48 kHz, the rate in which Opus counts."""
SILK_20_MS = (0x08, 0x28, 0x48)
HYBRID_20_MS = (0x68, 0x78)
CELT_20_MS = (0x98, 0xB8, 0xD8, 0xF8)
"""First bytes of packets with one frame of 20 ms, mono."""
FIRST_BYTES = frozenset((*SILK_20_MS, *HYBRID_20_MS, *CELT_20_MS))


class ClipVoiceEncoder:
    """Cut the best few seconds out of a person's speech; needs no model."""

    name = "clip"
    space = SPACE

    def encode(self, samples: Samples, transcript: str) -> Voice:
        """Return a clip of float32 [T] mono 16 kHz `samples` as a voice; `transcript` is not needed."""
        del transcript
        return Voice(SPACE, pack_clip(best_stretch(samples, ENGINE_SAMPLE_RATE, CLIP_S), ENGINE_SAMPLE_RATE))


def best_stretch(samples: Samples, sample_rate: int, duration_s: float) -> Samples:
    """Return the loudest `duration_s` of `samples`: most speech, least room."""
    length = int(duration_s * sample_rate)
    if len(samples) <= length:
        return samples
    energy = np.concatenate([np.zeros(1), np.cumsum(np.square(samples, dtype=np.float64))])
    starts = np.arange(0, len(samples) - length + 1, max(1, int(HOP_S * sample_rate)))
    start = int(starts[np.argmax(energy[starts + length] - energy[starts])])
    return samples[start : start + length]


def pack_clip(samples: Samples, sample_rate: int) -> bytes:
    """Return float32 [T] mono `samples` in the form described above, at most `MAX_LONG_VOICE_BYTES`.

    Raises:
        VoiceError: libsndfile cannot write Opus here.
    """
    shortfall = int(MIN_CLIP_S * sample_rate) - len(samples)
    if shortfall > 0:
        samples = np.pad(samples, (0, shortfall))
    file = io.BytesIO()
    try:
        with soundfile.SoundFile(
            file, "w", sample_rate, 1, "OPUS", format="OGG", compression_level=COMPRESSION_LEVEL
        ) as sound:
            sound.write(samples)
    except soundfile.LibsndfileError as error:
        raise VoiceError(f"the voice cannot be coded as Opus ({error}); upgrade soundfile") from error
    packets = opus_packets(file.getvalue())
    first = max(FIRST_BYTES, key=lambda byte: sum(packet[0] == byte for packet in packets))
    code = bytearray([first])
    for packet in packets:  # the last one, of 10 ms, holds only the encoder's tail
        if packet[0] == first and 2 <= len(packet) <= MAX_PACKET and len(code) + len(packet) <= MAX_LONG_VOICE_BYTES:
            code += bytes([len(packet) - 1]) + packet[1:]
    return bytes(code)


def unpack_clip(code: bytes) -> Samples:
    """Return the speech in a clip: float32 [T] mono at 16 kHz.

    Args:
        code: from a payload or a file, untrusted.

    Raises:
        VoiceError: it is not a clip.
    """
    packets: list[bytes] = []
    position = 1
    while position < len(code):
        length = code[position]
        packet = code[position + 1 : position + 1 + length]
        if length == 0 or len(packet) < length:
            raise VoiceError("the voice is not a clip of speech: it ends in the middle; ask for it again")
        packets.append(code[:1] + packet)
        position += 1 + length
    if len(packets) > MAX_PACKETS:
        raise VoiceError(f"the voice is not a clip of speech: it has {len(packets)} packets, {MAX_PACKETS} is the most")
    if not packets or code[0] not in FIRST_BYTES:
        raise VoiceError("the voice is not a clip of speech: not one sound of it can be read; ask for it again")
    file = io.BytesIO(ogg_opus(packets, PACKET_SAMPLES_48K, ENGINE_SAMPLE_RATE))
    try:
        with soundfile.SoundFile(file) as sound:
            samples, sample_rate = sound.read(dtype="float32"), sound.samplerate
    except soundfile.LibsndfileError as error:
        raise VoiceError(f"the voice is not a clip of speech ({error}); ask for it again") from error
    return resample(samples, sample_rate, ENGINE_SAMPLE_RATE)

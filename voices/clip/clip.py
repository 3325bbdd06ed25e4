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

import numpy as np
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    MAX_LONG_VOICE_BYTES,
    AudioError,
    Samples,
    Voice,
    VoiceError,
    pack_opus,
    unpack_opus,
)

SPACE = "clip"
CLIP_S = 3.0
HOP_S = 0.1
"""Step of the search for the best segment."""
COMPRESSION_LEVEL = 0.985
"""libsndfile's scale for Opus: 6 kbit/s at 1.0, 256 at 0.0. The lowest bitrate with 8 kHz of bandwidth in libopus."""


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
    try:
        return pack_opus(samples, sample_rate, COMPRESSION_LEVEL, MAX_LONG_VOICE_BYTES)
    except AudioError as error:
        raise VoiceError(f"a clip of the voice cannot be made: {error}") from error


def unpack_clip(code: bytes) -> Samples:
    """Return the speech in a clip: float32 [T] mono at 16 kHz.

    Args:
        code: from a payload or a file, untrusted.

    Raises:
        VoiceError: it is not a clip.
    """
    try:
        return unpack_opus(code)
    except AudioError as error:
        raise VoiceError(f"the voice is not a clip of speech: {error}; ask for it again") from error


def clip_speech(voice: Voice, at_least_s: float) -> Samples:
    """Return the speech in a voice of the space `SPACE`: float32 [T] mono at 16 kHz.

    Raises:
        VoiceError: it is not a clip, shorter than `at_least_s`, or silent.
    """
    samples = unpack_clip(voice.embedding)
    if len(samples) < at_least_s * ENGINE_SAMPLE_RATE or not samples.any():
        raise VoiceError("the clip is too short or too quiet for a voice")
    return samples

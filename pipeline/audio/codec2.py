"""Speech as frames of Codec2 without a container, for links on which Opus is too large (rowetel.com/codec2.html).

offset  size  meaning
0       1     mode: 1 for 700C, 2 for 1200
1       n     frames of 40 ms, of 28 bits (700C) or 48 (1200), most significant bit first; zeros fill the last byte

The library is in the wheel of pycodec2. It is loaded at the first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

import numpy as np

from ..errors import AudioError, EngineError
from ..protocols import ENGINE_SAMPLE_RATE
from ..types import Samples
from .reading import resample

Codec2Mode = Literal["700C", "1200"]

MODE_BYTES: dict[int, Codec2Mode] = {1: "700C", 2: "1200"}
"""First byte -> mode. No Opus packet of 20 ms begins with these. FORMAT.md has the same table."""
LIBRARY_NUMBERS: dict[Codec2Mode, int] = {"700C": 700, "1200": 1200}
FRAME_BITS: dict[Codec2Mode, int] = {"700C": 28, "1200": 48}
SAMPLE_RATE, FRAME_SAMPLES = 8000, 320
MAX_FRAMES = 250
"""10 s: longer sound is cut, and refused when it is decoded."""
FULL_SCALE = 32767


def pack_codec2(samples: Samples, sample_rate: int, mode: Codec2Mode, most_bytes: int) -> bytes:
    """Return float32 [T] mono `samples` in the form described above; what does not fit into `most_bytes` is left off.

    Raises:
        EngineError: pycodec2 is not installed.
    """
    codec = load_codec2(mode)
    sound = np.clip(resample(samples, sample_rate, SAMPLE_RATE), -1, 1)
    pcm = np.pad(np.rint(sound * FULL_SCALE).astype(np.int16), (0, -len(sound) % FRAME_SAMPLES))
    count = min(MAX_FRAMES, 8 * max(0, most_bytes - 1) // FRAME_BITS[mode])
    frames = [codec.encode(frame) for frame in pcm.reshape(-1, FRAME_SAMPLES)[:count]]
    bits = [np.unpackbits(np.frombuffer(frame, np.uint8))[: FRAME_BITS[mode]] for frame in frames]
    first = next(byte for byte, name in MODE_BYTES.items() if name == mode)
    return bytes([first]) + np.packbits(np.concatenate([np.zeros(0, np.uint8), *bits])).tobytes()


def unpack_codec2(code: bytes) -> Samples:
    """Return the sound: float32 [T] mono at 16 kHz.

    Args:
        code: from a payload, untrusted; its first byte is one of `MODE_BYTES`.

    Raises:
        AudioError: it holds no frame or too many, or pycodec2 is not installed.
    """
    mode = MODE_BYTES[code[0]]
    size = FRAME_BITS[mode]
    count = 8 * (len(code) - 1) // size
    if not 1 <= count <= MAX_FRAMES:
        raise AudioError(f"it has {count} frames of Codec2, 1 to {MAX_FRAMES} are possible")
    try:
        codec = load_codec2(mode)
    except EngineError as error:
        raise AudioError(str(error)) from error
    bits = np.unpackbits(np.frombuffer(code, np.uint8, offset=1))[: count * size].reshape(count, size)
    pcm = np.concatenate([codec.decode(np.packbits(frame).tobytes()) for frame in bits])
    return resample(np.asarray(pcm / FULL_SCALE, np.float32), SAMPLE_RATE, ENGINE_SAMPLE_RATE)


def load_codec2(mode: Codec2Mode) -> Any:
    """Return a codec of pycodec2, which has no types.

    Raises:
        EngineError: pycodec2 is not installed.
    """
    try:
        return import_module("pycodec2").Codec2(LIBRARY_NUMBERS[mode])
    except ImportError as error:
        raise EngineError(
            "Codec2 needs pycodec2; run: pip install 'speechzip[codec2]' (Python 3.11 or later)"
        ) from error

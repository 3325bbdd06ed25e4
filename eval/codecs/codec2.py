"""Codec2, by the libcodec2 in the wheel of pycodec2."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

import numpy as np
from speechzip.pipeline import Audio, EngineError

from ..types import Codec, Coded
from .sound import Pcm, from_pcm, to_pcm

RATE = 8000
CODEC2_MODES = {"3200": 3200, "2400": 2400, "1600": 1600, "1400": 1400, "1300": 1300, "1200": 1200, "700C": 700}
"""Mode -> its number for pycodec2. libcodec2 1.2 has no mode of 450 bit/s any more."""


class Codec2(Codec):
    """Codec2 in one of its modes, frames sent one by one; bits that fill up a byte are not counted."""

    family = "Codec2"

    def __init__(self, mode: str) -> None:
        """Load the library.

        Raises:
            EngineError: it is not installed.
        """
        self.name = f"codec2-{mode}"
        self._number = CODEC2_MODES[mode]
        try:
            self._library: Any = import_module("pycodec2")
        except ImportError as error:
            raise EngineError(
                "pycodec2 is not installed; run: pip install 'speechzip[eval]' (Python 3.11 or later)"
            ) from error

    def code(self, audio: Audio) -> Coded:
        """Return the sound after coding and decoding."""
        pcm = to_pcm(audio, RATE)
        started = time.perf_counter()
        encoder = self._library.Codec2(self._number)
        size: int = encoder.samples_per_frame()
        padded = np.pad(pcm, (0, -len(pcm) % size)).reshape(-1, size)
        frames: list[bytes] = [encoder.encode(frame) for frame in padded]
        encoded_at = time.perf_counter()
        decoder = self._library.Codec2(self._number)
        decoded: list[Pcm] = [decoder.decode(frame) for frame in frames]
        decoded_at = time.perf_counter()
        sound = np.concatenate([*decoded, np.zeros(0, np.int16)])[: len(pcm)]
        return Coded(
            from_pcm(sound, RATE),
            encoder.bits_per_frame() * len(frames),
            len(frames),
            encoded_at - started,
            decoded_at - encoded_at,
        )

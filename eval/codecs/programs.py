"""Codecs run as programs: Codec2 (``c2enc``, ``c2dec``)."""

from __future__ import annotations

import shutil
import subprocess
import time

import numpy as np
from speechzip.pipeline import Audio, EngineError

from ..types import Codec, Coded
from .sound import Pcm, from_pcm, to_pcm

RATE = 8000
TIMEOUT_S = 600.0

CODEC2_FRAMES = {
    "3200": (64, 20),
    "2400": (48, 20),
    "1600": (64, 40),
    "1400": (56, 40),
    "1300": (52, 40),
    "1200": (48, 40),
    "700C": (28, 40),
}
"""Mode -> bits and milliseconds of a frame. `c2enc` pads a frame to whole bytes; the padding is not counted."""
LONGEST_FRAME = 320
"""Samples in 40 ms: input is padded to a multiple, since `c2enc` drops an incomplete frame."""


class Codec2(Codec):
    """Codec2 in one of its modes, frames sent one by one."""

    family = "Codec2"

    def __init__(self, mode: str) -> None:
        """Find the programs.

        Raises:
            EngineError: they are not installed.
        """
        self.name = f"codec2-{mode}"
        self._mode = mode
        self._programs = _programs("c2enc", "c2dec", package="codec2")

    def code(self, audio: Audio) -> Coded:
        """Return the sound after coding and decoding."""
        pcm = to_pcm(audio, RATE)
        padded = np.pad(pcm, (0, -len(pcm) % LONGEST_FRAME))
        encode, decode = self._programs
        started = time.perf_counter()
        code = _run([encode, self._mode, "-", "-"], padded.astype("<i2").tobytes())
        encoded_at = time.perf_counter()
        decoded = _run([decode, self._mode, "-", "-"], code)
        decoded_at = time.perf_counter()
        bits, frame_ms = CODEC2_FRAMES[self._mode]
        frames = len(padded) * 1000 // RATE // frame_ms
        return Coded(_sound(decoded, len(pcm)), bits * frames, frames, encoded_at - started, decoded_at - encoded_at)


def _programs(encode: str, decode: str, package: str) -> tuple[str, str]:
    found = shutil.which(encode), shutil.which(decode)
    if found[0] is None or found[1] is None:
        raise EngineError(f"{encode} and {decode} are not installed; on Debian run: apt-get install {package}")
    return found[0], found[1]


def _run(command: list[str], stdin: bytes) -> bytes:
    finished = subprocess.run(command, input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False)
    if finished.returncode or not finished.stdout:
        reason = finished.stderr.decode("utf-8", "replace").strip()[-200:]
        raise EngineError(f"{command[0]} failed with exit status {finished.returncode}: {reason or 'no output'}")
    return finished.stdout


def _sound(raw: bytes, length: int) -> Audio:
    pcm: Pcm = np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.int16)
    return from_pcm(pcm[:length], RATE)

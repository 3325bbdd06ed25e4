"""FreeDV's data modes: packets to sound at 8 kHz and back, by libcodec2 from the wheel of pycodec2.

    burst    preamble | frame of data | postamble
    frame    packet of `frame_bytes`, CRC-16 (the modem's own, high byte first)

The functions are those of codec2's freedv_api.h; ``freedv_data_raw_tx.c`` and ``_rx.c`` show how they are used.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError, LinkError
from ...types import Samples
from ..carrier import missing_library

Sound = npt.NDArray[np.int16]
"""int16 [T], mono, at `MODEM_RATE`."""

MODEM_RATE = 8000
"""Samples a second of all FreeDV modems, in Hz."""

MODES = {"datac0": 14, "datac1": 10, "datac3": 12, "datac4": 18, "datac13": 19}
"""Name of a mode -> its number in freedv_api.h."""

FRAME_BYTES = {"datac0": 14, "datac1": 510, "datac3": 126, "datac4": 54, "datac13": 14}
"""Size of a packet in bytes: bits_per_modem_frame / 8, less 2 for the CRC."""

BURST_S = {"datac0": 0.66, "datac1": 4.4, "datac3": 3.41, "datac4": 5.39, "datac13": 2.2}
"""Length of a burst of one frame, in seconds."""

_SHORTS = ctypes.POINTER(ctypes.c_short)
_FUNCTIONS: dict[str, tuple[type | None, list[type]]] = {
    "freedv_open": (ctypes.c_void_p, [ctypes.c_int]),
    "freedv_close": (None, [ctypes.c_void_p]),
    "freedv_set_frames_per_burst": (None, [ctypes.c_void_p, ctypes.c_int]),
    "freedv_get_bits_per_modem_frame": (ctypes.c_int, [ctypes.c_void_p]),
    "freedv_get_n_tx_modem_samples": (ctypes.c_int, [ctypes.c_void_p]),
    "freedv_get_n_tx_preamble_modem_samples": (ctypes.c_int, [ctypes.c_void_p]),
    "freedv_get_n_tx_postamble_modem_samples": (ctypes.c_int, [ctypes.c_void_p]),
    "freedv_gen_crc16": (ctypes.c_ushort, [ctypes.c_char_p, ctypes.c_int]),
    "freedv_rawdatapreambletx": (ctypes.c_int, [ctypes.c_void_p, _SHORTS]),
    "freedv_rawdatatx": (None, [ctypes.c_void_p, _SHORTS, ctypes.c_char_p]),
    "freedv_rawdatapostambletx": (ctypes.c_int, [ctypes.c_void_p, _SHORTS]),
    "freedv_nin": (ctypes.c_int, [ctypes.c_void_p]),
    "freedv_rawdatarx": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, _SHORTS]),
    "freedv_get_modem_stats": (
        None,
        [ctypes.c_void_p, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_float)],
    ),
}
"""Function -> its result and arguments."""


FULL_SCALE = 32767


def to_sound(samples: Samples) -> Sound:
    """Return float32 [T] in [-1, 1] as the modem wants it; what lies beyond is clipped."""
    return np.asarray(np.clip(samples, -1, 1) * FULL_SCALE, np.int16)


def check_mode(mode: str) -> None:
    """Raise an InputError if there is no such mode."""
    if mode not in MODES:
        raise InputError(f"the HF modem has no mode {mode!r}; give one of {', '.join(f'hf:{name}' for name in MODES)}")


class Modem:
    """One modem of one mode. Sending and receiving are independent; not for two threads at once."""

    def __init__(self, mode: str) -> None:
        """Open it.

        Raises:
            InputError: there is no such mode.
            LinkError: pycodec2 is not installed, or its library lacks the mode.
        """
        check_mode(mode)
        self._library = _library()
        self._modem = self._library.freedv_open(MODES[mode])
        if not self._modem:
            raise LinkError(f"libcodec2 does not know the mode {mode}; run: pip install --upgrade 'speechzip[hf]'")
        self._library.freedv_set_frames_per_burst(self._modem, 1)
        self.frame_bytes = self._library.freedv_get_bits_per_modem_frame(self._modem) // 8 - 2
        """Size of every packet, in bytes."""
        self._waiting = np.zeros(0, np.int16)

    def __del__(self) -> None:
        if getattr(self, "_modem", None):
            self._library.freedv_close(self._modem)

    def modulate(self, frame: bytes) -> Sound:
        """Return the burst for a packet of exactly `frame_bytes`."""
        assert len(frame) == self.frame_bytes, f"{len(frame)} bytes"
        library, modem = self._library, self._modem
        crc = library.freedv_gen_crc16(frame, len(frame)).to_bytes(2, "big")
        preamble = _shorts(library.freedv_get_n_tx_preamble_modem_samples(modem))
        library.freedv_rawdatapreambletx(modem, _pointer(preamble))
        data = _shorts(library.freedv_get_n_tx_modem_samples(modem))
        library.freedv_rawdatatx(modem, _pointer(data), frame + crc)
        postamble = _shorts(library.freedv_get_n_tx_postamble_modem_samples(modem))
        library.freedv_rawdatapostambletx(modem, _pointer(postamble))
        return np.concatenate([preamble, data, postamble])

    def demodulate(self, sound: Sound) -> Iterator[tuple[bytes, float]]:
        """Yield packet and signal-to-noise ratio (dB) of each burst that ends in `sound`.

        The sound continues that of the last call. The modem checks its CRC: damaged packets do not appear.
        """
        self._waiting = np.concatenate([self._waiting, sound])
        position = 0
        frame = ctypes.create_string_buffer(self.frame_bytes + 2)
        while position + (wanted := self._library.freedv_nin(self._modem)) <= len(self._waiting):
            block = np.ascontiguousarray(self._waiting[position : position + wanted])
            position += wanted
            count = self._library.freedv_rawdatarx(self._modem, frame, _pointer(block))
            if count:
                yield frame.raw[: self.frame_bytes], self._snr_db()
        self._waiting = self._waiting[position:]

    def _snr_db(self) -> float:
        synchronized, snr_db = ctypes.c_int(), ctypes.c_float()
        self._library.freedv_get_modem_stats(self._modem, ctypes.byref(synchronized), ctypes.byref(snr_db))
        return snr_db.value


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    """Return libcodec2 from pycodec2's wheel; the package itself is not imported."""
    spec = importlib.util.find_spec("pycodec2")
    if spec is None or spec.origin is None:
        raise missing_library("hf", "pycodec2", "hf")
    package = Path(spec.origin).parent
    found = [*package.parent.glob("pycodec2.libs/libcodec2*"), *package.glob(".dylibs/libcodec2*")]
    if not found:
        raise LinkError("pycodec2 was built without its own libcodec2; install its wheel: pip install 'speechzip[hf]'")
    try:
        library = ctypes.CDLL(str(found[0]))
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise LinkError(f"{found[0]} cannot be used ({error}); reinstall it: pip install 'speechzip[hf]'") from error
    return library


def _shorts(count: int) -> Sound:
    return np.zeros(count, np.int16)


def _pointer(sound: Sound) -> Any:
    return sound.ctypes.data_as(_SHORTS)

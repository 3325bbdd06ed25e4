"""The transceiver: its sound card, and the line that keys the transmitter."""

from __future__ import annotations

import queue
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np

from ...errors import DeviceError
from ...live.devices.sound import load_sounddevice
from ..carrier import TICK_S
from ..serialport import open_serial
from .modem import MODEM_RATE, Sound

KEY_DELAY_S = 0.2
"""Time from keying the transmitter to the first sample: relays and amplifiers settle."""
MAX_QUEUED = 500
"""Blocks of sound that may wait for the modem. It uses 3 % of the time, so a full queue means that it has stopped."""


def parse_device(device: str) -> str | int:
    """Return a sound device in sounddevice's form: its number, or part of its name."""
    return int(device) if device.isdecimal() else device


class Transmitter:
    """Plays bursts; the transmitter is keyed by a serial port's RTS line, or by its own VOX."""

    def __init__(self, device: str, ptt: str | None) -> None:
        self._device = device
        self._ptt = ptt

    @contextmanager
    def open(self) -> Generator[Transmitter]:
        """Hold the sound device and the serial port for the block. The line drops however the block ends."""
        port = open_serial("hf", "hf", self._ptt) if self._ptt else None
        with port or nullcontext():
            if port is not None:
                port.rts = False
            self._port = port
            self._stream = _open_stream("OutputStream", self._device)
            with self._stream:
                try:
                    yield self
                finally:
                    if port is not None:
                        port.rts = False

    def play(self, burst: Sound) -> None:
        """Play a burst and return when it has been played."""
        if self._port is not None:
            self._port.rts = True
            time.sleep(KEY_DELAY_S)
        try:
            self._stream.write(burst.reshape(-1, 1))
            time.sleep(self._stream.latency)  # samples in the device's buffer
        finally:
            if self._port is not None:
                self._port.rts = False


def hear(device: str) -> Iterator[Sound | None]:
    """Yield the sound of an input device, and None after each `TICK_S` without sound."""
    blocks: queue.Queue[Sound] = queue.Queue(MAX_QUEUED)

    def callback(block: Any, _frames: int, _time: Any, _status: Any) -> None:
        if not blocks.full():
            blocks.put_nowait(np.array(block[:, 0], np.int16))

    with _open_stream("InputStream", device, callback=callback) as stream:
        while True:
            try:
                yield blocks.get(timeout=TICK_S)
            except queue.Empty:
                if not stream.active:
                    raise DeviceError(f"the sound device {device} has stopped; is it still plugged in?") from None
                yield None


def _open_stream(kind: str, device: str, **options: Any) -> Any:
    sounddevice: Any = load_sounddevice()
    try:
        return getattr(sounddevice, kind)(
            samplerate=MODEM_RATE, channels=1, dtype="int16", device=parse_device(device), **options
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceError(
            f"the sound device {device} cannot be opened ({error}); `python -m sounddevice` lists the devices"
        ) from error

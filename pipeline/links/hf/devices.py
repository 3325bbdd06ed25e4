"""The transceiver: its sound card, and the line that keys the transmitter."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from ...audio.reading import resample
from ...errors import DeviceError, LiveError
from ...live.devices.sound import load_sounddevice
from ..carrier import Notice, missing_library
from ..serialport import gone, open_serial
from ..soundinput import SoundInput
from .modem import FULL_SCALE, MODEM_RATE, Sound, to_sound

KEY_DELAY_S = 0.2
"""Time from keying the transmitter to the first sample: relays and amplifiers settle."""
VOX_LEAD_S = 0.4
"""Tone before a burst where nothing keys the transmitter but its VOX, which cuts off how the sound begins."""
VOX_TONE_HZ, VOX_LEVEL = 1500, 8192
"""The middle of the modem's band; about the level of a burst."""
PIECE_S = 0.1
"""Sound that is handed to the device at once: Ctrl-C waits no longer."""
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
        port = open_serial("hf", "hf", self._ptt, keyed=False) if self._ptt else None
        with port or nullcontext():
            self._port = port
            self._stream = _open_stream("OutputStream", self._device)
            with self._stream:
                try:
                    yield self
                finally:
                    self._key(False)

    def play(self, burst: Sound) -> None:
        """Play a burst and return when it has been played. What ends this early ends the transmission at once."""
        if self._port is None:
            burst = np.concatenate([vox_lead(), burst])
        try:
            rate = int(self._stream.samplerate)
            samples = resample(np.asarray(burst / FULL_SCALE, np.float32), MODEM_RATE, rate)
            self._key(True)
            for start in range(0, len(samples), step := int(PIECE_S * rate)):
                self._stream.write(samples[start : start + step].reshape(-1, 1))
            time.sleep(self._stream.latency)  # samples in the device's buffer
        except load_sounddevice().PortAudioError as error:
            raise DeviceError(
                f"the sound device {self._device} has stopped ({error}); is it still plugged in?"
            ) from error
        except BaseException:
            self._stream.abort()
            raise
        finally:
            self._key(False)

    def _key(self, on: bool) -> None:
        """Key the transmitter and wait until it is ready, or let it go."""
        if self._port is None:
            return
        try:
            self._port.rts = on
        except OSError as error:
            raise gone(str(self._ptt), error) from error
        if on:
            time.sleep(KEY_DELAY_S)


def vox_lead() -> Sound:
    """Return the tone that opens a VOX."""
    times_s = np.arange(int(VOX_LEAD_S * MODEM_RATE)) / MODEM_RATE
    return np.asarray(VOX_LEVEL * np.sin(2 * np.pi * VOX_TONE_HZ * times_s), np.int16)


def hear(device: str) -> Iterator[Sound | Notice | None]:
    """Yield the sound of an input device, a notice where some of it is lost, and None after each `TICK_S` without."""
    heard = SoundInput(f"the sound device {device}", MODEM_RATE, MAX_QUEUED)
    heard.stream = _open_stream("InputStream", device, callback=heard.take)
    told_s = 0.0
    with heard.stream:
        while True:
            new_s, told_s = heard.lost_s - told_s, heard.lost_s
            if new_s:
                yield Notice(f"about {new_s:.1f} s of sound came faster than they could be heard, and are lost")
            block = heard.next_block()
            yield None if block is None else to_sound(block)


def _open_stream(kind: str, device: str, **options: Any) -> Any:
    """Return a stream of float32 [t, 1] at the device's own rate: not every sound card knows the modem's."""
    try:
        sounddevice: Any = load_sounddevice()
    except LiveError as error:
        if isinstance(error, DeviceError):
            raise
        raise missing_library("hf", "sounddevice", "hf") from error
    try:
        return getattr(sounddevice, kind)(channels=1, dtype="float32", device=parse_device(device), **options)
    except (sounddevice.PortAudioError, ValueError) as error:
        file = f"; there is no file {device} either" if kind == "InputStream" and Path(device).suffix else ""
        raise DeviceError(
            f"the sound device {device} cannot be opened ({error}); `python -m sounddevice` lists the devices{file}"
        ) from error

"""The link ``hf:MODE``: packets as bursts of sound, into a file or a transceiver."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ...audio.reading import Resampler, open_recording
from ...console.display import shown_name
from ...errors import InputError, LinkError
from ...system.atomic import atomic_file, check_writable
from ...writing import audio_format
from ..carrier import Notice, Received, SendState
from ..packets.padding import pad, unpad
from .devices import Transmitter, hear
from .modem import BURST_S, FRAME_BYTES, MODEM_RATE, Modem, Sound, check_mode, to_sound

GAP_S = 0.5
"""Silence around bursts. It lets the receiver find the next one, the VOX release, and others break in."""


class HfCarrier:
    """One burst per packet. Nothing is acknowledged: parity replaces lost bursts."""

    acknowledges = False
    peer = ""

    def __init__(
        self,
        address: str,
        *,
        output: Path | None = None,
        force: bool = False,
        device: str | None = None,
        ptt: str | None = None,
        input: str | None = None,
    ) -> None:
        """Prepare the modem.

        Args:
            address: the mode, such as datac4.
            output: sound file for the bursts, instead of a device.
            force: whether it may be overwritten.
            device: sound device of the transmitter: a number or part of its name.
            ptt: serial port whose RTS line keys the transmitter; without one, its VOX does.
            input: recording or sound device to listen to.
        """
        check_mode(address)
        self.mode = address
        self.packet_bytes = FRAME_BYTES[address]
        self._output, self._force = output, force
        self._device, self._ptt, self._input = device, ptt, input
        if output is not None and device is not None:
            raise InputError("the sound goes to a file or to a device: name one of them")

    def airtime_s(self, size: int) -> float:
        """Return the length of a burst; all bursts have the same."""
        return BURST_S[self.mode]

    def send(self, packets: Sequence[bytes], transcript: str = "") -> Iterator[SendState]:
        """Make a burst of each packet; see `Carrier.send`. A file appears whole, or not at all."""
        if self._output is not None:
            yield from self._write(packets, self._output)
        elif self._device is not None:
            yield from self._play(packets, self._device)
        else:
            raise InputError("nothing says where the sound goes: name a file as the output, or a device")

    def receive(self) -> Iterator[Received | Notice | None]:
        """Receive the bursts of a recording or a device; see `Carrier.receive`."""
        if self._input is None:
            raise InputError("nothing says what to listen to: name a recording or a sound device as the input")
        modem = Modem(self.mode)
        is_file, heard = Path(self._input).exists(), False
        for sound in _recorded(Path(self._input)) if is_file else hear(self._input):
            if sound is None or isinstance(sound, Notice):
                yield sound
                continue
            for frame, snr_db in modem.demodulate(sound):
                heard = True
                yield Received(unpad(frame), detail=f"{snr_db:.1f} dB")
        if not heard:  # a recording has ended
            raise LinkError(
                f"no burst of {self.mode} is heard in {shown_name(self._input)}: was it sent in another mode, or is "
                "the noise too strong?"
            )

    def _write(self, packets: Sequence[bytes], path: Path) -> Iterator[SendState]:
        modem = Modem(self.mode)
        container, coding = audio_format(path)
        check_writable(path, self._force)
        with atomic_file(path, self._force) as file:
            sound: Any = signal(modem, packets)  # soundfile's type hints know only float32
            soundfile.write(file, sound, MODEM_RATE, coding, format=container)
        for index, _ in enumerate(packets):
            yield SendState("sent", index)

    def _play(self, packets: Sequence[bytes], device: str) -> Iterator[SendState]:
        modem = Modem(self.mode)
        silence = np.zeros(int(GAP_S * MODEM_RATE), np.int16)
        with Transmitter(device, self._ptt).open() as transmitter:
            for index, packet in enumerate(packets):
                yield SendState("sending", index)
                transmitter.play(np.concatenate([modem.modulate(pad(packet, modem.frame_bytes)), silence]))
                yield SendState("sent", index)


def signal(modem: Modem, packets: Sequence[bytes]) -> Sound:
    """Return the bursts of packets with silence around each: int16 [T] at `MODEM_RATE`."""
    silence = np.zeros(int(GAP_S * MODEM_RATE), np.int16)
    bursts = [part for packet in packets for part in (modem.modulate(pad(packet, modem.frame_bytes)), silence)]
    return np.concatenate([silence, *bursts])


def _recorded(path: Path) -> Iterator[Sound]:
    """Yield a recording's first channel at the modem's rate, then silence, so that the last burst ends."""
    recording = open_recording(path)
    resampler = Resampler(recording.sample_rate, 1, MODEM_RATE)
    for block in recording.blocks():
        yield to_sound(resampler.push(np.ascontiguousarray(block[:, :1]))[:, 0])
    yield to_sound(resampler.flush()[:, 0])
    yield np.zeros(MODEM_RATE, np.int16)

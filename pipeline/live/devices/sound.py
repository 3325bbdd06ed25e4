"""Microphone and loudspeaker through ``sounddevice`` (PortAudio).

PortAudio calls back in a thread of its own, which passes the sound on to the event loop.
A device that is missing, busy or gone is a `DeviceError`, and is tried again from time to time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, cast

import numpy as np

from ...audio.reading import Resampler, resample
from ...errors import DeviceError, LiveError
from ...types import Samples
from ..extras import missing_extra
from ..limits import LIMITS, Limits
from ..reports import Heard
from ..wire.messages import Status
from .controls import Controls

BLOCK_S = 0.02
AHEAD_S = 0.5
"""Seconds of sound that the loudspeaker holds before it asks for the next piece."""


async def use_microphone(conversation: Controls, other_end_is_a_file: bool) -> None:
    """Bring the microphone's sound to a conversation until canceled.

    Args:
        conversation: gets it.
        other_end_is_a_file: whether a missing extra is only reported, since sound goes out to a file anyway.

    Raises:
        LiveError: the extra ``live`` is not installed, and both ends are devices.
    """

    def hear(samples: Samples, captured_at_s: float) -> None:
        # Hands-free, the loudspeaker would be heard, recognized and sent back.
        if not (conversation.is_playing and conversation.is_hands_free):
            conversation.hear(samples, captured_at_s)

    def on_state(error: DeviceError | None) -> None:
        conversation.set_missing(Status.NO_MICROPHONE, error is not None, str(error or ""))

    try:
        microphone = Microphone(hear)
    except LiveError as error:
        if not other_end_is_a_file and not isinstance(error, DeviceError):
            raise
        conversation.set_missing(Status.NO_MICROPHONE, missing=True, detail=str(error))
        return
    await microphone.run(on_state)


class _Stream(Protocol):
    samplerate: float
    active: bool

    def start(self) -> None: ...
    def close(self) -> None: ...


class _SoundDevice(Protocol):
    """The part of ``sounddevice`` that this module uses."""

    PortAudioError: type[Exception]
    InputStream: Callable[..., _Stream]
    OutputStream: Callable[..., _Stream]


def load_sounddevice() -> _SoundDevice:
    """Return the module.

    Raises:
        LiveError: the extra ``live`` is not installed.
        DeviceError: PortAudio is not.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise missing_extra("microphone and loudspeaker", "sounddevice") from error
    except OSError as error:
        raise DeviceError(
            f"PortAudio cannot be loaded ({error}); install it (Debian: apt install libportaudio2)",
            remedies=("sound_files",),
        ) from error
    return cast("_SoundDevice", sounddevice)  # its functions carry no types


class Microphone:
    """The default microphone, mono, brought to 16 kHz."""

    def __init__(
        self,
        hear: Callable[[Samples, float], None],
        sounddevice: _SoundDevice | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self._hear = hear
        self._retry_s = limits.device_retry_s
        self._sounddevice = sounddevice or load_sounddevice()

    async def run(self, on_state: Callable[[DeviceError | None], None]) -> None:
        """Listen until canceled. `on_state` is given the error when the device goes, None when it is back."""
        while True:
            try:
                await self._listen(lambda: on_state(None))
            except DeviceError as error:
                on_state(error)
            await asyncio.sleep(self._retry_s)

    async def _listen(self, on_open: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        resampler: Resampler | None = None

        def arrived(block: Samples, captured_at_s: float) -> None:
            nonlocal resampler
            resampler = resampler or Resampler(int(stream.samplerate), 1)
            self._hear(resampler.push(block)[:, 0], captured_at_s)

        def callback(block: Any, _frames: int, _time: Any, _status: Any) -> None:
            copy = np.array(block, np.float32)
            loop.call_soon_threadsafe(arrived, copy, time.monotonic())

        try:
            stream = self._sounddevice.InputStream(
                channels=1,
                dtype="float32",
                latency="low",
                callback=callback,
                finished_callback=lambda: loop.call_soon_threadsafe(gone.set),
            )
        except self._sounddevice.PortAudioError as error:
            raise _device_error("microphone", error) from error
        try:
            stream.start()
            on_open()
            await gone.wait()
            raise DeviceError("the microphone has stopped; is it still plugged in?")
        except self._sounddevice.PortAudioError as error:
            raise _device_error("microphone", error) from error
        finally:
            stream.close()


class DeviceLoudspeaker:
    """The default loudspeaker."""

    def __init__(self, sounddevice: _SoundDevice | None = None) -> None:
        self._sounddevice = sounddevice or load_sounddevice()
        self._stream: _Stream | None = None
        self._lock = threading.Lock()
        self._blocks: deque[Samples] = deque()
        self._waiting = 0  # samples in _blocks

    async def play(self, heard: Heard, samples: Samples, sample_rate: int) -> None:
        """Play a piece after those before it; see `Loudspeaker.play`."""
        stream = self._open()
        rate = int(stream.samplerate)
        piece = resample(samples, sample_rate, rate)
        with self._lock:
            self._blocks.append(piece)
            self._waiting += len(piece)
        await self._drain(stream, int(AHEAD_S * rate))

    async def finish(self, heard: Heard) -> None:
        """Let the next utterance follow; see `Loudspeaker.finish`."""

    async def stop(self) -> None:
        """Stop the sound at once; see `Loudspeaker.stop`."""
        with self._lock:
            self._blocks.clear()
            self._waiting = 0

    async def close(self) -> None:
        """Close the device."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    async def _drain(self, stream: _Stream, samples: int) -> None:
        while self._waiting > samples:
            if not stream.active:
                await self.close()
                raise DeviceError("the loudspeaker has stopped; is it still plugged in?")
            await asyncio.sleep(BLOCK_S)

    def _open(self) -> _Stream:
        if self._stream is not None and self._stream.active:
            return self._stream
        with self._lock:
            self._blocks.clear()
            self._waiting = 0
        try:
            stream = self._sounddevice.OutputStream(channels=1, dtype="float32", latency="low", callback=self._fill)
            stream.start()
        except self._sounddevice.PortAudioError as error:
            raise _device_error("loudspeaker", error) from error
        self._stream = stream
        return stream

    def _fill(self, out: Any, frames: int, _time: Any, _status: Any) -> None:
        out[:] = 0
        position = 0
        with self._lock:
            while position < frames and self._blocks:
                block = self._blocks.popleft()
                taken = min(len(block), frames - position)
                out[position : position + taken, 0] = block[:taken]
                if taken < len(block):
                    self._blocks.appendleft(block[taken:])
                position += taken
            self._waiting -= position


def _device_error(name: str, error: Exception) -> DeviceError:
    return DeviceError(f"the {name} cannot be opened ({error}); is it plugged in, and free?", remedies=("sound_files",))

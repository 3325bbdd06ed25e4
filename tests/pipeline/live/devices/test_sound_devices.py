"""Microphone and loudspeaker against a fake sounddevice: test machines have no sound."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from live_ends import run, until
from speechzip.pipeline import DeviceError, Samples
from speechzip.pipeline.live.devices.sound import DeviceLoudspeaker, Microphone
from speechzip.pipeline.live.limits import LIMITS
from speechzip.pipeline.live.reports import Heard

HEARD = Heard(1, "Hello.", 30, 1, 1.0)


class FakeStream:
    def __init__(self, device: FakeSoundDevice, callback: Callable[..., None], finished_callback: Any = None) -> None:
        if device.busy:
            raise device.PortAudioError("Device unavailable")
        self.samplerate = 48000.0
        self.active = False
        self._device, self._callback, self._finished = device, callback, finished_callback
        device.streams.append(self)

    def start(self) -> None:
        self.active = True

    def close(self) -> None:
        self.active = False
        self._device.streams.remove(self)

    def bring(self, samples: Samples) -> None:
        """Call back from a thread, as PortAudio does."""
        thread = threading.Thread(target=self._callback, args=(samples[:, None], len(samples), None, None))
        thread.start()
        thread.join()

    def fetch(self, frames: int) -> Samples:
        out = np.full((frames, 1), 9.0, np.float32)
        self._callback(out, frames, None, None)
        return out[:, 0]

    def unplug(self) -> None:
        self.active = False
        if self._finished:
            self._finished()


class FakeSoundDevice:
    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        self.busy = False
        self.streams: list[FakeStream] = []

    def InputStream(self, *, callback: Any, finished_callback: Any, **_: Any) -> FakeStream:
        return FakeStream(self, callback, finished_callback)

    def OutputStream(self, *, callback: Any, **_: Any) -> FakeStream:
        return FakeStream(self, callback)


def test_the_microphone_is_brought_to_16_khz_and_comes_back_after_it_was_gone() -> None:
    limits = replace(LIMITS, device_retry_s=0.02)

    async def test() -> None:
        device = FakeSoundDevice()
        device.busy = True
        heard: list[Samples] = []
        states: list[str] = []

        def hear(samples: Samples, _at_s: float) -> None:
            heard.append(samples)

        def on_state(error: DeviceError | None) -> None:
            if not states or states[-1] != str(error):
                states.append(str(error))

        task = asyncio.ensure_future(Microphone(hear, device, limits).run(on_state))  # type: ignore[arg-type]
        await until(lambda: len(states) == 1)
        assert "the microphone cannot be opened (Device unavailable); is it plugged in, and free?" in states[0]
        device.busy = False
        await until(lambda: states[-1] == "None" and bool(device.streams))
        for _ in range(10):
            device.streams[0].bring(np.full(4800, 0.5, np.float32))
            await asyncio.sleep(0)
        await until(lambda: sum(map(len, heard)) > 14000)
        assert float(np.concatenate(heard)[2000:8000].mean()) == pytest.approx(0.5, abs=0.01)
        device.streams[0].unplug()
        await until(lambda: any("has stopped" in state for state in states))
        await until(lambda: states[-1] == "None")
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert device.streams == []

    run(test)


def test_the_loudspeaker_plays_in_order_and_makes_the_next_wait() -> None:
    async def test() -> None:
        device = FakeSoundDevice()
        loudspeaker = DeviceLoudspeaker(device)  # type: ignore[arg-type]
        await loudspeaker.play(HEARD, np.full(1600, 0.25, np.float32), 16000)
        second = asyncio.ensure_future(loudspeaker.play(HEARD, np.full(16000, 0.5, np.float32), 16000))
        await asyncio.sleep(0.05)
        assert not second.done()  # more than half a second waits
        played = device.streams[0].fetch(4800 + 30000)
        await second
        assert float(played[1000:3800].mean()) == pytest.approx(0.25, abs=0.01)
        assert float(played[6000:].mean()) == pytest.approx(0.5, abs=0.01)
        await loudspeaker.finish(HEARD)
        rest = device.streams[0].fetch(48000)
        assert float(np.abs(rest[-1000:]).max()) == 0.0  # and then silence
        await loudspeaker.close()
        assert device.streams == []

    run(test)


def test_a_loudspeaker_that_is_busy_or_goes_is_one_error_and_is_tried_again() -> None:
    async def test() -> None:
        device = FakeSoundDevice()
        device.busy = True
        loudspeaker = DeviceLoudspeaker(device)  # type: ignore[arg-type]
        piece = np.zeros(32000, np.float32)
        with pytest.raises(DeviceError, match="the loudspeaker cannot be opened"):
            await loudspeaker.play(HEARD, piece, 16000)
        device.busy = False
        playing = asyncio.ensure_future(loudspeaker.play(HEARD, piece, 16000))
        await asyncio.sleep(0.03)
        device.streams[0].unplug()
        with pytest.raises(DeviceError, match="has stopped"):
            await playing
        await loudspeaker.play(HEARD, piece[:100], 16000)
        await loudspeaker.close()

    run(test)

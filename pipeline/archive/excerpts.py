"""Part of a payload, as speech."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np

from ..decompression import decompress
from ..errors import DeviceError, InputError
from ..payload.format import TICKS_PER_SECOND
from ..protocols import Synthesizer
from ..types import Payload
from .stores import reason

HALF_A_TICK_S = 0.5 / TICKS_PER_SECOND


def excerpt(payload: Payload, at_s: float, whole: bool = False) -> Payload:
    """Return a payload of only the utterance at a time, or of all from there on. It begins with that utterance.

    The utterance at a time is the one being spoken then, or else the next one.

    Raises:
        InputError: nothing is said at that time or later.
    """
    following = [said for said in payload.utterances if said.end_s > at_s + 1e-6]
    if not following:
        raise InputError(f"nothing is said at {at_s:g} s or later; the recording lasts {payload.duration_s:g} s")
    first = next((said for said in following if abs(said.start_s - at_s) < HALF_A_TICK_S), following[0])
    chosen = [said for said in following if said.start_s >= first.start_s] if whole else [first]
    start_s = first.start_s
    end_s = payload.duration_s if whole else first.end_s
    moved = tuple(replace(said, start_s=said.start_s - start_s) for said in chosen)
    return replace(payload, utterances=moved, duration_s=max(end_s - start_s, first.duration_s))


def speak_excerpt(payload: Payload, synthesizer: Synthesizer) -> None:
    """Speak a payload through the loudspeaker, and return when it has ended.

    Raises:
        LiveError: the extra ``live`` is not installed, or there is no loudspeaker.
        EngineError: the synthesizer fails.
    """
    from ..live.devices.sound import load_sounddevice

    device = cast("Any", load_sounddevice())
    audio = decompress(payload, synthesizer=synthesizer)
    try:
        device.play(np.ascontiguousarray(audio.samples), audio.sample_rate, blocking=True)
    except device.PortAudioError as error:
        raise DeviceError(
            f"there is no loudspeaker ({reason(error)}); write to a file instead", remedies=("sound_files",)
        ) from error

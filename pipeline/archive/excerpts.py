"""Part of a payload, as speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from ..decompression import decompress
from ..errors import DeviceError, InputError
from ..payload.format import TICKS_PER_SECOND
from ..protocols import Synthesizer
from ..types import Payload, Utterance
from .stores import reason

HALF_A_TICK_S = 0.5 / TICKS_PER_SECOND


def excerpt(payload: Payload, at_s: float, whole: bool = False) -> Payload:
    """Return a payload of only the utterance at a time, or of all from there on. It begins with that utterance.

    The utterance at a time is the one being spoken then, or else the next one. Of two that begin at once, it is the
    first; `utterance_excerpt` has either.

    Raises:
        InputError: nothing is said at that time or later.
    """
    following = [said for said in payload.utterances if said.end_s > at_s + 1e-6]
    if not following:
        raise InputError(f"nothing is said at {at_s:g} s or later; the recording lasts {payload.duration_s:g} s")
    first = next((said for said in following if abs(said.start_s - at_s) < HALF_A_TICK_S), following[0])
    if not whole:
        return utterance_excerpt(payload, first)
    chosen = [said for said in following if said.start_s >= first.start_s]
    return _moved(payload, chosen, first, payload.duration_s)


def utterance_excerpt(payload: Payload, said: Utterance) -> Payload:
    """Return a payload of only this utterance, which begins with it."""
    return _moved(payload, [said], said, said.end_s)


def speak_excerpt(payload: Payload, synthesizer: Synthesizer, max_duration_s: float | None = None) -> None:
    """Speak a payload through the loudspeaker, and return when it has ended.

    Args:
        payload: what to speak.
        synthesizer: speaks.
        max_duration_s: as for `decompress`.

    Raises:
        InputError: the payload is longer than `max_duration_s`.
        LiveError: the extra ``live`` is not installed, or there is no loudspeaker.
        EngineError: the synthesizer fails.
    """
    from ..live.devices.sound import load_sounddevice

    device = cast("Any", load_sounddevice())
    audio = decompress(payload, synthesizer=synthesizer, max_duration_s=max_duration_s)
    try:
        device.play(np.ascontiguousarray(audio.samples), audio.sample_rate, blocking=True)
    except device.PortAudioError as error:
        raise DeviceError(f"there is no loudspeaker ({reason(error)})") from error


def _moved(payload: Payload, chosen: Sequence[Utterance], first: Utterance, end_s: float) -> Payload:
    """Return a payload of the chosen utterances, of which one is the first, at times from its start on."""
    moved = tuple(replace(said, start_s=said.start_s - first.start_s) for said in chosen)
    return replace(payload, utterances=moved, duration_s=max(end_s - first.start_s, first.duration_s))

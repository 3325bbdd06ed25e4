"""A payload back to speech: every utterance in its speaker's voice, at its place in time."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .console.display import shown_name
from .engines.loading import load_engine
from .errors import InputError, PayloadCorrupt, PayloadError, SpeechzipWarning
from .payload.format import Decoded, decode_payload
from .payload.limits import check_limits
from .protocols import ENGINE_SAMPLE_RATE, MAX_UTTERANCE_S, Progress, Synthesizer, VoiceBook
from .speakers import names_voices, resolve_voices
from .synthesis.speaking import known_voice, lead_s, speak
from .synthesis.work import speech_work
from .textcoder.registry import TEXT_CODERS
from .types import Audio, Payload, Samples, Speaker, Utterance, Voice

MAX_PAYLOAD_BYTES = 4 << 20
"""Longest payload that is read; a day of talk takes less than 1 MB."""
MAX_DURATION_S = 4 * 3600.0
"""Longest recording that is made by default: ten bytes may claim a day."""
SILENCE_BLOCK_S = 1.0
"""Silence is rendered in blocks of this length, so that a long pause costs no memory."""


PayloadSource = bytes | bytearray | memoryview | str | Path | BinaryIO
"""A payload to read: its bytes, a path, or an open binary file."""


def read_payload(source: PayloadSource) -> Decoded:
    """Return the decoded payload, without making any sound.

    Args:
        source: the bytes, the path of an ``.spz`` file, or an open binary file; no more than
            `MAX_PAYLOAD_BYTES` + 1 bytes are read.

    Raises:
        PayloadError: one of its kinds; the file cannot be read, or is no payload.
        InputError: `source` is of another type.
    """
    return decode_payload(_bytes(source), TEXT_CODERS)


def decompress(
    source: PayloadSource | Payload,
    *,
    synthesizer: Synthesizer | None = None,
    voice_book: VoiceBook | None = None,
    max_duration_s: float | None = None,
    progress: Progress | None = None,
) -> Audio:
    """Return the speech of a payload.

    Args:
        source: the bytes, the path of an ``.spz`` file, an open binary file, or a `Payload`.
        synthesizer: speaks; the default engine if None.
        voice_book: supplies the voices that the payload references; the default store if None.
        max_duration_s: refuse a longer recording, `MAX_DURATION_S` if None; if it is given, few bytes may ask for much
            speech. An hour of one channel at 16 kHz takes 230 MB, less its silence.
        progress: called with the seconds done and the total.

    Raises:
        PayloadError: the bytes are no payload.
        InputError: the recording is longer than `max_duration_s`, or asks for more speech than `speech_work` allows
            (for the bytes of a `Payload`, which are not known, nothing is refused); a `Payload` is beyond the limits
            of the format, or its utterances are not sorted or name a speaker that it lacks; `source` is none of these.
        EngineError: the synthesizer is missing or fails.

    Example:
        >>> from speechzip.pipeline import Payload, Speaker, Utterance, Voice
        >>> hello = Utterance(start_s=0.5, duration_s=1.0, speaker=0, text="Hello there!")
        >>> somebody = Speaker(Voice("classical", bytes(12)))
        >>> audio = decompress(Payload((somebody,), (hello,), duration_s=2.0))
        >>> bool(abs(audio.samples[: audio.sample_rate // 2]).max() == 0)
        True
    """
    payload, size = (source, None) if isinstance(source, Payload) else _read(source)
    check_limits(payload)
    check_duration(payload, MAX_DURATION_S if max_duration_s is None else max_duration_s)
    synthesizer = synthesizer or load_engine("synthesizer")
    payload = with_voices(payload, synthesizer, voice_book)
    room = int((payload.duration_s + MAX_UTTERANCE_S) * synthesizer.sample_rate) + 1
    samples = np.zeros((room, payload.channels), np.float32)  # untouched pages take no memory
    length = 0
    for block in render(payload, synthesizer, progress, size if max_duration_s is None else None):
        if block.any():
            samples[length : length + len(block)] = block
        length += len(block)
    samples = samples[:length]
    return Audio(samples[:, 0] if payload.channels == 1 else samples, synthesizer.sample_rate)


def check_duration(payload: Payload, max_duration_s: float) -> None:
    """Refuse to make a recording that is longer than allowed.

    Raises:
        InputError: the payload claims more than `max_duration_s`, or that is not a number.
    """
    if math.isnan(max_duration_s):
        raise InputError("the length of the longest recording to make is not a number")
    if payload.duration_s > max_duration_s:
        gigabytes = payload.duration_s * ENGINE_SAMPLE_RATE * payload.channels * 2 / 1e9
        raise InputError(
            f"the payload claims {payload.duration_s / 3600:.2f} h of recording, {gigabytes:.2f} GB as WAV at 16 kHz: "
            f"not more than {max_duration_s / 3600:g} h are made unasked",
            remedies=("max_duration",),
        )


def with_voices(payload: Payload, synthesizer: Synthesizer, voice_book: VoiceBook | None = None) -> Payload:
    """Return `payload` with its voice references resolved, as far as `voice_book` (by default the store) can."""
    if not names_voices(payload):
        return payload
    return resolve_voices(payload, voice_book or load_engine("voice_book"), synthesizer.spaces)


def render(
    payload: Payload, synthesizer: Synthesizer, progress: Progress | None = None, size: int | None = None
) -> Iterator[Samples]:
    """Yield the speech from the start in blocks, float32 [t, channels] at the synthesizer's rate.

    The sound has the payload's duration, and at most `MAX_UTTERANCE_S` more.
    An utterance may overlap pending sound, never sound that has been yielded:

        pending   [........utterance 1........]
                         [....utterance 2....]
        yielded   ------>                        up to the start of the next utterance, less its lead

    Args:
        payload: with its references resolved, see `with_voices`.
        synthesizer: speaks.
        progress: called with the seconds done and the total.
        size: the payload's bytes, which bound the work, if they are known.

    Raises:
        InputError: the payload asks for more work than `speech_work` allows, or is beyond the limits of the format.
        EngineError: the synthesizer fails.
    """
    check_limits(payload)
    from .unread.sounds import recorded_sound  # it loads libraries for sound, which `inspect` does not need

    work = speech_work(payload, size)
    rate = synthesizer.sample_rate
    pending = np.zeros((0, payload.channels), np.float32)
    position = 0  # in samples, of pending[0]
    for utterance in payload.utterances:
        speaker = payload.speakers[utterance.speaker]
        sound = recorded_sound(utterance, speaker.voice, rate)
        voice = _voice(utterance, speaker, synthesizer) if sound is None else None
        early_s = lead_s(utterance, voice, synthesizer) if sound is None else 0.0
        start = max(position, round((utterance.start_s - early_s) * rate))
        yield from _blocks(pending, start - position, rate)
        pending, position = pending[start - position :], start
        speech = speak(utterance, voice, synthesizer) if sound is None else sound
        work.spend(len(speech) / rate)
        if len(speech) > len(pending):
            pending = np.pad(pending, ((0, len(speech) - len(pending)), (0, 0)))
        pending[: len(speech), speaker.channel] += speech
        if progress:
            progress(min(utterance.end_s, payload.duration_s), payload.duration_s)
    # Speech may last a little longer than in the original: the last word matters more than the exact length.
    yield from _blocks(pending, max(len(pending), round(payload.duration_s * rate) - position), rate)
    if progress:
        progress(payload.duration_s, payload.duration_s)


def _blocks(pending: Samples, count: int, rate: int) -> Iterator[Samples]:
    """Yield the first `count` samples of `pending`, followed by silence where it is shorter."""
    if len(pending) and count > 0:
        yield np.clip(pending[:count], -1.0, 1.0)
    silence = count - len(pending)
    block = int(SILENCE_BLOCK_S * rate)
    while silence > 0:
        yield np.zeros((min(silence, block), pending.shape[1]), np.float32)
        silence -= block


def _voice(utterance: Utterance, speaker: Speaker, synthesizer: Synthesizer) -> Voice | None:
    if utterance.unread:  # a tone needs no voice
        return None
    voice, why_neutral = known_voice(speaker.voice, synthesizer)
    if why_neutral:
        warnings.warn(why_neutral, SpeechzipWarning, stacklevel=3)
    return voice


def _read(source: PayloadSource) -> tuple[Payload, int]:
    decoded = read_payload(source)
    return decoded.payload, decoded.size


def _bytes(source: PayloadSource) -> bytes:
    _check_source(source)
    try:
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
        elif isinstance(source, (str, Path)):
            with open(source, "rb") as file:
                data = _at_most(MAX_PAYLOAD_BYTES + 1, file)
        else:
            data = _at_most(MAX_PAYLOAD_BYTES + 1, source)
    except (OSError, ValueError) as error:  # the latter of a closed file, or a name with a NUL
        name = shown_name(source) if isinstance(source, (str, Path)) else "the payload"
        raise PayloadError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MAX_PAYLOAD_BYTES:
        raise PayloadCorrupt(f"this is not a speechzip payload: it has more than {MAX_PAYLOAD_BYTES} bytes")
    return data


def _check_source(source: object) -> None:
    if isinstance(source, io.TextIOBase):
        raise InputError("the payload is a file that was opened as text; open it with mode 'rb'")
    if not isinstance(source, (bytes, bytearray, memoryview, str, Path)) and not hasattr(source, "read"):
        raise InputError(f"a payload is bytes, a path, an open binary file or a Payload, not {type(source).__name__}")


def _at_most(count: int, file: BinaryIO) -> bytes:
    """Return all of `file`, or its first `count` bytes; a pipe may return them in pieces of any size."""
    data = bytearray()
    while len(data) < count and (piece := file.read(count - len(data))):
        data += piece
    return bytes(data)

"""A payload back to speech: every utterance in its speaker's voice, at its place in time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .engines import load_engine
from .errors import PayloadCorrupt, PayloadError, SpeechzipWarning
from .naming import names_voices, resolve_voices
from .payload import Decoded, decode_payload
from .protocols import Progress, Synthesizer, VoiceBook
from .textcoders import TEXT_CODERS
from .types import Audio, Payload, Samples, Speaker, Voice, VoiceReference

MAX_PAYLOAD_BYTES = 4 << 20
"""A day of talk takes less than 1 MB: nothing longer is read."""
SILENCE_BLOCK_S = 1.0
"""Silence is rendered in blocks of this length, so that a long pause costs no memory."""


def read_payload(source: bytes | str | Path | BinaryIO) -> Decoded:
    """Return what a payload means, without making any sound.

    Args:
        source: the bytes, the path of an ``.spz`` file, or an open binary file.

    Raises:
        PayloadError: one of its kinds; the file cannot be read, or is no payload.
    """
    return decode_payload(_bytes(source), TEXT_CODERS)


def decompress(
    source: bytes | str | Path | BinaryIO | Payload,
    *,
    synthesizer: Synthesizer | None = None,
    voice_book: VoiceBook | None = None,
    progress: Progress | None = None,
) -> Audio:
    """Return the speech that a payload stands for.

    Args:
        source: the bytes, the path of an ``.spz`` file, an open binary file, or a `Payload`.
        synthesizer: speaks; the default engine if None.
        voice_book: has the voices that the payload only names; the default store if None.
        progress: is told how far the work is.

    Raises:
        PayloadError: the bytes are no payload.
        EngineError: the synthesizer is missing or fails.

    Example:
        >>> from speechzip.pipeline import Payload, Speaker, Utterance, Voice
        >>> hello = Utterance(start_s=0.5, duration_s=1.0, speaker=0, text="Hello there!")
        >>> somebody = Speaker(Voice("classical", bytes(12)))
        >>> audio = decompress(Payload((somebody,), (hello,), duration_s=2.0))
        >>> bool(abs(audio.samples[: audio.sample_rate // 2]).max() == 0)
        True
    """
    payload = source if isinstance(source, Payload) else read_payload(source).payload
    synthesizer = synthesizer or load_engine("synthesizer")
    payload = with_voices(payload, synthesizer, voice_book)
    blocks = list(render(payload, synthesizer, progress))
    samples = np.concatenate(blocks) if blocks else np.zeros((0, payload.channels), np.float32)
    return Audio(samples[:, 0] if payload.channels == 1 else samples, synthesizer.sample_rate)


def with_voices(payload: Payload, synthesizer: Synthesizer, voice_book: VoiceBook | None = None) -> Payload:
    """Return `payload` with the voices that it only names, where `voice_book` (by default the store) has them."""
    if not names_voices(payload):
        return payload
    return resolve_voices(payload, voice_book or load_engine("voice_book"), synthesizer.spaces)


def render(payload: Payload, synthesizer: Synthesizer, progress: Progress | None = None) -> Iterator[Samples]:
    """Yield the speech from the start in blocks, float32 [t, channels] at the synthesizer's rate.

    Speech that is to come may overlap what is there already, never what has been yielded:

        pending   [........utterance 1........]
                         [....utterance 2....]
        yielded   ------>                        up to the start of the next utterance
    """
    rate = synthesizer.sample_rate
    pending = np.zeros((0, payload.channels), np.float32)
    position = 0  # in samples, of pending[0]
    for utterance in payload.utterances:
        start = round(utterance.start_s * rate)
        yield from _blocks(pending, start - position, rate)
        pending, position = pending[start - position :], start
        speaker = payload.speakers[utterance.speaker]
        speech = synthesizer.synthesize(
            utterance.text, _voice(speaker, synthesizer), utterance.duration_s, utterance.language
        )
        if len(speech) > len(pending):
            pending = np.pad(pending, ((0, len(speech) - len(pending)), (0, 0)))
        pending[: len(speech), speaker.channel] += speech
        if progress:
            progress(min(utterance.end_s, payload.duration_s), payload.duration_s)
    # Speech may need a little longer than it had: the last word is worth more than the exact length.
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


def _voice(speaker: Speaker, synthesizer: Synthesizer) -> Voice | None:
    if isinstance(speaker.voice, VoiceReference):
        warnings.warn(
            f"the payload names voice {speaker.voice.id:04x}, which is not in your store of voices: a neutral voice "
            "speaks instead; ask the sender for it (speechzip voices export) and import it (speechzip voices import)",
            SpeechzipWarning,
            stacklevel=3,
        )
        return None
    if speaker.voice.space in synthesizer.spaces:
        return speaker.voice
    warnings.warn(
        f"{synthesizer.name} has no voices of the space {speaker.voice.space!r}; a neutral voice speaks instead",
        SpeechzipWarning,
        stacklevel=3,
    )
    return None


def _bytes(source: bytes | str | Path | BinaryIO) -> bytes:
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, (str, Path)):
        try:
            with open(source, "rb") as file:
                data = file.read(MAX_PAYLOAD_BYTES + 1)
        except OSError as error:
            raise PayloadError(f"{source} cannot be read: {error.strerror or error}") from error
    else:
        data = source.read(MAX_PAYLOAD_BYTES + 1)
    if len(data) > MAX_PAYLOAD_BYTES:
        raise PayloadCorrupt(f"this is not a speechzip payload: it has more than {MAX_PAYLOAD_BYTES} bytes")
    return data

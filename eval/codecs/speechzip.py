"""speechzip itself, through its front door: `compress` and `decompress`.

The name of a set of engines lists its differences from the default: ``speechzip``,
``speechzip[synthesizer=espeak]``, ``speechzip[recognizer=whisper:small,voice_encoder=clip]``. ``voice_bytes``,
``text_coder`` and ``rescorer`` are three of them: ``speechzip[voice_bytes=64,text_coder=smollm2-1]``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Literal, get_args

import numpy as np
from speechzip.pipeline import (
    Audio,
    EngineError,
    InputError,
    NoSpeechError,
    Recognizer,
    SpeakerEmbedder,
    Synthesizer,
    VoiceBytes,
    VoiceEncoder,
    compress,
    decompress,
    engine_names,
    lead_s,
)
from speechzip.pipeline.textcoder import check_english_coder

from .. import engines
from ..types import MESSAGE_OVERHEAD_BYTES, Codec, Coded
from .sound import message_packets, mono

DEFAULT = "speechzip"
"""The system with the default engines."""
Kind = Literal["recognizer", "voice_encoder", "synthesizer", "voice_bytes", "text_coder", "rescorer"]
"""What a set's name may say: the kinds of engines, the bytes of a voice, the coder of English, and whose opinion of the
words counts."""
VOICE_BYTES: dict[str, VoiceBytes] = {"auto": "auto", "8": 8, "16": 16, "32": 32, "64": 64}


class SpeechzipCodec(Codec):
    """Speech to a payload and back with one set of engines."""

    family = "speechzip"
    packet_overhead_bytes = MESSAGE_OVERHEAD_BYTES

    def __init__(
        self,
        name: str,
        recognizer: Recognizer,
        voice_encoder: VoiceEncoder,
        synthesizer: Synthesizer,
        speaker_embedder: SpeakerEmbedder | None = None,
        voice_bytes: VoiceBytes = "auto",
        text_coder: str | None = None,
        rescorer: str | None = None,
    ) -> None:
        self.name, self.recognizer_name = name, recognizer.name
        self.engines = f"{recognizer.name}, {voice_encoder.name}, {synthesizer.name}"
        if voice_bytes != "auto":
            self.engines += f", voices of {voice_bytes} bytes"
        if text_coder:
            self.engines += f", text by {text_coder}"
        if rescorer:
            self.engines += f", words chosen by {rescorer}"
        self.compress = partial(
            compress,
            recognizer=recognizer,
            voice_encoder=voice_encoder,
            speaker_embedder=speaker_embedder,
            voice_bytes=voice_bytes,
            text_coder=text_coder,
        )
        self.decompress = partial(decompress, synthesizer=synthesizer)
        self.lead_s = partial(lead_s, voice=None, synthesizer=synthesizer)

    def code(self, audio: Audio) -> Coded:
        """Return the decoded speech; silence and no bits for a recording without speech."""
        started = time.perf_counter()
        try:
            compressed = self.compress(audio)
        except NoSpeechError:
            silence = Audio(np.zeros_like(mono(audio)), audio.sample_rate)
            return Coded(silence, 0, 0, time.perf_counter() - started, 0.0, text="")
        compressed_at = time.perf_counter()
        decoded = self.decompress(compressed.data)
        return Coded(
            audio=decoded,
            payload_bits=8 * len(compressed.data),
            packets=message_packets(len(compressed.data)),
            encode_s=compressed_at - started,
            decode_s=time.perf_counter() - compressed_at,
            sections=dict(compressed.decoded.sections),
            text=compressed.text,
        )


def chosen_set(named: Mapping[str, str]) -> str:
    """Return the name of the set with the engines of `named`, kind -> engine.

    Example:
        >>> chosen_set({"synthesizer": "espeak"})
        'speechzip[synthesizer=espeak]'
    """
    return DEFAULT + (f"[{','.join(f'{kind}={spec}' for kind, spec in named.items())}]" if named else "")


def engine_sets() -> list[str]:
    """Return the default set, and one more for each installed engine that can replace a default one.

    One of them is the default set under another name. Some sets may not be loadable.
    """
    swaps = [(kind, spec) for kind in ("synthesizer", "recognizer") for spec in engine_names(kind)]
    return [DEFAULT, *(chosen_set({kind: spec}) for kind, spec in swaps)]


def is_set(name: str) -> bool:
    """Tell whether `name` is the name of a set of engines."""
    return name == DEFAULT or name.startswith(DEFAULT + "[")


def load_set(name: str) -> SpeechzipCodec:
    """Return speechzip with the set of that name.

    If a set names a synthesizer and no voice encoder, the encoder is the default one
    if the synthesizer can speak in its voices, otherwise the first suitable one.

    Raises:
        InputError: it is not a set's name.
        EngineError: an engine is missing, or no encoder fits the synthesizer.
    """
    specs = _parse(name)
    speaks = engines.synthesizer(specs.get("synthesizer"))
    encoder_spec = specs.get("voice_encoder")
    encoder = engines.voice_encoder(encoder_spec) if encoder_spec else _fitting_encoder(speaks)
    size = specs.get("voice_bytes", "auto")
    if size not in VOICE_BYTES:
        raise InputError(f"{name} has voices of {size!r} bytes; a voice has: {', '.join(VOICE_BYTES)}")
    if text_coder := specs.get("text_coder"):
        check_english_coder(text_coder)
    rescorer = specs.get("rescorer")
    recognizer, embedder = engines.recognizer(specs.get("recognizer"), text_coder, rescorer), engines.speaker_embedder()
    return SpeechzipCodec(name, recognizer, encoder, speaks, embedder, VOICE_BYTES[size], text_coder, rescorer)


def _parse(name: str) -> dict[Kind, str]:
    inside = name.removeprefix(DEFAULT).removeprefix("[").removesuffix("]")
    pairs = {kind: spec for kind, _, spec in (part.partition("=") for part in inside.split(",") if part)}
    kinds: tuple[Kind, ...] = get_args(Kind)
    if unknown := pairs.keys() - set[str](kinds):
        raise InputError(f"{name} names a {unknown.pop()!r}; a set may name: {', '.join(kinds)}")
    return {kind: pairs[kind] for kind in kinds if kind in pairs}


def _fitting_encoder(synthesizer: Synthesizer) -> VoiceEncoder:
    for spec in (None, *engine_names("voice_encoder")):
        encoder = engines.voice_encoder(spec)
        if encoder.space in synthesizer.spaces:
            return encoder
    raise EngineError(f"no voice encoder is installed whose voices {synthesizer.name} can speak in")

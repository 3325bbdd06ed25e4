"""Text with Brotli, as in rival systems: no voice, no timing, one message."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

import numpy as np
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    Audio,
    EngineError,
    Recognizer,
    Synthesizer,
    resample,
)

from .. import engines
from ..metrics import transcribe
from ..types import MESSAGE_OVERHEAD_BYTES, Codec, Coded
from .sound import message_packets, mono


class TextCodec(Codec):
    """Recognize, compress the text with Brotli, and let a neutral voice read it from the start."""

    name = "text-brotli"
    family = "text + Brotli"
    packet_overhead_bytes = MESSAGE_OVERHEAD_BYTES

    def __init__(self, recognizer: Recognizer | None = None, synthesizer: Synthesizer | None = None) -> None:
        """Load the default engines for those not given.

        Raises:
            EngineError: an engine or Brotli is missing.
        """
        try:
            self._brotli: Any = import_module("brotli")
        except ImportError as error:
            raise EngineError("Brotli is not installed; run: pip install 'speechzip[eval]'") from error
        self._recognizer = recognizer or engines.recognizer()
        self._synthesizer = synthesizer or engines.synthesizer()
        self.recognizer_name = self._recognizer.name

    def code(self, audio: Audio) -> Coded:
        """Return the text read aloud."""
        started = time.perf_counter()
        text = transcribe(self._recognizer, resample(mono(audio), audio.sample_rate, ENGINE_SAMPLE_RATE))
        code: bytes = self._brotli.compress(text.encode(), mode=self._brotli.MODE_TEXT, quality=11) if text else b""
        encoded_at = time.perf_counter()
        rate = self._synthesizer.sample_rate
        text = self._brotli.decompress(code).decode() if code else ""
        speech = self._synthesizer.synthesize(text, None, None, "en") if text else np.zeros(rate, np.float32)
        decode_s = time.perf_counter() - encoded_at
        packets = message_packets(len(code))
        return Coded(
            Audio(speech, rate), 8 * len(code), packets, encoded_at - started, decode_s, {"text": len(code)}, text
        )

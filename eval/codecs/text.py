"""Words without voice and timing, as rival systems send them: one text, read by one voice from the start.

text-utf8-hibari     plain text, read by a small neural voice
text-brotli-espeak   Brotli, read by the robot of espeak-ng
text-english-hibari  speechzip's own text coder and the neural voice: what speechzip's voices and times add
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from speechzip.pipeline import ENGINE_SAMPLE_RATE, TEXT_CODERS, Audio, EngineError, Recognizer, Samples
from speechzip.pipeline.textcoder import DEFAULT_ID

from .. import engines
from ..metrics import transcribe
from ..types import MESSAGE_OVERHEAD_BYTES, Codec, Coded
from .sound import engine_samples, message_packets

INSTALL = "run: pip install 'speechzip[eval]'"


class Text(NamedTuple):
    """A code for a text."""

    encode: Callable[[str], bytes]
    """Return the code of a text that is not empty."""
    decode: Callable[[bytes], str]
    """Return the text again."""


Speak = Callable[[str], Audio]
"""Returns a text read aloud, mono."""


class TextCodec(Codec):
    """Recognize the words, send them as a text, and let one voice read it."""

    packet_overhead_bytes = MESSAGE_OVERHEAD_BYTES

    def __init__(self, name: str, text: Text, speak: Speak, recognizer: Recognizer | None = None) -> None:
        """Keep the parts; the default recognizer if none is given."""
        self.name, self._text, self._speak = name, text, speak
        self.family = "text + fixed voice"
        self._recognizer = recognizer or engines.recognizer()
        self.recognizer_name = self._recognizer.name

    def code(self, audio: Audio) -> Coded:
        """Return the text read aloud; a second of silence for no words."""
        started = time.perf_counter()
        text = transcribe(self._recognizer, engine_samples(audio))
        code = self._text.encode(text) if text else b""
        encoded_at = time.perf_counter()
        speech = self._speak(self._text.decode(code)) if code else Audio(np.zeros(RATE, np.float32), RATE)
        decode_s = time.perf_counter() - encoded_at
        packets = message_packets(len(code))
        return Coded(speech, 8 * len(code), packets, encoded_at - started, decode_s, {"text": len(code)}, text)


RATE = ENGINE_SAMPLE_RATE


def utf8() -> Text:
    """Return the text as it is."""
    return Text(str.encode, bytes.decode)


def brotli() -> Text:
    """Return Brotli at its best.

    Raises:
        EngineError: it is not installed.
    """
    library = _library("brotli", "Brotli")

    def encode(text: str) -> bytes:
        code: bytes = library.compress(text.encode(), mode=library.MODE_TEXT, quality=11)
        return code

    def decode(code: bytes) -> str:
        text: str = library.decompress(code).decode()
        return text

    return Text(encode, decode)


def english() -> Text:
    """Return speechzip's text coder for English."""
    coder = TEXT_CODERS[DEFAULT_ID]

    def encode(text: str) -> bytes:
        return coder.encode([text])

    def decode(code: bytes) -> str:
        return coder.decode(code, 1)[0]

    return Text(encode, decode)


def espeak() -> Speak:
    """Return espeak-ng's voice, without a speaker.

    Raises:
        EngineError: it cannot be loaded.
    """
    synthesizer = engines.synthesizer("espeak")
    return lambda text: Audio(synthesizer.synthesize(text, None, None, "en"), synthesizer.sample_rate)


@lru_cache(maxsize=1)
def hibari() -> Speak:
    """Return the voice in the wheel of hibari-tts: one American woman, Apache-2.0.

    Raises:
        EngineError: it is not installed.
    """
    voice = _library("hibari", "hibari-tts").Hibari()

    def speak(text: str) -> Audio:
        samples: Samples = np.asarray(voice(text, seed=0), np.float32)
        rate: int = voice.sample_rate
        return Audio(samples if len(samples) else np.zeros(rate, np.float32), rate)

    return speak


def _load(name: str, text: Callable[[], Text], speak: Callable[[], Speak]) -> TextCodec:
    return TextCodec(name, text(), speak())


TEXT_CODECS: dict[str, Callable[[], TextCodec]] = {
    name: partial(_load, name, text, speak)
    for name, text, speak in (
        ("text-utf8-hibari", utf8, hibari),
        ("text-brotli-espeak", brotli, espeak),
        ("text-english-hibari", english, hibari),
    )
}
"""Name -> loader."""


def _library(module: str, name: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise EngineError(f"{name} is not installed; {INSTALL}") from error

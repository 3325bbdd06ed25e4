"""The engines of a live conversation, loaded and warm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...audio.reading import resample
from ...console.display import printable
from ...engines.loading import load_engine, load_recognizer
from ...errors import SpeechzipError
from ...payload.format import encode_payload
from ...protocols import ENGINE_SAMPLE_RATE, Recognizer, Synthesizer, TextCoder, VoiceBook, VoiceEncoder
from ...segments.segmentation import SpeechDetector
from ...textcoder.registry import COMMON_ID, SHIPPED_CODERS, TEXT_CODERS
from ...types import VOICE_SPACES, Payload, Speaker, Utterance
from ..wire.messages import PAYLOAD_VERSION, Hello
from .synthesis import decode_utterances, speak

MAX_REASON_CHARACTERS = 200
"""Most characters of a foreign engine's message that a user sees."""


@dataclass(frozen=True, slots=True)
class LiveEngines:
    """Everything that turns sound into payloads and back."""

    recognizer: Recognizer
    voice_encoder: VoiceEncoder
    synthesizer: Synthesizer
    new_detector: Callable[[], SpeechDetector] | None = None
    """Makes the detector that finds speech; Silero VAD if None."""
    voice_book: VoiceBook | None = None
    """Supplies the voices that a peer references; the default store if None."""
    text_coders: Mapping[int, TextCoder] = field(default_factory=lambda: SHIPPED_CODERS)
    """Decode the peer's text, by id."""

    @classmethod
    def load(
        cls,
        recognizer: str | None = None,
        voice_encoder: str | None = None,
        synthesizer: str | None = None,
        vocabulary: Sequence[str] = (),
    ) -> LiveEngines:
        """Return the engines with these names, loaded and used once, so that the first words do not wait.

        Args:
            recognizer: its name, as the others; the default engine if None.
            voice_encoder: measures our voice.
            synthesizer: speaks what the peer says.
            vocabulary: words and phrases that the recognizer prefers.

        Raises:
            EngineError: one is missing or fails.
        """
        engines = cls(
            load_recognizer(recognizer, vocabulary=vocabulary, quick=True),
            load_engine("voice_encoder", voice_encoder),
            load_engine("synthesizer", synthesizer),
        )
        engines.warm_up()
        return engines

    def warm_up(self) -> None:
        """Send a sentence through every engine, in a high and a low voice: models load and caches fill."""
        hello = Utterance(0.0, 1.0, 0, "Hello, is anybody there?")
        outgoing = self.synthesizer.synthesize(hello.text, None, None, hello.language)
        speech = np.pad(resample(outgoing, self.synthesizer.sample_rate, ENGINE_SAMPLE_RATE), (0, ENGINE_SAMPLE_RATE))
        self.recognizer.transcribe(speech)
        for octave in (speech[::2], np.repeat(speech, 2)):
            voice = self.voice_encoder.encode(octave, hello.text)
            data = encode_payload(Payload((Speaker(voice),), (hello,), 1.0), TEXT_CODERS[COMMON_ID], PAYLOAD_VERSION)
            (heard,) = decode_utterances(data, SHIPPED_CODERS).payload.utterances
            known = voice if voice.space in self.synthesizer.spaces else None
            for _ in speak(heard, known, self.synthesizer):
                pass

    def hello(self, secret: bytes, software: str) -> Hello:
        """Return the description of an end with these engines."""
        numbers = [number for number, name in VOICE_SPACES.items() if name in self.synthesizer.spaces]
        coders = [COMMON_ID, *(coder for coder in SHIPPED_CODERS if coder != COMMON_ID)]
        return Hello(
            stream=b"",
            payload_version=PAYLOAD_VERSION,
            text_coders=bytes(coders),
            voice_spaces=bytes(numbers),
            secret=secret,
            software=software,
        )


def failure_reason(error: Exception) -> str:
    """Return the reason of an engine's failure, in one line for people."""
    name = "" if isinstance(error, SpeechzipError) else f"{type(error).__name__}: "
    return printable(f"{name}{error}")[:MAX_REASON_CHARACTERS]

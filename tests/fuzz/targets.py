"""What is fuzzed: each target takes bytes, and returns or raises one error of our own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from speechzip.pipeline import (
    LANGUAGES,
    Payload,
    PayloadError,
    ProtocolError,
    Speaker,
    SpeechzipError,
    Utterance,
    Voice,
    VoiceError,
    load_engine,
)
from speechzip.pipeline.live.wire import messages
from speechzip.pipeline.live.wire.frames import FrameReader
from speechzip.pipeline.payload.format import decode_payload, encode_payload, split_voices
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS
from speechzip.voices.store.voicefile import NamedVoice, decode_voices, encode_voice

from .mutation import with_last_crc, with_payload_checksum

GOLDEN = Path(__file__).parent.parent / "golden"
TEXTS = ("Hello, is anybody there?", "Let's meet at 12:45, O'Neill-Ångström said.", "", "NASA", "你好，世界")
MAX_SPEECH_S = 61.0
"""60 s, and what ends with the last sound."""


@dataclass(frozen=True, slots=True)
class Target:
    """Code that reads bytes from outside."""

    run: Callable[[bytes], None]
    seeds: Sequence[bytes]
    repair: Callable[[bytes], bytes] | None
    """Puts the checksum right; three mutants in four get it."""
    raises: type[SpeechzipError]
    """The only error that bad bytes may end in."""
    bound_s: float
    """CPU seconds that no input may take."""
    share: float
    """Of the time of `make fuzz`."""


def _payload_seeds() -> list[bytes]:
    coder = TEXT_CODERS[DEFAULT_ID]
    golden = [bytes.fromhex(path.read_text("ascii")) for path in sorted(GOLDEN.glob("*.hex"))]
    speakers = (Speaker(Voice("classical", bytes(range(10))), 0), Speaker(Voice("clip", bytes(300)), 1))
    spoken = tuple(Utterance(float(i), 0.5, i % 2, text, 0.9, LANGUAGES[i]) for i, text in enumerate(TEXTS))
    payloads = [Payload((), (), 0.0), Payload(speakers, spoken, 30.0, 2), Payload(speakers[:1], spoken[:1], 3.0)]
    return golden + [encode_payload(payload, coder) for payload in payloads]


class _NoText:
    """Reads no text: what is in front of it is looked at, ten thousand times a second."""

    id, name = DEFAULT_ID, "none"

    def encode(self, texts: Sequence[str]) -> bytes:
        return b""

    def decode(self, code: bytes, count: int) -> list[str]:
        return [code.decode("latin-1")[index : index + 20] for index in range(count)]


def _payload(data: bytes) -> None:
    decode_payload(data, {DEFAULT_ID: _NoText()})


def _payload_with_text(data: bytes) -> None:
    decode_payload(data, TEXT_CODERS)


def _text(data: bytes) -> None:
    texts = TEXT_CODERS[DEFAULT_ID].decode(data[1:], data[0] if data else 0)
    assert all(isinstance(text.encode(), bytes) for text in texts)


def _voice(data: bytes) -> None:
    for named in decode_voices(data):
        assert decode_voices(encode_voice(named)) == [named]


def _live(data: bytes) -> None:
    reader = FrameReader()
    for start in range(0, len(data), 50):
        for frame in reader.push(data[start : start + 50]):
            messages.decode_message(frame)


def _live_seeds() -> list[bytes]:
    speakers, said = (Speaker(Voice("classical", bytes(10)), 0),), (Utterance(0.0, 1.0, 0, "Hi", 0.9),)
    payload = encode_payload(Payload(speakers, said, 1.0), TEXT_CODERS[DEFAULT_ID])
    header, section, rest = split_voices(payload)
    sent: list[messages.Message] = [
        messages.Hello(bytes(8), 1, b"\1", b"\1\2\3", bytes(16), "speechzip"),
        messages.VoicesMessage(1, 0, section),
        messages.UtteranceMessage(2, 0, header, rest),
        messages.Acknowledge(300),
        messages.Alive(),
    ]
    return [messages.encode_message(message) for message in sent]


def _speech(data: bytes) -> None:
    """Speak the rest of `data`: first the synthesizer, the language, the voice and its length."""
    engine, language, space, length = (*data[:4], 0, 0, 0, 0)[:4]
    synthesizer = load_engine("synthesizer", ("trained", "espeak")[engine % 2])
    spaces = sorted(synthesizer.spaces)
    embedding = data[4 : 4 + length % 20]
    voice = Voice(spaces[space % len(spaces)], embedding) if embedding else None
    text = data[4 + length % 20 :][:200].decode("utf-8", "replace")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = synthesizer.synthesize(text, voice, None, LANGUAGES[language % len(LANGUAGES)])
    assert np.isfinite(samples).all()
    assert len(samples) <= MAX_SPEECH_S * synthesizer.sample_rate


def targets() -> dict[str, Target]:
    """Return every target by its name."""
    coder, payloads = TEXT_CODERS[DEFAULT_ID], _payload_seeds()
    voice = NamedVoice("Anna", Voice("trained-1", bytes(range(16))))
    voices = [encode_voice(voice), encode_voice(NamedVoice("Ben Ång", Voice("clip", bytes(400)))) + encode_voice(voice)]
    codes = [bytes([len(TEXTS)]) + coder.encode(TEXTS), b"\1" + coder.encode(TEXTS[:1]), b"\2\xffHi\xffthere"]
    speech = [bytes([i, i * 7, i, i * 8]) + bytes(range(i * 8 % 20)) + t.encode() for i, t in enumerate(TEXTS * 3)]
    return {
        "payload": Target(_payload, payloads, with_payload_checksum, PayloadError, 2.0, 0.3),
        "payload with text": Target(
            _payload_with_text, _payload_seeds(), with_payload_checksum, PayloadError, 60.0, 0.15
        ),
        "text coder": Target(_text, codes, None, PayloadError, 60.0, 0.15),
        "voice file": Target(_voice, voices, with_last_crc, VoiceError, 2.0, 0.1),
        "live frames": Target(_live, _live_seeds(), with_last_crc, ProtocolError, 2.0, 0.1),
        "synthesizers": Target(_speech, speech, None, SpeechzipError, 60.0, 0.2),
    }

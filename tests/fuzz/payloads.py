"""Payloads, the code of their texts, voice files and the frames of a live link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from speechzip.pipeline import (
    LANGUAGES,
    Melody,
    Payload,
    PayloadError,
    ProtocolError,
    Speaker,
    Utterance,
    Voice,
    VoiceError,
)
from speechzip.pipeline.live.wire import messages
from speechzip.pipeline.live.wire.frames import FrameReader
from speechzip.pipeline.payload.format import decode_payload, encode_payload, split_voices
from speechzip.pipeline.payload.plaintext import PlainText
from speechzip.pipeline.protocols import TextStream
from speechzip.pipeline.textcoder.coder import LanguageModelCoder
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS
from speechzip.pipeline.textcoder.weights import ENGLISH, coder_from, read_weights
from speechzip.pipeline.textcoder.world import load_world_coder
from speechzip.voices.spaces.adaptation import SIZE as ADAPTATION_SIZE
from speechzip.voices.store.voicefile import NamedVoice, decode_voices, encode_voice

from .mutation import with_last_crc, with_payload_checksum
from .target import Target

GOLDEN = Path(__file__).parent.parent / "golden"
TEXTS = ("Hello, is anybody there?", "Let's meet at 12:45, O'Neill-Ångström said.", "", "NASA", "你好，世界")
SMALL_LAYER = 16
WORLD = ("de", "ru", "ja")
"""Other languages whose text coders are fuzzed: of an alphabet like ours, of another one, and of many signs."""


class _NoText:
    """A text coder that reads no text: the part before it is fuzzed, ten thousand times a second."""

    id, name = DEFAULT_ID, "none"

    def stream(self) -> TextStream:
        return PlainText()

    def encode(self, texts: Sequence[str]) -> bytes:
        return b""

    def decode(self, code: bytes, count: int) -> list[str]:
        return [code.decode("latin-1")[index : index + 20] for index in range(count)]


@lru_cache(maxsize=1)
def small_coder() -> LanguageModelCoder:
    """Return the text coder with `SMALL_LAYER` units in each layer of its network: the same code, faster.

    The vocabulary, the n-grams and the odds of each token alone are the shipped ones, so it still codes words well.
    """
    name = ENGLISH[DEFAULT_ID]
    return coder_from(_with_small_layers(read_weights(name)), DEFAULT_ID, name)


def _with_small_layers(arrays: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    width, hidden, small = arrays["embedding"].shape[1], len(arrays["lstm0.bias"]) // 4, np.arange(SMALL_LAYER)
    gates = (np.arange(4)[:, None] * hidden + small).ravel()
    columns = {"lstm0": (0, width), "lstm1": (0, hidden), "projection": (0, hidden)}
    cut: dict[str, NDArray[np.generic]] = dict(arrays)
    for name, starts in columns.items():
        rows = small if name == "projection" else gates
        kept = np.concatenate([start + small for start in starts])
        cut |= {
            f"{name}.{part}": arrays[f"{name}.{part}"][rows] for part in ("factors", "bias") if f"{name}.{part}" in cut
        }
        cut[f"{name}.weights"] = arrays[f"{name}.weights"][np.ix_(rows, kept)]
    cut |= {name: arrays[name][:, :SMALL_LAYER] for name in ("embedding", "phrases") if name in arrays}
    return cut


def _payload(data: bytes) -> None:
    decode_payload(data, {DEFAULT_ID: _NoText()})


def _payload_with_text(data: bytes) -> None:
    decode_payload(data, {DEFAULT_ID: small_coder()})


def _payload_with_shipped_text(data: bytes) -> None:
    decode_payload(data, TEXT_CODERS)


def _text(data: bytes) -> None:
    _decode_text(small_coder(), data)


def _shipped_text(data: bytes) -> None:
    _decode_text(TEXT_CODERS[DEFAULT_ID], data)


def _world_text(data: bytes) -> None:
    language = WORLD[(data[0] if data else 0) % len(WORLD)]
    _decode_text(load_world_coder(language), data[1:])


def _decode_text(coder: Any, data: bytes) -> None:
    texts = coder.decode(data[1:], data[0] if data else 0)
    assert all(isinstance(text.encode(), bytes) for text in texts)


def _voice(data: bytes) -> None:
    for named in decode_voices(data):
        assert decode_voices(encode_voice(named)) == [named]


def _live(data: bytes) -> None:
    reader = FrameReader()
    for start in range(0, len(data), 50):
        for frame in reader.push(data[start : start + 50]):
            messages.decode_message(frame)


def _payload_seeds(coder: Any) -> list[bytes]:
    voices = [Voice("classical", bytes(range(10))), Voice("clip", bytes(300))]
    voices += [Voice("trained-2", bytes(range(64))).shortened(size) for size in (8, 16, 32, 64)]
    speakers = tuple(Speaker(voice, index % 2) for index, voice in enumerate(voices))
    melodies = (Melody((3, 0, -3), 6, -6), None, None, Melody(loudness=6), Melody((9,) * 8, -12))
    spoken = tuple(
        Utterance(float(i), 0.5, i % 2, text, 0.9, LANGUAGES[i], melody=melody)
        for i, (text, melody) in enumerate(zip(TEXTS, melodies, strict=True))
    )
    payloads = [Payload((), (), 0.0), Payload(speakers, spoken, 30.0, 2), Payload(speakers[:1], spoken[:1], 3.0)]
    return [encode_payload(payload, coder, version) for payload in payloads for version in (1, 2, 3)]


def _golden() -> list[bytes]:
    return [bytes.fromhex(path.read_text("ascii")) for path in sorted(GOLDEN.glob("*.hex"))]


def _short_payload_seeds(coder: Any) -> list[bytes]:
    """Payloads of a few words each, so that ten mutants in a hundred milliseconds are read to their end."""
    voice, texts = Voice("classical", bytes(range(10))), ("Yes.", "Hi", "So what?", "é", "NASA", "")
    shapes = [texts[:1], texts[1:2], texts[2:4], texts[3:], texts]
    return [
        encode_payload(
            Payload(
                (Speaker(voice, 0), Speaker(voice, 1))[: len(shape)],
                tuple(Utterance(float(i), 0.5, i % 2, text, 0.9) for i, text in enumerate(shape)),
                9.0,
                2,
            ),
            coder,
            version,
        )
        for shape in shapes
        for version in (1, 2)
    ]


def _text_seeds(coder: Any) -> list[bytes]:
    codes = [bytes([len(TEXTS)]) + coder.encode(TEXTS), b"\1" + coder.encode(TEXTS[:1]), b"\2\xffHi\xffthere"]
    words = [
        b"\1" + coder.encode([text]) for text in ("Yes.", "O'Neill", "iPhone, NASA", "911", "Ångström", "\x00\x01")
    ]
    return codes + words + [b"\3" + coder.encode(["Hi", "", "So"]), b"\0", b"\1\0"]


def _world_seeds() -> list[bytes]:
    texts = ("Ja.", "Да", "はい", "Hi", "\x00", "", "😀")
    return [
        bytes([index, 1]) + load_world_coder(language).encode([text])
        for index, language in enumerate(WORLD)
        for text in texts
    ]


def _live_seeds() -> list[bytes]:
    speakers, said = (Speaker(Voice("classical", bytes(10)), 0),), (Utterance(0.0, 1.0, 0, "Hi", 0.9),)
    payload = encode_payload(Payload(speakers, said, 1.0), TEXT_CODERS[DEFAULT_ID], version=1)
    header, section, rest = split_voices(payload)
    sent: list[messages.Message] = [
        messages.Hello(bytes(8), 1, b"\1", b"\1\2\3", bytes(16), "speechzip"),
        messages.VoicesMessage(1, 0, section),
        messages.UtteranceMessage(2, 0, header, rest),
        messages.Acknowledge(300),
        messages.Alive(),
    ]
    return [messages.encode_message(message) for message in sent]


def _voice_seeds() -> list[bytes]:
    voice = NamedVoice("Anna", Voice("trained-1", bytes(range(16))))
    enrolled = NamedVoice("Anna", Voice("trained-2", bytes(range(64)), b"\1" + bytes(ADAPTATION_SIZE - 1)))
    return [
        encode_voice(voice),
        encode_voice(NamedVoice("Ben Ång", Voice("clip", bytes(400)))) + encode_voice(voice),
        encode_voice(enrolled) + encode_voice(voice),
    ]


def payload_targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    shipped, small, checked = TEXT_CODERS[DEFAULT_ID], small_coder(), with_payload_checksum
    whole = _golden() + _payload_seeds(shipped)
    return {
        "payload": Target(_payload, whole, checked, PayloadError, 2.0, 0.1),
        "payload with text": Target(
            _payload_with_text, _short_payload_seeds(small), checked, PayloadError, 60.0, 0.2, max_bytes=64
        ),
        "payload, shipped text": Target(_payload_with_shipped_text, whole, checked, PayloadError, 60.0, 0.05),
        "text code": Target(_text, _text_seeds(small), None, PayloadError, 60.0, 0.2, max_bytes=7),
        "text code, shipped": Target(_shipped_text, _text_seeds(shipped), None, PayloadError, 60.0, 0.05),
        "text code, world": Target(_world_text, _world_seeds(), None, PayloadError, 60.0, 0.05, max_bytes=24),
        "voice file": Target(_voice, _voice_seeds(), with_last_crc, VoiceError, 2.0, 0.05),
        "live frames": Target(_live, _live_seeds(), with_last_crc, ProtocolError, 2.0, 0.05),
    }

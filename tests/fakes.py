"""Fake engines, sounds to feed them, payloads and their checksum."""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import (
    Audio,
    Contour,
    Melody,
    Payload,
    PayloadCorrupt,
    Samples,
    SpeakerEmbedding,
    TextError,
    Transcript,
    Utterance,
    Voice,
    VoiceReference,
)
from speechzip.pipeline.payload.plaintext import PlainText
from speechzip.pipeline.protocols import TextStream
from speechzip.pipeline.segments.segmentation import SpeechDetector

GOLDEN = Path(__file__).parent / "golden"


class FakeRecognizer:
    """A recognizer that returns the lines of a script, one for each segment."""

    name = "fake"

    def __init__(self, script: Iterable[str] = (), confidence: float = 0.95) -> None:
        self.script = list(script)
        self.confidence = confidence
        self.heard: list[Samples] = []

    def transcribe(self, samples: Samples) -> Transcript:
        self.heard.append(samples)
        text = self.script[(len(self.heard) - 1) % len(self.script)] if self.script else f"Line {len(self.heard)}."
        return Transcript(text, self.confidence)


class FakeEmbedder:
    """A speaker embedder that distinguishes three kinds of voice by zero crossings; two voices give a mixture."""

    name = "fake"

    def embed(self, samples: Samples) -> SpeakerEmbedding:
        embedding = np.zeros(3, np.float32)
        for part in np.array_split(samples, 8):
            crossings = float((np.signbit(part[1:]) != np.signbit(part[:-1])).mean())
            embedding[0 if crossings < 0.02 else 1 if crossings < 0.08 else 2] += 1
        return np.asarray(embedding / np.linalg.norm(embedding), np.float32)


class FakeVoiceEncoder:
    """A voice encoder that measures loudness."""

    name = "fake"
    space = "classical"

    def encode(self, samples: Samples, transcript: str) -> Voice:
        return Voice(self.space, bytes([min(255, int(1000 * np.abs(samples).mean())), len(transcript) % 256]))


class FakeMelodyEncoder(FakeVoiceEncoder):
    """A voice encoder that gives each utterance a melody by its place among the speaker's: 0, 3, 6... semitones."""

    def contour(self, samples: Samples) -> Contour:
        return Contour(np.zeros(1, np.float32), len(samples) / 16_000)

    def melodies(
        self, voice: Voice, utterances: Sequence[Utterance], contours: Sequence[Contour]
    ) -> Sequence[Melody | None]:
        for utterance, contour in zip(utterances, contours, strict=True):
            assert abs(contour.level_db - utterance.duration_s) < 1.0  # each has its own
        return [Melody((3 * number,)) if number else None for number in range(len(utterances))]


class FakeTextCoder:
    """A text coder that writes UTF-8 after its length: quick, and easy to read in bytes."""

    id = 0
    name = "fake"

    def stream(self) -> TextStream:
        return PlainText()

    def encode(self, texts: Sequence[str]) -> bytes:
        try:
            coded = [text.encode() for text in texts]
        except UnicodeEncodeError as error:
            raise TextError("a lone surrogate") from error
        return b"".join(len(text).to_bytes(2, "little") + text for text in coded) if any(coded) else b""

    def decode(self, code: bytes, count: int) -> list[str]:
        if not code:
            return [""] * count
        texts: list[str] = []
        for _ in range(count):
            length, code = int.from_bytes(code[:2], "little"), code[2:]
            if length > len(code):
                raise PayloadCorrupt("a text is cut short")
            try:
                texts.append(code[:length].decode())
            except UnicodeDecodeError as error:
                raise PayloadCorrupt("a text is not UTF-8") from error
            code = code[length:]
        if code or not any(texts):
            raise PayloadCorrupt("texts that no encoder writes")
        return texts


class FakeSynthesizer:
    """A synthesizer that hums for the requested duration."""

    name = "fake"
    spaces = frozenset({"classical"})
    sample_rate = 16_000

    def __init__(self) -> None:
        self.asked: list[tuple[str, Voice | None, float | None, str]] = []

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        self.asked.append((text, voice, duration_s, language))
        return np.full(round((duration_s or 1.0) * self.sample_rate), 0.25, np.float32)


def bursts(*spans: tuple[float, float], duration_s: float, sample_rate: int = 16_000) -> Audio:
    """Return quiet with a loud hiss in each span (start, end), in seconds: speech to a `loud` detector."""
    samples = np.zeros(int(duration_s * sample_rate), np.float32)
    time_s = np.arange(len(samples)) / sample_rate
    for start_s, end_s in spans:
        inside = (time_s >= start_s) & (time_s < end_s)
        samples[inside] = np.random.default_rng(0).uniform(-0.5, 0.5, int(inside.sum()))
    return Audio(samples, sample_rate)


def loud(chunks: Samples) -> npt.NDArray[np.float64]:
    """A fake speech detector: loud sound is speech."""
    return np.asarray(np.abs(chunks).max(axis=1) > 0.1, np.float64)


def sure(probability: float) -> SpeechDetector:
    """A fake speech detector: everything is as likely to be speech."""
    return lambda chunks: np.full(len(chunks), probability)


def with_checksum(body: bytes) -> bytes:
    """Return `body` with the checksum of a payload behind it, whatever it is."""
    short = len(body) + 2 <= 256
    return body + (binascii.crc_hqx(body, 0).to_bytes(2, "little") if short else zlib.crc32(body).to_bytes(4, "little"))


def with_named_voices(payload: Payload) -> Payload:
    """Return a payload of two people with one voice by its id, one as a long clip, and words by Whisper."""
    anna, ben = payload.speakers
    clip = Voice("clip", bytes(i * 7 % 256 for i in range(100)))
    speakers = (replace(anna, voice=VoiceReference(0x9620)), replace(ben, voice=clip))
    return replace(payload, speakers=speakers, recognizer="whisper-small")

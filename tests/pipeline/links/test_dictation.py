"""``send --mic``: a recording replaces the microphone, and a pipe the Enter key."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fakes import FakeRecognizer, FakeVoiceEncoder, bursts, loud
from speechzip.pipeline import DeviceError, Samples, open_recording, recognizer_recording, resample
from speechzip.pipeline.links import dictation, soundinput
from speechzip.pipeline.links.dictation import Dictation, dictate, microphone
from speechzip.pipeline.live.session import transcriber
from speechzip.pipeline.segments.segmentation import EndpointingSettings, SpeechSegmenter


def beckett() -> list[Samples]:
    """Return a real recording as a microphone's blocks at 16 kHz, with a second of silence behind it."""
    recording = open_recording(recognizer_recording("beckett.wav"))
    sound = resample(np.concatenate(list(recording.blocks()))[:, 0], recording.sample_rate, 16_000)
    padded = np.concatenate([sound, np.zeros(16_000, np.float32)])
    return [padded[start : start + 800] for start in range(0, len(padded), 800)]


def test_what_is_said_becomes_one_message_in_its_order() -> None:
    message = Dictation(FakeRecognizer(["One.", "Two.", "Three."]), FakeVoiceEncoder())
    for block in beckett():
        message.push(block)
    payload = message.finish()
    assert payload is not None
    starts = [utterance.start_s for utterance in payload.utterances]
    assert starts == sorted(starts)
    assert len(payload.speakers) == 1
    assert payload.utterances[-1].end_s <= payload.duration_s + 0.1
    assert message.lost == []


def test_what_is_perhaps_speech_is_told_and_no_part_of_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_loud_sound(_: None, endpointing: EndpointingSettings) -> SpeechSegmenter:
        return SpeechSegmenter(loud, endpointing)

    monkeypatch.setattr(transcriber, "SpeechSegmenter", of_loud_sound)
    message = Dictation(FakeRecognizer(["You"], confidence=0.2), FakeVoiceEncoder())
    message.push(bursts((0.5, 0.9), duration_s=1.2).samples)
    assert message.finish() is None
    assert message.lost == ["0.4 s may be speech that could not be read: nothing of it is sent"]


def test_silence_is_no_message() -> None:
    message = Dictation(FakeRecognizer(), FakeVoiceEncoder())
    message.push(np.zeros(32_000, np.float32))
    assert message.finish() is None


class FakeStream:
    """A microphone at 48 kHz."""

    samplerate = 48_000.0
    active = True

    def __init__(self, callback: Any, **options: Any) -> None:
        self.callback = callback

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.active = False


def test_a_microphone_that_fails_or_is_too_fast_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    streams: list[FakeStream] = []

    def stream(callback: Any, **options: Any) -> FakeStream:
        if streams:
            raise RuntimeError("Error querying device -1")
        streams.append(FakeStream(callback))
        return streams[-1]

    module = SimpleNamespace(PortAudioError=RuntimeError, InputStream=stream)
    monkeypatch.setattr(dictation, "load_sounddevice", lambda: module)
    monkeypatch.setattr(soundinput, "TICK_S", 0.01)
    with microphone() as heard:
        assert heard.next_block() is None
        for _ in range(dictation.MAX_QUEUED + 10):
            streams[0].callback(np.zeros((480, 1), np.float32), 480, None, None)
        assert heard.lost_s == pytest.approx(0.1)
        assert len(np.concatenate(heard.drain())) == pytest.approx(160 * dictation.MAX_QUEUED, abs=2000)
        streams[0].callback(np.zeros((480, 1), np.float32), 480, None, SimpleNamespace(input_overflow=True))
        assert heard.lost_s == pytest.approx(0.1 + soundinput.OVERFLOW_S)
        assert len(heard.drain()) == 1
        streams[0].active = False
        with pytest.raises(DeviceError, match="the microphone has stopped; is it still plugged in"):
            heard.next_block()
    with pytest.raises(DeviceError, match="the microphone cannot be opened"), microphone():
        pass


def test_enter_begins_and_ends_and_the_words_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    told: list[str] = []

    streams: list[FakeStream] = []

    def stream(**options: Any) -> FakeStream:
        streams.append(FakeStream(**options))
        return streams[-1]

    module = SimpleNamespace(PortAudioError=RuntimeError, InputStream=stream)
    asked: list[str | None] = []

    def recognizer(text_coder: str | None) -> FakeRecognizer:
        asked.append(text_coder)
        return FakeRecognizer(["Over."])

    monkeypatch.setattr(dictation, "load_sounddevice", lambda: module)
    monkeypatch.setattr(dictation, "load_recognizer", recognizer)
    monkeypatch.setattr(dictation, "load_engine", {"voice_encoder": FakeVoiceEncoder()}.__getitem__)

    def tell(line: str) -> None:
        told.append(line)
        if line == "speak; Enter sends":
            for block in beckett():
                streams[0].callback(np.repeat(block, 3).reshape(-1, 1), 3 * len(block), None, None)
            os.write(writer, b"\n")

    with os.fdopen(reader, encoding="utf-8", buffering=1) as keyboard:
        monkeypatch.setattr(sys, "stdin", keyboard)
        os.write(writer, b"\n")
        messages = dictate(tell, "smollm2-1")
        payload = next(messages)
        os.close(writer)
        assert list(messages) == []
    assert asked == ["smollm2-1"]  # whose opinion of the words counts
    words = " ".join(utterance.text for utterance in payload.utterances)
    assert words.startswith("Over.")
    assert f"you said: {words}" in told
    assert told[0] == "Enter begins to talk, Ctrl-D leaves"

"""``send --mic``: a recording replaces the microphone, and a pipe the Enter key."""

from __future__ import annotations

import os
import queue
import sys
from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
import pytest
from fakes import FakeRecognizer, FakeVoiceEncoder
from speechzip.pipeline import Samples, open_recording, recognizer_recording, resample
from speechzip.pipeline.links import dictation
from speechzip.pipeline.links.dictation import Dictation, dictate


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


def test_silence_is_no_message() -> None:
    message = Dictation(FakeRecognizer(), FakeVoiceEncoder())
    message.push(np.zeros(32_000, np.float32))
    assert message.finish() is None


def test_enter_begins_and_ends_and_the_words_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    told: list[str] = []

    @contextmanager
    def recorded() -> Generator[queue.Queue[Samples]]:
        yield blocks

    blocks: queue.Queue[Samples] = queue.Queue()
    engines = {"recognizer": FakeRecognizer(["Over."]), "voice_encoder": FakeVoiceEncoder()}
    monkeypatch.setattr(dictation, "microphone", recorded)
    monkeypatch.setattr(dictation, "load_engine", engines.__getitem__)

    def tell(line: str) -> None:
        told.append(line)
        if line == "speak; Enter sends":
            for block in beckett():
                blocks.put(block)
            os.write(writer, b"\n")

    with os.fdopen(reader, encoding="utf-8", buffering=1) as keyboard:
        monkeypatch.setattr(sys, "stdin", keyboard)
        os.write(writer, b"\n")
        messages = dictate(tell)
        payload = next(messages)
        os.close(writer)
        assert list(messages) == []
    words = " ".join(utterance.text for utterance in payload.utterances)
    assert words.startswith("Over.")
    assert f"you said: {words}" in told
    assert told[0] == "Enter begins to talk, Ctrl-D leaves"

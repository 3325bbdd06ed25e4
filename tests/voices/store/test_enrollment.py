"""Enrollment without a model: what is measured in which speech, and what people are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEmbedder, FakeRecognizer, FakeVoiceEncoder, bursts, loud
from speechzip.pipeline import Audio, Progress, Samples, SpeechzipWarning, Transcript, Voice, VoiceError
from speechzip.pipeline.segments.segmentation import SpeechSegmenter
from speechzip.voices import VoiceStore, enroll
from speechzip.voices.spaces.adaptation import SIZE


class Adapting(FakeVoiceEncoder):
    """A voice encoder that keeps what it was asked to learn from."""

    space = "trained-2"

    def __init__(self) -> None:
        self.measured: list[tuple[int, str]] = []
        self.learned: list[tuple[float, str]] = []

    def encode(self, samples: Samples, transcript: str) -> Voice:
        self.measured.append((len(samples), transcript))
        return Voice(self.space, bytes(64))

    def adapt(self, voice: Voice, speech: Sequence[tuple[Samples, str]], progress: Progress | None = None) -> Voice:
        self.learned = [(round(len(samples) / 16_000, 1), text) for samples, text in speech]
        if progress:
            progress(1, 2)
            progress(2, 2)
        return replace(voice, adaptation=b"\1" + bytes(SIZE - 1))


class Fitting(Adapting):
    """One that gives a voice of ones, before it adapts that."""

    def fit(self, voice: Voice, speech: Sequence[tuple[Samples, Transcript]]) -> Voice:
        self.fitted = [(heard.text, heard.confidence, heard.language) for _, heard in speech]
        return replace(voice, embedding=b"\1" * 64)


def talk(seconds: int) -> Audio:
    """Return somebody who says something for 3 s, pauses for one, and so on."""
    return bursts(*[(start + 0.5, start + 3.5) for start in range(0, seconds, 4)], duration_s=seconds)


def _embedder(kind: str) -> FakeEmbedder:
    return FakeEmbedder()


@pytest.fixture(autouse=True)
def _loud_is_one_persons_speech(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr("speechzip.pipeline.compression.SpeechSegmenter", partial(SpeechSegmenter, loud))
    monkeypatch.setattr("speechzip.pipeline.compression.load_engine", _embedder)


@pytest.fixture
def store(tmp_path: Path) -> VoiceStore:
    return VoiceStore(tmp_path)


def test_half_a_minute_makes_an_enrolled_voice_from_all_recordings(store: VoiceStore) -> None:
    encoder = Adapting()
    shown: list[tuple[float, float]] = []
    said = enroll(
        "Ann", [talk(24), talk(20)], store, encoders=[encoder], recognizer=FakeRecognizer(),
        progress=lambda done, total: shown.append((done, total)),
    )  # fmt: skip
    assert [named.voice.adaptation[:1] for named in said] == [b"\1"]
    assert store.voices() == said
    assert [text for _, text in encoder.learned] == [f"Line {number}." for number in range(1, 12)]
    assert all(3 <= length <= 4 for length, _ in encoder.learned)
    assert len(encoder.measured) == 1  # once, in the speech of both
    assert encoder.measured[0][1] == " ".join(text for _, text in encoder.learned)
    assert shown == sorted(shown)
    assert {total for _, total in shown} == {3}
    assert shown[-1] == (3, 3)


def test_the_voice_is_fitted_before_it_is_enrolled_and_if_there_is_too_little_for_that(store: VoiceStore) -> None:
    encoder = Fitting()
    (named,) = enroll("Ann", talk(44), store, encoders=[encoder], recognizer=FakeRecognizer())
    assert (named.voice.embedding, named.voice.adaptation[:1]) == (b"\1" * 64, b"\1")
    assert [text for text, _, _ in encoder.fitted] == [text for _, text in encoder.learned]
    assert {(confidence, language) for _, confidence, language in encoder.fitted} == {(0.88, "en")}
    with pytest.warns(SpeechzipWarning, match="15 s of speech"):
        (named,) = enroll("Ann", talk(20), store, encoders=[encoder], recognizer=FakeRecognizer(), force=True)
    assert (named.voice.embedding, named.voice.adaptation) == (b"\1" * 64, b"")


def test_no_more_is_learned_from_than_memory_may_hold(store: VoiceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.voices.store.enrollment.MOST_SPEECH_S", 21.5)
    encoder = Adapting()
    enroll("Ann", [talk(20), talk(20)], store, encoders=[encoder], recognizer=FakeRecognizer())
    assert [text for _, text in encoder.learned] == [f"Line {number}." for number in range(1, 8)]


def test_one_recording_is_no_list(store: VoiceStore) -> None:
    encoder = Adapting()
    enroll("Ann", talk(44), store, encoders=[encoder], recognizer=FakeRecognizer())
    assert len(encoder.learned) == 11


def test_less_than_half_a_minute_makes_the_small_voice_and_says_what_a_minute_would_bring(store: VoiceStore) -> None:
    encoder = Adapting()
    with pytest.warns(
        SpeechzipWarning, match=r"from 15 s of speech; 30 s or more .*; a minute or more of clear English"
    ):
        (named,) = enroll("Ann", talk(20), store, encoders=[encoder], recognizer=FakeRecognizer())
    assert (named.voice.adaptation, encoder.learned) == (b"", [])


def test_unsure_words_are_not_learned_from(store: VoiceStore) -> None:
    encoder = Adapting()
    with pytest.warns(SpeechzipWarning, match="33 s of speech; a minute or more of clear English"):
        enroll("Ann", talk(44), store, encoders=[encoder], recognizer=FakeRecognizer(confidence=0.5))
    assert encoder.learned == []


def test_encoders_that_cannot_adapt_are_asked_for_nothing_more(store: VoiceStore) -> None:
    (named,) = enroll("Ann", talk(44), store, encoders=[FakeVoiceEncoder()], recognizer=FakeRecognizer())
    assert named.voice.adaptation == b""


def test_a_name_that_is_taken_is_told_before_anything_is_measured(store: VoiceStore) -> None:
    store.add("Ann", Voice("trained-2", bytes(64)))
    recognizer = FakeRecognizer()
    with pytest.raises(VoiceError, match="Ann has a trained-2 voice already"):
        enroll("ann", talk(44), store, encoders=[Adapting()], recognizer=recognizer)
    assert recognizer.heard == []
    enroll("Ann", talk(44), store, encoders=[FakeVoiceEncoder()], recognizer=recognizer)  # in another space
    enroll("Ann", talk(44), store, encoders=[Adapting()], recognizer=recognizer, force=True)


def test_each_recording_is_of_one_person(store: VoiceStore) -> None:
    sound = talk(8).samples
    two = Audio(np.stack([sound, np.roll(sound, 32_000)], axis=1), 16_000)
    with pytest.raises(VoiceError, match="2 people speak"):
        enroll("Ann", [talk(44), two], store, encoders=[Adapting()], recognizer=FakeRecognizer())
    assert store.voices() == []

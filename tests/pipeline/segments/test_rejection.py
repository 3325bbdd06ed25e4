from __future__ import annotations

import numpy as np
import pytest
from speechzip.pipeline import Transcript
from speechzip.pipeline.segments.rejection import MAX_TONALITY, is_speech, tonality

TIME_S = np.arange(48000) / 16000
NOTES_HZ = np.array([220.0, 277.2, 329.6])
CHORD = np.sin(2 * np.pi * np.outer(NOTES_HZ, TIME_S)).mean(axis=0).astype(np.float32)
HARMONICS = np.arange(1, 20)
GLIDE = np.sin(2 * np.pi * np.outer(HARMONICS, 120 * TIME_S + 8 * TIME_S**2)).mean(axis=0).astype(np.float32)


def test_held_notes_are_tonal_and_gliding_ones_are_not() -> None:
    assert tonality(CHORD) > 0.5
    assert tonality(GLIDE) < MAX_TONALITY
    noise = np.random.default_rng(3).normal(0, 0.1, 48000).astype(np.float32)
    assert tonality(noise) < 0.01
    assert tonality(noise[:4000]) == 0.0


@pytest.mark.parametrize(
    ("text", "confidence", "accepted"),
    [
        ("Hello there.", 0.9, True),
        ("You", 0.32, False),
        ("", 0.0, False),
        ("...", 0.99, False),
        ("La " * 50, 0.9, False),
    ],
)
def test_confidence_and_text(text: str, confidence: float, accepted: bool) -> None:
    assert is_speech(Transcript(text, confidence), GLIDE, 3.0) is accepted


def test_words_over_music_must_be_sure() -> None:
    assert not is_speech(Transcript("I love you so.", 0.81), CHORD, 3.0)
    assert is_speech(Transcript("Please hold the line.", 0.95), CHORD, 3.0)

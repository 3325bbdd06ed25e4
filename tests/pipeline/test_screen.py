from __future__ import annotations

import numpy as np
import pytest
from speechzip.pipeline import Transcript
from speechzip.pipeline.screen import MAX_TONALITY, is_speech, tonality

TIME_S = np.arange(48000) / 16000
CHORD = sum(0.1 * np.sin(2 * np.pi * hz * TIME_S) for hz in (220, 277.2, 329.6)).astype(np.float32)  # type: ignore[union-attr]
GLIDE = sum(0.1 * np.sin(2 * np.pi * h * (120 * TIME_S + 8 * TIME_S**2)) / h for h in range(1, 20)).astype(np.float32)  # type: ignore[union-attr]


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

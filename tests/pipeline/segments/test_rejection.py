from __future__ import annotations

import numpy as np
import pytest
from speechzip.pipeline import Transcript
from speechzip.pipeline.segments.rejection import MAX_TONALITY, is_speech, tonality, unread_reason

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


@pytest.mark.parametrize(
    ("text", "confidence", "duration_s", "read", "reason"),
    [
        ("For the spiritual, the priest is the son of God.", 0.47, 4.9, False, "another language"),
        ("And the zor fixed up, so ye ma'er, herda wassu.", 0.45, 5.5, False, "unclear"),
        ("4.", 0.45, 2.0, False, "unclear"),
        ("Express these,", 0.48, 0.9, True, "unclear"),  # too short to tell
        ("I'm saying, yeah, okay, sounds like you've done so.", 0.52, 5.7, True, "another language"),
    ],
)
def test_what_is_unsure_and_fluent_is_invented_from_another_language(
    text: str, confidence: float, duration_s: float, read: bool, reason: str
) -> None:
    transcript = Transcript(text, confidence)
    assert is_speech(transcript, GLIDE, duration_s, one_language=True) is read
    assert is_speech(transcript, GLIDE, duration_s) is True  # a recognizer of many languages is believed
    assert unread_reason(transcript, one_language=True) == reason
    assert unread_reason(transcript, one_language=False) == "unclear"

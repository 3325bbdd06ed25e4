from __future__ import annotations

import numpy as np
import pytest
from fakes import sure
from speechzip.pipeline import Samples, Transcript
from speechzip.pipeline.segments.rejection import (
    MAX_TONALITY,
    is_music,
    is_speech,
    is_unread_speech,
    tonality,
    unread_reason,
)

TIME_S = np.arange(48000) / 16000
HARMONICS = np.arange(1, 20)
GLIDE = np.sin(2 * np.pi * np.outer(HARMONICS, 120 * TIME_S + 8 * TIME_S**2)).mean(axis=0).astype(np.float32)


# Four notes in turn, each with its harmonics; beside it a hum that never stops.
MELODY_HZ = np.repeat([220.0, 261.6, 329.6, 246.9], 12000)
MELODY = np.sin(np.outer(HARMONICS[:6], 2 * np.pi * np.cumsum(MELODY_HZ) / 16000)).mean(axis=0).astype(np.float32)
HUM = np.sin(2 * np.pi * np.outer(50.0 * HARMONICS, TIME_S)).mean(axis=0).astype(np.float32)
NOISE = np.random.default_rng(3).normal(0, 0.01, 48000).astype(np.float32)
SYLLABLES = (np.sin(2 * np.pi * 2.0 * TIME_S) > -0.2).astype(np.float32)


def test_held_notes_are_tonal_and_gliding_ones_are_not() -> None:
    assert tonality(MELODY)[0] > 0.5
    assert is_music(MELODY)
    assert tonality(GLIDE)[0] < MAX_TONALITY
    assert tonality(10 * NOISE)[0] < 0.01
    assert tonality(NOISE[:4000]) == (0.0, 0.0)


@pytest.mark.parametrize("hum_gain", [0.3, 1.0])
def test_a_voice_in_a_hum_is_no_music(hum_gain: float) -> None:
    """As tonal as music it is: the hum's lines are held in all pauses. A melody in the same hum stays music."""
    voice, hum = GLIDE * SYLLABLES, hum_gain * HUM
    assert tonality(voice + hum + NOISE)[0] > MAX_TONALITY
    assert not is_music(voice + hum + NOISE)
    assert is_music(MELODY + hum + NOISE)
    assert is_speech(Transcript("Is anybody there?", 0.6), voice + hum + NOISE, 3.0)


def test_lines_that_a_codec_leaves_in_pauses_are_no_notes() -> None:
    line = 3e-5 * np.sin(2 * np.pi * 500 * np.arange(len(GLIDE)) / 16_000).astype(np.float32)
    said = np.concatenate([GLIDE, line, GLIDE])
    assert tonality(said)[0] < MAX_TONALITY
    assert tonality(np.concatenate([GLIDE, 1000 * line, GLIDE]))[0] > MAX_TONALITY


@pytest.mark.parametrize(
    ("sound", "probability", "unread"),
    [(GLIDE, 0.69, False), (GLIDE, 0.75, True), (MELODY, 0.61, False), (MELODY, 0.75, True)],
)
def test_rejected_speech_is_told_as_unread_if_the_detector_is_sure_with_or_without_music(
    sound: Samples, probability: float, unread: bool
) -> None:
    assert is_unread_speech(sound, 3.0, sure(probability)) is unread
    assert not is_unread_speech(sound, 0.4, sure(1.0))


@pytest.mark.parametrize(
    ("text", "confidence", "accepted"),
    [
        ("Hello there.", 0.9, True),
        ("You", 0.32, False),
        ("Thank you for watching!", 0.62, False),
        ("Thank you for watching!", 0.75, True),
        ("Thank you, Watson.", 0.62, True),
        ("", 0.0, False),
        ("...", 0.99, False),
        ("La " * 50, 0.9, False),
    ],
)
def test_confidence_and_text(text: str, confidence: float, accepted: bool) -> None:
    assert is_speech(Transcript(text, confidence), GLIDE, 3.0) is accepted


def test_words_over_music_must_be_sure() -> None:
    assert not is_speech(Transcript("I love you so.", 0.81), MELODY, 3.0)
    assert is_speech(Transcript("Please hold the line.", 0.95), MELODY, 3.0)


@pytest.mark.parametrize(
    ("text", "confidence", "duration_s", "read", "reason"),
    [
        ("For the spiritual, the priest is the son of God.", 0.37, 4.9, False, "another language"),
        ("And the door fixed her, so ye may, heard the wassup.", 0.46, 5.5, False, "unclear"),
        ("4.", 0.45, 2.0, False, "unclear"),
        ("Express these,", 0.48, 0.9, True, "unclear"),  # too short to tell
        ("I'm saying, yeah, okay, sounds like you've done so.", 0.52, 5.7, True, "another language"),
        ("And what not a cool", 0.48, 2.1, False, "unclear"),
        ("My last name is Fittili.", 0.45, 2.5, False, "unclear"),
        ("Los Santos no comprendi su Respuesta.", 0.41, 3.5, False, "another language"),
        ("We set a pseudo-exposado, della conferencia.", 0.4, 3.1, False, "another language"),
        ("Lonumeral, eh, siete?", 0.46, 2.2, False, "another language"),
        ("Lonumeral, siete?", 0.46, 2.2, False, "unclear"),  # too short to tell
        ("Please read 6 8 6 7 and 2992 4051 7713 as they are.", 0.45, 6.0, False, "unclear"),
    ],
)
def test_what_is_unsure_and_very_fluent_or_very_unlikely_is_invented_from_another_language(
    text: str, confidence: float, duration_s: float, read: bool, reason: str
) -> None:
    transcript = Transcript(text, confidence)
    assert is_speech(transcript, GLIDE, duration_s, one_language=True) is read
    assert is_speech(transcript, GLIDE, duration_s) is True  # a recognizer of many languages is believed
    assert unread_reason(transcript, one_language=True) == reason
    assert unread_reason(transcript, one_language=False) == "unclear"


def test_words_that_are_spelled_as_they_sound_must_be_surer() -> None:
    text = "Numer cuatro o seis para aumentar o dis minure en volumen del conferences."
    for confidence, read in ((0.53, False), (0.64, False), (0.66, True)):
        assert is_speech(Transcript(text, confidence), GLIDE, 5.0, one_language=True) is read
        assert is_speech(Transcript(text, confidence), GLIDE, 5.0) is True
    assert is_speech(Transcript("Do you see what the others have seen there?", 0.53), GLIDE, 5.0, one_language=True)

from __future__ import annotations

import threading

import numpy as np
import pytest
from speechzip.pipeline import EngineError, SpeechzipWarning, Voice
from speechzip.voices import ClassicalVoice, EspeakSynthesizer, espeak
from speechzip.voices.pitch import fundamental_frequency

SENTENCE = "We are quite satisfied now, captain, and we leave for the coast tomorrow morning."


def voice(pitch_hz: float, **fields: float) -> Voice:
    return Voice("classical", ClassicalVoice(pitch_hz=pitch_hz, **fields).to_bytes())  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def synthesizer() -> EspeakSynthesizer:
    return EspeakSynthesizer()


@pytest.mark.parametrize("pitch_hz", [85, 110, 140, 180, 220, 260])
def test_pitch(synthesizer: EspeakSynthesizer, pitch_hz: float) -> None:
    speech = synthesizer.synthesize(SENTENCE, voice(pitch_hz), None, "en")
    assert np.median(fundamental_frequency(speech, synthesizer.sample_rate)) == pytest.approx(pitch_hz, rel=0.1)


@pytest.mark.parametrize("duration_s", [3.0, 4.5, 6.5])
@pytest.mark.parametrize("pitch_hz", [90, 210])
def test_duration(synthesizer: EspeakSynthesizer, duration_s: float, pitch_hz: float) -> None:
    speech = synthesizer.synthesize(SENTENCE, voice(pitch_hz), duration_s, "en")
    assert len(speech) / synthesizer.sample_rate == pytest.approx(duration_s, rel=0.04)


def test_speech_starts_at_once_and_is_level(synthesizer: EspeakSynthesizer) -> None:
    speech = synthesizer.synthesize(SENTENCE, voice(120), 5.0, "en")
    assert np.abs(speech[:800]).max() > 0.005
    assert np.abs(speech).max() <= 0.95
    assert speech.dtype == np.float32
    assert np.sqrt(np.square(speech).mean()) == pytest.approx(0.06, abs=0.02)


def test_colour_makes_a_difference(synthesizer: EspeakSynthesizer) -> None:
    bright = ClassicalVoice(pitch_hz=120, colour_db=(*[-10.0] * 8, *[10.0] * 8)).to_bytes()
    dark = ClassicalVoice(pitch_hz=120, colour_db=(*[10.0] * 8, *[-10.0] * 8)).to_bytes()
    energy: list[float] = []
    for embedding in (bright, dark):
        speech = synthesizer.synthesize(SENTENCE, Voice("classical", embedding), 5.0, "en")
        spectrum = np.square(np.abs(np.fft.rfft(speech)))
        energy.append(float(spectrum[len(spectrum) // 4 :].sum() / spectrum.sum()))
    assert energy[0] > 4 * energy[1]


@pytest.mark.parametrize("text", ["", "...", "\0", "\U0001f600", "\x07\x1b[31m"])
def test_nothing_to_say(synthesizer: EspeakSynthesizer, text: str) -> None:
    assert np.isfinite(synthesizer.synthesize(text, voice(120), 1.0, "en")).all()


@pytest.mark.parametrize("text", ["O'Neill-Ångström 12:45 #42", "你好", "<speak>&amp;</speak>", "[[h@'loU]]"])
def test_any_text(synthesizer: EspeakSynthesizer, text: str) -> None:
    assert len(synthesizer.synthesize(text, None, None, "en")) > 1000


def test_an_endless_text_ends(synthesizer: EspeakSynthesizer) -> None:
    assert len(synthesizer.synthesize("blah " * 20000, voice(120), 1.0, "en")) <= 61 * 16000


def test_other_languages(synthesizer: EspeakSynthesizer) -> None:
    german = synthesizer.synthesize("Guten Morgen zusammen", voice(120), None, "de")
    english = synthesizer.synthesize("Guten Morgen zusammen", voice(120), None, "en")
    assert not np.array_equal(german, english)
    with pytest.warns(SpeechzipWarning, match="'yo'"):
        synthesizer.synthesize("Bawo ni", None, None, "yo")


def test_threads_take_turns() -> None:
    expected = espeak.speak(SENTENCE, espeak.Speech(), 20)
    results: list[bool] = []

    def talk() -> None:
        lengths = [len(espeak.speak(SENTENCE, espeak.Speech(), 20)) for _ in range(3)]
        results.extend(abs(length - len(expected)) < 2000 for length in lengths)

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 12


def test_unknown_voice() -> None:
    with pytest.raises(EngineError, match="no voice named 'martian'"):
        espeak.speak("Ack", espeak.Speech("martian"), 5)

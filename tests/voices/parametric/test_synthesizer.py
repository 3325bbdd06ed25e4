from __future__ import annotations

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from speechzip.pipeline import LANGUAGES, MAX_UTTERANCE_S, EngineError, SpeechzipWarning, Voice
from speechzip.voices import EspeakSynthesizer, ParametricVoice, espeak
from speechzip.voices.acoustics.pitch import fundamental_frequency
from speechzip.voices.parametric.espeak_bases import espeak_bases, measure_base

SENTENCE = "We are quite satisfied now, captain, and we leave for the coast tomorrow morning."


def voice(pitch_hz: float, **fields: float) -> Voice:
    return Voice("classical", ParametricVoice(pitch_hz=pitch_hz, **fields).to_bytes())  # type: ignore[arg-type]


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


def test_envelope_correction_makes_a_difference(synthesizer: EspeakSynthesizer) -> None:
    bright = ParametricVoice(pitch_hz=120, envelope_correction_db=(*[-10.0] * 8, *[10.0] * 8)).to_bytes()
    dark = ParametricVoice(pitch_hz=120, envelope_correction_db=(*[10.0] * 8, *[-10.0] * 8)).to_bytes()
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


@pytest.mark.models
@pytest.mark.parametrize("text", ["blah " * 20000, "9" * 2000, "." * 100_000, "a" * 10_000])
@pytest.mark.parametrize("pitch_hz", [50, 790])
def test_an_endless_text_ends(synthesizer: EspeakSynthesizer, text: str, pitch_hz: float) -> None:
    for duration_s in (1.0, 86400.0, None):
        speech = synthesizer.synthesize(text, voice(pitch_hz), duration_s, "en")
        assert len(speech) <= MAX_UTTERANCE_S * synthesizer.sample_rate


@pytest.mark.models
@pytest.mark.filterwarnings("ignore::speechzip.pipeline.SpeechzipWarning")
@pytest.mark.parametrize("pitch_hz", [50, 64, 76, 790])
def test_any_language_in_the_lowest_and_the_highest_voice(synthesizer: EspeakSynthesizer, pitch_hz: float) -> None:
    for language in LANGUAGES:
        speech = synthesizer.synthesize("Papa 1", voice(pitch_hz), 1.0, language)
        assert np.isfinite(speech).all(), language
        assert len(speech) > 1000, language


@pytest.mark.parametrize("before", [("你好", "zh", 50), ("blah " * 2000, "en", 300), ("Guten Tag", "de", 120)])
def test_what_was_spoken_before_changes_nothing(synthesizer: EspeakSynthesizer, before: tuple[str, str, float]) -> None:
    expected = synthesizer.synthesize("She sells fishes. Hush!", voice(210), 2.0, "en")
    text, language, pitch_hz = before
    synthesizer.synthesize(text, voice(pitch_hz), None, language)
    assert np.array_equal(synthesizer.synthesize("She sells fishes. Hush!", voice(210), 2.0, "en"), expected)


def test_the_table_holds_what_the_voices_measure() -> None:
    for base in espeak_bases().values():
        assert list(base.pitches_hz) == sorted(base.pitches_hz), base.name
        assert np.isfinite(base.spectrum_db).all(), base.name
    for name in ("en-us+m1", "vi+m1"):
        measured, shipped = measure_base(name), espeak_bases()[name]
        assert shipped.pitches_hz == pytest.approx(measured.pitches_hz, rel=0.01)
        assert shipped.spectrum_db == pytest.approx(measured.spectrum_db, abs=0.5)


def test_every_language_that_espeak_speaks_is_in_the_table() -> None:
    voices = {espeak.voice_for(language) for language in LANGUAGES} - {None}
    assert {name.partition("+")[0] for name in espeak_bases()} == voices


def test_an_exception_in_the_middle_of_speech_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "frombuffer", interrupt)
    with pytest.raises(KeyboardInterrupt):
        espeak.speak(SENTENCE, espeak.Speech(), 20)


def test_a_text_that_crashes_espeak_is_one_error_and_the_next_one_is_spoken(synthesizer: EspeakSynthesizer) -> None:
    """Found by fuzzing: a segmentation fault in espeak-ng 1.52. A payload of 30 bytes may hold it."""
    expected = synthesizer.synthesize(SENTENCE, None, None, "en")
    with pytest.raises(EngineError, match="espeak-ng crashed on a text of 5 characters"):
        synthesizer.synthesize("?-b/c", None, None, "vi")
    assert np.array_equal(synthesizer.synthesize(SENTENCE, None, None, "en"), expected)


def test_a_text_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    espeak.speak("Ack", espeak.Speech(), 5)
    process = espeak._PROCESS._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    monkeypatch.setattr(espeak, "ANSWER_S", 0.2)
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(EngineError, match="espeak-ng crashed"):
        espeak.speak("Ack", espeak.Speech(), 5)
    assert process.poll() is not None


def test_a_forked_process_has_an_espeak_of_its_own() -> None:
    expected = espeak.speak(SENTENCE, espeak.Speech(), 20)
    code = (
        "import os, speechzip.voices.espeak as espeak\n"
        "say = lambda: espeak.speak('Hello', espeak.Speech(), 9).tobytes()\n"
        "first = say(); child = os.fork()\n"
        "if child == 0: os._exit(say() != first)\n"
        "same = [say() == first for _ in range(3)]; _, status = os.waitpid(child, 0)\n"
        "raise SystemExit(status or same != [True] * 3)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=100).returncode == 0
    assert np.array_equal(espeak.speak(SENTENCE, espeak.Speech(), 20), expected)


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
        results.extend(np.array_equal(espeak.speak(SENTENCE, espeak.Speech(), 20), expected) for _ in range(3))

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 12


def test_unknown_voice() -> None:
    with pytest.raises(EngineError, match="no voice named 'martian'"):
        espeak.speak("Ack", espeak.Speech("martian"), 5)

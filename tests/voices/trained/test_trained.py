from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from jiwer import wer
from speechzip.pipeline import (
    MAX_UTTERANCE_S,
    EngineError,
    Melody,
    Samples,
    SpeechzipWarning,
    Utterance,
    Voice,
    load_engine,
    resample,
)
from speechzip.voices import (
    EspeakSynthesizer,
    ParametricVoice,
    ScalableVoice,
    TrainedSynthesizer,
    TrainedVoice,
    TrainedVoiceEncoder,
)
from speechzip.voices.acoustics.melspectrum import level_db, mel_spectrum, normalized, speech_frames
from speechzip.voices.acoustics.pitch import fundamental_frequency, pitch_track
from speechzip.voices.spaces.scalable_voice import CLASSES, ENVELOPE, SIZES, SPACE
from speechzip.voices.streaming import LONGEST_STREAMED
from speechzip.voices.trained.corrections import class_difference, corrections, with_missing_bands
from speechzip.voices.trained.networks import weight_arrays
from whisper_normalizer.english import EnglishTextNormalizer

pytestmark = pytest.mark.models

SENTENCE = "We are quite satisfied now, captain, and we leave for the coast tomorrow morning."


def voice(pitch_hz: float, timbre: float = 0.0) -> Voice:
    return Voice(SPACE, ScalableVoice(pitch_hz=pitch_hz, timbre=(timbre,) * 20).to_bytes())


@pytest.fixture(scope="module")
def synthesizer() -> TrainedSynthesizer:
    return TrainedSynthesizer()


@pytest.fixture(scope="module")
def read_again() -> Callable[[Samples], str]:
    recognizer = load_engine("recognizer")
    normalize = EnglishTextNormalizer()
    return lambda speech: normalize(recognizer.transcribe(np.pad(speech, 4000)).text)


@pytest.fixture(scope="module")
def readers(wheel_recording: Callable[[str], Path]) -> dict[str, Samples]:
    found: dict[str, Samples] = {}
    for name in ("two_cities", "beckett"):
        samples, rate = soundfile.read(str(wheel_recording(f"{name}.wav")), dtype="float32", always_2d=True)
        found[name] = resample(np.asarray(samples[:, 0], np.float32), rate, 16_000)[: 20 * 16_000]
    return found


@pytest.mark.parametrize("pitch_hz", [90, 120, 160, 220])
def test_pitch(synthesizer: TrainedSynthesizer, pitch_hz: float) -> None:
    speech = synthesizer.synthesize(SENTENCE, voice(pitch_hz), None, "en")
    measured = np.exp(np.log(fundamental_frequency(speech, synthesizer.sample_rate)).mean())
    assert measured == pytest.approx(pitch_hz, rel=0.15)


def pitch_of(speech: Samples) -> float:
    return float(np.exp(np.log(fundamental_frequency(speech, 16_000)).mean()))


def test_a_melody_moves_the_pitch_and_nothing_else(synthesizer: TrainedSynthesizer) -> None:
    usual = synthesizer.synthesize(SENTENCE, voice(120), 5.0, "en")
    assert np.array_equal(synthesizer.synthesize_melody(SENTENCE, voice(120), 5.0, "en", Melody()), usual)
    for semitones in (-6, 6, 9):
        bent = synthesizer.synthesize_melody(SENTENCE, voice(120), 5.0, "en", Melody((semitones,)))
        assert len(bent) == pytest.approx(len(usual), abs=1600)  # the last frames are loud enough or just not
        assert pitch_of(bent) / pitch_of(usual) == pytest.approx(2 ** (semitones / 12), rel=0.05)
    falling = synthesizer.synthesize_melody(SENTENCE, voice(120), 5.0, "en", Melody((9, -9)))
    assert pitch_of(falling[:24_000]) > 1.4 * pitch_of(usual[:24_000])
    assert pitch_of(falling[-24_000:]) < 0.8 * pitch_of(usual[-24_000:])


@pytest.mark.parametrize("text", ["Are you coming?", "You are going home now. " * 30])  # the second one in pieces
def test_a_rise_is_heard_at_the_end(synthesizer: TrainedSynthesizer, text: str) -> None:
    ends: list[float] = []
    for melody in (Melody(), Melody((), 12)):
        track = pitch_track(synthesizer.synthesize_melody(text, voice(120), None, "en", melody), 16_000)
        ends.append(float(track[track > 0][-5:].mean()))
    assert ends[1] / ends[0] > 1.3  # 4.5 semitones; the last of the twelve come in frames that are nearly silent


def test_the_wildest_melody_stays_a_voice(synthesizer: TrainedSynthesizer) -> None:
    for pitch_hz, melody in ((50, Melody((-9,) * 8, -12, -12)), (790, Melody((9,) * 8, 12, 6))):
        spoken = synthesizer.synthesize_melody(SENTENCE, voice(pitch_hz), 5.0, "en", melody)
        assert np.isfinite(spoken).all()
        assert np.abs(spoken).max() <= 0.951


def test_what_espeak_says_has_no_melody(synthesizer: TrainedSynthesizer) -> None:
    with pytest.warns(SpeechzipWarning, match="English only"):
        spoken = synthesizer.synthesize_melody("Guten Morgen!", voice(120), None, "de", Melody((9,)))
    with pytest.warns(SpeechzipWarning, match="English only"):
        assert np.array_equal(spoken, synthesizer.synthesize("Guten Morgen!", voice(120), None, "de"))


def test_our_own_speech_needs_no_melody_and_bent_speech_the_one_it_has(synthesizer: TrainedSynthesizer) -> None:
    encoder, who = TrainedVoiceEncoder(), voice(120)
    said = Utterance(0.0, 5.0, 0, SENTENCE)
    for melody in (None, Melody((6,)), Melody((-3,)), Melody((), 12)):
        spoken = synthesizer.synthesize_melody(SENTENCE, who, 5.0, "en", melody or Melody())
        assert encoder.melodies(who, [said], [encoder.contour(spoken)]) == [melody]
    foreign = replace(said, text="Guten Morgen!", language="de")
    assert encoder.melodies(who, [foreign], [encoder.contour(spoken)]) == [None]


@pytest.mark.parametrize("duration_s", [4.0, 5.5, 7.0])
def test_duration(synthesizer: TrainedSynthesizer, duration_s: float) -> None:
    speech = synthesizer.synthesize(SENTENCE, voice(120), duration_s, "en")
    assert len(speech) / synthesizer.sample_rate == pytest.approx(duration_s, rel=0.06)


def test_intelligible_speech_is_worth_more_than_the_length(synthesizer: TrainedSynthesizer) -> None:
    lengths = [len(synthesizer.synthesize(SENTENCE, voice(120), duration_s, "en")) for duration_s in (0.1, None, 60.0)]
    assert lengths[0] > 0.5 * lengths[1] > 0.2 * lengths[2]


def test_speech_starts_at_once_and_is_level(synthesizer: TrainedSynthesizer) -> None:
    speech = synthesizer.synthesize(SENTENCE, voice(120), 5.0, "en")
    assert np.abs(speech[:1600]).max() > 0.005
    assert np.abs(speech).max() <= 0.951
    assert speech.dtype == np.float32
    assert np.sqrt(np.square(speech).mean()) == pytest.approx(0.06, abs=0.02)


@pytest.mark.parametrize("who", [None, voice(100), voice(210, 0.3)])
def test_words_are_understood(
    synthesizer: TrainedSynthesizer, read_again: Callable[[Samples], str], who: Voice | None
) -> None:
    text = "The boat left the harbour at noon with seven men, two dogs and a barrel of fresh water."
    speech = synthesizer.synthesize(text, who, None, "en")
    assert wer(EnglishTextNormalizer()(text), read_again(speech)) <= 0.25


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("Dr. O'Neill paid $1,234.50 at 3:45 p.m. on Friday.", ["doctor", "1234", "345", "friday"]),
        ("Meet me on March 3rd, 2024.", ["march 3rd 2024"]),
        ("It costs 25% more than in 1999.", ["25", "1999"]),
    ],
)
def test_numbers_times_and_money(
    synthesizer: TrainedSynthesizer, read_again: Callable[[Samples], str], text: str, heard: list[str]
) -> None:
    words = read_again(synthesizer.synthesize(text, voice(130), None, "en")).replace(":", "").replace(",", "")
    assert sum(part in words for part in heard) >= len(heard) - 1, words


@pytest.mark.parametrize("text", ["", " ", "…", "?!", "🙂", "\x00"])
def test_nothing_to_say(synthesizer: TrainedSynthesizer, text: str) -> None:
    assert len(synthesizer.synthesize(text, voice(120), 1.0, "en")) == 0


@pytest.mark.parametrize("text", ["a", "Hm.", "x" * 500, "word " * 120, "zzxqj vlk", "ÀÉÎ õü ß naïve", "a\nb\tc"])
def test_any_text_is_said(synthesizer: TrainedSynthesizer, text: str) -> None:
    speech = synthesizer.synthesize(text, voice(120), None, "en")
    assert 0 < len(speech) <= 60 * synthesizer.sample_rate
    assert np.isfinite(speech).all()


@pytest.mark.parametrize("text", ["and so on " * 50_000, "7" * 100_000, "... " * 50_000, "$1" * 50_000])
def test_endless_text_ends(synthesizer: TrainedSynthesizer, text: str) -> None:
    assert len(synthesizer.synthesize(text, voice(120), 3600.0, "en")) <= 60 * synthesizer.sample_rate


@pytest.mark.parametrize("embedding", [b"", b"\xff" * 16, b"\x00" * 16, b"\x80" * 64])
def test_any_bytes_are_a_voice(synthesizer: TrainedSynthesizer, embedding: bytes) -> None:
    speech = synthesizer.synthesize("Good morning.", Voice(SPACE, embedding or b"\x00"), 1.0, "en")
    assert np.isfinite(speech).all()
    assert speech.any()


@pytest.mark.parametrize(("text", "language"), [("Guten Morgen, wie geht es?", "de"), ("Привет, как дела?", "en")])
def test_another_language_is_espeaks(synthesizer: TrainedSynthesizer, text: str, language: str) -> None:
    with pytest.warns(SpeechzipWarning, match="espeak-ng speaks"):
        speech = synthesizer.synthesize(text, voice(200), None, language)
    assert np.median(fundamental_frequency(speech, synthesizer.sample_rate)) == pytest.approx(200, rel=0.15)


def test_a_parametric_voice_sounds_as_it_did(synthesizer: TrainedSynthesizer) -> None:
    parametric = Voice("classical", ParametricVoice(pitch_hz=110).to_bytes())
    speech = synthesizer.synthesize(SENTENCE, parametric, 5.0, "en")
    assert len(speech) == pytest.approx(len(EspeakSynthesizer().synthesize(SENTENCE, parametric, 5.0, "en")), abs=400)


def test_the_same_every_time_in_any_thread(synthesizer: TrainedSynthesizer) -> None:
    expected = synthesizer.synthesize(SENTENCE, voice(120), None, "en")
    results: list[Samples] = []
    threads = [
        threading.Thread(target=lambda: results.append(synthesizer.synthesize(SENTENCE, voice(120), None, "en")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, expected) for result in results)


def test_streaming(synthesizer: TrainedSynthesizer) -> None:
    text = "One thing first. " * 20
    pieces = list(synthesizer.stream(text, voice(120), "en"))
    assert len(pieces) >= len(text) // (2 * LONGEST_STREAMED)
    assert all(0.3 < len(piece) / synthesizer.sample_rate < 15 for piece in pieces)
    whole = synthesizer.synthesize(text, voice(120), None, "en")
    assert sum(map(len, pieces)) == pytest.approx(len(whole), rel=0.25)


@pytest.mark.parametrize(("text", "language"), [("7" * 2000, "en"), ("привет " * 300, "ru")])
def test_streamed_speech_ends_with_the_minute(synthesizer: TrainedSynthesizer, text: str, language: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SpeechzipWarning)
        said = sum(len(piece) for piece in synthesizer.stream(text, voice(120), language))
    assert 0.9 * MAX_UTTERANCE_S <= said / synthesizer.sample_rate <= MAX_UTTERANCE_S


def test_a_reader_is_told_from_another(readers: dict[str, Samples]) -> None:
    encoder = TrainedVoiceEncoder()
    halves = [
        ScalableVoice.from_bytes(encoder.encode(half, "").embedding)
        for samples in readers.values()
        for half in np.array_split(samples, 2)
    ]
    timbre = np.array([half.timbre for half in halves])
    distance = np.linalg.norm(timbre[:, np.newaxis] - timbre, axis=2)
    assert max(distance[0, 1], distance[2, 3]) < distance[:2, 2:].min()


def test_what_is_measured(readers: dict[str, Samples]) -> None:
    samples = readers["beckett"]
    measured = ScalableVoice.from_bytes(TrainedVoiceEncoder().encode(samples, "word " * 25).embedding)
    pitch = np.log(fundamental_frequency(samples, 16_000))
    assert measured.pitch_hz == pytest.approx(np.exp(pitch.mean()), rel=0.02)
    assert measured.pitch_deviation == pytest.approx(pitch.std(), abs=0.02)
    assert len(TrainedVoiceEncoder().encode(samples, "").embedding) == 64


def test_each_layer_of_corrections_brings_the_spectrum_nearer(
    synthesizer: TrainedSynthesizer, readers: dict[str, Samples]
) -> None:
    text = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
    whole = ScalableVoice.from_bytes(TrainedVoiceEncoder().encode(readers["beckett"], text).embedding)
    layers = [
        replace(whole, envelope=(0.0,) * ENVELOPE, classes=(0.0,) * CLASSES),
        replace(whole, classes=(0.0,) * CLASSES),
    ]

    def spectrum(speech: Samples) -> Samples:
        mean = speech_frames(mel_spectrum(normalized(speech))).mean(axis=0)
        return np.asarray(mean - mean.mean(), np.float32)

    def classes(speech: Samples) -> Samples:
        spectra = level_db(speech_frames(mel_spectrum(normalized(speech))))
        recorded = level_db(speech_frames(mel_spectrum(normalized(readers["beckett"]))))
        return class_difference(recorded, spectra, corrections().mel_centers).astype(np.float32)

    wanted = spectrum(readers["beckett"])
    spoken = [synthesizer.synthesize(text, Voice(SPACE, who.to_bytes()), None, "en") for who in (*layers, whole)]
    errors = [np.abs(spectrum(speech) - wanted).mean() for speech in spoken]
    assert errors[1] < 0.9 * errors[0]
    assert np.square(classes(spoken[2])).sum() < 0.9 * np.square(classes(spoken[1])).sum()


@pytest.mark.parametrize("size", SIZES)
def test_a_voice_of_any_size_speaks(synthesizer: TrainedSynthesizer, readers: dict[str, Samples], size: int) -> None:
    who = TrainedVoiceEncoder().encode(readers["beckett"], "Ever tried. Ever failed.").shortened(size)
    speech = synthesizer.synthesize(SENTENCE, who, 5.0, "en")
    assert len(who.embedding) == size
    assert pitch_of(speech) == pytest.approx(ScalableVoice.from_bytes(who.embedding).pitch_hz, rel=0.15)


@pytest.mark.parametrize("pitch_hz", [100, 200])
def test_a_voice_of_the_first_space_speaks_at_its_pitch(synthesizer: TrainedSynthesizer, pitch_hz: float) -> None:
    spoken = [
        synthesizer.synthesize(SENTENCE, Voice("trained-1", first.to_bytes()), 5.0, "en")
        for first in (TrainedVoice(pitch_hz=pitch_hz), TrainedVoice(pitch_hz=pitch_hz, timbre=(1.0,) * 20))
    ]
    assert [pitch_of(speech) for speech in spoken] == pytest.approx([pitch_hz, pitch_hz], rel=0.15)
    plain, timbre = (mel_spectrum(speech)[:400] for speech in spoken)
    assert not np.array_equal(plain, timbre)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(100), np.zeros(16_000), np.full(400, 0.5)])
def test_no_speech_is_a_voice_all_the_same(samples: Samples) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(TrainedVoiceEncoder().encode(samples.astype(np.float32), "").embedding) == 64


def test_what_a_telephone_cuts_off_is_filled_in(readers: dict[str, Samples]) -> None:
    samples = readers["two_cities"]
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    spectrum[(hz < 300) | (hz > 3400)] = 0
    by_telephone = np.fft.irfft(spectrum, len(samples)).astype(np.float32)
    recorded, telephone = (level_db(speech_frames(mel_spectrum(normalized(one)))) for one in (samples, by_telephone))
    assert with_missing_bands(recorded, recorded) is None
    filled = with_missing_bands(telephone, recorded)
    assert filled is not None
    error = np.abs(filled.mean(axis=0) - recorded.mean(axis=0))
    assert error.mean() < 0.7 * np.abs(telephone.mean(axis=0) - recorded.mean(axis=0)).mean()
    assert with_missing_bands(np.full_like(recorded, -90.0), recorded) is None  # nothing to go by


def test_damaged_weights_are_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def here(_package: str) -> Path:
        return tmp_path

    monkeypatch.setattr("speechzip.voices.trained.networks.files", here)
    (tmp_path / "weights").mkdir()
    for content in (b"PK\x03\x04 no archive", b"", b"rubbish"):
        (tmp_path / "weights" / "corrections.npz").write_bytes(content)
        with pytest.raises(EngineError, match="reinstall speechzip"):
            weight_arrays("corrections.npz", ["mel_centers"])
    np.savez(tmp_path / "weights" / "corrections.npz", others=np.zeros(1))
    with pytest.raises(EngineError, match="reinstall speechzip"):
        weight_arrays("corrections.npz", ["mel_centers"])
    with pytest.raises(EngineError, match="reinstall speechzip"):
        weight_arrays("nothing.npz", ["mel_centers"])

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from speechzip.voices.acoustics import vocoder
from speechzip.voices.acoustics.melspectrum import mel_spectrum, normalized, speech_frames
from speechzip.voices.acoustics.pitch import fundamental_frequency
from speechzip.voices.acoustics.vocoder import BANDS, FFT_SIZE, HOP_LENGTH, SAMPLE_RATE, pulses, vocode
from speechzip.voices.trained.networks import frame_positions


def levels(frames: int, level_db: float) -> npt.NDArray[np.float32]:
    return np.full((frames, BANDS), level_db, np.float32)


def test_pulses_are_of_unit_power_and_flat() -> None:
    train = pulses(np.full(200, 125, np.float32), 200 * HOP_LENGTH)
    assert np.square(train).mean() == pytest.approx(1, rel=0.02)
    # 125 Hz: a period of 128 samples, 63 harmonics in the bins 8, 16, ... of a window of 1024.
    spectrum = np.abs(np.fft.rfft(train[4096 : 4096 + FFT_SIZE]))
    harmonics = spectrum[8:-8:8]
    assert harmonics.min() > 0.9 * harmonics.max()
    assert np.delete(spectrum, np.arange(0, len(spectrum), 8)).max() < 0.02 * harmonics.max()


@pytest.mark.parametrize("pitch_hz", [90, 123.4, 220, 390])
def test_pitch(pitch_hz: float) -> None:
    frames = 100
    speech = vocode(np.full(frames, pitch_hz, np.float32), levels(frames, -20), levels(frames, -60))
    assert speech.shape == (frames * HOP_LENGTH,)
    assert speech.dtype == np.float32
    assert np.median(fundamental_frequency(speech, SAMPLE_RATE)) == pytest.approx(pitch_hz, rel=0.005)


@pytest.mark.parametrize("level_db", [-40.0, -20.0])
def test_level(level_db: float) -> None:
    frames, pitch = 200, np.full(200, 120, np.float32)
    noise = vocode(pitch, levels(frames, -120), levels(frames, level_db))[1600:-1600]
    pulse = vocode(pitch, levels(frames, level_db), levels(frames, -120))[1600:-1600]
    assert 10 * np.log10(np.square(noise).mean()) == pytest.approx(level_db, abs=0.3)
    assert 10 * np.log10(np.square(pulse).mean()) == pytest.approx(level_db, abs=0.3)


def test_an_envelope_comes_out_as_it_went_in() -> None:
    frames = 300
    envelope = np.interp(np.arange(BANDS), [0, 20, 40, 63], [-30, -20, -45, -60]).astype(np.float32)
    speech = vocode(np.full(frames, 100, np.float32), levels(frames, -120), np.tile(envelope, (frames, 1)))
    measured = mel_spectrum(speech)[20:-20].mean(axis=0)
    difference = measured - envelope
    assert np.abs(difference - difference.mean())[2:].max() < 2.5


def test_the_same_every_time() -> None:
    arguments = (np.full(20, 100, np.float32), levels(20, -30), levels(20, -30))
    assert np.array_equal(vocode(*arguments), vocode(*arguments))


def test_one_frame() -> None:
    assert vocode(np.full(1, 100, np.float32), levels(1, -30), levels(1, -30)).shape == (HOP_LENGTH,)


def test_a_tone_is_in_its_band() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE).astype(np.float32)
    band = int(np.argmax(mel_spectrum(tone)[50]))
    assert band == np.argmin(np.abs(vocoder.band_frequencies() - 1000))
    assert len(mel_spectrum(tone)) == SAMPLE_RATE // HOP_LENGTH + 1


def test_speech_is_leveled_and_its_pauses_are_left_out() -> None:
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
    half = np.concatenate([0.3 * noise, np.zeros(SAMPLE_RATE, np.float32)])
    assert np.sqrt(np.square(normalized(half)[:SAMPLE_RATE]).mean()) == pytest.approx(0.05, rel=0.05)
    assert len(speech_frames(mel_spectrum(half))) == pytest.approx(100, abs=4)
    assert np.array_equal(normalized(np.zeros(1000, np.float32)), np.zeros(1000, np.float32))


def test_places() -> None:
    place = frame_positions(np.array([2, 0, 1]))
    assert place.shape == (3, 4)
    assert place[:, 0] == pytest.approx([0.25, 0.75, 0.5])
    assert place[:, 1] == pytest.approx([0.75, 0.25, 0.5])
    assert place[:, 2] == pytest.approx([np.log(2) / 3, np.log(2) / 3, 0])

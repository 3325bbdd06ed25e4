"""When the first word starts, whatever is heard in front of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr
from speechzip.eval.metrics import alignment
from speechzip.eval.metrics.alignment import load_aligner, word_start_s
from speechzip.eval.run.observe import read_audio
from speechzip.pipeline import ENGINE_SAMPLE_RATE, EngineError, Samples, VoiceEncoder, compress, decompress

TEXT = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
LEVEL_RISES_S, VOICE_IS_FULL_S = 0.27, 0.34
"""The level leaves the noise (-58 dB, then -50), and has reached that of the vowel (-31 dB)."""


@pytest.fixture(scope="module")
def beckett(wheel_recording: Callable[[str], Path]) -> Samples:
    pytest.importorskip("pocketsphinx")
    return np.asarray(read_audio(wheel_recording("beckett.wav")).samples, np.float32)


def test_the_first_word(beckett: Samples) -> None:
    start_s = word_start_s(beckett, TEXT)
    assert start_s is not None
    assert LEVEL_RISES_S <= start_s <= VOICE_IS_FULL_S


def test_it_moves_with_the_words(beckett: Samples) -> None:
    start_s = word_start_s(beckett, TEXT)
    assert start_s is not None
    quiet = (1e-3 * np.random.default_rng(0).standard_normal(ENGINE_SAMPLE_RATE // 2)).astype(np.float32)
    later_s = word_start_s(np.concatenate([quiet, beckett]), TEXT)
    assert later_s == pytest.approx(start_s + 0.5, abs=0.021)


def test_a_breath_and_a_click_move_nothing(beckett: Samples) -> None:
    start_s = word_start_s(beckett, TEXT)
    assert start_s is not None
    generator = np.random.default_rng(0)
    breath = 0.02 * np.hanning(6400) * generator.standard_normal(6400)
    click = 0.3 * np.hanning(32)
    pause = 1e-3 * generator.standard_normal(3200)
    before = np.concatenate([pause, breath, pause, click, pause]).astype(np.float32)
    later_s = word_start_s(np.concatenate([before, beckett]), TEXT)
    assert later_s == pytest.approx(start_s + len(before) / ENGINE_SAMPLE_RATE, abs=0.03)


def test_digital_silence_is_like_quiet_noise(
    wheel_recording: Callable[[str], Path], quick_voices: VoiceEncoder
) -> None:
    """Its words start 30 ms later without the aligner's own noise."""
    compressed = compress(wheel_recording("two_cities.wav"), voice_encoder=quick_voices)
    decoded = decompress(compressed.data)
    samples = np.asarray(soxr.resample(decoded.samples, decoded.sample_rate, ENGINE_SAMPLE_RATE), np.float32)
    noises = [np.random.default_rng(seed).standard_normal(len(samples), np.float32) for seed in range(3)]
    noisy = [np.asarray(samples + np.float32(1e-3) * noise, np.float32) for noise in noises]
    starts = [word_start_s(sound, compressed.text) for sound in noisy]
    assert None not in starts
    assert word_start_s(samples, compressed.text) == pytest.approx(np.median(np.array(starts)), abs=0.011)


def test_other_words_and_no_words(beckett: Samples) -> None:
    assert word_start_s(beckett, "") is None
    assert word_start_s(beckett, "...") is None
    assert word_start_s(beckett[:1000], TEXT) is None
    assert word_start_s(beckett[:ENGINE_SAMPLE_RATE], TEXT) is None  # 19 syllables do not fit into a second


def test_a_missing_aligner_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, alignment.ALIGNER, None)
    load_aligner.cache_clear()
    with pytest.raises(EngineError, match=r"pip install 'speechzip\[eval\]'"):
        load_aligner()

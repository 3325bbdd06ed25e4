from __future__ import annotations

import numpy as np
import pytest
from speechzip.voices.acoustics.spectrum import (
    BAND_EDGES_HZ,
    BANDS,
    LEVEL_BANDS,
    TYPICAL_DB,
    average_spectrum,
    equalize,
)

NOISE = np.random.default_rng(0).normal(0, 0.1, 160000).astype(np.float32)


def test_white_noise_is_flat() -> None:
    spectrum = average_spectrum(NOISE, 16000)
    assert np.abs(spectrum).max() < 0.5
    assert spectrum[LEVEL_BANDS].mean() == pytest.approx(0, abs=1e-9)


def test_equalizing_moves_the_spectrum_as_told() -> None:
    gain = np.linspace(-8, 8, BANDS)
    moved = average_spectrum(equalize(NOISE, 16000, gain), 16000)
    assert moved == pytest.approx(gain - gain[LEVEL_BANDS].mean(), abs=1.5)
    flat = equalize(NOISE, 16000, np.zeros(BANDS))
    assert np.abs(flat - NOISE).max() < 1e-5


def test_too_short_to_tell() -> None:
    assert average_spectrum(NOISE[:100], 16000).tolist() == list(TYPICAL_DB)
    assert average_spectrum(np.zeros(16000, np.float32), 16000).tolist() == list(TYPICAL_DB)
    assert len(BAND_EDGES_HZ) == BANDS + 1

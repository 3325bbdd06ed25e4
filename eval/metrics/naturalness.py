"""Naturalness, estimated by a network that was trained on listeners' scores: DNSMOS (Reddy et al. 2022).

The network is inside the wheel ``speechmos`` and is run here directly: the wheel's own code needs
librosa, for a second network that is not used, and takes all cores for each recording.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from speechzip.pipeline import ENGINE_SAMPLE_RATE, Samples, open_session, package_folder

NATURALNESS = "DNSMOS P.835 (speechmos 0.0.1.1)"
"""Name of the measure in reports."""
LENGTH = 144_160
"""Samples that the network takes: 9.01 s at 16 kHz. Shorter sound is repeated until it fills them."""
MOST_WINDOWS = 3
"""Number of windows of a longer recording, spread evenly, a third of a second of work each. (speechmos takes one every
second, even in its own repetitions.)"""
CURVES = {
    "signal": (-0.08397278, 1.22083953, 0.0052439),
    "background": (-0.13166888, 1.60915514, -0.39604546),
    "overall": (-0.06766283, 1.11546468, 0.04602535),
}
"""Scale -> polynomial from the network's output to listeners' scores, in the order of the outputs (DNS-Challenge's
`dnsmos_local.py`, not personalized)."""


class Dnsmos:
    """Sound to scores from 1 (bad) to 5 (excellent)."""

    name = NATURALNESS

    def __init__(self) -> None:
        """Load the network of the wheel.

        Raises:
            EngineError: it is not installed.
        """
        folder = package_folder("speechmos", "pip install 'speechzip[eval]'")
        self._session = open_session(folder / "dnsmos_models" / "sig_bak_ovr.onnx")

    def score(self, samples: Samples) -> dict[str, float]:
        """Return scale -> score of float32 [T], mono, 16 kHz; nothing for silence."""
        if not np.any(samples):
            return {}
        repeats = -(-LENGTH // len(samples))
        samples = np.tile(samples, repeats)
        last = len(samples) - LENGTH if repeats == 1 else 0
        count = min(MOST_WINDOWS, 1 + last // ENGINE_SAMPLE_RATE)
        starts = [last * place // max(1, count - 1) for place in range(count)]
        windows = (np.clip(samples[start : start + LENGTH], -1, 1)[np.newaxis] for start in starts)
        raw = np.array([self._session.run(None, {"input_1": window})[0][0] for window in windows], np.float64)
        return {
            scale: round(float(np.polyval(curve, raw[:, place]).mean()), 4)
            for place, (scale, curve) in enumerate(CURVES.items())
        }


@lru_cache(maxsize=1)
def load_naturalness() -> Dnsmos:
    """Return the measure, loaded once in each process.

    Raises:
        EngineError: it is not installed; says what to run.
    """
    return Dnsmos()

"""Read recordings and keep their features as arrays in the build folder."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..acoustics.melspectrum import mel_spectrum
from .features import analyze
from .recordings import CorpusRecording, load_samples


def measure(recordings: list[CorpusRecording], folder: Path, processes: int) -> None:
    """Write the features of each recording to `folder`, unless it has them (30 times real time)."""
    folder.mkdir(parents=True, exist_ok=True)
    left = [recording for recording in recordings if not (folder / f"{recording.key}.npz").exists()]
    with ProcessPoolExecutor(processes) as pool:
        jobs = pool.map(_measure, left, [folder] * len(left), chunksize=8)
        for _ in tqdm(jobs, total=len(left), desc="measuring"):
            pass


def _measure(recording: CorpusRecording, folder: Path) -> None:
    samples = load_samples(recording.path)
    features = analyze(samples)
    part = folder / f"{recording.key}.part.npz"
    np.savez(
        part,
        envelope_db=features.envelope_db.astype(np.float16),
        pitch_hz=features.pitch_hz,
        voiced=features.voiced,
        mel_db=mel_spectrum(samples).astype(np.float16),
    )
    part.rename(folder / f"{recording.key}.npz")

"""Measure the voices of a corpus' speakers: `python -m speechzip.voices.training.speakers FOLDER... > voices.txt`.

Two voices of each speaker, in the order of their names: from the recordings, and from the same without what a
telephone line at 8 kHz leaves out, which changes the envelope correction most. One voice a line, in hexadecimal
digits: the input of the voices' prior (`python -m speechzip.pipeline.training voices`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..acoustics.vocoder import SAMPLE_RATE
from ..trained.engines import TrainedVoiceEncoder
from .recordings import CorpusRecording, load_samples, read_manifest

SPEECH_S = 10
"""Recordings of a speaker are joined until there are so many seconds."""
TELEPHONE_HZ = 3900.0
"""Highest frequency of a telephone line at 8 kHz."""


def main() -> None:
    """Print the voices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="each has a manifest.csv")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        for voice in measure_speakers(read_manifest(folder)):
            print(voice.hex(), flush=True)


def measure_speakers(recordings: list[CorpusRecording]) -> Iterator[bytes]:
    """Yield two voices of each speaker, by name: as recorded, and by telephone."""
    encoder = TrainedVoiceEncoder()
    names = sorted({recording.speaker for recording in recordings})
    for name in names:
        joined: npt.NDArray[np.float32] = np.empty(0, np.float32)
        words: list[str] = []
        for recording in recordings:
            if recording.speaker == name and len(joined) < SPEECH_S * SAMPLE_RATE:
                joined = np.concatenate((joined, load_samples(recording.path)))
                words.append(recording.transcript)
        for samples in (joined, by_telephone(joined)):
            yield encoder.encode(samples, " ".join(words)).embedding


def by_telephone(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return speech, float32 [T] at 16 kHz, without what a telephone line leaves out."""
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE) > TELEPHONE_HZ] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


if __name__ == "__main__":
    main()

"""Measure one voice of each speaker of a corpus: `python -m speechzip.voices.training.speakers FOLDER... > voices.txt`.

One voice a line, in hexadecimal digits, in the order of the speakers' names: the input of the voices' prior
(`python -m speechzip.pipeline.training voices`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..acoustics.vocoder import SAMPLE_RATE
from ..trained.engines import TrainedVoiceEncoder
from .corpus import load_samples
from .recordings import CorpusRecording, read_manifest

SPEECH_S = 10
"""Recordings of a speaker are joined until there are so many seconds."""


def main() -> None:
    """Print the voices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="each has a manifest.csv")
    arguments = parser.parse_args()
    for folder in arguments.folders:
        for voice in measure_speakers(read_manifest(folder)):
            print(voice.hex(), flush=True)


def measure_speakers(recordings: list[CorpusRecording]) -> Iterator[bytes]:
    """Yield the voice of each speaker, by name."""
    encoder = TrainedVoiceEncoder()
    names = sorted({recording.speaker for recording in recordings})
    for name in names:
        samples: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []
        words: list[str] = []
        for recording in recordings:
            if recording.speaker == name and sum(map(len, samples)) < SPEECH_S * SAMPLE_RATE:
                samples.append(load_samples(recording.path))
                words.append(recording.transcript)
        yield encoder.encode(np.concatenate(samples), " ".join(words)).embedding


if __name__ == "__main__":
    main()

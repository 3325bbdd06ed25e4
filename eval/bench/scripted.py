"""`make bench`: the obvious way, as one would script it: Whisper writes a text, and one fixed voice reads it.

    python -m speechzip.eval.bench.scripted write WEIGHTS SOUND TEXT    # faster-whisper, from a folder of weights
    python -m speechzip.eval.bench.scripted read TEXT SOUND             # hibari-tts

Piper is what people take for the voice. Its voices are in no package index, so hibari-tts stands for it: a network of
about the same size, with its weights in the wheel.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import soundfile

from ..codecs.text import hibari


def write_text(weights: Path, sound: Path, text: Path) -> None:
    """Transcribe English into a text file: 8-bit weights, all cores, everything else as the library has it."""
    model = import_module("faster_whisper").WhisperModel(str(weights), device="cpu", compute_type="int8")
    segments, _ = model.transcribe(str(sound), language="en")
    text.write_text("".join(segment.text for segment in segments).strip(), "utf-8")


def read_text(text: Path, sound: Path) -> None:
    """Read a text file aloud into a WAV file."""
    spoken = hibari()(text.read_text("utf-8"))
    soundfile.write(str(sound), spoken.samples, spoken.sample_rate)


def main() -> None:
    """Do one half."""
    step, *names = sys.argv[1:]
    paths = [Path(name) for name in names]
    if step == "write":
        write_text(*paths)
    else:
        read_text(*paths)


if __name__ == "__main__":
    main()

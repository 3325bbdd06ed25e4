"""Compress with a recognizer of your own: `python own_recognizer.py call.wav`.

This one recognizes nothing: it reads the words from a file beside the recording, `call.txt`, a line for each segment.
"""

from __future__ import annotations

import sys

# --8<-- [start:example]
from pathlib import Path

from speechzip.pipeline import Samples, Transcript, compress


class ScriptRecognizer:
    """Returns the lines of a script, one for each segment of speech."""

    name = "script"

    def __init__(self, lines: list[str]) -> None:
        self._lines = iter(lines)

    def transcribe(self, samples: Samples) -> Transcript:
        """Return the words in float32 [T] mono 16 kHz `samples`."""
        return Transcript(next(self._lines, ""), confidence=0.9)


def compress_with_script(recording: Path) -> bytes:
    """Return the payload of a recording whose words are in a text file beside it."""
    lines = recording.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    return compress(recording, recognizer=ScriptRecognizer(lines)).data


# --8<-- [end:example]
if __name__ == "__main__":
    print(compress_with_script(Path(sys.argv[1])).hex())

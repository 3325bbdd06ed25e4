"""`make demo`: compress and decompress real recordings, and print the sizes."""

from __future__ import annotations

import sys
from pathlib import Path

import soundfile
from speechzip.pipeline import OPUS_BPS, RECORDINGS, SpeechzipError, compress, decompress, recognizer_recording

from ..metrics.wer import word_errors

FOLDER = Path("demo")


def main() -> None:
    """Compress and decompress the recordings inside the recognizer's wheel; write all files to ``demo/``."""
    FOLDER.mkdir(exist_ok=True)
    print(
        f"{'recording':<12}{'seconds':>8}{'bytes':>7}{'bit/s':>7}{'vs Opus 6k':>11}{'words kept':>11}{'real time':>10}"
    )
    for path in map(recognizer_recording, RECORDINGS):
        compressed = compress(path)
        (FOLDER / f"{path.stem}.spz").write_bytes(compressed.data)
        spoken = decompress(compressed.data)
        soundfile.write(str(FOLDER / f"{path.stem}.decoded.wav"), spoken.samples, spoken.sample_rate)
        said = compressed.text
        heard = compress(spoken).text
        seconds, size = compressed.payload.duration_s, len(compressed.data)
        print(
            f"{path.stem:<12}{seconds:>8.1f}{size:>7}{8 * size / seconds:>7.1f}{OPUS_BPS * seconds / 8 / size:>10.0f}x"
            f"{1 - word_errors([said], [heard]).rate:>11.0%}{compressed.elapsed_s / seconds:>10.3f}"
        )
        for section, count in compressed.decoded.sections.items():
            print(f"    {section:<9}{count:>5} bytes")
        print(f"    \N{LEFT DOUBLE QUOTATION MARK}{said}\N{RIGHT DOUBLE QUOTATION MARK}")
    print(f"Listen: {FOLDER}/*.decoded.wav. 'Words kept' is how well the recognizer understands the decoded speech.")


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")

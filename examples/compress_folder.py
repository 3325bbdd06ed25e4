"""Compress every recording of a folder, and print how small each became: `python compress_folder.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from speechzip.pipeline import SpeechzipError, compress

folder = Path(sys.argv[1])
for recording in sorted(folder.glob("*.wav")):
    try:
        compressed = compress(recording)
    except SpeechzipError as error:
        print(f"{recording.name}: {error}", file=sys.stderr)
        continue
    recording.with_suffix(".spz").write_bytes(compressed.data)
    seconds = compressed.payload.duration_s
    print(f"{recording.name}: {len(compressed.data)} bytes, {compressed.bitrate_bps:.0f} bit/s, {seconds:.1f} s")

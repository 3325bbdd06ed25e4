"""`make live-demo`: both ends on this machine, a real recording between them."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ...errors import SpeechzipError
from ...summary import OPUS_BPS
from ...system.wheels import recognizer_recording
from .loopback import talk_and_listen

FOLDER = Path("demo/live")


def main() -> None:
    """Send a recording to a second process; print the text it heard, the bytes and the latencies."""
    recording = recognizer_recording("beckett.wav")
    print(f"One process says {recording.name} in real time, another hears it ...", flush=True)
    started_s = time.monotonic()
    run = talk_and_listen(recording, FOLDER)
    for said in run.utterances:
        print(f"\n  \N{LEFT DOUBLE QUOTATION MARK}{said.text}\N{RIGHT DOUBLE QUOTATION MARK}")
        print(
            f"  {said.duration_s:.1f} s of speech, {said.payload_bytes} bytes, "
            f"heard {said.latency_s:.2f} s after its end"
        )
    opus_bytes = OPUS_BPS * run.spoken_s / 8
    print(
        f"\n{run.sent_bytes} bytes in all for {run.spoken_s:.1f} s of speech; Opus at {OPUS_BPS // 1000} kbit/s "
        f"takes {opus_bytes:.0f}. Took {time.monotonic() - started_s:.0f} s. Listen: {FOLDER}/*.wav"
    )


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")

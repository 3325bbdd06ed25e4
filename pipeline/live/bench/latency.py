"""`make bench`: the latency from the end of speech to the first sample at the peer, on loopback.

Each recording is cut where its speech ends, as if the button were released with the last sound, so nothing
can be recognized in a pause before it. Both ends are processes of their own, with the default engines.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from ...audio.downmix import downmix
from ...audio.reading import engine_blocks, open_recording
from ...errors import SpeechzipError
from ...protocols import ENGINE_SAMPLE_RATE
from ...segments.segmentation import EndpointingSettings, SpeechSegmenter
from ...system.wheels import recognizer_recording
from ...types import Samples
from .loopback import talk_and_listen

GOAL_S, LEAST_S = 0.3, 0.5
"""The goal on two cores, and the longest that is acceptable."""
SENTENCES = (("two_cities.wav", 12), ("beckett.wav", 8))
"""Recordings, and how many segments of each are measured."""


def main() -> None:
    """Print the latency of each sentence, and its parts."""
    latencies_s: list[float] = []
    print(f"{'seconds':>8}{'recognize':>11}{'link+decode':>13}{'speak':>8}{'latency':>8}   words")
    for segment in _segments():
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "sentence.wav"
            soundfile.write(str(path), segment, ENGINE_SAMPLE_RATE)
            run = talk_and_listen(path, Path(name) / "heard")
        if not run.utterances:
            print(f"{len(segment) / ENGINE_SAMPLE_RATE:>8.1f}   nothing was recognized")
            continue
        last = run.utterances[-1]
        latencies_s.append(last.latency_s)
        print(
            f"{last.duration_s:>8.1f}{last.said_at_s - last.ended_at_s:>11.3f}{last.heard_at_s - last.said_at_s:>13.3f}"
            f"{last.playing_at_s - last.heard_at_s:>8.3f}{last.latency_s:>8.3f}   {last.text[:40]}",
            flush=True,
        )
    print(
        f"latency: median {statistics.median(latencies_s):.3f} s, 95 % below {np.percentile(latencies_s, 95):.3f} s, "
        f"longest {max(latencies_s):.3f} s over {len(latencies_s)} sentences; goal {GOAL_S} s, {LEAST_S} s is the least"
    )


def _segments() -> list[Samples]:
    """Return sentences of real recordings, float32 [T] at 16 kHz, each cut where its speech ends."""
    segments: list[Samples] = []
    for name, count in SENTENCES:
        segmenter = SpeechSegmenter(endpointing=EndpointingSettings(pause_s=0.5, soft_length_s=4.0))
        sound = np.concatenate(list(map(downmix, engine_blocks(open_recording(recognizer_recording(name))))))
        for segment in list(segmenter.push(sound))[:count]:
            start = max(0.0, segment.start_s - 0.3)
            span = slice(
                int(start * ENGINE_SAMPLE_RATE), int((segment.start_s + segment.duration_s) * ENGINE_SAMPLE_RATE)
            )
            segments.append(sound[span])
    return segments


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")

"""`make bench`: the delay from the end of speech to the first sample at the peer, on loopback.

Each recording is cut where its speech ends, as if the button were let go with the last sound: nothing
can be recognized in a pause before it. Both ends are processes of their own, with the default engines.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from ...audio.reading import engine_blocks, open_recording
from ...errors import SpeechzipError
from ...protocols import ENGINE_SAMPLE_RATE
from ...segments.segmentation import Cutting, StretchFinder
from ...types import Samples
from .loopback import talk_and_listen, wheel_recording

GOAL_S, LEAST_S = 0.3, 0.5
"""What is wanted on two cores, and what must be."""
SENTENCES = (("two_cities.wav", 12), ("beckett.wav", 8))
"""Recordings, and how many stretches of each are measured."""


def main() -> None:
    """Print the delay of each sentence, and of what it is made."""
    delays_s: list[float] = []
    print(f"{'seconds':>8}{'recognize':>11}{'link+decode':>13}{'speak':>8}{'delay':>8}   words")
    for stretch in _stretches():
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "sentence.wav"
            soundfile.write(str(path), stretch, ENGINE_SAMPLE_RATE)
            run = talk_and_listen(path, Path(name) / "heard")
        if not run.utterances:
            print(f"{len(stretch) / ENGINE_SAMPLE_RATE:>8.1f}   nothing was recognized")
            continue
        last = run.utterances[-1]
        delays_s.append(last.delay_s)
        print(
            f"{last.duration_s:>8.1f}{last.said_at_s - last.ended_at_s:>11.3f}{last.heard_at_s - last.said_at_s:>13.3f}"
            f"{last.playing_at_s - last.heard_at_s:>8.3f}{last.delay_s:>8.3f}   {last.text[:40]}",
            flush=True,
        )
    print(
        f"delay: median {statistics.median(delays_s):.3f} s, 95 % below {np.percentile(delays_s, 95):.3f} s, "
        f"longest {max(delays_s):.3f} s over {len(delays_s)} sentences; goal {GOAL_S} s, {LEAST_S} s is the least"
    )


def _stretches() -> list[Samples]:
    """Return sentences of real recordings, float32 [T] at 16 kHz, each cut where its speech ends."""
    stretches: list[Samples] = []
    for name, count in SENTENCES:
        finder = StretchFinder(cutting=Cutting(pause_s=0.5, soft_length_s=4.0))
        sound = np.concatenate([block.mean(axis=1) for block in engine_blocks(open_recording(wheel_recording(name)))])
        sound = np.asarray(sound, np.float32)
        for stretch in list(finder.push(sound))[:count]:
            start = max(0.0, stretch.start_s - 0.3)
            span = slice(
                int(start * ENGINE_SAMPLE_RATE), int((stretch.start_s + stretch.duration_s) * ENGINE_SAMPLE_RATE)
            )
            stretches.append(sound[span])
    return stretches


if __name__ == "__main__":
    try:
        main()
    except SpeechzipError as error:
        sys.exit(f"speechzip: {error}")

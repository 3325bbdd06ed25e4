"""The sound of some utterances of a recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..audio.downmix import downmix
from ..audio.reading import AudioSource, engine_blocks, open_recording
from ..types import Samples, Utterance
from .segmentation import cut_segments


def utterance_sounds(source: AudioSource, utterances: Sequence[Utterance]) -> Iterator[Samples]:
    """Yield the sound of each utterance, float32 [T] mono 16 kHz, with some of the pauses around it.

    The recording is read once more, in blocks.

    Args:
        source: the recording, as for `compress`.
        utterances: of one person, in order, as `compress` found them in it.

    Raises:
        AudioError: as `compress`.
    """
    spans: list[tuple[float, float]] = []
    for utterance in utterances:
        # Rounded times may overlap by a little.
        start_s = max(utterance.start_s, spans[-1][1] if spans else 0.0)
        spans.append((start_s, max(start_s, utterance.start_s + utterance.duration_s)))
    blocks = (downmix(block) for block in engine_blocks(open_recording(source)))
    return (segment.samples for segment in cut_segments(blocks, spans))

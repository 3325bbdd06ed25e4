from __future__ import annotations

import numpy as np
import pytest
from fakes import bursts
from speechzip.pipeline import Audio, Utterance, resample, utterance_sounds
from speechzip.pipeline.segments.segmentation import PADDING_S


def test_each_utterance_has_its_sound_and_some_of_the_pauses_around_it() -> None:
    said = [Utterance(1.0, 1.5, 0, "a"), Utterance(4.0, 1.0, 0, "b")]
    sound = bursts((1, 2.5), (4, 5), duration_s=8)
    found = list(utterance_sounds(sound, said))
    assert [len(one) / 16_000 for one in found] == pytest.approx([1.5 + 2 * PADDING_S, 1 + 2 * PADDING_S])
    first = int((1 - PADDING_S) * 16_000)
    assert np.array_equal(found[0], sound.samples.ravel()[first : first + len(found[0])])


def test_rounded_times_may_overlap_and_reach_beyond_the_end() -> None:
    said = [Utterance(0.0, 1.05, 0, "a"), Utterance(1.0, 1.0, 0, "b"), Utterance(2.9, 0.5, 0, "c")]
    found = list(utterance_sounds(bursts((0, 3), duration_s=3), said))
    assert len(found) == 3
    assert sum(map(len, found)) <= 3 * 16_000


def test_channels_are_mixed_and_rates_are_changed() -> None:
    sound = bursts((1, 2), duration_s=3).samples.ravel()
    stereo = Audio(np.stack([resample(sound, 16_000, 48_000)] * 2, axis=1), 48_000)
    (found,) = utterance_sounds(stereo, [Utterance(1.0, 1.0, 0, "a")])
    assert found.ndim == 1
    first = int((1 - PADDING_S) * 16_000)
    assert np.corrcoef(found, sound[first : first + len(found)])[0, 1] > 0.95  # less what resampling takes off the top


def test_nothing_of_nothing() -> None:
    assert list(utterance_sounds(bursts((0, 1), duration_s=1), [])) == []

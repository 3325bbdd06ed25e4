from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from fakes import bursts, loud
from speechzip.pipeline import Samples
from speechzip.pipeline.segments.segmentation import (
    CHUNK_S,
    HARD_LENGTH_S,
    MIN_SPEECH_S,
    PADDING_S,
    EndpointingSettings,
    SpeechDetector,
    SpeechSegment,
    SpeechSegmenter,
    cut_segments,
)


def segments(*spans: tuple[float, float], duration_s: float, block: int = 16000) -> list[SpeechSegment]:
    samples = bursts(*spans, duration_s=duration_s).samples
    segmenter = SpeechSegmenter(loud)
    found = [
        segment for start in range(0, len(samples), block) for segment in segmenter.push(samples[start : start + block])
    ]
    return [*found, *segmenter.flush()]


def ends(found: list[SpeechSegment]) -> list[tuple[float, float]]:
    return [(round(segment.start_s, 1), round(segment.start_s + segment.duration_s, 1)) for segment in found]


@pytest.mark.parametrize("block", [100, 512, 16000, 10**6])
def test_pauses_end_segments_and_breaths_do_not(block: int) -> None:
    found = segments((1, 2), (2.3, 3), (4, 5), duration_s=6, block=block)
    assert ends(found) == [(1.0, 3.0), (4.0, 5.0)]
    assert found[0].start_s == pytest.approx(1.0, abs=CHUNK_S)
    assert found[0].duration_s == pytest.approx(2.0, abs=2 * CHUNK_S)


def test_padding_is_real_sound() -> None:
    (segment,) = segments((1, 2), duration_s=3)
    assert len(segment.samples) / 16000 == pytest.approx(segment.duration_s + 2 * PADDING_S, abs=2 * CHUNK_S)
    assert not segment.samples[: int(0.12 * 16000)].any()


def heard_late(by_s: float) -> SpeechDetector:
    """A detector that reports sound this late."""
    since_s = 0.0

    def detect(chunks: Samples) -> npt.NDArray[np.float64]:
        nonlocal since_s
        late = np.zeros(len(chunks))
        for index, probability in enumerate(loud(chunks)):
            since_s = since_s + CHUNK_S if probability > 0.5 else 0.0
            late[index] = since_s > by_s
        return late

    return detect


@pytest.mark.parametrize(("late_s", "start_s"), [(0.0, 1.0), (0.1, 1.0), (0.4, 1.4 - PADDING_S)])
def test_a_start_that_the_detector_hears_late(late_s: float, start_s: float) -> None:
    segmenter = SpeechSegmenter(heard_late(late_s))
    (segment,) = [*segmenter.push(bursts((1, 3), duration_s=4).samples), *segmenter.flush()]
    assert segment.start_s == pytest.approx(start_s, abs=CHUNK_S + 0.01)
    assert segment.start_s + segment.duration_s == pytest.approx(3.0, abs=2 * CHUNK_S)
    assert segment.lead_s >= 0


@pytest.mark.parametrize(("soft_s", "start_s"), [(0.08, 1.92), (0.3, 1.97), (0.9, 1.09)])
def test_a_breath_is_no_start_but_a_soft_consonant_is(soft_s: float, start_s: float) -> None:
    sound = bursts((2.0 - soft_s, 4.0), duration_s=5).samples
    sound[round((2.0 - soft_s) * 16_000) : 32_000] *= 0.05  # 26 dB softer
    segmenter = SpeechSegmenter(lambda chunks: np.abs(chunks).max(axis=1) > 0.01)
    (segment,) = [*segmenter.push(sound), *segmenter.flush()]
    assert segment.start_s == pytest.approx(start_s, abs=0.02)
    assert segment.start_s + segment.duration_s == pytest.approx(4.0, abs=CHUNK_S)
    heard_s = segment.start_s - segment.lead_s
    assert heard_s <= 2.0 - soft_s - 0.1  # the recognizer hears the breath, or the soft words
    assert segment.soft_s == pytest.approx(0.27 if soft_s == 0.3 else 0.0, abs=0.011)
    (turn,) = cut_segments([sound], [(2.0 - soft_s, 4.0)])
    assert turn.start_s == pytest.approx(start_s, abs=0.02)
    assert turn.start_s - turn.lead_s == pytest.approx(2.0 - soft_s - PADDING_S)


def test_a_soft_segment_keeps_its_least_length() -> None:
    sound = bursts((1.0, 1.5), duration_s=3).samples
    sound[16_000 : round(1.35 * 16_000)] *= 0.05
    segmenter = SpeechSegmenter(lambda chunks: np.abs(chunks).max(axis=1) > 0.01)
    (segment,) = [*segmenter.push(sound), *segmenter.flush()]
    assert segment.duration_s >= MIN_SPEECH_S - 1e-6


def test_the_pauses_of_a_segment() -> None:
    (segment,) = segments((1, 2), (2.3, 3), (3.5, 5), duration_s=6)
    assert np.array(segment.pauses) == pytest.approx(np.array([(2.0, 2.3), (3.0, 3.5)]), abs=CHUNK_S)


def test_the_pauses_after_a_forced_cut() -> None:
    spans = [(at, at + 0.85) for at in np.arange(1.0, 40.0)]  # pauses too short to end a segment, but one is forced
    settings = EndpointingSettings(pause_s=9, short_pause_s=9, hard_length_s=7.5)
    segmenter = SpeechSegmenter(loud, settings)
    found = [*segmenter.push(bursts(*spans, duration_s=41).samples), *segmenter.flush()]
    assert len(found) > 4
    for segment in found:
        for quiet_s, again_s in segment.pauses:
            assert 0 <= again_s - quiet_s < 0.25
            assert again_s % 1 == pytest.approx(0.0, abs=CHUNK_S) or again_s % 1 > 1 - CHUNK_S
    assert sum(len(segment.pauses) for segment in found) > 15


def test_steady_noise_is_no_start() -> None:
    sound = bursts((1, 3), duration_s=4).samples
    noise = np.random.default_rng(1).normal(0, 0.01, len(sound)).astype(np.float32)
    segmenter = SpeechSegmenter(lambda chunks: np.std(chunks, axis=1) > 0.05)
    (segment,) = [*segmenter.push(sound + noise), *segmenter.flush()]
    assert segment.start_s == pytest.approx(1.0, abs=CHUNK_S)


def test_speech_that_the_end_cuts_off() -> None:
    assert ends(segments((1, 2), duration_s=2)) == [(1.0, 2.0)]


def test_clicks_are_no_speech() -> None:
    assert segments((1, 1.1), duration_s=3) == []


def test_a_long_talk_is_cut_at_its_next_short_pause() -> None:
    found = segments((0, 4), (4.3, 11), (11.3, 15), duration_s=17)
    assert ends(found) == [(0.0, 11.0), (11.3, 15.0)]


def test_a_talk_without_any_pause_is_cut_but_nothing_is_lost() -> None:
    found = segments((1, 50), duration_s=51)
    assert len(found) in (3, 4, 5)
    assert max(segment.duration_s for segment in found) <= HARD_LENGTH_S + CHUNK_S
    for before, after in pairwise(found):
        assert after.start_s == pytest.approx(before.start_s + before.duration_s)
    assert found[-1].start_s + found[-1].duration_s == pytest.approx(50, abs=2 * CHUNK_S)
    assert sum(len(segment.samples) for segment in found) / 16000 == pytest.approx(49 + 2 * PADDING_S, abs=0.2)


def test_memory_stays_flat() -> None:
    segmenter = SpeechSegmenter(loud)
    for _ in range(600):
        list(segmenter.push(np.zeros(16000, np.float32)))
    assert len(segmenter._chunks) < 10  # pyright: ignore[reportPrivateUsage]


def test_a_turn_starts_where_it_gets_loud_however_early_the_speakers_changed() -> None:
    sound = bursts((1, 2), (2.6, 4), duration_s=5).samples
    sound[round(2.3 * 16_000) :][:160] = 0.5  # a click
    noise = np.random.default_rng(1).normal(0, 0.003, len(sound)).astype(np.float32)
    first, second = cut_segments([sound + noise], [(1.0, 2.1), (2.1, 4.0)])
    assert first.start_s == pytest.approx(1.0, abs=0.011)
    assert second.start_s == pytest.approx(2.6, abs=0.011)
    assert second.start_s + second.duration_s == pytest.approx(4.0)
    assert second.lead_s == pytest.approx(0.5, abs=0.02)  # the recognizer hears what it heard before


def test_a_quiet_turn_keeps_its_start() -> None:
    (turn,) = cut_segments([np.zeros(32_000, np.float32)], [(0.5, 1.5)])
    assert (turn.start_s, turn.duration_s) == (0.5, 1.0)

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from fakes import FakeEmbedder, FakeRecognizer, FakeVoiceEncoder, loud
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline import Audio, AudioError, InputError, Samples, SpeakerEmbedding, compress
from speechzip.pipeline.segments.diarization import MAX_CLUSTERED, MIN_WINDOWS, Diarizer, SpeakerTurn
from speechzip.pipeline.segments.segmentation import PADDING_S, SpeechSegment, SpeechSegmenter, cut_segments

RATE = 16_000
LOW, MIDDLE, HIGH = 80, 400, 1600  # Hz; 0.01, 0.05 and 0.2 crossings of zero a sample


def voice(hz: float, duration_s: float) -> Samples:
    return np.asarray(0.5 * np.sin(2 * np.pi * hz * np.arange(int(duration_s * RATE)) / RATE + 0.1), np.float32)


def segment(start_s: float, *voices: Samples) -> SpeechSegment:
    speech = np.concatenate(voices)
    return SpeechSegment(start_s, len(speech) / RATE, np.pad(speech, (1600, 800)), lead_s=0.1)


def turns(*segments: SpeechSegment, speakers: int | None = None) -> list[SpeakerTurn]:
    diarizer = Diarizer(FakeEmbedder())
    for one in segments:
        diarizer.listen(one)
    return diarizer.turns(speakers)


def test_a_change_within_a_segment_is_found() -> None:
    first, second, third = turns(segment(1.0, voice(HIGH, 5), voice(LOW, 6)), segment(14.0, voice(HIGH, 4)))
    assert (first.speaker, second.speaker, third.speaker) == (0, 1, 0)
    assert (first.start_s, second.end_s, third.start_s, third.end_s) == (1.0, 12.0, 14.0, 18.0)
    assert first.end_s == second.start_s == pytest.approx(6.0, abs=0.5)


def test_a_change_is_cut_at_the_quietest_place() -> None:
    sound = np.concatenate([voice(HIGH, 5), voice(LOW, 6)])
    pause_s = turns(segment(0.0, sound))[0].end_s + 0.1
    sound[round(pause_s * RATE) : round((pause_s + 0.05) * RATE)] = 0.0
    first, second = turns(segment(0.0, sound))
    assert pause_s - 0.02 <= first.end_s == second.start_s <= pause_s + 0.05


def test_a_change_moves_to_the_longest_pause_that_is_near() -> None:
    sound = segment(10.0, voice(HIGH, 5), voice(LOW, 6))
    change_s = turns(sound)[0].end_s
    pauses = ((11.0, 14.0), (change_s - 0.3, change_s - 0.2), (change_s + 0.1, change_s + 0.35), (20.0, 20.9))
    first, second = turns(replace(sound, pauses=pauses))
    assert second.start_s == pytest.approx(change_s + 0.35)
    assert change_s + 0.1 <= first.end_s <= second.start_s - PADDING_S
    first, second = turns(replace(sound, pauses=pauses[::3]))
    assert first.end_s == second.start_s == change_s


def test_soft_sound_before_a_segment_belongs_to_its_turn() -> None:
    heard = replace(segment(2.0, voice(LOW, 6)), start_s=2.4, duration_s=5.6, lead_s=0.5, soft_s=0.4)
    assert turns(heard) == [SpeakerTurn(2.0, 8.0, 0)]


@given(st.lists(st.floats(0.05, 2.0), max_size=20))
@settings(deadline=None)
def test_turns_are_in_order_whatever_pauses_there_are(steps: list[float]) -> None:
    edges = np.cumsum(steps)
    pauses = tuple(pair for pair in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=False) if pair[1] < 12.0)
    sound = segment(0.0, *(voice(hz, 3) for hz in (HIGH, LOW, HIGH, LOW)))
    found = turns(replace(sound, pauses=pauses))
    assert {turn.speaker for turn in found} <= {0, 1}
    assert all(turn.end_s > turn.start_s for turn in found)
    assert all(one.end_s <= following.start_s for one, following in pairwise(found))


def test_one_speaker_keeps_the_segments() -> None:
    assert turns(segment(0.5, voice(LOW, 6)), segment(9.0, voice(LOW, 0.3))) == [
        SpeakerTurn(0.5, 6.5, 0),
        SpeakerTurn(9.0, 9.3, 0),
    ]


def test_nobody_has_no_turns() -> None:
    assert turns() == []


class LeaningEmbedder(FakeEmbedder):
    """The middle voice is as like the low one as `similarity`."""

    def __init__(self, similarity: float) -> None:
        self._middle = np.array([similarity, np.sqrt(1 - similarity**2), 0.0], np.float32)

    def embed(self, samples: Samples) -> SpeakerEmbedding:
        low, middle, high = super().embed(samples)
        embedding = np.array([low, 0.0, high], np.float32) + middle * self._middle
        return np.asarray(embedding / np.linalg.norm(embedding), np.float32)


@pytest.mark.parametrize(("similarity", "found"), [(0.0, 3), (0.05, 3), (0.2, 2)])
def test_too_little_of_a_voice_is_nobody_unless_it_is_like_nobody(similarity: float, found: int) -> None:
    diarizer = Diarizer(LeaningEmbedder(similarity))
    short = 0.5 * (MIN_WINDOWS - 3)
    for heard in (segment(0.0, voice(LOW, 9)), segment(12.0, voice(MIDDLE, short)), segment(20.0, voice(HIGH, 9))):
        diarizer.listen(heard)
    assert len({turn.speaker for turn in diarizer.turns()}) == found


def test_a_click_of_a_voice_is_nobody() -> None:
    assert {turn.speaker for turn in turns(segment(0.0, voice(LOW, 9)), segment(12.0, voice(HIGH, 0.5)))} == {0}


@pytest.mark.parametrize(("speakers", "found"), [(1, 1), (2, 2), (3, 3), (9, 3), (None, 3)])
def test_as_many_as_are_wanted_and_can_be_told_apart(speakers: int | None, found: int) -> None:
    heard = [segment(10.0 * index, voice(hz, 8)) for index, hz in enumerate((LOW, MIDDLE, HIGH, LOW))]
    labels = [turn.speaker for turn in turns(*heard, speakers=speakers)]
    assert len(set(labels)) == found
    assert labels[0] == labels[-1] == 0


def test_a_long_recording_is_clustered_by_a_spread_of_it() -> None:
    heard = [segment(20.0 * index, voice((LOW, HIGH)[index % 2], 18)) for index in range(MAX_CLUSTERED // 18)]
    assert [turn.speaker for turn in turns(*heard)] == [index % 2 for index in range(len(heard))]


class AlikeEmbedder:
    """Low voices and high ones sound alike, as on one telephone line, and no two windows sound the same."""

    name = "alike"

    def embed(self, samples: Samples) -> SpeakerEmbedding:
        crossings = float((np.signbit(samples[1:]) != np.signbit(samples[:-1])).mean())
        chance = np.random.default_rng(int(1e6 * np.abs(samples).sum())).normal(0, 0.2, 8)
        embedding = np.array([1.0, 0.4 if crossings < 0.02 else -0.4, *chance], np.float32)
        return np.asarray(embedding / np.linalg.norm(embedding), np.float32)


def test_two_who_sound_alike_are_two_and_one_is_one() -> None:
    def found(*voices: Samples) -> list[int]:
        diarizer, rng = Diarizer(AlikeEmbedder()), np.random.default_rng(0)
        for index, one in enumerate(voices):
            diarizer.listen(segment(20.0 * index, one + rng.normal(0, 1e-3, len(one)).astype(np.float32)))
        return [turn.speaker for turn in diarizer.turns()]

    assert found(voice(LOW, 9), voice(HIGH, 7), voice(LOW, 4)) == [0, 1, 0]
    assert found(voice(LOW, 9), voice(LOW, 7), voice(LOW, 4)) == [0, 0, 0]


SPANS = st.lists(st.integers(1, 400), max_size=12).map(
    lambda steps: [
        (start / 100, end / 100) for start, end in zip(np.cumsum(steps)[::2], np.cumsum(steps)[1::2], strict=False)
    ]
)


@given(SPANS, st.lists(st.integers(0, 800_000), max_size=5))
@settings(deadline=None)
def test_cutting_gives_every_span_its_sound(spans: list[tuple[float, float]], cuts: list[int]) -> None:
    first = 1e7  # far from zero, so that nothing is quiet
    sound = np.arange(first, first + 48 * RATE, dtype=np.float32)
    found = list(cut_segments(np.split(sound, sorted(cuts)), spans))
    assert [(one.start_s, round(one.start_s + one.duration_s, 6)) for one in found] == spans
    for one in found:
        assert 0 <= one.lead_s <= 0.16
        assert one.samples[0] - first == round((one.start_s - one.lead_s) * RATE)
        np.testing.assert_array_equal(np.diff(one.samples), 1)
        assert len(one.samples) / RATE >= one.duration_s + one.lead_s - 1e-3
    for one, following in pairwise(found):
        assert one.samples[-1] - first <= round(following.start_s * RATE) + 1
        assert following.samples[0] - first >= round((one.start_s + one.duration_s) * RATE) - 1


def compressed(speaker_count: int | None) -> list[int]:
    """Return the speaker of each utterance of a low hum and a high one."""
    rng = np.random.default_rng(0)
    sound = np.concatenate([voice(LOW, 8), np.zeros(2 * RATE, np.float32), voice(HIGH, 8)])
    sound += rng.normal(0, 1e-4, len(sound)).astype(np.float32)
    result = compress(
        Audio(sound, RATE),
        recognizer=FakeRecognizer(),
        voice_encoder=FakeVoiceEncoder(),
        speaker_embedder=FakeEmbedder(),
        speaker_count=speaker_count,
    )
    return [utterance.speaker for utterance in result.payload.utterances]


def test_compress_tells_speakers_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.pipeline.compression.SpeechSegmenter", partial(SpeechSegmenter, loud))
    assert compressed(None) == [0, 1]
    assert compressed(2) == [0, 1]
    assert compressed(1) == [0, 0]


@pytest.mark.parametrize("count", [0, -1, 17])
def test_impossible_numbers_of_speakers(count: int) -> None:
    with pytest.raises(InputError, match="1 to 16"):
        compressed(count)


def test_channels_are_speakers() -> None:
    with pytest.raises(AudioError, match="speaker_count is for one channel"):
        compress(Audio(np.zeros((RATE, 2), np.float32), RATE), channels="split", speaker_count=3)

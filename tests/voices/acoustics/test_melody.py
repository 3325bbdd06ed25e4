from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from speechzip.pipeline import Contour, Melody, Samples
from speechzip.voices.acoustics.melody import RISE_FRAMES, SEMITONES, bend, contour, differences

FRAMES = 300
"""Frames of 10 ms of an utterance."""
Own = tuple[NDArray[np.float32], NDArray[np.bool_]]


def own(hz: float = 120.0, frames: int = FRAMES) -> Own:
    """Return what a synthesizer with a flat pitch does by itself."""
    return np.full(frames, np.log(hz), np.float32), np.ones(frames, np.bool_)


def said(semitones: NDArray[np.float64], level_db: float = -20.0, before: int = 0) -> Contour:
    """Return a recording at 120 Hz and some semitones, after some unvoiced frames."""
    hz = np.concatenate([np.zeros(before), 120.0 * np.exp(semitones / SEMITONES)])
    return Contour(hz.astype(np.float32), level_db)


def melody_of(semitones: NDArray[np.float64], before: int = 0) -> Melody | None:
    return differences([said(semitones, before=before)], [own()])[0]


FLAT = np.zeros(FRAMES)
LATE_RISE = np.concatenate([np.zeros(FRAMES - RISE_FRAMES), np.linspace(0, 7, RISE_FRAMES)])


def test_what_the_synthesizer_does_by_itself_needs_no_melody() -> None:
    assert melody_of(FLAT) is None
    assert melody_of(FLAT + 1.0) is None


@pytest.mark.parametrize(
    ("semitones", "melody"),
    [
        (FLAT + 6, Melody((6,))),
        (FLAT - 3.4, Melody((-3,))),
        (FLAT + 30, Melody((9,))),
        (np.linspace(6, -6, FRAMES), Melody((6, -6))),
        (LATE_RISE, Melody((), 6)),
        (LATE_RISE - 6, Melody((-6,), 6)),
    ],
)
def test_what_differs_is_found(semitones: NDArray[np.float64], melody: Melody) -> None:
    for before in (0, 40):  # silence in front of the words does not matter
        assert melody_of(semitones, before) == melody


def test_a_rise_of_the_synthesizer_that_nobody_made_is_taken_back() -> None:
    log_pitch, voiced = own()
    assert differences([said(FLAT)], [((log_pitch + LATE_RISE / SEMITONES).astype(np.float32), voiced)]) == [
        Melody((), -6)
    ]


def test_a_whisper_is_softer_and_a_shout_is_louder_than_the_same_person_usually_is() -> None:
    whisper = Contour(np.zeros(FRAMES, np.float32), -33.0)
    utterances = [said(FLAT), said(FLAT, -21.0), whisper, said(FLAT + 6, -12.0), said(FLAT, -20.5)]
    assert differences(utterances, [own()] * 5) == [None, None, Melody(loudness=-12), Melody((6,), 0, 6), None]


def test_a_single_utterance_has_no_other_to_compare_its_loudness_with() -> None:
    assert differences([said(FLAT, -50.0)], [own()]) == [None]


def test_without_a_pitch_of_its_own_only_the_loudness_is_told() -> None:
    found = differences([said(FLAT + 6), said(FLAT), said(FLAT, -30.0)], [None, None, None])
    assert found == [None, None, Melody(loudness=-12)]


def test_stray_octaves_do_not_count() -> None:
    semitones = FLAT.copy()
    semitones[::5] = 24
    assert melody_of(semitones) is None


def test_contour_of_a_tone() -> None:
    time_s = np.arange(16_000) / 16_000
    tone: Samples = np.sin(2 * np.pi * 200 * time_s).astype(np.float32)
    tone[:8000] = 0
    measured = contour(tone)
    voiced = measured.pitch_hz[measured.pitch_hz > 0]
    assert np.median(voiced) == pytest.approx(200, rel=0.01)
    assert not measured.pitch_hz[:40].any()
    assert measured.level_db == pytest.approx(-3, abs=0.2)  # pauses do not count
    assert contour(0.1 * tone).level_db == pytest.approx(-23, abs=0.2)
    assert contour(np.zeros(16_000, np.float32)).level_db <= -100
    assert contour(np.zeros(0, np.float32)).level_db <= -100


def test_a_melody_bends_the_voiced_part() -> None:
    log_pitch, _ = own()
    voiced = np.zeros(FRAMES, np.bool_)
    voiced[50:251] = True
    moved = SEMITONES * (bend(log_pitch, voiced, Melody((6, 0, -3))) - log_pitch)
    assert moved[[0, 50, 100, 150, 200, 250, 299]] == pytest.approx([6, 6, 3, 0, -1.5, -3, -3], abs=1e-3)
    risen = SEMITONES * (bend(log_pitch, voiced, Melody((), 12)) - log_pitch)
    assert risen[[0, 221, 250, 299]] == pytest.approx([0, 0, 12, 12], abs=1e-3)
    assert np.array_equal(bend(log_pitch, np.zeros(FRAMES, np.bool_), Melody((6,))), log_pitch)
    assert np.array_equal(bend(log_pitch, voiced, Melody(loudness=6)), log_pitch)


@given(
    st.lists(st.sampled_from(range(-9, 10, 3)), max_size=8),
    st.sampled_from((-12, -6, 0, 6, 12)),
    st.lists(st.booleans(), max_size=80),
)
def test_any_melody_keeps_within_its_own_size(pitch: list[int], rise: int, voiced: list[bool]) -> None:
    log_pitch = np.zeros(len(voiced), np.float32)
    moved = SEMITONES * bend(log_pitch, np.array(voiced, np.bool_), Melody(tuple(pitch), rise))
    assert moved.shape == log_pitch.shape
    assert np.isfinite(moved).all()
    assert np.abs(moved).max(initial=0) <= 9 + 12 + 1e-3


@given(st.lists(st.floats(-12, 12), min_size=1, max_size=8), st.integers(1, 400))
def test_whatever_is_recorded_becomes_a_melody_that_a_payload_can_carry(points: list[float], frames: int) -> None:
    recorded = np.interp(np.linspace(0, 1, frames), np.linspace(0, 1, len(points)), points)
    (melody,) = differences([said(recorded)], [own(frames=200)])
    if melody:
        assert set(melody.pitch) <= set(range(-9, 10, 3))
        assert len(melody.pitch) <= min(8, 1 + frames // 100)
        assert melody.rise in (-12, -6, 0, 6, 12)
        assert melody.loudness == 0


def test_what_is_bent_is_measured_as_it_was_bent() -> None:
    rng = np.random.default_rng(1)
    log_pitch = (np.log(150) + 0.1 * np.sin(np.arange(FRAMES) / 20)).astype(np.float32)
    for _ in range(20):
        melody = Melody(tuple(int(3 * step) for step in rng.integers(-2, 3, rng.integers(2, 5))))
        voiced = rng.random(FRAMES) < 0.7
        hz = np.where(voiced, np.exp(bend(log_pitch, voiced, melody)), 0).astype(np.float32)
        (found,) = differences([Contour(hz, -20.0)], [(log_pitch, voiced)])
        missing = [(found.pitch_at(time) if found else 0.0) - melody.pitch_at(time) for time in np.linspace(0, 1, 21)]
        assert np.sqrt(np.mean(np.square(missing))) < 2.5  # what costs more bits than it saves is left out

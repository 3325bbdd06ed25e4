from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline import Samples
from speechzip.pipeline.segments.crosstalk import FRAME, without_crosstalk

RATE = 16_000


def hiss(seed: int, duration_s: float) -> Samples:
    return np.random.default_rng(seed).normal(0, 0.1, int(duration_s * RATE)).astype(np.float32)


def turns() -> Samples:
    """Left speaks from 0 to 2 s, right from 1.5 to 3.5 s: both at once in between."""
    sound = np.zeros((4 * RATE, 2), np.float32)
    sound[: 2 * RATE, 0] = hiss(1, 2)
    sound[RATE * 3 // 2 : RATE * 7 // 2, 1] = hiss(2, 2)
    return sound


def leaking(sound: Samples, leak_db: float, lag: int) -> Samples:
    leak = 10 ** (leak_db / 20) * np.roll(sound[:, ::-1], lag, axis=0)
    return np.asarray(sound + leak, np.float32)


def gated(sound: Samples) -> Samples:
    return np.concatenate(list(without_crosstalk([sound])))


@pytest.mark.parametrize("leak_db", [-10, -20, -40])
@pytest.mark.parametrize("lag", [0, 40, 1500])
def test_leaks_are_muted_and_voices_kept(leak_db: float, lag: int) -> None:
    sound = turns()
    heard = gated(leaking(sound, leak_db, lag))
    # what one alone says is silent on the other channel, but for the frames where a leak is just beginning
    assert (heard[FRAME * 8 : RATE * 5 // 4, 1] == 0).mean() > 0.97
    assert (heard[RATE * 9 // 4 : RATE * 13 // 4, 0] == 0).mean() > 0.97
    both = slice(RATE * 3 // 2 + FRAME * 4, 2 * RATE - FRAME * 4)
    np.testing.assert_allclose(heard[both], sound[both], atol=0.5 * 10 ** (leak_db / 20))


def test_two_voices_pass_untouched() -> None:
    sound = np.stack([hiss(1, 2), 0.1 * hiss(2, 2)], axis=1)
    np.testing.assert_array_equal(gated(sound), sound)


@given(st.lists(st.integers(0, 9000), max_size=8))
@settings(max_examples=20, deadline=None)
def test_blocks_may_be_cut_anywhere(cuts: list[int]) -> None:
    sound = leaking(turns(), -20, 40)[: 9000 + FRAME // 3]
    blocks = np.split(sound, sorted(cuts))
    np.testing.assert_array_equal(np.concatenate(list(without_crosstalk(blocks))), gated(sound))


@pytest.mark.parametrize("length", [0, 1, FRAME, FRAME + 1])
def test_nothing_is_lost(length: int) -> None:
    blocks = list(without_crosstalk([turns()[:length]]))
    assert sum(map(len, blocks)) == length

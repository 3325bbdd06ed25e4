from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from fakes import bursts
from speechzip.pipeline import Audio, AudioError, downmix, open_recording
from speechzip.pipeline.segments.channels import splits, tracks

LEFT = bursts((0, 2), (5, 8), duration_s=10).samples
RIGHT = bursts((2.5, 4.5), (7, 9.5), duration_s=10).samples


def stereo(left: npt.NDArray[np.floating], right: npt.NDArray[np.floating]) -> Audio:
    noise = np.random.default_rng(0).normal(0, 1e-3, (160000, 2))
    return Audio((np.stack([left, right], axis=1) + noise).astype(np.float32), 16000)


def auto(audio: Audio) -> bool:
    return splits(open_recording(audio), "auto")


def test_a_party_on_each_channel() -> None:
    assert auto(stereo(LEFT, RIGHT))
    assert auto(stereo(LEFT + 0.05 * RIGHT, RIGHT + 0.05 * LEFT))  # crosstalk at -26 dB


def test_a_room_in_stereo() -> None:
    assert not auto(stereo(LEFT + 0.5 * RIGHT, RIGHT + 0.5 * LEFT))  # 6 dB from left to right
    assert not auto(stereo(LEFT, LEFT))
    assert not auto(stereo(LEFT, 0.2 * LEFT))
    assert not auto(stereo(LEFT, 0 * LEFT))
    assert not auto(Audio(LEFT, 16000))


def test_the_user_decides() -> None:
    recording = open_recording(stereo(LEFT, RIGHT))
    assert not splits(recording, "mix")
    assert splits(open_recording(stereo(LEFT, LEFT)), "split")
    with pytest.raises(AudioError, match="two are needed to split it"):
        splits(open_recording(Audio(LEFT, 16000)), "split")


def test_tracks() -> None:
    block = np.array([[1, 0], [1, 0.5]], np.float32)
    assert [track.tolist() for track in tracks(block, split=True)] == [[1, 1], [0, 0.5]]
    assert [track.tolist() for track in tracks(block, split=False)] == [[0.5, 0.75]]


def power(samples: npt.NDArray[np.floating]) -> float:
    return float(np.square(samples, dtype=np.float64).mean())


def mixed(left: npt.NDArray[np.floating], right: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    block = np.stack([left, right], axis=1).astype(np.float32)
    return np.concatenate([downmix(block[start : start + 16_000]) for start in range(0, len(block), 16_000)])


def test_a_channel_upside_down_is_not_lost() -> None:
    assert not auto(stereo(LEFT, -LEFT))
    for gain in (1.0, 0.8, 0.6):  # however much softer
        assert power(mixed(LEFT, -gain * LEFT)) > 0.6 * power(LEFT)
    np.testing.assert_allclose(mixed(LEFT, -LEFT), LEFT, atol=1e-6)
    np.testing.assert_allclose(mixed(-LEFT, 0.5 * LEFT), -0.75 * LEFT, atol=1e-6)


def test_a_channel_that_is_upside_down_now_and_then_is_not_lost() -> None:
    for period in (800, 7_000, 16_000, 25_000):
        flips = np.where(np.arange(len(LEFT)) // period % 2, -1, 1)
        heard = mixed(LEFT, flips * LEFT)
        assert power(heard) > 0.75 * power(LEFT)
        assert power(heard - LEFT) < (0.1 if period > 5000 else 0.25) * power(LEFT)


def test_a_late_channel_upside_down_is_not_lost() -> None:
    for delay in (1, 3, 8, 40, 160, 800):
        late = np.concatenate([np.zeros(delay), LEFT[:-delay]])
        assert power(mixed(LEFT, -late)) > 0.2 * power(LEFT), delay


def test_many_channels_of_which_some_are_upside_down() -> None:
    signs = np.array([1, -1, 1, -1, -1, 1, 0, -1])
    block = (LEFT[:16_000, None] * signs).astype(np.float32)
    assert power(downmix(block)) == pytest.approx((7 / 8) ** 2 * power(LEFT[:16_000]), rel=1e-3)


def test_what_does_not_cancel_is_the_mean() -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, (16_000, 2)).astype(np.float32)
    hum = 0.5 * np.sin(2 * np.pi * 50 * np.arange(16_000) / 16_000)
    speech = LEFT[:16_000] + 0.1 * noise[:, 0]
    pairs: list[tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]] = [
        (LEFT[:16_000], LEFT[:16_000]),
        (LEFT[:16_000], 0 * LEFT[:16_000]),
        (LEFT[:16_000], RIGHT[:16_000]),
        (noise[:, 0], noise[:, 1]),
        (speech + hum, speech - hum),  # the mean is rid of the hum
        (0 * hum, 0 * hum),
    ]
    for left, right in pairs:
        block = np.stack([left, right], axis=1).astype(np.float32)
        assert downmix(block).tolist() == block.mean(axis=1).tolist()

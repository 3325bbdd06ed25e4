from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from fakes import bursts
from speechzip.pipeline import Audio, AudioError, open_recording
from speechzip.pipeline.channels import splits, tracks

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
    with pytest.raises(AudioError, match="split needs two"):
        splits(open_recording(Audio(LEFT, 16000)), "split")


def test_tracks() -> None:
    block = np.array([[1, 0], [0.5, 0.5]], np.float32)
    assert [track.tolist() for track in tracks(block, split=True)] == [[1, 0.5], [0, 0.5]]
    assert [track.tolist() for track in tracks(block, split=False)] == [[0.5, 0.5]]

"""The graphs of Moonshine's decoder against the decoder in the wheel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from speechzip.pipeline import ENGINE_SAMPLE_RATE, open_session, recognizer_folder, resample
from speechzip.pipeline.recognizers.moonshine.attention import EMPTY_CACHE
from speechzip.pipeline.recognizers.moonshine.decoder import (
    NETWORK,
    START_TOKEN,
    Decoder,
    LogProbabilities,
    Sound,
)
from speechzip.pipeline.recognizers.moonshine.graphs import HEARD, MOST_TOKENS, rotations
from speechzip.pipeline.system.ortfile import weights

FOLDER = recognizer_folder() / "assets" / "tiny-en"

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(FOLDER)


@pytest.fixture(scope="module")
def sound(decoder: Decoder, wheel_recording: Callable[[str], Path]) -> Sound:
    samples, rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    return decoder.encode(resample(samples[: 8 * rate, 0], rate, ENGINE_SAMPLE_RATE))


def _of_the_wheel(sound: Sound, tokens: list[int], outputs: list[str]) -> list[npt.NDArray[np.float32]]:
    network = open_session(FOLDER / NETWORK)
    ids = np.array([[START_TOKEN, *tokens]], np.int64)
    return [np.asarray(array) for array in network.run(outputs, {**sound, **EMPTY_CACHE, "input_ids": ids})]


def _likeliest(log_probabilities: LogProbabilities) -> list[int]:
    return [int(token) for token in np.argmax(log_probabilities, axis=-1)]


def test_the_keys_of_a_sound_are_the_same_to_the_bit(decoder: Decoder, sound: Sound) -> None:
    _, state = decoder.begin(sound)
    presents = [name.replace("past_key_values", "present") for name in HEARD]
    for name, array in zip(HEARD, _of_the_wheel(sound, [], presents), strict=True):
        assert np.array_equal(state.sound[name], array)


def test_token_by_token_it_says_what_the_wheel_says_at_once(decoder: Decoder, sound: Sound) -> None:
    following, state = decoder.begin(sound)
    tokens: list[int] = []
    each = [following[-1]]
    for _ in range(12):
        tokens.append(_likeliest(each[-1][np.newaxis])[0])
        following, state = decoder.next(state, tokens[-1:])
        each.append(following[0])
    (logits,) = _of_the_wheel(sound, tokens, ["logits"])
    shifted = logits[0] - logits.max(axis=-1).T
    whole = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    assert len(set(tokens)) >= 8
    assert _likeliest(np.array(each)) == _likeliest(whole)
    likely = whole > -6
    assert np.abs(np.array(each) - whole)[likely].mean() < 0.2  # rounding to 8 bits
    assert np.exp(each).sum(axis=-1) == pytest.approx(1, abs=1e-4)


def test_a_prompt_is_read_as_if_token_by_token(decoder: Decoder, sound: Sound) -> None:
    first, state = decoder.begin(sound)
    tokens = _likeliest(first)
    second, state = decoder.next(state, tokens)
    tokens += _likeliest(second)
    at_once, after = decoder.begin(sound, tokens)
    assert _likeliest(at_once)[:2] == tokens
    assert after.length == 3
    assert np.abs(at_once[0] - first[-1]).mean() < 0.2


def test_hypotheses_do_not_see_each_other(decoder: Decoder, sound: Sound) -> None:
    following, state = decoder.begin(sound)
    likely = [int(token) for token in np.argsort(-following[-1])[:3]]
    together, both = decoder.next(state, likely, rows=[0, 0, 0])
    for row, token in enumerate(likely):
        alone, _ = decoder.next(state, [token])
        assert np.abs(together[row] - alone[0]).mean() < 0.3
    assert both.cut(1).length == 1
    again, _ = decoder.next(both, [5, 5], rows=[2, 0])
    assert again.shape == (2, following.shape[-1])


def test_the_rotation_covers_the_longest_reading() -> None:
    cosines, _ = rotations()
    assert cosines.shape == (MOST_TOKENS, 16)
    assert cosines[0] == pytest.approx(np.ones(16))


@pytest.mark.parametrize("file", [b"", b"rubbish", bytes(100), b"\xff" * 1000])
def test_rubbish_holds_no_weights(file: bytes, tmp_path: Path) -> None:
    path = tmp_path / "network.ort"
    path.write_bytes(file)
    with pytest.raises(ValueError, match="another layout"):
        weights(path)

"""The recipe of the second voice: it learns, it goes on from its checkpoints, the compact one too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from speechzip.voices.acoustics.vocoder import BANDS
from speechzip.voices.text.pronunciation.pronunciation import pronounced
from speechzip.voices.training.trained2.data import AlignedRecording, Speakers, load
from speechzip.voices.training.trained2.network import LATENT, PREFIXES
from speechzip.voices.training.trained2.shards import (
    Measured,
    PackedItem,
    from_bytes,
    read_shard,
    to_bytes,
    write_shard,
)
from speechzip.voices.training.trained2.tokens import pause_token, word_tokens
from speechzip.voices.training.trained2.train import TrainingPlan, read_compact, shortened, train, write_compact

NAMES = ("ann", "bob", "cem")


def made(number: int) -> PackedItem:
    random = np.random.default_rng(number)
    groups = pronounced("Good morning, how do you do?")
    tokens = [
        token
        for group in groups
        for token in ([pause_token(group.phones[0].symbol)] if group.is_pause else word_tokens(group.phones))
    ]
    durations = random.integers(5, 12, len(tokens))
    frames = int(durations.sum())
    measured = Measured(
        envelope=random.integers(0, 255, (frames, BANDS)).astype(np.uint8),
        pitch_hz=np.full(frames, 150, np.float16),
        voiced=np.ones(frames, np.bool_),
        mel=random.integers(100, 255, (frames, 64)).astype(np.uint8),
    )
    return PackedItem(f"{number}", NAMES[number % 3], measured, np.array(tokens, np.uint8), durations.astype(np.uint16))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Speakers, list[AlignedRecording], list[AlignedRecording]]:
    folder = tmp_path_factory.mktemp("measured")
    write_shard(folder / "one-000.npz", [made(number) for number in range(6)])
    return load(folder, NAMES)


def plan(build: Path, stage: str, steps: int) -> TrainingPlan:
    return TrainingPlan(build, stage, steps, batch=2, others=3, frames=200, reference=100)  # type: ignore[arg-type]


def test_shards_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.npz", [made(1), made(2)])
    first, second = read_shard(tmp_path / "a.npz")
    assert (first.name, second.speaker) == ("1", "cem")
    np.testing.assert_array_equal(second.measured.envelope, made(2).measured.envelope)
    np.testing.assert_array_equal(second.tokens, made(2).tokens)
    np.testing.assert_allclose(from_bytes(to_bytes(np.array([-80.2, 3.1]))), [-80.2, 3.1], atol=0.26)


def test_what_is_left_out_of_a_timbre_is_its_end() -> None:
    torch.manual_seed(0)
    kept = (shortened(torch.ones(200, LATENT)) != 0).int()
    assert set(kept.sum(dim=1).tolist()) == set(PREFIXES)
    assert (kept.diff(dim=1) <= 0).all()


def test_training_goes_on_also_from_the_compact_checkpoint(
    tmp_path: Path, loaded: tuple[Speakers, list[AlignedRecording], list[AlignedRecording]]
) -> None:
    for stage in ("teach", "speak", "critic"):
        train(plan(tmp_path, stage, 2), *loaded)
    train(plan(tmp_path, "critic", 3), *loaded)
    state = torch.load(tmp_path / "critic.pt", weights_only=True)
    assert state["step"] == 3
    assert all(torch.isfinite(value).all() for value in state["voice"].values())
    write_compact(tmp_path, tmp_path / "compact.npz", NAMES)
    again = tmp_path / "again"
    again.mkdir()
    read_compact(tmp_path / "compact.npz", again, ("abe", *NAMES))  # somebody new
    back = torch.load(again / "critic.pt", weights_only=True)
    assert back["step"] == 3
    for name, value in back["voice"].items():
        expected = state["voice"][name]
        torch.testing.assert_close(value[-3:] if name == "names" else value, expected, rtol=1e-3, atol=1e-3)

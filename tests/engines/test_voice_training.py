"""The recipe of the trained voice: it learns, goes on from its checkpoints, and becomes the files that ship."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch
from speechzip.voices.acoustics.vocoder import BANDS
from speechzip.voices.spaces.scalable_voice import CLASSES as COMPONENTS
from speechzip.voices.spaces.scalable_voice import ENVELOPE, ScalableVoice
from speechzip.voices.spaces.trained_voice import TIMBRE as FIRST_TIMBRE
from speechzip.voices.text.pronunciation.pronunciation import pronounced
from speechzip.voices.trained.corrections import CLASSES, COEFFICIENTS, COMPARED, cepstra
from speechzip.voices.trained.networks import LATENT, frame_positions
from speechzip.voices.trained.phone_tokens import group_tokens, text_tokens
from speechzip.voices.training.batches import WARPS, AlignedRecording, Sampler, Speakers, load, warp_matrix
from speechzip.voices.training.corpus.recordings import CorpusRecording, read_manifest
from speechzip.voices.training.corpus.shards import (
    Measured,
    PackedItem,
    from_bytes,
    read_shard,
    to_bytes,
    write_shard,
)
from speechzip.voices.training.export import export
from speechzip.voices.training.first_voices import fit as fit_first_voices
from speechzip.voices.training.network import PREFIXES
from speechzip.voices.training.release import RANGE, Compared, by_telephone, fit
from speechzip.voices.training.train import TrainingPlan, read_compact, shortened, train, write_compact

NAMES = ("ann", "bob", "cem")


def made(number: int) -> PackedItem:
    random = np.random.default_rng(number)
    tokens = group_tokens(pronounced("Good morning, how do you do?"))
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


def test_the_voice_network_can_be_kept(
    tmp_path: Path, loaded: tuple[Speakers, list[AlignedRecording], list[AlignedRecording]]
) -> None:
    train(plan(tmp_path, "critic", 1), *loaded)
    before = torch.load(tmp_path / "critic.pt", weights_only=True)["voice"]
    kept = TrainingPlan(tmp_path, "critic", 3, batch=2, others=3, frames=200, reference=100, keep_space=True)
    train(kept, *loaded)
    after = torch.load(tmp_path / "critic.pt", weights_only=True)["voice"]
    changed = {name.split(".")[0] for name, weights in after.items() if not torch.equal(weights, before[name])}
    assert changed == {"speaking"}


@pytest.mark.parametrize("frames", [40, 500])
def test_batches(loaded: tuple[Speakers, list[AlignedRecording], list[AlignedRecording]], frames: int) -> None:
    speakers, learned, _ = loaded

    def sampler() -> Sampler:
        return Sampler(speakers, learned, batch=8, others=2, frames=frames, reference=100, teacher_share=0.5, seed=1)

    batch = next(sampler().batches())
    assert batch.envelope.shape == (8, frames, BANDS)
    assert batch.reference.shape == (20, 100, BANDS)
    for row in range(8):
        total = int(batch.durations[row].sum())
        assert total == int(batch.frame_mask[row].sum()) == min(frames, total)
        counts = np.bincount(batch.index[row, :total], minlength=batch.durations.shape[1])
        assert counts.tolist() == batch.durations[row].tolist()
        assert not batch.envelope[row, total:].any()
    assert np.array_equal(batch.envelope, next(sampler().batches()).envelope)


def test_warping_moves_a_formant() -> None:
    envelope = np.zeros(BANDS, np.float32)
    envelope[30] = 1
    assert np.argmax(envelope @ warp_matrix(WARPS[-1])) > 30 > np.argmax(envelope @ warp_matrix(WARPS[0]))
    assert envelope @ warp_matrix(1.0) == pytest.approx(envelope, abs=1e-5)


def test_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,speaker,transcript,licence\na/1.opus,a,HELLO THERE,CC0\n")
    assert read_manifest(tmp_path) == [CorpusRecording(tmp_path / "a" / "1.opus", "a", "HELLO THERE")]
    assert read_manifest(tmp_path)[0].key == "a_1"


def test_the_exported_networks_fit_together(
    tmp_path: Path, loaded: tuple[Speakers, list[AlignedRecording], list[AlignedRecording]]
) -> None:
    train(plan(tmp_path, "critic", 2), *loaded)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch's exporter says of itself
        export(tmp_path / "critic.pt", tmp_path / "weights")
    voice, phones, frames = (
        onnxruntime.InferenceSession(
            str(tmp_path / "weights" / f"{name}.onnx"),
            sess_options=onnxruntime.SessionOptions(),
            providers=["CPUExecutionProvider"],
        )
        for name in ("voice", "phones", "frames")
    )
    assert (tmp_path / "weights" / "frames.onnx").stat().st_size < 7e6  # a byte a weight
    (timbre,) = voice.run(None, {"mel": np.zeros((1, 78, BANDS), np.float32)})
    assert np.asarray(timbre).shape == (1, LATENT)
    who = ScalableVoice().condition(LATENT)[np.newaxis]
    tokens = text_tokens("Yes.")
    context, durations = phones.run(None, {"tokens": tokens[np.newaxis], "voice": who})
    assert np.asarray(durations).shape == (1, len(tokens))
    lasts = np.arange(2, 2 * len(tokens) + 2, 2)
    index = np.repeat(np.arange(len(tokens)), lasts)[np.newaxis]
    log_pitch, voicing, envelope = frames.run(
        None, {"context": context, "index": index, "place": frame_positions(lasts)[np.newaxis], "voice": who}
    )
    total = int(lasts.sum())
    assert np.asarray(log_pitch).shape == np.asarray(voicing).shape == (1, total)
    assert np.asarray(envelope).shape == (1, total, BANDS)
    assert ((np.asarray(voicing) >= 0) & (np.asarray(voicing) <= 1)).all()


def test_corrections_are_what_the_networks_lack() -> None:
    random = np.random.default_rng(1)
    tilts = random.normal(0, 2, 150)  # of each speaker, in the first coefficient
    cosine = np.cos(np.pi * (np.arange(BANDS) + 0.5) / BANDS)
    found: list[Compared] = []
    for tilt in tilts:
        made_db = random.normal(-55, 8, (300, BANDS)).astype(np.float32)
        recorded = (made_db[:200] + (1.5 + tilt) * cosine).astype(np.float32)
        found.append(Compared(recorded, made_db, made_db))
    arrays = fit(found)
    assert arrays["mel_centers"].shape == arrays["envelope_centers"].shape == (CLASSES, COMPARED)
    assert arrays["class_basis_db"].shape == (COMPONENTS, CLASSES, COEFFICIENTS)
    assert arrays["envelope_mean_db"].shape == arrays["envelope_scale_db"].shape == (ENVELOPE,)
    assert arrays["envelope_mean_db"][0] == pytest.approx(1.5, abs=0.5)
    assert arrays["envelope_scale_db"][0] == pytest.approx(RANGE * tilts.std(), rel=0.2)
    assert arrays["envelope_scale_db"][1:].max() < 1


def test_cepstra_are_found_again() -> None:
    wanted = np.random.default_rng(2).normal(0, 5, (7, COEFFICIENTS))
    angles = np.pi * np.arange(COEFFICIENTS)[:, np.newaxis] * (np.arange(BANDS) + 0.5) / BANDS
    assert cepstra(wanted @ np.cos(angles)) == pytest.approx(wanted, abs=1e-6)


def test_a_linear_function_of_the_first_voices_is_found() -> None:
    random = np.random.default_rng(3)
    old = np.concatenate([random.normal(size=(400, FIRST_TIMBRE)), np.ones((400, 1))], axis=1)
    weights = random.normal(size=(FIRST_TIMBRE + 1, 3))
    assert fit_first_voices(old, old @ weights) == pytest.approx(weights, abs=0.3)


@pytest.mark.parametrize(("frequency_hz", "kept"), [(100, 1), (3000, 1), (4100, 0), (7000, 0)])
def test_a_telephone_line_leaves_out_what_is_high(frequency_hz: int, kept: int) -> None:
    tone = np.sin(2 * np.pi * frequency_hz * np.arange(16_000) / 16_000).astype(np.float32)
    heard = by_telephone(tone)

    def level(samples: npt.NDArray[np.float32]) -> float:
        return float(np.sqrt(np.mean(samples**2)))

    assert heard.shape == tone.shape
    assert level(heard) == pytest.approx(kept * level(tone), abs=1e-3)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from speechzip.voices.acoustics.vocoder import BANDS
from speechzip.voices.text.pronunciation.phonemes import INVENTORY, phoneme_groups
from speechzip.voices.trained.phone_tokens import FIRST, LAST, PAUSE, text_tokens
from speechzip.voices.training.examples import Example, Sampler, example, warp_matrix
from speechzip.voices.training.pieces import END_SILENCE
from speechzip.voices.training.recordings import CorpusRecording, Span, read_manifest

TEXT = "Yes, my friend."


def spans() -> list[Span]:
    """20 frames of silence, "Yes" 5 + 6 + 7, a pause of 30, "my", no pause, "friend", 40 frames of silence."""
    groups = phoneme_groups(TEXT)
    words = [index for index, group in enumerate(groups) if not group.is_pause]
    said = [Span(index, tuple(range(5, 5 + len(groups[index].phones)))) for index in words]
    return [Span(-1, (20,)), said[0], Span(-1, (30,)), *said[1:], Span(-1, (40,))]


def features(folder: Path, key: str, frames: int, pitch_hz: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    np.savez(
        folder / f"{key}.npz",
        envelope_db=random.normal(-55, 20, (frames, BANDS)).astype(np.float16),
        pitch_hz=np.full(frames, pitch_hz, np.float32),
        voiced=np.arange(frames) % 3 > 0,
        mel_db=random.normal(-55, 10, (frames, BANDS)).astype(np.float16),
    )


def made(tmp_path: Path, speaker: int, pitch_hz: float = 100.0) -> Example:
    recording = CorpusRecording(tmp_path / f"{speaker}" / "001.opus", f"{speaker}", TEXT)
    total = sum(sum(span.durations) for span in spans())
    features(tmp_path, recording.key, total + 1, pitch_hz, speaker)
    return example(recording, spans(), tmp_path, speaker)


def test_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("path,speaker,transcript,licence\na/1.opus,a,HELLO THERE,CC0\n")
    assert read_manifest(tmp_path) == [CorpusRecording(tmp_path / "a" / "1.opus", "a", "HELLO THERE")]
    assert read_manifest(tmp_path)[0].key == "a_1"


def test_example(tmp_path: Path) -> None:
    item = made(tmp_path, 0, pitch_hz=200)
    assert item.tokens.tolist() == text_tokens(TEXT).tolist()
    assert item.durations[0] == item.durations[-1] == END_SILENCE
    comma = item.tokens[:, 0].tolist().index(INVENTORY.index(","))
    assert item.durations[comma] == 30
    assert item.durations.sum() == len(item.envelope) == len(item.log_pitch) == len(item.voiced)
    assert item.log_pitch == pytest.approx(np.log(200))
    assert item.prosody[0] == pytest.approx((np.log(200) - 5.05) / 0.4, abs=1e-5)
    assert {FIRST, LAST, PAUSE} <= set(item.tokens[:, 2].tolist())


def test_a_mark_at_which_nobody_pauses_lasts_nothing(tmp_path: Path) -> None:
    without = [span for span in spans() if span != Span(-1, (30,))]
    recording = CorpusRecording(tmp_path / "a" / "1.opus", "a", TEXT)
    features(tmp_path, recording.key, 300, 100, 0)
    item = example(recording, without, tmp_path, 0)
    assert item.tokens.tolist() == text_tokens(TEXT).tolist()
    assert item.durations[item.tokens[:, 0].tolist().index(INVENTORY.index(","))] == 0


@pytest.mark.parametrize("frames", [40, 500])
def test_batches(tmp_path: Path, frames: int) -> None:
    examples = [made(tmp_path, speaker) for speaker in range(3)]
    batch = next(Sampler(examples, batch=8, frames=frames, reference=60, seed=1).batches())
    assert batch.envelope.shape == (8, frames, BANDS)
    assert batch.reference.shape == (16, 60, BANDS)
    for row in range(8):
        total = int(batch.durations[row].sum())
        assert total == int(batch.frame_mask[row].sum()) == min(frames, total)
        counts = np.bincount(batch.index[row, :total], minlength=batch.durations.shape[1])
        assert counts.tolist() == batch.durations[row].tolist()
        assert not batch.envelope[row, total:].any()
        assert batch.reference_mask[row].sum() >= 30
    again = next(Sampler(examples, batch=8, frames=frames, reference=60, seed=1).batches())
    assert np.array_equal(batch.envelope, again.envelope)


def test_warping_moves_a_formant() -> None:
    envelope = np.zeros(BANDS, np.float32)
    envelope[30] = 1
    assert np.argmax(envelope @ warp_matrix(1.12)) > 30 > np.argmax(envelope @ warp_matrix(1 / 1.12))
    assert envelope @ warp_matrix(1.0) == pytest.approx(envelope, abs=1e-5)

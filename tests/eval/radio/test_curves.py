"""Curves of the HF modem: what is kept, and what is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import GOLDEN
from speechzip.eval.radio import curves
from speechzip.eval.radio.channel import CHANNELS
from speechzip.eval.radio.curves import CurvePoint, draw_page, measure, measure_all, table

pytest.importorskip("pycodec2", reason="pycodec2 needs Python 3.11")
DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))


@pytest.mark.slow
def test_everything_arrives_high_above_the_noise_and_nothing_far_below() -> None:
    above = measure(DATA, "datac3", CHANNELS["noise"], 3.0, seeds=[1])
    assert (above.bursts, above.words, above.words_with_parity) == (1.0, 1.0, 1.0)
    below = measure(DATA, "datac3", CHANNELS["noise"], -15.0, seeds=[1])
    assert (below.bursts, below.words, below.words_with_parity) == (0.0, 0.0, 0.0)


def test_points_are_kept_for_the_same_message_and_number_of_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[float] = []

    def fake(data: bytes, mode: str, channel: object, snr_db: float, seeds: object) -> CurvePoint:
        measured.append(snr_db)
        return CurvePoint(mode, "noise", snr_db, 0.5, float("nan"), float("nan"))

    monkeypatch.setattr(curves, "measure", fake)
    monkeypatch.setattr(curves, "SNRS_DB", {"datac13": (-3, 0)})
    monkeypatch.setattr(curves, "CHANNELS", {"noise": CHANNELS["noise"]})
    kept = tmp_path / "points.jsonl"
    first = measure_all(DATA, 2, kept, lambda _: None)
    assert [point.bursts for point in measure_all(DATA, 2, kept, lambda _: None)] == [0.5, 0.5]
    assert measured == [-3, 0]
    measure_all(DATA, 3, kept, lambda _: None)
    assert measured == [-3, 0, -3, 0]
    assert list(table(first)) == [
        "| mode | channel | -3 dB | 0 dB |",
        "|---|---|---:|---:|",
        "| DATAC13 | noise | 50 | 50 |",
    ]


def test_the_table_and_the_page_have_bursts_words_and_words_with_parity() -> None:
    points = [CurvePoint("datac4", name, -3.0, 0.89, 0.9, 1.0) for name in CHANNELS]
    assert list(table(points))[2] == "| DATAC4 | noise | 89/90/100 |"
    page = draw_page(points, "<call>.wav", runs=3)
    assert "&lt;call&gt;.wav in bursts of DATAC4, 3 runs" in page
    assert page.count('<svg viewBox="0 0 760 400"') == len(CHANNELS)
    assert "DATAC4, words, parity, -3 dB: 100%" in page

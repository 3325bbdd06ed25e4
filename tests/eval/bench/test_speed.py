from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from speechzip.eval.bench.speed import OPUS, Speed, measure, table


def test_ratios_to_opus() -> None:
    lines = table(
        [Speed("speechzip", 0.2, 0.01, 200.0), Speed(OPUS, 0.01, 0.002, 50.0), Speed("other", 1.0, 1.0, None)]
    )
    assert "0.2000 (20.0 x Opus)" in lines[1]
    assert "0.0100 (5.0 x Opus)" in lines[1]
    assert "200 (4.0 x Opus)" in lines[1]
    assert lines[3].rstrip().endswith("?")


def test_without_opus_no_ratio() -> None:
    assert "Opus" not in "\n".join(table([Speed("speechzip", 0.2, 0.01, 200.0)]))


def test_measured_in_a_process_of_its_own(wheel_recording: Callable[[str], Path]) -> None:
    pytest.importorskip("av")
    speed = measure(OPUS, wheel_recording("beckett.wav"), rounds=1)
    assert 0 < speed.decode_rtf < speed.encode_rtf < 5
    assert speed.memory_mib is not None
    assert 20 < speed.memory_mib < 1000

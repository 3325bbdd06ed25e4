from __future__ import annotations

from pathlib import Path

import pytest
from speechzip.voices.text.normalization.normalize import normalize_text

LINES = (Path(__file__).parent / "readings.tsv").read_text("utf-8").splitlines()
READINGS = [line.split("\t") for line in LINES if line and not line.startswith("# ")]


def test_there_are_as_many_as_the_table_had() -> None:
    assert len(READINGS) >= 625
    assert all(len(reading) == 2 for reading in READINGS)


@pytest.mark.parametrize(("written", "read"), READINGS)
def test_reads_as_an_american_would(written: str, read: str) -> None:
    assert normalize_text(written) == read

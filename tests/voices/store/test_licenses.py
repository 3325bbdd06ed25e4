from __future__ import annotations

from pathlib import Path

import pytest
from speechzip.pipeline import EngineError, OutputError
from speechzip.voices.store import licenses


def test_only_the_user_accepts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPEECHZIP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COQUI_TOS_AGREED", "1")  # an answer to somebody else's question
    assert not licenses.is_accepted(licenses.CPML)
    with pytest.raises(EngineError, match="non-commercial use only"):
        licenses.require(licenses.CPML)
    record = licenses.accept(licenses.CPML)
    licenses.require(licenses.CPML)
    assert "Coqui Public Model License 1.0" in record.read_text()
    record.unlink()
    assert not licenses.is_accepted(licenses.CPML)


def test_a_record_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SPEECHZIP_DATA", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot be made"):
        licenses.accept(licenses.CPML)

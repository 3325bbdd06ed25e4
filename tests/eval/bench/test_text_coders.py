from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("pyppmd")
from speechzip.eval.bench import text_coders


@pytest.mark.models
def test_without_the_held_out_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a clone alone: the words of the wheel's recordings, and no dictionary, for which there is no text."""
    nowhere = str(tmp_path / "nowhere")
    monkeypatch.setattr(sys, "argv", ["text_coders", "--heldout", nowhere, "--training", nowhere])
    text_coders.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{nowhere} is not there, so what the wheel's recordings say: 2 lines, 685 characters"
    assert [line.split(" |")[0] for line in lines[4:]] == [
        "| english-2", "| english-1", "| brotli 11", "| zstd 19", "| PPMd (variant I, order 6)", "| xz 9e (raw LZMA2)",
        "| gzip 9",
    ]  # fmt: skip

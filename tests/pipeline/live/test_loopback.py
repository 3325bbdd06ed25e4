"""The helper of demonstration, benchmark and tests, with stand-ins for its two processes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from speechzip.pipeline import LiveError
from speechzip.pipeline.live.bench import loopback

STAND_IN = """
import json, sys, time
if sys.argv[1] == "listen":
    print(json.dumps({"report": "Pairing", "line": "127.0.0.1:1"}), flush=True)
else:
    print(json.dumps({"report": "Level", "level_db": -20}), flush=True)
    print(json.dumps({"report": "LinkState", "phase": "reconnecting"}), flush=True)
time.sleep(600 if HANGS else 0)
sys.exit(3)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hangs", "what"), [(True, "did not end within 2 s"), (False, "failed with exit status 3")], ids=["hangs", "fails"]
)
def test_an_end_that_hangs_or_fails_is_told_with_the_last_reports_of_both(
    hangs: bool, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(loopback, "SPEECHZIP", (sys.executable, "-c", STAND_IN.replace("HANGS", str(hangs))))
    monkeypatch.setattr(loopback, "TIMEOUT_S", 2.0)
    with pytest.raises(LiveError) as caught:
        loopback.talk_and_listen(tmp_path / "recording.wav", tmp_path)
    first, *lines = str(caught.value).splitlines()
    assert first == f"the talking end {what}"
    assert lines == [
        "the listening end reported last:",
        '{"report": "Pairing", "line": "127.0.0.1:1"}',
        "the talking end reported last:",
        '{"report": "LinkState", "phase": "reconnecting"}',
    ]
    stacks = capfd.readouterr().err
    assert ("Current thread" in stacks) == hangs

from __future__ import annotations

import io
import sys

import pytest
from speechzip.pipeline import progress_bar


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("counted", "shown"), [(False, "30 %"), (True, "3/10")])
def test_a_terminal_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch, counted: bool, shown: str) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("counting", counted=counted) as advance:
        assert advance is not None
        advance(3, 10)
    assert "counting" in terminal.getvalue()
    assert shown in terminal.getvalue()


def test_elsewhere_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("counting") as advance:
        assert advance is None
    assert capsys.readouterr() == ("", "")

"""The report in a real browser: nothing is fetched, nothing overflows, players play."""

from __future__ import annotations

from pathlib import Path

import pytest
from chromium import CHROMIUM, browse
from eval_doubles import observed, results_of
from fakes import bursts
from speechzip.eval import write_report
from speechzip.eval.run.observe import write_clip
from speechzip.eval.run.store import stored_path

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt install chromium)")


def test_report(tmp_path: Path) -> None:
    sections = {"header": 4, "voices": 11, "timing": 2, "text": 30, "checksum": 2}
    results = results_of(
        [
            observed("a", bits=2.56e6),
            observed("a", "speechzip", heard="a b", text="a b c d", bits=392, sections=sections),
            observed("a", condition="noise-0dB", heard="a"),
            observed("a", "speechzip", condition="noise-0dB", heard="a"),
        ]
    )
    for system in ("original", "speechzip"):
        clip = stored_path(tmp_path / "clips", "clean", system, "a", "mp3")
        clip.parent.mkdir(parents=True)
        with open(clip, "wb") as file:
            write_clip(file, bursts((0.2, 1.8), duration_s=2))
    page = write_report(results, tmp_path)
    with browse(page.as_uri(), tmp_path / "none.wav", tmp_path / "profile") as tab:
        tab.until("document.readyState == 'complete' && document.querySelectorAll('audio').length == 4")
        assert tab.evaluate("document.querySelectorAll('figure > svg').length") == 4
        assert (
            tab.evaluate("performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length")
            == 0
        )
        assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        tab.evaluate("void document.querySelectorAll('audio').forEach(audio => audio.load())")
        duration = (
            "[...document.querySelectorAll('audio')].map(audio => { audio.preload = 'auto'; return audio.duration })"
        )
        tab.until(f"{duration}.every(seconds => seconds > 1.9 && seconds < 2.2)")
        assert tab.problems == []

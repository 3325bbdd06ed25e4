"""The report in a real browser: nothing is fetched, nothing overflows, players play."""

from __future__ import annotations

from pathlib import Path

import pytest
from chromium import browse, needs_chromium
from eval_doubles import observed, results_of
from fakes import bursts
from playwright.sync_api import expect, sync_playwright
from speechzip.eval import write_report
from speechzip.eval.run.observe import write_clip
from speechzip.eval.run.store import stored_path


@needs_chromium
@pytest.mark.processes
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
    with sync_playwright() as playwright, browse(playwright, page.as_uri(), tmp_path / "profile") as tab:
        players = tab.page.locator("audio")
        expect(players).to_have_count(4)
        expect(tab.page.locator("figure > svg")).to_have_count(4)
        fetched = "performance.getEntriesByType('resource').map((e) => e.name).filter((n) => !n.startsWith('data:'))"
        assert tab.page.evaluate(fetched) == []
        assert tab.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        for player in players.all():
            player.evaluate("(audio) => { audio.preload = 'auto'; audio.load(); }")
            seconds = player.evaluate(
                "(audio) => new Promise((done) => { if (audio.duration) done(audio.duration);"
                " audio.addEventListener('loadedmetadata', () => done(audio.duration)); })"
            )
            assert 1.9 < seconds < 2.2
        assert tab.problems == []

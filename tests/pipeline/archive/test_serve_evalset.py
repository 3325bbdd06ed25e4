"""The pages over an archive of all recordings of the evaluation, with the default engines, in a real browser.

Voices are not fitted: that would take minutes more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pysubs2
import pytest
from chromium import browse, needs_chromium
from playwright.sync_api import expect, sync_playwright
from served import served
from speechzip.pipeline import load_engine
from speechzip.pipeline.archive import Archive
from speechzip.pipeline.archive.export.formats import FORMATS
from speechzip.pipeline.archive.serve.app import create_app
from speechzip.pipeline.archive.stores import LocalStore
from speechzip.pipeline.archive.work import Settings

TOKEN = "token-of-the-evalset"
PORT = 7398
WITH_SPEECH = 100
"""Of 118 recordings, 11 are noise and music, which become no payloads."""


@pytest.fixture
def archived(evalset: Path, tmp_path: Path) -> Path:
    """An archive of all of evalset."""
    with Archive(tmp_path / "archive") as archive:
        totals = archive.add([evalset], settings=Settings(voice_encoder="trained:quick"), workers=2)
    assert totals.failed == 0
    assert totals.done >= WITH_SPEECH
    return tmp_path / "archive"


@pytest.fixture
def address(archived: Path, tmp_path: Path) -> Iterator[str]:
    """Where its pages are."""
    with served(create_app(LocalStore(archived), load_engine("synthesizer"), TOKEN, PORT, tmp_path / "cache"), PORT):
        yield f"http://127.0.0.1:{PORT}/{TOKEN}/"


@needs_chromium
@pytest.mark.corpus
@pytest.mark.models
@pytest.mark.processes
def test_all_recordings_of_the_evaluation(archived: Path, address: str, tmp_path: Path) -> None:
    count = len(list(archived.rglob("*.spz")))
    with sync_playwright() as driver, browse(driver, address, tmp_path / "profile") as tab:
        page = tab.page
        pages: list[str] = []
        while True:  # every page of the list, and then every recording
            pages += page.locator(".hits a").evaluate_all("links => links.map(link => link.href)")
            if not page.get_by_role("link", name="More").count():
                break
            page.get_by_role("link", name="More").click()
        assert len(set(pages)) == count
        for one in pages:
            page.goto(one)
            assert page.locator(".talk li[data-start]").count() > 0, one
        page.get_by_role("link", name="Search").click()
        page.get_by_label("Search what was said").type('"oil light" OR light*')
        expect(page.locator("mark").first).to_be_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # the first hit, without a mouse
        line = page.locator(".talk li:target")
        expect(line).to_be_visible()
        line.get_by_role("button").focus()
        page.keyboard.press("Enter")
        tab.wait_for("document.getElementById('player').currentTime > 0.2")
        page.get_by_role("button", name="Play all").click()
        tab.wait_for("document.getElementById('player').duration > 5")
        page.evaluate("document.getElementById('player').currentTime = 4")
        tab.wait_for("document.getElementById('player').currentTime > 4.2")
        for form in FORMATS:
            page.get_by_label("Download").select_option(form)
            with page.expect_download() as download:
                page.get_by_role("link", name="Save").click()
            saved = Path(download.value.path()).read_text()
            assert saved
            if form == "srt":
                assert len(pysubs2.SSAFile.from_string(saved, format_="srt")) > 1
        assert tab.problems == []

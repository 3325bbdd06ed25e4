"""Headless Chromium for tests, driven by Playwright: the system's own, since Playwright's would be a download."""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page, Playwright, expect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TIMEOUT_MS = 60_000.0
"""How long a page may take to show something: the machine may be busy."""

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")

expect.set_options(timeout=TIMEOUT_MS)


@dataclass(frozen=True, slots=True)
class Tab:
    """One page in a browser of its own."""

    page: Page
    problems: list[str] = field(default_factory=list[str])
    """Errors that the page logged or threw."""

    def wait_for(self, expression: str) -> None:
        """Wait until a JavaScript expression is true; the page's security policy forbids Playwright's own waiting."""
        deadline_s = time.monotonic() + TIMEOUT_MS / 1000
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline_s, f"it never came to be: {expression}"
            self.page.wait_for_timeout(50)


@contextmanager
def browse(
    playwright: Playwright, url: str, profile: Path, microphone: Path | None = None, before: str = ""
) -> Generator[Tab]:
    """Open `url`.

    Args:
        playwright: drives all browsers of a test; only one may run in a thread.
        url: of the page.
        profile: a folder for the browser's data.
        microphone: a recording that replaces a microphone.
        before: a script that runs before those of the page.
    """
    devices = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    if microphone:
        devices.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    context = playwright.chromium.launch_persistent_context(
        profile,
        executable_path=CHROMIUM,
        args=["--disable-gpu", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required", *devices],
        viewport={"width": 420, "height": 780},
        timeout=TIMEOUT_MS,
    )
    try:
        tab = Tab(context.pages[0])

        def note_message(message: ConsoleMessage) -> None:
            if message.type == "error":
                tab.problems.append(message.text)

        def note_error(error: Error) -> None:
            tab.problems.append(str(error))

        tab.page.on("console", note_message)
        tab.page.on("pageerror", note_error)
        if before:
            tab.page.add_init_script(before)
        tab.page.goto(url, timeout=TIMEOUT_MS)
        yield tab
    finally:
        context.close()

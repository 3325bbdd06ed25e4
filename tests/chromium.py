"""Headless Chromium for tests, driven over its DevTools protocol."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TIMEOUT_S = 60.0


class Tab:
    """One page in a browser."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._next_id = 1
        self.problems: list[str] = []
        """What the page wrote to the console as an error or threw."""

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        number, self._next_id = self._next_id, self._next_id + 1
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message: dict[str, Any] = json.loads(self._connection.recv(timeout=TIMEOUT_S))
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            if message.get("method") == "Runtime.exceptionThrown":
                self.problems.append(str(message["params"]["exceptionDetails"]))
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.problems.append(str(message["params"]["entry"]))

    def evaluate(self, expression: str) -> Any:
        result = self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, expression: str, timeout_s: float = TIMEOUT_S) -> Any:
        deadline_s = time.monotonic() + timeout_s
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline_s, (expression, self.evaluate("document.body.innerText"), self.problems)
            time.sleep(0.1)
        return value

    def key(self, kind: str, code: str, text: str) -> None:
        self.command("Input.dispatchKeyEvent", type=kind, code=code, key=text, windowsVirtualKeyCode=ord(text))

    def screenshot(self) -> bytes:
        return base64.b64decode(self.command("Page.captureScreenshot")["data"])


@contextmanager
def browse(url: str, microphone: Path, profile: Path, before: str = "") -> Generator[Tab]:
    """Open `url` with a recording as the microphone; `before` runs in the page before its own scripts."""
    assert CHROMIUM is not None
    arguments = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--remote-debugging-port=0", f"--user-data-dir={profile}", "--mute-audio",
        "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}%noloop",
        "--autoplay-policy=no-user-gesture-required", "--window-size=420,780", "about:blank",
    ]  # fmt: skip
    browser = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port_file = profile / "DevToolsActivePort"
        deadline_s = time.monotonic() + TIMEOUT_S
        while not port_file.exists() or len(port_file.read_text().splitlines()) < 2:
            assert browser.poll() is None, "Chromium did not start"
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        port = port_file.read_text().splitlines()[0]
        with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=TIMEOUT_S) as answer:
            pages = json.load(answer)
        address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
        with connect(address, max_size=64 << 20) as connection:
            tab = Tab(connection)
            for domain in ("Page", "Runtime", "Log"):
                tab.command(f"{domain}.enable")
            if before:
                tab.command("Page.addScriptToEvaluateOnNewDocument", source=before)
            tab.command("Page.navigate", url=url)
            yield tab
    finally:
        browser.terminate()
        try:
            browser.wait(10)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait()

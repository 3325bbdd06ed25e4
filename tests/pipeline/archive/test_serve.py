"""The pages of an archive: access, content, and their look and function in a real browser."""

from __future__ import annotations

import asyncio
import base64
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import soundfile
from chromium import browse, needs_chromium
from fakes import FakeSynthesizer
from playwright.sync_api import Playwright, expect, sync_playwright
from served import served
from speechzip.pipeline import (
    Payload,
    Speaker,
    SpeechzipWarning,
    Utterance,
    Voice,
    VoiceReference,
    encode_payload,
)
from speechzip.pipeline.archive.fulltext.index import index_path
from speechzip.pipeline.archive.serve.app import create_app
from speechzip.pipeline.archive.serve.speech import SpeechCache
from speechzip.pipeline.archive.stores import LocalStore
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS
from speechzip.voices import VoiceStore
from speechzip.voices.spaces.adaptation import SIZE as ADAPTATION_SIZE
from starlette.types import ASGIApp, Message

TOKEN = "token-of-the-test"
PORT = 7399
HOSTILE_NAME = os.fsdecode(b"<b>caf\xe9.wav")
HOSTILE = "<script>alert(1)</script> & 'quotes'"


class Client:
    """Sends an application the requests of a browser, without a socket."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.request("GET", path, headers)

    def request(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(ask())


@pytest.fixture
def store(tmp_path: Path, payload: Payload) -> LocalStore:
    store = LocalStore(tmp_path / "calls")
    store.write("2024/call.wav.spz", encode_payload(payload, TEXT_CODERS[DEFAULT_ID]))
    hostile = Payload(payload.speakers, (Utterance(1.0, 2.0, 0, HOSTILE, 0.5),), 4.0, 2)
    store.write(HOSTILE_NAME + ".spz", encode_payload(hostile, TEXT_CODERS[DEFAULT_ID]))
    return store


@pytest.fixture
def client(store: LocalStore, tmp_path: Path) -> Client:
    app = create_app(store, FakeSynthesizer(), TOKEN, PORT, tmp_path / "cache")
    return Client(app)


def key(name: str) -> str:
    return base64.urlsafe_b64encode(os.fsencode(name)).decode().rstrip("=")


CALL = f"/{TOKEN}/r/{key('2024/call.wav')}"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"/{TOKEN}/", {}, 200),
        (f"/{TOKEN}/", {"host": f"localhost:{PORT}"}, 200),
        (f"/{TOKEN}/", {"origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "same-origin"}, 200),
        ("/", {}, 404),
        ("/wrong/", {}, 404),
        (f"/{TOKEN[:-1]}/", {}, 404),
        ("/static/page.js", {}, 404),
        (f"/{TOKEN}/", {"host": f"evil.example:{PORT}"}, 403),
        (f"/{TOKEN}/", {"host": "127.0.0.1"}, 403),
        (f"/{TOKEN}/", {"origin": "http://evil.example"}, 403),
        (f"/{TOKEN}/", {"origin": "null"}, 403),
        (f"/{TOKEN}/", {"sec-fetch-site": "cross-site"}, 403),
        (f"/{TOKEN}/r/{key('../../etc/passwd')}", {}, 404),
        (f"/{TOKEN}/r/{key('gone.wav')}/speech.wav", {}, 404),
        (f"/{TOKEN}/r/!!!", {}, 404),
        (f"/{TOKEN}/static/../app.py", {}, 404),
        (f"{CALL}/speech.wav?u=99", {}, 404),
        (f"{CALL}/speech.wav?u=x", {}, 404),
        (f"{CALL}/transcript.exe", {}, 404),
    ],
)
def test_who_may_ask_and_for_what(client: Client, path: str, headers: dict[str, str], status: int) -> None:
    answer = client.get(path, headers=headers)
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "http" not in answer.text.replace("http://www.w3.org", "")  # nothing from outside


def test_nothing_can_be_sent(client: Client) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert client.request(method, f"/{TOKEN}/").status_code == 405


def test_no_websocket_is_opened(store: LocalStore, tmp_path: Path) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def ask() -> None:
        app = create_app(store, FakeSynthesizer(), TOKEN, PORT, tmp_path / "cache")
        await app({"type": "websocket", "path": f"/{TOKEN}/", "headers": []}, receive, send)

    asyncio.run(ask())
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_words_of_strangers_are_text(client: Client) -> None:
    for path in (
        f"/{TOKEN}/hits?q=alert",
        f"/{TOKEN}/r/{key(HOSTILE_NAME)}",
        f"/{TOKEN}/?q=<script>",
    ):
        page = client.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<b>caf" not in page.text


def test_many_recordings_and_hits_are_paged(store: LocalStore, payload: Payload, tmp_path: Path) -> None:
    for number in range(60):
        said = Payload(payload.speakers, (Utterance(0.0, 2.0, 0, "High tide."),), 3.0, 2)
        store.write(f"tide/{number:02}.wav.spz", encode_payload(said, TEXT_CODERS[DEFAULT_ID]))
    client = Client(create_app(store, FakeSynthesizer(), TOKEN, PORT, tmp_path / "cache"))
    first = client.get(f"/{TOKEN}/?q=tide").text
    assert (first.count("<mark>tide"), 'data-count="more than 50"' in first) == (50, True)
    assert f'href="/{TOKEN}/?q=tide&amp;from=50">More' in first
    second = client.get(f"/{TOKEN}/hits?q=tide&from=50").text
    assert (second.count("<mark>tide"), 'data-count="51 to 60"' in second, "More" in second) == (10, True, False)
    assert client.get(f"/{TOKEN}/").text.count("/r/") == 50
    assert client.get(f"/{TOKEN}/?from=50").text.count("/r/") == 12
    for rubbish in ("-1", "x", "²", "9" * 5000):
        assert client.get(f"/{TOKEN}/?from={rubbish}").text.count("/r/") == 50


def length_s(answer: httpx.Response, path: Path) -> float:
    path.write_bytes(answer.content)
    sound, rate = soundfile.read(str(path), dtype="float32")
    return len(sound) / rate


def test_speech_is_made_on_demand_and_in_ranges(client: Client, tmp_path: Path) -> None:
    whole = client.get(f"{CALL}/speech.wav")
    assert length_s(whole, tmp_path / "whole.wav") == pytest.approx(12.5, abs=0.1)
    part = client.get(f"{CALL}/speech.wav", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    one = client.get(f"{CALL}/speech.wav?u=1")
    assert length_s(one, tmp_path / "one.wav") == pytest.approx(1.5, abs=0.1)
    for answer in (whole, part, one):  # a browser must not replay what was redacted since then
        assert answer.headers["cache-control"] == "no-store"


def test_two_people_who_begin_at_once_are_spoken_each(store: LocalStore, payload: Payload, tmp_path: Path) -> None:
    both = (Utterance(1.0, 1.0, 0, "Hello."), Utterance(1.0, 3.0, 1, "Good morning."))
    said = Payload(payload.speakers, both, 5.0, 2)
    store.write("both.wav.spz", encode_payload(said, TEXT_CODERS[DEFAULT_ID]))
    client = Client(create_app(store, FakeSynthesizer(), TOKEN, PORT, tmp_path / "cache"))
    for number, utterance in enumerate(both):
        answer = client.get(f"/{TOKEN}/r/{key('both.wav')}/speech.wav?u={number}")
        assert length_s(answer, tmp_path / "one.wav") == pytest.approx(utterance.duration_s, abs=0.1)


def test_a_page_while_another_process_writes(store: LocalStore, client: Client) -> None:
    other = sqlite3.connect(index_path(store), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.warns(SpeechzipWarning, match="another process writes to the index"):
        page = client.get(f"/{TOKEN}/?q=anybody")
    assert (page.status_code, page.text.count("<mark>")) == (200, 1)
    other.close()


def test_the_cache_of_speech_is_bounded(payload: Payload, tmp_path: Path) -> None:
    cache = SpeechCache(FakeSynthesizer(), tmp_path, max_bytes=500_000)
    for number in range(4):
        said = Payload(payload.speakers[:1], (Utterance(0.0, 2.0, 0, f"Number {number}."),), 5.0)
        assert cache.file(said, 100).exists()
        time.sleep(0.02)
    assert 1 <= len(list(tmp_path.glob("*.wav"))) <= 3
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.wav")} == {0o600}


def test_a_voice_that_was_enrolled_since_then_is_spoken_again(payload: Payload, tmp_path: Path) -> None:
    small = Voice("trained-2", bytes(64))
    said = Payload((Speaker(VoiceReference(small.id)),), (Utterance(0.0, 2.0, 0, "Hello."),), 5.0)
    synthesizer = FakeSynthesizer()
    synthesizer.spaces = frozenset({"trained-2"})
    cache, store = SpeechCache(synthesizer, tmp_path), VoiceStore()
    store.add("Ann", small)
    before = cache.file(said, 100)
    assert cache.file(said, 100) == before
    store.add("Ann", Voice("trained-2", bytes(64), b"\1" + bytes(ADAPTATION_SIZE - 1)))
    assert cache.file(said, 100) != before


def test_transcripts(client: Client) -> None:
    answer = client.get(f"{CALL}/transcript.srt")
    assert answer.text.startswith("1\n00:00:00,500 --> 00:00:02,500\nSpeaker 1: Hello, is anybody there?")
    assert answer.headers["content-disposition"] == 'attachment; filename="call.wav.srt"'


@pytest.fixture
def address(store: LocalStore, tmp_path: Path) -> Iterator[str]:
    with served(create_app(store, FakeSynthesizer(), TOKEN, PORT, tmp_path / "cache"), PORT):
        yield f"http://127.0.0.1:{PORT}/{TOKEN}/"


@pytest.fixture
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as driver:
        yield driver


KEYS_TAKEN = """
[...Array(95).keys()].map(code => String.fromCharCode(32 + code)).filter(key =>
    !document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true})))
"""
"""The single characters that are shortcuts: none, because people could not turn them off (WCAG 2.1.4)."""


@needs_chromium
@pytest.mark.processes
def test_search_open_play_and_download(address: str, playwright: Playwright, tmp_path: Path) -> None:
    with browse(playwright, address, tmp_path / "profile") as tab:
        page = tab.page
        expect(page.get_by_role("heading", level=1)).to_have_text("calls")
        page.get_by_label("Search what was said").type("anybo*")
        expect(page.locator("mark")).to_have_text("anybody")
        expect(page.get_by_role("status")).to_have_text("1 found")
        page.get_by_role("link", name="Hello, is anybody there?").click()
        expect(page.locator(".talk li")).to_have_count(4)
        expect(page.locator(".badge")).to_have_count(1)  # "Good." at 50 %
        page.get_by_role("button", name="Play Speaker 2 at 0:00:02").click()
        tab.wait_for("document.getElementById('player').currentTime > 0.2")
        tab.wait_for("document.getElementById('player').seekable.end(0) > 1")
        page.locator("#whole").click()
        tab.wait_for("document.getElementById('player').duration > 12")
        page.evaluate("document.getElementById('player').currentTime = 10")
        tab.wait_for("document.querySelector('#u3').getAttribute('aria-current') === 'true'")
        page.get_by_label("Download").select_option("vtt")
        with page.expect_download() as download:
            page.get_by_role("link", name="Save").click()
        assert Path(download.value.path()).read_text().startswith("WEBVTT")
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth <= 320")
        assert page.evaluate(KEYS_TAKEN) == []
        page.get_by_role("link", name="Search").click()
        page.get_by_label("Search what was said").wait_for()
        assert page.evaluate(KEYS_TAKEN) == []
        assert page.evaluate("document.documentElement.scrollWidth <= 320")
        assert tab.problems == []


@needs_chromium
@pytest.mark.processes
def test_what_a_screen_reader_is_told_and_the_keyboard_reaches(
    address: str, playwright: Playwright, tmp_path: Path
) -> None:
    with browse(playwright, address + "?q=good", tmp_path / "profile") as tab:
        page = tab.page
        expect(page.locator("body")).to_match_aria_snapshot("""
            - link "Skip to content"
            - banner:
              - heading "calls" [level=1]
            - main:
              - search:
                - searchbox "Search what was said"
                - checkbox "sounds alike"
                - button "Search"
              - status: 1 found
              - heading "Results" [level=2]
              - list:
                - listitem:
                  - link /2024.call.wav 0:00:03 Speaker 1 .unsure. Good/
        """)
        assert page.evaluate("document.activeElement.id") == "q"
        for _ in range(3):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("call.wav")
        expect(page.locator("body")).to_match_aria_snapshot("""
            - banner:
              - paragraph:
                - link "Search"
              - heading "call.wav" [level=1]
            - main:
              - paragraph:
                - button "Play all"
                - text: Download
                - combobox "Download"
                - link "Save the transcript"
              - status: The voices are synthetic.
              - list:
                - listitem:
                  - button "Play Speaker 1 at 0:00:00"
                - listitem:
                  - button "Play Speaker 2 at 0:00:02"
                - listitem:
                  - button "Play Speaker 1 at 0:00:03"
                  - paragraph:
                    - text: /unsure.*confidence \\d+%/
                - listitem:
                  - button "Play Speaker 2 at 0:00:09"
        """)
        reached: list[str] = []
        names = "document.activeElement.ariaLabel || document.activeElement.innerText || document.activeElement.id"
        page.locator("a.skip").focus()
        for _ in range(8):
            page.keyboard.press("Tab")
            reached.append(str(page.evaluate(names)).replace("\n", " "))
        assert [name.lstrip("\u2190\u25b6 ") for name in reached[:2]] == ["Search", "Play all"]
        assert (reached[2].split()[:2], reached[3]) == (["srt", "vtt"], "Save the transcript")
        assert reached[4:8] == [f"Play Speaker {who} at 0:00:0{at}" for who, at in ((1, 0), (2, 2), (1, 3), (2, 9))]
        assert tab.problems == []

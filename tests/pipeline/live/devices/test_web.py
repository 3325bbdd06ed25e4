"""The page: the protection against other pages, and two browsers that talk with each other."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from chromium import browse, needs_chromium
from live_ends import run, until
from playwright.sync_api import expect, sync_playwright
from speechzip.pipeline import ENGINE_SAMPLE_RATE, OPUS_BPS, DeviceError, load_engine, open_recording, resample
from speechzip.pipeline.live.devices.page import Outgoing, Page
from speechzip.pipeline.live.devices.web import PageServer
from speechzip.pipeline.live.limits import LIMITS
from speechzip.pipeline.live.reports import Heard, Notice, Pairing, Report
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

SPEECHZIP = [sys.executable, "-c", "from speechzip.pipeline.cli import main; main()"]

KEEP_SOUND = """
window.played = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  if (this.context.state !== "closed") {
    const samples = Array.from(this.buffer.getChannelData(0), (x) => Math.round(x * 32767));
    window.played.push([this.buffer.sampleRate, samples]);
  }
  return start.apply(this, when);
};
"""
"""Records the sound that reaches the loudspeaker."""


class FakeConversation:
    """Records the calls of the page."""

    is_hands_free = is_pressed = is_playing = False

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.samples = 0

    def press(self) -> None:
        self.asked.append("press")

    def release(self) -> None:
        self.asked.append("release")

    def set_review(self, seconds: float) -> None:
        self.asked.append(f"review {seconds}")

    def drop_reviewed(self) -> None:
        self.asked.append("drop")

    def set_missing(self, status: Any, missing: bool, detail: str = "") -> None:
        self.asked.append(f"{status!r} {missing}")

    def hear(self, samples: Any, captured_at_s: float | None = None) -> None:
        self.samples += len(samples)


async def with_page(test: Callable[[str, str, FakeConversation, Page], Any]) -> None:
    """Serve a page; give its host and token to a test."""
    page, conversation = Page(), FakeConversation()
    told: list[Report] = []
    serving = asyncio.ensure_future(PageServer(conversation, page).run(told.append))
    await until(lambda: len(told) == 1)
    (notice,) = told
    assert isinstance(notice, Notice)
    host, _, token = notice.text.removeprefix("Open this page: http://").partition("/#")
    try:
        await test(host, token, conversation, page)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def fetch(host: str, path: str, host_header: str) -> str:
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host_header}\r\n\r\n".encode())
    answer = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    return answer


def test_the_page_comes_whole_from_here_and_only_under_our_name() -> None:
    async def test(host: str, token: str, conversation: FakeConversation, page: Page) -> None:
        answer = await fetch(host, "/", host)
        head, _, body = answer.partition("\r\n\r\n")
        assert head.startswith("HTTP/1.1 200")
        assert "default-src 'none'" in head
        assert "http://" not in body.replace('"ws://', "")
        assert "https://" not in body
        assert token not in answer
        assert (await fetch(host, "/elsewhere", host)).startswith("HTTP/1.1 404")
        for hostile in ("evil.example", f"evil.example:{host.split(':')[1]}", "127.0.0.1", ""):
            refused = await fetch(host, "/", hostile)
            assert refused.startswith("HTTP/1.1 403")
            assert "<html" not in refused

    run(lambda: with_page(test))


def test_the_page_is_on_no_other_address_of_the_machine() -> None:
    """127.0.0.2 is the machine, too; a server on all addresses would answer there."""

    async def test(host: str, token: str, conversation: FakeConversation, page: Page) -> None:
        name, port = host.split(":")
        assert name == "127.0.0.1"
        assert len(token) * 6 >= 128  # bits, in URL-safe base64
        for other in ("127.0.0.2", "::1"):
            with pytest.raises(OSError, match="Connect call failed"):
                await asyncio.open_connection(other, int(port))

    run(lambda: with_page(test))


def test_another_page_cannot_open_the_socket() -> None:
    async def test(host: str, token: str, conversation: FakeConversation, page: Page) -> None:
        hostile = [
            ("https://evil.example", token),
            (f"http://evil.example:{host.split(':')[1]}", token),
            ("null", token),
            (None, token),
            (f"http://{host}", "guess"),
            (f"http://{host}", ""),
        ]
        for origin, guess in hostile:
            with pytest.raises(InvalidStatus) as refused:
                async with connect(f"ws://{host}/socket?token={guess}", origin=origin):  # type: ignore[arg-type]
                    pass
            assert refused.value.response.status_code == 403
        assert conversation.asked == []

    run(lambda: with_page(test))


def test_what_the_page_sends_and_what_it_gets() -> None:
    async def test(host: str, token: str, conversation: FakeConversation, page: Page) -> None:
        page.view.observe(Pairing("127.0.0.1:7310"))
        url, origin = f"ws://{host}/socket?token={token}", f"http://{host}"
        async with connect(url, origin=origin) as socket:  # type: ignore[arg-type]
            assert json.loads(await socket.recv()) == {"report": "Welcome", "hands_free": False}
            assert json.loads(await socket.recv())["line"] == "127.0.0.1:7310"  # told before the page was open
            for noise in (
                "{",
                "[]",
                "1",
                '{"rate": "x"}',
                '{"rate": 1e99}',
                '{"review": "x"}',
                '{"review": NaN}',
                b"\x01",
            ):
                await socket.send(noise)
            await socket.send(json.dumps({"review": 3}))
            await socket.send(json.dumps({"drop": True}))
            await until(lambda: "drop" in conversation.asked)
            assert conversation.asked[-2:] == ["review 3", "drop"]
            await socket.send(json.dumps({"press": True, "rate": 48000}))
            await socket.send(np.zeros(48000, "<i2").tobytes()[:60000])
            await socket.send(json.dumps({"release": True}))
            await until(lambda: "release" in conversation.asked)
            assert conversation.asked[-2:] == ["press", "release"]
            assert 9000 < conversation.samples <= 10000
            page.view.observe(Notice("<b>hi</b>"))
            assert json.loads(await socket.recv())["text"] == "<b>hi</b>"
            async with connect(url, origin=origin):  # type: ignore[arg-type]  # another window takes over
                await socket.wait_closed()
                assert socket.close_code == 4001
        await until(lambda: "NO_LOUDSPEAKER" in conversation.asked[-1] and "True" in conversation.asked[-1])

    run(lambda: with_page(test))


def test_a_window_that_does_not_read_holds_a_bounded_amount() -> None:
    async def test() -> None:
        outgoing = Outgoing(replace(LIMITS, page_reports=3, page_sound_bytes=10))
        await outgoing.put_sound(bytes(8))
        second = asyncio.ensure_future(outgoing.put_sound(bytes(8)))
        for number in range(10):
            outgoing.put_report(str(number))
        await asyncio.sleep(0.01)
        assert not second.done()
        assert outgoing.sound_bytes == 8
        assert json.loads(str(await outgoing.get()))["text"] == "7 reports were left out: this page did not read them"
        assert [await outgoing.get() for _ in range(4)] == [bytes(8), "7", "8", "9"]
        await second  # there is room now
        outgoing.drop_sound()
        assert outgoing.sound_bytes == 0
        await outgoing.put_sound(bytes(8))
        third = asyncio.ensure_future(outgoing.put_sound(bytes(8)))
        await asyncio.sleep(0.01)
        outgoing.close()
        with pytest.raises(DeviceError, match="no page is open"):
            await third

    run(test)


def test_a_page_is_sent_sound_no_faster_than_it_plays() -> None:
    """With a second of sound ahead at most, the third second of sound has to wait for its time."""

    async def test(host: str, token: str, conversation: FakeConversation, page: Page) -> None:
        url, origin = f"ws://{host}/socket?token={token}", f"http://{host}"
        async with connect(url, origin=origin) as socket:  # type: ignore[arg-type]
            await socket.recv()
            heard = Heard(1, "A long one.", 30, 7, 60.0)
            playing = asyncio.ensure_future(page.loudspeaker.play(heard, np.zeros(60 * 16000, np.float32), 16000))
            first = await socket.recv()
            assert len(first) == 4 + 2 * 8000  # half a second a message
            await asyncio.sleep(0.2)
            assert not playing.done()
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            await page.loudspeaker.stop()
            while isinstance(message := await socket.recv(), bytes):
                pass
            assert json.loads(message) == {"report": "Stop"}

    run(lambda: with_page(test))


@contextmanager
def process(*arguments: str) -> Generator[list[dict[str, Any]]]:
    """Run a command; yield its reports, which grow."""
    running = subprocess.Popen([*SPEECHZIP, *arguments, "--json"], stdout=subprocess.PIPE, text=True)
    reports: list[dict[str, Any]] = []
    assert running.stdout is not None

    def read() -> None:
        for line in running.stdout or ():
            reports.append(json.loads(line))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield reports
    finally:
        running.terminate()
        code = running.wait(20)
        reader.join(20)
        running.stdout.close()
    assert code == 0


def wait_for(reports: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    for _ in range(1200):
        for report in list(reports):
            if report["report"] == kind and (kind != "Notice" or "Open this page" in report["text"]):
                return report
        threading.Event().wait(0.05)
    raise AssertionError(f"no {kind} in {reports}")


def said_in(path: Path, target: Path, lead_s: float, length_s: float) -> Path:
    """Write the start of a recording as the file that Chromium takes for a microphone."""
    recording = open_recording(path)
    sound = np.concatenate(list(recording.blocks()))[:, 0]
    sound = resample(sound[: int(length_s * recording.sample_rate)].astype(np.float32), recording.sample_rate, 48000)
    padded = np.concatenate([np.zeros(int(lead_s * 48000), np.float32), sound, np.zeros(48000, np.float32)])
    soundfile.write(str(target), padded, 48000, subtype="PCM_16")
    return target


@pytest.mark.models
@needs_chromium
def test_two_browsers_talk(tmp_path: Path, wheel_recording: Callable[[str], Path]) -> None:
    spoken = said_in(wheel_recording("two_cities.wav"), tmp_path / "said.wav", 1.0, 3.0)
    silent = said_in(wheel_recording("two_cities.wav"), tmp_path / "silent.wav", 1.0, 0.01)
    with process("listen", "--port", "0", "--web") as ben, process_talking(ben) as anna:
        pages = [wait_for(each, "Notice")["text"].removeprefix("Open this page: ") for each in (anna, ben)]
        with (
            sync_playwright() as playwright,
            browse(playwright, pages[0], tmp_path / "a", spoken, KEEP_SOUND) as talks,
            browse(playwright, pages[1], tmp_path / "b", silent, KEEP_SOUND) as hears,
        ):
            for tab in (talks, hears):
                expect(tab.page.locator("#state")).to_have_attribute("data-phase", "connected")
                expect(tab.page.locator("#talk")).to_have_attribute("aria-pressed", "false")
            talks.page.keyboard.down("Space")
            expect(talks.page.locator("#talk")).to_have_attribute("aria-pressed", "true")
            expect(talks.page.locator("#partial")).to_have_text(re.compile(".{9}"))  # the words grow
            talks.page.screenshot(path=tmp_path / "talking.png")
            threading.Event().wait(4.5)
            talks.page.keyboard.up("Space")
            best_of_times = re.compile("best of times", re.IGNORECASE)
            expect(hears.page.locator("#log li.theirs .text").filter(has_text=best_of_times)).to_have_count(1)
            expect(talks.page.locator("#log li.mine").filter(has_text=best_of_times)).to_have_count(1)
            hears.wait_for("window.played.length > 0")
            expect(talks.page.locator("#latency")).not_to_have_text("-")
            expect(talks.page.locator("#sent")).to_have_text(re.compile(r"^([5-9]\d|\d{3})"))
            expect(hears.page.locator("#received")).to_have_text(re.compile(r"^([5-9]\d|\d{3})"))
            expect(talks.page.locator("#opus")).to_have_text(re.compile(r"^([5-9]\d\d|\d{4}|\d,\d{3})"))
            expect(hears.page.get_by_role("log", name="What was said")).to_contain_text("The other end: ")
            expect(hears.page.get_by_role("button", name="Hold to talk")).to_be_visible()
            hears.page.set_viewport_size({"width": 320, "height": 568})
            assert hears.page.evaluate("document.documentElement.scrollWidth") == 320
            hears.wait_for("$('log').scrollTop + $('log').clientHeight > $('log').scrollHeight - 2")
            threading.Event().wait(1.0)
            sound = hears.page.evaluate("window.played")
            hears.page.screenshot(path=tmp_path / "heard.png")
            # Let go and pressed again at once: it is listened to again.
            talks.page.evaluate("press().then(() => { release(); press(); })")
            threading.Event().wait(0.5)
            levels = [report for report in anna if report["report"] == "Level"]
            threading.Event().wait(0.5)
            later = [report for report in anna if report["report"] == "Level"][len(levels) :]
            assert later
            assert all(report["talking"] for report in later)
            assert talks.problems == hears.problems == []
    samples = np.asarray(np.concatenate([block for _, block in sound]) / 32768, np.float32)
    again = load_engine("recognizer").transcribe(resample(samples, sound[0][0], ENGINE_SAMPLE_RATE)).text
    assert "best of time" in again.lower()  # what the other end's loudspeaker was given is speech, of these words


@pytest.mark.models
@needs_chromium
def test_words_are_shown_before_they_are_sent_and_can_be_dropped(
    tmp_path: Path, wheel_recording: Callable[[str], Path]
) -> None:
    spoken = said_in(wheel_recording("two_cities.wav"), tmp_path / "said.wav", 1.0, 3.0)
    with process("listen", "--port", "0", "--output", str(tmp_path / "heard")) as ben, process_talking(ben) as anna:
        url = wait_for(anna, "Notice")["text"].removeprefix("Open this page: ")
        with sync_playwright() as playwright, browse(playwright, url, tmp_path / "a", spoken) as tab:
            page = tab.page
            expect(page.locator("#state")).to_have_attribute("data-phase", "connected")
            page.get_by_label("Seconds").fill("60")
            page.locator("#review").focus()
            page.keyboard.press("Space")  # the switch has the space bar while it has the focus
            expect(page.locator("#review")).to_be_checked()
            page.locator("#talk").focus()
            page.keyboard.down("Space")
            expect(page.locator("#partial")).to_have_text(re.compile(".{9}"))
            threading.Event().wait(4.5)
            page.keyboard.up("Space")
            reviewed = page.locator("#log li.reviewed")
            expect(reviewed.locator(".text")).to_have_text(re.compile("best of times", re.IGNORECASE))
            page.screenshot(path=tmp_path / "review.png")
            page.get_by_role("button", name="Drop").click()
            expect(page.locator("#log li.notice").filter(has_text="Dropped: ")).to_have_count(1)
            expect(reviewed).to_have_count(0)
            assert wait_for(anna, "Reviewed")["dropped"] is True
            asked = {"number": 99, "text": "a <i>four fusion", "seconds": 9, "unsure": True, "unsure_words": [1, 2]}
            page.evaluate(f"take.Review({json.dumps(asked)})")
            expect(reviewed.locator(".doubted")).to_have_text(["<i>four", "fusion"])
            expect(reviewed.locator(".text")).to_have_text("a <i>four fusion")
            page.evaluate("take.Reviewed({number: 99, dropped: false})")
            expect(reviewed).to_have_count(0)
            page.set_viewport_size({"width": 320, "height": 568})
            assert page.evaluate("document.documentElement.scrollWidth") == 320
            assert tab.problems == []
        assert not [report for report in (*anna, *ben) if report["report"] in ("Said", "Heard")]


@contextmanager
def process_talking(listener: list[dict[str, Any]]) -> Generator[list[dict[str, Any]]]:
    with process("talk", wait_for(listener, "Pairing")["line"], "--web") as reports:
        yield reports


def test_the_page_compares_with_the_same_opus() -> None:
    page = (files("speechzip.pipeline.live.devices") / "page.html").read_text("utf-8")
    assert f"const OPUS_BPS = {OPUS_BPS}," in page
    assert f"Opus at {OPUS_BPS // 1000} kbit/s" in page

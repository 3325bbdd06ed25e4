"""A real listener and hostile callers: slow, silent, never reading, flooding, and expensive to decode."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import socket
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from live_ends import RawPeer, hello, raw_peer, until
from live_processes import LiveProcess, live_process
from speechzip.pipeline import Payload, Speaker, Utterance, Voice
from speechzip.pipeline.live.limits import LIMITS
from speechzip.pipeline.live.wire.messages import Acknowledge, Alive, Goodbye, Reason, encode_message
from speechzip.pipeline.payload.format import encode_payload
from speechzip.pipeline.textcoder.registry import COMMON_ID, TEXT_CODERS

pytestmark = pytest.mark.models

SPEAKER = Speaker(Voice("classical", bytes(range(10))))
GREETING = encode_message(replace(hello(), stream=bytes(8)))
MORE_MB = 60
"""Memory that a listener may take in addition, in MB; an idle one has some 400."""


def said(text: str) -> bytes:
    """Return a payload of one utterance."""
    payload = Payload((SPEAKER,), (Utterance(0.0, 1.0, 0, text, 0.9),), 1.0)
    return encode_payload(payload, TEXT_CODERS[COMMON_ID], version=1)  # as links carry it


@cache
def slow_to_decode() -> bytes:
    """Return a payload that fits a frame and holds 1000 tokens: a second of decoding, and then too much text."""
    payload = said("yes " * 1000)
    assert len(payload) < 200
    return payload


@contextmanager
def listener(tmp_path: Path, *options: str) -> Generator[LiveProcess]:
    with live_process("listen", "--port", "0", "--output", str(tmp_path / "heard"), *options) as process:
        assert process.port
        yield process


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 120))


async def says_something(process: LiveProcess, text: str) -> None:
    """Call as a well-behaved peer, and be heard."""
    async with raw_peer(process.port) as peer:
        peer.say(said(text))
        await asyncio.to_thread(process.wait_for, "Heard", lambda report: report["text"] == text)
        await goes(peer)


async def goes(peer: RawPeer) -> None:
    peer.send(Goodbye(Reason.DONE))
    await peer.writer.drain()


async def turned_away(port: int) -> bool:
    """Tell whether a second caller is told that the line is busy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(encode_message(replace(hello(), stream=secrets.token_bytes(8))))
    answer = await reader.read()
    writer.close()
    return answer.endswith(encode_message(Goodbye(Reason.BUSY)))


def closed(connections: list[socket.socket]) -> int:
    """Return how many the other end has closed."""
    count = 0
    for connection in connections:
        connection.setblocking(False)
        try:
            count += connection.recv(1 << 16) == b""
        except BlockingIOError:
            pass
        except ConnectionError:
            count += 1
    return count


@pytest.mark.parametrize("options", [(), ("--secure",)], ids=["loopback", "TLS"])
def test_callers_that_never_finish_a_hello_keep_nobody_out(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Each sends a valid hello or start of TLS, but only a byte now and then."""
    start = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" if options else GREETING

    async def test(process: LiveProcess) -> None:
        before_mb, port = process.peak_mb, process.port
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
        try:
            for byte in start[:-1][:10]:
                for connection in slow:
                    try:
                        connection.send(bytes([byte]))
                    except ConnectionError:
                        continue
                await asyncio.sleep(0.02)
            await until(lambda: closed(slow) >= 60 - LIMITS.ungreeted)
            if not options:
                await says_something(process, "Hello.")
            assert process.peak_mb - before_mb < MORE_MB
        finally:
            for connection in slow:
                connection.close()

    with listener(tmp_path, *options) as process:
        run(test(process))
        process.interrupt()
        assert "Traceback" not in process.errors


def test_a_peer_that_floods_and_never_reads_costs_no_memory_and_stops_no_ctrl_c(tmp_path: Path) -> None:
    async def test(process: LiveProcess) -> None:
        before_mb = process.peak_mb
        async with raw_peer(process.port) as peer:
            peer.reader._transport.pause_reading()  # type: ignore[attr-defined]
            flood = encode_message(Alive()) * 20_000
            for _ in range(20):
                peer.writer.write(flood)
                try:
                    await asyncio.wait_for(peer.writer.drain(), 1.0)
                except (TimeoutError, ConnectionError):
                    break
            assert await turned_away(process.port)
            assert process.peak_mb - before_mb < MORE_MB
            process.interrupt()

    with listener(tmp_path) as process:
        run(test(process))
        assert "Traceback" not in process.errors


def test_while_a_hostile_code_is_decoded_the_link_answers_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """The result does not depend on time: the event comes before the decoder is done, or not at all."""

    async def test(process: LiveProcess) -> None:
        async with raw_peer(process.port) as peer:
            peer.say(slow_to_decode())
            answered = 0
            while not any(report["report"] in ("Heard", "Lost") for report in process.reports):
                assert await turned_away(process.port)
                peer.send(Alive())
                answered += 1
            assert answered > 5
            assert "a text of more than 2000 characters" in process.wait_for("Lost")["text"]
            peer.say(slow_to_decode())
            assert await turned_away(process.port)  # and so this has been read by now
            process.interrupt()
            assert [report["report"] for report in process.reports].count("Lost") == 1

    with listener(tmp_path) as process:
        run(test(process))
        assert process.errors == ""


def test_a_flood_that_takes_no_acknowledgement_for_an_answer_is_sent_away(tmp_path: Path) -> None:
    async def test(process: LiveProcess) -> None:
        before_mb = process.peak_mb
        async with raw_peer(process.port) as peer:
            peer.say(*[said("One, two, three.")] * 4000)
            received = b""
            with contextlib.suppress(ConnectionError):  # where more of the flood arrives after the goodbye
                while code := await peer.reader.read(4096):
                    received += code
                assert received.endswith(encode_message(Goodbye(Reason.PROTOCOL)))
        assert process.peak_mb - before_mb < MORE_MB
        await says_something(process, "And now me.")

    with listener(tmp_path) as process:
        run(test(process))
        process.interrupt()


def _page(process: LiveProcess) -> tuple[str, str]:
    notice = process.wait_for("Notice", lambda report: "Open this page" in report["text"])["text"]
    host, _, token = notice.removeprefix("Open this page: http://").partition("/#")
    return host, token


def _open_page(host: str, token: str) -> socket.socket:
    """Open the page's socket as a browser does, and read no further than the answer."""
    name, _, port = host.partition(":")
    page = socket.create_connection((name, int(port)), timeout=30)
    page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    key = base64.b64encode(bytes(16)).decode()
    page.sendall(
        f"GET /socket?token={token} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert page.recv(12) == b"HTTP/1.1 101"
    return page


async def _get(host: str) -> bytes:
    reader, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


def test_a_page_that_never_reads_and_browsers_that_never_finish_asking(tmp_path: Path) -> None:
    """The words arrive, the page is served, another window takes over, and the waiting sound is bounded."""

    async def test(process: LiveProcess) -> None:
        host, token = _page(process)
        name, port = host.split(":")
        slow = [socket.create_connection((name, int(port))) for _ in range(40)]
        page = await asyncio.to_thread(_open_page, host, token)
        try:
            for connection in slow:
                connection.send(b"GET / HT")
            before_mb = process.peak_mb
            async with raw_peer(process.port) as peer:
                text = "This is said to a page that does not read. " * 3
                peer.say(*[said(text)] * 3)
                await asyncio.to_thread(process.wait_for, "Heard")
                assert (await _get(host)).startswith(b"HTTP/1.1 200")
                peer.send(*[Alive()] * 1000)
                assert await turned_away(process.port)
                other = await asyncio.to_thread(_open_page, host, token)
                other.close()
                await goes(peer)
            assert process.peak_mb - before_mb < MORE_MB
        finally:
            for connection in (*slow, page):
                connection.close()

    with live_process("listen", "--port", "0", "--web") as process:
        run(test(process))
        process.interrupt()
        assert "Traceback" not in process.errors


def test_a_caller_of_a_listener_that_says_nothing_leaves_at_once(tmp_path: Path) -> None:
    """`talk` to a port that takes the call and never speaks: Ctrl-C ends it, and its time does."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        options = ("talk", address, "--force", "--output", str(tmp_path / "heard"))
        with live_process(*options) as process:
            process.wait_for("LinkState", lambda report: report["phase"] == "connecting")
            process.interrupt()
        with live_process(*options, "--connect-timeout", "0.5") as process:
            assert process.process.wait(90) == 1
        assert f"no conversation within 0.5 s: {address} does not " in process.errors


def test_a_listener_that_floods_its_caller_is_left(tmp_path: Path) -> None:
    """`talk` calls a listener that sends rubbish without end and never reads."""

    async def test() -> None:
        calls: list[asyncio.StreamWriter] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            calls.append(writer)
            try:
                while True:
                    writer.write(encode_message(Acknowledge(0)) * 1000)
                    await writer.drain()
            except ConnectionError:
                return

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with live_process("talk", address, "--output", str(tmp_path / "heard")) as process:
            await asyncio.to_thread(
                process.wait_for, "LinkState", lambda report: "again in" in report["detail"] and len(calls) > 1
            )
            await asyncio.to_thread(process.interrupt)
            assert "Traceback" not in process.errors
        for writer in calls:
            writer.close()
        server.close()

    run(test())

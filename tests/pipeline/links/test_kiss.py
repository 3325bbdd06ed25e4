"""Two real direwolfs: the sound of one goes to the other with noise, and both are used by their KISS ports."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from fakes import GOLDEN
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import DeviceError, InputError, LinkError
from speechzip.pipeline.links import Carrier, Received, open_carrier, pack
from speechzip.pipeline.links.kiss import carrier as kiss
from speechzip.pipeline.links.kiss.ax25 import (
    MAX_FRAME,
    Frame,
    KissReader,
    decode_frame,
    encode_frame,
    encode_kiss,
    parse_callsign,
)

DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))
PACKETS = pack(DATA, 51).packets
RATE = 44_100
SIGNAL_RMS, LOSS = 23_250, 8
"""Of what direwolf transmits; and what is left of it, so that noise is not clipped."""
needs_direwolf = pytest.mark.skipif(
    not shutil.which("direwolf"), reason="direwolf is not installed (Debian: apt install direwolf)"
)

# The transmitter's sound goes into a pipe by ALSA's file plugin.
ALSA = """
pcm.pipe {{ type plug slave.pcm "tofile" }}
pcm.tofile {{ type file file "{}" format "raw" slave.pcm "null" }}
"""
CONFIG = """
ADEVICE {}
ARATE 44100
ACHANNELS 1
CHANNEL 0
MYCALL N0CALL
MODEM {}
TXDELAY 20
DWAIT 0
PERSIST 255
SLOTTIME 1
AGWPORT 0
KISSPORT {}
"""


def free_port() -> int:
    """Return a free port below 49152, as direwolf wants it."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            return int(probe.getsockname()[1])


@contextlib.contextmanager
def direwolf(folder: Path, device: str, modem: str, port: int) -> Generator[IO[bytes]]:
    """Run a direwolf; yield where its receiver's sound goes."""
    folder.mkdir()
    (folder / "direwolf.conf").write_text(CONFIG.format(device, modem, port), encoding="ascii")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["direwolf", "-t", "0", "-q", "hd", "-c", folder / "direwolf.conf"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": str(folder.parent)},
            cwd=folder,
        )
    with process:
        try:
            assert process.stdin is not None
            for _ in range(300):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            else:
                raise AssertionError((folder / "log").read_text(errors="replace"))
            yield process.stdin
        finally:
            process.kill()


def carry(sound: IO[bytes], receiver: IO[bytes], snr_db: float, done: threading.Event) -> None:
    """Take the transmitter's sound to the receiver with white noise, silence where there is none.

    With `atest`, all of ten packets are decoded at 9 dB in 3 kHz and none at 6 (1200 bit/s), all at 3 and none
    at 0 (300 bit/s).
    """
    noise = SIGNAL_RMS / LOSS / 10 ** (snr_db / 20) * np.sqrt(RATE / 2 / 3000)
    generator = np.random.default_rng(1)
    while not done.is_set():
        piece = sound.read(2 * RATE // 10) or bytes(2 * RATE // 10)
        samples = np.frombuffer(piece[: len(piece) // 2 * 2], np.int16) / LOSS + generator.normal(
            0, noise, len(piece) // 2
        )
        try:
            receiver.write(samples.astype(np.int16).tobytes())
            receiver.flush()
        except BrokenPipeError:
            return
        time.sleep(0.02)


@pytest.fixture
def radios(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """KISS ports of a transmitting and a receiving direwolf."""
    modem, snr_db = request.param
    fifo = tmp_path / "sound"
    os.mkfifo(fifo)
    descriptor = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    (tmp_path / ".asoundrc").write_text(ALSA.format(fifo), encoding="ascii")
    ports = free_port(), free_port()
    done = threading.Event()
    with os.fdopen(descriptor, "rb", buffering=0) as sound, contextlib.ExitStack() as running:
        running.enter_context(direwolf(tmp_path / "a", "stdin pipe", modem, ports[0]))
        receiver = running.enter_context(direwolf(tmp_path / "b", "stdin null", modem, ports[1]))
        carrying = threading.Thread(target=carry, args=(sound, receiver, snr_db, done))
        carrying.start()
        yield ports
        done.set()
        carrying.join()


def hear(carrier: Carrier, count: int, seconds: float) -> list[Received]:
    received: list[Received] = []
    end_s = time.monotonic() + seconds
    for each in carrier.receive():
        if isinstance(each, Received):
            received.append(each)
        if len(received) == count or time.monotonic() > end_s:
            break
    return received


@needs_direwolf
@pytest.mark.parametrize("radios", [("1200", 13.0), ("300", 8.0)], indirect=True, ids=["1200", "300"])
@pytest.mark.processes
def test_packets_from_one_direwolf_to_another(radios: tuple[int, int], request: pytest.FixtureRequest) -> None:
    bitrate = int(request.node.callspec.id)
    ours = {"callsign": "n0call-7", "bitrate": bitrate}
    sent: list[str] = []

    def send() -> None:
        for state in open_carrier(f"kiss:127.0.0.1:{radios[0]}", ours).send(PACKETS[:2]):
            sent.append(state.phase)

    sending = threading.Thread(target=send)
    sending.start()
    received = hear(open_carrier(f"kiss:127.0.0.1:{radios[1]}", {}), 2, 60.0)
    sending.join()
    assert sent == ["sending", "sent"] * 2
    assert [each.packet for each in received] == list(PACKETS[:2])
    assert {each.sender for each in received} == {"N0CALL-7"}


def test_a_frame_by_hand() -> None:
    """The addresses of AX.25 2.2, figure 3.5: KB7DEC to NJ7P."""
    frame = encode_frame("KB7DEC-0", "NJ7P", [], b"\xa1")
    assert frame.hex() == "9c946ea0404060".replace("60", "e0", 1) + "96846e888a8661" + "03f0a1"


@given(st.binary(max_size=256), st.sampled_from(["N0CALL", "AB1C-15"]), st.lists(st.just("WIDE1-1"), max_size=8))
def test_frames_come_back(information: bytes, source: str, path: list[str]) -> None:
    frame = encode_frame(source, "QST", path, information)
    reader = KissReader()
    stream = b"\xc0\xc0" + encode_kiss(frame) * 2
    found = [each for start in range(0, len(stream), 7) for each in reader.push(stream[start : start + 7])]
    assert list(map(decode_frame, found)) == [Frame(source, "QST", information)] * 2


@given(st.binary(max_size=400))
def test_rubbish_from_the_radio_is_left_alone(data: bytes) -> None:
    decode_frame(data)
    reader = KissReader()
    for frame in reader.push(data):
        decode_frame(frame)


def test_a_stream_without_end_takes_no_memory() -> None:
    reader = KissReader()
    for _ in range(100):
        assert list(reader.push(bytes(10_000))) == []
    assert len(reader._waiting) <= 2 * MAX_FRAME + 2  # pyright: ignore[reportPrivateUsage]


def test_frames_of_other_kinds_are_none_of_ours() -> None:
    frame = encode_frame("N0CALL", "QST", [], DATA[:50])
    assert decode_frame(frame[:14] + b"\x3f" + frame[15:]) is None  # SABM
    assert decode_frame(frame[:15] + b"\xcf" + frame[16:]) is None  # NET/ROM
    assert decode_frame(frame[:13]) is None
    assert decode_frame(b"\x01" * 40) is None


def test_callsigns() -> None:
    assert parse_callsign(" oe1xyz-15 ") == "OE1XYZ-15"
    for wrong in ("", "A", "TOOLONGG", "N0CALL-16", "N0CÄLL", "N0CALL-"):
        with pytest.raises(InputError, match="no callsign"):
            parse_callsign(wrong)


def test_other_peoples_frames_and_a_tnc_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kiss, "TICK_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        listening = open_carrier(f"kiss:127.0.0.1:{server.getsockname()[1]}", {}).receive()
        assert next(listening) is None
        tnc, _ = server.accept()
        with tnc:
            tnc.sendall(encode_kiss(encode_frame("AB1C", "APRS", [], b"!4903.50N/07201.75W-")))
            tnc.sendall(encode_kiss(encode_frame("AB1C", "QST", [], PACKETS[0])))
            assert next(each for each in listening if each is not None) == Received(PACKETS[0], "AB1C")
        with pytest.raises(LinkError, match="has closed the connection"):
            for _ in listening:
                pass


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(InputError, match="name it"):
        list(open_carrier("kiss:", {}).send([DATA]))
    with pytest.raises(InputError, match="is no TNC"):
        list(open_carrier("kiss:radio", {"callsign": "N0CALL"}).send([DATA]))
    with pytest.raises(LinkError, match="is direwolf running, with KISSPORT"):
        list(open_carrier(f"kiss:127.0.0.1:{free_port()}", {"callsign": "N0CALL"}).send([DATA]))
    with pytest.raises(InputError, match="8 digipeaters"):
        open_carrier("kiss:", {"via": ",".join(["WIDE1-1"] * 9)})
    with pytest.raises(DeviceError, match=r"/dev/nothing cannot be opened.*is it plugged in"):
        list(open_carrier("kiss:/dev/nothing", {"callsign": "N0CALL"}).send([DATA]))


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(LinkError, match=r"needs serial.*speechzip\[kiss\]"):
        list(open_carrier("kiss:/dev/ttyUSB0", {"callsign": "N0CALL"}).send([DATA]))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="pseudo terminals stand in for a serial line")
def test_over_a_serial_line() -> None:
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    listening = open_carrier(f"kiss:{name}", {"baud": 115200}).receive()
    assert next(listening) is None
    os.write(ours, encode_kiss(encode_frame("AB1C", "QST", [], PACKETS[0])))
    assert next(each for each in listening if each is not None) == Received(PACKETS[0], "AB1C")
    sending = open_carrier(f"kiss:{name}", {"callsign": "N0CALL", "bitrate": 9600}).send(PACKETS[:1])
    listening.close()  # type: ignore[attr-defined]  # one program at a time has the port
    assert next(sending).phase == "sending"
    assert next(sending).phase == "sent"
    frames = [frame for frame in map(decode_frame, KissReader().push(os.read(ours, 4096))) if frame]
    assert frames == [Frame("N0CALL", "QST", PACKETS[0])]
    sending.close()  # type: ignore[attr-defined]
    listening = open_carrier(f"kiss:{name}", {}).receive()
    assert next(listening) is None
    os.close(theirs)
    os.close(ours)
    with pytest.raises(DeviceError, match=r"has stopped .*; is it still plugged in"):
        for _ in listening:
            pass

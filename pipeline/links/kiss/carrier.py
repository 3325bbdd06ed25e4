"""The link ``kiss:HOST:PORT`` or ``kiss:/dev/ttyUSB0``: packets in UI frames to all stations on the frequency."""

from __future__ import annotations

import socket
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from ...errors import InputError, LinkError
from ..carrier import TICK_S, Received, SendState
from ..packets.airtime import Bitrate
from ..packets.wire import looks_like_packet
from ..serialport import gone, open_serial
from .ax25 import ADDRESS_BYTES, MAX_INFORMATION, KissReader, decode_frame, encode_frame, encode_kiss, parse_callsign

DEFAULT_PORT = 8001
"""direwolf's port for KISS over TCP."""
CONNECT_S = 10.0
EVERYBODY = "QST"
"""The destination of frames for everybody."""
KEYING_S = 0.5
"""Time around each frame: the transmitter's delay, flags, and direwolf's shortest wait for the channel."""
READ_BYTES = 4096


class KissCarrier:
    """UI frames through a TNC. Nothing is acknowledged: parity replaces lost frames."""

    acknowledges = False
    peer = ""

    def __init__(
        self,
        address: str = "",
        *,
        callsign: str | None = None,
        to: str = EVERYBODY,
        via: str = "",
        bitrate: int = 1200,
        baud: int = 9600,
    ) -> None:
        """Prepare to use a TNC.

        Args:
            address: HOST:PORT of a TNC on the network, or a serial port; direwolf on this machine if empty.
            callsign: our own. Every frame carries it; it is needed to send.
            to: callsign of the receiver, or a name for all.
            via: callsigns of digipeaters with commas between them.
            bitrate: of the radio; the air time of a frame follows from it.
            baud: speed of the serial line.
        """
        self._address = address or f"127.0.0.1:{DEFAULT_PORT}"
        self._callsign = parse_callsign(callsign) if callsign else None
        self._to = parse_callsign(to)
        self._path = [parse_callsign(each) for each in via.split(",") if each]
        self._baud = baud
        self.packet_bytes = MAX_INFORMATION
        if len(self._path) > 8:
            raise InputError(f"a frame has at most 8 digipeaters, not {len(self._path)}")
        if bitrate <= 0:
            raise InputError(f"{bitrate} bit/s is no speed of a radio")
        self._modem = Bitrate(bitrate, overhead=20 + ADDRESS_BYTES * len(self._path))

    def airtime_s(self, size: int) -> float:
        """Return how long a frame is on the air, without its flags and the transmitter's delay."""
        return self._modem.seconds(size)

    def send(self, packets: Sequence[bytes], transcript: str = "") -> Iterator[SendState]:
        """Give each frame to the TNC when the last one has been sent; see `Carrier.send`.

        A TNC does not report when a frame has been sent, and after Ctrl-C it would still send the frames that it has.
        """
        if self._callsign is None:
            raise InputError("every frame must carry your own callsign (amateur radio rules): name it")
        with self._open() as line:
            for index, packet in enumerate(packets):
                yield SendState("sending", index)
                line.write(encode_kiss(encode_frame(self._callsign, self._to, self._path, packet)))
                time.sleep(self.airtime_s(len(packet)) + KEYING_S)
                yield SendState("sent", index)

    def receive(self) -> Iterator[Received | None]:
        """Receive frames; see `Carrier.receive`. Other frames on the frequency are ignored."""
        reader = KissReader()
        with self._open() as line:
            while True:
                data = line.read()
                if not data:
                    yield None
                for frame in map(decode_frame, reader.push(data)):
                    if frame is not None and looks_like_packet(frame.information):
                        yield Received(frame.information, frame.source)

    @contextmanager
    def _open(self) -> Generator[_Line]:
        if self._address.startswith("/"):
            with open_serial("kiss", "kiss", self._address, self._baud, TICK_S) as port:
                yield _SerialLine(port, self._address)
            return
        host, _, port_number = self._address.rpartition(":")
        if not port_number.isdecimal():
            raise InputError(f"{self._address!r} is no TNC: give HOST:PORT or a serial port such as /dev/ttyUSB0")
        try:
            connection = socket.create_connection((host.strip("[]"), int(port_number)), CONNECT_S)
        except (OSError, OverflowError) as error:
            raise LinkError(
                f"the TNC at {self._address} cannot be reached ({error}); is direwolf running, with KISSPORT "
                f"{port_number} in its configuration?"
            ) from error
        with connection:
            connection.settimeout(TICK_S)
            yield _SocketLine(connection, self._address)


class _Line(Protocol):
    def write(self, data: bytes) -> None: ...
    def read(self) -> bytes: ...


class _SerialLine:
    def __init__(self, port: Any, address: str) -> None:
        self._port, self._address = port, address

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
            self._port.flush()
        except OSError as error:
            raise gone(self._address, error) from error

    def read(self) -> bytes:
        """Return the bytes that have arrived; none after `TICK_S`."""
        try:
            return bytes(self._port.read(max(1, min(READ_BYTES, self._port.in_waiting))))
        except OSError as error:
            raise gone(self._address, error) from error


class _SocketLine:
    def __init__(self, connection: socket.socket, address: str) -> None:
        self._connection, self._address = connection, address

    def write(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise self._gone() from error

    def read(self) -> bytes:
        """Return the bytes that have arrived; none after `TICK_S`."""
        try:
            data = self._connection.recv(READ_BYTES)
        except TimeoutError:
            return b""
        except OSError as error:
            raise self._gone() from error
        if not data:
            raise self._gone()
        return data

    def _gone(self) -> LinkError:
        return LinkError(f"the TNC at {self._address} has closed the connection; is direwolf still running?")

"""The link ``meshtastic:ADDRESS``: packets on a private port, by a radio on a serial line, TCP or Bluetooth.

The firmware encrypts with the channel's key (or the receiver's, for a direct message), repeats what is not
acknowledged, and reports when it gives up.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from ...errors import DeviceError, InputError, LinkError
from ..carrier import TICK_S, Notice, Received, SendState, load_library
from ..packets.presets import preset
from .pacing import DUTY_CYCLES, MAX_CHANNEL_USE, Pacer, modem

PORT = 297
"""Our port: 256 to 511 are for private applications (portnums.proto)."""
ROUTING_APP = 5
BROADCAST = 0xFFFFFFFF
ACKNOWLEDGE_S = 120.0
"""How long to wait for the fate of a packet: three tries of LongSlow over three hops take 90 s."""
CONNECT_S = 30
WAIT_STEP_S = 1.0
MAX_WAITING = 256
"""Packets that may wait to be read. Further ones are dropped and reported."""
DEFAULT_TCP_PORT = 4403


class MeshCarrier:
    """Packets through one Meshtastic radio."""

    def __init__(
        self,
        address: str,
        *,
        to: str | None = None,
        channel: int = 0,
        hop_limit: int | None = None,
        duty_cycle: float | None = None,
    ) -> None:
        """Prepare to use a radio.

        Args:
            address: serial port, HOST, HOST:PORT or ``ble:NAME``.
            to: node such as !a1b2c3d4; all nodes of the channel if None.
            channel: index of the channel.
            hop_limit: largest number of repetitions by other nodes; the radio's own setting if None.
            duty_cycle: share of the time in which we may send, (0, 1]; the region's if None.
        """
        if not address:
            raise InputError("nothing says where the radio is: give meshtastic:/dev/ttyUSB0, HOST or ble:NAME")
        self._address = address
        self._target = _node_number(to) if to else BROADCAST
        self.peer = f"!{self._target:08x}" if to else ""
        self.acknowledges = to is not None
        self.packet_bytes = preset("meshtastic-pki" if to else "meshtastic").size
        if not 0 <= channel <= 7:
            raise InputError(f"a radio has the channels 0 to 7; {channel} is none of these")
        if hop_limit is not None and not 0 <= hop_limit <= 7:
            raise InputError(f"a packet makes 0 to 7 hops, not {hop_limit}")
        if duty_cycle is not None and not 0 < duty_cycle <= 1:
            raise InputError(f"a duty cycle lies above 0 and up to 1 (0.1 is 10 %); {duty_cycle} does not")
        self._channel, self._hop_limit, self._duty_cycle = channel, hop_limit, duty_cycle

    def airtime_s(self, size: int) -> float:
        """Return how long one transmission with LongFast takes; each hop repeats it."""
        return modem("LONG_FAST").seconds(size)

    def send(self, packets: Sequence[bytes], transcript: str = "") -> Iterator[SendState]:
        """Send packets one after the other, each when the last one is acknowledged; see `Carrier.send`."""
        with self._open() as (radio, arrived):
            lora = radio.localNode.localConfig.lora
            settings = cast("Any", type(lora))
            region = settings.RegionCode.Name(lora.region)
            duty_cycle = self._duty_cycle or (1.0 if lora.override_duty_cycle else DUTY_CYCLES.get(region, 1.0))
            pacer, modulation = Pacer(duty_cycle), modem(settings.ModemPreset.Name(lora.modem_preset))
            for index, packet in enumerate(packets):
                airtime_s = modulation.seconds(len(packet))
                yield from self._wait_for_air(radio, pacer, airtime_s, index)
                yield SendState("sending", index)
                pacer.sent(airtime_s, time.monotonic())
                sent = radio.sendData(
                    packet,
                    self._target,
                    portNum=PORT,
                    wantAck=True,
                    channelIndex=self._channel,
                    hopLimit=self._hop_limit,
                )
                yield self._outcome(arrived, sent.id, index)

    def _wait_for_air(self, radio: Any, pacer: Pacer, airtime_s: float, index: int) -> Iterator[SendState]:
        told = ""
        while True:
            metrics = cast("dict[str, float]", _mapping(radio.getMyNodeInfo()).get("deviceMetrics", {}))
            busy, sent = metrics.get("channelUtilization", 0.0), metrics.get("airUtilTx", 0.0)
            wait_s = pacer.wait_s(airtime_s, time.monotonic(), sent)
            if busy <= MAX_CHANNEL_USE and wait_s <= 0:
                return
            why = (
                f"the channel is busy {busy:.0f} % of the time"
                if busy > MAX_CHANNEL_USE
                else f"the duty cycle of {100 * pacer.duty_cycle:g} % is used up for {wait_s:.0f} s"
            )
            if why != told:
                yield SendState("waiting", index, why)
                told = why
            time.sleep(WAIT_STEP_S)

    def _outcome(self, arrived: queue.Queue[Any], number: int, index: int) -> SendState:
        """Wait for the radio's report about a packet. For a broadcast, it says that another node repeated it."""
        end_s = time.monotonic() + ACKNOWLEDGE_S
        while (left_s := end_s - time.monotonic()) > 0:
            try:
                packet = arrived.get(timeout=min(left_s, TICK_S))
            except queue.Empty:
                continue
            if packet.decoded.portnum != ROUTING_APP or packet.decoded.request_id != number:
                continue
            reason = _routing_error(packet.decoded.payload)
            if reason == "NONE":
                return SendState("acknowledged" if self.acknowledges else "sent", index)
            if reason == "MAX_RETRANSMIT" and not self.acknowledges:
                return SendState("sent", index, "nobody was heard to repeat it")
            return SendState("failed", index, f"the radio says {reason}")
        return SendState("failed", index, f"the radio has told nothing for {ACKNOWLEDGE_S:.0f} s")

    def receive(self) -> Iterator[Received | Notice | None]:
        """Wait for packets on our port; see `Carrier.receive`."""
        with self._open() as (radio, arrived):
            yield Notice(f"the radio is {radio.getMyNodeInfo()['user']['id']}")
            while True:
                try:
                    packet = arrived.get(timeout=TICK_S)
                except queue.Empty:
                    yield None
                    continue
                if isinstance(packet, str):
                    yield Notice(packet)
                elif packet.decoded.portnum == PORT:
                    signal = f"SNR {packet.rx_snr:.1f} dB, {packet.rx_rssi} dBm" if packet.rx_rssi else ""
                    yield Received(packet.decoded.payload, f"!{getattr(packet, 'from'):08x}", signal)

    @contextmanager
    def _open(self) -> Generator[tuple[Any, queue.Queue[Any]]]:
        """Yield a radio that is ready, and the queue of its packets."""
        pub = _library("pubsub.pub")
        arrived: queue.Queue[Any] = queue.Queue(MAX_WAITING)

        def take(packet: dict[str, Any], interface: Any) -> None:  # in the library's thread
            if not arrived.full():
                arrived.put_nowait(packet["raw"])

        def lost(interface: Any) -> None:
            if not arrived.full():
                arrived.put_nowait("the radio is gone; waiting for it")

        pub.subscribe(take, "meshtastic.receive")
        pub.subscribe(lost, "meshtastic.connection.lost")
        radio = self._connect()
        try:
            yield radio, arrived
        finally:
            pub.unsubscribe(take, "meshtastic.receive")
            pub.unsubscribe(lost, "meshtastic.connection.lost")
            radio.close()

    def _connect(self) -> Any:
        try:
            if self._address.startswith("ble:"):
                return _library("meshtastic.ble_interface").BLEInterface(self._address.removeprefix("ble:"))
            if self._address.startswith("/"):
                return _library("meshtastic.serial_interface").SerialInterface(self._address, timeout=CONNECT_S)
            host, _, port = self._address.partition(":")
            return _library("meshtastic.tcp_interface").TCPInterface(
                host, portNumber=int(port or DEFAULT_TCP_PORT), timeout=CONNECT_S
            )
        except SystemExit as error:
            if isinstance(error.code, int) and error.code > 128:
                raise  # our own: Ctrl-C
            raise LinkError(f"the radio at {self._address} is not usable; the lines above say why") from error
        except PermissionError as error:
            raise DeviceError(
                f"{self._address} may not be opened ({error}); add yourself to its group (Debian: adduser USER dialout)"
            ) from error
        except LinkError:
            raise
        except Exception as error:
            raise LinkError(
                f"the radio at {self._address} cannot be reached ({error}); is it on, and does no other program use it?"
            ) from error


def _mapping(found: Any) -> dict[str, Any]:
    """Return the value that the library found; an empty one for None."""
    return found or {}


def _library(module: str) -> Any:
    return load_library("meshtastic", module, "meshtastic")


def _node_number(text: str) -> int:
    digits = text.removeprefix("!")
    try:
        number = int(digits, 16)
    except ValueError:
        number = -1
    if not (len(digits) == 8 and 0 < number < BROADCAST):
        raise InputError(
            f"{text!r} is no node: an exclamation mark and 8 hexadecimal digits are wanted, as in !a1b2c3d4"
        )
    return number


def _routing_error(payload: bytes) -> str:
    mesh_pb2 = _library("meshtastic.protobuf.mesh_pb2")
    routing = mesh_pb2.Routing()
    routing.ParseFromString(payload)
    return str(mesh_pb2.Routing.Error.Name(routing.error_reason))

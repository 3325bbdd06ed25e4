"""A Meshtastic radio by Meshtastic's own client: connecting, its settings, and the packets that it brings."""

from __future__ import annotations

import queue
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from ...errors import DeviceError, LinkError
from ..carrier import TICK_S, load_library
from ..packets.airtime import Lora
from .pacing import DUTY_CYCLES, custom_modem, preset_modem

ROUTING_APP = 5
CONNECT_S = 30
DEFAULT_TCP_PORT = 4403
MAX_WAITING = 256
"""Packets that wait to be read; more are dropped, and told."""
STRICTEST_DUTY_CYCLE = 0.01
"""Of a region that is not known here."""


class Radio:
    """A radio that is connected."""

    def __init__(self, address: str, port: int) -> None:
        """Prepare to connect.

        Args:
            address: serial port, HOST, HOST:PORT or ``ble:NAME``.
            port: port number of the packets to take.
        """
        self._address, self._port = address, port
        self._arrived: queue.Queue[Any] = queue.Queue(MAX_WAITING)
        self._interface: Any = None
        self._is_lost = False
        self.dropped = 0
        """Packets that came faster than they were read."""

    @contextmanager
    def connected(self) -> Generator[Radio]:
        """Hold the connection for the block.

        Raises:
            LinkError: the radio cannot be reached, or the library is missing.
            DeviceError: the user may not open the serial port.
        """
        pub = load("pubsub.pub")
        pub.subscribe(self._take, "meshtastic.receive")
        pub.subscribe(self._lose, "meshtastic.connection.lost")
        try:
            self._interface = _connect(self._address)
            yield self
        finally:
            pub.unsubscribe(self._take, "meshtastic.receive")
            pub.unsubscribe(self._lose, "meshtastic.connection.lost")
            if self._interface is not None:
                self._interface.close()

    @property
    def node(self) -> str:
        """Address of the radio's own node."""
        return f"!{self._interface.myInfo.my_node_num:08x}"

    @property
    def use_percent(self) -> tuple[float, float | None]:
        """Share of the time that the channel is busy, and of the last hour that this radio has sent; None untold."""
        node = cast("dict[str, Any]", self._interface.getMyNodeInfo() or {})
        metrics = cast("dict[str, float]", node.get("deviceMetrics") or {})
        return metrics.get("channelUtilization", 0.0), metrics.get("airUtilTx")

    @property
    def duty_cycle(self) -> float:
        """Share of an hour that may be sent in the region that the radio is set to."""
        lora, settings = self._lora, self._settings
        region = _name(settings.RegionCode, lora.region)
        if region is None:
            return STRICTEST_DUTY_CYCLE
        return 1.0 if lora.override_duty_cycle else DUTY_CYCLES.get(region, 1.0)

    def modem(self, overhead: int) -> Lora:
        """Return the modulation that the radio is set to, for packets with `overhead` bytes more on the air."""
        lora = self._lora
        if not lora.use_preset:
            return custom_modem(lora.spread_factor, lora.bandwidth, lora.coding_rate, overhead)
        return preset_modem(_name(self._settings.ModemPreset, lora.modem_preset) or "", overhead)

    @property
    def _lora(self) -> Any:
        return self._interface.localNode.localConfig.lora

    @property
    def _settings(self) -> Any:
        return load("meshtastic.protobuf.config_pb2").Config.LoRaConfig

    def send(self, packet: bytes, **options: Any) -> int:
        """Hand a packet to the radio and return its number; the options are those of the client's `sendData`."""
        while not self._arrived.empty():
            self._arrived.get_nowait()  # what became of earlier packets
        try:
            return int(self._interface.sendData(packet, portNum=self._port, wantAck=True, **options).id)
        except OSError as error:
            raise self._gone() from error

    def next_packet(self) -> Any:
        """Return the next packet on our port, or about one of ours; None if there is none within `TICK_S`.

        Raises:
            LinkError: the radio is gone.
        """
        try:
            return self._arrived.get(timeout=TICK_S)
        except queue.Empty:
            if self._is_lost:
                raise self._gone() from None
            return None

    def _gone(self) -> LinkError:
        return LinkError(f"the radio at {self._address} is gone; is it still on, and plugged in?")

    def _take(self, packet: dict[str, Any], interface: Any) -> None:  # in the library's thread
        raw = packet["raw"]
        if not self._is_ours(interface) or raw.decoded.portnum not in (self._port, ROUTING_APP):
            return
        try:
            self._arrived.put_nowait(raw)
        except queue.Full:
            self.dropped += 1

    def _lose(self, interface: Any) -> None:
        self._is_lost = self._is_lost or self._is_ours(interface)

    def _is_ours(self, interface: Any) -> bool:
        """Return whether this is our connection; a radio delivers what it has kept before `_connect` returns."""
        return self._interface is None or interface is self._interface


def routing_error(payload: bytes) -> str:
    """Return the name of the error in an untrusted routing message; NONE for an acknowledgement."""
    kind = load("meshtastic.protobuf.mesh_pb2").Routing
    routing = kind()
    try:
        routing.ParseFromString(payload)
    except load("google.protobuf.message").DecodeError:
        return "something that cannot be read"
    return _name(kind.Error, routing.error_reason) or f"error {routing.error_reason}"


def load(module: str) -> Any:
    """Return a module of Meshtastic's client.

    Raises:
        LinkError: the extra ``meshtastic`` is not installed.
    """
    return load_library("meshtastic", module, "meshtastic")


def _connect(address: str) -> Any:
    try:
        if address.startswith("ble:"):
            return load("meshtastic.ble_interface").BLEInterface(address.removeprefix("ble:"))
        if address.startswith("/"):
            return load("meshtastic.serial_interface").SerialInterface(address, timeout=CONNECT_S)
        host, _, port = address.partition(":")
        return load("meshtastic.tcp_interface").TCPInterface(
            host, portNumber=int(port or DEFAULT_TCP_PORT), timeout=CONNECT_S
        )
    except SystemExit as error:
        if isinstance(error.code, int) and error.code > 128:
            raise  # our own: Ctrl-C
        raise LinkError(f"the radio at {address} is not usable; the lines above say why") from error
    except PermissionError as error:
        raise DeviceError(
            f"{address} may not be opened ({error}); add yourself to its group (Debian: adduser USER dialout)"
        ) from error
    except LinkError:
        raise
    except Exception as error:
        advice = "is Bluetooth on, and is the radio paired" if address.startswith("ble:") else "is it on"
        raise LinkError(
            f"the radio at {address} cannot be reached ({error}); {advice}, and does no other program use it?"
        ) from error


def _name(enum: Any, number: int) -> str | None:
    """Return the name of a value; None for one that only a newer firmware knows."""
    return str(enum.Name(number)) if number in enum.values() else None

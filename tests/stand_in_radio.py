"""Fake Meshtastic radios: their firmware's side of TCP, and air that loses, delays and duplicates packets.

    client -- TCP, 0x94 0xC3 length, ToRadio/FromRadio -- StandInRadio -- Air -- StandInRadio -- ... -- client

Only what a client sees is modeled: the configuration, up to three tries for a packet that wants an acknowledgment, the
routing message that tells what became of it, the telemetry of the channel.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

TRIES = 3
HEADER = b"\x94\xc3"


def protobuf(name: str) -> Any:
    """Return a module of Meshtastic's messages, which have no types."""
    return import_module(f"meshtastic.protobuf.{name}")


class Air:
    """The air between the radios."""

    def __init__(self, loss: float = 0.0, delay_s: float = 0.0, duplicates: bool = False, seed: int = 1) -> None:
        self.radios: list[StandInRadio] = []
        self.sent: list[bytes] = []
        self._loss, self._delay_s, self._duplicates = loss, delay_s, duplicates
        self._random = random.Random(seed)

    def carry(self, packet: Any, sender: StandInRadio) -> bool:
        """Return whether a radio that it is meant for has received it."""
        self.sent.append(packet.decoded.payload)
        time.sleep(self._delay_s * self._random.random())
        heard = False
        for radio in list(self.radios):
            if radio is sender or packet.to not in (radio.number, 0xFFFFFFFF):
                continue
            if self._random.random() < self._loss:
                continue
            heard = True
            for _ in range(2 if self._duplicates else 1):
                radio.tell(packet=packet)
        return heard


class StandInRadio:
    """One radio with one client."""

    def __init__(
        self, number: int, air: Air, region: str = "US", channel_use: float = 0.0, sent: float = 0.0, port: int = 0
    ) -> None:
        self.number = number
        self.channel_use, self.sent_percent = channel_use, sent
        self._air, self._region = air, region
        self._server = socket.create_server(("127.0.0.1", port))
        self.port = int(self._server.getsockname()[1])
        self._client: socket.socket | None = None
        self._lock = threading.Lock()
        air.radios.append(self)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Switch it off."""
        self._air.radios.remove(self)
        self._server.close()
        if self._client is not None:
            with suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)
            self._client.close()

    def tell(self, **fields: Any) -> None:
        """Send a FromRadio to the client."""
        mesh_pb2 = protobuf("mesh_pb2")
        message: Any = mesh_pb2.FromRadio()
        for name, value in fields.items():
            if isinstance(value, int):
                setattr(message, name, value)
            else:
                getattr(message, name).CopyFrom(value)
        data = message.SerializeToString()
        with self._lock:
            if self._client is not None:
                try:
                    self._client.sendall(HEADER + len(data).to_bytes(2, "big") + data)
                except OSError:
                    self._client = None

    def _serve(self) -> None:
        while True:
            try:
                self._client, _ = self._server.accept()
                for message in self._messages(self._client):
                    self._take(message)
            except OSError:
                if self._server.fileno() < 0:
                    return

    def _messages(self, client: socket.socket) -> Iterator[Any]:
        mesh_pb2 = protobuf("mesh_pb2")
        waiting = b""
        while data := client.recv(4096):
            waiting += data
            while (start := waiting.find(HEADER)) >= 0 and len(waiting) >= start + 4:
                end = start + 4 + int.from_bytes(waiting[start + 2 : start + 4], "big")
                if len(waiting) < end:
                    break
                message: Any = mesh_pb2.ToRadio()
                message.ParseFromString(waiting[start + 4 : end])
                waiting = waiting[end:]
                yield message

    def _take(self, message: Any) -> None:
        if message.HasField("want_config_id"):
            self._configure(message.want_config_id)
        elif message.HasField("packet"):
            threading.Thread(target=self._send, args=(message.packet,), daemon=True).start()

    def _configure(self, number: int) -> None:
        channel_pb2 = protobuf("channel_pb2")
        config_pb2 = protobuf("config_pb2")
        mesh_pb2 = protobuf("mesh_pb2")
        info: Any = mesh_pb2.MyNodeInfo(my_node_num=self.number)
        node: Any = mesh_pb2.NodeInfo(num=self.number)
        node.user.id, node.user.long_name, node.user.short_name = f"!{self.number:08x}", "Stand-in", "SI"
        node.device_metrics.channel_utilization = self.channel_use
        node.device_metrics.air_util_tx = self.sent_percent
        config: Any = config_pb2.Config()
        config.lora.use_preset = True
        config.lora.region = config_pb2.Config.LoRaConfig.RegionCode.Value(self._region)
        config.lora.hop_limit = 3
        channel: Any = channel_pb2.Channel(index=0, role=channel_pb2.Channel.Role.PRIMARY)
        self.tell(my_info=info)
        self.tell(node_info=node)
        self.tell(config=config)
        self.tell(channel=channel)
        self.tell(config_complete_id=number)

    def _send(self, packet: Any) -> None:
        mesh_pb2 = protobuf("mesh_pb2")
        portnums_pb2 = protobuf("portnums_pb2")
        setattr(packet, "from", self.number)
        self.tell(queueStatus=mesh_pb2.QueueStatus(res=0, free=16, maxlen=16, mesh_packet_id=packet.id))
        heard = any(self._air.carry(packet, self) for _ in range(TRIES if packet.want_ack else 1))
        if packet.want_ack:
            answer: Any = mesh_pb2.MeshPacket(to=self.number)
            setattr(answer, "from", packet.to if heard and packet.to != 0xFFFFFFFF else self.number)
            answer.decoded.portnum = portnums_pb2.PortNum.ROUTING_APP
            answer.decoded.request_id = packet.id
            error = mesh_pb2.Routing.Error.NONE if heard else mesh_pb2.Routing.Error.MAX_RETRANSMIT
            answer.decoded.payload = mesh_pb2.Routing(error_reason=error).SerializeToString() or b"\x18\x00"
            self.tell(packet=answer)


@contextmanager
def two_radios(air: Air, **options: Any) -> Generator[tuple[StandInRadio, StandInRadio]]:
    """Yield two radios in each other's reach; the options are the first one's."""
    radios = StandInRadio(0xA1B2C3D4, air, **options), StandInRadio(0x0000BEEF, air)
    try:
        yield radios
    finally:
        for radio in list(air.radios):
            radio.close()

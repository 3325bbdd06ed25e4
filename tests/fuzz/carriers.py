"""What radios and networks hand over: bytes of a TNC, fields of LXMF messages, packets of Meshtastic, frames of HF."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from speechzip.pipeline import PayloadError
from speechzip.pipeline.links.hf.modem import FRAME_BYTES
from speechzip.pipeline.links.kiss.ax25 import MAX_INFORMATION, KissReader, decode_frame, encode_frame, encode_kiss
from speechzip.pipeline.links.mesh.carrier import PORT
from speechzip.pipeline.links.mesh.radio import ROUTING_APP, routing_error
from speechzip.pipeline.links.packets.padding import pad, unpad
from speechzip.pipeline.links.packets.wire import looks_like_packet
from speechzip.pipeline.links.reticulum.lxmf import MESSAGE_BYTES
from speechzip.pipeline.links.reticulum.lxmf import _packet as packet_in  # pyright: ignore[reportPrivateUsage]

from .packets import message_packets
from .target import Target


class Lxmf:
    """The two numbers of LXMF that fields are read by."""

    FIELD_AUDIO, AM_CUSTOM = 0x07, 0xFF


def _kiss(data: bytes) -> None:
    """Read the bytes of a TNC in pieces, as a socket has them."""
    reader, found = KissReader(), 0
    for start in range(0, len(data), 64):
        for frame in map(decode_frame, reader.push(data[start : start + 64])):
            if frame is not None:
                assert len(frame.information) <= MAX_INFORMATION
                assert encode_frame(frame.source, frame.destination, (), frame.information)
                found += looks_like_packet(frame.information)
    if not found:
        raise PayloadError("no packet is in it")


def _lxmf(data: bytes) -> None:
    """Read the fields of a message, which LXMF has taken out of their MessagePack."""
    try:
        fields: Any = import_module("RNS.vendor.umsgpack").unpackb(data)
    except Exception as error:  # of any kind: LXMF drops the message
        raise PayloadError("no fields") from error
    packet = packet_in(fields, Lxmf)
    if packet is None:
        raise PayloadError("no packet is in it")
    assert len(packet) <= MESSAGE_BYTES


def _meshtastic(data: bytes) -> None:
    """Read a packet that Meshtastic's client has parsed: one of ours, or the report about one."""
    packet: Any = import_module("meshtastic.protobuf.mesh_pb2").MeshPacket()
    try:
        packet.ParseFromString(data)
    except Exception as error:  # of any kind: the client drops the packet
        raise PayloadError("no packet of Meshtastic") from error
    if packet.decoded.portnum == ROUTING_APP:
        assert routing_error(packet.decoded.payload)
    elif packet.decoded.portnum == PORT:
        assert looks_like_packet(packet.decoded.payload) in (True, False)
    else:
        raise PayloadError("not for us")


def _hf(data: bytes) -> None:
    """Take the padding off a frame; what comes out is the frame, or it makes the same frame again."""
    packet = unpad(data)
    assert data in (packet, pad(packet, len(data)))
    if packet == data:
        raise PayloadError("no padding")


def carrier_targets() -> dict[str, Target]:
    """Return the targets of this module by name."""
    packets = [packet for message in message_packets() for packet in message]
    frames = [encode_frame("N0CALL-7", "SPEECH", ("WIDE1-1",), packet) for packet in packets if len(packet) <= 256]
    kiss = [encode_kiss(frame) for frame in frames]
    pack = import_module("RNS.vendor.umsgpack").packb
    fields = [pack({Lxmf.FIELD_AUDIO: [Lxmf.AM_CUSTOM, packet]}) for packet in packets]
    mesh: Any = import_module("meshtastic.protobuf.mesh_pb2")
    arrived = [mesh.MeshPacket(decoded=mesh.Data(portnum=PORT, payload=packet)) for packet in packets]
    report = mesh.Routing(error_reason=5).SerializeToString()
    arrived += [mesh.MeshPacket(decoded=mesh.Data(portnum=ROUTING_APP, payload=report, request_id=7))] * 3
    hf = [pad(packet, size) for packet in packets for size in FRAME_BYTES.values() if len(packet) < size]
    return {
        "KISS": Target(_kiss, [*kiss, b"".join(kiss)], None, PayloadError, 2.0, 0.01, max_bytes=2048),
        "LXMF fields": Target(_lxmf, fields, None, PayloadError, 2.0, 0.01),
        "Meshtastic packets": Target(
            _meshtastic, [packet.SerializeToString() for packet in arrived], None, PayloadError, 2.0, 0.01
        ),
        "HF frames": Target(_hf, hf, None, PayloadError, 2.0, 0.01),
    }

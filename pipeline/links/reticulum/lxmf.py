"""The link ``lxmf:HASH``: each packet in a message of LXMF, which encrypts, signs, delivers and acknowledges it.

    field 0x07 (FIELD_AUDIO)   [0xFF (AM_CUSTOM), packet]
    content                    empty, or the words, for people without speechzip

A message that fits one packet of Reticulum is sent opportunistically. LXMF opens a link for a longer one.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from ...errors import InputError
from ...system.datafolder import data_folder
from ..carrier import TICK_S, Notice, Received, SendState
from .node import STEP_S, identity, load, parse_hash, same_signals, start, wait_for_path

MESSAGE_BYTES = 32 << 10
"""Size of the longest packet. LXMF would carry more, but no message needs it."""
DELIVERY_LIMIT_KB = 256
"""Largest size of a stranger's message; LXMF refuses larger ones before the transfer."""
ANNOUNCE_EVERY_S = 600.0
FETCH_EVERY_S = 60.0
"""Time between two requests to a propagation node."""
MAX_WAITING = 64
"""Messages from LXMF's threads that may wait to be read. Further ones are dropped and reported."""


class LxmfCarrier:
    """Messages over LXMF."""

    packet_bytes = MESSAGE_BYTES

    def __init__(
        self,
        address: str = "",
        *,
        to: str | None = None,
        with_text: bool = False,
        propagation_node: str | None = None,
        config: Path | None = None,
    ) -> None:
        """Prepare to send or to receive.

        Args:
            address: of the receiver, 32 hexadecimal digits; not needed to receive.
            to: the same.
            with_text: send the words along, so that Sideband, MeshChat and others show them.
            propagation_node: stores messages for a peer that is offline; our own are fetched from it, too.
            config: folder of Reticulum's configuration.
        """
        if address and to and address != to:
            raise InputError(f"{address} and {to} are two addresses; give one")
        self.peer = parse_hash(to or address).hex() if to or address else ""
        self.acknowledges = propagation_node is None
        self._with_text = with_text
        self._node = parse_hash(propagation_node) if propagation_node else None
        self._config = config

    def airtime_s(self, size: int) -> None:
        """Return None: it depends on the interfaces on the way."""
        return

    def send(self, packets: Sequence[bytes], transcript: str = "") -> Iterator[SendState]:
        """Send a message for each packet, and wait for its receipt; see `Carrier.send`."""
        if not self.peer:
            raise InputError("nothing says whom to send to: name the address lxmf:HASH that `speechzip receive` prints")
        rns, lxmf, router, ours = self._start()
        target = bytes.fromhex(self.peer)
        if self._node is not None:
            yield SendState("waiting", detail=f"for a path to the propagation node {self._node.hex()}")
            wait_for_path(rns, self._node)
        if self._node is None or rns.Identity.recall(target) is None:  # its key is needed, whoever takes the message
            yield SendState("waiting", detail=f"for a path to {self.peer}")
            wait_for_path(rns, target)
        theirs = rns.Identity.recall(target)
        destination = rns.Destination(theirs, rns.Destination.OUT, rns.Destination.SINGLE, "lxmf", "delivery")
        if self._node is not None:
            router.set_outbound_propagation_node(self._node)
        router.announce(ours.hash)  # so that the peer can check our signature
        for index, packet in enumerate(packets):
            text = transcript if self._with_text and index == 0 else ""
            message = lxmf.LXMessage(
                destination,
                ours,
                text,
                fields={lxmf.FIELD_AUDIO: [lxmf.AM_CUSTOM, packet]},
                desired_method=lxmf.LXMessage.OPPORTUNISTIC if self._node is None else lxmf.LXMessage.PROPAGATED,
            )
            yield SendState("sending", index)
            router.handle_outbound(message)
            yield from self._follow(lxmf.LXMessage, message, index)

    def _follow(self, states: Any, message: Any, index: int) -> Iterator[SendState]:
        """Yield the states of a message, until LXMF has delivered it or given up."""
        is_sent = False
        while True:
            state = message.state
            if state in (states.SENT, states.DELIVERED) and not is_sent:
                is_sent = True
                size = f"{len(message.packed)} bytes in {_method(states, message)}"
                yield SendState("sent", index, size if self._node is None else f"{size}, kept by the propagation node")
                if self._node is not None:
                    return
            if state == states.DELIVERED:
                yield SendState("acknowledged", index)
                return
            if state in (states.REJECTED, states.CANCELLED, states.FAILED):
                yield SendState("failed", index, "the peer refused it" if state == states.REJECTED else "no answer")
                return
            time.sleep(STEP_S)

    def receive(self) -> Iterator[Received | Notice | None]:
        """Wait for messages and announce ourselves; see `Carrier.receive`."""
        arrived: queue.Queue[Any] = queue.Queue(MAX_WAITING)
        dropped: list[bool] = []

        def deliver(message: Any) -> None:
            try:
                arrived.put_nowait(message)
            except queue.Full:
                dropped.append(True)

        _, lxmf, router, ours = self._start()
        router.register_delivery_callback(deliver)
        if self._node is not None:
            router.set_outbound_propagation_node(self._node)
        yield Notice(f"our address is lxmf:{ours.hash.hex()}")
        announced_s = fetched_s = -ANNOUNCE_EVERY_S
        fault = ""
        while True:
            now_s = time.monotonic()
            if now_s - announced_s >= ANNOUNCE_EVERY_S:
                router.announce(ours.hash)
                announced_s = now_s
            if self._node is not None and now_s - fetched_s >= FETCH_EVERY_S:
                router.request_messages_from_propagation_node(ours.identity)
                fetched_s = now_s
            if (new := _fetching_fault(router)) != fault:
                fault = new
                if fault:
                    yield Notice(f"{fault}; it is asked again every {FETCH_EVERY_S:.0f} s")
            if dropped:
                yield Notice(f"{len(dropped)} messages came faster than they could be read, and are lost")
                dropped.clear()
            try:
                message = arrived.get(timeout=TICK_S)
            except queue.Empty:
                yield None
                continue
            packet = _packet(message.fields, lxmf)
            if packet is not None:
                yield Received(packet, *_sender(message))

    def _start(self) -> tuple[Any, Any, Any, Any]:
        """Return RNS, LXMF, a router, and our own destination."""
        rns, lxmf = start(self._config), load("LXMF")
        ours = identity(rns)
        folder = data_folder() / "links"
        with same_signals():
            router = lxmf.LXMRouter(identity=ours, storagepath=str(folder), delivery_limit=DELIVERY_LIMIT_KB)
        return rns, lxmf, router, router.register_delivery_identity(ours, display_name="speechzip")


def _packet(fields: Any, lxmf: Any) -> bytes | None:
    """Return the packet in the untrusted fields of a message; None if there is none."""
    audio = cast("dict[object, object]", fields).get(lxmf.FIELD_AUDIO) if isinstance(fields, dict) else None
    if not isinstance(audio, (list, tuple)):
        return None
    parts = cast("Sequence[object]", audio)
    if len(parts) != 2 or parts[0] != lxmf.AM_CUSTOM or not isinstance(parts[1], bytes):
        return None
    return parts[1] if len(parts[1]) <= MESSAGE_BYTES else None


def _sender(message: Any) -> tuple[str, str]:
    """Return address and detail. LXMF checks the signature; an address that it could not check is not used."""
    address = message.source_hash.hex()
    return (address, "signed") if message.signature_validated else (f"unverified-{address}", "signature not checked")


def _fetching_fault(router: Any) -> str:
    """Return why our messages cannot be fetched from the propagation node; empty where they can, or nobody asks."""
    return {
        router.PR_NO_PATH: "nobody knows a path to the propagation node",
        router.PR_LINK_FAILED: "the propagation node does not answer",
        router.PR_TRANSFER_FAILED: "the propagation node has stopped in the middle of its messages",
        router.PR_NO_IDENTITY_RCVD: "the propagation node does not know who asks",
        router.PR_NO_ACCESS: "the propagation node does not serve us",
        router.PR_FAILED: "the propagation node's messages cannot be fetched",
    }.get(router.propagation_transfer_state, "")


def _method(states: Any, message: Any) -> str:
    names = {states.OPPORTUNISTIC: "one packet", states.DIRECT: "a link", states.PROPAGATED: "a store"}
    return names.get(message.method, "a message")

"""The link ``meshtastic:ADDRESS``: packets on a private port, by a radio on a serial line, TCP or Bluetooth.

The firmware encrypts with the channel's key (or the receiver's, for a direct message), repeats what is not
acknowledged, and reports when it gives up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ...errors import InputError, LinkError
from ..carrier import TICK_S, Notice, Received, SendState
from ..packets.presets import preset
from .pacing import DIRECT_OVERHEAD, HOUR_S, MAX_CHANNEL_USE, OVERHEAD, TRIES, Pacer, preset_modem
from .radio import ROUTING_APP, Radio, routing_error

PORT = 297
"""Our port: 256 to 511 are for private applications (portnums.proto)."""
BROADCAST = 0xFFFFFFFF
ACKNOWLEDGE_S = 120.0
"""How long to wait for the fate of a packet: three tries of LongSlow over three hops take 90 s."""
WAIT_STEP_S = 1.0
ADVICE = {
    "MAX_RETRANSMIT": "nobody answered",
    "NO_CHANNEL": "it has no such channel, or no key that the node knows",
    "PKI_UNKNOWN_PUBKEY": "it does not know the node's key yet",
    "PKI_FAILED": "it cannot encrypt for that node",
    "DUTY_CYCLE_LIMIT": "the duty cycle is used up; try again later",
    "TOO_LARGE": "the packet is too long for it; send smaller ones",
}
"""Error of the firmware (mesh.proto, Routing.Error) -> its meaning for a user; others are shown by their names."""
RETRY_S = 5.0
"""How often a receiver looks for a radio that has gone."""


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
        return preset_modem("LONG_FAST", self._overhead).seconds(size)

    @property
    def _overhead(self) -> int:
        return DIRECT_OVERHEAD if self.peer else OVERHEAD

    def send(self, packets: Sequence[bytes], transcript: str = "") -> Iterator[SendState]:
        """Send packets one after the other, each when the last one is acknowledged; see `Carrier.send`."""
        with Radio(self._address, PORT).connected() as radio:
            pacer, modem = Pacer(self._duty_cycle or radio.duty_cycle), radio.modem(self._overhead)
            longest = max(map(len, packets))
            longest_s = TRIES * modem.seconds(longest)
            if longest_s > pacer.duty_cycle * HOUR_S:
                raise InputError(
                    f"a packet of {longest} bytes may take {longest_s:.0f} s with its {TRIES} tries, and the duty "
                    f"cycle allows {pacer.duty_cycle * HOUR_S:.0f} s in an hour: send smaller packets"
                )
            for index, packet in enumerate(packets):
                airtime_s = modem.seconds(len(packet))
                yield from _wait_for_air(radio, pacer, airtime_s, index)
                yield SendState("sending", index)
                pacer.sent(airtime_s, time.monotonic())
                number = radio.send(
                    packet, destinationId=self._target, channelIndex=self._channel, hopLimit=self._hop_limit
                )
                yield self._outcome(radio, number, index)

    def _outcome(self, radio: Radio, number: int, index: int) -> SendState:
        """Wait for the radio's report about a packet. For a broadcast, it says that another node repeated it."""
        end_s = time.monotonic() + ACKNOWLEDGE_S
        while time.monotonic() < end_s:
            packet = radio.next_packet()
            if packet is None or packet.decoded.portnum != ROUTING_APP or packet.decoded.request_id != number:
                continue
            reason = routing_error(packet.decoded.payload)
            if reason == "NONE":
                return SendState("acknowledged" if self.acknowledges else "sent", index)
            if reason == "MAX_RETRANSMIT" and not self.acknowledges:
                return SendState("sent", index, "nobody was heard to repeat it")
            advice = ADVICE.get(reason)
            return SendState("failed", index, f"the radio says {reason}" + (f": {advice}" if advice else ""))
        return SendState("failed", index, f"the radio has told nothing for {ACKNOWLEDGE_S:.0f} s")

    def receive(self) -> Iterator[Received | Notice | None]:
        """Wait for packets on our port; see `Carrier.receive`. A radio that goes is waited for."""
        was_connected, told = False, ""
        while True:
            try:
                with Radio(self._address, PORT).connected() as radio:
                    was_connected = True
                    yield Notice(f"the radio is {radio.node}")
                    yield from _packets(radio)
            except LinkError as error:
                if not was_connected:
                    raise
                if str(error) != told:
                    told = str(error)
                    yield Notice(f"{told} It is looked for every {RETRY_S:.0f} s")
            retry_s = time.monotonic() + RETRY_S
            while time.monotonic() < retry_s:
                yield None
                time.sleep(min(TICK_S, RETRY_S))


def _wait_for_air(radio: Radio, pacer: Pacer, airtime_s: float, index: int) -> Iterator[SendState]:
    told = ""
    while True:
        busy, sent = radio.use_percent
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


def _packets(radio: Radio) -> Iterator[Received | Notice | None]:
    told = 0
    while True:
        packet = radio.next_packet()
        new, told = radio.dropped - told, radio.dropped
        if new:
            yield Notice(f"{new} packets came faster than they could be read, and are lost")
        if packet is None:
            yield None
        elif packet.decoded.portnum == PORT:
            signal = f"SNR {packet.rx_snr:.1f} dB, {packet.rx_rssi} dBm" if packet.rx_rssi else ""
            yield Received(packet.decoded.payload, f"!{getattr(packet, 'from'):08x}", signal)


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

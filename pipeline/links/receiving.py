"""Packets from a carrier to messages in a folder: words are reported as they arrive, missing packets with their times.

Everything here is bounded for any sender: `Inbox` bounds the packets that wait, `MailboxLimits` the files.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ..decompression import with_voices
from ..errors import EngineError, InputError, OutputError, PayloadError
from ..protocols import Synthesizer
from ..system.atomic import atomic_file
from ..types import Payload
from ..writing import AUDIO_FORMATS, write_speech
from .carrier import Received
from .files import encode_best
from .packets.unpacking import Inbox, Message, join_payloads
from .packets.wire import looks_like_packet
from .peers import PeerVoices

logger = logging.getLogger(__name__)

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class MailboxLimits:
    """Limits on the cost of strangers' packets."""

    bytes_an_hour: int = 256 << 10
    """Packets that are decoded in an hour: more than half a day of talk."""
    packets_an_hour: int = 1000
    """The same in packets, as each may take 1024 tokens, a third of a second, however short it is."""
    decoding_s: float = 600.0
    """Processor time for decoding in an hour: with the text coder `smollm2-1` a short packet can take 20 s."""
    messages: int = 1000
    """Messages that a run keeps; later ones are only reported."""
    sound_s: float = 600.0
    """Longest message that is spoken into a file: ten bytes may claim a day. Its payload is kept in any case."""
    total_sound_s: float = 7200.0
    """Total sound of a run: 230 MB for one channel at 16 kHz. After that, only payloads are kept."""


@dataclass(slots=True)
class _Decoded:
    """A packet that was decoded."""

    at_s: float
    size: int
    spent_s: float = 0.0
    """Processor time."""


@dataclass(frozen=True, slots=True)
class MessageState:
    """The part of a message that has arrived."""

    sender: str
    """The sender, as the link says."""
    payload: Payload
    """All parts that have arrived, with the known voices."""
    message: Message | None
    """Its missing packets; None for a packet that is a whole payload."""
    path: Path | None
    """File of its payload; None while it is incomplete, or if no more messages are kept."""
    sound: Path | None = None
    """File of its speech; None while it is incomplete, or if none is made."""
    why_silent: str = ""
    """Why it is not spoken."""
    new: tuple[Payload, ...] = ()
    """The parts that arrived last and can be spoken now."""
    detail: str = ""
    """Details about the reception of its last packet."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return self.message is None or not self.message.missing


@dataclass(slots=True)
class _Open:
    """A message that is still incomplete."""

    state: MessageState
    parts: list[Payload]


class Mailbox:
    """Collects packets of one link, and writes complete and expired messages as ``001.spz`` and ``001.wav``."""

    def __init__(
        self,
        link: str,
        folder: Path,
        synthesizer: Callable[[], Synthesizer] | None,
        limits: MailboxLimits | None = None,
    ) -> None:
        """Begin with an empty inbox.

        Args:
            link: name of the link; peers of different links are different.
            folder: where messages are written; it is created with the first one.
            synthesizer: loads the synthesizer when it is first needed; None for no sound.
            limits: bounds on the cost of strangers' packets.
        """
        self._link = link
        self._folder = folder
        self._load = synthesizer
        self._synthesizer: Synthesizer | None = None
        self._limits = limits or MailboxLimits()
        self._inbox = Inbox()
        self._open: dict[int, _Open] = {}
        self._decoded: deque[_Decoded] = deque()
        self._count = 0
        self._kept = 0
        self._sound_s = 0.0
        self.refused = 0
        """Packets that were damaged or foreign."""
        self.unkept = 0
        """Messages that could not be written."""

    def push(self, received: Received, now_s: float) -> list[MessageState]:
        """Take in a packet and return the messages that it changes, the finished ones included.

        Raises:
            PayloadError: the packet is damaged or foreign; nothing changes.
        """
        size, sender, detail = len(received.packet), received.sender, received.detail
        try:
            decoded = _Decoded(now_s, size)
            if looks_like_packet(received.packet):
                self._spend(decoded)
            started = time.thread_time()
            try:
                arrival = self._inbox.push(received.packet, now_s, sender)
            finally:
                decoded.spent_s = time.thread_time() - started
        except PayloadError as error:
            self.refused += 1
            logger.debug("%s: %d bytes from %r (%s) are refused: %s", self._link, size, sender, detail, error)
            raise
        logger.debug("%s: a packet of %d bytes from %r (%s)", self._link, size, sender, detail)
        states = list(map(self._give_up, arrival.closed))
        if arrival.is_duplicate or not (arrival.payloads or arrival.message):
            return states
        peer = PeerVoices("received", f"{self._link}:{received.sender}")
        peer.remember([voice for payload in arrival.payloads for voice in payload.voices])
        payloads = tuple(peer.resolve(payload) for payload in arrival.payloads)
        if arrival.message is None:
            whole = MessageState(received.sender, payloads[0], None, None, new=payloads, detail=received.detail)
            return [*states, self._finish(whole)]
        if not payloads:
            return states
        serial = arrival.message.serial
        opened = self._open.get(serial)
        parts = [*(opened.parts if opened else []), *payloads]
        state = MessageState(
            received.sender, join_payloads(parts), arrival.message, None, new=payloads, detail=received.detail
        )
        if state.is_whole:
            self._open.pop(serial, None)
            return [*states, self._finish(state)]
        self._open[serial] = _Open(state, parts)
        return [*states, state]

    def _spend(self, packet: _Decoded) -> None:
        """Count a packet, which may cost time even if it is damaged at last; refuse it where an hour has too many."""
        while self._decoded and self._decoded[0].at_s <= packet.at_s - HOUR_S:
            self._decoded.popleft()
        if sum(each.size for each in self._decoded) + packet.size > self._limits.bytes_an_hour:
            raise PayloadError(f"more than {self._limits.bytes_an_hour} bytes came within an hour")
        if len(self._decoded) >= self._limits.packets_an_hour:
            raise PayloadError(f"more than {self._limits.packets_an_hour} packets came within an hour")
        if sum(each.spent_s for each in self._decoded) > self._limits.decoding_s:
            raise PayloadError(f"the packets of an hour took more than {self._limits.decoding_s:g} s to decode")
        self._decoded.append(packet)

    def expire(self, now_s: float) -> list[MessageState]:
        """Give up messages that are too old, and return them."""
        return list(map(self._give_up, self._inbox.expire(now_s)))

    def close(self) -> list[MessageState]:
        """Give up all incomplete messages, and return them."""
        return list(map(self._give_up, self._inbox.close()))

    def _give_up(self, message: Message) -> MessageState:
        opened = self._open.pop(message.serial, None)
        if opened is None:
            why = "only parity came, and not enough of it"
            return MessageState(message.sender, Payload((), (), 0.0), message, None, why_silent=why)
        return self._finish(replace(opened.state, message=message, new=()))

    def _finish(self, state: MessageState) -> MessageState:
        """Write the payload, and speak it into a file beside it."""
        if self._kept >= self._limits.messages:
            return replace(state, why_silent=f"{self._limits.messages} messages are kept already")
        try:
            code = encode_best(state.payload)
            path = self._new_path()
            with atomic_file(path) as file:
                file.write(code)
        except (InputError, OutputError) as error:  # its words are told all the same, and other messages will come
            self.unkept += 1
            return replace(state, why_silent=f"it is not kept: {error}")
        self._kept += 1
        state = replace(state, path=path)
        if self._load is None:
            return state
        duration_s = state.payload.duration_s
        if duration_s > self._limits.sound_s:
            return replace(state, why_silent=f"it claims {duration_s:.0f} s; {self._limits.sound_s:.0f} s are spoken")
        if self._sound_s + duration_s > self._limits.total_sound_s:
            return replace(state, why_silent=f"{self._limits.total_sound_s:.0f} s of sound are made already")
        self._sound_s += duration_s
        sound = path.with_suffix(".wav")
        try:
            self._synthesizer = self._synthesizer or self._load()
            with atomic_file(sound) as file:
                payload = with_voices(state.payload, self._synthesizer)
                write_speech(file, AUDIO_FORMATS[".wav"], payload, self._synthesizer, size=len(code))
        except (EngineError, InputError, OutputError) as error:
            return replace(state, why_silent=str(error))
        return replace(state, sound=sound)

    def _new_path(self) -> Path:
        """Return the first free name; an earlier run's messages stay."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{self._folder} cannot be made: {error.strerror or error}", remedies=("another_folder",)
            ) from error
        while True:
            self._count += 1
            path = self._folder / f"{self._count:03}.spz"
            if not path.exists() and not path.with_suffix(".wav").exists():
                return path

"""The state that outlives a connection: unacknowledged utterances, and the position in received streams.

Every utterance and every voice is a numbered item of a stream. The peer acknowledges the last number that it has
received. After a reconnection it does so again, and the stream goes on from there:

    stream   1 voices   2 utterance   3 utterance   4 utterance     5 ...
             `----acknowledged----'   `-- unacknowledged: kept --'  `- waiting: no number yet
"""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import ProtocolError, QueueFullError
from ...payload.format import split_voices
from ..limits import LIMITS, Limits
from .frames import MAX_BODY
from .messages import MAX_UTTERANCE_BYTES, STREAM_BYTES, WINDOW, UtteranceMessage, VoicesMessage

SLOTS = 16
FRAME_OVERHEAD = 16
"""Most bytes of sequence number, slots and lengths."""


@dataclass(frozen=True, slots=True)
class SplitPayload:
    """One payload, split around its voices section."""

    header: bytes
    voices: bytes
    rest: bytes

    @classmethod
    def of(cls, data: bytes) -> SplitPayload:
        """Split a payload."""
        return cls(*split_voices(data))


class Outbox:
    """Utterances of this end, kept until the peer acknowledges them."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.stream = b""
        self._limits = limits
        self._waiting: deque[tuple[int, SplitPayload]] = deque()
        self._unacknowledged: deque[tuple[int | None, UtteranceMessage | VoicesMessage, SplitPayload | None]] = deque()
        self._resend = 0  # how many of _unacknowledged, from the end, are to be sent on this connection
        self._sequence = 0  # of the last item that has a number
        self._slots: dict[bytes, int] = {}
        self._numbers: OrderedDict[int, int] = OrderedDict()  # place in the stream -> our number
        self._next_number = 1
        self.restart()

    def __len__(self) -> int:
        """Return the number of utterances that the peer has not acknowledged."""
        return len(self._waiting) + sum(split is not None for _, _, split in self._unacknowledged)

    def enqueue(self, split: SplitPayload) -> int:
        """Queue a payload; return its number, which `acknowledge` returns later.

        Raises:
            QueueFullError: too much is waiting already, or the payload is too long for a frame.
        """
        size = len(split.header) + len(split.rest)
        if size > MAX_UTTERANCE_BYTES or len(split.voices) + FRAME_OVERHEAD > MAX_BODY:
            raise QueueFullError(
                f"the utterance takes {size} bytes and its voice {len(split.voices)}; "
                f"{MAX_UTTERANCE_BYTES} and {MAX_BODY - FRAME_OVERHEAD} are the most: it was not sent"
            )
        queued = size + sum(len(waiting.header) + len(waiting.rest) for _, waiting in self._waiting)
        if len(self) >= self._limits.queued or queued > self._limits.queued_bytes:
            raise QueueFullError(
                f"{len(self)} utterances wait for the link already: this one was not kept; "
                "say it again when the link is back"
            )
        number, self._next_number = self._next_number, self._next_number + 1
        self._waiting.append((number, split))
        return number

    def restart(self) -> None:
        """Begin a stream with a new name for another peer, with everything that is not acknowledged."""
        self.stream = secrets.token_bytes(STREAM_BYTES)
        self._renumber()

    def resume(self, received: int) -> list[int]:
        """Go on after the items that the peer has received; return our numbers of the utterances among them.

        Raises:
            ProtocolError: it cannot have received these.
        """
        if received == 0:  # we are new to the peer, which may have been started again
            self._renumber()
            return []
        first = self._sequence - len(self._unacknowledged)
        if not first <= received <= self._sequence:
            raise ProtocolError(f"the peer claims to have {received} items; {first} to {self._sequence} are possible")
        self._resend = 0
        delivered = self.acknowledge(received)
        self._resend = len(self._unacknowledged)
        return delivered

    def to_send(self) -> Iterator[UtteranceMessage | VoicesMessage]:
        """Yield the messages to send now. Each counts as sent once it is yielded."""
        while self._resend:
            message = self._unacknowledged[-self._resend][1]
            self._resend -= 1
            yield message
        while self._waiting and len(self._unacknowledged) < WINDOW - 1:  # voices may go along
            number, split = self._waiting[0]
            if split.voices not in self._slots:
                yield self._send_voices(split.voices)
            self._waiting.popleft()
            self._sequence += 1
            message = UtteranceMessage(self._sequence, self._slots[split.voices], split.header, split.rest)
            self._unacknowledged.append((number, message, split))
            self._numbers[self._sequence] = number
            if len(self._numbers) > self._limits.queued:
                self._numbers.popitem(last=False)
            yield message

    def acknowledge(self, received: int) -> list[int]:
        """Forget the items that the peer has; return our numbers of the utterances among them.

        Raises:
            ProtocolError: they have not been sent yet.
        """
        if received > self._sequence - self._resend:
            raise ProtocolError(f"the peer acknowledges item {received}, which was not sent")
        delivered: list[int] = []
        while self._unacknowledged and self._unacknowledged[0][1].sequence <= received:
            number, _, _ = self._unacknowledged.popleft()
            if number is not None:
                delivered.append(number)
        return delivered

    def number_of(self, sequence: int) -> int | None:
        """Return our number of the utterance at this place in the stream; None if there is none, or it is long ago."""
        return self._numbers.get(sequence)

    def _send_voices(self, section: bytes) -> VoicesMessage:
        slot = len(self._slots) % SLOTS
        if len(self._slots) >= SLOTS:  # the oldest gives up its slot; the peer learns it in order
            oldest = next(iter(self._slots))
            slot = self._slots.pop(oldest)
        self._slots[section] = slot
        self._sequence += 1
        message = VoicesMessage(self._sequence, slot, section)
        self._unacknowledged.append((None, message, None))
        return message

    def _renumber(self) -> None:
        kept = [(number, split) for number, _, split in self._unacknowledged if number is not None and split]
        self._waiting.extendleft(reversed(kept))
        self._unacknowledged.clear()
        self._sequence = self._resend = 0
        self._slots.clear()
        self._numbers.clear()


class _PeerStream:
    """The received part of one peer's stream."""

    def __init__(self) -> None:
        self.received = 0
        self.voices: dict[int, bytes] = {}


class ReceivedStreams:
    """The positions in the streams of peers, by name."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._streams: OrderedDict[bytes, _PeerStream] = OrderedDict()

    def received_up_to(self, stream: bytes) -> int:
        """Return the number of the last item received of this stream; 0 if it is new."""
        heard = self._streams.setdefault(stream, _PeerStream())
        self._streams.move_to_end(stream)
        while len(self._streams) > self._limits.streams:
            self._streams.popitem(last=False)
        return heard.received

    def take(self, stream: bytes, message: VoicesMessage | UtteranceMessage) -> bytes | None:
        """Take an item; return the whole payload of a new utterance, None for voices and repeated items.

        Raises:
            ProtocolError: an earlier item is missing, or its voices are.
        """
        heard = self._streams[stream]
        if message.sequence <= heard.received:
            return None
        if message.sequence != heard.received + 1:
            raise ProtocolError(f"the peer sends item {message.sequence} after item {heard.received}")
        payload = None
        if isinstance(message, VoicesMessage):
            heard.voices[message.slot] = message.section
        elif message.slot in heard.voices:
            payload = message.header + heard.voices[message.slot] + message.rest
        else:
            raise ProtocolError(f"the peer speaks with voices {message.slot}, which it has not sent")
        heard.received += 1
        return payload

"""One connection as a state machine without sockets or clocks: bytes and times in, events and bytes out.

    caller   --- hello ----->  listener      name, formats and secret of the end
             <-- hello ------
             <-> acknowledge <->             how much of the other's stream has arrived
             <-> voices, utterance, acknowledge, played, status, alive <->
             --- goodbye ---> or <---

The listener says nothing until a hello with the right secret has arrived. `connection` has the states of this diagram.
"""

from __future__ import annotations

import hmac
import logging
from collections import deque
from dataclasses import replace

from ...errors import ProtocolError
from ..limits import LIMITS, Limits
from .connection import ConnectionEvent, ConnectionState, next_state
from .delivery import Outbox, ReceivedStreams
from .events import FATAL, REASONS, DeliveredTo, Ended, Greeted, LinkEvent, Opened, PayloadReceived, PlayedBy, StatusOf
from .frames import FrameReader
from .messages import (
    HIGHEST_VERSION,
    LOWEST_VERSION,
    WINDOW,
    Acknowledge,
    Alive,
    Goodbye,
    Hello,
    Message,
    PlayedMessage,
    Reason,
    Status,
    StatusMessage,
    UtteranceMessage,
    VoicesMessage,
    decode_message,
    encode_message,
)

logger = logging.getLogger(__name__)


class Link:
    """One end of one connection.

    Methods take `now_s`, the seconds of a clock that never goes back. `receive`, `take_next` and `advance` return the
    events that have happened; `to_send` returns the bytes to write, if there is room for them.

    Utterances are taken one at a time. After each `PayloadReceived` the next ones are kept here, not acknowledged,
    until `take_next` asks for one. A peer may have at most `WINDOW` items sent and not acknowledged, which bounds what
    is kept. All its other messages are taken at once.
    """

    def __init__(
        self,
        hello: Hello,
        inbox: ReceivedStreams,
        outbox: Outbox,
        *,
        listens: bool,
        now_s: float,
        ready: bool = True,
        limits: Limits = LIMITS,
    ) -> None:
        """Begin a connection.

        Args:
            hello: describes this end; a listener's has the secret that callers must know.
            inbox: the positions in the streams of peers.
            outbox: the utterances to send.
            listens: whether this end waits for the other's hello.
            now_s: the time.
            ready: whether the first utterance may be taken without `take_next`.
            limits: the timeouts.
        """
        self._limits = limits
        self._ready = ready
        self._held: deque[VoicesMessage | UtteranceMessage] = deque()
        self._hello = hello
        self._inbox, self._outbox = inbox, outbox
        self._reader = FrameReader()
        self._out: list[Message] = []
        self._peer: Hello | None = None
        self._state = ConnectionState.LISTENING if listens else ConnectionState.CALLING
        self._acknowledge = self._alive = False
        self._played: int | None = None
        self._status = self._status_sent = self._peer_status = Status.NOTHING
        self._began_s = self._heard_s = self._sent_s = self._asked_s = self._between_s = now_s
        self.bytes_sent = self.bytes_received = 0
        if not listens:
            self._out.append(replace(hello, stream=outbox.stream))

    @property
    def state(self) -> ConnectionState:
        """State of the connection."""
        return self._state

    @property
    def is_open(self) -> bool:
        """Whether both ends may speak."""
        return self._state is ConnectionState.OPEN

    @property
    def ended(self) -> bool:
        """Whether the connection is over."""
        return self._state is ConnectionState.ENDED

    def receive(self, data: bytes, now_s: float) -> list[LinkEvent]:
        """Take bytes from the peer; return their events.

        Bytes that break the protocol end the link; the last event says why.
        """
        if self.ended:
            return []
        events: list[LinkEvent] = []
        self.bytes_received += len(data)
        self._heard_s = now_s
        try:
            for frame in self._reader.push(data):
                events += self._take(decode_message(frame))
                self._between_s = now_s
                if self.ended:
                    break
        except ProtocolError as error:
            events.append(self._end(Reason.PROTOCOL, str(error)))
        return events

    def take_next(self) -> list[LinkEvent]:
        """Take one more utterance, now or when it arrives; return it if it has arrived already.

        The next `to_send` returns its acknowledgment.
        """
        self._ready = True
        events: list[LinkEvent] = []
        try:
            while self._held and not self.ended and (self._ready or isinstance(self._held[0], VoicesMessage)):
                events += self._take_item(self._held.popleft())
        except ProtocolError as error:
            events.append(self._end(Reason.PROTOCOL, str(error)))
        return events

    def advance(self, now_s: float) -> list[LinkEvent]:
        """Check the timeouts; return an event if one has ended the link."""
        if self.ended:
            return []
        if not self.is_open and now_s - self._began_s > self._limits.handshake_s:
            return [self._end(Reason.SILENCE, f"the peer did not greet us within {self._limits.handshake_s:.0f} s")]
        if now_s - self._heard_s > self._limits.silence_s:
            return [self._end(Reason.SILENCE, f"nothing has come from the peer for {self._limits.silence_s:.0f} s")]
        if now_s - self._asked_s > self._limits.silence_s:
            return [self._end(Reason.SILENCE, f"the peer has read nothing for {self._limits.silence_s:.0f} s")]
        if not self._reader.inside:
            self._between_s = now_s
        elif now_s - self._between_s > self._limits.silence_s:  # also what a damaged length looks like
            return [
                self._end(Reason.PROTOCOL, f"a frame from the peer has not ended for {self._limits.silence_s:.0f} s")
            ]
        self._alive = now_s - self._sent_s > self._limits.alive_every_s
        return []

    def to_send(self, now_s: float) -> bytes:
        """Return the bytes to write now. Ask only while there is room: messages are made on demand."""
        messages, self._out = self._out, []
        self._asked_s = now_s
        if self.is_open:
            if self._alive:
                messages.append(Alive())
            if self._acknowledge:
                messages.append(Acknowledge(self._received()))
            if self._played is not None:
                messages.append(PlayedMessage(self._played))
            if self._status != self._status_sent:
                messages.append(StatusMessage(self._status))
            messages.extend(self._outbox.to_send())
            self._acknowledge = self._alive = False
            self._played, self._status_sent = None, self._status
        if not messages:
            return b""
        data = b"".join(map(encode_message, messages))
        self.bytes_sent += len(data)
        self._sent_s = now_s
        return data

    def admit(self) -> None:
        """Accept the caller of a `Greeted`."""
        self._change_state(ConnectionEvent.ADMIT)
        self._out.append(replace(self._hello, stream=self._outbox.stream, secret=b""))
        self._out.append(Acknowledge(self._received()))

    def refuse(self, reason: Reason) -> Ended:
        """Refuse the caller of a `Greeted`, or end the link."""
        return self._end(reason, REASONS[reason])

    def close(self) -> None:
        """End the connection, since the socket is gone."""
        self._change_state(ConnectionEvent.CLOSE)

    def played(self, sequence: int) -> None:
        """Tell the peer that the first sample of its item has been played."""
        self._played = sequence

    def set_status(self, status: Status) -> None:
        """Tell the peer about this end."""
        self._status = status

    def _change_state(self, event: ConnectionEvent) -> ConnectionState:
        """Go to the next state; return the one before."""
        before, self._state = self._state, next_state(self._state, event)
        if self._state is not before:
            logger.debug("connection: %s -> %s on %s", before.name, self._state.name, event.name)
        return before

    def _take(self, message: Message) -> list[LinkEvent]:
        before = self._change_state(_event_of(message))
        match message:
            case Goodbye(reason):
                return [Ended(reason, REASONS[reason], reason in FATAL)]
            case Hello():
                return self._take_hello(message)
            case Acknowledge(sequence) if before is ConnectionState.RESUMING:
                delivered = tuple(self._outbox.resume(sequence))
                return [Opened(self._known_peer), *([DeliveredTo(delivered)] if delivered else [])]
            case VoicesMessage() | UtteranceMessage():
                if self._held or not self._ready:
                    if len(self._held) == WINDOW:
                        raise ProtocolError(f"the peer has more than {WINDOW} items on the way")
                    self._held.append(message)
                    return []
                return self._take_item(message)
            case Acknowledge(sequence):
                numbers = self._outbox.acknowledge(sequence)
                return [DeliveredTo(tuple(numbers))] if numbers else []
            case PlayedMessage(sequence):
                number = self._outbox.number_of(sequence)
                return [] if number is None else [PlayedBy(number)]
            case StatusMessage(status):
                if status == self._peer_status:
                    return []
                self._peer_status = status
                return [StatusOf(status)]
            case Alive():
                return []

    def _take_item(self, message: VoicesMessage | UtteranceMessage) -> list[LinkEvent]:
        stream = self._known_peer.stream
        payload = self._inbox.take(stream, message)
        self._acknowledge = True
        if payload is None:
            return []
        self._ready = False
        return [PayloadReceived(message.sequence, stream, payload)]

    def _take_hello(self, hello: Hello) -> list[LinkEvent]:
        listens = self._state is ConnectionState.GREETED
        if listens and not hmac.compare_digest(hello.secret, self._hello.secret):
            return [self.refuse(Reason.DENIED)]
        self._peer = hello.without_secret()
        if not self._compatible(hello):
            return [self.refuse(Reason.VERSION)]
        if listens:
            return [Greeted(self._peer)]
        self._out.append(Acknowledge(self._received()))
        return []

    @property
    def _known_peer(self) -> Hello:
        assert self._peer is not None  # as in every state that follows a hello
        return self._peer

    def _compatible(self, peer: Hello) -> bool:
        return (
            peer.lowest_version <= HIGHEST_VERSION
            and peer.highest_version >= LOWEST_VERSION
            and peer.payload_version >= self._hello.payload_version
            and self._hello.text_coders[0] in peer.text_coders
        )

    def _received(self) -> int:
        return self._inbox.received_up_to(self._known_peer.stream)

    def _end(self, reason: Reason, message: str) -> Ended:
        logger.debug("connection ends: %s (%s)", message, reason.name)
        # A stranger that has not said hello is told nothing.
        self._out = [] if self._state is ConnectionState.LISTENING else [Goodbye(reason)]
        self.close()
        return Ended(reason, message, reason in FATAL)


def _event_of(message: Message) -> ConnectionEvent:
    match message:
        case Hello():
            return ConnectionEvent.HELLO
        case Acknowledge():
            return ConnectionEvent.ACKNOWLEDGE
        case Goodbye():
            return ConnectionEvent.GOODBYE
        case VoicesMessage() | UtteranceMessage() | PlayedMessage() | StatusMessage() | Alive():
            return ConnectionEvent.OTHER

"""Every limit on what a peer, a page or a broken link may use.

The protocol fixes three more: `frames.MAX_BODY`, `messages.MAX_UTTERANCE_BYTES` and `messages.WINDOW`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one end. Tests pass smaller ones."""

    handshake_s: float = 10.0
    """Time limit for the TLS handshake of a caller, and again for its hello; then it is dropped."""
    alive_every_s: float = 5.0
    """After this time without a message, an end sends a sign of life."""
    silence_s: float = 20.0
    """After this time without a message from the peer, the link ends. A stall of 10 s does not end it."""
    tick_s: float = 0.25
    """Interval between two checks of the timeouts."""
    first_back_off_s: float = 0.25
    """The pause before the second attempt to connect; each further pause is twice as long ..."""
    longest_back_off_s: float = 8.0
    """... up to this."""
    connect_s: float = 10.0
    """Time limit for one attempt to connect."""
    linger_s: float = 0.5
    """Time limit to send a goodbye."""

    ungreeted: int = 16
    """Connections that have not shown the secret, including those that are being closed. The oldest is closed to make
    room, so a flood of silent connections does not keep out a caller that says hello at once. One that uses TLS takes
    0.7 MiB (asyncio's buffers are 256 KiB each)."""
    read_bytes: int = 4096
    """Bytes read from a connection at a time."""
    write_buffer_bytes: int = 16 << 10
    """Bytes that may wait for a peer to read them; a link with more makes no new messages."""

    return_s: float = 60.0
    """Time for a peer whose link was lost to come back, for a listener that is to leave with its first peer."""
    untaken_s: float = 300.0
    """Time limit for a peer to take some of a recording that was said to it. Three utterances of `utterance_s` may be
    playing and waiting at an honest peer."""

    queued: int = 256
    """Utterances of ours that wait for the link: a quarter of an hour of talk."""
    queued_bytes: int = 64 << 10
    """Bytes of their payloads, without the voices."""
    streams: int = 16
    """Peers whose position in their stream is remembered."""

    device_retry_s: float = 2.0
    """Interval between two searches for a missing microphone."""
    microphone_s: float = 60.0
    """Sound that waits for the recognizer. Beyond this some is lost, and the user is told."""
    unplayed: int = 256
    """Utterances of ours that the peer has not played and whose end times are remembered, to measure the latency."""

    waiting: int = 64
    """Utterances of a peer that wait to be played. Beyond this no more are taken from the peer."""
    waiting_s: float = 60.0
    """The same in seconds of speech, estimated from the text."""
    utterance_s: float = 60.0
    """Sound of one utterance; the rest is cut off, and the user is told."""
    pieces: int = 10_000
    """Pieces of sound that an engine may return for one utterance, so that an endless series of empty ones ends."""
    soundless_s: float = 0.25
    """The pause after an utterance of a peer that has no sound, so that a flood of these cannot flood the user."""
    status_every_s: float = 0.25
    """Shortest interval between two statuses of a peer that are passed on. The latest counts."""

    page_ahead_s: float = 2.0
    """Seconds of sound that are sent to a page ahead of time."""
    page_piece_s: float = 0.5
    """Sound in one message to a page."""
    page_sound_bytes: int = 1 << 20
    """Bytes of sound that wait for a page to read them. Beyond this the loudspeaker waits."""
    page_reports: int = 256
    """Reports that wait for a page to read them. Beyond this the oldest are left out, and the page is told."""
    lines: int = 1000
    """Lines that wait for the reader of standard output. Beyond this some are left out and counted."""


LIMITS = Limits()

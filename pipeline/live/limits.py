"""Every limit of a live conversation, in one place: what a peer, a page or a dead line can cost us.

What the protocol itself fixes stands with it: `frames.MAX_BODY`, `messages.MAX_UTTERANCE_BYTES` and `messages.WINDOW`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of everything there may be. Tests pass smaller ones."""

    handshake_s: float = 10.0
    """A peer that has not finished TLS by then, or not said hello in as long again, is none."""
    alive_every_s: float = 5.0
    """An end that has sent nothing for so long sends a sign of life."""
    silence_s: float = 20.0
    """A peer that is silent for so long is gone. A link that stalls for 10 s is not."""
    tick_s: float = 0.25
    """How often a link is told the time."""
    first_back_off_s: float = 0.25
    """The pause before the second attempt to connect; each further pause is twice as long ..."""
    longest_back_off_s: float = 8.0
    """... up to this."""
    connect_s: float = 10.0
    """One attempt to connect."""
    linger_s: float = 0.5
    """How long a goodbye may take to go out."""

    ungreeted: int = 16
    """Connections that have not shown the secret, those that are just being closed included. The oldest is closed to
    make room, so that a flood of silent connections does not keep out somebody who greets at once. One inside of TLS
    takes 0.7 MiB (asyncio's buffers are 256 KiB each)."""
    read_bytes: int = 4096
    """Taken from a connection at a time."""
    write_buffer_bytes: int = 16 << 10
    """A link makes nothing more while so much waits for a peer to read."""

    queued: int = 256
    """Utterances of ours that wait for the link: a quarter of an hour of talk."""
    queued_bytes: int = 64 << 10
    """Their payloads, less the voices."""
    streams: int = 16
    """Peers whose place in their stream is remembered."""

    device_retry_s: float = 2.0
    """How often a missing microphone is looked for."""
    microphone_s: float = 60.0
    """Sound that waits for the recognizer; beyond it some is lost, and the user is told."""
    unplayed: int = 256
    """Utterances of ours of which we remember when they ended, until the peer plays them."""

    waiting: int = 64
    """Utterances of a peer that wait to be played. Beyond it nothing more is taken from the peer."""
    waiting_s: float = 60.0
    """The same in seconds of speech, estimated from the text."""
    utterance_s: float = 60.0
    """Sound of one utterance; the rest is cut off, and the user is told."""
    pieces: int = 10_000
    """Pieces of sound that an engine may return for one utterance: an endless row of empty ones ends."""
    soundless_s: float = 0.25
    """The rest after an utterance of a peer without a sound in it: a flood of these cannot flood the user."""
    status_every_s: float = 0.25
    """How often a peer's status is passed on, at most; the latest counts."""

    page_ahead_s: float = 2.0
    """Sound that a page is sent before its time has come to be played."""
    page_piece_s: float = 0.5
    """Sound in one message to a page."""
    page_sound_bytes: int = 1 << 20
    """Sound that waits for a page to read. Beyond it the loudspeaker waits."""
    page_reports: int = 256
    """Reports that wait for a page to read. Beyond it the oldest are left out, and the page is told."""
    lines: int = 1000
    """Lines that wait for whoever reads standard output. Beyond it some are left out, which is told later."""


LIMITS = Limits()

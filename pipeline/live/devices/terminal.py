"""A conversation in the terminal: a line for each utterance, and one live line below them.

you   Is anybody there?                       (41 B, 0.21 s)
peer  Yes, I am here.                         (38 B)
● connected  talking  ▂▄▆▄ "I wanted to ask if"  sent 171 B  latency 0.21 s   Enter stops
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ...console.display import printable_json
from ...console.streams import print_error
from ..reports import (
    Delivered,
    Heard,
    Level,
    Lost,
    Notice,
    Observer,
    Pairing,
    PartialTranscript,
    PeerStatus,
    Played,
    Report,
    Review,
    Reviewed,
    Said,
    Traffic,
    to_json,
)
from ..wire.messages import Status
from ..wire.state import LinkState

BARS = " ▁▂▃▄▅▆▇█"
QUIETEST_DB = -60.0
"""Level of the lowest bar. The highest is full scale."""
PARTIAL_WIDTH = 40
REFRESH_PER_S = 10


def json_line(report: Report) -> str:
    """Return a report as one line of JSON."""
    return printable_json(to_json(report))


class TerminalView:
    """Show reports to a person: lines on standard output, the live line on standard error."""

    def __init__(self, hint: Callable[[], str], write: Callable[[str], None]) -> None:
        """Begin.

        Args:
            hint: returns the effect of a key press at this moment.
            write: takes a line for standard output, if that is no terminal.
        """
        self._hint = hint
        self._write = write
        self._error = Console(stderr=True, highlight=False)
        self._state = LinkState("connecting")
        self._level = Level(QUIETEST_DB, talking=False)
        self._partial = ""
        self._peer = Status.NOTHING
        self._traffic = Traffic(0, 0, 0.0, 0.0)
        self._latency_s: float | None = None
        self._said: dict[int, Said] = {}
        self._reviewed: dict[int, str] = {}
        self._live = Live(
            console=self._error, refresh_per_second=REFRESH_PER_S, transient=True, get_renderable=self._line
        )

    def __enter__(self) -> Observer:
        """Begin to show; return the observer."""
        if self._error.is_terminal:
            self._live.start()
        return self._take

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the live line."""
        self._live.stop()

    def _take(self, report: Report) -> None:
        match report:
            case LinkState():
                if report.phase != self._state.phase or not self._error.is_terminal:
                    detail = f": {report.detail}" if report.detail else ""
                    queued = f", {report.queued} waiting" if report.queued else ""
                    self._print(f"{report.phase}{detail}{queued}", to_stderr=True)
                self._state = report
            case Level():
                self._level = report
            case PartialTranscript(text):
                self._partial = text
            case Review(number, text):
                self._partial = ""
                self._reviewed[number] = text
                self._print(reviewed_line(report), to_stderr=True)
            case Reviewed(number, dropped):
                text = self._reviewed.pop(number, "")
                if dropped:
                    self._print(f"      dropped: {text}", to_stderr=True)
            case Said(number, text, payload_bytes):
                self._partial = ""
                waiting = ", waits for the link" if report.queued else ""
                self._said[number] = report
                self._print(f"you   {text}  ({payload_bytes} B{waiting})")
            case Delivered(number):
                said = self._said.pop(number, None)
                if said and said.queued:
                    self._print(f"      delivered: {said.text}", to_stderr=True)
            case Played(_, latency_s):
                self._latency_s = latency_s
            case Heard(_, text, payload_bytes):
                self._print(f"peer  {text}  ({payload_bytes} B)")
            case Traffic():
                self._traffic = report
            case PeerStatus(status):
                self._peer = status
                self._print_peer(status)
            case Notice(text) | Lost(_, text):
                self._print(f"      {text}", to_stderr=True)
            case Pairing():
                for line in how_to_pair(report):
                    self._print(line, to_stderr=True)
            case _:
                pass

    def _print_peer(self, status: Status) -> None:
        if status & Status.NO_MICROPHONE:
            self._print("      the peer has no microphone just now", to_stderr=True)
        if status & Status.NO_LOUDSPEAKER:
            self._print("      the peer has no loudspeaker just now: only the text arrives", to_stderr=True)
        if status & Status.UNSPOKEN:
            self._print("      the peer could not speak something that you said", to_stderr=True)

    def _print(self, line: str | Text, to_stderr: bool = False) -> None:
        if self._live.is_started and (to_stderr or sys.stdout.isatty()):
            self._live.console.print(Text(line) if isinstance(line, str) else line)  # above the live line
        elif to_stderr:
            print_error(str(line))
        else:
            self._write(str(line))

    def _line(self) -> Text:
        """Return the live line."""
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append("● ", "green" if self._state.phase == "connected" else "yellow")
        line.append(self._state.phase)
        if self._state.queued:
            line.append(f", {self._state.queued} waiting", "yellow")
        if self._peer & Status.TALKING:
            line.append("  the peer talks", "cyan")
        if self._level.talking:
            line.append(f"  {level_bar(self._level.level_db)}", "red")
        if self._partial:
            line.append(f"  {self._partial[-PARTIAL_WIDTH:]}", "italic")
        line.append(f"  sent {self._traffic.sent_bytes} B")
        if self._latency_s is not None:
            line.append(f"  latency {self._latency_s:.2f} s")
        line.append(f"  {self._hint()}", "dim")
        return line


def reviewed_line(review: Review) -> Text:
    """Return an utterance under review, its unsure words in red; all of it if it is unsure and no word is.

    Example:
        >>> str(reviewed_line(Review(1, "I drive a four fusion.", 2.0, unsure=True, unsure_words=(3, 4))))
        '?     I drive a *four* *fusion.*  (unsure, sent in 2 s)'
    """
    words = review.text.split()
    doubted = set(review.unsure_words) if review.unsure_words or not review.unsure else set(range(len(words)))
    line = Text("?    ")
    for index, word in enumerate(words):
        line.append(" ")
        line.append(f"*{word}*" if index in review.unsure_words else word, "red" if index in doubted else "")
    sure = "unsure, " if review.unsure else ""
    return line.append(f"  ({sure}sent in {review.seconds:g} s)")


def how_to_pair(pairing: Pairing) -> list[str]:
    """Return instructions for the other end, in lines."""
    if pairing.path:
        return [
            f"The pairing line is in {pairing.path}, a password for this conversation.",
            "The other end takes, with a copy of it: speechzip talk --pairing-file FILE",
        ]
    if pairing.secret:
        return ["The other end runs `speechzip talk -` and is given this line, a password:", pairing.line]
    return [f"The other end takes: speechzip talk '{pairing.line}'"]


def level_bar(level_db: float) -> str:
    """Return a character for a level: a space at `QUIETEST_DB` and below, a full block at 0 dB."""
    share = (level_db - QUIETEST_DB) / -QUIETEST_DB
    return BARS[round(min(max(share, 0.0), 1.0) * (len(BARS) - 1))]

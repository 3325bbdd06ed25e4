"""Fewer reports: of statuses only the latest counts, and messages are not repeated at once."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable

from ..reports import Lost, Notice, Observer, PeerStatus, Report
from ..wire.state import LinkState


class Merging:
    """An observer that passes reports on, but similar ones only once within `every_s`.

    A status of the peer or of the link is passed on at once. Of those that follow within `every_s` only the latest is
    passed on, when the time is over. Messages with the same words are treated alike. So a peer that floods us with
    statuses or damaged payloads floods neither the screen, nor the page, nor the reader of the JSON.
    """

    def __init__(self, observe: Observer, every_s: float) -> None:
        self._observe = observe
        self._every_s = every_s
        self._timers: dict[Hashable, asyncio.TimerHandle] = {}
        self._latest: dict[Hashable, Report] = {}

    def __call__(self, report: Report) -> None:
        """Take in a report, in the event loop's thread."""
        if not isinstance(report, PeerStatus | LinkState | Notice | Lost):
            self._observe(report)
            return
        kind: Hashable = report if isinstance(report, Notice | Lost) else type(report).__name__
        if kind in self._timers:
            self._latest[kind] = report
            return
        self._timers[kind] = asyncio.get_running_loop().call_later(self._every_s, self._due, kind)
        self._observe(report)

    def flush(self) -> None:
        """Pass on the reports that wait."""
        for kind in list(self._timers):
            self._timers.pop(kind).cancel()
            if kind in self._latest:
                self._observe(self._latest.pop(kind))

    def _due(self, kind: Hashable) -> None:
        del self._timers[kind]
        if kind in self._latest:
            self(self._latest.pop(kind))

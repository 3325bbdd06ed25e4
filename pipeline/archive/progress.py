"""One progress bar for many recordings: how many are done, how fast, and the time left."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager


class Bar:
    """A progress bar on a terminal; elsewhere it shows nothing."""

    def __init__(self) -> None:
        self.expect = _ignore_count
        """Call it with the number of recordings, before the first one."""
        self.advance = _ignore_length
        """Call it with the length of each finished recording, in seconds."""


@contextmanager
def bar(quiet: bool) -> Generator[Bar]:
    """Show a progress bar on standard error, unless that is not a terminal or `quiet`."""
    shown = Bar()
    if quiet or not sys.stderr.isatty():
        yield shown
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("archiving"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True, compact=True),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("archiving", total=None, rate="looking for recordings")
        heard_s = 0.0

        def expect(count: int) -> None:
            progress.update(task, total=count, rate="")

        def advance(duration_s: float) -> None:
            nonlocal heard_s
            heard_s += duration_s
            elapsed = progress.tasks[0].elapsed or 1e-3
            done = progress.tasks[0].completed + 1
            rate = f"{done / elapsed:.1f}/s, {heard_s / elapsed:.0f} times real time"
            progress.update(task, advance=1, rate=rate)

        shown.expect, shown.advance = expect, advance
        yield shown


def _ignore_count(count: int) -> None:
    """Show nothing."""


def _ignore_length(duration_s: float) -> None:
    """Show nothing."""

"""A progress bar on a terminal, for every command that takes long."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..protocols import Progress


@contextmanager
def progress_bar(verb: str, *, counted: bool = False) -> Generator[Progress | None]:
    """Show a bar on standard error and yield the function that moves it; yield None without a terminal.

    Args:
        verb: text before the bar, such as "compressing".
        counted: whether to show the numbers after the bar; otherwise it shows a percentage.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    share = MofNCompleteColumn() if counted else TextColumn("{task.percentage:3.0f} %")
    columns = (TextColumn(verb), BarColumn(), share, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(verb, total=None)

        def advance(done: float, total: float) -> None:
            bar.update(task, completed=done, total=total)

        yield advance

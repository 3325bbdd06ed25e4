"""Where the command begins: Ctrl-C ends it without a word while its modules are still being imported."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line; see `cli.main`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it was started with Ctrl-C ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing has begun that would have to be undone
    from .cli import main as run

    run()

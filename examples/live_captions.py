"""Answer a call and print what the peer says, as captions: `python live_captions.py [PORT]`.

The peer runs `speechzip talk 127.0.0.1:7310`, and the program ends when it hangs up.
"""

from __future__ import annotations

import asyncio

# --8<-- [start:example]
import sys

from speechzip.pipeline import live


def show(report: live.Report) -> None:
    """Print an utterance of the peer, or a message for the user."""
    if isinstance(report, live.Heard):
        print(f"peer: {report.text}", flush=True)
    elif isinstance(report, live.Notice):
        print(report.text, file=sys.stderr, flush=True)


async def answer(port: int) -> None:
    """Answer one call on this machine, until the caller leaves."""
    listener = live.wait_for_calls("127.0.0.1", port, secure=False)
    await live.run_session(live.LiveEngines.load(), listener, live.SessionOptions(once=True), show)


# --8<-- [end:example]
if __name__ == "__main__":
    asyncio.run(answer(int(sys.argv[1]) if len(sys.argv) > 1 else 7310))

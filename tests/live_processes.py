"""Real `speechzip listen` and `speechzip talk` processes for tests."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from speechzip.pipeline.live.bench.loopback import SPEECHZIP

TIMEOUT_S = 90.0
"""A busy machine loads the engines in half a minute."""

Json = dict[str, Any]


class LiveProcess:
    """A process that reports with ``--json``."""

    def __init__(self, arguments: tuple[str, ...], stdin: str | None, env: dict[str, str] | None) -> None:
        self.reports: list[Json] = []
        """Its reports so far; the list grows."""
        self.errors = ""
        """Its standard error, after its end."""
        self.process = subprocess.Popen(
            [*SPEECHZIP, *arguments, "--json"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env,
        )  # fmt: skip
        if stdin is not None:
            assert self.process.stdin is not None
            self.process.stdin.write(stdin)
            self.process.stdin.flush()
        self._readers = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self.reports.append(json.loads(line))

    def _read_errors(self) -> None:
        self.errors = self.process.stderr.read() if self.process.stderr else ""

    def wait_for(self, kind: str, fits: Callable[[Json], bool] = lambda report: True) -> Json:
        """Return the first report of a kind that matches; fail if none comes."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while True:
            for report in list(self.reports):
                if report["report"] == kind and fits(report):
                    return report
            assert self.process.poll() is None, f"it has ended: {self.reports} {self.errors}"
            assert time.monotonic() < deadline_s, f"no {kind} in {self.reports}"
            time.sleep(0.02)

    @property
    def port(self) -> int:
        """Address of a listener on loopback."""
        return int(self.wait_for("Pairing")["line"].partition("#")[0].rpartition(":")[2])

    @property
    def arguments(self) -> str:
        """Its command line, which every user of the machine can read."""
        return Path(f"/proc/{self.process.pid}/cmdline").read_text("utf-8")

    @property
    def peak_mb(self) -> float:
        """Its peak memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def interrupt(self) -> None:
        """Press Ctrl-C; fail if it does not exit cleanly."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(TIMEOUT_S) == 0
        for reader in self._readers:
            reader.join()


@contextmanager
def live_process(
    *arguments: str, stdin: str | None = None, env: dict[str, str] | None = None
) -> Generator[LiveProcess]:
    """Run a command, and end it in any case."""
    running = LiveProcess(arguments, stdin, env)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()

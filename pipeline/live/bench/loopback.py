"""Both ends on this machine, each a process of its own: for the demonstration and the benchmark."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import LiveError
from ..defaults import PAIRING_VARIABLE

SPEECHZIP = (sys.executable, "-c", "from speechzip.pipeline.cli import main; main()")
TIMEOUT_S = 300.0
"""Time limit for each end; see `Limits.untaken_s`, too."""
ABORT_S = 10.0
"""Time for the stacks of a process that is aborted."""
LAST_REPORTS = 12
"""Reports of each end that the error shows if a run does not end."""


@dataclass(frozen=True, slots=True)
class SaidAndHeard:
    """One utterance, seen from both ends. Times are monotonic; processes share that clock."""

    text: str
    payload_bytes: int
    duration_s: float
    ended_at_s: float
    """When its speech ended."""
    said_at_s: float
    """When it was sent."""
    heard_at_s: float
    """When the other end had the text."""
    playing_at_s: float
    """When the other end's loudspeaker got its first sample."""

    @property
    def latency_s(self) -> float:
        """From the end of speech to the first sample at the peer."""
        return self.playing_at_s - self.ended_at_s


@dataclass(frozen=True, slots=True)
class LoopbackRun:
    """One recording, sent by one process and heard by another."""

    utterances: tuple[SaidAndHeard, ...]
    sent_bytes: int
    """Bytes of all frames to the listener, without TCP."""
    spoken_s: float


class _End:
    """One end: a process whose reports a thread reads, so that it never waits for a reader."""

    def __init__(self, name: str, *arguments: str, pairing_line: str = "") -> None:
        self.reports: list[dict[str, Any]] = []
        """What it has reported so far; grows."""
        self.is_paired = threading.Event()
        """Set when the last report is its address, or when it has ended."""
        self._name = name
        # faulthandler prints the stacks of all threads if the process has to be aborted.
        env = {**os.environ, "PYTHONFAULTHANDLER": "1", PAIRING_VARIABLE: pairing_line}
        self._process = subprocess.Popen(
            [*SPEECHZIP, *arguments, "--json", "--force"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def wait(self) -> None:
        """Wait until it has ended.

        Raises:
            LiveError: it has failed, or does not end.
        """
        try:
            status = self._process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            self._process.send_signal(signal.SIGABRT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(ABORT_S)
            raise LiveError(f"the {self._name} end did not end within {TIMEOUT_S:.0f} s") from error
        if status != 0:
            raise LiveError(f"the {self._name} end failed with exit status {status}")
        self._reader.join()

    def kill(self) -> None:
        """End it, unless it has ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()

    def last_reports(self) -> str:
        """Return its last reports without levels, for people."""
        told = [json.dumps(report) for report in self.reports if report["report"] != "Level"]
        return "\n".join([f"the {self._name} end reported last:", *told[-LAST_REPORTS:]])

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.reports.append(json.loads(line))
            if self.reports[-1]["report"] == "Pairing":
                self.is_paired.set()
        self.is_paired.set()


def talk_and_listen(recording: Path, folder: Path, *more: str) -> LoopbackRun:
    """Send `recording` from one process to another, over TCP on loopback.

    Args:
        recording: is sent in real time.
        folder: receives the speech.
        more: options of the listener.

    Raises:
        LiveError: an end fails or does not end. The error has the last reports of both.
    """
    ends = [_End("listening", "listen", "--port", "0", "--once", "--output", str(folder), *more)]
    try:
        ends[0].is_paired.wait(TIMEOUT_S)
        lines = [report["line"] for report in ends[0].reports if report["report"] == "Pairing"]
        if not lines:
            raise LiveError("the listening end did not start")
        arguments = ("talk", "--input", str(recording), "--output", str(folder / "answer"))
        ends.append(_End("talking", *arguments, pairing_line=lines[0]))
        for end in reversed(ends):
            end.wait()
    except LiveError as error:
        raise LiveError("\n".join([str(error), *(end.last_reports() for end in ends)])) from error
    finally:
        for end in ends:
            end.kill()
    listening, talking = ends
    return _match(talking.reports, listening.reports)


def _match(talker: list[dict[str, Any]], listener: list[dict[str, Any]]) -> LoopbackRun:
    heard = {report["number"]: report for report in listener if report["report"] == "Heard"}
    playing = {report["number"]: report for report in listener if report["report"] == "Playing"}
    said = [report for report in talker if report["report"] == "Said"]
    if len(said) != len(heard) or set(heard) != set(playing):
        raise LiveError(f"{len(said)} utterances were said, {len(heard)} heard and {len(playing)} played")
    utterances = tuple(
        SaidAndHeard(
            text=heard[number]["text"],
            payload_bytes=report["payload_bytes"],
            duration_s=report["duration_s"],
            ended_at_s=report["ended_at_s"],
            said_at_s=report["at_s"],
            heard_at_s=heard[number]["at_s"],
            playing_at_s=playing[number]["at_s"],
        )
        for number, report in enumerate(said, start=1)
    )
    traffic = [report for report in talker if report["report"] == "Traffic"]
    return LoopbackRun(
        utterances, traffic[-1]["sent_bytes"] if traffic else 0, sum(each.duration_s for each in utterances)
    )

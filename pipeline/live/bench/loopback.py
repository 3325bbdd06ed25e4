"""Both ends on this machine, each a process of its own: for the demonstration and the benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import LiveError
from ..defaults import PAIRING_VARIABLE

SPEECHZIP = (sys.executable, "-c", "from speechzip.pipeline.cli import main; main()")
TIMEOUT_S = 300.0


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


def talk_and_listen(recording: Path, folder: Path, *more: str) -> LoopbackRun:
    """Send `recording` from one process to another, over TCP on loopback.

    Args:
        recording: is sent in real time.
        folder: receives the speech.
        more: options of the listener.

    Raises:
        LiveError: an end fails.
    """
    listen = [*SPEECHZIP, "listen", "--port", "0", "--once", "--json", "--force", *more]
    listener = subprocess.Popen(
        [*listen, "--output", str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        assert listener.stdout is not None
        reports: list[dict[str, Any]] = []
        while not reports or reports[-1]["report"] != "Pairing":
            if not (line := listener.stdout.readline()):
                raise LiveError("the listening end did not start")
            reports.append(json.loads(line))
        talk = [*SPEECHZIP, "talk", "--json", "--force", "--input", str(recording)]
        done = subprocess.run(
            [*talk, "--output", str(folder / "answer")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, PAIRING_VARIABLE: reports[-1]["line"]},
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise LiveError(f"the talking end failed with exit status {done.returncode}")
        rest, _ = listener.communicate(timeout=TIMEOUT_S)
    finally:
        listener.kill()
        listener.communicate()
    return _match([json.loads(line) for line in done.stdout.splitlines()], [json.loads(x) for x in rest.splitlines()])


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

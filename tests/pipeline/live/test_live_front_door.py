"""A conversation inside another program, by the public names of `speechzip.pipeline.live` only."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import textwrap
from threading import Thread
from unittest.mock import ANY

import pytest
from fakes import FakeRecognizer, FakeSynthesizer, FakeVoiceEncoder, bursts, loud
from live_ends import run, until
from speechzip.pipeline import Samples, live


class Memory:
    """A loudspeaker that records its sound."""

    def __init__(self) -> None:
        self.samples = 0

    async def play(self, heard: live.Heard, samples: Samples, sample_rate: int) -> None:
        self.samples += len(samples)

    async def finish(self, heard: live.Heard) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def close(self) -> None:
        pass


def engines(*script: str) -> live.LiveEngines:
    return live.LiveEngines(FakeRecognizer(list(script)), FakeVoiceEncoder(), FakeSynthesizer(), lambda: loud)


def test_every_exported_name_is_there() -> None:
    assert {"Conversation", "run_session", "dial", "wait_for_calls", "LiveEngines", "Report"} <= set(live.__all__)
    for name in live.__all__:
        assert hasattr(live, name)


def test_the_front_door_loads_nothing_by_itself() -> None:
    code = "import sys, speechzip.pipeline.live; print(sorted({'numpy', 'asyncio', 'rich'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_programs_read_the_names_that_reports_had() -> None:
    assert live.to_json(live.PartialTranscript("Hel")) == {"report": "Guess", "at_s": ANY, "text": "Hel"}
    assert live.to_json(live.Played(1, 0.25)) == {"report": "Played", "at_s": ANY, "number": 1, "delay_s": 0.25}


def test_two_programs_talk() -> None:
    async def talk() -> None:
        told: list[live.Report] = []
        answers: list[live.Report] = []
        loudspeaker = Memory()
        wait = live.wait_for_calls("127.0.0.1", 0, secure=False)
        options = live.SessionOptions(once=True)
        listening = asyncio.ensure_future(
            live.run_session(engines(), wait, options, told.append, loudspeaker=loudspeaker)
        )
        await until(lambda: any(isinstance(report, live.Pairing) for report in told))
        (pairing,) = (report for report in told if isinstance(report, live.Pairing))

        async def front_end(session: live.Session) -> None:
            await until(lambda: any(isinstance(one, live.LinkState) and one.phase == "connected" for one in answers))
            session.conversation.press()
            sound = bursts((0.2, 1.7), duration_s=2.0).samples
            for start in range(0, len(sound), 800):
                session.conversation.hear(sound[start : start + 800])
                await asyncio.sleep(0)
            session.conversation.release()
            await until(lambda: any(isinstance(report, live.Played) for report in answers))
            session.done.set()

        address = live.parse_address(pairing.line)
        await live.run_session(
            engines("Hello over there."), live.dial(address), live.SessionOptions(), answers.append, front_end, Memory()
        )
        await listening
        assert [report.text for report in told if isinstance(report, live.Heard)] == ["Hello over there."]
        assert loudspeaker.samples > 0

    run(talk)


def test_the_example_of_the_docstring(monkeypatch: pytest.MonkeyPatch) -> None:
    """One program is the example itself; the other one calls it, hears what it says, and leaves."""
    (example,) = re.findall(
        r"^    import asyncio$.*?^    asyncio\.run.*?$", live.__doc__ or "", re.DOTALL | re.MULTILINE
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    code = textwrap.dedent(example).replace("7310", str(port))
    sound = bursts((0.2, 1.7), duration_s=2.0).samples
    reports: list[live.Report] = []
    scope = {"microphone": [sound[start : start + 800] for start in range(0, len(sound), 800)], "print": reports.append}
    monkeypatch.setattr(live.LiveEngines, "load", lambda: engines("I am a program."))
    program = Thread(target=lambda: exec(compile(code, "live/__init__.py", "exec"), scope))
    program.start()

    async def call() -> None:
        told: list[live.Report] = []

        async def front_end(session: live.Session) -> None:
            await until(lambda: any(isinstance(report, live.Heard) for report in told))
            session.done.set()

        address = live.parse_address(f"127.0.0.1:{port}")
        connect, options = live.dial(address), live.SessionOptions()
        await live.run_session(engines(), connect, options, told.append, front_end, Memory())
        assert [report.text for report in told if isinstance(report, live.Heard)] == ["I am a program."]

    asyncio.run(call())
    program.join(timeout=30)
    assert not program.is_alive()
    assert [report.text for report in reports if isinstance(report, live.Said)] == ["I am a program."]

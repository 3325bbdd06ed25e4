"""Output that nobody reads, and threads that do not return."""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import replace

from live_ends import run, until
from speechzip.pipeline.live.devices.lines import LineWriter
from speechzip.pipeline.live.limits import LIMITS
from speechzip.pipeline.live.reports import Notice, PeerStatus, Report
from speechzip.pipeline.live.session.merging import Merging
from speechzip.pipeline.live.wire.messages import Status
from speechzip.pipeline.live.workers import Worker


def test_lines_come_out_whole_and_in_order() -> None:
    ours, theirs = os.pipe()
    writer = LineWriter(theirs)
    for number in range(100):
        writer.put(f"line {number}")
    assert writer.close() == 0
    os.close(theirs)
    with os.fdopen(ours) as file:
        assert file.read().splitlines() == [f"line {number}" for number in range(100)]


def test_a_reader_that_does_not_read_holds_nobody_up() -> None:
    ours, theirs = os.pipe()
    writer = LineWriter(theirs, replace(LIMITS, lines=10))
    for _ in range(1000):
        writer.put("x" * 10_000)
    assert writer.close() > 900
    os.close(ours)  # the thread gets out of its write
    writer._thread.join(30)  # pyright: ignore[reportPrivateUsage]
    assert writer.is_broken
    os.close(theirs)


def test_a_reader_that_goes_is_noticed_at_once_and_whoever_waited_may_stop_waiting_before() -> None:
    async def test() -> None:
        ours, theirs = os.pipe()
        writer = LineWriter(theirs)
        impatient = asyncio.ensure_future(writer.until_broken())
        patient = asyncio.ensure_future(writer.until_broken())
        writer.put("a line that is read")
        await asyncio.sleep(0.01)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        assert not patient.done()
        os.close(ours)
        writer.put("a line that is not")
        await asyncio.wait_for(patient, 30)
        assert writer.is_broken
        writer.close()
        os.close(theirs)

    run(test)


def test_a_worker_is_left_behind_in_a_call_that_never_ends() -> None:
    entered, leave = threading.Event(), threading.Event()

    def stuck() -> None:
        entered.set()
        leave.wait()

    async def test() -> None:
        with Worker("speechzip-test") as worker:
            first = asyncio.ensure_future(worker.run(stuck))
            second = asyncio.ensure_future(worker.run(leave.set))
            await until(entered.is_set)
            for task in (first, second):
                task.cancel()
            await asyncio.gather(first, second, return_exceptions=True)
        assert not leave.is_set()  # the second call was not begun
        leave.set()
        await until(lambda: not any(thread.name == "speechzip-test" for thread in threading.enumerate()))

    run(test)


def test_of_many_statuses_the_latest_counts_and_the_same_words_are_said_once() -> None:
    async def test() -> None:
        told: list[Report] = []
        merging = Merging(told.append, 1e6)
        for index in range(100):
            merging(PeerStatus(Status(index % 8)))
            merging(Notice("again"))
        assert told == [PeerStatus(Status.NOTHING), Notice("again")]
        merging.flush()
        assert told[2:] == [PeerStatus(Status(99 % 8)), Notice("again")]

    run(test)

from __future__ import annotations

import os
from concurrent.futures import Future
from multiprocessing import get_context
from threading import Event
from time import sleep

import pytest
from speechzip.pipeline.system.pools import beside, pool


def test_all_work_is_done_at_the_end_of_the_block() -> None:
    with pool(2, "test") as threads:
        lengths = [threads.submit(len, "x" * number) for number in range(5)]
    assert [each.result() for each in lengths] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_waits_is_dropped_if_the_block_fails(kind: type[BaseException]) -> None:
    begun, go_on = Event(), Event()
    done: list[str] = []
    waiting: list[Future[None]] = []

    def first() -> None:
        begun.set()
        assert go_on.wait(10)
        done.append("first")

    def interrupted() -> None:
        with pool(1, "test") as threads:
            threads.submit(first)
            waiting.extend(threads.submit(done.append, "later") for _ in range(3))
            assert begun.wait(10)
            waiting[0].add_done_callback(lambda _: go_on.set())  # called when it is dropped
            raise kind

    with pytest.raises(kind):
        interrupted()
    assert done == ["first"]
    assert all(each.cancelled() for each in waiting)


def test_work_beside_begins_at_once_and_its_errors_are_told_when_it_is_needed() -> None:
    begun, go_on = Event(), Event()

    def work() -> str:
        begun.set()
        assert go_on.wait(10)
        return "done"

    loading = beside(work, "test")
    assert begun.wait(10)
    assert not loading.done()
    go_on.set()
    assert loading.result(10) == "done"
    with pytest.raises(ZeroDivisionError):
        beside(lambda: 1 // 0, "test").result(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_what_was_begun_before() -> None:
    begun = Event()

    def work() -> str:
        begun.set()
        sleep(0.3)
        return "done"

    loading = beside(work, "test")
    assert begun.wait(10)
    context = get_context("fork")
    found = context.SimpleQueue()
    child = context.Process(target=lambda: found.put(loading.result(5)))
    child.start()
    child.join(10)
    assert child.exitcode == 0
    assert found.get() == "done"

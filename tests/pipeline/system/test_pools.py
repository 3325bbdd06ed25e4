from __future__ import annotations

from concurrent.futures import Future
from threading import Event

import pytest
from speechzip.pipeline.system.pools import pool


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

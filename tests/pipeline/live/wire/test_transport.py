"""Two ends on loopback, with a faulty proxy between them."""

from __future__ import annotations

import asyncio
import resource
import socket
import threading
import time
from dataclasses import replace

import pytest
from faulty_proxy import faulty_proxy
from live_ends import Person, calling_person, hello, listening_person, run, running, until
from speechzip.pipeline import LinkError
from speechzip.pipeline.live.limits import LIMITS
from speechzip.pipeline.live.wire.frames import encode_frame
from speechzip.pipeline.live.wire.messages import Acknowledge, Alive, Goodbye, Reason, encode_message

TEXTS = [f"utterance {index}" for index in range(40)]


async def both_talk(anna: Person, ben: Person, texts: list[str] = TEXTS, pause_s: float = 0.01) -> None:
    for text in texts:
        anna.say(f"anna: {text}")
        ben.say(f"ben: {text}")
        await asyncio.sleep(pause_s)


async def until_all_heard(anna: Person, ben: Person, texts: list[str] = TEXTS) -> None:
    """Wait until everything has arrived once, in order, and is acknowledged."""
    await until(lambda: len(anna.heard) >= len(texts) and len(ben.heard) >= len(texts))
    await until(lambda: anna.delivered == ben.delivered == len(texts))
    assert ben.heard == [f"anna: {text}" for text in texts]
    assert anna.heard == [f"ben: {text}" for text in texts]


def test_both_talk_at_once() -> None:
    async def test() -> None:
        ben, port = listening_person()
        anna = calling_person(port)
        async with running(ben, anna):
            await both_talk(anna, ben)
            await until_all_heard(anna, ben)
            assert anna.endpoint.peer is not None
            sent, received = anna.endpoint.traffic
            assert ben.endpoint.traffic == (received, sent)
            await anna.endpoint.close()
            await until(lambda: ben.phase == "waiting")
        assert [state.phase for state in anna.states] == ["connecting", "connected", "closed"]
        assert [state.phase for state in ben.states] == ["waiting", "connected", "waiting"]
        assert ben.states[-1].detail == "the peer has left"

    run(test)


def test_what_is_said_before_anybody_is_there_waits() -> None:
    async def test() -> None:
        ben, port = listening_person()
        anna = calling_person(port)
        anna.say("anna: 1")
        ben.say("ben: 1")
        async with running(anna):
            await until(lambda: anna.phase == "connecting")
            async with running(ben):
                await until_all_heard(anna, ben, ["1"])

    run(test)


@pytest.mark.parametrize("cut_after", [60, 100, 333])
def test_the_link_breaks_again_and_again_in_the_middle_of_frames(cut_after: int) -> None:

    limits = replace(LIMITS, first_back_off_s=0.01)

    async def test() -> None:
        ben, port = listening_person(limits=limits)
        async with faulty_proxy(port) as proxy:
            anna = calling_person(proxy.port, limits=limits)
            proxy.cut_after = cut_after
            async with running(ben, anna):
                await both_talk(anna, ben)
                await until(lambda: proxy.connections >= 4)
                proxy.cut_after = None
                await until_all_heard(anna, ben)
        assert any(state.phase == "reconnecting" or "again in" in state.detail for state in anna.states)

    run(test)


def test_damaged_bytes_cost_a_reconnection_and_no_word() -> None:

    limits = replace(LIMITS, first_back_off_s=0.01, silence_s=0.4, alive_every_s=0.1, tick_s=0.05)

    async def test() -> None:
        ben, port = listening_person(limits=limits)
        async with faulty_proxy(port) as proxy:
            anna = calling_person(proxy.port, limits=limits)
            proxy.damage_share = 0.05
            async with running(ben, anna):
                await both_talk(anna, ben)
                await until(lambda: proxy.connections >= 3)
                proxy.damage_share = 0.0
                await until_all_heard(anna, ben)

    run(test)


@pytest.mark.slow
def test_a_slow_and_stalling_link_is_waited_for() -> None:
    """Less than the real times: the link stands still for 1 s where 8 s are the end of it.

    On a machine that is busy with other work, both ends stand still for a second or two of their own.
    """

    limits = replace(LIMITS, silence_s=8.0, alive_every_s=0.5)

    async def test() -> None:
        ben, port = listening_person(limits=limits)
        async with faulty_proxy(port) as proxy:
            anna = calling_person(proxy.port, limits=limits)
            proxy.delay_s = 0.05
            async with running(ben, anna):
                await until(lambda: anna.phase == ben.phase == "connected")
                proxy.stall()
                await both_talk(anna, ben)
                await asyncio.sleep(1.0)
                assert ben.heard == []
                proxy.flow()
                await until_all_heard(anna, ben)
                assert proxy.connections == 1
                assert anna.phase == ben.phase == "connected"

    run(test)


@pytest.mark.slow
def test_a_dead_link_is_noticed_on_both_sides_and_mended() -> None:

    limits = replace(LIMITS, silence_s=0.5, alive_every_s=0.1, tick_s=0.05)

    async def test() -> None:
        ben, port = listening_person(limits=limits)
        async with faulty_proxy(port) as proxy:
            anna = calling_person(proxy.port, limits=limits)
            async with running(ben, anna):
                await until(lambda: anna.phase == ben.phase == "connected")
                proxy.stall()
                anna.say("anna: 1")
                ben.say("ben: 1")
                await until(lambda: anna.phase == "reconnecting" and ben.phase == "waiting")
                assert anna.states[-1].queued == ben.states[-1].queued == 1
                proxy.cut()
                proxy.flow()
                await until_all_heard(anna, ben, ["1"])
        assert any("nothing has come from the peer" in state.detail for state in anna.states)

    run(test)


def test_a_caller_that_comes_back_takes_its_old_place() -> None:
    """The listener has not noticed yet that the first connection is dead."""

    async def test() -> None:
        ben, port = listening_person()
        async with faulty_proxy(port) as proxy:
            anna = calling_person(proxy.port)
            async with running(ben, anna):
                await until(lambda: anna.phase == ben.phase == "connected")
                anna.endpoint._protocol._transport.abort()  # type: ignore  # a cut that the listener's side is not told of
                anna.say("anna: 1")
                ben.say("ben: 1")
                await until_all_heard(anna, ben, ["1"])

    run(test)


def test_a_second_caller_is_told_that_the_line_is_busy() -> None:
    async def test() -> None:
        ben, port = listening_person()
        anna, carl = calling_person(port), calling_person(port)
        async with running(ben, anna):
            await until(lambda: ben.phase == "connected")
            async with running(carl):
                await until(lambda: any("talking with somebody else" in state.detail for state in carl.states))
                carl.say("carl: 1")
                await both_talk(anna, ben, ["1"])
                await until_all_heard(anna, ben, ["1"])
                await anna.endpoint.close()
                await until(lambda: "carl: 1" in ben.heard)

    run(test)


def test_a_caller_that_does_not_wait_for_our_hello_takes_nobodys_place() -> None:
    """Hello and an early acknowledgment in one write: the link has ended by the time the hello is looked at."""

    async def test() -> None:
        ben, port = listening_person()
        anna = calling_person(port)
        async with running(ben):
            ben.say("for anna")
            for _ in range(3):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(encode_message(replace(hello(), stream=bytes(8))) + encode_message(Acknowledge(0)))
                assert await reader.read() == encode_message(Goodbye(Reason.PROTOCOL))
                writer.close()
                await writer.wait_closed()
            async with running(anna):
                await until(lambda: anna.heard == ["for anna"])
                assert [state.phase for state in ben.states] == ["waiting", "connected"]

    run(test)


def test_the_next_caller_gets_only_what_is_said_to_it() -> None:
    async def visit(ben: Person, port: int, name: str) -> None:
        visitor = calling_person(port)
        async with running(visitor):
            await until(lambda: ben.phase == "connected")
            ben.say(f"hello {name}")
            visitor.say(f"{name} here")
            await until(lambda: visitor.heard == [f"hello {name}"] and visitor.delivered == 1)
            await visitor.endpoint.close()
            await until(lambda: ben.phase == "waiting")

    async def test() -> None:
        ben, port = listening_person()
        async with running(ben):
            await visit(ben, port, "anna")
            await visit(ben, port, "carl")
        assert ben.heard == ["anna here", "carl here"]
        assert ben.delivered == 2

    run(test)


def test_a_hundred_connections_at_once_keep_nobody_out() -> None:
    async def test() -> None:
        ben, port = listening_person()
        anna = calling_person(port)
        async with running(ben):
            flood = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
            try:
                async with running(anna):
                    await both_talk(anna, ben)
                    await until_all_heard(anna, ben)
                    listener = ben.endpoint
                    assert len(listener._ungreeted) <= LIMITS.ungreeted  # type: ignore
                for connection in flood:
                    connection.setblocking(False)
                closed = 0
                for connection in flood:
                    try:
                        closed += connection.recv(1) == b""
                    except BlockingIOError:
                        pass
                    except ConnectionResetError:
                        closed += 1
                assert closed >= 100 - LIMITS.ungreeted
            finally:
                for connection in flood:
                    connection.close()

    run(test)


def test_a_peer_that_floods_and_never_reads_stalls_nobody_and_grows_nothing() -> None:
    async def test() -> None:
        ben, port = listening_person()
        anna = calling_person(port)
        async with running(ben, anna):
            await until(lambda: ben.phase == "connected")
            before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            hostile = socket.create_connection(("127.0.0.1", port))
            hostile.setblocking(False)
            noise = encode_message(Alive()) * 5000 + encode_frame(99, bytes(4000)) * 50
            with hostile:
                for _ in range(50):
                    try:
                        hostile.send(noise)
                    except (BlockingIOError, ConnectionError):
                        break
                    await asyncio.sleep(0)
                started_s = time.monotonic()
                await both_talk(anna, ben)
                await until_all_heard(anna, ben)
                assert time.monotonic() - started_s < 5
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 20_000

    run(test)


def test_a_port_that_is_taken_is_one_clear_error() -> None:
    ben, port = listening_person()
    other, _ = listening_person()
    other.endpoint._port = port  # type: ignore
    with pytest.raises(LinkError, match=r"cannot listen on 127.0.0.1:\d+ "):
        other.endpoint.bind()  # type: ignore
    for person in (ben, other):
        person.endpoint._socket.close()  # type: ignore


def test_the_back_off_grows_and_ends_at_once_when_cancelled() -> None:

    limits = replace(LIMITS, first_back_off_s=0.02, longest_back_off_s=0.08)

    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        anna = calling_person(port, limits=limits)
        started_s = time.monotonic()
        async with running(anna):
            await until(lambda: len(anna.states) >= 6)
        assert time.monotonic() - started_s > 0.75 * (0.02 + 0.04 + 0.08 + 0.08)
        assert all("cannot be reached (Connection refused)" in state.detail for state in anna.states[1:])

    run(test)


def test_a_dead_port_ends() -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        anna = calling_person(port, connect_timeout_s=0.7)
        with pytest.raises(LinkError, match=r"no conversation within 0.7 s: 127.0.0.1:\d+ cannot be reached"):
            await anna.endpoint.run()

    run(test)


def test_a_port_that_says_nothing_ends() -> None:
    async def test() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            anna = calling_person(silent.getsockname()[1], connect_timeout_s=0.3)
            with pytest.raises(LinkError, match=r"127.0.0.1:\d+ does not greet us"):
                await anna.endpoint.run()

    run(test)


def test_a_link_that_was_there_once_is_tried_for_again_without_end() -> None:
    async def test() -> None:
        limits = replace(LIMITS, first_back_off_s=0.01, longest_back_off_s=0.02)
        ben, port = listening_person()
        anna = calling_person(port, limits=limits, connect_timeout_s=0.3)
        async with running(anna):
            async with running(ben):
                await until(lambda: anna.phase == "connected")
            await until(lambda: sum("cannot be reached" in state.detail for state in anna.states) > 30)

    run(test)


def test_the_name_of_a_host_that_is_looked_up_for_ever_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answer = threading.Event(), threading.Event()

    def getaddrinfo(*_: object, **__: object) -> list[object]:
        asked.set()
        answer.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def test() -> None:
        anna = calling_person(1)
        async with running(anna):
            await until(asked.is_set)
        assert not answer.is_set()
        answer.set()
        await until(lambda: not any(thread.name == "speechzip-names" for thread in threading.enumerate()))

    run(test)

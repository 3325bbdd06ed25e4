from __future__ import annotations

import asyncio
import builtins
import dataclasses
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

import pytest
from live_ends import calling_person, hello, listening_person, run, running, until
from speechzip.pipeline import LinkError, LiveError
from speechzip.pipeline.live.wire.frames import FrameReader
from speechzip.pipeline.live.wire.messages import Hello, decode_message, encode_message
from speechzip.pipeline.live.wire.security import (
    Identity,
    Pin,
    is_loopback,
    new_identity,
    reachable_host,
)

PIN = Pin(bytes(range(32)), bytes(range(100, 116)))


@pytest.fixture(scope="module")
def identity() -> Identity:
    return new_identity()


def test_what_is_loopback() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.8.8.8", "::1", "localhost", "::ffff:127.0.0.1"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "10.0.0.1", "example.org"]))
    assert reachable_host("10.1.2.3") == "10.1.2.3"
    assert reachable_host("example.org") == "example.org"
    assert reachable_host("0.0.0.0") not in ("0.0.0.0", "")


def test_paired_ends_talk_in_tls_1_3(identity: Identity) -> None:
    async def test() -> None:
        ben, port = listening_person(identity)
        anna = calling_person(port, identity.pin)
        async with running(ben, anna):
            anna.say("anna: 1")
            ben.say("ben: 1")
            await until(lambda: anna.delivered == ben.delivered == 1)
            transport = anna.endpoint._protocol._transport  # type: ignore
            assert transport is not None
            assert transport.get_extra_info("ssl_object").version() == "TLSv1.3"
            await anna.endpoint.close()
        assert (anna.heard, ben.heard) == (["ben: 1"], ["anna: 1"])

    run(test)


def test_tls_records_that_arrive_together_are_all_read(identity: Identity) -> None:
    """A busy end finds more than one record waiting. asyncio writes each to a slice of the protocol's buffer."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = identity.pin.client_context().wrap_bio(incoming, outgoing)
    greeting = encode_message(dataclasses.replace(hello(identity.pin.secret), stream=b"a stream"))

    def call(port: int) -> Hello:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.settimeout(10)

            def read(step: Callable[[], bytes | None]) -> bytes:
                while True:
                    try:
                        return step() or b""
                    except ssl.SSLWantReadError:
                        connection.sendall(outgoing.read())
                        code = connection.recv(4096)
                        assert code, "the listener has hung up"
                        incoming.write(code)

            read(tls.do_handshake)
            for byte in greeting:
                tls.write(bytes([byte]))  # each in a record of its own
            connection.sendall(outgoing.read())
            code = read(lambda: tls.read(4096))
        (answer, *_) = map(decode_message, FrameReader().push(code))
        assert isinstance(answer, Hello)
        return answer

    async def test() -> None:
        ben, port = listening_person(identity)
        async with running(ben):
            answer = await asyncio.to_thread(call, port)
        assert answer.stream == ben.endpoint.outbox.stream

    run(test)


def test_an_older_tls_is_refused_by_both_ends(identity: Identity) -> None:
    assert identity.context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert PIN.client_context().minimum_version is ssl.TLSVersion.TLSv1_3


def test_a_wrong_secret_gets_nothing_and_is_told_why(identity: Identity) -> None:
    async def test() -> None:
        ben, port = listening_person(identity)
        ben.say("private")
        stranger = calling_person(port, dataclasses.replace(identity.pin, secret=bytes(16)))
        async with running(ben):
            with pytest.raises(LinkError, match="does not know our secret; use the pairing line"):
                await stranger.endpoint.run()
        assert stranger.events[-1].__class__.__name__ == "Ended"
        assert stranger.heard == []
        assert stranger.endpoint.peer is None
        assert [state.phase for state in ben.states] == ["waiting"]

    run(test)


def test_another_certificate_is_told_from_ours_before_the_secret_is_sent(identity: Identity) -> None:
    async def test() -> None:
        other = new_identity()
        impostor, port = listening_person(Identity(Pin(other.pin.fingerprint, identity.pin.secret), other.context))
        anna = calling_person(port, identity.pin)
        anna.say("private")
        async with running(impostor):
            with pytest.raises(LinkError, match="another certificate than the pairing line says"):
                await anna.endpoint.run()
        assert impostor.events == []
        assert anna.endpoint.traffic[0] == 0

    run(test)


def test_without_tls_a_listener_answers_nothing(identity: Identity) -> None:
    async def test() -> None:
        ben, port = listening_person(identity)
        plain = calling_person(port)
        async with running(ben, plain):
            await until(lambda: len(plain.states) >= 2)
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.settimeout(10)
                connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
                answer = await asyncio.to_thread(connection.recv, 4096)
        assert answer[:1] in (b"", b"\x15")  # nothing, or a TLS alert
        assert plain.endpoint.peer is None
        assert [state.phase for state in ben.states] == ["waiting"]

    run(test)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real_import = builtins.__import__

    def fake_import(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real_import(name, globals, locals, fromlist or (), level)

    monkeypatch.setattr(builtins, "__import__", fake_import)
    with pytest.raises(LiveError, match=r"pip install 'speechzip\[live\]'"):
        new_identity()

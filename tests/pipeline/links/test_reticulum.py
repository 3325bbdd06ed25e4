"""Real processes with the real Reticulum and LXMF, over UDP on loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import GOLDEN
from in_process import QUICK
from speechzip.eval.radio.nodes import PATIENCE_S, Node, configure, free_ports, two_nodes
from speechzip.pipeline import InputError, LinkError, decode_payload, read_payload, recognizer_recording
from speechzip.pipeline.links import open_carrier
from speechzip.pipeline.links.reticulum import lxmf, node
from speechzip.pipeline.textcoder.registry import TEXT_CODERS

pytest.importorskip("RNS")
DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Node, Node]:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return two_nodes(tmp_path)


def lines_until(process: subprocess.Popen[str], wanted: str) -> list[str]:
    """Return the lines up to one with `wanted` in it."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if wanted in line:
            return lines
    raise AssertionError(f"no {wanted!r} in {lines}")


@pytest.fixture
def ended() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def test_an_identity_is_made_once_and_one_that_was_not_finished_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEECHZIP_DATA", str(tmp_path))
    rns = node.load("RNS")
    first = node.identity(rns)
    path = tmp_path / "links" / "reticulum.identity"
    assert node.identity(rns).hash == first.hash
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"")  # as a run left it that was killed
    second = node.identity(rns)
    assert second.hash != first.hash
    assert node.identity(rns).hash == second.hash
    path.write_bytes(b"rubbish")
    with pytest.raises(LinkError, match="is no identity of Reticulum"):
        node.identity(rns)
    monkeypatch.setenv("SPEECHZIP_DATA", str(path))
    with pytest.raises(LinkError, match=r"our identity cannot be kept in .*: Not a directory"):
        node.identity(rns)


def send(ended: list[subprocess.Popen[str]], sender: Node, address: str, *options: str) -> str:
    """Send `DATA` from a node and return what the program has told."""
    call = sender.folder / "call.spz"
    call.write_bytes(DATA)
    process = sender.start("send", call, "--over", address, *options)
    ended.append(process)
    told, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, told
    return told


@pytest.mark.processes
def test_a_message_from_one_process_to_another(
    nodes: tuple[Node, Node], tmp_path: Path, ended: list[subprocess.Popen[str]]
) -> None:
    here, there = nodes
    receiver = there.start("receive", "--over", "lxmf", "--once", "--no-sound", "--json", "--output", tmp_path / "in")
    ended.append(receiver)
    address = lines_until(receiver, "our address is")[-1].split()[-1]
    told = send(ended, here, address)
    assert "packet 1 of 1 acknowledged" in told  # LXMF's receipt
    assert re.search(r"^1 of 1 packets acknowledged: packets of \d+ bytes$", told, re.MULTILINE)
    assert " in one packet" in told
    row = json.loads(lines_until(receiver, '"sender"')[-1])
    assert row["whole"]
    assert row["sender"].removeprefix("unverified-") == address_of(here)
    assert [word["text"] for word in row["new"]] == [
        utterance.text for utterance in decode_payload(DATA, TEXT_CODERS).payload.utterances
    ]
    assert receiver.wait(PATIENCE_S) == 0
    written, sent = read_payload(tmp_path / "in" / "001.spz").payload, decode_payload(DATA, TEXT_CODERS).payload
    assert written.speakers == sent.speakers  # it went in format 2, with rounder times
    assert [utterance.text for utterance in written.utterances] == [utterance.text for utterance in sent.utterances]
    identity = there.folder / "data" / "links" / "reticulum.identity"
    assert identity.stat().st_mode & 0o777 == 0o600


def address_of(sender: Node) -> str:
    """Return the LXMF address of a node's identity."""
    rns = node.load("RNS")
    identity = rns.Identity.from_file(str(sender.folder / "data" / "links" / "reticulum.identity"))
    return bytes(rns.Destination.hash(identity, "lxmf", "delivery")).hex()


# A client that knows nothing of speechzip, as Sideband is one: it prints its address, and what it would show.
CLIENT = """
import json, sys, time, LXMF, RNS
RNS.Reticulum(configdir=sys.argv[1], loglevel=RNS.LOG_CRITICAL)
router = LXMF.LXMRouter(storagepath=sys.argv[1])
ours = router.register_delivery_identity(RNS.Identity(), display_name="Anna")
def show(message):
    kind, sound = message.fields[LXMF.FIELD_AUDIO]
    print(json.dumps({"text": message.content_as_string(), "kind": kind, "bytes": len(sound)}), flush=True)
router.register_delivery_callback(show)
print(ours.hash.hex(), flush=True)
while True:
    router.announce(ours.hash)
    time.sleep(2)
"""


@pytest.mark.processes
def test_people_without_speechzip_read_the_words(
    nodes: tuple[Node, Node], tmp_path: Path, ended: list[subprocess.Popen[str]]
) -> None:
    here, there = nodes
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, there.folder / "config"], stdout=subprocess.PIPE, text=True
    )
    ended.append(client)
    address = lines_until(client, "")[0]
    told = send(ended, here, f"lxmf:{address}", "--with-text", "--json")
    shown = json.loads(lines_until(client, "text")[-1])
    said = decode_payload(DATA, TEXT_CODERS).payload.utterances
    assert shown["text"] == "\n".join(utterance.text for utterance in said)
    assert shown["kind"] == 0xFF  # AM_CUSTOM: no sound that such a client would play
    assert f'"bytes": {shown["bytes"]},' in told


@pytest.mark.processes
def test_a_propagation_node_keeps_a_message_for_a_peer_that_is_away(
    tmp_path: Path, ended: list[subprocess.Popen[str]]
) -> None:
    """`lxmd` stands between two nodes; the receiver announces itself, leaves, and fetches the message later."""
    here, there = Node(tmp_path / "a"), Node(tmp_path / "b")
    ours, theirs, to_us, to_them = free_ports(4)
    configure(here.folder / "config", [(ours, to_us)])
    configure(there.folder / "config", [(theirs, to_them)])
    configure(tmp_path / "between", [(to_us, ours), (to_them, theirs)], forwards=True)
    store, address = propagation_node(tmp_path)
    ended.append(store)
    lines_until(store, "Propagation Node started")

    away = there.start("receive", "--over", "lxmf", "--output", tmp_path / "in")
    peer = lines_until(away, "our address is")[-1].split()[-1]
    lines_until(store, peer.removeprefix("lxmf:"))
    away.terminate()
    away.communicate(timeout=PATIENCE_S)

    told = send(ended, here, peer, "--propagation-node", address)
    assert "kept by the propagation node" in told
    assert re.search(r"^1 of 1 packets sent: packets of \d+ bytes$", told, re.MULTILINE)

    back = there.start(
        "receive", "--over", "lxmf", "--propagation-node", address, "--once", "--no-sound", "--output", tmp_path / "in"
    )
    ended.append(back)
    assert lines_until(back, "our address is")[-1].split()[-1] == peer  # the identity is kept
    assert back.wait(PATIENCE_S) == 0
    written = read_payload(tmp_path / "in" / "001.spz").payload
    said = decode_payload(DATA, TEXT_CODERS).payload
    assert [utterance.text for utterance in written.utterances] == [utterance.text for utterance in said.utterances]


def propagation_node(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start LXMF's own `lxmd` with the configuration in ``between``; return it and its address."""
    rns = node.load("RNS")
    identity = rns.Identity()
    (folder / "lxmd").mkdir()
    identity.to_file(str(folder / "lxmd" / "identity"))
    settings = (
        "[propagation]\nenable_node = yes\npropagation_stamp_cost_target = 13\nautopeer = no\n[logging]\nloglevel = 7\n"
    )
    (folder / "lxmd" / "config").write_text(settings, encoding="ascii")
    process = subprocess.Popen(
        [Path(sys.executable).with_name("lxmd"), "--config", folder / "lxmd", "--rnsconfig", folder / "between"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    return process, bytes(rns.Destination.hash(identity, "lxmf", "propagation")).hex()


@pytest.mark.models
@pytest.mark.processes
@pytest.mark.parametrize("scheme", ["rns", "lxmf"])
def test_a_conversation_over_a_link(
    scheme: str,
    nodes: tuple[Node, Node],
    tmp_path: Path,
    ended: list[subprocess.Popen[str]],
) -> None:
    here, there = nodes
    listener = there.start("listen", "--over", "rns", "--once", "--output", tmp_path / "heard")
    ended.append(listener)
    address = next(
        word.strip("'")
        for word in " ".join(lines_until(listener, "rns:")).split()
        if word.strip("'").startswith("rns:")
    )
    if scheme == "lxmf":
        address = f"lxmf:{address_of(there)}"
    talker = here.start(
        "talk", address, *QUICK, "--input", recognizer_recording("beckett.wav"), "--output", tmp_path / "own"
    )
    ended.append(talker)
    told, _ = talker.communicate(timeout=PATIENCE_S)
    assert talker.returncode == 0, told
    assert "Ever tried" in told
    assert listener.wait(PATIENCE_S) == 0
    transcript = (tmp_path / "heard" / "transcript.jsonl").read_text(encoding="utf-8")
    assert "Ever tried" in transcript
    assert list((tmp_path / "heard").glob("*.wav"))


def test_nobody_at_an_address_ends_soon_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def has_path(address: bytes) -> bool:
        return False

    transport = SimpleNamespace(has_path=has_path, request_path=asked.append)
    monkeypatch.setattr(node, "PATH_S", 0.3)
    with pytest.raises(LinkError, match="nobody knows a path to abab"):
        node.wait_for_path(SimpleNamespace(Transport=transport), b"\xab" * 16)
    assert asked == [b"\xab" * 16]


def test_wrong_addresses() -> None:
    with pytest.raises(InputError, match="32 hexadecimal digits"):
        open_carrier("lxmf:anna", {})
    with pytest.raises(InputError, match="two addresses"):
        open_carrier("lxmf:" + "ab" * 16, {"to": "cd" * 16})
    with pytest.raises(InputError, match="whom to send to"):
        list(open_carrier("lxmf", {}).send([DATA]))


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "RNS", None)
    with pytest.raises(LinkError, match=r"the link lxmf needs rns.*pip install 'speechzip\[reticulum\]'"):
        node.load("RNS")


@pytest.mark.parametrize(
    "fields",
    [None, [], {}, {7: None}, {7: [0xFF]}, {7: [0xFF, "text"]}, {7: [1, DATA]}, {7: [0xFF, DATA, 1]},
     {7: [0xFF, bytes(lxmf.MESSAGE_BYTES + 1)]}],
)  # fmt: skip
def test_other_peoples_messages_are_left_alone(fields: object) -> None:
    names = SimpleNamespace(FIELD_AUDIO=7, AM_CUSTOM=0xFF)
    assert lxmf._packet(fields, names) is None  # pyright: ignore[reportPrivateUsage]
    assert lxmf._packet({7: [0xFF, DATA]}, names) == DATA  # pyright: ignore[reportPrivateUsage]


def test_an_address_counts_only_if_the_signature_was_checked() -> None:
    message = SimpleNamespace(source_hash=b"\xab" * 16, signature_validated=True)
    assert lxmf._sender(message) == ("ab" * 16, "signed")  # pyright: ignore[reportPrivateUsage]
    message.signature_validated = False
    assert lxmf._sender(message)[0] == "unverified-" + "ab" * 16  # pyright: ignore[reportPrivateUsage]

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from speechzip.pipeline import LinkError, OutputError
from speechzip.pipeline.live.wire.pairing import (
    pairing_line,
    parse_address,
    read_pairing_file,
    read_pairing_line,
    write_pairing_file,
)
from speechzip.pipeline.live.wire.security import Address, Pin

PIN = Pin(bytes(range(32)), bytes(range(100, 116)))
CODE = pairing_line("h", 1, PIN).partition("#")[2]


def test_the_pairing_line_there_and_back() -> None:
    line = pairing_line("192.168.1.5", 7310, PIN)
    assert line == "speechzip://192.168.1.5:7310#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9kZWZnaGlqa2xtbm9wcXJz"
    assert parse_address(line) == Address("192.168.1.5", 7310, PIN)
    assert parse_address(pairing_line("2001:db8::1", 1, PIN)) == Address("2001:db8::1", 1, PIN)
    assert PIN.secret.hex() not in repr(PIN)
    assert "secret" not in repr(PIN)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:7310", Address("127.0.0.1", 7310, None)),
        ("localhost", Address("localhost", 7310, None)),
        ("[::1]:99", Address("::1", 99, None)),
        ("[::1]", Address("::1", 7310, None)),
        ("LOCALHOST:99", Address("localhost", 99, None)),
        ("127.0.0.1:", Address("127.0.0.1", 7310, None)),
        (" 127.0.0.1:99\n", Address("127.0.0.1", 99, None)),
        ("::1", Address("::1", 7310, None)),
        ("::1:7310", Address("::1", 7310, None)),
        ("::1:99", Address("::1", 99, None)),
        ("0:0:0:0:0:0:0:1:99", Address("0:0:0:0:0:0:0:1", 99, None)),
        ("::ffff:127.0.0.1:99", Address("::ffff:127.0.0.1", 99, None)),
    ],
)
def test_loopback_needs_nothing(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["192.168.1.5:7310", "example.org", "0.0.0.0", "localhost.example.org"])
def test_any_other_address_needs_the_pairing_line(text: str) -> None:
    with pytest.raises(LinkError, match="give the whole pairing line"):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    ["", ":1", "127.0.0.1:99999", "127.0.0.1:x", "speechzip://", "speechzip://host:1", "speechzip://host:1#AAAA",
     "speechzip://host:1#" + "*" * 64, "127.0.0.1:1#AAAA", "[::1", "[::1]7310", "[localhost]:1", "127.0.0.1:0",
     "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:1/x", "me@127.0.0.1:1", "127.0.0.1:1?x", "1:2:x", "speechzip:// :1#A"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(LinkError, match="invalid address"):
        parse_address(text)


@pytest.mark.parametrize(
    ("text", "spellings"),
    [
        ("2001:db8::5:7310", r"\[2001:db8::5:7310\]:7310 or \[2001:db8::5\]:7310"),
        ("::1:99999", r"\[::1:99999\]|too many colons"),
        (f"speechzip://2001:db8::5:7310#{CODE}", r"\[2001:db8::5\]:7310"),
        (f"speechzip://::1:7310#{CODE}", r"\[::1:7310\]:7310 or \[::1\]:7310"),
        (f"speechzip://fe80::1#{CODE}", r"\[fe80::1\]:7310"),
    ],
)
def test_an_ipv6_address_without_brackets_is_refused_with_the_right_spellings(text: str, spellings: str) -> None:
    with pytest.raises(LinkError, match=spellings):
        parse_address(text)


def test_a_pairing_file_is_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "line"
    line = pairing_line("192.168.1.5", 7310, PIN)
    before = os.umask(0)
    try:
        write_pairing_file(path, line, force=False)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_pairing_file(path) == line
    path.chmod(0o644)
    write_pairing_file(path, "127.0.0.1:1", force=False)  # in the place of an earlier line
    assert path.stat().st_mode & 0o777 == 0o600
    assert parse_address(read_pairing_file(path)).port == 1
    assert [each.name for each in tmp_path.iterdir()] == ["line"]


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_text("Dear Anna,\n")
    with pytest.raises(OutputError, match="holds no pairing line"):
        write_pairing_file(path, "127.0.0.1:1", force=False)
    assert path.read_text() == "Dear Anna,\n"
    write_pairing_file(path, "127.0.0.1:1", force=True)
    assert path.read_text() == "127.0.0.1:1\n"
    with pytest.raises(OutputError, match="cannot be written"):
        write_pairing_file(tmp_path / "no" / "folder", "127.0.0.1:1", force=False)


def test_the_secret_of_a_run_that_was_killed_is_removed(tmp_path: Path) -> None:
    killed = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from speechzip.pipeline.live.wire.pairing import write_pairing_file\n"
        "os.replace = os.link = lambda *_: os._exit(9)\n"
        "write_pairing_file(Path(sys.argv[1]), '127.0.0.1:1', force=False)\n"
    )
    assert subprocess.run([sys.executable, "-c", killed, str(tmp_path / "line")], check=False).returncode == 9
    (left,) = tmp_path.iterdir()
    assert left.read_text() == "127.0.0.1:1\n"
    write_pairing_file(tmp_path / "line", "127.0.0.1:2", force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["line"]


@pytest.mark.parametrize("code", [b"", b"\n\n", b"x" * 2000, b"a\nb\n"], ids=["empty", "blank", "long", "two"])
def test_a_file_without_a_line_is_told(code: bytes, tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_bytes(code)
    with pytest.raises(LinkError, match="there is no pairing line in"):
        read_pairing_file(path)
    with pytest.raises(LinkError, match="cannot be read from"):
        read_pairing_file(tmp_path)


def test_a_line_from_standard_input_leaves_the_rest_to_be_read() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"127.0.0.1:1\nrest")
    assert read_pairing_line(ours) == "127.0.0.1:1"
    assert os.read(ours, 10) == b"rest"
    os.close(theirs)
    with pytest.raises(LinkError, match="no pairing line in standard input"):
        read_pairing_line(ours)
    os.close(ours)

from __future__ import annotations

import io
import textwrap

import av
import pytest
import zxingcpp
from fakes import GOLDEN
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline import InputError
from speechzip.pipeline.links.packets.qr import encode_qr
from speechzip.pipeline.links.packets.text import (
    ALPHABET91,
    APRS_LINE,
    FORMS,
    MAX_BLOB,
    decode_base91,
    encode_base91,
    find_packets,
    packet_lines,
)

DATA = bytes.fromhex((GOLDEN / "two-channels.hex").read_text("ascii"))
PACKETS = tuple(bytes.fromhex(line) for line in (GOLDEN / "message.packets").read_text("ascii").split())
GSM_7 = set("@$_!\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
"""Characters of ASCII that take one septet in an SMS (3GPP TS 23.038, default alphabet)."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("line", [40, APRS_LINE, 500])
def test_lines_have_the_length_that_was_asked_for_and_come_back(form: str, line: int) -> None:
    lines = packet_lines(DATA, form, line)
    assert max(map(len, lines)) <= line
    assert find_packets("\n".join(lines)).packets == (DATA,)
    assert find_packets("\n".join(reversed(lines))).packets == (DATA,)


def test_alphabets_are_safe_where_they_are_said_to_be() -> None:
    assert len(set(ALPHABET91)) == 91
    assert not set(ALPHABET91) & set("{|~ ")  # APRS protocol reference 1.0.1, chapter 14
    assert set(FORMS["base64"].alphabet) <= GSM_7
    assert all(character.isdigit() or character.isupper() for character in FORMS["base32"].alphabet)


@given(st.binary(max_size=300))
def test_base91_comes_back_and_is_short(data: bytes) -> None:
    text = encode_base91(data)
    assert decode_base91(text) == data
    assert len(text) <= 16 * len(data) / 13 + 2


def test_base91_packs_bits_as_henke_does() -> None:
    # basE91 of "test" is fPNKd: the places of these characters in its alphabet
    theirs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,./:;<=>?@[]^_`{|}~"'
    assert encode_base91(b"test") == "".join(ALPHABET91[theirs.index(character)] for character in "fPNKd")


def noisy(lines: list[str], noise: str) -> str:
    text = "\n".join(lines)
    if noise == "quoted":
        return "Anna wrote:\n" + "\n".join("> > " + line for line in text.splitlines()) + "\n\nThanks!\n> Bob"
    if noise == "numbered":
        return "\n".join(f"{number:3}  {line}" for number, line in enumerate(text.splitlines(), start=9))
    if noise == "prompts":
        return "\n".join(f"[12:0{number}] <DL1ABC> {line}" for number, line in enumerate(text.splitlines()))
    if noise == "wrapped":
        return "\n".join(part for line in lines for part in textwrap.wrap(line, 31, break_on_hyphens=False))
    if noise == "wrapped and quoted":
        return "\n".join("> " + line for line in noisy(lines, "wrapped").splitlines())
    if noise == "spaced":
        return " ".join(text)
    if noise == "one line":
        return "Here it is: " + " ".join(lines) + " 73 de DL1ABC"
    return "\r\n\t".join(lines)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "noise", ["quoted", "numbered", "prompts", "wrapped", "wrapped and quoted", "spaced", "one line", "windows"]
)
def test_packets_are_found_in_noise(form: str, noise: str) -> None:
    assert find_packets(noisy(packet_lines(DATA, form), noise)).packets == (DATA,)


@pytest.mark.parametrize("form", ["hex", "base32"])
def test_case_does_not_matter_where_it_cannot(form: str) -> None:
    assert find_packets("\n".join(packet_lines(DATA, form)).lower()).packets == (DATA,)


def test_packets_are_kept_apart_and_twice_is_once() -> None:
    lines = [line for packet in PACKETS for line in packet_lines(packet, "base64", 40)]
    found = find_packets("\n".join([*lines[1::2], "SZ is a car's plate", *lines[::2], *lines]))
    assert set(found.packets) == set(PACKETS)
    assert len(found.packets) == len(PACKETS)


def test_a_packet_with_a_line_missing_or_damaged_is_told() -> None:
    lines = packet_lines(DATA, "base91")
    for bad in (lines[1:], lines[:-1], [*lines[:-1], lines[-1][:-1]], [lines[0][:-1] + " !", *lines[1:]]):
        found = find_packets("\n".join(bad))
        assert found.packets == ()
        assert found.incomplete == (lines[0][3:5],)


def test_what_cannot_be_written_is_told_with_what_would() -> None:
    with pytest.raises(InputError, match="known are hex, base32, base64, base91"):
        packet_lines(DATA, "morse")
    with pytest.raises(InputError, match="16 is the least"):
        packet_lines(DATA, "hex", 15)
    with pytest.raises(InputError, match="use smaller packets"):
        packet_lines(bytes(1000), "hex")


@settings(max_examples=60)
@given(st.text(st.sampled_from("SZHBD0123 \n>A{")))
def test_rubbish_holds_no_packet(text: str) -> None:
    assert find_packets(text).packets == ()


def test_a_hostile_blob_costs_little() -> None:
    assert find_packets("SZZAA0ZZZ" * 3000).packets == ()
    with pytest.raises(InputError, match="is the most"):
        find_packets(" " * (MAX_BLOB + 1))


def test_a_qr_code_holds_the_packet_as_letters_and_digits() -> None:
    segno = pytest.importorskip("segno")
    image = encode_qr(DATA)
    assert image.startswith(b"\x89PNG")
    (line,) = packet_lines(DATA, "base32", 2000)
    assert find_packets(line).packets == (DATA,)
    assert segno.make_qr(line, error="m").mode == "alphanumeric"
    with pytest.raises(InputError, match="use smaller packets"):
        encode_qr(bytes(1000))


def test_a_reader_of_qr_codes_reads_the_packet() -> None:
    for packet in (DATA, *PACKETS):
        with av.open(io.BytesIO(encode_qr(packet)), "r") as image:
            (code,) = zxingcpp.read_barcodes(next(image.decode(video=0)).to_ndarray(format="gray"))
            assert find_packets(code.text).packets == (packet,)

"""The interface of the text coder, with the shipped model."""

from __future__ import annotations

import contextlib
import doctest
import hashlib
import importlib
import json
import math
import random
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.pipeline import PayloadCorrupt, PayloadError, TextError
from speechzip.pipeline.textcoder import load_text_coder
from speechzip.pipeline.textcoder.coder import MAX_TOKENS_PER_BYTE, PLAIN, max_tokens
from speechzip.pipeline.textcoder.fixedpoint import Int64Array
from speechzip.pipeline.textcoder.network import NetworkRun
from speechzip.pipeline.textcoder.registry import DEFAULT_ID
from speechzip.pipeline.textcoder.weights import ENGLISH, TOKENS_PER_BYTE
from speechzip.pipeline.types import MAX_TEXT_BYTES

CODER, RATE = load_text_coder(DEFAULT_ID), TOKENS_PER_BYTE[DEFAULT_ID]
GOLDEN = Path(__file__).parents[2] / "golden"
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TALK = [
    "Good morning, this is Sarah Kowalczyk from the clinic.",
    "Oh hi, Sarah Kowalczyk. How are you?",
    "I'm good, thanks. So, the results came back and everything looks fine.",
]


def utf8_and_a_byte_each(texts: list[str]) -> int:
    return sum(len(text.encode()) + 1 for text in texts)


@pytest.mark.models
@settings(deadline=None, max_examples=40)
@given(st.lists(ANY, max_size=3))
def test_any_unicode_comes_back_and_never_costs_more_than_plain(texts: list[str]) -> None:
    code = CODER.encode(texts)
    assert CODER.decode(code, len(texts)) == texts
    assert len(code) <= utf8_and_a_byte_each(texts)


@pytest.mark.models
@pytest.mark.parametrize(
    "texts",
    [
        TALK,
        ["O'Neill-Ångström 12:45 #42"],
        ["我们明天再谈吧。😀👍🏽", "Okay, 东京."],
        ["\x00\x01\x02\x03\x1f\x7f\x80\ufeff\U000f0001\U0010ffff", "tab\tand\nnew\r\nlines"],
        ["a" * 1000],
        ["", "x", "", " ", ""],
        ["i I i'm I'M iPhone IPv6 e.g. USA. u.s. why?? No!No", "ALL CAPS HERE. Title Case Here"],
        ["ends in zero bytes\0\0\0"],
        ["ÿ" * 20, "\0"],
        ["".join(random.Random(1).choices("qxzjkvwpQXZJ#@~^", k=300))],
    ],
)
def test_comes_back(texts: list[str]) -> None:
    code = CODER.encode(texts)
    assert CODER.decode(code, len(texts)) == texts
    assert len(code) <= utf8_and_a_byte_each(texts)


@pytest.mark.models
def test_bits_of_texts_with_common_beginnings_are_those_of_each_alone() -> None:
    texts = ["I see it.", "I see.", "I see it. So", "You see it.", "I see it.", ""]
    alone = [
        sum(math.log2(total / frequency) for _, frequency, total in CODER.stream().intervals(one)) for one in texts
    ]
    assert CODER.bits(texts) == pytest.approx(alone, abs=1e-9)


@pytest.mark.models
def test_ten_thousand_characters_of_talk() -> None:
    text = " ".join(f"{line} That was number {index}." for index in range(70) for line in TALK)[:10_000]
    code = CODER.encode([text])
    assert len(code) * 8 < 1.1 * len(text)  # so dense a text is padded
    assert CODER.decode(code, 1) == [text]


@pytest.mark.models
@pytest.mark.parametrize("coder_id", ENGLISH)
def test_golden(coder_id: int) -> None:
    coder = load_text_coder(coder_id)
    for entry in json.loads((GOLDEN / f"text-{ENGLISH[coder_id]}.json").read_text(encoding="utf-8")):
        code = bytes.fromhex(entry["code"])
        assert coder.encode(entry["texts"]) == code
        assert coder.decode(code, len(entry["texts"])) == entry["texts"]


@pytest.mark.parametrize(("name", "most_bytes"), [("english-1", 10_500_000), ("english-2", 20_000_000)])
def test_model_card_names_the_shipped_file(name: str, most_bytes: int) -> None:
    folder = Path(importlib.import_module("speechzip.pipeline.textcoder").__file__ or "").parent
    weights = (folder / f"{name}.npz").read_bytes()
    assert len(zlib.compress(weights, 1)) <= most_bytes  # what it adds to a wheel
    assert hashlib.sha256(weights).hexdigest() in (folder / "MODEL.md").read_text(encoding="utf-8")


def test_ids_and_names() -> None:
    assert {(load_text_coder(coder_id).id, load_text_coder(coder_id).name) for coder_id in ENGLISH} == {
        (1, "english-1"),
        (2, "english-2"),
    }


def test_talk_is_cheap() -> None:
    characters = sum(map(len, TALK))
    assert 8 * len(CODER.encode(TALK)) < 1.7 * characters


def test_what_was_said_once_is_cheap_the_second_time() -> None:
    once, twice = len(CODER.encode(TALK[:1])), len(CODER.encode([TALK[0], TALK[0]]))
    assert twice - once < 0.4 * once


def test_utterances_alone_start_afresh() -> None:
    assert CODER.encode(TALK[2:]) == CODER.encode(TALK[2:])
    assert sum(len(CODER.encode([text])) for text in TALK) > len(CODER.encode(TALK))


def test_nothing_costs_nothing() -> None:
    assert CODER.encode([]) == CODER.encode(["", ""]) == b""
    assert CODER.decode(b"", 2) == ["", ""]
    assert CODER.decode(b"", 0) == []


@pytest.mark.models
def test_repetition_is_padded_to_what_a_decoder_allows() -> None:
    text = "ha " * 3000
    code = CODER.encode([text])
    tokens = 3002  # " ha" each, a space and the end
    assert max_tokens(len(code) - 1, 1, RATE) < tokens <= max_tokens(len(code), 1, RATE)
    assert CODER.decode(code, 1) == [text]


@pytest.mark.parametrize("text", ["\ud800", "fine \udc80"])
def test_lone_surrogates_are_refused(text: str) -> None:
    with pytest.raises(TextError, match=f"U\\+{ord(text[-1]):04X}"):
        CODER.encode(["Hello.", text])


def test_too_much_text_is_refused() -> None:
    with pytest.raises(TextError, match="split the recording"):
        CODER.encode(["x" * MAX_TEXT_BYTES, "x"])


@pytest.mark.models
def test_every_truncation_and_every_flipped_bit() -> None:
    talk = ["Hi, Sarah.", "How are you, Sarah?"]
    code = CODER.encode(talk)
    for length in range(1, len(code)):
        refused(code[:length], len(talk))
    for bit in range(8 * len(code)):
        flipped = bytearray(code)
        flipped[bit // 8] ^= 1 << bit % 8
        refused(bytes(flipped), len(talk))
    refused(code + b"\0", len(talk))
    refused(code + b"\1", len(talk))
    refused(code, len(talk) - 1)
    refused(code, len(talk) + 1)


def refused(code: bytes, count: int) -> None:
    """Decoding ends, in an error or (rarely) in texts that have this very code, or are shorter as they are."""
    with contextlib.suppress(PayloadError):
        texts = CODER.decode(code, count)
        assert len(texts) == count
        again = CODER.encode(texts)
        assert again == code or (again[0] == PLAIN and len(again) <= len(code))


def hostile(*parts: bytes, count: int = 1) -> list[str]:
    """Decode a code; a refusal is no texts."""
    try:
        return CODER.decode(b"".join(parts), count)
    except PayloadError:
        return []


def steps_taken(code: bytes, count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many tokens the network has processed when decoding ends, with or without an error."""
    steps = 0
    step = NetworkRun.step

    def counted(self: NetworkRun, token: int) -> Int64Array:
        nonlocal steps
        steps += 1
        return step(self, token)

    monkeypatch.setattr(NetworkRun, "step", counted)
    hostile(code, count=count)
    return steps


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.parametrize("fill", [b"\0", b"\x21\x70\0\x34", b"\x7f\xff", b"\xfe"])
def test_work_is_bounded_by_bytes_and_utterances(fill: bytes, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (fill * 64)[:64]
    assert steps_taken(code, count, monkeypatch) <= MAX_TOKENS_PER_BYTE * len(code) + count + 1


def test_work_of_long_codes_is_bounded_more_tightly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.pipeline.textcoder.coder.SPARE_TOKENS", 30)
    assert steps_taken(b"\0" * 64, 3, monkeypatch) <= 30 + RATE * 64 + 3 + 1
    code = CODER.encode(["ha " * 300])
    assert max_tokens(len(code) - 1, 1, RATE) < 302 <= max_tokens(len(code), 1, RATE)
    assert CODER.decode(code, 1) == ["ha " * 300]
    with pytest.raises(PayloadCorrupt, match="more than 133 tokens in 64 bytes"):
        CODER.decode(code.rstrip(b"\0").ljust(64, b"\0"), 1)


def test_no_payload_of_four_kilobytes_has_more_than_ten_thousand_tokens() -> None:
    for text_bytes in range(4096):
        utterances = 2 * (4096 - text_bytes)  # their timing takes four bits each, at least
        assert max_tokens(text_bytes, utterances) <= 9216


def test_a_minute_of_talk_may_repeat_itself_as_it_likes() -> None:
    assert max_tokens(170, 0) == MAX_TOKENS_PER_BYTE * 170


def test_work_is_bounded_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.pipeline.textcoder.coder.MAX_TOKENS", 100)
    code = CODER.encode(["ha " * 90])
    assert CODER.decode(code, 1) == ["ha " * 90]
    longer = CODER.encode(["ha " * 120])
    assert longer[0] == PLAIN  # and so a decoder with that limit reads it
    assert CODER.decode(longer, 1) == ["ha " * 120]
    assert steps_taken(b"\0" * 1000, 1, monkeypatch) <= 102


def test_more_text_than_a_payload_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    code = CODER.encode(["Good morning.", "Good morning."])
    monkeypatch.setattr("speechzip.pipeline.textcoder.coder.MAX_TEXT_BYTES", 20)
    with pytest.raises(PayloadCorrupt, match="which is the most"):
        CODER.decode(code, 2)
    with pytest.raises(PayloadCorrupt, match="which is the most"):
        CODER.decode(b"\xffGood morning.\xffGood morning.", 2)


@pytest.mark.models
@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=24), st.integers(0, 4))
def test_rubbish(code: bytes, count: int) -> None:
    with contextlib.suppress(PayloadError):
        texts = CODER.decode(code, count)
        assert len(texts) == count
        assert sum(map(len, texts)) <= 16 * (MAX_TOKENS_PER_BYTE * len(code) + count)


@pytest.mark.models
@pytest.mark.parametrize("code", [b"\0", b"\0" * 40, b"\x01" * 40, b"\xfe" * 200, b"\x55" * 200])
def test_rubbish_ends(code: bytes) -> None:
    with contextlib.suppress(PayloadError):
        assert len(CODER.decode(code, 3)) == 3


@pytest.mark.parametrize(
    ("code", "count"),
    [(b"\xff", 2), (b"\xffa\xffb", 1), (b"\xffa", 2), (b"\xff\xc3", 1), (b"\xff\xed\xa0\x80", 1), (b"a", 0)],
)
def test_bad_plain_codes(code: bytes, count: int) -> None:
    with pytest.raises(PayloadCorrupt):
        CODER.decode(code, count)


@pytest.mark.parametrize("module", ["alphabets", "coder", "tokens"])
def test_examples_run(module: str) -> None:
    found = importlib.import_module(f"speechzip.pipeline.textcoder.{module}")
    result = doctest.testmod(found, extraglobs={"load_text_coder": load_text_coder})
    assert result.attempted > 0
    assert result.failed == 0

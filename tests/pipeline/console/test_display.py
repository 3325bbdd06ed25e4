from __future__ import annotations

import doctest
import importlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import printable, printable_json, shown_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Grüße, 世界! \U0001f600", "Grüße, 世界! \U0001f600"),
        ("\x1b[31m\x07\x7f", "\ufffd[31m\ufffd\ufffd"),
        ("\x85\x9b1m", "\ufffd\ufffd1m"),
        ("a\u202eb\u2066c\u200f", "a\ufffdb\ufffdc\ufffd"),
        ("one\ntwo\u2028three", "one\ufffdtwo\ufffdthree"),
        ("می\u200cخواهم \U0001f469\u200d\U0001f4bb", "می\u200cخواهم \U0001f469\u200d\U0001f4bb"),
        ("non\xa0breaking\u3000wide", "non breaking wide"),
        ("\udcff.spz", "\ufffd.spz"),
    ],
)
def test_what_could_steer_a_terminal_is_replaced(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Grüße, 世界 \U0001f600.wav", "Grüße, 世界 \U0001f600.wav"),
        ("caf\udce9 \x1b[31m\n.wav", r"caf\xe9 \x1b[31m\n.wav"),
        ("a\u202eb\x9b\U000e0041", r"a\u202eb\x9b\U000e0041"),
        ("\ud800", r"\ud800"),
        ("می\u200cخواهم.wav", "می\u200cخواهم.wav"),
    ],
)
def test_names_show_the_bytes_that_could_steer_a_terminal(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@given(st.text(st.characters()))
def test_a_shown_name_is_a_printable_text(text: str) -> None:
    assert printable(shown_name(text)) == shown_name(text)


@given(st.text())
def test_json_says_the_same_and_nothing_that_steers(text: str) -> None:
    line = printable_json({"text": text})
    assert json.loads(line) == {"text": text}
    assert all(character.isprintable() or character in "\u200c\u200d" for character in line)


def test_json_keeps_its_lines_and_all_scripts() -> None:
    assert printable_json({"a": "世界\x9b"}, indent=2) == '{\n  "a": "世界\\u009b"\n}'


def test_examples_run() -> None:
    result = doctest.testmod(importlib.import_module("speechzip.pipeline.console.display"))
    assert (result.attempted > 0, result.failed) == (True, 0)

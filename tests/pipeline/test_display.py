from __future__ import annotations

import doctest
import importlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from speechzip.pipeline import printable, printable_json


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


@given(st.text())
def test_json_says_the_same_and_nothing_that_steers(text: str) -> None:
    line = printable_json({"text": text})
    assert json.loads(line) == {"text": text}
    assert all(character.isprintable() or character in "\u200c\u200d" for character in line)


def test_json_keeps_its_lines_and_all_scripts() -> None:
    assert printable_json({"a": "世界\x9b"}, indent=2) == '{\n  "a": "世界\\u009b"\n}'


def test_examples_run() -> None:
    result = doctest.testmod(importlib.import_module("speechzip.pipeline.display"))
    assert (result.attempted > 0, result.failed) == (True, 0)

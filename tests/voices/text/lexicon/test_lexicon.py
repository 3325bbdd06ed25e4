from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from speechzip.voices.text.lexicon.arpabet import INVENTORY, PHONES
from speechzip.voices.text.lexicon.lexicon import is_common, pronunciation
from speechzip.voices.text.lexicon.unknown import decode, guess


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("hello", "HH AX0 L OW1"),
        ("'bout", "B AW1 T"),  # the first word of the dictionary
        ("zywicki", "Z IH0 W IH1 K IY0"),  # nearly the last
        ("al-qaeda", "AA2 L K AY1 D AA0"),
        ("button", "B AH1 T AX0 N"),
        ("bird", "B ER1 D"),
    ],
)
def test_words_are_found(word: str, phones: str) -> None:
    assert pronunciation(word) == tuple(phones.split())


@pytest.mark.parametrize("word", ["", "!", "~", "zzzz", "blorbing", "HELLO", "naïve", "\x00", "a" * 1000])
def test_what_is_no_word_of_the_dictionary_is_not_found(word: str) -> None:
    assert pronunciation(word) is None
    assert not is_common(word)


@pytest.mark.parametrize("word", "blorbing kubernetes wojciechowski anthropic fiorentina llanfair zyxwv hmmph".split())
def test_an_unknown_word_has_one_primary_stress(word: str) -> None:
    assert sum(phone.endswith("1") for phone in guess(word)) == 1


def test_an_unknown_name() -> None:
    assert " ".join(guess("wojciechowski")) == "W OY2 CH K AO1 F S K IY0"  # "oy" and "ow" had a primary stress each


def test_the_best_word_is_not_the_best_phone_of_each_slot() -> None:
    # Both slots say a blank most, but P in one of the two is more probable than no P at all: 0.64 against 0.36.
    scores = np.full((2, len(PHONES) + 1), -30.0, np.float32)
    scores[:, PHONES.index("P")], scores[:, -1] = np.log(0.4), np.log(0.6)
    assert decode(scores) == ("P",)


def test_names_are_not_common() -> None:
    assert is_common("hello")
    assert is_common("smart")
    assert not is_common("zywicki")


def test_every_phone_is_of_the_inventory() -> None:
    assert {phone.rstrip("012") for phone in PHONES} < set(INVENTORY)
    assert len(PHONES) == len(set(PHONES)) == 72


def test_nothing_is_unpacked_before_it_is_needed() -> None:
    code = (
        "import speechzip.voices.text.lexicon.lexicon as lexicon; assert lexicon._file.cache_info().misses == 0;"
        "lexicon.pronunciation('hello'); assert lexicon._block.cache_info().misses == 1"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

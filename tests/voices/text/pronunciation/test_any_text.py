from __future__ import annotations

import csv
import itertools
import lzma
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.voices.text.lexicon.arpabet import INVENTORY, PAUSES, VOWELS
from speechzip.voices.text.pronunciation.pronunciation import pronounced

SHARED = Path(__file__).parents[4].parent / "shared"


def check(text: str) -> None:
    """Assert the properties of the phones of any text."""
    groups = pronounced(text)
    phones = [phone for group in groups for phone in group.phones]
    assert {phone.symbol for phone in phones} <= set(INVENTORY)
    assert all(phone.symbol in VOWELS for phone in phones if phone.stress)
    assert not any(first.is_pause and second.is_pause for first, second in itertools.pairwise(groups))
    assert not any(group.is_pause for group in groups[:1])
    assert all(group.text and group.phones for group in groups)
    assert all((group.phones[0].symbol in PAUSES) == group.is_pause for group in groups)


def test_inventory_is_what_weights_were_trained_with() -> None:
    assert " ".join(INVENTORY) == (
        ", ; : — … . ? ! IY IH EH AE AA AO UH UW AH ER AX EY AY OY AW OW "
        "P B T D K G CH JH F V TH DH S Z SH ZH HH M N NG L R W Y"
    )


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        (
            "It would have to be the end of the world.",
            ["It", "would", "have", "to", "be", "the", "end", "of", "the", "world", "."],
        ),
        ("THat's crazy", ["THat's", "crazy"]),
        ("I met McDonald", ["I", "met", "Mc", "Donald"]),
        ("well-known -- isn't it?", ["well-known", "—", "isn't", "it", "?"]),
        ("$5", ["five", "dollars"]),
    ],
)
def test_groups_are_words(text: str, groups: list[str]) -> None:
    assert [group.text for group in pronounced(text)] == groups


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.text(max_size=80), st.text("aeiouthbfn IVA1'-,.", max_size=80)))
def test_any_text(text: str) -> None:
    check(text)


@settings(deadline=None, max_examples=10)
@given(st.text("abeiou .", min_size=1, max_size=5), st.integers(1000, 3000))
def test_long_text(text: str, times: int) -> None:
    check(text * (times // len(text)))


@pytest.mark.corpus
@pytest.mark.parametrize("manifest", ["voicedata", "evalset"])
def test_all_that_the_voices_are_trained_and_measured_on(manifest: str) -> None:
    path = SHARED / manifest / "manifest.csv"
    if not path.exists():
        pytest.skip(f"no {path}")
    with path.open(encoding="utf-8") as rows:
        for row in list(csv.DictReader(rows))[:: 10 if manifest == "voicedata" else 1]:
            check(row["transcript"])


@pytest.mark.corpus
def test_conversations() -> None:
    path = SHARED / "text" / "train.txt.xz"
    if not path.exists():
        pytest.skip(f"no {path}")
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in itertools.islice(lines, 0, 20_000, 40):
            check(line)

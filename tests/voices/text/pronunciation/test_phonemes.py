from __future__ import annotations

import csv
import itertools
import lzma
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.voices.text.lexicon.arpabet import PAUSES
from speechzip.voices.text.pronunciation.phonemes import INVENTORY, VOWELS, WORD_BOUNDARY, phoneme_groups, phonemes
from speechzip.voices.text.pronunciation.phones import Phone

SHARED = Path(__file__).parents[4].parent / "shared"


def ipa(phones: tuple[Phone, ...]) -> str:
    return "".join(("", "ˈ", "ˌ")[phone.stress] + phone.symbol for phone in phones)


def check(text: str) -> None:
    """Assert the properties of the phones of any text."""
    phones = phonemes(text)
    groups = phoneme_groups(text)
    assert {phone.symbol for phone in phones} <= set(INVENTORY)
    assert all(phone.symbol in VOWELS for phone in phones if phone.stress)
    breaks = [phone.symbol in (*PAUSES, WORD_BOUNDARY) for phone in phones]
    assert not any(first and second for first, second in itertools.pairwise(breaks))
    assert breaks[:1] != [True]
    assert [phone for phone in phones if phone.symbol != WORD_BOUNDARY] == [
        phone for group in groups for phone in group.phones
    ]
    assert all(group.text and group.phones for group in groups)


def test_inventory_is_what_weights_were_trained_with() -> None:
    assert INVENTORY[:57] == (
        " ", ",", ";", ":", "—", "…", ".", "?", "!",
        "iː", "i", "ɪ", "ᵻ", "eɪ", "ɛ", "æ", "ɑː", "ɔː", "ɔ", "oʊ", "ʊ", "uː", "ʌ", "ə", "ɐ", "ɜː", "ɚ",
        "aɪ", "aʊ", "ɔɪ", "n̩",
        "p", "b", "t", "d", "k", "ɡ", "tʃ", "dʒ", "f", "v", "θ", "ð", "s", "z", "ʃ", "ʒ", "h", "m", "n", "ŋ",
        "l", "ɹ", "w", "j", "ɾ", "ʔ",
    )  # fmt: skip
    assert len(set(INVENTORY)) == len(INVENTORY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""),
        ("🙂", ""),
        ("Hello, world!", "həlˈoʊ,wˈɜːld!"),
        ("church judge", "tʃˈɜːtʃ dʒˈʌdʒ"),
        ("fire, hard", "fˈaɪɚ,hˈɑːɹd"),
        ("little button", "lˈɪɾəl bˈʌʔn̩"),
        ("matter, wanted churches", "mˈæɾɚ,wˈɔːntᵻd tʃˈɜːtʃᵻz"),
        ("The end of the world", "ði ˈɛnd əv ðə wˈɜːld"),
        ("THE END OF THE WORLD", "ði ˈɛnd əv ðə wˈɜːld"),
        ("Plan A is it: a plan", "plˈæn ˈeɪ ɪz ɪt:ɐ plˈæn"),
        ("the F.B.I.", "ði ˌɛfbˌiːˈaɪ."),
        ("at 5 p.m.", "æt fˈaɪv pˌiːˈɛm."),
        ("No... (well) maybe — yes", "nˈoʊ…wˈɛl,mˈeɪbi—jˈɛs"),
        ("loch", "lˈɑːk"),
    ],
)
def test_pronunciation(text: str, said: str) -> None:
    assert ipa(phonemes(text)) == said


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
    assert [group.text for group in phoneme_groups(text)] == groups


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

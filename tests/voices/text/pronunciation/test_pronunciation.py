from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.voices.text.lexicon.arpabet import INVENTORY, PAUSES, VOWELS
from speechzip.voices.text.lexicon.unknown import LONGEST, guess
from speechzip.voices.text.pronunciation.phones import Phone
from speechzip.voices.text.pronunciation.pronunciation import pronounced, word_phones

LINES = (Path(__file__).parent / "homographs.tsv").read_text("utf-8").splitlines()
HOMOGRAPHS = [tuple(line.split("\t")) for line in LINES if not line.startswith("#")]


def said(phones: tuple[Phone, ...]) -> str:
    return " ".join(f"{phone.symbol}{phone.stress}" if phone.symbol in VOWELS else phone.symbol for phone in phones)


@pytest.mark.parametrize(("sentence", "word", "phones"), HOMOGRAPHS)
def test_homographs_are_told_apart(sentence: str, word: str, phones: str) -> None:
    groups = [group for group in pronounced(sentence) if group.text.lower() == word]
    assert said(groups[-1].phones) == phones


@pytest.mark.parametrize(
    ("text", "phones"),
    [
        ("", ""),
        ("🙂", ""),
        ("Hello, world!", "HH AX0 L OW1 , W ER1 L D !"),
        # Before a vowel, and before a consonant.
        ("Hmm-hmm, wow, don't!", "M HH M , W AW1 , D OW1 N T !"),
        ("the end, the start", "DH IY0 EH1 N D , DH AX0 S T AA1 R T"),
        ("to eat to go", "T UH0 IY1 T T AX0 G OW1"),
        # Fuller where a breath ends.
        ("What is it for? For me.", "W AH2 T IH0 Z IH0 T F AO2 R ? F AO0 R M IY2 ."),
        ("I am. I am here.", "AY2 AE1 M . AY2 AE0 M HH IY1 R ."),
        # The letter and the article.
        ("Plan A is a plan", "P L AE1 N EY1 IH0 Z AX0 P L AE1 N"),
        ("contact us in the US", "K AA1 N T AE2 K T AH2 S IH0 N DH AX0 Y UW2 EH1 S"),
    ],
)
def test_words_in_context(text: str, phones: str) -> None:
    assert " ".join(said(group.phones) for group in pronounced(text)) == phones


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        # Possessives and plurals, voiced, voiceless and hissing.
        ("dog's", "D AO1 G Z"), ("cat's", "K AE1 T S"), ("witch's", "W IH1 CH IH0 Z"), ("O'Neill's", "OW0 N IY1 L Z"),
        ("dogs'", "D AO1 G Z"), ("smartphones", "S M AA1 R T F OW2 N Z"), ("podcasts", "P AO1 D K AE2 S T S"),
        # What other synthesizers were reported to say wrongly.
        ("arithmetic", "AX0 R IH1 TH M AX0 T IH2 K"), ("midair", "M IH2 D EH1 R"), ("tales", "T EY1 L Z"),
        ("GIF", "G IH1 F"), ("Kubernetes", "K UW2 B ER0 N EH1 T IY0 Z"), ("metadata", "M EH1 T AX0 D EY2 T AX0"),
        # Endings.
        ("googled", "G UW1 G AX0 L D"), ("emailed", "IY0 M EY1 L D"), ("unfriended", "AH2 N F R EH1 N D IH0 D"),
        # Letter by letter.
        ("F-B-I", "EH2 F B IY2 AY1"), ("GPU", "JH IY2 P IY2 Y UW1"), ("PCs", "P IY2 S IY1 Z"),
        ("GPU's", "JH IY2 P IY2 Y UW1 Z"),
        # Acronyms that are words, and shouting.
        ("NASA", "N AE1 S AX0"), ("STOP", "S T AA1 P"),
        # Compounds, hyphens and accents.
        ("smartwatch", "S M AA1 R T W AA2 CH"), ("well-known", "W EH1 L N OW1 N"), ("café", "K AX0 F EY1"),
    ],
)  # fmt: skip
def test_words_are_built_from_what_the_dictionary_has(word: str, phones: str) -> None:
    assert " ".join(word_phones(word)) == phones


@settings(deadline=None, max_examples=100)
@given(st.one_of(st.text(max_size=80), st.text("aeiouthbfn IVA1'-,.", max_size=80)))
def test_any_text_becomes_phones_of_the_inventory(text: str) -> None:
    groups = pronounced(text)
    assert all(group.text and group.phones for group in groups)
    assert {phone.symbol for group in groups for phone in group.phones} <= set(INVENTORY)
    assert all(phone.symbol in VOWELS for group in groups for phone in group.phones if phone.stress)
    assert all(len(group.phones) == 1 for group in groups if group.is_pause)
    assert not groups or groups[0].phones[0].symbol not in PAUSES


@pytest.mark.parametrize(
    ("word", "phones"),
    [("blorbing", "B L AO1 R B IH0 NG"), ("", ""), ("!", "")],
)
def test_words_of_no_dictionary_are_read_by_their_letters(word: str, phones: str) -> None:
    assert " ".join(guess(word)) == phones


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=60))
def test_any_word_has_no_more_phones_than_twice_its_letters(word: str) -> None:
    assert len(guess(word)) <= 2 * min(len(word), LONGEST)

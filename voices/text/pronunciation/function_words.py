"""Function words: hardly stressed inside of a sentence, with their pronunciation there.

Those with secondary stress keep their vowel. At the end of a breath they are fuller: "What is it for?"
"""

from __future__ import annotations

WEAK = {
    "a": "AX0", "an": "AX0 N", "of": "AX0 V", "and": "AE0 N D", "it": "IH0 T", "is": "IH0 Z", "in": "IH0 N",
    "have": "HH AE0 V", "was": "W AX0 Z", "so": "S OW2", "for": "F AO0 R", "but": "B AH2 T", "are": "AA0 R",
    "be": "B IY0", "they": "DH EY0", "he": "HH IY0", "what": "W AH2 T", "on": "AA2 N", "this": "DH IH0 S",
    "not": "N AA2 T", "with": "W IH0 DH", "as": "AE0 Z", "my": "M AY0", "there": "DH EH0 R", "can": "K AE0 N",
    "will": "W IH0 L", "would": "W UH0 D", "at": "AE0 T", "if": "IH0 F", "some": "S AH2 M", "his": "HH IH0 Z",
    "your": "Y UH0 R", "when": "W EH2 N", "or": "AO0 R", "had": "HH AE0 D", "how": "HH AW2", "has": "HH AE0 Z",
    "our": "AW2 ER0", "up": "AH2 P", "were": "W ER0", "from": "F R AX0 M", "me": "M IY2", "them": "DH EH2 M",
    "her": "HH ER0", "could": "K UH0 D", "by": "B AY0", "been": "B IH0 N", "him": "HH IH2 M", "she": "SH IY0",
    "should": "SH UH2 D", "who": "HH UW2", "their": "DH EH0 R", "which": "W IH2 CH", "where": "W EH2 R",
    "those": "DH OW0 Z", "am": "AE0 M", "i": "AY2", "you": "Y UW0", "we": "W IY0", "us": "AH2 S",
    "than": "DH AX0 N", "its": "IH0 T S", "these": "DH IY0 Z", "down": "D AW2 N", "why": "W AY2",
    "though": "DH OW2", "might": "M AY2 T", "must": "M AH2 S T", "while": "W AY2 L", "shall": "SH AE0 L",
    "that": "DH AE0 T", "just": "JH AX2 S T", "because": "B IH0 K AH1 Z", "i'm": "AY2 M", "i've": "AY2 V",
    "i'll": "AY2 L", "i'd": "AY2 D", "you're": "Y UH0 R", "you've": "Y UW0 V", "you'll": "Y UW0 L",
    "you'd": "Y UW0 D", "he's": "HH IY0 Z", "he'll": "HH IY0 L", "he'd": "HH IY0 D", "she's": "SH IY0 Z",
    "she'll": "SH IY0 L", "she'd": "SH IY0 D", "it's": "IH0 T S", "it'll": "IH0 T AX0 L", "we're": "W IH0 R",
    "we've": "W IY0 V", "we'll": "W IY0 L", "we'd": "W IY0 D", "they're": "DH EH0 R", "they've": "DH EY0 V",
    "they'll": "DH EY0 L", "they'd": "DH EY0 D", "there's": "DH EH0 R Z", "what's": "W AH2 T S",
    "that'll": "DH AE2 T AX0 L", "that'd": "DH AE2 T AX0 D", "who's": "HH UW2 Z", "where's": "W EH2 R Z",
    "how's": "HH AW2 Z",
}  # fmt: skip
"""Word -> its phones inside of a sentence."""

AT_END = {
    "a": "EY1", "in": "IH1 N", "be": "B IY1", "have": "HH AE1 V", "has": "HH AE1 Z", "had": "HH AE1 D",
    "can": "K AE1 N", "will": "W IH1 L", "would": "W UH1 D", "could": "K UH1 D", "should": "SH UH1 D",
    "must": "M AH1 S T", "might": "M AY1 T", "shall": "SH AE1 L", "am": "AE1 M", "are": "AA1 R", "is": "IH1 Z",
    "was": "W AH1 Z", "were": "W ER1", "that": "DH AE1 T", "this": "DH IH1 S", "these": "DH IY1 Z",
    "those": "DH OW1 Z", "there": "DH EH1 R", "of": "AH2 V", "to": "T UW2", "for": "F AO2 R", "from": "F R AH2 M",
    "with": "W IH2 DH", "at": "AE2 T", "on": "AA1 N", "by": "B AY2", "up": "AH1 P", "down": "D AW1 N", "so": "S OW1",
    "not": "N AA1 T", "what": "W AH1 T", "who": "HH UW1", "where": "W EH1 R", "when": "W EH1 N", "why": "W AY1",
    "how": "HH AW1", "been": "B IH1 N", "i": "AY1", "some": "S AH1 M",
}  # fmt: skip
"""The same at the end of a breath, or for a word alone."""

THE_BEFORE_VOWEL, THE = ("DH", "IY0"), ("DH", "AX0")
TO_BEFORE_VOWEL, TO = ("T", "UH0"), ("T", "AX0")
A_LETTER = ("EY1",)
POINTED_AT = frozenset(
    "is was isn't wasn't would will won't makes made means sounds looks seems depends one way".split()
)
"""Words after "that" as a pronoun: "That is why"."""

LETTERS = {
    "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY", "h": "EY CH", "i": "AY",
    "j": "JH EY", "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N", "o": "OW", "p": "P IY", "q": "K Y UW",
    "r": "AA R", "s": "EH S", "t": "T IY", "u": "Y UW", "v": "V IY", "w": "D AH B AX0 L Y UW", "x": "EH K S",
    "y": "W AY", "z": "Z IY",
}  # fmt: skip
"""The names of letters; the speller sets the stress of their vowels."""

"""Informal writing: drawn-out words, murmurs, laughter, short forms of chat, pairs with a slash."""

from __future__ import annotations

import re
from re import Match

from ..lexicon.lexicon import is_common
from .patterns import I, any_of, rule

CHAT = {
    "btw": "by the way", "thx": "thanks", "pls": "please", "plz": "please", "idk": "I don't know",
    "tbh": "to be honest", "imo": "in my opinion", "imho": "in my humble opinion", "brb": "be right back",
    "omw": "on my way",
    "ttyl": "talk to you later", "nvm": "never mind", "jk": "just kidding", "afaik": "as far as I know",
    "ppl": "people", "msg": "message", "tmrw": "tomorrow", "bday": "birthday", "lol": "L-O-L", "o.k.": "okay",
}  # fmt: skip
PAIRS = (
    "yes/no he/she she/he his/her her/his him/her true/false win/lose boy/girl boys/girls men/women man/woman "
    "mother/father mom/dad pass/fail hot/cold left/right up/down day/night on/off in/out"
).split()
"""Pairs of words with a slash that means "or"."""


def _drawn_out(found: Match[str]) -> str:
    """Return "So" for "Soooo", "good" for "goooood", "Hmm" for "Hmmmm"."""
    word = found[0]
    if word[1:] != word[1:].lower() or word == "www" or re.fullmatch("[vx]{0,3}iii", word):  # AAA, III, viii
        return word
    if re.fullmatch("o{2,20}h{1,20}", word, I):
        return f"{word[0]}oh"
    twice = re.sub(r"(?i)([a-z])\1{2,40}", lambda run: run[0][:2], word)
    once = re.sub(r"(?i)([a-z])\1{2,40}", lambda run: run[0][:1], word)
    voiceless = not re.search("[aeiouy]", word, I)
    return twice if is_common(twice.lower()) or voiceless or not is_common(once.lower()) else once


def _laughter(found: Match[str]) -> str:
    syllable = found[1]
    return " ".join([syllable, *[syllable.lower()] * (len(found[0]) // 2 - 1)])


TALK = (
    rule(r"\b[Mm]{1,9}[- ]?[Hh][Mm]{1,9}\b(?!-)", lambda found: "Hmm-hmm" if found[0][0] == "M" else "hmm-hmm"),
    rule(r"\b([Hh][aeoi])(?:\1|h[aeoi]){1,20}h?\b", _laughter),
    rule(r"\b(?=[a-z]{0,20}?([a-z])\1\1)[a-z]{3,40}\b", _drawn_out, I),
    rule(r"\b([Ss])h{2,20}\b", r"\1hush"),
    rule(rf"(?<![\w.'@#/-])({any_of(CHAT)})(?![\w@/-])", lambda found: CHAT[found[0].lower()], I),
    rule(r"\s?(?<![\w'])'n'(?!\w)\s?|(?<=[a-z])'n'(?=[a-z])", " and "),
    rule(rf"\b({any_of(PAIRS)})\b(?!/)", lambda found: found[0].replace("/", " or "), I),
)

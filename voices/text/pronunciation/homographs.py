"""Homographs: words with one spelling and two pronunciations, chosen by their context.

There is no tagger: the neighboring words distinguish noun and verb well enough, and a few words have rules of their
own. The tests measure the accuracy on sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Literal

Kind = Literal["noun", "verb"]

_BEFORE_VERB = frozenset(
    "to i you we they who he she will would can could should must may might shall do does did don't "
    "didn't doesn't won't "
    "can't couldn't wouldn't shouldn't cannot let's i'll you'll we'll they'll he'll she'll it'll i'd you'd we'd they'd "
    "please never always also just not really often usually gonna wanna help let then".split()
)
_BEFORE_NOUN = frozenset(
    "a an the this that these those my your his her its our their no some any every each another one two three four "
    "of in on at for with by from about into without between under over new old good bad great big small first last "
    "next same other own whose what which more most much many few several all both little long short high low hot cold "
    "dry true false strong main only was is are were has have had been being be very public private family personal "
    "world track police medical criminal final full whole single daily free home".split()
)
_AFTER_VERB = frozenset(
    "the a an my your his her its our their this that these those it them him us me you yourself "
    "himself everyone everything "
    "something anything all any some more what how whether to against".split()
)
_DETERMINERS = frozenset(
    "a an the my your his her its our their this that these those no some any every each of".split()
)
_MODALS = frozenset(
    "to will would can could should must may might shall do does did don't didn't doesn't won't can't couldn't "
    "wouldn't shouldn't cannot let's i'll you'll we'll they'll he'll she'll i'd you'd we'd they'd "
    "please gonna wanna".split()
)
_HAVE = frozenset(
    "have has had having i've you've we've they've he's she's was were is are be been being get got i'd".split()
)
_NO_PLURALS = frozenset("always perhaps besides sales sports news goods yes unless across toward times".split())
_PAST_TIMES = frozenset("yesterday ago last once already earlier recently morning night week year".split())


def kind(words: Sequence[str], place: int) -> Kind:
    """Return whether the word at `place` of `words`, all in lower case, is a noun (or an adjective) or a verb."""
    before = words[place - 1] if place else ""
    after = words[place + 1] if place + 1 < len(words) else ""
    if before in _MODALS or (before in ("not", "never", "always", "also", "really", "just") and place > 1):
        earlier = words[place - 2] if place > 1 else ""
        if before == "to" and earlier in ("due", "addition", "contrast", "according") and after not in _AFTER_VERB:
            return "noun"
        return "verb"
    if before in _BEFORE_NOUN or before.endswith("'s"):
        return "noun"
    if before in _BEFORE_VERB:
        return "verb"
    if after in _AFTER_VERB or (_is_plural(before) and after not in ("is", "was", "has", "of")):
        return "verb"
    return "noun"


def _is_plural(word: str) -> bool:
    return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "'s")) and word not in _NO_PLURALS


def _near(words: Sequence[str], place: int, before: str = "", after: str = "") -> bool:
    """Tell whether one of the words `before` directly precedes `place`, or one of `after` directly follows."""
    return (place > 0 and words[place - 1] in before.split()) or (
        place + 1 < len(words) and words[place + 1] in after.split()
    )


def _read(words: Sequence[str], place: int) -> str:
    before = set(words[max(place - 3, 0) : place])
    nearest = words[place - 1] if place else ""
    if nearest in _MODALS or {"to", "will", "can", "could", "should", "would", "did", "didn't", "must"} & set(
        words[max(place - 2, 0) : place]
    ):
        return "R IY1 D"
    if before & _HAVE:
        return "R EH1 D"
    if set(words) & {"always", "usually", "often", "every", "sometimes", "tomorrow", "never"}:
        return "R IY1 D"
    if set(words) & _PAST_TIMES or nearest in ("he", "she", "it", "who", "everyone", "everybody", "nobody", "just"):
        return "R EH1 D"
    if nearest in _DETERMINERS or nearest in (
        "",
        "i",
        "you",
        "we",
        "they",
        "and",
        "please",
        "so",
        "good",
        "don't",
        "then",
        "also",
        "or",
    ):
        return "R IY1 D"
    return "R EH1 D"


def _live(words: Sequence[str], place: int) -> str:
    after = (
        "music show shows concert broadcast stream streaming wire tv television audience performance band "
        "coverage event"
    )
    after += "action animals chat version feed recording session album video bait ammunition on-air from"
    before = (
        "a the broadcast streamed streaming going go goes went perform performed watch watched seen play "
        "played is are were very this our your"
    )
    return "L AY1 V" if _near(words, place, before, after) else "L IH1 V"


def _lives(words: Sequence[str], place: int) -> str:
    before = (
        "our their my your his her people's peoples of save saved saving lost nine many all whose past "
        "the real two save the lose daily everyday private personal human other's others"
    )
    return "L AY1 V Z" if _near(words, place, before) else "L IH1 V Z"


def _lead(words: Sequence[str], place: int) -> str:
    before = "of contains contained contain molten like for no in containing with"
    after = (
        "pipe pipes paint poisoning acid bullet bullets crystal free weight weights shielding levels "
        "exposure dust pencil ore mine mines in"
    )
    metal = _near(words, place, "contains contained contain molten containing") or _near(words, place, after=after)
    return (
        "L EH1 D"
        if metal or (_near(words, place, before) and not _near(words, place, after="the to us me role singer them up"))
        else "L IY1 D"
    )


def _wind(words: Sequence[str], place: int) -> str:
    after = "up down back the it your that this through around along"
    verb = kind(words, place) == "verb" and (
        _near(words, place, after=after) or _near(words, place, before="to will would can don't")
    )
    return "W AY1 N D" if verb and not _near(words, place, after="blew blows blowing was is") else "W IH1 N D"


def _close(words: Sequence[str], place: int) -> str:
    if _near(
        words,
        place,
        before=(
            "so too very how that pretty is are was were be been get got getting came come comes stay "
            "stayed really as quite this sit stand standing keep kept hold extremely fairly uncomfortably "
            "it's that's we're they're"
        ),
    ):
        return "K L OW1 S"
    if _near(
        words,
        place,
        after=(
            "to by enough call calls friend friends family together relationship range up proximity "
            "contact attention second race game look ones"
        ),
    ):
        if words[place - 1 : place] in (["to"], ["will"], ["can"], ["the"]) and _near(words, place, after="to up"):
            return "K L OW1 Z"
        return "K L OW1 S"
    return "K L OW1 S" if _near(words, place, before="a my her his our their") else "K L OW1 Z"


def _tear(words: Sequence[str], place: int) -> str:
    if {"eye", "eyes", "cheek", "cry", "cried", "sad"} & set(words):
        return "T IH1 R"
    if kind(words, place) == "verb" or _near(words, place, before="and", after="in it up down apart off out through"):
        return "T EH1 R"
    return "T IH1 R"


def _tears(words: Sequence[str], place: int) -> str:
    return (
        "T EH1 R Z"
        if _near(words, place, before="he she it that which", after="down apart up through it off the")
        else "T IH1 R Z"
    )


def _bow(words: Sequence[str], place: int) -> str:
    if kind(words, place) == "verb" or _near(words, place, after="down before out"):
        return "B AW1"
    earlier = " ".join(words[max(place - 3, 0) : place])
    ship = set(words) & {"ship", "boat", "stern", "deck", "sank"}
    return "B AW1" if ("take a" in earlier or "took a" in earlier or "final" in earlier or ship) else "B OW1"


def _bass(words: Sequence[str], place: int) -> str:
    fish = set(words) & {"fish", "fishing", "lake", "river", "pond", "boat", "grilled", "fillet", "caught", "catch"}
    return "B AE1 S" if fish or _near(words, place, before="largemouth smallmouth sea striped") else "B EY1 S"


def _minute(words: Sequence[str], place: int) -> str:
    tiny = "amount amounts detail details quantities quantity differences difference particles traces changes"
    return "M AY0 N UW1 T" if _near(words, place, before="very so most extremely", after=tiny) else "M IH1 N AX0 T"


def _content(words: Sequence[str], place: int) -> str:
    feeling = (
        "is was are were am i'm feel felt feels very be been seem seems not perfectly quite more he's "
        "she's we're they're"
    )
    return (
        "K AX0 N T EH1 N T"
        if _near(words, place, feeling, "with to") and not _near(words, place, before="the of this that")
        else "K AA1 N T EH0 N T"
    )


def _wound(words: Sequence[str], place: int) -> str:
    return "W AW1 N D" if _near(words, place, after="up down around tight tightly back through") else "W UW1 N D"


def _dove(words: Sequence[str], place: int) -> str:
    return (
        "D OW1 V"
        if _near(words, place, before="he she i we they", after="in into off down under right straight deep")
        else "D AH1 V"
    )


def _used(words: Sequence[str], place: int) -> str:
    before_to = _near(words, place, after="to")
    passive = _near(words, place, before="is are was were be been being it's often commonly widely")
    person = _near(words, place, before="get got getting i'm we're you're they're become")
    return "Y UW1 S T" if before_to and (person or not passive) else "Y UW1 Z D"


def _refuse(words: Sequence[str], place: int) -> str:
    noun = _near(words, place, before="the household", after="collection bin bins truck dump sacks")
    return "R EH1 F Y UW0 S" if noun and kind(words, place) == "noun" else "R AX0 F Y UW1 Z"


def _resume(words: Sequence[str], place: int) -> str:
    return (
        "R EH1 Z AX0 M EY2"
        if _near(words, place, before="my your his her a the their updated impressive attached resume")
        else "R IH0 Z UW1 M"
    )


_BY_SIGNS: dict[str, Callable[[Sequence[str], int], str]] = {
    "read": _read, "live": _live, "lives": _lives, "lead": _lead, "wind": _wind, "close": _close, "tear": _tear,
    "tears": _tears, "bow": _bow, "bass": _bass, "minute": _minute, "content": _content, "wound": _wound, "dove": _dove,
    "used": _used, "refuse": _refuse, "resume": _resume,
}  # fmt: skip
"""Homographs with rules of their own."""


def homograph(words: Sequence[str], place: int) -> tuple[str, ...] | None:
    """Return the pronunciation of the word at `place` of a clause, all in lower case; None if it has only one.

    Example:
        >>> homograph("i will record a record".split(), 2), homograph("i will record a record".split(), 4)
        (('R', 'IH0', 'K', 'AO1', 'R', 'D'), ('R', 'EH1', 'K', 'ER0', 'D'))
    """
    word = words[place]
    if word in _BY_SIGNS:
        return tuple(_BY_SIGNS[word](words, place).split())
    pair = _pairs().get(word)
    return tuple(pair[kind(words, place) == "verb"].split()) if pair else None


@lru_cache(maxsize=1)
def _pairs() -> dict[str, tuple[str, str]]:
    """Return word -> its pronunciations as a noun and as a verb."""
    lines = (files("speechzip.voices.text") / "data" / "homographs.tsv").read_text("utf-8").splitlines()
    entries = (line.split("\t") for line in lines if not line.startswith("#"))
    return {word: (noun, verb) for word, noun, verb in entries}

"""Numbers that no other rules read: ordinals, fractions, scores, sums, versions, ranges, and digits among letters."""

from __future__ import annotations

from re import Match

from .clock import pair
from .numerals import DIGITS, bare_number, cardinal, decimal, each_digit, ordinal
from .patterns import FREE, NUMBER, I, letters, rule


def _fraction(found: Match[str]) -> str:
    """Return 3/4 as "three quarters", 1 1/2 as "one and a half", but 24/7 as "twenty-four seven"."""
    whole, above, below = found[1], int(found[2]), int(found[3])
    if not (0 < above < below and (below <= 10 or below in (12, 16, 20, 32, 64, 100)) and found[0] != "9/11"):
        return f"{cardinal(whole) + ' ' if whole else ''}{cardinal(found[2])} {cardinal(found[3])}"
    one = {2: "half", 4: "quarter"}.get(below, ordinal(str(below)))
    many = "halves" if below == 2 else f"{one}s"
    part = f"{cardinal(found[2])} {one if above == 1 else many}"
    if not whole:
        return part
    return f"{cardinal(whole)} and {'a half' if below == 2 else part}"


def _pressure(found: Match[str]) -> str:
    """Return "one twenty over eighty" for 120/80, a blood pressure."""
    above, below = int(found[1]), int(found[2])
    if not (80 <= above <= 220 and 40 <= below <= 130 and below < above):
        return found[0]
    return f"{pair(found[1])} over {pair(found[2])}"


def _out_of(found: Match[str]) -> str:
    return f"{decimal(found[1])} out of {cardinal(found[2])}"


def _dotted(found: Match[str]) -> str:
    groups = found[0].split(".")
    if len(groups) == 4 and all(int(group) < 256 for group in groups):  # an address on the internet
        return " dot ".join(each_digit(group) if len(group) == 3 else cardinal(group) for group in groups)
    return " point ".join(map(cardinal, groups))


def _range(found: Match[str]) -> str:
    return f"{bare_number(found[1])} to {bare_number(found[2])}"


def _spell(found: Match[str]) -> str:
    """Return "M-P " for the letters of MP3; a pronounceable word stays, as in COVID-19."""
    return f"{letters(found[1])} "


_SUM = r"(?=[^=\n]{0,40}=)"
"""An equals sign follows: what stands before it is a sum."""

FIGURES = (
    rule(rf"{FREE}(\d{{1,3}}(?:,\d{{3}}){{1,4}}|\d{{1,15}})(?:st|nd|rd|th)\b", lambda found: ordinal(found[1]), I),
    # Sums. A minus sign always means minus; a hyphen does before an equals sign, or between spaces.
    rule(r"(?<=\d)\s?−\s?(?=[\d(])", " minus "),
    rule(r"(?<=[\w)])\s−\s(?=\w)", " minus "),
    rule(r"−\s?(?=\.?\d)", "minus "),
    rule(rf"(?<=\d)\s?-\s?(?=\d{{1,15}}(?:\.\d{{1,9}})?(?!\d|[-/])){_SUM}", " minus "),
    rule(r"(?<=\d) - (?=\d{1,15}(?!\d|[\w:%]))", " minus "),
    rule(rf"(?<=\d)\s?[x*×]\s?(?=\d){_SUM}|(?<=\d) × (?=\d)|(?<=\d)\s\*\s(?=\d)", " times "),
    rule(rf"(?<=\d)\s?/\s?(?=\d){_SUM}", " divided by "),
    rule(r"(?<![\w.,/])(\d{2,3})/(\d{2,3})(?![\w/])", _pressure),
    rule(rf"{FREE}(\d\.\d|10|[5-9])/(10)(?![\w/]|\.\d| of\b|\s?(?:inch|mile))", _out_of),
    rule(rf"{FREE}(\d\.\d|[0-5])/(5)(?= stars\b)|(?!)()", _out_of),
    rule(rf"{FREE}(\d{{1,3}}\.\d|5|100)/(5|100)(?![\w/]|\.\d)", _out_of),
    rule(r"(?<![\w.,/])(?:(\d{1,3}) )?(\d{1,3})/(\d{1,3})(?![\w/])", _fraction),
    rule(r"\bv(?=\d{1,4}(?:\.\d{1,4}){0,4}\b)", "version "),
    rule(r"(?<![\w.])\d{1,5}(?:\.\d{1,5}){2,5}(?!\w)", _dotted),
    rule(rf"{FREE}(?<!-)([25]0)-\1(?![\w-])", lambda found: f"{cardinal(found[1])}-{cardinal(found[1])}"),
    rule(rf"{FREE}({NUMBER})\s?[-–—]\s?({NUMBER})(?![\w-]|\.\d)", _range),
    rule(r"(?<![\w.,])(1[2-9]\d\d|[2-9]\d\d\d)\s?[x×]\s?(?=\d{3,4}\b)", lambda found: f"{pair(found[1])} by "),
    rule(rf"{FREE}({NUMBER})\s?[x×]\s?(?={NUMBER})", lambda found: decimal(found[1]) + " by "),
    rule(rf"{FREE}({NUMBER})\s?[x×](?!\w)", lambda found: decimal(found[1]) + " times"),
    rule(rf"{FREE}({NUMBER})\s?:\s?(?={NUMBER}(?![:\d]))", lambda found: decimal(found[1]) + " to "),
    rule(r"(?<=\d)e(?=\d{1,3}\b)", " E "),
    rule(r"(?<![\w.,])\.\d{1,12}(?!\d)", lambda found: decimal(found[0])),
    # Letters and digits apart: P52, COVID-19, 3-D, but 43-year-old. Two capitals before digits are spelled: MP3.
    rule(r"(?<![^\W_]|[&'])([A-Z]{2}|[B-DF-HJ-NP-TV-XZ]{3,4})-?(?=\d)", _spell),
    rule(r"(?<=[^\W\d_])-?(?=\d)|(?<=\d)-(?=[^\W\d_]{1,2}-\d|[A-Z]\b)|(?<=\d)(?=[^\W\d_])", " "),
    rule(rf"(?<![\d.]){NUMBER}", lambda found: bare_number(found[0])),
    rule(r"\d", lambda found: f" {DIGITS[int(found[0])]} "),
)  # fmt: skip

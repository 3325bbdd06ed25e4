"""Money and measures as an American reads them."""

from __future__ import annotations

from re import Match

from .abbreviations import CURRENCIES, CURRENCY_CODES, PER, SCALES, UNITS
from .clock import pair
from .numerals import cardinal, decimal, each_digit
from .patterns import DETERMINER, FREE, NUMBER, I, any_of, rule

UNITS_WITH_POINT = (
    "tbsp tsp oz lb lbs ft in yd mi hr hrs min mins sec secs yr yrs mo mos wk wks pt qt gal pkg pkgs sq".split()
)
"""Units that are often written with a period."""
NATIONS = {
    "US": "U-S ", "CA": "Canadian ", "C": "Canadian ", "A": "Australian ", "AU": "Australian ", "NZ": "New Zealand ",
    "HK": "Hong Kong ", "S": "Singapore ",
}  # fmt: skip
"""Prefixes of a dollar sign."""
_CURRENCY = "[" + "".join(CURRENCIES) + "]"
_SCALE = r"(?:\s?(thousand|million|billion|trillion|[kKMBT](?!\w)|[mb]n?(?!\w)|tn(?!\w)))"
_UNIT = any_of(UNITS)
_NATION = rf"(?:\b({any_of(NATIONS)}))?"
_LINK = (
    "in for to and of on at is was were are per from a an each more less or off by the as if with when because than "
    "every until after before down up out back worth but so that which who it he she we they you I"
)
_NOUN = rf"(?= (?!(?:{'|'.join(_LINK.split())})\b)[a-z]{{3,20}}\b)"
"""A noun after a sum or a measure: "a $20 bill"."""
_PARTS = {
    "cup",
    "tsp",
    "tbsp",
    "mile",
    "inch",
    "hour",
    "teaspoon",
    "tablespoon",
    "pound",
    "pint",
    "quart",
    "gallon",
    "ounce",
    "liter",
    "dozen",
    "acre",
    "lb",
    "oz",
}


def scale(word: str | None) -> str:
    """Return " million" for "M"."""
    return f" {SCALES[word]}" if word else ""


def _money(found: Match[str]) -> str:
    minus = "minus " if found[1] or found[4] else ""
    return minus + _amount(found[3], found[5], found[6], NATIONS.get(found[2] or "", ""))


def _money_after(found: Match[str]) -> str:
    return _amount(found[3], found[1], found[2])


def _money_range(found: Match[str]) -> str:
    first = f"{decimal(found[2])}{scale(found[3])}"
    return f"{first} to {_amount(found[1], found[4], found[5])}"


def _money_of_code(found: Match[str]) -> str:
    sign, nation = CURRENCY_CODES[found[1]]
    return _amount(sign, found[2], found[3], nation)


def _western(found: Match[str]) -> str:
    """Return "100,000" for 1,00,000, as it is written in India."""
    return f"{int(found[0].replace(',', '')):,}"


def _price_of(found: Match[str]) -> str:
    """Return "a twenty-dollar" for "a $20" before a noun."""
    number, by = found[3], found[4]
    one = CURRENCIES[found[2]][0]
    words = f"{decimal(number)}{scale(by)}"
    return f"{found[1]} {words.replace(' ', '-')}-{one}"


def _amount(sign: str, number: str, by: str | None, nation: str = "") -> str:
    one, many, small_one, small_many = CURRENCIES[sign]
    whole, _, fraction = number.partition(".")
    if len(fraction) == 1 and not by:
        fraction += "0"
    if by or len(fraction) not in (0, 2):
        return f"{decimal(number)}{scale(by)} {nation}{many}"
    words = f"{cardinal(whole)} {nation}{one if whole == '1' else many}"
    if fraction in ("", "00"):
        return words
    cents = f"{cardinal(str(int(fraction)))} {small_one if fraction == '01' else small_many}"
    return cents if whole == "0" else f"{words} and {cents}"


def _scaled(found: Match[str]) -> str:
    return decimal(found[1]) + scale(found[2] or found[3])


def _measure(found: Match[str]) -> str:
    one, many = UNITS[found[2]]
    return f"{decimal(found[1])} {one if found[1] == '1' else many}"


def _square(found: Match[str]) -> str:
    one, many = UNITS[found[2]]
    power = "square" if found[3] in (" squared", "2") else "cubic"
    return f"{decimal(found[1])} {power} {one if found[1] == '1' else many}"


def _measure_of(found: Match[str]) -> str:
    """Return "two-hour" for "2-hr"."""
    return f"{decimal(found[1])}-{UNITS[found[2]][0]}".replace(" ", "-")


def _feet(found: Match[str]) -> str:
    return f"{cardinal(found[1])} foot {cardinal(found[2])}"


def _in_feet(found: Match[str]) -> str:
    return f"{cardinal(found[1])} {'foot' if found[1] == '1' else 'feet'}"


def _part(found: Match[str]) -> str:
    """Return "half a cup" for 1/2 cup, "three quarters of a cup", "one and a half cups"."""
    whole, above, below = found[1], int(found[2]), int(found[3])
    one, many = UNITS.get(found[4], (found[4], f"{found[4]}{'es' if found[4] == 'inch' else 's'}"))
    article = "an" if one[0] in "aeiou" or one == "hour" else "a"
    name = {2: "half", 3: "third", 4: "quarter", 8: "eighth"}[below]
    if whole:
        part = "a half" if below == 2 else f"{cardinal(found[2])} {name}{'s' * (above > 1)}"
        return f"{cardinal(whole)} and {part} {many}"
    if above > 1:
        return f"{cardinal(found[2])} {name}s of {article} {one}"
    return f"half {article} {one}" if below == 2 else f"{'an' if below == 8 else 'a'} {name} {one}"


MEASURES = (
    rule(r"(?<![\w.,])\d{1,2}(?:,\d{2}){1,4},\d{3}(?![\d,])", _western),
    rule(r"(?<=\d)\s?[x×*·]\s?(?=10\^)", " times "),
    rule(r"(?<=\w)\^([23])(?!\d)", lambda found: " squared" if found[1] == "2" else " cubed"),
    rule(r"(?<=\w)\^\s?[-−](?=\d)", " to the minus "),
    rule(r"(?<=\d)\^(?=\d)", " to the "),
    rule(rf"\b({any_of(CURRENCY_CODES)}) ?({NUMBER}){_SCALE}?(?!\w)", _money_of_code),
    rule(r"(?<![\w.,])(720|1080|1440|2160|480|360)([pi])\b", lambda found: f"{pair(found[1])} {found[2].upper()}"),
    rule(r"(?<![\w.,$€£])(10{1,3})s\b", lambda found: f"{cardinal(found[1]).removeprefix('one ')}s"),
    rule(
        rf"(?:\b(?:US|CA|NZ|A|C))?({_CURRENCY})({NUMBER}){_SCALE}?\s?[-–]\s?\1?({NUMBER}){_SCALE}?", _money_range
    ),
    rule(rf"({DETERMINER}) ({_CURRENCY})({NUMBER})(?:\s(million|billion|thousand))?{_NOUN}", _price_of, I),
    rule(rf"(?:(?<![\w.,/)])([-−–]\s?))?{_NATION}({_CURRENCY})\s?([-−])?({NUMBER}){_SCALE}?", _money),
    rule(rf"{FREE}({NUMBER}){_SCALE}?\s?({_CURRENCY})(?!\d)", _money_after),
    rule(r"(?<![\w.,/])(\d{1,2})'\s?(\d{1,2})(?:\"|''|(?!\w))", _feet),
    rule(rf"(?<=\d)\s?[-–]\s?(?=\d{{1,9}}(?:\.\d{{1,9}})?\s?(?:{_UNIT})(?!\w))", " to "),
    rule(rf"(?<=\d)(\s?(?:{_UNIT}))\s?[-–]\s?(?=\d{{1,9}}(?:\.\d{{1,9}})?\1(?!\w))", r"\1 to "),
    rule(r"(?<=\d)\s?[x×]\s?(?=\d{1,6}\s?(?:ft|feet|in|m|cm|mm|inches|meters|yd)\b)", " by "),
    rule(r"(?<=ft|in|cm|mm|yd) [x×] (?=\d)", " by "),
    rule(r"(?<=\d/[248])\"(?=[\s,.;)]|$)", " inch"),
    rule(
        rf"{FREE}(?:(\d{{1,3}}) )?([1-7])/([2348])(?:-| )({any_of(_PARTS)})s?\b\.?(?= ?[a-z]|[,;!?]|$)", _part
    ),
    rule(rf"(?<=\d)\s?({any_of(UNITS_WITH_POINT)})\.(?=/|,|\s(?![A-Z]))", r" \1"),
    rule(r"(?<=\d) in(?=[.,;!?)]|$)|(?<=\bft \d) in\b|(?<=\bft \d\d) in\b", " inch"),
    rule(rf"{FREE}({NUMBER})\s?(km|mi|ft|yd|cm|mm|m|in)( squared| cubed|2|3)(?!\w)", _square),
    rule(rf"(?<![\w.,/:)-])[-–−]\s?(?=\.?{NUMBER})", "minus "),
    rule(rf"{FREE}({NUMBER})-(hr|min|sec|yr|mo|wk|mi|km|ft|lb|oz|kg|cm|mm|GB|TB|MB|MP)\.?(?= [a-z])", _measure_of),
    rule(rf"(?<=\b[Aa] )({NUMBER})\s?(m|km|cm|mm|ft|kg|lb|GB|TB|MB|W|kW|V|MP){_NOUN}", _measure_of),
    rule(rf"{FREE}({NUMBER})\s?({_UNIT})(?![\w'/])", _measure),
    rule(r"(?<=\d)\s?(KB|MB|GB|TB|kB|Mb|Gb)/s\b", lambda found: f" {UNITS[found[1]][1]} per second"),
    rule(rf"{FREE}({NUMBER})\s?({_UNIT})(?=/)", _measure),
    rule(rf"{FREE}(\d{{1,2}})\"(?=[^\"]*$)", lambda found: f"{cardinal(found[1])} inches"),
    rule(rf"{FREE}([1-9]|1\d)'(?=[.,;!?]|$| (?:tall|wide|long|deep|high)\b)", _in_feet),
    # 4K is a picture, a 5K a race, 401(k) a plan; 10K followers are thousands.
    rule(r"(?<![\w.,$])(401|403)\s?\(?([kb])\)?(?!\w)", lambda found: f"{each_digit(found[1])} {found[2].upper()}"),
    rule(rf"{FREE}([248])K(?!\w)(?! (?:people|[a-z]{{2,20}}s)\b)", lambda found: f"{cardinal(found[1])} K"),
    rule(rf"{FREE}(5|10)K(?= (?:run|race|walk|time|pace|event|course)\b)", lambda found: f"{cardinal(found[1])} K"),
    rule(rf"{FREE}({NUMBER})(?:\s(thousand|million|billion|trillion)|([kKM]))(?!\w)", _scaled),
    rule(rf"(?<=\w)/({any_of(PER)})\b", lambda found: f" per {PER[found[1]]}"),
)  # fmt: skip

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.voices.text.normalization.normalize import normalize_text

WRITTEN = "0123456789 .,:;/-–—'\"()$€£%&@#+=~<>^×½²°apmstndrdthkMGBIVXA" + "\n" + "é你👍٣"

CASES = [
    ("", ""),
    ("Nothing to change here, is there?", "Nothing to change here, is there?"),
    (
        "Dr. O'Neill at 3:45 p.m. paid $1,234.50",
        "Doctor O'Neill at three forty-five P-M paid one thousand two hundred thirty-four dollars and fifty cents",
    ),
    # Numbers.
    ("0, 7, 13, 20, 101", "zero, seven, thirteen, twenty, one hundred one"),
    ("1,000,000 and 1000000", "one million and one million"),
    ("3.14, .5, -7", "three point one four, point five, minus seven"),
    ("007 and 02139", "zero zero seven and zero two one three nine"),
    ("5551234", "five five five one two three four"),
    ("1st, 2nd, 23rd, 1,000th", "first, second, twenty-third, one thousandth"),
    ("1/2 or 3/4 of 1 1/2 cups, 2½", "one half or three quarters of one and a half cups, two and a half"),
    ("24/7 since 9/11", "twenty-four seven since nine eleven"),
    ("pages 10-12, 10–12", "pages ten to twelve, ten to twelve"),
    ("a 2:1 lead, 16:9", "a two to one lead, sixteen to nine"),
    ("4x4 at 3x", "four by four at three times"),
    ("version 1.2.3", "version one point two point three"),
    ("P52, COVID-19, 3-D, a 43-year-old", "P fifty-two, COVID nineteen, three D, a forty-three-year-old"),
    ("٣ and ５ and ①", "three and five and one"),
    ("10^5", "ten to the five"),
    # Years, dates, times.
    ("1905, 1999, 2005, 2024", "nineteen oh-five, nineteen ninety-nine, two thousand five, twenty twenty-four"),
    ("1939-1945", "nineteen thirty-nine to nineteen forty-five"),
    ("the 1990s, the '90s, the 80's", "the nineteen nineties, the nineties, the eighties"),
    ("the 2000s and the 2010s", "the two thousands and the twenty tens"),
    ("the summer of '69", "the summer of sixty-nine"),
    ("March 5, 2024", "March fifth, twenty twenty-four"),
    ("Sept. 11th", "September eleventh"),
    ("the 4th of July", "the fourth of July"),
    ("on 5 May 2020", "on the fifth of May twenty twenty"),
    ("he may 5 times", "he may five times"),
    ("3/15/2024 and 2024-03-15", "March fifteenth, twenty twenty-four and March fifteenth, twenty twenty-four"),
    ("Fri. Jan. 2", "Friday January second"),
    ("at 3:00, 15:30, 10:05", "at three o'clock, fifteen thirty, ten oh five"),
    ("10:00 a.m., 5pm, 7.30 PM", "ten A-M, five P-M, seven thirty P-M"),
    ("We left at 5 p.m. Then we ate.", "We left at five P-M. Then we ate."),
    ("5 p.m. sharp", "five P-M sharp"),
    # Money, measures, telephones.
    ("$1, $0.99, $2.01, $5", "one dollar, ninety-nine cents, two dollars and one cent, five dollars"),
    ("$5 million, $2.5bn, $5k", "five million dollars, two point five billion dollars, five thousand dollars"),
    ("€20, 5€, £3.50, ¥9, 50¢", "twenty euros, five euros, three pounds and fifty pence, nine yen, fifty cents"),
    ("$5-10, $20/hr", "five to ten dollars, twenty dollars per hour"),
    ("5% and 5-10%", "five percent and five to ten percent"),
    ("1 km, 10 km, 60 mph, 5kg", "one kilometer, ten kilometers, sixty miles per hour, five kilograms"),
    ("-5°C to 70 °F", "minus five degrees Celsius to seventy degrees Fahrenheit"),
    ("He is 6'2\" tall", "He is six foot two tall"),
    ("9.8 m/s, 5 µm, 10 m²", "nine point eight meters per second, five micrometers, ten square meters"),
    ("(555) 123-4567", "five five five, one two three, four five six seven"),
    ("+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
    ("call 555-1234", "call five five five, one two three four"),
    # Abbreviations.
    ("Mr. and Mrs. Smith, Ms. Lee, mrs. Peterson", "Mister and Missus Smith, Miz Lee, Missus Peterson"),
    ("Mr Smith met Dr King", "Mister Smith met Doctor King"),
    ("Main St. in St. Louis", "Main Street in Saint Louis"),
    ("12 Main St. and Sunset Dr.", "twelve Main Street and Sunset Drive"),
    ("King vs. the U.S. government, e.g. here, etc.", "King versus the U-S government, for example here, et cetera."),
    ("No. 5, p. 12, pp. 5-6, Fig. 3", "number five, page twelve, pages five to six, figure three"),
    ("No. I said no.", "No. I said no."),
    ("J. R. R. Tolkien and George W. Bush", "J-R-R Tolkien and George W Bush"),
    ("vitamin C. Then more", "vitamin C. Then more"),
    ("made in the U.S.A. He left", "made in the U-S-A. He left"),
    ("the FBI, the FAQ, a Ph.D.", "the FBI, the F-A-Q, a P-H-D."),
    ("World War II, World War I, Chapter IV", "World War two, World War one, Chapter four"),
    ("Henry VIII and Elizabeth II", "Henry the eighth and Elizabeth the second"),
    ("when Henry I knew", "when Henry I knew"),
    ("Minute Man III", "Minute Man three"),
    # Symbols and addresses.
    ("R&B, Q & A, AT&T", "R and B, Q and A, A-T and T"),
    ("and/or, AC/DC, w/ or w/o", "and or, AC DC, with or without"),
    ("2 + 2 = 4 ± 1", "two plus two equals four plus or minus one"),
    ("#1 of #tags, @me", "number one of hashtag tags, at me"),
    ("www.example.com/a-b.", "W-W-W dot example dot com slash a dash b."),
    ("Mail john.doe42@mail.co.uk, ok?", "Mail john dot doe forty-two at mail dot co dot U-K, ok?"),
    ("See example.org. It is free.", "See example dot org. It is free."),
    # Characters.
    ("“It’s”… 👍 naïve café", '"It\'s"... naïve café'),
    ("Привет, 你好", "Privet, ni hao"),
    ("One\ntwo\n\nThree", "One two. Three"),
    # Shouting.
    ("THEN HE SAID THIS IS IT", "then he said this is it"),
    ("HE LEFT. Then NASA called.", "he left. Then NASA called."),
    ("NASA", "NASA"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "read"), CASES)
def test_read_aloud(written: str, read: str) -> None:
    assert normalize_text(written) == read


@settings(deadline=None)
@given(st.one_of(st.text(max_size=200), st.text(WRITTEN, max_size=100)))
def test_no_digits_are_left_whatever_is_written(text: str) -> None:
    words = normalize_text(text)
    assert not any(character.isnumeric() for character in words)
    assert "\n" not in words
    assert words == " ".join(words.split())


@pytest.mark.parametrize("digits", [16, 100, 1000])
def test_long_numbers_are_read_digit_by_digit(digits: int) -> None:
    assert normalize_text("9" * digits) == " ".join(["nine"] * digits)


@pytest.mark.parametrize(
    "hostile", ["a-", "1,", "1.1", "a.", "9 A ", "12:34 p", "#", "½", "\u0300\u0316", "$1", "www."]
)
@pytest.mark.slow
def test_time_grows_no_faster_than_the_text(hostile: str) -> None:
    def seconds(length: int) -> float:
        text = (hostile * length)[:length]
        started = time.process_time()
        normalize_text(text)
        return time.process_time() - started

    seconds(100)  # what is imported or compiled on first use
    # Four times the text; sixteen times the time would be quadratic.
    assert min(seconds(20_000) for _ in range(2)) < 10 * max(seconds(5_000), 0.01)


@pytest.mark.slow
def test_a_hundred_kilobytes_of_anything() -> None:
    started = time.process_time()
    normalize_text("Dr. 1,234 St. $5 p.m. " * 4_500)
    assert time.process_time() - started < 20

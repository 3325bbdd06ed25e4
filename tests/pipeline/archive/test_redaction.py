"""Redaction: spoken numbers, and the tones in their place."""

from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from fakes import FakeSynthesizer
from speechzip.pipeline import (
    EngineError,
    InputError,
    Payload,
    Speaker,
    SpeechzipWarning,
    Utterance,
    Voice,
    VoiceReference,
    encode_payload,
    render,
)  # fmt: skip
from speechzip.pipeline.archive.redaction.digits import digits_in
from speechzip.pipeline.archive.redaction.files import redact_bytes
from speechzip.pipeline.archive.redaction.ibans import iban_is_right
from speechzip.pipeline.archive.redaction.names import name_words
from speechzip.pipeline.archive.redaction.numbers import luhn
from speechzip.pipeline.archive.redaction.redact import Redaction, find_personal, parse_kinds, redact, redact_encoded
from speechzip.pipeline.archive.sources import Source
from speechzip.pipeline.archive.work import Job, Settings, archive_recording
from speechzip.pipeline.decompression import read_payload
from speechzip.pipeline.textcoder.registry import COMMON_ID, DEFAULT_ID, TEXT_CODERS, text_coders_for

ALL = Redaction(frozenset({"card", "phone", "email", "ssn", "iban", "date", "name"}), (("anna", "lee"), ("bob",)))


def redacted(*texts: str, redaction: Redaction = ALL, gap_s: float = 1.0) -> list[str]:
    """Redact utterances; an @ in front of one makes it the other speaker's."""
    utterances = tuple(
        Utterance(number * (2 + gap_s), 2.0, int(text.startswith("@")), text.removeprefix("@"))
        for number, text in enumerate(texts)
    )
    changed, _ = redact(Payload((), utterances, 100.0), redaction)
    return [said.text for said in changed.utterances]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("four one two three double five", "412355"), ("forty-one twenty three", "4123"), ("triple seven oh", "7770"),
        ("eight hundred", "800"), ("four thousand", "4000"), ("nineteen 85", "1985"), ("4 1, 2 and 3", "4123"),
        ("one to three", "123"), ("double 0 seven", "007"), ("fifty fifty-five", "5055"), ("treble nine niner", "9999"),
    ],
)  # fmt: skip
def test_digits_as_people_say_them(text: str, digits: str) -> None:
    assert digits_in(text) == digits


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("My number's five five five, oh one nine two.", "My number's [phone]."),
        ("Two numbers, 206 555 0110 and 206 555 0111.", "Two numbers, [phone] and [phone]."),
        ("It's two one two, five five five, you got that? Zero one four seven.", "It's [phone]."),
        ("They call from 4,155,552,671, or 415,555,2671.", "They call from [phone], or [phone]."),
        ("We sold 1,204. Ring 800,555 0199.", "We sold 1,204. Ring [phone]."),
        ("Oh six twelve, thirty four fifty six, seventy eight.", "[phone]."),
        ("Released on 2.4.17, the version is of 2.4.2017.", "Released on [date], the version is of [date]."),
    ],
)
def test_numbers_of_persons_among_others(text: str, kept: str) -> None:
    assert redacted(text) == [kept]


def test_the_example_of_a_number_over_two_utterances() -> None:
    assert redacted("my card is 4123", "4567 8901 2345.", "Bye.") == ["my card is [card]", "[card].", "Bye."]
    assert redacted("My card is 4242", "@Go on.", "4242 4242 4242, okay?") == [
        "My card is [card]", "Go on.", "[card], okay?",
    ]  # fmt: skip


def test_what_is_said_much_later_is_another_matter() -> None:
    assert redacted("I have 4242", "4242 4242 4242 dogs", gap_s=60) == ["I have 4242", "4242 4242 4242 dogs"]


def test_scores_in_talk_of_cards_stay() -> None:
    texts = "My card is 4123 4567 8901 2349.", "@The score was 21 14, then 21 18, 19 21."
    assert redacted(*texts) == ["My card is [card].", texts[1].removeprefix("@")]
    assert redacted("My card is 41 23, 45 67, 89 01, 23 49.") == ["My card is [card]."]


def test_two_speakers_make_no_number_together() -> None:
    assert redacted("it's 4242 4242", "@4242 4242") == ["it's 4242 4242", "4242 4242"]


def test_everything_around_stays() -> None:
    assert redacted("Sure (it's 4242 4242 4242 4242), Bob's friend Anna Lee, born May 5th 1990.") == [
        "Sure (it's [card]), [name] friend [name], born [date]."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "There's nothing stopping tech, at least right now. In many parts of the world",
        "I think, at some point in 2014, you started.",
        "He died on Sunday at 4.30 in the afternoon, in 1912 to 1952 years.",
        "It read plus 0.97, minus 0.23, 21.7, then 358.64 020.73, at 03 02:12:59:48.",
        "Sixteen to twenty five, twenty five to thirty five; counting from one hundred to two hundred.",
        "Thirty-four, thirty-five, thirty-nine, forty-two, forty-seven.",
        "One, two, three, four, five, six, seven, eight, nine, ten, eleven.",
        "It was twenty-one fifteen, twenty-one eighteen, and nineteen twenty-one.",
        "Twelve, twenty-five, nineteen ninety.",
        "The score was 21 14, then 21 18, 19 21.",
        "Trains leave at 7 05, 7 35, 8 05, 8 35 and 9 05.",
        "It went six four, three six, seven six, six two, six one.",
        "I work 6 to 2, 2 to 10, and 10 to 6.",
        "Steer two seven zero, then three one five, then zero four five for six miles.",
        "One two three four five six seven eight nine ten, here I come.",
        "The call is about 670 to 725,000 ounces, or 4,723,000,000 of them.",
        "The call was between 2016 and 2019.",
        "It broke between release 2.4.17 and 2.4.18.",
    ],
)
def test_what_only_looks_personal_stays(text: str) -> None:
    assert redacted(text) == [text]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It's j as in Juliet, um, d for dog, at uh example dot c o m, okay?", "It's [email], okay?"),
        ("B for bravo, E as in Echo, 68, 5390 0754 7034.", "[iban]."),
        ("Born twelve, twenty-five, nineteen ninety.", "Born [date]."),
        ("It's 219 09 9999, my social.", "It's [ssn], my social."),
        ("Card 4917 6100, hang on, 0000 0000!", "Card [card]!"),
    ],
)
def test_what_is_said_between_and_behind(text: str, kept: str) -> None:
    assert redacted(text) == [kept]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Mail accounts payable, all one word, at hill top dot org.", "Mail [email]."),
        ("My mail's john, j o h n, dot, uh, smith, at gmail, G-M-A-I-L, dot com.", "My mail's [email]."),
        ("My email is lucy gray and gmail dot com, lee gmail dot com.", "My email is [email], lee gmail dot com."),
        ("You can reach me at the real jenny k at g mail.", "You can reach me at [email]."),
        ("It's capital R, lee, minus b at the rate example full stop dk.", "It's [email]."),
        ("E-mail me at tomatexample.org, our site is example.org.", "E-mail me at [email], our site is example.org."),
    ],
)  # fmt: skip
def test_dictated_addresses(text: str, kept: str) -> None:
    assert redacted(text) == [kept]


def test_an_address_over_utterances_with_their_periods() -> None:
    assert redacted("What's your e-mail?", "@Lena dot.", "Yes.", "@Fischer forty.", "@At Stadtwerke dot de. Bye.") == [
        "What's your e-mail?", "[email]", "Yes.", "[email]", "[email]. Bye.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "Look at amazon dot com, and at Yahoo, and add Gmail dot com.",
        "I had an email account at Yahoo.",
        "I saw a post at example dot org.",
        "The address is 1695 Solano Avenue.Yes, they are open at 8 pm.Is that fine?",
        "My website is at www.example.org, our page at example dot org.",
    ],
)
def test_domains_in_talk_stay(text: str) -> None:
    assert redacted(text) == [text]


def test_a_question_counts_for_30_words() -> None:
    number = "1234 5678 1234 5679"  # its check digit is wrong
    assert redacted("What is your card number?", f"@{'well ' * 10}it is {number}.")[1].endswith("[card].")
    assert redacted("What is your card number?", f"@{'well ' * 40}it is {number}.")[1].endswith(f"{number}.")


def test_only_what_is_asked_for() -> None:
    text = "4242424242424242, john@example.com"
    assert redacted(text, redaction=Redaction(frozenset({"email"}))) == ["4242424242424242, [email]"]
    assert redacted(text, redaction=Redaction(frozenset({"phone"}))) == [text]


def test_recorded_sound_is_told() -> None:
    speaker = Speaker(Voice("clip", bytes(100)))
    with pytest.warns(SpeechzipWarning, match="carries recorded sound"):
        redact(Payload((speaker,), (Utterance(0.0, 1.0, 0, "Hello."),), 2.0), ALL)
    settings = Settings(voice_encoder="clip", redaction=Redaction(frozenset({"card"})))
    with pytest.raises(EngineError, match="cannot be redacted"):
        archive_recording(Job(Source("x.wav", "x.wav", 1, 0.0), "archive", settings))


def test_counts() -> None:
    utterances = (Utterance(0.0, 2.0, 0, "4242 4242"), Utterance(2.5, 2.0, 0, "4242 4242, or bob@example.com"))
    _, counts = redact(Payload((), utterances, 9.0), Redaction(frozenset({"card", "email", "iban"})))
    assert counts == {"card": 1, "email": 1, "iban": 0}


def test_what_is_redacted_is_coded_in_its_own_language() -> None:
    speaker = Speaker(Voice("classical", bytes(10)))
    texts = ("Die Nummer meiner Karte ist 4242 4242 4242 4242.", "Vielen Dank, das habe ich aufgeschrieben.")
    utterances = tuple(Utterance(3.0 * n, 2.5, 0, text, language="de") for n, text in enumerate(texts))
    payload = Payload((speaker,), utterances, 6.0)
    coders = text_coders_for(utterances)
    data, counts = redact_bytes(encode_payload(payload, coders[0]), Redaction(frozenset({"card"})))
    decoded = read_payload(data)
    assert counts == {"card": 1}
    assert decoded.text_coder == coders[0].name != TEXT_CODERS[DEFAULT_ID].name
    assert [said.text for said in decoded.payload.utterances] == ["Die Nummer meiner Karte ist [card].", texts[1]]
    assert len(data) < len(encode_payload(decoded.payload, TEXT_CODERS[DEFAULT_ID]))


def test_nothing_in_any_text_overlaps() -> None:
    text = "john dot smith at gmail dot com 4242 4242 4242 4242 GB29 NWBK 6016 1331 9268 19 May 5 1990 415 555 2671"
    found = find_personal((Utterance(0.0, 9.0, 0, text),), ALL)
    spans = sorted((start, end) for _, places in found for _, start, end in places)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    assert sorted(kind for kind, _ in found) == ["card", "date", "email", "iban", "phone"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("double " * 2000, "double " * 2000),
        ("4111111111111111 " * 2000, "[card] " * 2000),
        ("4222222222222 378282246310005 " * 1000, "[card] [card] " * 1000),
        ("gmail." * 20_000, "gmail." * 20_000),
        *((text, text) for text in ("9" * 5000, f"May {'9' * 5000}", f"1 2 3 {'9' * 5000}", f"5/12/{'9' * 5000}")),
    ],
)  # fmt: skip
def test_long_runs_are_no_fault(text: str, expected: str) -> None:
    assert redacted(text) == [expected]


def test_check_digits() -> None:
    assert luhn("79927398713")  # the example of ISO/IEC 7812-1's usual expositions
    assert not any(luhn(f"7992739871{digit}") for digit in "012456789")
    assert iban_is_right("GB82WEST12345698765432")
    assert not iban_is_right("GB82WEST12345698765433")


def test_kinds_on_the_command_line(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("Anna Lee\n\nBob\n", encoding="utf-8")
    assert parse_kinds(f"card, phone,name-list={names}") == Redaction(
        frozenset({"card", "phone", "name"}), (("anna", "lee"), ("bob",))
    )
    with pytest.raises(InputError, match="choose of card, date, email, iban, phone, ssn, name-list=FILE"):
        parse_kinds("cards")
    with pytest.raises(InputError, match="cannot be read"):
        parse_kinds(f"name-list={tmp_path}/gone")
    with pytest.raises(InputError, match="nothing to redact was named"):
        parse_kinds(" , ")


def spoken(
    text: str, payload: Payload, duration_s: float
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float32]], FakeSynthesizer]:
    synthesizer = FakeSynthesizer()
    said = Payload(payload.speakers[:1], (Utterance(0.0, duration_s, 0, text),), duration_s)
    sound = np.concatenate(list(render(said, synthesizer)))
    return np.asarray(sound[:, 0], np.float32), synthesizer


def test_a_mark_is_a_soft_tone_of_about_its_length(payload: Payload) -> None:
    sound, synthesizer = spoken("my card is [card]", payload, 6.0)
    assert [asked[0] for asked in synthesizer.asked] == ["my card is"]
    speech = int((np.abs(sound) > 0.2).sum()) / synthesizer.sample_rate
    assert speech < 1.2
    tone = sound[int((speech + 0.1) * synthesizer.sample_rate) :]
    assert 0.01 < np.abs(tone).max() <= 0.06
    assert len(sound) / synthesizer.sample_rate == pytest.approx(6.0, abs=0.1)
    crossings = int((np.signbit(tone[1:]) != np.signbit(tone[:-1])).sum())
    assert crossings / (len(tone) / synthesizer.sample_rate) == pytest.approx(880, rel=0.1)


def test_a_mark_alone_is_a_tone_as_long_as_the_utterance(payload: Payload) -> None:
    sound, synthesizer = spoken("[card].", payload, 4.0)
    assert synthesizer.asked == []
    assert len(sound) / synthesizer.sample_rate == pytest.approx(4.0, abs=0.1)
    assert np.abs(sound).max() <= 0.06


def test_brackets_that_are_no_mark_are_spoken(payload: Payload) -> None:
    _, synthesizer = spoken("[cards] [unclear]", payload, 2.0)
    assert [asked[0] for asked in synthesizer.asked] == ["[cards] [unclear]"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("listed", ["José García", "JOSÉ GARCÍA", "Mary-Ann Smith", "Mary Ann Smith"])
def test_names_however_their_letters_are_written(listed: str, form: Literal["NFC", "NFD"], tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text(unicodedata.normalize(form, listed), encoding="utf-8")
    redaction = parse_kinds(f"name-list={names}")
    spoken = ["José García", "Mary Ann Smith", "Mary-Ann Smith's"]
    for said in (unicodedata.normalize(other, name) for other in ("NFC", "NFD") for name in spoken):
        told = Utterance(0.0, 1.0, 0, f"I am {said}.")
        payload, counts = redact(Payload((Speaker(VoiceReference(1)),), (told,), 1.0), redaction)
        if said[0].lower() == listed[0].lower():
            assert counts == {"name": 1}
            assert payload.utterances[0].text == "I am [name]."
        else:
            assert counts == {"name": 0}


def test_a_list_without_names_is_refused(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("\n \n--\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no names"):
        parse_kinds(f"name-list={names}")


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_payload_stays_of_its_format(version: int) -> None:
    told = Utterance(0.0, 4.0, 0, "Mail jo at gmail dot com.")
    payload = Payload((Speaker(VoiceReference(1)),), (told,), 4.0)
    data = encode_payload(payload, TEXT_CODERS[COMMON_ID if version == 1 else DEFAULT_ID], version)
    decoded = read_payload(data)
    _, redacted, counts = redact_encoded(decoded, data, parse_kinds("email"))
    assert counts == {"email": 1}
    again = read_payload(redacted)
    assert again.version == decoded.version
    assert again.text_coders == decoded.text_coders
    assert again.payload.utterances[0].text == "Mail [email]."


def named(text: str, *names: str) -> str:
    """Return a text with the names of a list redacted."""
    redaction = Redaction(frozenset({"name"}), tuple(sorted(map(name_words, names))))
    return redacted(text, redaction=redaction)[0]


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ("Müller", "Muller"), ("Muller", "Müller"), ("José", "Jose"), ("Jose", "José"), ("Søren", "Soren"),
        ("Wałęsa", "Walesa"), ("Anna", "A N N A"), ("Anna", "A-N-N-A"), ("Anna", "A. N. N. A."), ("Anna", "a, n, n, a"),
        ("Anna", "A double N A"), ("Anna", "A as in alpha, N N A"), ("Kowalski", "K-O-W-A-L-S-K-I"),
        ("Anna Lee", "A N N A L E E"), ("Mary-Ann", "M A R Y A N N"), ("Anna", "Anna-Lena"), ("Anna", "Eva-Anna"),
        ("Lena", "Anna-Lena"), ("Victor", "victor india charlie tango oscar romeo"),
    ],
)  # fmt: skip
def test_names_as_they_are_written_and_spelled(listed: str, said: str) -> None:
    assert named(f"It was {said} there.", listed) in ("It was [name] there.", "It was [name]. there.")


@pytest.mark.parametrize(
    "text",
    ["It is S-A-V-A-N-N-A-H.", "The N A S A did.", "A N N", "Plan A, not B.", "I, A N N A H", "anna-less"],
)
def test_letters_that_spell_no_whole_name_stay(text: str) -> None:
    assert named(text, "Anna", "Asa", "Bo") == text.replace("anna", "[name]")


def test_very_many_letters_are_no_fault() -> None:
    assert named("a " * 20_000, "aaa", "aaaa") == "[name] "
    assert named("a " * 20_000 + "b", "aaa", "aaaa") == "a " * 20_000 + "b"

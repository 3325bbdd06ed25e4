from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.resources import files
from random import Random

import numpy as np
import pytest
from fakes import GOLDEN, FakeTextCoder, with_checksum, with_named_voices
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from second_decoder import Contents, Plain, Refused, Spoken, decode
from speechzip.pipeline import (
    LANGUAGES,
    TEXT_CODERS,
    Melody,
    Payload,
    PayloadCorrupt,
    PayloadError,
    PayloadTruncated,
    PayloadVersionError,
    Speaker,
    TextError,
    Utterance,
    Voice,
    VoiceReference,
    decode_payload,
    encode_payload,
    text_coders_for,
)
from speechzip.pipeline.payload import format2, melodycode, timing, voicecode, words
from speechzip.pipeline.payload.coding.symbols import (
    FREE_WORK,
    WORK_PER_BYTE,
    AdaptiveTable,
    SymbolReader,
    SymbolWriter,
)
from speechzip.pipeline.payload.melodycode import nearest_melody
from speechzip.pipeline.payload.plaintext import PlainText
from speechzip.pipeline.protocols import TextCoder, TextStream
from speechzip.pipeline.textcoder.network import NetworkRun
from speechzip.pipeline.textcoder.registry import DEFAULT_ID
from speechzip.pipeline.types import DEFAULT_RECOGNIZER, RECOGNIZERS, SCALABLE_SPACES, UNREAD_CONFIDENCE, VOICE_SPACES

FAKE = FakeTextCoder()
OTHERS = (9, 16, 19, 30, 255)
"""Numbers of more coders; 16 to 30 are those of `world-1`, whose symbols count as more work than plain ones."""
REAL = TEXT_CODERS[1]
PRIORS = {
    name: files("speechzip.pipeline.payload").joinpath(f"{name}.prior").read_text("ascii")
    for name in ("trained-1", "trained-2", "trained-2-fitted")
}
SPACES = {name: number for number, name in VOICE_SPACES.items()}
PAYLOADS = int(os.environ.get("SPEECHZIP_PAYLOADS", "200"))
"""Number of random payloads for the comparison of the two decoders; 10,000 take some minutes."""
TEXTS = (
    "Yes.", "Hello, is anybody there?", "Let's meet at 12:45, O'Neill-Ångström said.", "NASA", "你好，世界", "😀",
    "ok " * 40,
)  # fmt: skip
RECOGNIZER_NAMES = [DEFAULT_RECOGNIZER, *RECOGNIZERS.values(), "recognizer-99"]


class NamedCoder(FakeTextCoder):
    """Another coder of the same kind, with a number of its own, which is good at one of `TEXTS`."""

    def __init__(self, number: int) -> None:
        self.id = number

    def stream(self) -> TextStream:
        stream = PlainText()
        stream.intervals(TEXTS[self.id % len(TEXTS)])
        stream.work = 3 if 16 <= self.id <= 30 else 1
        return stream


def second_coder(number: int) -> Plain:
    """Return what the second decoder knows of `NamedCoder(number)`."""
    plain = Plain()
    for symbol in (*TEXTS[number % len(TEXTS)].encode(), 256):
        plain.odds[symbol] += 24
    return plain


FAKES = {FAKE.id: FAKE, **{number: NamedCoder(number) for number in OTHERS}}


def trained_voice(rng: Random) -> Voice:
    return Voice("trained-1", rng.getrandbits(124).to_bytes(16, "little"))


def scalable_voice(rng: Random, size: int) -> Voice:
    return Voice("trained-2", rng.getrandbits(SCALABLE_SPACES["trained-2"][size]).to_bytes(size, "little"))


def random_voice(rng: Random) -> Voice | VoiceReference:
    kinds: list[Callable[[], Voice | VoiceReference]] = [
        lambda: trained_voice(rng),
        lambda: VoiceReference(rng.getrandbits(16)),
        lambda: Voice("classical", rng.randbytes(10)),
        lambda: scalable_voice(rng, rng.choice((8, 16, 32, 64))),
        lambda: Voice(rng.choice(("trained-1", "trained-2")), rng.randbytes(rng.choice((1, 8, 15, 16, 17, 64)))),
        lambda: Voice(rng.choice(("clip", "space-9", "space-255")), rng.randbytes(rng.choice((1, 64, 300)))),
    ]
    return rng.choices(kinds, (4, 3, 2, 4, 1, 1))[0]()


def random_melody(rng: Random) -> Melody:
    """Return a melody, in part beyond the steps and limits of the format."""
    pitch = tuple(rng.choice((0, 0, 3, -3, rng.randrange(-12, 13))) for _ in range(rng.choice((0, 1, 2, 4, 8, 9))))
    return Melody(pitch, rng.choice((0, 0, 6, rng.randrange(-20, 21))), rng.choice((0, 0, -6, rng.randrange(-20, 21))))


def random_payload(rng: Random) -> Payload:
    """Return a payload of any kind, in times that a format may have to round."""
    channels = rng.choice((1, 1, 2))
    count = rng.choice((0, 1, 2, 2, 2, 3, 4, 5, 64)) if rng.random() < 0.9 else rng.randrange(65)
    speakers = tuple(Speaker(random_voice(rng), rng.randrange(channels)) for _ in range(count))
    if rng.random() < 0.7 and channels == 2:
        speakers = tuple(replace(speaker, channel=index % 2) for index, speaker in enumerate(speakers))
    utterances: list[Utterance] = []
    sings = rng.random() < 0.5
    at_s = rng.choice((0.0, 1.0, 47.3, 80_000.0)) * rng.random()
    for _ in range(rng.choice((0, 1, 3, 10)) if count else 0):
        text = rng.choice(
            (rng.choice(TEXTS), "", "".join(chr(rng.randrange(32, 0x2FF)) for _ in range(rng.randrange(30))))
        )
        confidence = rng.choice(list(UNREAD_CONFIDENCE.values())) if not text else rng.random()
        language = rng.choice(("en", "en", rng.choice(LANGUAGES)))
        duration_s = rng.choice((0.01, 0.5, 3.0, 3.0, 200.0)) * rng.random() + 0.001
        melody = random_melody(rng) if sings and rng.random() < 0.5 else None
        utterances.append(Utterance(at_s, duration_s, rng.randrange(count), text, confidence, language, melody=melody))
        at_s += rng.choice((0.0, duration_s, duration_s + rng.random() * 2, 12.0))
    duration_s = min(86_400.0, at_s + rng.choice((0.0, 1.0, 30.0)) * rng.random())
    recognizer = rng.choice((DEFAULT_RECOGNIZER, rng.choice(RECOGNIZER_NAMES)))
    return Payload(speakers, tuple(utterances), duration_s, channels, recognizer)


def said_as(melody: Melody | None) -> tuple[list[int], int, int]:
    return (list(melody.pitch), melody.rise, melody.loudness) if melody else ([], 0, 0)


def contents(payload: Payload) -> Contents:
    """Return a decoded payload as the second decoder returns it."""
    recognizer = None if payload.recognizer == DEFAULT_RECOGNIZER else payload.recognizer
    return Contents(
        payload.channels,
        [speaker.channel for speaker in payload.speakers],
        None if recognizer is None else {name: key for key, name in RECOGNIZERS.items()}.get(recognizer, 99),
        [
            speaker.voice.id
            if isinstance(speaker.voice, VoiceReference)
            else (SPACES.get(speaker.voice.space) or int(speaker.voice.space[6:]), speaker.voice.embedding)
            for speaker in payload.speakers
        ],
        [
            Spoken(
                utterance.speaker,
                round(utterance.start_s * 16),
                round(utterance.duration_s * 16),
                utterance.text,
                utterance.confidence,
                LANGUAGES.index(utterance.language),
                said_as(utterance.melody),
            )
            for utterance in payload.utterances
        ],
        round(payload.duration_s * 16),
    )


def second(data: bytes) -> Contents:
    """Return the result of the second decoder with `FAKE`, whose words are plain, and with `OTHERS`."""
    return decode(data, {0: Plain, **{number: partial(second_coder, number) for number in OTHERS}}, PRIORS)


def stream_of(number: int) -> TextStream:
    return TEXT_CODERS[number].stream()


def hexadecimal(name: str) -> bytes:
    return bytes.fromhex((GOLDEN / name).read_text())


def everything() -> Payload:
    """Return a payload with one of each thing that format 2 can say."""
    rng = Random(2)
    voices: tuple[Voice | VoiceReference, ...] = (
        trained_voice(rng),
        VoiceReference(0x9620),
        trained_voice(rng),
        Voice("space-9", b"voice"),
        Voice("space-9", b"other"),
    )
    said = (
        Utterance(0.25, 1.0, 2, "Good morning, everybody.", 0.9),
        Utterance(1.25, 2.0, 0, "Hi.", 0.65),
        Utterance(2.0, 6.0, 1, "", UNREAD_CONFIDENCE["unclear"]),
        Utterance(2.5, 4.0, 1, "", UNREAD_CONFIDENCE["another language"]),
        Utterance(9.0, 3.0, 3, "Grüß Gott, schöne Straßenbahn", 0.9, "de"),
        Utterance(12.0, 2.5, 3, "你好，世界", 0.9, "zh"),
        Utterance(100.0, 70.0, 4, "So, where were we?", 0.3),
    )  # fmt: skip
    return Payload(
        tuple(Speaker(voice, index % 2) for index, voice in enumerate(voices)), said, 171.5, 2, "whisper-small"
    )


def with_sounds() -> Payload:
    """Return a payload of marks with the sound of both modes of Codec2, and of Opus."""
    sounds = (bytes([1]) + bytes(range(100, 135)), bytes([2]) + bytes(range(60)), b"\x48\x03\x0b\xe4\xc1")
    voices = (Voice("trained-1", bytes(range(16))), *(Voice("sound", sound) for sound in sounds))
    said = (Utterance(0.5, 1.0, 0, "Say that again."), *(Utterance(2.0 * n, 0.4, n, "", 0.5) for n in (1, 2, 3)))
    return Payload(tuple(Speaker(voice) for voice in voices), said, 8.0)


def languages() -> Payload:
    """Return a conversation in three languages, with a voice by its id and a mark."""
    said = (
        Utterance(0.5, 2.5, 0, "Guten Morgen, wie geht es Ihnen heute?", 0.9, "de"),
        Utterance(3.5, 2.0, 1, "I'm fine, thank you.", 0.9),
        Utterance(6.0, 1.5, 1, "", UNREAD_CONFIDENCE["another language"]),
        Utterance(8.0, 3.0, 0, "今天天气很好，我们去公园吧。", 0.65, "zh"),
        Utterance(11.5, 2.0, 0, "Das wäre schön.", 0.9, "de"),
    )  # fmt: skip
    speakers = (Speaker(VoiceReference(0x9620)), Speaker(trained_voice(Random(3))))
    return Payload(speakers, said, 14.0)


def scalable() -> Payload:
    """Return a conversation of voices of all sizes, with those of neighbors in between."""
    rng = Random(5)
    voices = [scalable_voice(rng, size) for size in (16, 16, 8, 32, 64, 64)]
    voices += [
        trained_voice(rng),
        Voice("trained-2", bytes(range(20, 36)) + b"\xff"),
        Voice("trained-2", bytes(15) + b"\x80"),
    ]
    said = tuple(Utterance(2.0 * n, 1.5, n, "Yes, I am.") for n in range(len(voices)))
    return Payload(tuple(Speaker(voice) for voice in voices), said, 20.0)


def melodies() -> Payload:
    """Return a conversation of which some utterances have a melody, and one has all of it."""
    said = (
        Utterance(0.5, 1.5, 0, "You are coming?", 0.9, melody=Melody(rise=12)),
        Utterance(2.5, 2.0, 1, "I am.", 0.9),
        Utterance(5.0, 2.0, 1, "", UNREAD_CONFIDENCE["unclear"]),
        Utterance(7.5, 3.0, 0, "Then be quiet, and come in.", 0.65, melody=Melody((-3,), 0, -12)),
        Utterance(11.0, 4.0, 1, "Who is there, in the middle of the night?", 0.9,
                  melody=Melody((9, 6, 3, 0, -3, -6, -9, 3), -6, 6)),
        Utterance(15.5, 2.0, 0, "Nobody.", 0.9, melody=Melody((0, 3))),
    )  # fmt: skip
    return Payload((Speaker(VoiceReference(0x9620)), Speaker(trained_voice(Random(4)))), said, 18.0)


GOLDEN_FILES: dict[str, Callable[[Payload], Payload]] = {
    "two-channels-2.hex": lambda payload: payload,
    "named-voices-2.hex": with_named_voices,
    "everything-2.hex": lambda _: everything(),
    "sounds-2.hex": lambda _: with_sounds(),
    "nothing-2.hex": lambda _: Payload((), (), 0.0),
    "nothing-4.hex": lambda _: Payload((), (), 0.0),
    "languages-2.hex": lambda _: languages(),
    "melody-3.hex": lambda _: melodies(),
    "later-english-2.hex": lambda payload: payload,
    "scalable-2.hex": lambda _: scalable(),
    "two-channels-4.hex": lambda payload: payload,
    "named-voices-4.hex": with_named_voices,
    "everything-4.hex": lambda _: everything(),
    "sounds-4.hex": lambda _: with_sounds(),
    "languages-4.hex": lambda _: languages(),
    "melody-4.hex": lambda _: melodies(),
    "scalable-4.hex": lambda _: scalable(),
    "smollm2-4.hex": lambda payload: payload,
}  # fmt: skip


def test_the_priors_are_those_of_the_format() -> None:
    text = (GOLDEN.parents[1] / "FORMAT.md").read_text("utf-8")
    for name, lines in PRIORS.items():
        assert f"| `{name}.prior` | `{hashlib.sha256(lines.encode()).hexdigest()}` |" in text


def golden_coders(name: str, payload: Payload) -> list[TextCoder]:
    """Return the coders of a golden file; that of English is the one that was the default when the file was made."""
    if name == "smollm2-4.hex":
        return [TEXT_CODERS[3]]
    english = TEXT_CODERS[2 if name == "later-english-2.hex" or name.endswith("-4.hex") else 1]
    coders = text_coders_for(payload.utterances) if name.startswith("languages") else [english]
    return [english if one.id == DEFAULT_ID else one for one in coders]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.models if "smollm2" in name else ()) for name in GOLDEN_FILES]
)
def test_golden_bytes(name: str, payload: Payload) -> None:
    wanted = GOLDEN_FILES[name](payload)
    data = hexadecimal(name)
    decoded = decode_payload(data, TEXT_CODERS)
    coder, *others = golden_coders(name, wanted)
    assert encode_payload(decoded.payload, coder, decoded.version, others) == data
    assert decoded.version == data[0] & 15 == int(name[-5])
    assert_near(decoded.payload, wanted)
    assert sum(decoded.sections.values()) == len(data)
    assert decode(data, {number: partial(stream_of, number) for number in TEXT_CODERS}, PRIORS) == contents(
        decoded.payload
    )


def test_golden_rounding() -> None:
    """What an encoder makes of times between the steps is the same everywhere, too; it was otherwise in 0.1."""
    assert encode_payload(everything(), REAL, 2) == hexadecimal("rounded-nearer-2.hex")
    for name in ("rounded-2.hex", "rounded-nearer-2.hex"):
        assert_near(decode_payload(hexadecimal(name), TEXT_CODERS).payload, everything())


@pytest.mark.parametrize(
    ("lasts", "gap", "duration"), [(18.4, 9.6, 18), (18.4, 10.6, 19), (50.0, 9.0, 45), (58.0, 9.0, 65)]
)
def test_a_duration_is_rounded_so_that_the_next_start_is_right(lasts: float, gap: float, duration: int) -> None:
    """Gaps come in steps of two ticks here, durations in steps of one, or of three to five."""
    first = Utterance(1.0, lasts / 16, 0, "How are you?")
    second = Utterance(1.0 + (lasts + gap) / 16, 2.0, 0, "Well.")
    payload = Payload((Speaker(VoiceReference(1)),), (first, second), 10.0)
    near = decode_payload(encode_payload(payload, REAL), TEXT_CODERS).payload.utterances
    assert 16 * near[0].duration_s == duration
    assert near[1].start_s == pytest.approx(second.start_s, abs=0.001)


@pytest.mark.parametrize(("gap", "sent"), [(9.4, 10), (8.7, 8), (33.8, 32), (34.4, 36)])
def test_a_start_takes_the_nearest_gap_from_where_it_really_is(gap: float, sent: int) -> None:
    """A whole tick lies between two gaps: rounding to ticks first would take the wrong one."""
    first = Utterance(1.0, 18 / 16, 0, "How are you?")
    second = Utterance(1.0 + (18 + gap) / 16, 2.0, 0, "Well.")
    payload = Payload((Speaker(VoiceReference(1)),), (first, second), 10.0)
    near = decode_payload(encode_payload(payload, REAL), TEXT_CODERS).payload.utterances
    assert 16 * (near[1].start_s - near[0].end_s) == sent


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_every_bit_flip_and_truncation_of_the_golden_payloads(name: str) -> None:
    data = hexadecimal(name)
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(PayloadError):
            decode_payload(bytes(flipped), TEXT_CODERS)
    for length in range(len(data)):
        with pytest.raises(PayloadError):
            decode_payload(data[:length], TEXT_CODERS)


def assert_near(rounded: Payload, payload: Payload) -> None:
    """Check that a payload says what it should, in the format's steps."""
    assert rounded.speakers == payload.speakers
    assert (rounded.channels, rounded.recognizer) == (payload.channels, payload.recognizer)
    assert rounded.duration_s == round(16 * payload.duration_s) / 16
    assert len(rounded.utterances) == len(payload.utterances)
    last_end_s = last_error_s = 0.0
    for near, true in zip(rounded.utterances, payload.utterances, strict=True):
        assert (near.speaker, near.text, near.language) == (true.speaker, true.text, true.language)
        melody = nearest_melody(true.melody) if true.melody and true.text else None
        assert near.melody == (melody or None)
        gap_s = true.start_s - last_end_s
        step_s = 1 / 8 if -0.4 <= gap_s <= 1.9 else 1 / 4
        error_s = near.start_s - true.start_s
        # at one time with the one before, which may have been rounded up
        assert abs(error_s) <= max(step_s / 2 + 1 / 32, last_error_s) + 1e-9
        last_error_s = error_s
        assert abs(near.duration_s - true.duration_s) <= max(
            1.5 * near.duration_s / 11, min(2.5 * near.duration_s / 11, 12 / 16), 3 / 16
        )
        if true.text:
            assert near.confidence == (0.88 if true.confidence >= 0.7 else 0.6)
        else:
            assert near.unread == ("unclear" if true.unread == "over music" else true.unread)
        last_end_s = near.end_s


@pytest.mark.slow
def test_two_decoders_agree_on_random_payloads_and_a_second_coding_changes_nothing() -> None:
    rng = Random(20261126)
    for _ in range(PAYLOADS):
        payload = random_payload(rng)
        version = rng.choice((3, 4, 4))
        first, *others = rng.sample([FAKE, *map(NamedCoder, OTHERS)], rng.choice((1, 1, 2, 4, 6)))
        data = encode_payload(payload, first, version, others)
        decoded = decode_payload(data, FAKES)
        assert_near(decoded.payload, payload)
        assert second(data) == contents(decoded.payload)
        assert encode_payload(decoded.payload, first, version, others) == data
        assert sum(decoded.sections.values()) == len(data)
        assert min(decoded.sections.values()) >= 0


@pytest.mark.slow
def test_two_decoders_agree_on_damage_behind_a_good_checksum() -> None:
    rng = Random(7)
    survived = 0
    for _ in range(PAYLOADS // 4):
        others = rng.choice(([], list(map(NamedCoder, OTHERS))))
        whole = encode_payload(random_payload(rng), FAKE, rng.choice((3, 4, 4)), others)
        first, code = whole[:1], bytearray(whole[1:-2])
        for _ in range(rng.choice((0, 1, 1, 2, 5))):
            at = rng.randrange(len(code) + 1)
            code[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        data = with_checksum(first + code)
        try:
            decoded = decode_payload(data, FAKES)
        except PayloadError:
            with pytest.raises(Refused):
                second(data)
        else:
            survived += 1
            assert second(data) == contents(decoded.payload)
    assert survived


@given(st.sampled_from((b"\xa2", b"\xa3", b"\xa4")), st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_rubbish_is_refused_in_our_own_words(first: bytes, rubbish: bytes) -> None:
    with contextlib.suppress(PayloadError):
        decode_payload(with_checksum(first + rubbish), FAKES)


@pytest.mark.slow
def test_every_bit_flip_behind_a_good_checksum_is_another_payload_or_refused(payload: Payload) -> None:
    body = encode_payload(payload, FAKE)[:-2]
    whole = decode_payload(with_checksum(body), FAKES).payload
    survived = 0
    end = 8 * len(body)
    for bit in (*range(8, end - 16, 5), *range(end - 16, end)):  # what is refused may have been read for 8,192 symbols
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        with contextlib.suppress(PayloadError):
            assert decode_payload(with_checksum(bytes(flipped)), FAKES).payload != whole
            survived += 1
    assert survived


def test_each_utterance_takes_the_coder_that_makes_it_shortest() -> None:
    said = tuple(Utterance(float(index), 0.5, 0, text) for index, text in enumerate(TEXTS))
    payload = Payload((Speaker(VoiceReference(1)),), said, 60.0)
    others = [NamedCoder(7), NamedCoder(8)]
    coders = {1: REAL, 7: others[0], 8: others[1]}
    body = format2.encode_body(payload, REAL, others)
    decoded, bits, names = format2.decode_body(body, coders)
    assert [utterance.text for utterance in decoded.utterances] == list(TEXTS)
    assert names[0] == REAL.name
    assert bits["text"] <= format2.decode_body(format2.encode_body(payload, FAKE), FAKES)[1]["text"] + 8
    assert decode(with_checksum(body), {1: REAL.stream, 7: Plain, 8: Plain}, PRIORS) == contents(decoded)


def test_an_encoder_may_name_a_coder_late() -> None:
    writer = SymbolWriter()
    coded = words.Words(REAL)
    coded.write("Hello there.", writer)
    coded._write_shortest("qxqx zzyx", writer, [NamedCoder(9)])  # pyright: ignore[reportPrivateUsage]
    reader = SymbolReader(writer.finish())
    read = words.Words(REAL)
    assert [read.read(reader, {1: REAL, 9: NamedCoder(9)}) for _ in range(2)] == ["Hello there.", "qxqx zzyx"]


def test_text_that_the_coder_is_bad_at_takes_no_more_than_its_utf_8() -> None:
    rng = Random(5)
    for text in ("你好，世界" * 10, "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", k=300)), "ÄÖÜ" * 30):
        payload = Payload((Speaker(VoiceReference(1)),), (Utterance(0.0, 1.0, 0, text),), 1.0)
        assert len(encode_payload(payload, REAL)) <= len(text.encode()) + 12


@pytest.mark.parametrize(("version", "first"), [(3, 0xA2), (4, 0xA4)])
def test_a_payload_without_melody_says_so(version: int, first: int, payload: Payload) -> None:
    flat = replace(payload, utterances=tuple(replace(each, melody=Melody((1, 0))) for each in payload.utterances))
    assert encode_payload(flat, FAKE, version) == encode_payload(payload, FAKE, version)
    marks = replace(payload, utterances=(replace(payload.utterances[0], text="", melody=Melody((3,))),))
    assert encode_payload(marks, FAKE, version)[0] == first
    assert decode_payload(encode_payload(marks, FAKE, version), FAKES).payload.utterances[0].melody is None


@pytest.mark.parametrize("version", [1, 2])
def test_earlier_formats_leave_the_melody_out(version: int) -> None:
    data = encode_payload(melodies(), REAL, version)
    decoded = decode_payload(data, TEXT_CODERS)
    assert (data[0] & 15, decoded.version) == (version, version)
    assert {utterance.melody for utterance in decoded.payload.utterances} == {None}
    plain = tuple(replace(utterance, melody=None) for utterance in melodies().utterances)
    assert data == encode_payload(replace(melodies(), utterances=plain), REAL, version)


def test_an_utterance_as_the_synthesizer_says_it_costs_about_a_bit() -> None:
    """It is 1.2 bits at first, and 0.8 on average over twenty."""
    melody = [Melody((3,)), *[None] * 20]
    said = [Utterance(float(i), 0.5, 0, "Yes.", melody=each) for i, each in enumerate(melody)]
    decoded = decode_payload(encode_payload(Payload((Speaker(VoiceReference(1)),), tuple(said), 30.0), FAKE), FAKES)
    assert decoded.bits["melody"] < 12 + 20 * 0.9
    assert decoded.sections["melody"] == pytest.approx(decoded.bits["melody"] / 8, abs=1)


def test_melodies_that_say_nothing_are_refused() -> None:
    """There is one way to write each payload."""
    for pitch in ((), (3, 3)):
        writer = SymbolWriter()
        header(writer, layout=0)
        writer.write(voicecode.REFERENCE, voicecode.FIRST_VOICE_ODDS.first)
        writer.write_bits(1, 16)
        turns, said = timing.Turns(1, timing.FIRST_ONLY_SPEAKER_ODDS), words.Words(FAKE)
        clock = timing.Clock([timing.USUAL_PACE], 1)
        turns.write(0, writer)
        clock.write_start(0, 16, False, writer)
        said.write("Yes.", writer)
        clock.write_duration(8, 0, 4, None, writer)
        writer.write(1, AdaptiveTable(timing.CONFIDENCE_ODDS, 32))
        writer.write(len(pitch), AdaptiveTable(melodycode.POINTS_ODDS, 2))
        if pitch:
            writer.write(3, AdaptiveTable(melodycode.FIRST_ODDS, 2))
            writer.write(3, AdaptiveTable(melodycode.NEXT_ODDS[3], 2))
        writer.write(2, AdaptiveTable(melodycode.RISE_ODDS, 2))
        writer.write(2, AdaptiveTable(melodycode.LOUDNESS_ODDS, 2))
        turns.write(None, writer)
        clock.write_tail(16, writer)
        refused(writer, PayloadCorrupt, "without any difference" if pitch else "has none", first=b"\xa3")


@given(st.integers(-50, 50), st.integers(-50, 50), st.lists(st.integers(-50, 50), max_size=20))
def test_a_melody_is_rounded_within_its_limits(rise: int, loudness: int, pitch: list[int]) -> None:
    near = nearest_melody(Melody(tuple(pitch), rise, loudness))
    assert set(near.pitch) <= {-9, -6, -3, 0, 3, 6, 9}
    assert near.pitch == () or (len(near.pitch) == min(8, len(pitch)) and any(near.pitch))
    assert near.rise in (-12, -6, 0, 6, 12)
    assert near.loudness in (-12, -6, 0, 6)
    assert abs(near.rise - min(max(rise, -12), 12)) <= 3
    assert nearest_melody(near) == near


def header(writer: SymbolWriter, layout: int = 1) -> None:
    writer.write(0, words.FIRST_CODER_ODDS)
    writer.write(layout, format2.LAYOUT_ODDS)
    writer.write(0, timing.RARELY)
    writer.write(0, timing.RARELY)


def refused(writer: SymbolWriter, error: type[PayloadError], message: str, first: bytes = b"\xa2") -> None:
    data = with_checksum(first + writer.finish())
    with pytest.raises(error, match=message):
        decode_payload(data, FAKES)
    with pytest.raises(Refused):
        second(data)


def test_an_unknown_text_coder() -> None:
    writer = SymbolWriter()
    writer.write(250, words.FIRST_CODER_ODDS)
    refused(writer, PayloadVersionError, "model 250")


@pytest.mark.parametrize("kind", [voicecode.LIKE_THE_LAST, voicecode.OTHER_BYTES])
def test_a_voice_without_a_length(kind: int) -> None:
    writer = SymbolWriter()
    header(writer)
    writer.write(kind, voicecode.FIRST_VOICE_ODDS.first)
    if kind == voicecode.OTHER_BYTES:
        writer.write_evenly(2, 256)
        writer.write_number(4096)
    refused(writer, PayloadCorrupt, "more than 4096 bytes")


def test_layouts_that_say_it_in_a_roundabout_way() -> None:
    writer = SymbolWriter()
    writer.write(0, words.FIRST_CODER_ODDS)
    writer.write(format2.OTHERS_ON_ONE, format2.LAYOUT_ODDS)
    writer.write_evenly(2, 65)
    refused(writer, PayloadCorrupt, "roundabout")


@pytest.mark.slow
def test_a_code_stands_for_no_more_work_than_its_length_allows() -> None:
    song = "la " * 1499 + "la"
    data = encode_payload(Payload((Speaker(VoiceReference(1)),), (Utterance(0.0, 60.0, 0, song),), 60.0), REAL)
    assert decode_payload(data, TEXT_CODERS).payload.utterances[0].text == song
    assert len(data) >= (1500 * REAL.stream().work - FREE_WORK) / WORK_PER_BYTE
    stripped = data[1:-4].rstrip(b"\0")
    assert len(stripped) < len(data) - 100
    with pytest.raises(PayloadCorrupt, match="more than its length allows"):
        decode_payload(with_checksum(data[:1] + stripped), TEXT_CODERS)
    with pytest.raises(Refused):
        decode(with_checksum(data[:1] + stripped), {1: REAL.stream}, PRIORS)


@pytest.mark.slow
@pytest.mark.parametrize(("coder_id", "tokens"), [(1, 9216), (2, 7372)])
def test_four_kilobytes_never_cost_more_than_two_seconds(
    coder_id: int, tokens: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY.md has the time of a token."""
    steps = 0
    logits = np.zeros(4096, np.int64)

    def counted(_run: NetworkRun, _token: int) -> NDArray[np.int64]:
        nonlocal steps
        steps += 1
        return logits

    monkeypatch.setattr(NetworkRun, "step", counted)  # only the number of tokens counts here
    song = "la " * 12_000 + "la"
    data = encode_payload(
        Payload((Speaker(VoiceReference(1)),), (Utterance(0.0, 60.0, 0, song),), 60.0), TEXT_CODERS[coder_id]
    )
    steps = 0
    with pytest.raises(PayloadCorrupt, match="more than its length allows"):
        decode_payload(with_checksum(data[:4094]), TEXT_CODERS)
    assert tokens - 16 < steps <= tokens


def test_many_utterances_at_one_time_stay_there() -> None:
    said = tuple(Utterance(7.0, 1.0 + index, index % 2, "Yes.", 0.9) for index in range(40))
    data = encode_payload(Payload((Speaker(VoiceReference(1)), Speaker(VoiceReference(2))), said, 9.0), FAKE)
    starts = [utterance.start_s for utterance in decode_payload(data, FAKES).payload.utterances]
    assert max(abs(start_s - 7.0) for start_s in starts) <= 1 / 8


def test_more_utterances_than_a_payload_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    person = (Speaker(VoiceReference(1)),)
    data = encode_payload(Payload(person, (Utterance(0.0, 1.0, 0, ""),) * 4, 1.0), FAKE)
    monkeypatch.setattr(format2, "MAX_UTTERANCES", 3)
    with pytest.raises(PayloadCorrupt, match="more than 3 utterances"):
        decode_payload(data, FAKES)


def test_more_text_than_a_payload_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    said = tuple(Utterance(float(i), 1.0, 0, "Ångström") for i in range(3))
    payload = Payload((Speaker(VoiceReference(1)),), said, 9.0)
    data = encode_payload(payload, FAKE)
    monkeypatch.setattr(words, "MAX_TEXT_BYTES", 29)  # of 30
    with pytest.raises(PayloadCorrupt, match="too long"):
        decode_payload(data, FAKES)
    with pytest.raises(TextError, match="more than 29 bytes"):
        encode_payload(payload, FAKE)


def test_a_lone_surrogate_is_refused(payload: Payload) -> None:
    broken = replace(payload, utterances=(replace(payload.utterances[0], text="a\ud800b"),))
    for coder in (FAKE, REAL):
        with pytest.raises(TextError, match="lone surrogate"):
            encode_payload(broken, coder)


def test_a_space_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="has no number"):
        encode_payload(Payload((Speaker(Voice("nowhere", b"x")),), (), 1.0), FAKE)


@pytest.mark.parametrize("data", [b"\xa2", b"\xa2\0", b"\xa2\0\0", b"\xa4", b"\xa4\0", b"\xa4\0\0"])
def test_too_short_to_be_a_payload(data: bytes) -> None:
    with pytest.raises((PayloadTruncated, PayloadCorrupt)):
        decode_payload(data, FAKES)


def test_plain_text_forks() -> None:
    one = PlainText()
    one.intervals("abc")
    other = one.fork()
    assert other.intervals("abc") == one.intervals("abc")
    assert other.intervals("zzz") != one.intervals("abc")

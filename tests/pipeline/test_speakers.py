from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from fakes import FakeSynthesizer
from speechzip.pipeline import (
    TEXT_CODERS,
    InputError,
    Payload,
    Speaker,
    SpeechzipWarning,
    Voice,
    VoiceError,
    VoiceReference,
    decompress,
    encode_payload,
    read_payload,
)
from speechzip.pipeline.speakers import name_speakers

ANNA, BEN = Voice("classical", bytes(10)), Voice("classical", bytes(range(10, 20)))


class Book:
    """Knows Anna and Ben, and recognizes a person by the last byte of the voice."""

    def __init__(self, **voices: Voice) -> None:
        self.voices = voices

    def find(self, voice_id: int, spaces: frozenset[str]) -> Voice | None:
        return next((voice for voice in self.voices.values() if voice.id == voice_id), None)

    def named(self, name: str, space: str) -> Voice:
        if name not in self.voices:
            raise VoiceError(f"nobody is {name}")
        return self.voices[name]

    def match(self, voice: Voice, among: Sequence[Voice] | None = None) -> Voice | None:
        return next((known for known in self.voices.values() if known.embedding[-1] == voice.embedding[-1]), None)

    def name_of(self, voice_id: int) -> str | None:
        return next((name for name, voice in self.voices.items() if voice.id == voice_id), None)


BOOK = Book(anna=ANNA, ben=BEN)


@pytest.fixture
def measured(payload: Payload) -> Payload:
    """Two people as they sound in a recording: the first is a stranger, the second sounds like Ben."""
    stranger, like_ben = Voice("classical", b"\x07" * 10), Voice("classical", b"\x01" * 9 + b"\x13")
    speakers = tuple(Speaker(voice, index) for index, voice in enumerate((stranger, like_ben)))
    return replace(payload, speakers=speakers)


def voices(payload: Payload) -> list[Voice | VoiceReference]:
    return [speaker.voice for speaker in payload.speakers]


def test_names(measured: Payload) -> None:
    stranger, like_ben = voices(measured)
    anna, ben = VoiceReference(ANNA.id), VoiceReference(BEN.id)
    for names, expected in [
        (["anna"], [anna, like_ben]),
        (["anna", "ben"], [anna, ben]),
        (["-", "ben"], [stranger, ben]),
        (["auto"], [stranger, ben]),
        (["anna", "auto"], [anna, ben]),
        (["-", "-"], [stranger, like_ben]),
    ]:
        assert voices(name_speakers(measured, names, BOOK, "classical")) == expected


def test_carried_along(measured: Payload) -> None:
    assert voices(name_speakers(measured, ["anna", "auto"], BOOK, "classical", carry=True)) == [ANNA, BEN]


def test_the_adaptation_of_an_enrolled_voice_never_travels(measured: Payload) -> None:
    """It costs nothing in a payload, and the synthesizer of a receiver who has it speaks with it."""
    enrolled = replace(ANNA, adaptation=b"a minute of Anna")
    book = Book(anna=enrolled, ben=BEN)
    for carry in (False, True):
        named = name_speakers(measured, ["anna"], book, "classical", carry)
        assert voices(named) == voices(name_speakers(measured, ["anna"], BOOK, "classical", carry))
        data = encode_payload(named, TEXT_CODERS[1])
        assert data == encode_payload(name_speakers(measured, ["anna"], BOOK, "classical", carry), TEXT_CODERS[1])
    data = encode_payload(name_speakers(measured, ["anna"], book, "classical"), TEXT_CODERS[1])
    for known, heard in ((book, enrolled), (BOOK, ANNA)):
        synthesizer = FakeSynthesizer()
        decompress(data, synthesizer=synthesizer, voice_book=known)
        assert heard in {voice for _, voice, _, _ in synthesizer.asked}


def test_unknown_names_and_too_many(measured: Payload) -> None:
    with pytest.raises(VoiceError, match="nobody is carl"):
        name_speakers(measured, ["carl"], BOOK, "classical")
    with pytest.raises(InputError, match="3 speakers are named, but the recording has 2"):
        name_speakers(measured, ["anna", "ben", "-"], BOOK, "classical")


def test_a_known_voice_costs_two_bytes_and_speaks_where_it_is_known(measured: Payload) -> None:
    carried = encode_payload(name_speakers(measured, ["-", "ben"], BOOK, "classical", carry=True), TEXT_CODERS[1])
    data = encode_payload(name_speakers(measured, ["-", "ben"], BOOK, "classical"), TEXT_CODERS[1])
    assert len(carried) - len(data) == 8  # its kind, a space, a length and ten bytes; the two bytes of an id
    synthesizer = FakeSynthesizer()
    decompress(data, synthesizer=synthesizer, voice_book=BOOK)
    assert {voice for _, voice, _, _ in synthesizer.asked} == {measured.speakers[0].voice, BEN}


def test_who_lacks_a_voice_hears_a_neutral_one_and_is_told(measured: Payload) -> None:
    data = encode_payload(name_speakers(measured, ["-", "ben"], BOOK, "classical"), TEXT_CODERS[1])
    synthesizer = FakeSynthesizer()
    with pytest.warns(SpeechzipWarning, match=f"{BEN.id:04x}, which is not in your store of voices.*voices import"):
        decompress(data, synthesizer=synthesizer, voice_book=Book())
    assert [text for text, *_ in synthesizer.asked] == [
        utterance.text for utterance in read_payload(data).payload.utterances
    ]
    assert {voice for _, voice, _, _ in synthesizer.asked} == {measured.speakers[0].voice, None}

from __future__ import annotations

import numpy as np
import pytest
from fakes import FakeSynthesizer
from speechzip.pipeline import (
    MAX_UTTERANCE_S,
    EngineError,
    Melody,
    Payload,
    Samples,
    Speaker,
    Utterance,
    Voice,
    VoiceReference,
    decompress,
)
from speechzip.pipeline.synthesis.speaking import known_voice, speak

SPEAKER = Speaker(Voice("classical", b"x"))
HELLO = Payload((SPEAKER,), (Utterance(1.25, 1, 0, "Hello."),), 3.0)


class Odd(FakeSynthesizer):
    """A synthesizer that returns or raises a given value."""

    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        super().synthesize(text, voice, duration_s, language)
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result  # type: ignore[return-value]  # engines of others do


class Melodic(FakeSynthesizer):
    """A synthesizer that hums, and notes the melodies that it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.melodies: list[Melody] = []

    def synthesize_melody(
        self, text: str, voice: Voice | None, duration_s: float | None, language: str, melody: Melody
    ) -> Samples:
        self.melodies.append(melody)
        return self.synthesize(text, voice, duration_s, language)


def spoken(melody: Melody | None, synthesizer: FakeSynthesizer, text: str = "Hello.") -> Samples:
    return speak(Utterance(0.0, 1.0, 0, text, melody=melody), None, synthesizer)


@pytest.mark.parametrize("synthesizer", [FakeSynthesizer(), Melodic()])
def test_any_synthesizer_is_louder_or_softer_and_never_clips(synthesizer: FakeSynthesizer) -> None:
    usual = spoken(None, synthesizer)
    assert np.array_equal(spoken(Melody((3,), 6), synthesizer), usual)
    for loudness, level in ((-12, 0.0628), (-6, 0.1253), (6, 0.4988)):
        assert spoken(Melody(loudness=loudness), synthesizer) == pytest.approx(np.full(len(usual), level), abs=1e-3)
    loud = Odd(np.full(100, 0.8, np.float32))
    assert spoken(Melody(loudness=6), loud).max() == pytest.approx(0.95)
    assert not spoken(Melody(loudness=6), Odd(np.zeros(100, np.float32))).any()


def test_only_a_melodic_synthesizer_gets_the_melody_and_not_for_what_was_redacted() -> None:
    synthesizer = Melodic()
    spoken(Melody((3,), 6), synthesizer)
    spoken(None, synthesizer)
    spoken(Melody((3,), 6), synthesizer, "My card is [card].")
    assert synthesizer.melodies == [Melody((3,), 6)]
    assert len(synthesizer.asked) == 3


def test_a_voice_is_known_by_its_space_or_replaced_with_a_reason() -> None:
    synthesizer = FakeSynthesizer()
    assert known_voice(SPEAKER.voice, synthesizer) == (SPEAKER.voice, "")
    voice, reason = known_voice(Voice("elsewhere", b"x"), synthesizer)
    assert voice is None
    assert reason == "fake has no voices of the space 'elsewhere'; a neutral voice speaks instead"
    voice, reason = known_voice(VoiceReference(0x07AB), synthesizer)
    assert voice is None
    assert reason.startswith("the payload names voice 07ab, which is not in your store of voices: a neutral voice")


@pytest.mark.parametrize("error", [ValueError("NaN"), RuntimeError("out of memory"), AssertionError(), KeyError("x")])
def test_any_exception_of_an_engine_is_one_of_ours(error: Exception) -> None:
    with pytest.raises(EngineError, match=r"synthesizer fake failed at 1\.25 s, on 6 characters of 'en'") as raised:
        decompress(HELLO, synthesizer=Odd(error))
    assert raised.value.__cause__ is error


def test_an_error_of_ours_stays_what_it_is() -> None:
    with pytest.raises(EngineError, match="no weights"):
        decompress(HELLO, synthesizer=Odd(EngineError("no weights")))


def test_ctrl_c_is_no_error_of_the_engine() -> None:
    with pytest.raises(KeyboardInterrupt):
        decompress(HELLO, synthesizer=Odd(KeyboardInterrupt()))


@pytest.mark.parametrize(
    "sound",
    [
        np.full(10, np.nan, np.float32),
        np.array([0, np.inf], np.float32),
        np.zeros((10, 2), np.float32),
        np.zeros(10, np.int16),
        None,
    ],
)
def test_what_is_no_sound_is_refused(sound: object) -> None:
    with pytest.raises(EngineError, match="not finite sound"):
        decompress(HELLO, synthesizer=Odd(sound))


def test_a_foreign_engine_is_cut_after_a_minute() -> None:
    audio = decompress(HELLO, synthesizer=Odd(np.ones(100 * 16_000, np.float64)))
    assert audio.duration_s == 1.25 + MAX_UTTERANCE_S
    assert audio.samples.dtype == np.float32


@pytest.mark.parametrize("filler", ["\t", ",", "\n", "?! ", ". . "])
def test_a_long_run_of_what_is_not_spoken_takes_no_longer_for_each_character(filler: str) -> None:
    """A megabyte of it, which few bytes may hold, took half an hour: it was searched for a mark from each place."""
    synthesizer = FakeSynthesizer()
    long = (filler * (1 << 20))[: 1 << 20]
    speak(Utterance(0, 1, 0, f"a{long}b"), None, synthesizer)
    speak(Utterance(0, 1, 0, f"a{long}[card]{long}b"), None, synthesizer)
    assert [text for text, *_ in synthesizer.asked] == [f"a{long}b", "a", "b"]


def test_nothing_to_say_costs_nothing() -> None:
    synthesizer = FakeSynthesizer()
    silent = Payload((SPEAKER,), (Utterance(0, 1, 0, " ", language="zh"), Utterance(1, 1, 0, " \n")), 3.0)
    assert not decompress(silent, synthesizer=synthesizer).samples.any()
    assert synthesizer.asked == []

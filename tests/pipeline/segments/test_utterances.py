from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from fakes import FakeVoiceEncoder, sure
from speechzip.pipeline import Samples, Transcript, Utterance, Voice
from speechzip.pipeline.segments.segmentation import SpeechSegment
from speechzip.pipeline.segments.utterances import ReadSpeech, SpeakerSpeech


class Noting(FakeVoiceEncoder):
    """A voice encoder that records its input."""

    def __init__(self) -> None:
        self.measured: list[tuple[list[float], str]] = []

    def encode(self, samples: Samples, transcript: str) -> Voice:
        self.measured.append(([float(sample) for sample in samples[::16000]], transcript))
        return super().encode(samples, transcript)


class Fitting(Noting):
    """A voice encoder that gives a voice of zeros to whoever has the time."""

    def fit(self, voice: Voice, speech: Sequence[tuple[Samples, Transcript]]) -> Voice:
        assert voice.embedding != bytes(2)
        self.fitted = [(float(samples[0]), transcript.text) for samples, transcript in speech]
        return Voice(self.space, bytes(2))


def segment(start_s: float, level: float, duration_s: float = 2.0) -> SpeechSegment:
    return SpeechSegment(start_s, duration_s, np.full(int(duration_s * 16000), level, np.float32))


def test_segments_become_utterances_and_what_is_no_speech_is_neither_said_nor_measured() -> None:
    speech, encoder = SpeakerSpeech(), Noting()
    hello = speech.take(segment(1.5, 0.25), Transcript("Hello.", 0.9, "en"))
    assert hello == Utterance(1.5, 2.0, 0, "Hello.", 0.9, "en")
    assert speech.take(segment(4.0, 0.5), Transcript("You", 0.2, "en")) is None
    assert speech.take(segment(4.0, 0.5), Transcript("...", 0.95, "en")) is None
    ja = speech.take(segment(7.0, 0.75), Transcript("Ja.", 0.95, "de"))
    assert ja == Utterance(7.0, 2.0, 0, "Ja.", 0.95, "de")
    speech.measure(encoder)
    assert encoder.measured == [([0.25, 0.25, 0.75, 0.75], "Hello. Ja.")]
    assert speech.duration_s == 4.0


def test_no_more_speech_is_kept_than_asked_for_but_every_utterance_is_said() -> None:
    speech, encoder = SpeakerSpeech(most_s=3.0), Noting()
    said = [speech.take(segment(3.0 * index, 0.25), Transcript(f"{index}.", 0.95, "en")) for index in range(5)]
    assert [utterance.text for utterance in said if utterance] == ["0.", "1.", "2.", "3.", "4."]
    speech.measure(encoder)
    assert encoder.measured == [([0.25] * 4, "0. 1.")]


def test_a_voice_is_fitted_to_what_could_be_read_by_an_encoder_that_can() -> None:
    speech, encoder = SpeakerSpeech(), Fitting()
    for index, level in enumerate((0.25, 0.5)):
        speech.take(segment(3.0 * index, level), Transcript(f"{index}.", 0.95, "en"))
    assert speech.measure(encoder).embedding != bytes(2)
    assert speech.fit(encoder).embedding == bytes(2)
    assert encoder.fitted == [(0.25, "0."), (0.5, "1.")]
    assert speech.fit(Noting()) == speech.measure(Noting())


def test_speech_that_could_not_be_read_is_measured_and_not_fitted_to() -> None:
    speech, encoder = SpeakerSpeech(new_detector=lambda: sure(0.9), one_language=True), Fitting()
    unread = speech.take(segment(0.0, 0.25), Transcript("", 0.0, "en"))
    assert unread is not None
    assert unread.text == ""
    assert speech.fit(encoder) == speech.measure(encoder)


@pytest.mark.parametrize(("probability", "text"), [(0.9, ""), (0.5, "Fair again, fail better.")])
def test_unsure_words_are_marked_or_kept_and_never_vanish(probability: float, text: str) -> None:
    speech = SpeakerSpeech(new_detector=lambda: sure(probability), one_language=True)
    sound = np.random.default_rng(0).normal(0, 0.1, 32000).astype(np.float32)
    unsure = Transcript("Fair again, fail better.", 0.46, "en")
    utterance = speech.take(SpeechSegment(0.0, 2.0, sound), unsure)
    assert utterance is not None
    assert utterance.text == text


def test_in_a_conversation_that_could_mostly_be_read_nobody_speaks_another_language() -> None:
    def reasons(*transcripts: Transcript) -> list[str | None]:
        speech = SpeakerSpeech(new_detector=lambda: sure(0.9), one_language=True)
        taken = [speech.take(segment(3.0 * index, 0.25), transcript) for index, transcript in enumerate(transcripts)]
        return [utterance.unread for utterance in taken if utterance]

    invented = Transcript("The market is still very open to the afternoon.", 0.3)
    read = Transcript("Sounds like you have done so.", 0.9)
    assert reasons(invented, invented) == ["another language"] * 2
    assert reasons(read, invented, read, invented) == [None, "unclear", None, "unclear"]
    assert reasons(read, invented, invented) == [None, "unclear", "another language"]
    conversation = ReadSpeech()
    anna, ben = (
        SpeakerSpeech(new_detector=lambda: sure(0.9), one_language=True, conversation=conversation) for _ in range(2)
    )
    anna.take(segment(0.0, 0.25), read)
    utterance = ben.take(segment(3.0, 0.25), invented)
    assert utterance is not None
    assert utterance.unread == "unclear"

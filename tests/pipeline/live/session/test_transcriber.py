from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import soundfile
from fakes import FakeRecognizer, FakeSynthesizer, FakeVoiceEncoder, bursts, loud
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    AudioError,
    PayloadCorrupt,
    Samples,
    Transcript,
    Utterance,
    Voice,
    VoiceEncoder,
    VoiceReference,
    encode_payload,
    load_recognizer,
    resample,
)
from speechzip.pipeline.live.session.synthesis import SENTENCE_PAUSE_S, decode_utterances, speak
from speechzip.pipeline.live.session.transcriber import (
    HANDS_FREE,
    PUSH_TO_TALK,
    Doubtful,
    OutgoingUtterance,
    StreamingTranscriber,
    Transcribed,
    Unheard,
)
from speechzip.pipeline.live.session.voice import SETTLED_VOICE_S
from speechzip.pipeline.payload.plaintext import PlainText
from speechzip.pipeline.protocols import TextStream
from speechzip.pipeline.segments.segmentation import EndpointingSettings
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS
from speechzip.pipeline.types import Payload, Speaker
from speechzip.pipeline.unread.sounds import SoundBudget

BLOCK = 1600


def transcriber(
    recognizer: FakeRecognizer,
    endpointing: EndpointingSettings = PUSH_TO_TALK,
    sounds: SoundBudget | None = None,
    voice_encoder: VoiceEncoder | None = None,
) -> StreamingTranscriber:
    time_s = iter(range(10**6))
    encoder = voice_encoder or FakeVoiceEncoder()
    return StreamingTranscriber(
        recognizer, encoder, endpointing, lambda: loud, clock=lambda: next(time_s) / 20, sounds=sounds
    )


def spoken_in(items: Iterable[Transcribed]) -> list[OutgoingUtterance]:
    """Return the utterances; no engine has failed."""
    kept = list(items)
    assert not [item for item in kept if isinstance(item, Unheard)]
    return [item for item in kept if isinstance(item, OutgoingUtterance)]


def blocks(samples: Samples) -> list[Samples]:
    return [samples[start : start + BLOCK] for start in range(0, len(samples), BLOCK)]


def test_what_is_said_between_press_and_release_is_one_utterance() -> None:
    recognizer = FakeRecognizer(["Hello there."])
    person = transcriber(recognizer)
    assert list(person.push(bursts((0.5, 2.0), duration_s=2.2).samples)) == []
    (spoken,) = spoken_in(person.release())
    (utterance,) = spoken.payload.utterances
    assert (utterance.text, utterance.start_s) == ("Hello there.", 0.0)
    assert utterance.duration_s == pytest.approx(1.5, abs=0.1)
    assert spoken.end_s == pytest.approx(2.0, abs=0.1)
    assert spoken.payload.duration_s == utterance.duration_s
    assert list(person.release()) == []


def test_times_run_on_over_releases() -> None:
    person = transcriber(FakeRecognizer())
    for turn in range(3):
        list(person.push(bursts((0.5, 1.5), duration_s=2.0).samples))
        (spoken,) = spoken_in(person.release())
        assert spoken.end_s == pytest.approx(2 * turn + 1.5, abs=0.1)
    assert person.heard_s == 6.0


def test_a_long_turn_is_sent_in_parts_while_it_goes_on() -> None:
    person = transcriber(FakeRecognizer())
    sound = bursts((0.2, 3.0), (3.3, 6.0), (6.4, 9.0), (11.0, 12.0), duration_s=12.2).samples
    parts = [(spoken.end_s, person.heard_s) for block in blocks(sound) for spoken in spoken_in(person.push(block))]
    # Past 5 s a pause of 0.25 s is enough; before, it takes 0.9 s.
    assert [end_s for end_s, _ in parts] == pytest.approx([6.0, 9.0], abs=0.1)
    assert [known_s - end_s for end_s, known_s in parts] == pytest.approx([0.3, 0.95], abs=0.15)
    assert [spoken.end_s for spoken in spoken_in(person.release())] == pytest.approx([12.0], abs=0.1)


def test_hands_free_a_pause_is_the_end() -> None:
    person = transcriber(FakeRecognizer(), HANDS_FREE)
    (spoken,) = spoken_in(person.push(bursts((0.5, 1.5), duration_s=2.3).samples))
    assert spoken.end_s == pytest.approx(1.5, abs=0.1)


def test_partials_grow_and_the_last_one_is_taken_without_reading_again() -> None:
    recognizer = FakeRecognizer([f"Guess {index}." for index in range(100)])
    person = transcriber(recognizer)
    partials: list[str] = []
    for block in blocks(bursts((0.0, 3.0), duration_s=3.4).samples):
        assert list(person.push(block)) == []
        if (text := person.partial_transcript()) is not None:
            partials.append(text)
    assert partials == [f"Guess {index}." for index in range(len(partials))]
    lengths = [len(samples) for samples in recognizer.heard]
    assert lengths == sorted(lengths)
    assert 2 <= len(partials) <= 8
    (spoken,) = spoken_in(person.release())
    assert spoken.text == partials[-1]
    assert len(recognizer.heard) == len(partials)


def test_a_partial_that_is_not_the_end_is_read_again() -> None:
    recognizer = FakeRecognizer([f"Guess {index}." for index in range(100)])
    person = transcriber(recognizer)
    sound = bursts((0.0, 3.0), duration_s=3.0).samples
    list(person.push(sound[:32000]))
    assert person.partial_transcript() == "Guess 0."
    list(person.push(sound[32000:]))
    (spoken,) = spoken_in(person.release())
    assert spoken.text == "Guess 1."
    assert len(recognizer.heard[1]) > len(recognizer.heard[0])


def test_speech_that_cannot_be_read_is_sent_as_a_mark_and_heard_as_a_tone() -> None:
    person = transcriber(FakeRecognizer(confidence=0.2))
    list(person.push(bursts((0.5, 2.0), duration_s=2.2).samples))
    (spoken,) = spoken_in(person.release())
    assert (spoken.text, spoken.unread) == ("[unclear 1.5 s]", "unclear")
    (heard,) = decode_utterances(
        encode_payload(spoken.payload, TEXT_CODERS[DEFAULT_ID]), TEXT_CODERS
    ).payload.utterances
    synthesizer = FakeSynthesizer()
    (tone,) = speak(heard, None, synthesizer)
    assert 0.2 < len(tone) / synthesizer.sample_rate < 0.3
    assert synthesizer.asked == []


def test_the_sound_of_what_cannot_be_read_is_sent_within_the_budget() -> None:
    recognizer = FakeRecognizer(confidence=0.2)
    person = transcriber(recognizer, sounds=SoundBudget(6500, "opus"))
    list(person.push(bursts((0.5, 7.0), duration_s=7.2).samples))
    pieces = spoken_in(person.release())
    assert [piece.unread for piece in pieces] == ["unclear"] * 2
    assert [piece.payload.duration_s for piece in pieces] == pytest.approx([3.4, 3.4], abs=0.1)
    assert 3000 < sum(piece.sound_bytes for piece in pieces) < 6500
    synthesizer = FakeSynthesizer()
    played: list[float] = []
    for piece in pieces:
        decoded = decode_utterances(encode_payload(piece.payload, TEXT_CODERS[DEFAULT_ID], 1), TEXT_CODERS)
        voice = decoded.payload.speakers[0].voice
        assert isinstance(voice, Voice)
        (sound,) = speak(decoded.payload.utterances[0], voice, synthesizer)
        played.append(len(sound) / synthesizer.sample_rate)
    assert played == pytest.approx([3.4, 3.4], abs=0.1)
    assert synthesizer.asked == []
    list(person.push(bursts((0.5, 4.0), duration_s=4.2).samples))  # more than the budget has left
    (mark,) = spoken_in(person.release())
    assert (mark.unread, mark.sound_bytes) == ("unclear", 0)
    recognizer.confidence = 0.95
    list(person.push(bursts((0.5, 2.0), duration_s=2.2).samples))
    (said,) = spoken_in(person.release())
    assert (said.unread, said.sound_bytes) == (None, 0)


def test_a_sound_that_cannot_be_decoded_is_an_error() -> None:
    mark = Utterance(0.0, 1.0, 0, "", 0.5)
    with pytest.raises(AudioError, match="0 frames of Codec2"):
        list(speak(mark, Voice("sound", b"\x01"), FakeSynthesizer()))


def test_silence_says_nothing_and_of_what_is_perhaps_speech_only_the_speaker_is_told() -> None:
    assert [*transcriber(FakeRecognizer()).push(np.zeros(32000, np.float32))] == []
    unsure = transcriber(FakeRecognizer(["You"], confidence=0.2))
    assert list(unsure.push(bursts((0.5, 0.9), duration_s=1.2).samples)) == []
    (doubtful,) = unsure.release()
    assert isinstance(doubtful, Doubtful)
    assert doubtful.text == "0.4 s may be speech that could not be read: nothing of it is sent"
    assert transcriber(FakeRecognizer()).partial_transcript() is None


def test_the_voice_is_measured_at_once_and_again_when_more_is_known() -> None:
    person = transcriber(FakeRecognizer())
    voices: list[Voice | VoiceReference] = []
    for _ in range(40):
        list(person.push(bursts((0.2, 2.2), duration_s=2.4).samples))
        voices += [spoken.payload.speakers[0].voice for spoken in spoken_in(person.release())]
    assert len(voices) == 40
    changes = sum(before != after for before, after in pairwise(voices))
    assert 1 <= changes <= 3
    assert len(set(voices[10:])) == 1


def test_a_voice_that_is_settled_has_more_bytes() -> None:
    class Scalable:
        name, space = "scalable", "trained-2"

        def encode(self, samples: Samples, transcript: str) -> Voice:
            return Voice(self.space, bytes(64))

    person = transcriber(FakeRecognizer(), voice_encoder=Scalable())
    sizes: list[int] = []
    for _ in range(40):
        list(person.push(bursts((0.2, 2.2), duration_s=2.4).samples))
        sizes += [len(voice.embedding) for spoken in spoken_in(person.release()) for voice in spoken.payload.voices]
    assert sizes[0] == 16
    assert set(sizes) == {16, 32}
    assert sizes == sorted(sizes)


class PlainTextCoder:
    """A text coder that writes plain text, which takes no time."""

    id = DEFAULT_ID
    name = "plain"

    def stream(self) -> TextStream:
        return PlainText()

    def encode(self, texts: Sequence[str]) -> bytes:
        return b"".join(b"\xff" + text.encode() for text in texts)

    def decode(self, code: bytes, count: int) -> list[str]:
        return TEXT_CODERS[DEFAULT_ID].decode(code, count)


def spoken_payload(*texts: str) -> bytes:
    speaker = Speaker(Voice("classical", b"0123456789"))
    utterances = tuple(Utterance(float(index), 1.0, 0, text) for index, text in enumerate(texts))
    return encode_payload(Payload((speaker,), utterances, len(texts) + 1.0), PlainTextCoder(), version=1)


class Fitting(FakeVoiceEncoder):
    """Its fits end when they are let go."""

    def __init__(self, error: Exception | None = None) -> None:
        self.let_go = Event()
        self.fitted_s: list[float] = []
        self._error = error

    def fit(self, voice: Voice, speech: Sequence[tuple[Samples, Transcript]]) -> Voice:
        assert self.let_go.wait(30)
        if self._error:
            raise self._error
        self.fitted_s.append(sum(len(samples) for samples, _ in speech) / ENGINE_SAMPLE_RATE)
        return Voice(voice.space, bytes([len(self.fitted_s)]) * 10)


def test_a_voice_is_fitted_beside_the_conversation_which_does_not_wait_for_it() -> None:
    encoder = Fitting()
    person = transcriber(FakeRecognizer(), voice_encoder=encoder)

    def turns(count: int) -> list[Voice | VoiceReference]:
        said: list[OutgoingUtterance] = []
        for _ in range(count):
            list(person.push(bursts((0.2, 2.2), duration_s=2.4).samples))
            said += spoken_in(person.release())
        return [one.payload.speakers[0].voice for one in said]

    first, second = (Voice("classical", bytes([number]) * 10) for number in (1, 2))
    voices = turns(12)  # nobody lets the fit go
    assert len(voices) == 12
    assert first not in voices
    encoder.let_go.set()
    for _ in range(300):
        voices += turns(1)
        if voices[-1] == second:
            break
        time.sleep(0.01)
    assert first in voices
    assert voices[-1] == second
    assert len(set(turns(8))) == 1  # settled
    assert len(encoder.fitted_s) == 2
    assert encoder.fitted_s[0] <= encoder.fitted_s[1] >= SETTLED_VOICE_S


@pytest.mark.models
@pytest.mark.processes
def test_a_program_that_ends_in_the_middle_of_a_fit_ends_well(wheel_recording: Callable[[str], Path]) -> None:
    """Libraries that are unloaded under a fit abort the process."""
    program = """
import sys, soundfile
from speechzip.pipeline import load_recognizer, load_engine, resample
from speechzip.pipeline.live.session.transcriber import StreamingTranscriber
samples, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
sound = resample(samples[:, 0], rate, 16_000)
person = StreamingTranscriber(load_recognizer(quick=True), load_engine("voice_encoder"))
for start in range(0, 14 * 16_000, 1600):
    list(person.push(sound[start : start + 1600]))
    person.partial_transcript()
import threading
print([thread.name for thread in threading.enumerate() if thread.name == "speechzip-voice"])
"""
    command = [sys.executable, "-c", program, str(wheel_recording("two_cities.wav"))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "['speechzip-voice']\n", "")


def test_a_voice_that_need_not_be_fitted_is_measured() -> None:
    encoder = Fitting()
    encoder.let_go.set()
    person = StreamingTranscriber(FakeRecognizer(), encoder, PUSH_TO_TALK, lambda: loud, fits=False)
    for _ in range(12):
        list(person.push(bursts((0.2, 2.2), duration_s=2.4).samples))
        assert len(spoken_in(person.release())) == 1
    assert not encoder.fitted_s


def test_a_fit_that_fails_is_told_and_costs_no_utterance() -> None:
    encoder = Fitting(MemoryError())
    encoder.let_go.set()
    person = transcriber(FakeRecognizer(), voice_encoder=encoder)
    said: list[Transcribed] = []
    for _ in range(12):
        list(person.push(bursts((0.2, 2.2), duration_s=2.4).samples))
        said += person.release()
        time.sleep(0.01)
    assert sum(isinstance(item, OutgoingUtterance) for item in said) == 12
    errors = [item.error for item in said if isinstance(item, Unheard)]
    assert errors
    assert all(isinstance(error, MemoryError) for error in errors)


def test_a_payload_is_spoken_by_sentence_at_the_speaking_rate_of_the_voice() -> None:
    synthesizer = FakeSynthesizer()
    (utterance,) = decode_utterances(spoken_payload("Hello there. How are you? Fine"), TEXT_CODERS).payload.utterances
    voice = Voice("classical", b"0123456789")
    pieces = speak(utterance, voice, synthesizer)
    assert len(next(pieces)) == 16000
    assert synthesizer.asked == [("Hello there.", voice, None, "en")]  # the rest is made while the first is heard
    assert [len(piece) for piece in pieces] == [int(16000 * SENTENCE_PAUSE_S), 16000] * 2
    list(speak(utterance, None, synthesizer))
    assert synthesizer.asked[-1] == ("Fine", None, None, "en")


class PiecewiseSynthesizer(FakeSynthesizer):
    """A synthesizer that yields a sentence in two pieces."""

    def stream(self, text: str, voice: Voice | None, language: str) -> Iterator[Samples]:
        self.asked.append((text, voice, None, language))
        yield np.zeros(100, np.float32)
        yield np.zeros(200, np.float32)


def test_what_comes_in_pieces_is_heard_in_pieces() -> None:
    (utterance,) = decode_utterances(spoken_payload("Hello there. Fine"), TEXT_CODERS).payload.utterances
    pause = int(16000 * SENTENCE_PAUSE_S)
    pieces = speak(utterance, Voice("classical", b"0123456789"), PiecewiseSynthesizer())
    assert [len(piece) for piece in pieces] == [100, 200, pause, 100, 200]


def test_what_nobody_says_at_once_is_refused() -> None:
    assert len(decode_utterances(spoken_payload(*["word"] * 8), TEXT_CODERS).payload.utterances) == 8
    for hostile in ([], ["word"] * 9, ["x" * 2001]):
        with pytest.raises(PayloadCorrupt):
            decode_utterances(spoken_payload(*hostile), TEXT_CODERS)


def test_spoken_text() -> None:
    spoken = OutgoingUtterance(Payload((), (Utterance(0.0, 1.0, 0, "Hi."),), 1.0), 1.0)
    assert spoken.text == "Hi."
    assert Transcript("Hi.", 1.0).text == spoken.text


class FailingOnce(FakeRecognizer):
    """A recognizer that fails on the first segment, while it is spoken and at its end."""

    def transcribe(self, samples: Samples) -> Transcript:
        transcript = super().transcribe(samples)
        if len(self.heard) <= 2:
            raise MemoryError
        return transcript


def test_a_recognizer_that_fails_costs_one_utterance() -> None:
    person = transcriber(FailingOnce())
    list(person.push(bursts((0.2, 1.2), duration_s=1.2).samples))
    assert person.partial_transcript() is None
    (lost,) = person.release()
    assert isinstance(lost, Unheard)
    assert isinstance(lost.error, MemoryError)
    assert lost.duration_s == pytest.approx(1.0, abs=0.1)
    list(person.push(bursts((0.2, 1.2), duration_s=1.5).samples))
    (spoken,) = spoken_in(person.release())
    assert spoken.text == "Line 3."


class Deaf(FakeVoiceEncoder):
    """A voice encoder that must not be called."""

    def encode(self, samples: Samples, transcript: str) -> Voice:
        raise ZeroDivisionError


def test_a_voice_encoder_that_fails_is_told() -> None:
    person = StreamingTranscriber(FakeRecognizer(), Deaf(), PUSH_TO_TALK, lambda: loud)
    list(person.push(bursts((0.2, 1.2), duration_s=1.5).samples))
    (lost,) = person.release()
    assert isinstance(lost, Unheard)
    assert isinstance(lost.error, ZeroDivisionError)


@pytest.mark.models
@pytest.mark.parametrize(("factor", "offset"), [(10 ** (-45 / 20), 0.0), (0.3, 0.5)])
def test_quiet_speech_and_speech_on_an_offset_are_read(
    factor: float, offset: float, wheel_recording: Callable[[str], Path]
) -> None:
    samples, rate = soundfile.read(str(wheel_recording("beckett.wav")), dtype="float32", always_2d=True)
    sound = (factor * resample(samples[: 6 * rate, 0], rate, ENGINE_SAMPLE_RATE) + offset).astype(np.float32)
    person = StreamingTranscriber(load_recognizer(quick=True), FakeVoiceEncoder())
    said = [item for block in blocks(sound) for item in spoken_in(person.push(block))]
    text = " ".join(item.text for item in (*said, *spoken_in(person.release())))
    assert text.startswith("Ever tried")
    assert "matter" in text

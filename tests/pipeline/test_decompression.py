from __future__ import annotations

import io
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FakeSynthesizer
from speechzip.pipeline import (
    TEXT_CODERS,
    EngineError,
    InputError,
    Payload,
    PayloadCorrupt,
    PayloadError,
    Samples,
    Speaker,
    SpeechzipWarning,
    Utterance,
    Voice,
    decompress,
    encode_payload,
    read_payload,
    render,
)


def test_every_utterance_at_its_place_on_its_channel(payload: Payload) -> None:
    sound = decompress(payload, synthesizer=FakeSynthesizer())
    assert sound.samples.shape == (200000, 2)
    for channel, spans in enumerate([[(0.5, 2.5), (3.0, 4.0)], [(2.25, 3.75), (9.0, 12.25)]]):
        expected = np.zeros(200000, bool)
        for start_s, end_s in spans:
            expected[int(start_s * 16000) : int(end_s * 16000)] = True
        assert np.array_equal(sound.samples[:, channel] > 0, expected)


class Leading(FakeSynthesizer):
    """A synthesizer whose speech sounds for a while before it is loud."""

    def __init__(self, lead: object) -> None:
        super().__init__()
        self.lead = lead

    def lead_s(self, text: str, voice: Voice | None, language: str) -> float:
        if isinstance(self.lead, Exception):
            raise self.lead
        return self.lead  # type: ignore[return-value]  # engines of others do


def starts(synthesizer: FakeSynthesizer, *utterances: Utterance) -> list[float]:
    """Return when sound begins, in seconds."""
    sound = decompress(Payload((Speaker(Voice("classical", b"x")),), utterances, 9.0), synthesizer=synthesizer)
    loud = np.pad(sound.samples != 0, (1, 0))
    return [float(place) / 16000 for place in np.flatnonzero(loud[1:] & ~loud[:-1])]


def test_speech_that_begins_softly_begins_earlier() -> None:
    said = Utterance(0.02, 1, 0, "Five."), Utterance(3, 1, 0, "Five."), Utterance(5, 1, 0, "Six.")
    assert starts(Leading(0.06), *said) == [0.0, 2.94, 4.94]
    assert starts(Leading(0.0), *said) == starts(FakeSynthesizer(), *said) == [0.02, 3.0, 5.0]


def test_sound_that_has_been_given_away_is_not_begun_again() -> None:
    said = Utterance(3, 1, 0, "Five."), Utterance(3, 1, 0, "Six."), Utterance(3.01, 1, 0, "Seven.")
    assert starts(Leading(0.06), *said) == [2.94]


def test_tones_begin_on_time() -> None:
    said = Utterance(1, 1, 0, "", 0.5), Utterance(3, 1, 0, "[card] is mine.")
    assert starts(Leading(0.06), *said)[:2] == pytest.approx([1.0, 3.0], abs=0.001)


@pytest.mark.parametrize(("lead", "start_s"), [(7.0, 2.9), (-7.0, 3.0), (float("nan"), 3.0), (float("inf"), 2.9)])
def test_a_lead_is_bounded(lead: float, start_s: float) -> None:
    assert starts(Leading(lead), Utterance(3, 1, 0, "Five.")) == [start_s]


@pytest.mark.parametrize("lead", [ValueError("no"), "soon", None])
def test_a_lead_that_fails_is_an_error_of_the_engine(lead: object) -> None:
    with pytest.raises(EngineError, match="the synthesizer fake failed"):
        starts(Leading(lead), Utterance(3, 1, 0, "Five."))


def test_overlap_on_one_channel_is_summed() -> None:
    both = Speaker(Voice("classical", b"x"))
    payload = Payload((both, both), (Utterance(1, 2, 0, "a"), Utterance(2, 2, 1, "b")), 5.0)
    sound = decompress(payload, synthesizer=FakeSynthesizer())
    assert [float(sound.samples[int(16000 * t)]) for t in (0.5, 1.5, 2.5, 3.5, 4.5)] == [0, 0.25, 0.5, 0.25, 0]


def test_engine_is_told_text_voice_duration_and_language(payload: Payload) -> None:
    synthesizer = FakeSynthesizer()
    decompress(replace(payload, utterances=payload.utterances[:1]), synthesizer=synthesizer)
    assert synthesizer.asked == [("Hello, is anybody there?", payload.speakers[0].voice, 2.0, "en")]


def test_the_last_word_is_not_cut_off() -> None:
    class Slow(FakeSynthesizer):
        def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
            return super().synthesize(text, voice, 4.0, language)

    payload = Payload((Speaker(Voice("classical", b"x")),), (Utterance(1, 1, 0, "a"),), 2.0)
    assert decompress(payload, synthesizer=Slow()).duration_s == 5.0


def test_unknown_voice_space_speaks_neutrally_and_says_so() -> None:
    payload = Payload((Speaker(Voice("space-77", b"x")),), (Utterance(0, 1, 0, "Hi."),), 1.0)
    synthesizer = FakeSynthesizer()
    with pytest.warns(SpeechzipWarning, match="space-77"):
        decompress(payload, synthesizer=synthesizer)
    assert synthesizer.asked[0][:2] == ("Hi.", None)


def test_a_long_silence_is_rendered_in_small_blocks() -> None:
    payload = Payload((Speaker(Voice("classical", b"x")),), (Utterance(7200, 1, 0, "a"),), 7205.0)
    blocks = [len(block) for block in render(payload, FakeSynthesizer())]
    assert sum(blocks) == 7205 * 16000
    assert max(blocks) <= 5 * 16000


def test_empty_payload() -> None:
    assert decompress(Payload((), (), 0.5), synthesizer=FakeSynthesizer()).samples.tolist() == [0.0] * 8000


def test_reading(payload: Payload, tmp_path: Path) -> None:
    data = encode_payload(payload, TEXT_CODERS[1])
    path = tmp_path / "call.spz"
    path.write_bytes(data)
    with open(path, "rb") as file:
        assert read_payload(data) == read_payload(path) == read_payload(str(path)) == read_payload(file)
    with pytest.raises(PayloadError, match="cannot be read"):
        read_payload(tmp_path / "missing.spz")
    path.write_bytes(bytes(5 << 20))
    with pytest.raises(PayloadCorrupt, match="more than"):
        read_payload(path)


def test_bytes_of_any_type_are_read_and_other_things_are_refused(payload: Payload, tmp_path: Path) -> None:
    data = encode_payload(payload, TEXT_CODERS[1])
    for source in (bytearray(data), memoryview(data)):
        assert read_payload(source) == read_payload(data)
        assert decompress(source, synthesizer=FakeSynthesizer()).duration_s == payload.duration_s
    closed = io.BytesIO(data)
    closed.close()
    for unreadable in ("a\0b", closed):
        with pytest.raises(PayloadError, match="cannot be read"):
            read_payload(unreadable)
    for other in (None, 7, [data]):
        with pytest.raises(InputError, match="a payload is bytes, a path, an open binary file or a Payload"):
            read_payload(other)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="opened as text"):
        read_payload(io.StringIO("words"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"utterances": (Utterance(20.0, 1.0, 0, "a"),)}, "lies outside of the recording"),
        ({"utterances": (Utterance(1.0, 1.0, 2, "a"),)}, "speaker 2 of 2 does not exist"),
        ({"utterances": (Utterance(1.0, math.inf, 0, "a"),)}, "an utterance lasts a day at most, not inf s"),
        ({"utterances": (Utterance(3.0, 1.0, 0, "a"), Utterance(1.0, 1.0, 0, "b"))}, "sorted by start"),
        ({"channels": 1}, "a speaker on channel 1 of 1"),
        ({"duration_s": math.nan}, "lasts a day at most"),
    ],
)
def test_a_payload_that_contradicts_itself_is_refused(payload: Payload, change: dict[str, Any], message: str) -> None:
    impossible = replace(payload, **change)
    with pytest.raises(InputError, match=message):
        decompress(impossible, synthesizer=FakeSynthesizer())
    with pytest.raises(InputError, match=message):
        list(render(impossible, FakeSynthesizer()))


def test_a_limit_that_is_no_number_is_refused(payload: Payload) -> None:
    with pytest.raises(InputError, match="is not a number"):
        decompress(payload, synthesizer=FakeSynthesizer(), max_duration_s=math.nan)


def test_a_recording_longer_than_anybody_asked_for_is_refused() -> None:
    day = Payload((), (), 24 * 3600.0, channels=2)
    with pytest.raises(InputError, match=r"24\.00 h of recording, 5\.53 GB as WAV"):
        decompress(day, synthesizer=FakeSynthesizer())
    with pytest.raises(InputError, match=r"not more than 0\.5 h"):
        decompress(Payload((), (), 1801.0), synthesizer=FakeSynthesizer(), max_duration_s=1800)


def test_a_pipe_is_read_no_further_than_a_payload_reaches(payload: Payload) -> None:
    class Pipe(io.BytesIO):
        """A stream that returns a few bytes at a time."""

        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 100_000) if size != -1 else -1)

    endless = Pipe(bytes(20 << 20))
    with pytest.raises(PayloadCorrupt, match="more than"):
        read_payload(endless)
    assert endless.tell() == (4 << 20) + 1
    data = encode_payload(payload, TEXT_CODERS[1])
    assert read_payload(Pipe(data)) == read_payload(data)

"""A bound on what a synthesizer is asked to do, for each byte and for each second of the recording.

Work is counted, never timed.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from fakes import GOLDEN, FakeSynthesizer
from speechzip.pipeline import (
    TEXT_CODERS,
    InputError,
    Payload,
    Samples,
    Speaker,
    Utterance,
    Voice,
    decompress,
    encode_payload,
    read_payload,
    render,
)
from speechzip.pipeline.archive.serve.speech import SpeechCache
from speechzip.pipeline.links import Mailbox, Received
from speechzip.pipeline.synthesis.work import UTTERANCE_WORK_S, SpeechWork, speech_work
from speechzip.pipeline.writing import AUDIO_FORMATS, write_speech

SOMEBODY = (Speaker(Voice("classical", b"x")),)


def conversation(count: int, every_s: float, duration_s: float, text: str = "a") -> Payload:
    """Return a payload of `count` utterances, one each `every_s`."""
    said = tuple(Utterance(number * every_s, duration_s, 0, text) for number in range(count))
    return Payload(SOMEBODY, said, count * every_s + duration_s)


class Slow(FakeSynthesizer):
    """Speaks for as long as it may, whatever is asked."""

    def synthesize(self, text: str, voice: Voice | None, duration_s: float | None, language: str) -> Samples:
        return super().synthesize(text, voice, 60.0, language)


def test_a_flood_of_tiny_utterances_is_refused_before_anything_is_spoken() -> None:
    flood = conversation(4600, 0.125, 0.1)
    data = encode_payload(flood, TEXT_CODERS[1])
    assert len(data) < 10_000
    synthesizer = FakeSynthesizer()
    with pytest.raises(InputError, match=r"too much speech: \d+ utterances take \d+ s"):
        decompress(data, synthesizer=synthesizer)
    with pytest.raises(InputError, match="too much speech"):
        decompress(flood, synthesizer=synthesizer)
    with pytest.raises(InputError, match="too much speech"):
        write_speech(io.BytesIO(), AUDIO_FORMATS[".wav"], flood, synthesizer)
    assert synthesizer.asked == []


def test_few_bytes_that_state_much_speech_are_refused() -> None:
    long = conversation(60, 60.0, 50.0, "Hello.")
    size = len(encode_payload(long, TEXT_CODERS[1]))
    assert size + 300 < 60 * (50 + UTTERANCE_WORK_S)
    synthesizer = FakeSynthesizer()
    with pytest.raises(InputError, match=f"the payload of {size} bytes asks for too much speech") as refused:
        write_speech(io.BytesIO(), AUDIO_FORMATS[".wav"], long, synthesizer, size=size)
    assert refused.value.remedies == ("max_duration",)
    assert synthesizer.asked == []


def test_speech_that_is_longer_than_stated_ends_where_it_is_too_much() -> None:
    synthesizer = Slow()
    with pytest.raises(InputError, match="too much speech"):
        for _ in render(conversation(1000, 1.0, 0.5), synthesizer):
            pass
    assert len(synthesizer.asked) == (3 * 1000.5 + 60) // 61 + 1


def test_bytes_bound_the_work_of_every_reader(tmp_path: Path) -> None:
    """A payload of 200 bytes or so, for which 300 s and one for each byte are allowed."""
    data = encode_payload(conversation(30, 10.0, 9.0, "Once more."), TEXT_CODERS[1])
    payload, most = read_payload(data).payload, (len(data) + 300) // 61 + 1
    assert most < 10
    cached, decompressed, received = Slow(), Slow(), Slow()
    with pytest.raises(InputError, match="too much speech"):
        SpeechCache(cached, tmp_path / "cache").file(payload, len(data))
    with pytest.raises(InputError, match="too much speech"):
        decompress(data, synthesizer=decompressed)
    (state,) = Mailbox("fake", tmp_path / "inbox", lambda: received, None).push(Received(data), 0.0)
    assert "too much speech" in state.why_silent
    assert state.path is not None
    assert state.sound is None
    assert list((tmp_path / "cache").iterdir()) == []
    for engine in (cached, decompressed, received):
        assert len(engine.asked) == most


def test_work_is_counted_by_utterance_and_by_second() -> None:
    counted = SpeechWork(10.0, "a test")
    counted.spend(4.0)
    counted.spend(4.0)
    with pytest.raises(InputError, match="a test asks for too much speech: 3 utterances take 8 s, and 1 s each; 10 s"):
        counted.spend(0.0)


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.hex")))
def test_golden_payloads_take_less_than_half_of_what_is_allowed(name: str) -> None:
    data = bytes.fromhex((GOLDEN / f"{name}.hex").read_text("ascii"))
    payload = read_payload(data).payload
    stated = sum(utterance.duration_s + UTTERANCE_WORK_S for utterance in payload.utterances)
    assert stated <= speech_work(payload, len(data)).most_s / 2


def test_what_repeats_without_a_pause_is_spoken_where_the_caller_says_how_long_it_may_be() -> None:
    """Two people who say the same for 20 minutes: words that cost nothing are the shortest payload that is honest."""
    both = Payload(
        (Speaker(Voice("classical", b"x")), Speaker(Voice("classical", b"y"))),
        tuple(Utterance(2.0 * (turn // 2), 2.0, turn % 2, "We both talk.") for turn in range(1200)),
        1200.0,
    )
    data = encode_payload(both, TEXT_CODERS[1])
    synthesizer = FakeSynthesizer()
    with pytest.raises(InputError, match="too much speech"):
        decompress(data, synthesizer=synthesizer)
    assert synthesizer.asked == []
    assert decompress(data, synthesizer=synthesizer, max_duration_s=1200.0).duration_s == 1200.0
    assert len(synthesizer.asked) == 1200

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeRecognizer, FakeVoiceEncoder, bursts, loud
from speechzip.pipeline import (
    EngineError,
    Samples,
    Transcript,
    VoiceEncoder,
    Word,
    compress,
    load_recognizer,
    read_payload,
)
from speechzip.pipeline.recognizers.moonshine.attention import with_attention
from speechzip.pipeline.recognizers.word_times import LEAST_S, split_words, timed_words, warped_starts
from speechzip.pipeline.segments.segmentation import SpeechSegmenter
from speechzip.pipeline.system.wheels import recognizer_folder

BECKETT_S = [0.29, 0.55, 1.83, 2.06, 3.51, 3.70, 4.83, 5.11, 6.56, 6.91, 7.99, 8.44]
"""Starts of "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.", by pocketsphinx's aligner."""
BECKETT_ENDS_S = [0.55, 1.17, 2.06, 2.77, 3.70, 4.10, 5.11, 5.49, 6.91, 7.33, 8.44, 8.79]


def test_the_way_with_the_most_attention() -> None:
    attention = np.full((4, 9), 0.1)
    for token, (first, last) in enumerate([(0, 1), (2, 2), (3, 6), (7, 8)]):
        attention[token, first : last + 1] = 0.9
    assert warped_starts(attention).tolist() == [0, 2, 3, 7]


def test_the_way_is_the_best_of_all() -> None:
    def ways(tokens: int, frames: int) -> list[list[tuple[int, int]]]:
        if tokens == frames == 1:
            return [[(0, 0)]]
        before = [(tokens - 1, frames), (tokens, frames - 1), (tokens - 1, frames - 1)]
        return [[*way, (tokens - 1, frames - 1)] for t, f in before if t and f for way in ways(t, f)]

    rng = np.random.default_rng(0)
    for _ in range(20):
        attention = rng.random((3, 5))
        best = min(ways(3, 5), key=lambda way: -sum(float(attention[place]) for place in way))
        assert warped_starts(attention).tolist() == [min(f for t, f in best if t == token) for token in range(3)]


def test_one_frame_for_many_tokens() -> None:
    assert warped_starts(np.ones((3, 1))).tolist() == [0, 0, 0]


def test_a_word_has_no_pause_at_its_edges() -> None:
    sound = np.zeros(16000, np.float32)
    sound[4800:8000] = sound[11200:12800] = 0.5  # 0.3 to 0.5 s and 0.7 to 0.8 s
    words = timed_words(["Hello,", "you."], [2, 1], np.array([0.0, 0.2, 0.6, 1.0]), sound)
    assert words == (Word("Hello,", 0.3, 0.2), Word("you.", 0.7, 0.1))


def test_words_lie_within_the_sound_and_last_some_time() -> None:
    words = timed_words(["a", "b", "c"], [1, 1, 1], np.array([0.1, 0.1, 0.9, 7.0]), np.ones(16000, np.float32))
    assert [(word.start_s, word.duration_s) for word in words] == [(0.1, LEAST_S), (0.1, 0.8), (0.9, 0.1)]
    assert timed_words(["a"], [1], np.zeros(2), np.zeros(0, np.float32)) == (Word("a", 0.0, LEAST_S),)


def test_words_of_a_language_without_spaces() -> None:
    assert split_words("“你好”, 再 见。", "zh") == ["“", "你", "好”,", "再", "见。"]


@pytest.mark.models
def test_times_of_real_words(wheel_recording: Callable[[str], Path], quick_voices: VoiceEncoder) -> None:
    beckett = wheel_recording("beckett.wav")
    compressed = compress(beckett, recognizer=load_recognizer(word_times=True), voice_encoder=quick_voices)
    utterances = compressed.payload.utterances
    words = [word for utterance in utterances for word in utterance.words]
    assert [word.text for word in words] == [word for utterance in utterances for word in utterance.text.split()]
    assert len(words) == len(BECKETT_S)
    late_s = np.abs([word.start_s - start_s for word, start_s in zip(words, BECKETT_S, strict=True)])
    assert np.median(late_s) < 0.06
    assert (late_s < 0.1).sum() >= 9  # there are breaths in the pauses
    ends = [word.start_s + word.duration_s for word in words]
    assert np.median(np.abs(np.subtract(ends, BECKETT_ENDS_S))) < 0.1
    assert all(not utterance.words for utterance in read_payload(compressed.data).payload.utterances)
    plain = compress(beckett, voice_encoder=quick_voices)
    assert (plain.data, plain.payload.utterances[0].words) == (compressed.data, ())


@pytest.mark.corpus
def test_times_of_a_dialogue(evalset: Path, quick_voices: VoiceEncoder) -> None:
    """Words start where the turns of the dialogue do."""
    recording = evalset / "dialogues" / "dialogue1.stereo.flac"
    compressed = compress(recording, recognizer=load_recognizer(word_times=True), voice_encoder=quick_voices)
    spoken = compressed.payload.utterances
    with open(evalset / "dialogues" / "turns.csv", encoding="utf-8", newline="") as file:
        starts = [float(row["start_s"]) for row in csv.DictReader(file) if row["dialogue"] == "dialogue1"]
    words = [word for utterance in spoken for word in utterance.words]
    assert len(words) > 80
    assert sum(any(-0.05 < word.start_s - start_s < 0.5 for word in words) for start_s in starts) >= len(starts) - 1
    for utterance in spoken:
        assert [word.start_s for word in utterance.words] == sorted(word.start_s for word in utterance.words)
        assert utterance.words[0].start_s == pytest.approx(utterance.start_s, abs=0.3)


def test_no_attention_where_there_is_none() -> None:
    folder = recognizer_folder() / "assets" / "tiny-en"
    encoder = (folder / "encoder_model.ort").read_bytes()
    for broken in (encoder, b"", b"\xff" * 64, bytes(64), (folder / "decoder_model_merged.ort").read_bytes()[:5000]):
        with pytest.raises(ValueError, match="another layout"):
            with_attention(broken)


class WithTimes(FakeRecognizer):
    def transcribe(self, samples: Samples) -> Transcript:
        return replace(super().transcribe(samples), words=(Word("Hello.", 0.25, 0.5),))


def test_times_count_from_the_start_of_the_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.pipeline.compression.SpeechSegmenter", partial(SpeechSegmenter, loud))
    call = bursts((1, 3), (6, 8), duration_s=12)
    recognizer = WithTimes(["Hello."])
    compressed = compress(call, recognizer=recognizer, voice_encoder=FakeVoiceEncoder(), speaker_count=1)
    starts = [utterance.words[0].start_s for utterance in compressed.payload.utterances]
    assert starts == [pytest.approx(1.0 - 0.16 + 0.25, abs=0.04), pytest.approx(6.0 - 0.16 + 0.25, abs=0.04)]


def test_a_recognizer_without_word_times_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(kind: str, name: str) -> type[FakeRecognizer]:
        return FakeRecognizer

    monkeypatch.setattr("speechzip.pipeline.engines.loading._find", find)
    with pytest.raises(EngineError, match="'moonshine' has no option for the word times"):
        load_recognizer(word_times=True)

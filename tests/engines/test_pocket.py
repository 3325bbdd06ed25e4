"""The synthesizer `pocket` with tiny random weights, through the library's own loader."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from speechzip.pipeline import (
    MAX_UTTERANCE_S,
    EngineError,
    Payload,
    Samples,
    Speaker,
    SpeechzipWarning,
    StreamingSynthesizer,
    Utterance,
    Voice,
    data_folder,
    decompress,
    load_engine,
)
from speechzip.voices.clip.cloning import MAX_STRETCH, MIN_STRETCH
from speechzip.voices.clip.pocket import COMMON_FILES, EIGHT_BIT_FILES, PocketSynthesizer
from tiny_pocket import RATE, save_pocket

HELLO = "Hello there, how are you?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_pocket(tmp_path_factory.mktemp("pocket") / "tiny")


@pytest.fixture(scope="module")
def synthesizer(folder: Path) -> PocketSynthesizer:
    return PocketSynthesizer(str(folder))


def test_there_and_back(folder: Path, clips: list[Voice]) -> None:
    synthesizer = load_engine("synthesizer", f"pocket:{folder}")
    assert synthesizer.name == "pocket:tiny"
    speakers = tuple(Speaker(clip, channel) for channel, clip in enumerate(clips))
    utterances = (Utterance(0.5, 1.5, 0, "Hello there!"), Utterance(3.5, 1.5, 1, "Who is it?"))
    audio = decompress(Payload(speakers, utterances, 5.5, 2), synthesizer=synthesizer)
    assert audio.sample_rate == RATE
    left, right = np.abs(audio.samples).T
    assert left[: RATE // 2].max() == right[: 7 * RATE // 2].max() == 0
    assert left[RATE // 2 :].max() > 0.05
    assert right[7 * RATE // 2 :].max() > 0.05


def test_voices_differ_and_texts_differ(synthesizer: PocketSynthesizer, clips: list[Voice]) -> None:
    spoken = [synthesizer.synthesize(HELLO, voice, None, "en") for voice in (None, *clips)]
    spoken.append(synthesizer.synthesize("Something else.", clips[0], None, "en"))
    for index, first in enumerate(spoken):
        assert np.abs(first).max() > 0.05
        assert not any(np.array_equal(first, second) for second in spoken[index + 1 :])


def test_the_same_again_whatever_else_is_random(synthesizer: PocketSynthesizer, clips: list[Voice]) -> None:
    first = synthesizer.synthesize(HELLO, clips[0], None, "en")
    np.random.seed(7)  # noqa: NPY002
    expected = np.random.standard_normal(3)  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002

    def say(voice: Voice) -> Samples:
        return synthesizer.synthesize(HELLO, voice, None, "en")

    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(say, clips[:1] * 3))
    assert all(np.array_equal(samples, first) for samples in again)
    assert np.array_equal(np.random.standard_normal(3), expected)  # noqa: NPY002


@pytest.mark.parametrize(("asked", "got"), [(0.85, 0.85), (1.2, 1.2), (0.1, MIN_STRETCH), (9.0, MAX_STRETCH)])
def test_length_as_far_as_speech_stays_speech(synthesizer: PocketSynthesizer, asked: float, got: float) -> None:
    own_s = len(synthesizer.synthesize(HELLO, None, None, "en")) / RATE
    spoken = synthesizer.synthesize(HELLO, None, asked * own_s, "en")
    assert len(spoken) / RATE == pytest.approx(got * own_s, rel=0.02)


@pytest.mark.parametrize("text", ["", " ", "...", "\0\x07", "\U0001f600"])
def test_nothing_to_say(synthesizer: PocketSynthesizer, text: str) -> None:
    assert len(synthesizer.synthesize(text, None, 1.0, "en")) == 0


@pytest.mark.parametrize("text", ["O'Neill-Ångström 12:45 #42", "<b>", "x" * 500, "9" * 40, "\ud800 a lone surrogate"])
def test_any_text(synthesizer: PocketSynthesizer, text: str) -> None:
    assert len(synthesizer.synthesize(text, None, None, "en")) > 0


def test_numbers_reach_the_model_as_words(synthesizer: PocketSynthesizer) -> None:
    first, second = (
        synthesizer.synthesize(text, None, None, "en") for text in ("It is -$50.", "It is minus fifty dollars.")
    )
    assert np.array_equal(first, second)


@pytest.mark.parametrize(("text", "language"), [("Guten Morgen!", "de"), ("Доброе утро!", "ru"), ("你好", "en")])
def test_espeak_speaks_other_languages(synthesizer: PocketSynthesizer, text: str, language: str) -> None:
    with pytest.warns(SpeechzipWarning, match="Pocket TTS does not speak"):
        assert len(synthesizer.synthesize(text, None, 1.0, language)) > RATE / 4


def test_weights_of_another_language_and_in_full_precision(tmp_path: Path) -> None:
    german = PocketSynthesizer(str(save_pocket(tmp_path / "german", language="german", eight_bits=False)))
    assert len(german.synthesize("Guten Morgen!", None, None, "de")) > 0
    with pytest.warns(SpeechzipWarning, match="does not speak 'en'"):
        german.synthesize("Good morning!", None, None, "en")


def test_an_endless_text_ends(synthesizer: PocketSynthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.voices.clip.pocket.MAX_UTTERANCE_S", 6.0)
    for duration_s in (1.0, 86_400.0, None):
        assert RATE < len(synthesizer.synthesize("blah " * 100_000, None, duration_s, "en")) <= 6 * RATE
    monkeypatch.undo()
    assert sum(map(len, synthesizer.stream("blah " * 20_000, None, "en"))) <= MAX_UTTERANCE_S * RATE


def test_speech_that_never_ends_is_cut(tmp_path: Path) -> None:
    endless = PocketSynthesizer(str(save_pocket(tmp_path / "endless", voice="endless")))
    tokens = len(HELLO) + 1
    assert len(endless.synthesize(HELLO, None, None, "en")) / RATE == pytest.approx(tokens / 3 + 2, abs=0.2)


def test_streaming(synthesizer: PocketSynthesizer, clips: list[Voice]) -> None:
    assert isinstance(synthesizer, StreamingSynthesizer)
    chunks = list(synthesizer.stream(" ".join([HELLO] * 6), clips[0], "en"))
    assert len(chunks) > 1
    assert all(len(chunk) > 0 for chunk in chunks)


@pytest.mark.parametrize("embedding", [b"x", b"\x48" + bytes(50), b"\x48" + b"\x01\x00" * 2000])
def test_a_hostile_clip_is_a_neutral_voice(synthesizer: PocketSynthesizer, embedding: bytes) -> None:
    with pytest.warns(SpeechzipWarning, match="neutral voice"):
        spoken = synthesizer.synthesize("Hi.", Voice("clip", embedding), None, "en")
    assert np.array_equal(spoken, synthesizer.synthesize("Hi.", None, None, "en"))


def test_a_voice_of_another_space_is_a_neutral_voice(synthesizer: PocketSynthesizer) -> None:
    payload = Payload((Speaker(Voice("classical", bytes(10))),), (Utterance(0, 1, 0, "Hi."),), 1.5)
    with pytest.warns(SpeechzipWarning, match="no voices of the space 'classical'"):
        assert np.abs(decompress(payload, synthesizer=synthesizer).samples).max() > 0.05


def test_weights_beside_the_voice_store(folder: Path) -> None:
    with pytest.raises(EngineError, match=r"has no bundle\.json.*CC-BY-4\.0"):
        load_engine("synthesizer", "pocket")
    data_folder().mkdir(parents=True, exist_ok=True)
    (data_folder() / "pocket").symlink_to(folder)
    assert load_engine("synthesizer", "pocket").name == "pocket"


@pytest.mark.parametrize("broken", [*COMMON_FILES, *EIGHT_BIT_FILES, "tokenizer.model", "bos.npy"])
def test_missing_and_broken_weights(folder: Path, tmp_path: Path, broken: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / broken).unlink()
    with pytest.raises(EngineError, match=rf"{broken}"):
        PocketSynthesizer(str(copy))
    (copy / broken).write_bytes(b"{}")
    with pytest.raises(EngineError, match=r"Pocket TTS's weights in .* cannot be (loaded|used)"):
        PocketSynthesizer(str(copy))


def test_sound_that_is_not_finite_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be used"):
        PocketSynthesizer(str(save_pocket(tmp_path / "nan", voice="nan")))

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from speechzip.pipeline import (
    EngineError,
    Payload,
    Samples,
    Speaker,
    SpeechzipWarning,
    StreamingSynthesizer,
    Utterance,
    Voice,
    VoiceReference,
    decompress,
    load_engine,
)
from speechzip.voices import ParametricVoice, VoiceStore
from speechzip.voices.clip.cloning import MAX_STRETCH, MIN_STRETCH
from speechzip.voices.clip.xtts import COQUI_FOLDER, FILES, XttsSynthesizer
from speechzip.voices.store import licenses
from tiny_engines import save_xtts

HELLO = "Hello there, how are you?"
RATE = 24_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_xtts(tmp_path_factory.mktemp("xtts") / "tiny")


@pytest.fixture(scope="module")
def synthesizer(folder: Path) -> XttsSynthesizer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPEECHZIP_DATA", str(folder.parent / "data"))
        licenses.accept(licenses.CPML)
        return XttsSynthesizer(str(folder))


def test_the_license_is_shown_and_waits_for_the_user(folder: Path) -> None:
    with pytest.raises(EngineError, match="non-commercial"):
        load_engine("synthesizer", f"xtts:{folder}")
    licenses.accept(licenses.CPML)
    assert load_engine("synthesizer", f"xtts:{folder}").name == "xtts:tiny"


def test_there_and_back(synthesizer: XttsSynthesizer, clips: list[Voice]) -> None:
    speakers = tuple(Speaker(clip, channel) for channel, clip in enumerate(clips))
    utterances = (Utterance(0.5, 1.5, 0, "Hello there!"), Utterance(2.5, 1.5, 1, "Who is it?"))
    audio = decompress(Payload(speakers, utterances, 4.0, 2), synthesizer=synthesizer)
    assert audio.sample_rate == RATE
    assert audio.samples.shape[1] == 2
    assert audio.duration_s == pytest.approx(4.0, abs=0.2)
    left, right = np.abs(audio.samples).T
    assert left[: RATE // 2].max() == right[: 5 * RATE // 2].max() == 0
    assert left[RATE // 2 :].max() > 0.05
    assert right[5 * RATE // 2 :].max() > 0.05


def test_voices_differ_and_texts_differ(synthesizer: XttsSynthesizer, clips: list[Voice]) -> None:
    spoken = [synthesizer.synthesize(HELLO, voice, None, "en") for voice in (None, *clips)]
    spoken.append(synthesizer.synthesize("Something else.", clips[0], None, "en"))
    for index, first in enumerate(spoken):
        assert np.abs(first).max() > 0.05
        assert not any(np.array_equal(first, second) for second in spoken[index + 1 :])


def test_the_same_again_whatever_else_is_random(synthesizer: XttsSynthesizer, clips: list[Voice]) -> None:
    first = synthesizer.synthesize(HELLO, clips[0], None, "en")
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    assert np.array_equal(synthesizer.synthesize(HELLO, clips[0], None, "en"), first)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_threads_take_turns(synthesizer: XttsSynthesizer, clips: list[Voice]) -> None:
    # One after the other, and in a thread as well: other libraries set how many cores the main thread computes on.
    def say(voice: Voice) -> Samples:
        return synthesizer.synthesize(HELLO, voice, None, "en")

    with ThreadPoolExecutor(1) as pool:
        expected = list(pool.map(say, clips))
    spoken: dict[int, Samples] = {}

    def talk(index: int) -> None:
        spoken[index] = synthesizer.synthesize(HELLO, clips[index % 2], None, "en")

    threads = [threading.Thread(target=talk, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(spoken) == 3
    assert all(np.array_equal(samples, expected[index % 2]) for index, samples in spoken.items())


@pytest.mark.parametrize(("asked", "got"), [(0.85, 0.85), (1.2, 1.2), (0.1, MIN_STRETCH), (9.0, MAX_STRETCH)])
def test_length_as_far_as_speech_stays_speech(synthesizer: XttsSynthesizer, asked: float, got: float) -> None:
    own_s = len(synthesizer.synthesize(HELLO, None, None, "en")) / RATE
    spoken = synthesizer.synthesize(HELLO, None, asked * own_s, "en")
    assert len(spoken) / RATE == pytest.approx(got * own_s, rel=0.08)


@pytest.mark.parametrize("text", ["", " ", "...", "\0\x07", "\U0001f600"])
def test_nothing_to_say(synthesizer: XttsSynthesizer, text: str) -> None:
    assert len(synthesizer.synthesize(text, None, 1.0, "en")) == 0


@pytest.mark.parametrize("language", ["en", "de", "tr", "zh", "ja", "ko"])
def test_numbers_and_signs_in_any_language(synthesizer: XttsSynthesizer, language: str) -> None:
    text = "O'Neill-Ångström 12:45 #42 $1.50 <b> 你好 안녕 1st 2. 3,5 " + "1" * 40
    assert len(synthesizer.synthesize(text, None, None, language)) > 0


def test_numbers_that_cannot_be_read_are_left_out(synthesizer: XttsSynthesizer) -> None:
    with pytest.warns(SpeechzipWarning, match="cannot read the numbers"):  # num2words has no Hindi
        spoken = synthesizer.synthesize("namaste 42", None, None, "hi")
    assert np.array_equal(spoken, synthesizer.synthesize("namaste", None, None, "hi"))


def test_a_language_that_xtts_does_not_speak(synthesizer: XttsSynthesizer) -> None:
    with pytest.warns(SpeechzipWarning, match=r"does not speak 'yo'"):
        assert len(synthesizer.synthesize("Bawo ni", None, None, "yo")) > 0


def test_an_endless_text_ends(synthesizer: XttsSynthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.voices.clip.xtts.MAX_UTTERANCE_S", 1.5)
    assert RATE < len(synthesizer.synthesize("blah " * 100_000, None, None, "en")) <= 1.5 * RATE
    assert RATE < sum(map(len, synthesizer.stream("blah " * 100_000, None, "en"))) <= 1.5 * RATE


def test_streaming(synthesizer: XttsSynthesizer, clips: list[Voice], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.voices.clip.xtts.STREAM_TOKENS", 8)
    assert isinstance(synthesizer, StreamingSynthesizer)
    chunks = list(synthesizer.stream(HELLO, clips[0], "en"))
    assert len(chunks) > 1
    assert len(chunks[0]) < 0.6 * RATE
    again: list[Samples] = []
    for chunk in synthesizer.stream(HELLO, clips[0], "en"):
        torch.manual_seed(len(again))  # others draw in between
        again.append(chunk)
    assert np.array_equal(np.concatenate(again), np.concatenate(chunks))
    stopped = synthesizer.stream(HELLO, clips[0], "en")
    next(stopped)
    stopped.close()  # type: ignore[attr-defined]
    assert len(synthesizer.synthesize("Next.", None, None, "en")) > 0  # the model is free again


@pytest.mark.parametrize("embedding", [b"x", b"\x48" + bytes(50), b"\x48" + b"\x01\x00" * 2000, b"\x48\x03abc" * 3])
def test_a_hostile_clip_is_a_neutral_voice(synthesizer: XttsSynthesizer, embedding: bytes) -> None:
    with pytest.warns(SpeechzipWarning, match="neutral voice"):
        spoken = synthesizer.synthesize("Hi.", Voice("clip", embedding), None, "en")
    assert np.array_equal(spoken, synthesizer.synthesize("Hi.", None, None, "en"))


def test_a_voice_of_another_space_is_a_neutral_voice(synthesizer: XttsSynthesizer) -> None:
    payload = Payload((Speaker(Voice("classical", bytes(10))),), (Utterance(0, 1, 0, "Hi."),), 1.5)
    with pytest.warns(SpeechzipWarning, match="no voices of the space 'classical'"):
        assert np.abs(decompress(payload, synthesizer=synthesizer).samples).max() > 0.05


def test_a_voice_that_is_only_named_speaks_from_the_persons_clip(
    synthesizer: XttsSynthesizer, clips: list[Voice]
) -> None:
    store = VoiceStore()
    named = store.add("Sam", Voice("classical", ParametricVoice(pitch_hz=110).to_bytes()))
    store.add("Sam", clips[0])
    payload = Payload((Speaker(VoiceReference(named.voice.id)),), (Utterance(0, 1, 0, "Hi."),), 1.5)
    carried = Payload((Speaker(clips[0]),), payload.utterances, 1.5)
    assert np.array_equal(
        decompress(payload, synthesizer=synthesizer).samples, decompress(carried, synthesizer=synthesizer).samples
    )


def test_the_voice_that_came_with_the_weights_is_the_neutral_one(tmp_path: Path, synthesizer: XttsSynthesizer) -> None:
    licenses.accept(licenses.CPML)
    with_voice = XttsSynthesizer(str(save_xtts(tmp_path / "with-voice", speakers=True)))
    spoken = with_voice.synthesize("Hi.", None, None, "en")
    assert len(spoken) > 0
    assert not np.array_equal(spoken, synthesizer.synthesize("Hi.", None, None, "en"))


def test_weights_where_coqui_puts_them(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    licenses.accept(licenses.CPML)
    monkeypatch.setenv("TTS_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=r"model\.pth has 1\.9 GB\) into .*xtts"):
        load_engine("synthesizer", "xtts")
    (tmp_path / "tts").mkdir()
    (tmp_path / "tts" / COQUI_FOLDER).symlink_to(folder)
    assert load_engine("synthesizer", "xtts").name == "xtts-v2"


@pytest.mark.parametrize("broken", FILES)
def test_missing_and_broken_weights(folder: Path, tmp_path: Path, broken: str) -> None:
    licenses.accept(licenses.CPML)
    for name in FILES:
        if name != broken:
            (tmp_path / name).symlink_to(folder / name)
    with pytest.raises(EngineError, match=f"has no {broken}"):
        load_engine("synthesizer", f"xtts:{tmp_path}")
    (tmp_path / broken).write_bytes(b"{}")
    with pytest.raises(EngineError, match="cannot be loaded"):
        load_engine("synthesizer", f"xtts:{tmp_path}")

from __future__ import annotations

import hashlib
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import whisper
from speechzip.pipeline import (
    LANGUAGES,
    EngineError,
    InputError,
    NoSpeechError,
    SpeechzipWarning,
    compress,
    decompress,
    load_recognizer,
)
from speechzip.pipeline.recognizers.guarded import without_loops
from tiny_engines import save_whisper
from whisper.tokenizer import LANGUAGES as WHISPER_LANGUAGES

NOISE = np.random.default_rng(0).normal(0, 0.1, 48000).astype(np.float32)
GERMAN = "Guten Morgen, wie geht es Ihnen?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whisper")


@pytest.fixture(scope="module")
def german(folder: Path) -> Path:
    return save_whisper(folder / "small.pt", GERMAN, "de")


@pytest.fixture(scope="module")
def beckett(wheel_recording: Callable[[str], Path]) -> Path:
    return wheel_recording("beckett.wav")


def test_there_and_back(german: Path, beckett: Path) -> None:
    compressed = compress(beckett, recognizer=load_recognizer(f"whisper:{german}"))
    payload = compressed.payload
    assert payload.recognizer == "whisper-small"
    assert {utterance.text for utterance in payload.utterances} == {GERMAN}
    assert {utterance.language for utterance in payload.utterances} == {"de"}
    assert {utterance.confidence for utterance in payload.utterances} == {0.88}
    with pytest.warns(SpeechzipWarning, match="espeak-ng speaks 'de'"):
        spoken = decompress(compressed.data)
    assert spoken.duration_s == pytest.approx(payload.duration_s, abs=1.0)
    assert np.abs(spoken.samples).max() > 0.1


def test_random_weights_are_not_believed(folder: Path, beckett: Path) -> None:
    with pytest.raises(NoSpeechError):
        compress(beckett, recognizer=load_recognizer(f"whisper:{save_whisper(folder / 'random.pt')}"))


def test_a_language_that_is_given_is_kept(german: Path) -> None:
    transcript = load_recognizer(f"whisper:{german}", "yo").transcribe(NOISE)
    assert (transcript.text, transcript.language) == (GERMAN, "yo")


def _detecting(probabilities: dict[str, float]) -> Callable[..., tuple[None, list[dict[str, float]]]]:
    def detect(*_: object) -> tuple[None, list[dict[str, float]]]:
        return None, [probabilities]

    return detect


def test_the_conversation_outweighs_a_doubtful_word(german: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recognizer = load_recognizer(f"whisper:{german}")
    assert recognizer.transcribe(np.concatenate([NOISE] * 5)).language == "de"
    doubtful = dict.fromkeys(LANGUAGES, 0.0) | {"nn": 0.4, "de": 0.3, "en": 0.3}
    monkeypatch.setattr(whisper.Whisper, "detect_language", _detecting(doubtful))
    assert recognizer.transcribe(NOISE[:8000]).language == "de"
    sure = dict.fromkeys(LANGUAGES, 0.0) | {"fr": 0.97, "de": 0.03}
    monkeypatch.setattr(whisper.Whisper, "detect_language", _detecting(sure))
    assert recognizer.transcribe(NOISE).language == "fr"


def test_every_language_of_whisper_has_a_number() -> None:
    assert tuple(WHISPER_LANGUAGES) == LANGUAGES


def test_silence_gives_no_text(german: Path) -> None:
    recognizer = load_recognizer(f"whisper:{german}")
    for silence in (np.zeros(16000, np.float32), NOISE * 1e-3, NOISE[:0]):
        assert (recognizer.transcribe(silence).text, recognizer.transcribe(silence).confidence) == ("", 0.0)


def test_text_without_speech_is_not_believed(folder: Path, beckett: Path) -> None:
    recognizer = load_recognizer(f"whisper:{save_whisper(folder / 'made-up.pt', 'Thank you.', no_speech=True)}")
    assert recognizer.transcribe(NOISE).confidence < 0.01  # the words are sure, that somebody speaks is not
    with pytest.raises(NoSpeechError):
        compress(beckett, recognizer=recognizer)


def test_loops_are_cut(folder: Path) -> None:
    recognizer = load_recognizer(f"whisper:{save_whisper(folder / 'loop.pt', 'So.' + 14 * ' Thank you.')}")
    assert recognizer.name == "whisper"
    assert recognizer.transcribe(NOISE).text == "So. Thank you."


def test_what_a_person_repeats_stays(folder: Path) -> None:
    said = "No, no, no, no, no, no, no, no, no, no, no, I did not order that."
    recognizer = load_recognizer(f"whisper:{save_whisper(folder / 'no.pt', said)}")
    assert recognizer.transcribe(NOISE).text == said
    assert recognizer.transcribe(NOISE[:8000]).text == "No, no, I did not order that."  # nobody speaks as fast


@pytest.mark.parametrize(
    ("looped", "cut"),
    [
        ("Thank you." * 30, "Thank you."),
        ("No, no, no, no, no!", "No, no, no, no, no!"),
        ("a" * 1000, "a"),
        ("谢谢大家" * 20, "谢谢大家"),
        ("", ""),
    ],
)
def test_without_loops(looped: str, cut: str) -> None:
    assert without_loops(looped) == cut


def test_the_english_models(folder: Path) -> None:
    path = save_whisper(folder / "tiny.en.pt", "Hello there.", multilingual=False)
    transcript = load_recognizer(f"whisper:{path}").transcribe(NOISE)
    assert (transcript.text, transcript.language) == ("Hello there.", "en")
    with pytest.raises(EngineError, match=r"whisper-tiny\.en does not recognize 'de'"):
        load_recognizer(f"whisper:{path}", "de")


def test_languages_and_models_that_are_not(german: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no language 'klingon'"):
        load_recognizer(f"whisper:{german}", "klingon")
    with pytest.raises(EngineError, match=r"neither a file nor one of: .*large-v3"):
        load_recognizer("whisper:gigantic")
    for content in (b"", b"RIFF", b"PK\x03\x04" + bytes(100)):
        (tmp_path / "broken.pt").write_bytes(content)
        with pytest.raises(EngineError, match="not a Whisper checkpoint"):
            load_recognizer(f"whisper:{tmp_path}/broken.pt")


class _Code:
    """What unpickling it would do."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self._path,)


def test_weights_run_no_code(tmp_path: Path) -> None:
    torch.save({"dims": {}, "model_state_dict": _Code(tmp_path / "it-ran")}, str(tmp_path / "hostile.pt"))
    with pytest.raises(EngineError, match="not a Whisper checkpoint"):
        load_recognizer(f"whisper:{tmp_path}/hostile.pt")
    assert not (tmp_path / "it-ran").exists()


def test_too_long(german: Path) -> None:
    with pytest.raises(EngineError, match="at most 30 s"):
        load_recognizer(f"whisper:{german}").transcribe(np.zeros(480_001, np.float32))


def _nothing(*_: object) -> None:
    pass


def test_weights_come_into_whispers_own_cache(
    german: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hashlib.sha256(german.read_bytes()).hexdigest()
    (tmp_path / digest).mkdir()
    shutil.copy(german, tmp_path / digest / "small.pt")
    sources = whisper._MODELS  # pyright: ignore[reportPrivateUsage]  # there is no other way to another source
    monkeypatch.setitem(sources, "small", f"file://{tmp_path}/{digest}/small.pt")
    monkeypatch.setattr(whisper.Whisper, "set_alignment_heads", _nothing)  # those of the real layers
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    recognizer = load_recognizer("whisper")
    assert recognizer.name == "whisper-small"
    assert recognizer.transcribe(NOISE).text == GERMAN
    assert "100%" in capsys.readouterr().err
    assert (tmp_path / "cache" / "whisper" / "small.pt").read_bytes() == german.read_bytes()
    shutil.rmtree(tmp_path / digest)
    assert load_recognizer("whisper").name == "whisper-small"  # from the cache alone


def test_without_a_connection_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_net(_url: str) -> None:
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request, "urlopen", no_net)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for model, file, size in [
        ("", "small.pt", 484),
        (":turbo", "large-v3-turbo.pt", 1618),
        (":base.en", "base.en.pt", 145),
    ]:
        with pytest.raises(EngineError, match="no route to host") as raised:
            load_recognizer(f"whisper{model}")
        message = str(raised.value)
        assert str(tmp_path / "whisper" / file) in message
        assert f"({size} MB)" in message

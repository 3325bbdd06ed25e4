"""Both Whispers with OpenAI's weights, through `compress`, on real recordings."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from speechzip.eval import word_errors
from speechzip.pipeline import EngineError, Recognizer, VoiceEncoder, compress, load_recognizer
from whisper_weights import WeightsNotHereError, openai_checkpoint, whisper_base

EVALSET = Path(__file__).parents[3] / "shared" / "evalset"
NEEDS_EVALSET = pytest.mark.skipif(
    not EVALSET.is_dir(), reason="the evaluation recordings (../shared/evalset) are not here"
)
PROMPTS = Path("/usr/share/asterisk/sounds")
"""Telephone prompts that people have recorded, as Debian packs them."""


@pytest.fixture(scope="module")
def base() -> Path:
    try:
        return whisper_base(Path(sys.prefix) / "test-weights")
    except WeightsNotHereError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=["faster-whisper", "whisper"])
def spec(request: pytest.FixtureRequest, base: Path) -> str:
    return f"{request.param}:{base if request.param == 'faster-whisper' else openai_checkpoint(base)}"


@pytest.fixture(scope="module")
def recognizer(spec: str) -> Recognizer:
    return load_recognizer(spec)


def test_english(recognizer: Recognizer, quick_voices: VoiceEncoder, wheel_recording: Callable[[str], Path]) -> None:
    compressed = compress(wheel_recording("beckett.wav"), recognizer=recognizer, voice_encoder=quick_voices)
    assert recognizer.name == compressed.payload.recognizer == "whisper-base"
    assert (
        word_errors(["Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."], [compressed.text]).rate
        < 0.1
    )
    assert {utterance.language for utterance in compressed.payload.utterances} == {"en"}
    assert min(utterance.confidence for utterance in compressed.payload.utterances) > 0.5


def test_word_times(spec: str, quick_voices: VoiceEncoder, wheel_recording: Callable[[str], Path]) -> None:
    recognizer = load_recognizer(spec, word_times=True)
    compressed = compress(wheel_recording("beckett.wav"), recognizer=recognizer, voice_encoder=quick_voices)
    words = [word for utterance in compressed.payload.utterances for word in utterance.words]
    assert " ".join(word.text for word in words) == compressed.text
    starts = [word.start_s for word in words if word.text.strip(".").lower() in ("tried", "failed", "matter", "better")]
    assert np.abs(np.subtract(starts, [0.55, 2.06, 3.70, 8.44])).max() < 0.2  # by pocketsphinx's aligner


@NEEDS_EVALSET
@pytest.mark.corpus
def test_readers_and_accents(recognizer: Recognizer, quick_voices: VoiceEncoder) -> None:
    with open(EVALSET / "manifest.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["category"] == "vctk"][:6]
    heard = [
        compress(EVALSET / row["path"], recognizer=recognizer, voice_encoder=quick_voices, speaker_count=1).text
        for row in rows
    ]
    assert word_errors([row["transcript"] for row in rows], heard).rate < 0.05


@NEEDS_EVALSET
@pytest.mark.corpus
def test_a_vocabulary_is_preferred(spec: str, quick_voices: VoiceEncoder) -> None:
    names = ["Blueskins", "Ghip-Ghisizzle", "Cap'n Bill"]
    recording = EVALSET / "libri_clean" / "8555-284449-0003.flac"
    recognizer = load_recognizer(spec, vocabulary=names)
    heard = compress(recording, recognizer=recognizer, voice_encoder=quick_voices, speaker_count=1).text
    assert "Ghip-Ghisizzle" in heard  # a prompt is a wish: "Blueskins" depends on a decibel


PROMPTS_SAID = [
    ("fr_CA_f_June/vm-forward.wav", "fr", "appuyez sur 1"),
    ("ru_RU_f_IvrvoiceRU/vm-invalidpassword.wav", "ru", "пожалуйста"),
    ("es_MX_f_Allison/conf-onlyperson.wav", "es", "conferencia"),
    ("it_IT_m_Carlo/conf-onlyperson.wav", "it", "conferenza"),
]


@pytest.mark.parametrize(("file", "language", "said"), PROMPTS_SAID)
def test_real_speech_in_other_languages(spec: str, file: str, language: str, said: str) -> None:
    path = PROMPTS / file
    if not path.exists():
        pytest.skip(f"{path} is not there: apt install asterisk-core-sounds-{language}-wav")
    recognizer = load_recognizer(spec)  # a new one, which has heard no other language before
    compressed = compress(path, recognizer=recognizer, speaker_count=1)
    assert said in compressed.text.lower()
    assert {utterance.language for utterance in compressed.payload.utterances} == {language}


def test_a_language_of_ones_own_choice(spec: str, wheel_recording: Callable[[str], Path]) -> None:
    compressed = compress(wheel_recording("beckett.wav"), recognizer=load_recognizer(spec, "fr"))
    assert {utterance.language for utterance in compressed.payload.utterances} <= {"fr"}


def test_both_read_the_same(base: Path, quick_voices: VoiceEncoder, wheel_recording: Callable[[str], Path]) -> None:
    texts = [
        compress(wheel_recording("beckett.wav"), recognizer=load_recognizer(spec), voice_encoder=quick_voices).text
        for spec in (f"faster-whisper:{base}", f"whisper:{openai_checkpoint(base)}")
    ]
    assert word_errors([texts[0]], [texts[1]]).rate < 0.1


def test_a_folder_without_weights_is_told(tmp_path: Path, base: Path) -> None:
    with pytest.raises(EngineError, match="holds no weights of Whisper in CTranslate2's format"):
        load_recognizer(f"faster-whisper:{tmp_path}")
    (tmp_path / "model.bin").write_bytes((base / "model.bin").read_bytes()[:1_000_000])
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EngineError, match="holds no weights of Whisper"):
        load_recognizer(f"faster-whisper:{tmp_path}")


def test_a_model_that_does_not_exist() -> None:
    with pytest.raises(EngineError, match="there is no Whisper model 'gigantic', neither a folder nor one of: tiny"):
        load_recognizer("faster-whisper:gigantic")


def test_weights_that_cannot_be_downloaded_name_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(size: str, local_files_only: bool = False) -> str:
        raise OSError("no connection")

    monkeypatch.setattr("speechzip.pipeline.recognizers.faster_whisper.download_model", offline)
    with pytest.raises(EngineError, match=r"cannot be downloaded \(no connection\).*145 MB.*faster-whisper:FOLDER"):
        load_recognizer("faster-whisper:base")

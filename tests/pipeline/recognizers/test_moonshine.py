from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    EngineError,
    InputError,
    Samples,
    VoiceEncoder,
    compress,
    load_engine,
    resample,
)
from speechzip.pipeline.recognizers.cleaning import tidy
from speechzip.pipeline.recognizers.moonshine.decoder import Sound
from speechzip.pipeline.recognizers.moonshine.recognizer import MAX_LENGTH_S, MoonshineRecognizer
from speechzip.pipeline.recognizers.moonshine.tokenizer import read_vocabulary
from speechzip.pipeline.segments.rejection import MIN_CONFIDENCE
from speechzip.pipeline.system.inference import cores

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def recognizer() -> MoonshineRecognizer:
    return MoonshineRecognizer()


def test_reads_dickens(recognizer: MoonshineRecognizer, wheel_recording: Callable[[str], Path]) -> None:
    samples, rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    sound = resample(samples[: 12 * rate, 0], rate, ENGINE_SAMPLE_RATE)
    transcript = recognizer.transcribe(sound)
    assert transcript.text.startswith("It was the best of times. It was the worst of times.")
    assert transcript.confidence > 0.85
    assert transcript.language == "en"


def test_segments_read_at_once_have_the_words_that_they_have_alone(
    recognizer: MoonshineRecognizer, wheel_recording: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples, rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    sound = resample(samples[:, 0], rate, ENGINE_SAMPLE_RATE)
    segments = [sound[start * ENGINE_SAMPLE_RATE :][: 4 * ENGINE_SAMPLE_RATE] for start in range(0, 24, 4)]
    alone = [recognizer.transcribe(segment) for segment in segments]
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert recognizer.segments_at_once == min(2, cores())
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(recognizer.transcribe, segments)) == alone
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert recognizer.segments_at_once == 1


def test_unsure_words(recognizer: MoonshineRecognizer, wheel_recording: Callable[[str], Path]) -> None:
    samples, rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    sound = resample(samples[: 8 * rate, 0], rate, ENGINE_SAMPLE_RATE)
    assert recognizer.transcribe(sound).unsure_words == ()
    noise = np.random.default_rng(0).normal(0, 0.05, len(sound)).astype(np.float32)
    guessed = recognizer.transcribe(sound + noise)
    assert len(guessed.unsure_words) > len(guessed.text.split()) / 2
    assert set(guessed.unsure_words) <= set(range(len(guessed.text.split())))


@pytest.mark.parametrize("length", [0, 1, 100, 4000])
def test_very_short_sound(recognizer: MoonshineRecognizer, length: int) -> None:
    assert recognizer.transcribe(np.zeros(length, np.float32)).confidence < 0.5


def _say(text: str) -> npt.NDArray[np.float32]:
    synthesizer = load_engine("synthesizer")
    return resample(synthesizer.synthesize(text, None, None, "en"), synthesizer.sample_rate, ENGINE_SAMPLE_RATE)


@pytest.mark.parametrize(
    ("said", "last_words"),
    [
        (f"{'No, ' * 10} I did not order that.", "I did not order that."),
        (f"Test, {'test, ' * 6} The password is orange.", "The password is orange."),
        (f"The radio operator said {'come in, ' * 6} and then we talked about the budget.", "talked about the budget."),
        (f"{'Can you hear me? ' * 5} Please bring the red folder with you.", "bring the red folder with you."),
        (f"My brother always says {'never, ' * 12} and then he does it.", "does it."),
        # Here the decoder is stuck and has to be led out.
        (f"{'Zero, ' * 10} and the code word is orange.", "the code word is orange."),
        (f"{'Seven, ' * 12} and the code word is orange.", "the code word is orange."),
        (f"The number is {'two ' * 14} and the code word is orange.", "the code word is orange."),
    ],
)
def test_what_follows_repeated_words_is_read(recognizer: MoonshineRecognizer, said: str, last_words: str) -> None:
    transcript = recognizer.transcribe(_say(said))
    assert transcript.text.endswith(last_words)
    assert transcript.confidence > 0.6


@pytest.mark.parametrize("level_db", [-80, -60, -40, -20])
@pytest.mark.parametrize("duration_s", [3, 10])
def test_loops_over_noise_are_not_believed(recognizer: MoonshineRecognizer, level_db: int, duration_s: int) -> None:
    rng = np.random.default_rng(0)
    white = rng.normal(0, 10 ** (level_db / 20), duration_s * ENGINE_SAMPLE_RATE).astype(np.float32)
    seconds = np.arange(duration_s * ENGINE_SAMPLE_RATE) / ENGINE_SAMPLE_RATE
    hum = (10 ** (level_db / 20) * np.sin(2 * np.pi * 50 * seconds) + white / 100).astype(np.float32)
    for sound in (white, hum):
        transcript = recognizer.transcribe(sound)
        words = transcript.text.strip("♪ .!")
        assert words in ("", "You", "Thank you", "Thank you for watching") or transcript.confidence < MIN_CONFIDENCE


@pytest.mark.corpus
def test_a_vocabulary_is_preferred(evalset: Path, quick_voices: VoiceEncoder) -> None:
    recording = evalset / "calls" / "Auto0_GUID_000_AGENT_ChrisL_DT_2025-02-19T06-01-22_Mono.flac"
    assert "Ford Fusion" not in compress(recording, voice_encoder=quick_voices, speaker_count=1).text
    recognizer = MoonshineRecognizer(vocabulary=["Ford Fusion", "Violet King", "Big Jim's Auto"])
    heard = compress(recording, recognizer=recognizer, voice_encoder=quick_voices, speaker_count=1).text
    assert all(name in heard for name in ("2017 Ford Fusion", "Violet King", "Big Jim's Auto"))


@pytest.mark.corpus
@pytest.mark.parametrize("phrase", ["Stella", "Please call Stella"])
def test_a_phrase_is_not_said_again_for_its_bonus(evalset: Path, quick_voices: VoiceEncoder, phrase: str) -> None:
    recognizer = MoonshineRecognizer(vocabulary=[phrase])
    compressed = compress(evalset / "noisy" / "p287_001.flac", recognizer=recognizer, voice_encoder=quick_voices)
    assert compressed.text == "Please call Stella."


def test_a_vocabulary_of_which_nothing_is_said_changes_nothing(recognizer: MoonshineRecognizer) -> None:
    """Not even by rounding, although "ledger books" is followed for a while, and "peephole" may come to its end."""
    said = _say("The letter of the king was read to the people.")
    others = ["latter days", "ledger books", "leather boots", "kings of Spain", "redhead", "thinking cap", "peephole"]
    with_others = MoonshineRecognizer(vocabulary=others)
    assert with_others.transcribe(said).text == recognizer.transcribe(said).text
    found = [found for found in with_others.hypotheses(said) if not any(other in found.text for other in others)]
    assert found == recognizer.hypotheses(said)
    assert found != MoonshineRecognizer(vocabulary=[*others, "King"]).hypotheses(said)


def test_hypotheses(recognizer: MoonshineRecognizer) -> None:
    said = _say("The letter of the king was read to the people.")
    found = recognizer.hypotheses(said)
    assert recognizer.transcribe(said).text in [transcript.text for transcript in found]
    assert len({transcript.text for transcript in found}) > 1
    greedy = MoonshineRecognizer(beam=1)
    assert greedy.hypotheses(said) == [greedy.transcribe(said)]


def test_a_large_text_coder_is_asked_about_more_hypotheses(monkeypatch: pytest.MonkeyPatch) -> None:
    said = _say("The letter of the king was read to the people.")
    asked: dict[str | None, list[str]] = {}

    def coder(name: str | None) -> SimpleNamespace:
        def bits(texts: Sequence[str]) -> list[float]:
            asked.setdefault(name, []).extend(texts)
            return [float(len(text)) for text in texts]

        return SimpleNamespace(bits=bits)

    monkeypatch.setattr("speechzip.pipeline.recognizers.moonshine.recognizer.load_english_coder", coder)
    for name in (None, "english-2", "smollm2-1"):
        found = MoonshineRecognizer(rescorer=name).transcribe(said)
        assert found.text in asked[name]
    assert asked[None] == asked["english-2"]
    assert len(asked["smollm2-1"]) > len(asked["english-2"])
    asked.clear()
    MoonshineRecognizer(rescorer="smollm2-1", vocabulary=["King"]).transcribe(said)
    assert not asked
    with pytest.raises(InputError, match="no text coder 'nobody' of English; choose from english-2, smollm2-1"):
        MoonshineRecognizer(rescorer="nobody")


def test_of_readings_that_are_about_as_good_one_that_takes_few_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    said = _say("The letter of the king was read to the people.")
    brief, other = MoonshineRecognizer(), MoonshineRecognizer(brief=False)
    usual = other.transcribe(said)
    asked: list[str] = []

    def dear(texts: Sequence[str]) -> list[float]:
        asked.extend(texts)
        return [1000.0 * (text == usual.text) for text in texts]

    opinion = brief._opinion  # pyright: ignore[reportPrivateUsage]
    assert opinion is not None
    monkeypatch.setattr(brief, "_opinion", replace(opinion, bits=dear))
    found = brief.transcribe(said)
    assert usual.text in asked
    assert found.text in asked
    assert found.text != usual.text
    assert found.confidence == usual.confidence
    for unasked in (
        MoonshineRecognizer(quick=True),
        MoonshineRecognizer(beam=1),
        MoonshineRecognizer(vocabulary=["King"]),
    ):
        assert unasked._opinion is None  # pyright: ignore[reportPrivateUsage]


def lengths_encoded(monkeypatch: pytest.MonkeyPatch, recognizer: MoonshineRecognizer) -> list[int]:
    """Return a list that gets the length of each sound that is encoded."""
    decoder, lengths = recognizer._decoder, list[int]()  # pyright: ignore[reportPrivateUsage]
    encode = decoder.encode

    def noted(samples: Samples) -> Sound:
        lengths.append(len(samples))
        return encode(samples)

    monkeypatch.setattr(decoder, "encode", noted)
    return lengths


def test_what_is_unsure_is_read_once_more_with_silence_around_it(
    monkeypatch: pytest.MonkeyPatch, recognizer: MoonshineRecognizer
) -> None:
    said = _say("The letter of the king was read to the people.")
    lengths = lengths_encoded(monkeypatch, recognizer)
    monkeypatch.setattr("speechzip.pipeline.recognizers.moonshine.recognizer.SURE", 0.0)
    once = recognizer.transcribe(said)
    monkeypatch.setattr("speechzip.pipeline.recognizers.moonshine.recognizer.SURE", 1.1)
    twice = recognizer.transcribe(said)
    assert lengths == [len(said), len(said), len(said) + 2 * 2560]
    assert twice.confidence == once.confidence
    longest = np.pad(said, (0, int(MAX_LENGTH_S * 16000) - len(said)))
    recognizer.transcribe(longest)  # no room for silence
    assert lengths[3:] == [len(longest)] * 2


def test_live_uses_the_beam_only_where_greedy_decoding_is_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    said = _say("The letter of the king was read to the people.")
    quick, greedy = MoonshineRecognizer(quick=True), MoonshineRecognizer(beam=1)
    beam = MoonshineRecognizer(brief=False)
    monkeypatch.setattr("speechzip.pipeline.recognizers.moonshine.recognizer.SURE", 0.0)
    assert quick.transcribe(said) == greedy.transcribe(said)
    monkeypatch.setattr("speechzip.pipeline.recognizers.moonshine.recognizer.SURE_QUICKLY", 1.1)
    lengths = lengths_encoded(monkeypatch, quick)
    assert quick.transcribe(said) == beam.transcribe(said) != greedy.transcribe(said)
    assert lengths == [len(said)]


def test_beams_that_there_are_not() -> None:
    for beam in (-1, 33):
        with pytest.raises(EngineError, match="give 1 to 32"):
            MoonshineRecognizer(beam=beam)
    with pytest.raises(EngineError, match="at least 2"):
        MoonshineRecognizer(beam=1, vocabulary=["King"])


def test_too_long(recognizer: MoonshineRecognizer) -> None:
    with pytest.raises(EngineError, match="at most 30 s"):
        recognizer.transcribe(np.zeros(int(MAX_LENGTH_S * 16000) + 1, np.float32))


def test_weights_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="pip install"):
        MoonshineRecognizer(tmp_path)
    for name in ("tokenizer.bin", "encoder_model.ort", "decoder_model_merged.ort"):
        (tmp_path / name).write_bytes(b"\x05abc")
    with pytest.raises(EngineError, match="cut short"):
        MoonshineRecognizer(tmp_path)


def test_vocabulary() -> None:
    assert read_vocabulary(b"\x01a\x02bc" + bytes([130, 1]) + b"x" * 130) == [b"a", b"bc", b"x" * 130]


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        (" In short,, it  was. it is..", "In short, it was. It is."),
        ("Well... maybe?? yes", "Well... maybe? Yes"),
        ("At 3.5 e.g. two", "At 3.5 e.g. Two"),
        ("it is P-i-t-t-s-b-u-r-g-h, oq-i-m-i-32", "it is P-I-T-T-S-B-U-R-G-H, oq-i-m-i-32"),
        ("k-j-7-x at a t-shirt shop, do-it-a-bit", "K-J-7-X at a t-shirt shop, do-it-a-bit"),
    ],
)
def test_tidy(heard: str, written: str) -> None:
    assert tidy(heard) == written

"""The synthesizer `hibari` with its real weights, which are in its wheel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
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
    decompress,
    load_engine,
    load_recognizer,
    resample,
)
from speechzip.voices import EspeakSynthesizer, ParametricVoice, TrainedVoice
from speechzip.voices.acoustics.pitch import fundamental_frequency
from speechzip.voices.hibari import (
    CHARACTERS_PER_PHONEME,
    FASTEST,
    LONGEST_RUN,
    MOST_PHONEMES,
    SLOWEST,
    HibariSynthesizer,
    readable,
)
from speechzip.voices.text.normalization.normalize import normalize_text

SENTENCE = "We are quite satisfied now, captain, and we leave for the coast tomorrow morning."
RATE = 24_000


@pytest.fixture(scope="module")
def synthesizer() -> HibariSynthesizer:
    return HibariSynthesizer()


def trained(pitch_hz: float, **fields: float) -> Voice:
    return Voice("trained-1", TrainedVoice(pitch_hz=pitch_hz, **fields).to_bytes())  # type: ignore[arg-type]


def words_of(samples: Samples) -> str:
    heard = load_recognizer("moonshine").transcribe(resample(samples, RATE, 16_000)).text
    return "".join(letter for letter in heard.lower() if letter.isalpha() or letter == " ")


def pitch_of(samples: Samples) -> float:
    return float(np.median(fundamental_frequency(resample(samples, RATE, 16_000), 16_000)))


def test_there_and_back() -> None:
    synthesizer = load_engine("synthesizer", "hibari")
    assert synthesizer.name == "hibari"
    speakers = (Speaker(trained(110), 0), Speaker(Voice("classical", ParametricVoice(pitch_hz=210).to_bytes()), 1))
    utterances = (Utterance(0.5, 1.5, 0, "Hello there, my friend!"), Utterance(2.5, 1.5, 1, "Who is it, please?"))
    audio = decompress(Payload(speakers, utterances, 4.0, 2), synthesizer=synthesizer)
    assert audio.sample_rate == RATE
    assert audio.duration_s == pytest.approx(4.0, abs=0.2)
    left, right = np.abs(audio.samples).T
    assert left[: RATE // 2].max() == right[: 5 * RATE // 2].max() == 0
    assert left[RATE // 2 : 2 * RATE].max() > 0.05
    assert right[5 * RATE // 2 : 4 * RATE].max() > 0.05


@pytest.mark.parametrize("pitch_hz", [90, 120, 150, 200, 250])
def test_the_pitch_is_the_voices_and_the_words_stay(synthesizer: HibariSynthesizer, pitch_hz: float) -> None:
    own_hz = pitch_of(synthesizer.synthesize(SENTENCE, None, None, "en"))
    for voice in (trained(pitch_hz), Voice("classical", ParametricVoice(pitch_hz=pitch_hz).to_bytes())):
        spoken = synthesizer.synthesize(SENTENCE, voice, 5.0, "en")
        # The sentence is as far above the mean of many sentences as hibari itself speaks it.
        assert pitch_of(spoken) == pytest.approx(own_hz * pitch_hz / 189, rel=0.03)
        assert words_of(spoken) == "we are quite satisfied now captain and we leave for the coast tomorrow morning"


def test_voices_beyond_a_persons_stay_intelligible(synthesizer: HibariSynthesizer) -> None:
    assert len(synthesizer.synthesize(SENTENCE, Voice("trained-1", b"\xff" * 16), None, "en")) > 2 * RATE
    for embedding in (bytes(16), b""):
        spoken = synthesizer.synthesize(SENTENCE, Voice("trained-1", embedding), None, "en")
        assert words_of(spoken) == "we are quite satisfied now captain and we leave for the coast tomorrow morning"


@pytest.mark.parametrize("duration_s", [3.0, 4.0, 5.0, 7.0])
def test_the_pace_is_the_utterances(synthesizer: HibariSynthesizer, duration_s: float) -> None:
    spoken = synthesizer.synthesize(SENTENCE, trained(120), duration_s, "en")
    assert len(spoken) / RATE == pytest.approx(duration_s, rel=0.04)


def test_it_is_never_faster_or_slower_than_intelligible(synthesizer: HibariSynthesizer) -> None:
    own = len(synthesizer.synthesize(SENTENCE, None, None, "en"))
    assert len(synthesizer.synthesize(SENTENCE, None, 0.1, "en")) == pytest.approx(own / FASTEST, rel=0.05)
    assert len(synthesizer.synthesize(SENTENCE, None, 60.0, "en")) == pytest.approx(own / SLOWEST, rel=0.05)


def test_without_a_duration_the_pace_is_the_voices(synthesizer: HibariSynthesizer) -> None:
    lengths = [
        len(synthesizer.synthesize(SENTENCE, trained(150, speaking_rate_pps=rate), None, "en")) for rate in (9, 13, 18)
    ]
    assert lengths[0] / lengths[1] == pytest.approx(13 / 9, rel=0.05)
    assert lengths[1] / lengths[2] == pytest.approx(18 / 13, rel=0.05)


def test_speech_is_level_and_the_same_again(synthesizer: HibariSynthesizer) -> None:
    spoken = synthesizer.synthesize(SENTENCE, trained(120), 5.0, "en")
    assert spoken.dtype == np.float32
    assert np.abs(spoken[: RATE // 20]).max() > 0.005
    assert np.abs(spoken).max() <= 0.95
    assert np.sqrt(np.square(spoken).mean()) == pytest.approx(0.06, abs=0.02)

    def say(voice: Voice) -> Samples:
        return synthesizer.synthesize(SENTENCE, voice, 5.0, "en")

    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(say, [trained(120)] * 3))
    assert all(np.array_equal(spoken, samples) for samples in again)


def test_texts_are_read_as_the_trained_synthesizer_reads_them(synthesizer: HibariSynthesizer) -> None:
    for written, read in (
        ("It cost -$50 at 3-5pm.", "It cost minus fifty dollars at three to five P-M."),
        ("Dr. O'Neill of the C.I.A. has 16GB RAM.", "Doctor O'Neill of the C-I-A has sixteen gigabytes RAM."),
    ):
        first, second = (synthesizer.synthesize(text, None, None, "en") for text in (written, read))
        assert np.array_equal(first, second)


@pytest.mark.parametrize("text", ["", " ", "...", "\0\x07", "\U0001f600", "?!"])
def test_nothing_to_say(synthesizer: HibariSynthesizer, text: str) -> None:
    assert len(synthesizer.synthesize(text, None, 1.0, "en")) == 0
    assert sum(map(len, synthesizer.stream(text, None, "en"))) == 0


@pytest.mark.parametrize(
    "text",
    ["O'Neill-Ångström 12:45 #42 Łódź", "<b>&amp;</b>", "[hibari](/hibˈɑɹi/)", "x" * 60, "\ud800 a lone surrogate"],
)
def test_any_text(synthesizer: HibariSynthesizer, text: str) -> None:
    assert len(synthesizer.synthesize(text, None, None, "en")) > RATE / 4


def test_a_long_unknown_word_is_spoken_to_its_end(synthesizer: HibariSynthesizer) -> None:
    word = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
    whole, half = (len(synthesizer.synthesize(text, None, None, "en")) for text in (word, word[:24]))
    assert whole > 1.7 * half


@pytest.mark.parametrize("text", ["blah " * 20_000, "9" * 2000, "." * 100_000, "a" * 10_000, "A-" * 5000])
def test_an_endless_text_ends(synthesizer: HibariSynthesizer, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("speechzip.voices.hibari.LONGEST", 6 * RATE)  # for a quick test; the next one takes the minute
    monkeypatch.setattr("speechzip.voices.hibari.MOST_PHONEMES", 250)
    for duration_s in (1.0, 86_400.0, None):
        assert len(synthesizer.synthesize(text, trained(90), duration_s, "en")) <= 6 * RATE


@pytest.mark.parametrize("text", ["a-" * 1000, "a—b" * 600, "Aa-Bb-" * 300, "-1," * 600, "x" * 50 + "-y" * 50])
def test_hibari_reads_no_long_compound(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Its time grows with the cube of the parts: 2000 characters of "a-a-a" took a minute."""
    synthesizer, read = HibariSynthesizer(), list[str]()
    phonemize = synthesizer._hibari.phonemize  # pyright: ignore[reportPrivateUsage]

    def noted(words: str) -> list[str]:
        read.extend(words.split())
        return phonemize(words)

    monkeypatch.setattr(synthesizer._hibari, "phonemize", noted)  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr("speechzip.voices.hibari.LONGEST", RATE)
    assert len(synthesizer.synthesize(text, None, None, "en")) > 0
    assert max(map(len, read)) <= 48
    assert "".join(read).startswith("".join(readable(normalize_text(text[:90])).split()))


def test_compounds_that_people_write_stay_whole() -> None:
    words = "a state-of-the-art, happy-go-lucky mother-in-law's-tongue"
    assert readable(words) == words


def test_the_network_gets_no_long_run(synthesizer: HibariSynthesizer) -> None:
    """300 letters that are spelled out are 1500 phonemes, for which it took 650 MB."""
    runs = synthesizer._phonemes("ABX QWR " * 250)  # pyright: ignore[reportPrivateUsage]
    assert 300 < max(map(len, runs)) <= LONGEST_RUN + 2
    assert sum(map(len, runs)) < MOST_PHONEMES + 2000


@pytest.mark.parametrize("text", [("a" + "^" * 299) * 3000, "a" + "." * 900_000, "^" * 900_000])
def test_a_text_of_few_words_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    synthesizer, read = HibariSynthesizer(), list[int]()

    def noted(words: str) -> str:
        read.append(len(words))
        return normalize_text(words)

    monkeypatch.setattr("speechzip.voices.hibari.normalize_text", noted)
    synthesizer._phonemes(text)  # pyright: ignore[reportPrivateUsage]
    assert sum(read) <= CHARACTERS_PER_PHONEME * MOST_PHONEMES + 300


def test_streaming(synthesizer: HibariSynthesizer) -> None:
    assert isinstance(synthesizer, StreamingSynthesizer)
    text = f"{SENTENCE} {SENTENCE} And that is all."
    chunks = list(synthesizer.stream(text, trained(120), "en"))
    assert len(chunks) == 2
    whole = synthesizer.synthesize(text, trained(120), None, "en")
    assert sum(map(len, chunks)) == pytest.approx(len(whole), rel=0.1)
    assert sum(map(len, synthesizer.stream("blah " * 20_000, None, "en"))) == MAX_UTTERANCE_S * RATE


@pytest.mark.parametrize(("text", "language"), [("Guten Morgen!", "de"), ("Доброе утро!", "ru"), ("你好", "en")])
def test_espeak_speaks_what_is_not_english(synthesizer: HibariSynthesizer, text: str, language: str) -> None:
    with pytest.warns(SpeechzipWarning, match="hibari speaks English only"):
        spoken = synthesizer.synthesize(text, trained(120), 1.0, language)
    by_espeak = EspeakSynthesizer().synthesize(text, trained(120), 1.0, language)
    assert len(by_espeak) > 0
    assert len(spoken) == pytest.approx(len(by_espeak) * 1.5, abs=2)


def test_a_clip_is_a_neutral_voice(synthesizer: HibariSynthesizer) -> None:
    payload = Payload((Speaker(Voice("clip", bytes(20))),), (Utterance(0, 1, 0, "Hi there."),), 1.5)
    with pytest.warns(SpeechzipWarning, match="no voices of the space 'clip'"):
        assert np.abs(decompress(payload, synthesizer=synthesizer).samples).max() > 0.05


def test_what_the_library_raises_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise IndexError("list index out of range")

    synthesizer = HibariSynthesizer()
    monkeypatch.setattr(synthesizer._hibari, "phonemize", broken)  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(EngineError, match=r"hibari failed on 9 characters \(IndexError.*another synthesizer"):
        synthesizer.synthesize("Hi there.", None, None, "en")
    monkeypatch.setattr("speechzip.voices.hibari.Hibari", broken)
    with pytest.raises(EngineError, match="hibari cannot be loaded"):
        HibariSynthesizer()


def test_sound_that_is_not_finite_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def synth(harmonic: npt.NDArray[np.float32], *_: object) -> npt.NDArray[np.float32]:
        return np.asarray(np.nan * harmonic[0], np.float32)

    monkeypatch.setattr("hibari.dsp.synth", synth)
    with pytest.raises(EngineError, match="no finite sound"):
        HibariSynthesizer().synthesize("Hi there.", None, None, "en")

"""Enrolled voices: their bytes, which may be anybody's, and what they do to speech."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speechzip.eval.metrics.voice import ResemblyzerVoice
from speechzip.pipeline import (
    AdaptingVoiceEncoder,
    MelodyEncoder,
    Samples,
    Utterance,
    Voice,
    VoiceError,
)
from speechzip.voices import ScalableVoice, TrainedSynthesizer, TrainedVoiceEncoder
from speechzip.voices.acoustics.melspectrum import mel_spectrum, normalized
from speechzip.voices.acoustics.vocoder import BANDS
from speechzip.voices.spaces.adaptation import COEFFICIENTS, FEATURES, MAX_GAIN, SIZE, VERSION, Adaptation
from speechzip.voices.spaces.scalable_voice import SPACE
from speechzip.voices.trained.adapted import LARGEST_DB, Spoken, adapted, features
from speechzip.voices.trained.adapting import adaptation
from speechzip.voices.trained.alignment import align
from speechzip.voices.trained.phone_tokens import text_tokens
from speechzip.voices.trained.speech import frames_at, say, understand

Speech = list[tuple[Samples, str]]

SENTENCE = "we are quite satisfied now captain, and we leave for the coast tomorrow morning."


def some_frames() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32], Spoken]:
    """Return envelopes and voicing of what could be the word "yes", and its phones."""
    tokens = text_tokens("Yes.")
    durations = np.array([4, 6, 9, 11, 0])
    random = np.random.default_rng(1)
    envelope = random.normal(-50, 15, (30, BANDS))
    return envelope, random.uniform(0, 1, 30).astype(np.float32), Spoken(tokens, durations)


def test_its_bytes_come_back() -> None:
    random = np.random.default_rng(2)
    weights = random.normal(0, 1, (FEATURES, COEFFICIENTS)) * np.geomspace(8, 0.01, COEFFICIENTS)
    one = Adaptation(weights, random.uniform(1, MAX_GAIN, COEFFICIENTS))
    code = one.to_bytes()
    assert len(code) == SIZE == 4993
    again = Adaptation.from_bytes(code)
    assert np.all(np.abs(again.weights_db - weights) <= np.abs(weights).max(axis=0) / 127 * 0.53)
    assert np.all(np.abs(again.gains - one.gains) <= 0.5 / 256 + 1e-12)
    third = Adaptation.from_bytes(again.to_bytes())
    assert np.allclose(third.weights_db, again.weights_db, atol=0.05)
    assert np.array_equal(third.gains, again.gains)


def test_what_is_too_large_for_its_bytes_is_bounded() -> None:
    huge = Adaptation.from_bytes(
        Adaptation(np.full((FEATURES, COEFFICIENTS), 1e9), np.full(COEFFICIENTS, 9.0)).to_bytes()
    )
    assert np.all(huge.gains == MAX_GAIN)
    assert np.all(np.isfinite(huge.weights_db))
    nothing = Adaptation.from_bytes(Adaptation(np.zeros((FEATURES, COEFFICIENTS)), np.ones(COEFFICIENTS)).to_bytes())
    assert not nothing.weights_db.any()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "of 0 bytes is none"),
        (bytes([VERSION]), "of 1 bytes is none: 4993 are needed"),
        (bytes([VERSION]) + bytes(SIZE), "of 4994 bytes"),
        (bytes(SIZE), "of 4993 bytes is none"),
        (bytes([VERSION + 1]) + bytes(SIZE - 1), "of version 2, this release reads 1; upgrade"),
    ],
)
def test_other_bytes_are_none(content: bytes, said: str) -> None:
    with pytest.raises(VoiceError, match=said):
        Adaptation.from_bytes(content)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 127, 128, 255, None]))
@settings(max_examples=30, deadline=None)
def test_whatever_the_bytes_are_no_band_changes_by_more_than_its_bound(seed: int, byte: int | None) -> None:
    random = np.random.default_rng(seed)
    content = random.bytes(SIZE - 1) if byte is None else bytes([byte]) * (SIZE - 1)
    envelope, voicing, spoken = some_frames()
    changed = adapted(envelope, voicing, spoken, Adaptation.from_bytes(bytes([VERSION]) + content))
    assert np.all(np.abs(changed - envelope) <= LARGEST_DB + 1e-9)
    assert np.abs(changed - envelope).max() > 1 or byte == 0


def test_an_adaptation_of_nothing_changes_nothing() -> None:
    envelope, voicing, spoken = some_frames()
    nothing = Adaptation(np.zeros((FEATURES, COEFFICIENTS)), np.ones(COEFFICIENTS))
    assert np.array_equal(adapted(envelope, voicing, spoken, nothing), envelope)


def test_features_tell_the_phone_its_place_and_its_neighbors() -> None:
    envelope, voicing, spoken = some_frames()
    found = features(envelope, voicing, spoken)
    assert found.shape == (30, FEATURES)
    phones = found[:, :41]
    assert np.array_equal(np.count_nonzero(phones, axis=1), np.ones(30))
    assert [int(np.flatnonzero(row)[0]) for row in phones[[0, 4, 10, 19]]] == [0, 40, 3, 29]  # silence, Y, EH, S
    places = found[4:10, 41 + 40] / 0.25
    assert np.allclose(places, [-5 / 6, -3 / 6, -1 / 6, 1 / 6, 3 / 6, 5 / 6])
    assert found[4, 82] == pytest.approx(0.5 * 5 / 6)  # silence before the first half of Y
    assert found[9, 123 + 3] == pytest.approx(0.5 * 5 / 6)  # EH after the second half
    none = features(np.zeros((0, BANDS)), np.zeros(0, np.float32), Spoken(spoken.tokens, np.zeros(5, np.int64)))
    assert none.shape == (0, FEATURES)


@pytest.mark.models
def test_phones_are_found_where_they_were_said() -> None:
    """Another voice says the words at other times; three quarters of the phones' ends are found within 30 ms."""
    reader, other = ScalableVoice(pitch_hz=110, timbre=(0.5,) * 20), ScalableVoice(pitch_hz=200)
    said = understand(SENTENCE, reader)
    random = np.random.default_rng(3)
    durations = np.round(said.durations * random.uniform(0.7, 1.6, len(said.durations))).astype(np.int64)
    durations[-1] += durations.sum() % 2
    recorded_db = mel_spectrum(normalized(say(frames_at(said, reader, durations))))[: int(durations.sum())]
    found = align(understand(SENTENCE, other), other, recorded_db)
    assert found.sum() == durations.sum()
    assert np.all(found >= 0)
    wrong = np.abs(np.cumsum(found) - np.cumsum(durations))
    assert np.mean(wrong <= 3) > 0.75


@pytest.fixture(scope="module")
def enrolled(dickens: Speech) -> Voice:
    """The reader's voice, enrolled from the first two utterances."""
    encoder = TrainedVoiceEncoder()
    first = dickens[:2]
    small = encoder.encode(np.concatenate([sound for sound, _ in first]), " ".join(text for _, text in first))
    return encoder.adapt(small, first)


@pytest.mark.models
def test_an_enrolled_voice_is_more_like_the_person_in_other_words(dickens: Speech, enrolled: Voice) -> None:
    """Enrolled from 22 s, judged on 17 s: Resemblyzer's cosine was 0.711 with 16 bytes, 0.739 with 64, 0.807 so."""
    synthesizer, judge = TrainedSynthesizer(), ResemblyzerVoice()
    sound, text = dickens[2]
    recorded = judge.embed(sound)
    assert recorded is not None

    def similarity(voice: Voice) -> float:
        spoken = judge.embed(synthesizer.synthesize(text, voice, len(sound) / 16_000, "en"))
        assert spoken is not None
        return float(spoken @ recorded)

    assert similarity(enrolled) > similarity(replace(enrolled, adaptation=b"")) + 0.03


@pytest.mark.models
def test_its_id_and_its_bytes_in_payloads_are_those_of_the_small_voice(enrolled: Voice) -> None:
    small = replace(enrolled, adaptation=b"")
    assert len(enrolled.adaptation) == SIZE
    assert (enrolled.id, enrolled.embedding, enrolled.space) == (small.id, small.embedding, SPACE)
    assert enrolled != small


@pytest.mark.models
def test_it_speaks_the_same_each_time_and_at_the_same_pitch_and_times(enrolled: Voice) -> None:
    synthesizer = TrainedSynthesizer()
    twice = [synthesizer.synthesize(SENTENCE, enrolled, 4.0, "en") for _ in range(2)]
    assert np.array_equal(twice[0], twice[1])
    small = synthesizer.synthesize(SENTENCE, replace(enrolled, adaptation=b""), 4.0, "en")
    assert not np.array_equal(twice[0][:1000], small[:1000])
    assert abs(len(twice[0]) - len(small)) < 0.1 * 16_000


@pytest.mark.models
def test_a_hostile_adaptation_speaks_or_is_one_error(enrolled: Voice) -> None:
    synthesizer = TrainedSynthesizer()
    random = np.random.default_rng(5)
    for content in (b"\xff" * (SIZE - 1), b"\x7f" * (SIZE - 1), random.bytes(SIZE - 1)):
        said = synthesizer.synthesize("Yes.", replace(enrolled, adaptation=bytes([VERSION]) + content), None, "en")
        assert np.isfinite(said).all()
        assert np.abs(said).max() <= 1
    with pytest.raises(VoiceError, match="is none"):
        synthesizer.synthesize("Yes.", replace(enrolled, adaptation=b"\x01\x02"), None, "en")


@pytest.mark.models
def test_what_nobody_can_learn_from_is_left_out(dickens: Speech) -> None:
    voice = ScalableVoice()
    second = np.zeros(16_000, np.float32)
    useless: Sequence[tuple[Samples, str]] = [
        (second, ""), (second, "   "), (second[:800], "short"), (np.tile(second, 21), "long"), (second, "да"),
        (second, "..."),
    ]  # fmt: skip
    seen: list[tuple[float, float]] = []
    assert adaptation(voice, useless, lambda done, total: seen.append((done, total))) is None
    assert seen == [(1.0, 1.0)]  # only the last one was tried
    encoder = TrainedVoiceEncoder()
    assert isinstance(encoder, AdaptingVoiceEncoder)
    plain = Voice(SPACE, voice.to_bytes())
    assert encoder.adapt(plain, useless) == plain


@pytest.mark.models
def test_melodies_are_measured_against_the_small_voice_too(enrolled: Voice) -> None:
    """What is sent beside the words does not depend on who has the enrolled voice."""
    encoder = TrainedVoiceEncoder()
    assert isinstance(encoder, MelodyEncoder)
    contour = encoder.contour(np.random.default_rng(0).normal(0, 0.01, 32_000).astype(np.float32))
    said = [Utterance(0.0, 2.0, 0, SENTENCE)]
    small = replace(enrolled, adaptation=b"")
    assert encoder.melodies(enrolled, said, [contour]) == encoder.melodies(small, said, [contour])


def high_level_db(samples: Samples) -> float:
    """Return the mean level of the bands above 4.5 kHz in the louder half of the frames."""
    spectra = mel_spectrum(normalized(samples))
    peaks = spectra.max(axis=1)
    return float(spectra[peaks > np.median(peaks), 51:].mean())


def by_telephone(samples: Samples) -> Samples:
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / 16_000)
    spectrum[(hz < 300) | (hz > 3400)] = 0
    return np.fft.irfft(spectrum, len(samples)).astype(np.float32)


def in_noise(samples: Samples) -> Samples:
    noise = np.random.default_rng(6).normal(0, 1, len(samples))
    return np.asarray(samples + noise * np.sqrt(np.square(samples).mean()) * 10 ** (-15 / 20), np.float32)


@pytest.mark.models
@pytest.mark.parametrize("worse", [by_telephone, in_noise])
def test_neither_what_a_telephone_cuts_off_nor_noise_is_learned(
    dickens: Speech, enrolled: Voice, worse: Callable[[Samples], Samples]
) -> None:
    """Bands that cannot be heard stay as the small voice has them."""
    small = replace(enrolled, adaptation=b"")
    learned = TrainedVoiceEncoder().adapt(small, [(worse(sound), text) for sound, text in dickens[:2]])
    assert learned.adaptation not in (b"", enrolled.adaptation)
    said = [TrainedSynthesizer().synthesize(SENTENCE, voice, 4.0, "en") for voice in (small, learned)]
    assert abs(high_level_db(said[1]) - high_level_db(said[0])) < 3

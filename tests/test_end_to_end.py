"""Real recordings through the real engines, to bytes and back."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
from speechzip.eval import word_errors
from speechzip.pipeline import (
    Audio,
    NoSpeechError,
    Recognizer,
    Samples,
    Synthesizer,
    VoiceEncoder,
    compress,
    decompress,
    load_engine,
    open_recording,
    read_payload,
    resample,
)
from speechzip.pipeline.protocols import MAX_LEAD_S
from speechzip.voices import VoiceStore
from speechzip.voices.store.enrollment import enroll

pytestmark = pytest.mark.models

RATE = 16_000
DICKENS = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it "
    "was the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of "
    "Darkness, it was the spring of hope, it was the winter of despair, we had everything before us, we had nothing "
    "before us, we were all going direct to Heaven, we were all going direct the other way - in short, the period was "
    "so far like the present period, that some of its noisiest authorities insisted on its being received, for good or "
    "for evil, in the superlative degree of comparison only."
)
"""Charles Dickens, A Tale of Two Cities, 1859: what two_cities.wav says."""


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load_engine("recognizer")


@pytest.fixture(scope="module")
def synthesizer() -> Synthesizer:
    return load_engine("synthesizer")


@pytest.fixture(scope="module")
def transcribe(recognizer: Recognizer, quick_voices: VoiceEncoder) -> Callable[[Path | Audio], str]:
    def text(source: Path | Audio) -> str:
        try:
            compressed = compress(source, recognizer=recognizer, voice_encoder=quick_voices)
        except NoSpeechError:
            return ""
        return compressed.text

    return text


Transcribe = Callable[[Path | Audio], str]


@pytest.mark.parametrize("channels", ["mix", "auto"])
def test_channels_that_cancel_each_other_keep_their_words(
    channels: Literal["mix", "auto"],
    recognizer: Recognizer,
    quick_voices: VoiceEncoder,
    transcribe: Transcribe,
    wheel_recording: Callable[[str], Path],
) -> None:
    """One of two channels has the wrong polarity: right = -left."""
    beckett = wheel_recording("beckett.wav")
    samples, rate = soundfile.read(str(beckett), dtype="float32", always_2d=True)
    inverted = Audio(np.hstack([samples[:, :1], -samples[:, :1]]), rate)
    compressed = compress(inverted, channels=channels, recognizer=recognizer, voice_encoder=quick_voices)
    assert compressed.payload.channels == 1
    assert compressed.text == transcribe(beckett) != ""


@pytest.mark.filterwarnings("ignore:.*enrolled from 9 s")
def test_a_voice_is_enrolled_from_channels_that_cancel_each_other(
    recognizer: Recognizer, wheel_recording: Callable[[str], Path], tmp_path: Path
) -> None:
    """As users enroll: the voice is measured in the speech, and fitted to it."""
    encoders = [load_engine("voice_encoder")]
    samples, rate = soundfile.read(str(wheel_recording("two_cities.wav")), dtype="float32", always_2d=True)
    mono = np.ascontiguousarray(samples[: 10 * rate, :1])
    right, wrong = (
        enroll("Anna", Audio(sound, rate), VoiceStore(folder), encoders=encoders, recognizer=recognizer)
        for folder, sound in ((tmp_path / "right", mono), (tmp_path / "wrong", np.hstack([mono, -mono])))
    )
    assert [named.voice for named in wrong] == [named.voice for named in right]


def rows(evalset: Path, category: str) -> Iterator[dict[str, str]]:
    with open(evalset / "manifest.csv", newline="") as file:
        yield from (row for row in csv.DictReader(file) if row["category"] == category)


def test_dickens_there_and_back(
    wheel_recording: Callable[[str], Path], transcribe: Transcribe, synthesizer: Synthesizer
) -> None:
    compressed = compress(wheel_recording("two_cities.wav"))
    text = compressed.text
    assert word_errors([DICKENS], [text]).rate < 0.06
    assert len(compressed.data) < 300
    spoken = decompress(compressed.data, synthesizer=synthesizer)
    assert spoken.duration_s == pytest.approx(compressed.payload.duration_s, abs=0.6)
    assert word_errors([DICKENS], [transcribe(spoken)]).rate < 0.35


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("category", "highest_rate"), [("libri_clean", 0.08), ("libri_other", 0.14), ("vctk", 0.06), ("noisy", 0.13)]
)
def test_words_are_right(evalset: Path, transcribe: Transcribe, category: str, highest_rate: float) -> None:
    recordings = list(rows(evalset, category))
    heard = [transcribe(evalset / row["path"]) for row in recordings]
    assert word_errors([row["transcript"] for row in recordings], heard).rate < highest_rate


@pytest.mark.corpus
def test_words_survive_more_noise(evalset: Path, transcribe: Transcribe) -> None:
    generator = np.random.default_rng(5)
    references: list[str] = []
    heard: list[str] = []
    for row in list(rows(evalset, "libri_clean"))[::6]:
        speech = _load(evalset / row["path"])
        noise = generator.normal(size=len(speech))
        noisy = speech + noise * np.sqrt(np.square(speech).mean() / 10 / np.square(noise).mean())  # 10 dB
        references.append(row["transcript"])
        heard.append(transcribe(Audio(noisy.astype(np.float32), RATE)))
    assert word_errors(references, heard).rate < 0.25


@pytest.mark.corpus
def test_telephone_calls_have_two_parties(evalset: Path, recognizer: Recognizer, quick_voices: VoiceEncoder) -> None:
    calls = sorted((evalset / "calls").glob("*agentL_callerR.flac"))
    assert len(calls) == 2
    for call in calls:
        payload = compress(call, recognizer=recognizer, voice_encoder=quick_voices).payload
        assert payload.channels == len(payload.speakers) == 2
        assert {utterance.speaker for utterance in payload.utterances} == {0, 1}


@pytest.mark.corpus
def test_dialogue_keeps_its_turns(evalset: Path, quick_voices: VoiceEncoder, synthesizer: Synthesizer) -> None:
    compressed = compress(evalset / "dialogues" / "dialogue1.stereo.flac", voice_encoder=quick_voices)
    payload = read_payload(compressed.data).payload
    with open(evalset / "dialogues" / "turns.csv", newline="") as file:
        turns = [row for row in csv.DictReader(file) if row["dialogue"] == "dialogue1"]
    assert len(turns) > 5
    starts = [utterance.start_s for utterance in payload.utterances]
    for turn in turns:
        assert min(abs(float(turn["start_s"]) - start) for start in starts) < 0.8  # a recording may begin with silence
    spoken = decompress(compressed.data, synthesizer=synthesizer)
    for utterance in payload.utterances:
        channel = spoken.samples[:, payload.speakers[utterance.speaker].channel]
        start = int(utterance.start_s * spoken.sample_rate)
        assert np.abs(channel[start : start + 800]).max() > 0.005  # speaks within 50 ms
        begin = start - round(MAX_LEAD_S * spoken.sample_rate)
        quiet = channel[max(0, begin - 1600) : max(0, begin)]
        before = [u for u in payload.utterances if u.speaker == utterance.speaker and u.start_s < utterance.start_s]
        if not before or before[-1].end_s < utterance.start_s - 0.3:
            assert not quiet.any()  # and not before its turn


@pytest.mark.corpus
@pytest.mark.parametrize("dialogue", ["dialogue1", "dialogue3"])
def test_two_people_on_one_channel_are_told_apart(
    evalset: Path, recognizer: Recognizer, quick_voices: VoiceEncoder, dialogue: str
) -> None:
    recording = open_recording(evalset / "dialogues" / f"{dialogue}.stereo.flac")
    sound = np.concatenate(list(recording.blocks())).mean(axis=1)
    payload = compress(Audio(sound, RATE), recognizer=recognizer, voice_encoder=quick_voices).payload
    assert len(payload.speakers) == 2
    with open(evalset / "dialogues" / "turns.csv", newline="") as file:
        turns = [row for row in csv.DictReader(file) if row["dialogue"] == dialogue]
    people = list(dict.fromkeys(turn["speaker"] for turn in turns))
    for utterance in payload.utterances:
        middle_s = utterance.start_s + utterance.duration_s / 2
        nearest = min(turns, key=lambda turn: abs(float(turn["start_s"]) + float(turn["duration_s"]) / 2 - middle_s))
        assert people.index(nearest["speaker"]) == utterance.speaker


@pytest.mark.corpus
def test_a_leak_between_the_channels_is_not_read_twice(
    evalset: Path, recognizer: Recognizer, quick_voices: VoiceEncoder
) -> None:
    recording = open_recording(evalset / "dialogues" / "dialogue1.stereo.flac")
    sound = np.concatenate(list(recording.blocks()))
    leaking = Audio(np.asarray(0.9 * (sound + 0.05 * np.roll(sound[:, ::-1], 37, axis=0)), np.float32), RATE)
    clean, heard = (
        [
            (u.speaker, u.text)
            for u in compress(source, recognizer=recognizer, voice_encoder=quick_voices).payload.utterances
        ]
        for source in (Audio(sound, RATE), leaking)
    )
    assert [speaker for speaker, _ in heard] == [speaker for speaker, _ in clean]
    assert word_errors([" ".join(text for _, text in clean)], [" ".join(text for _, text in heard)]).rate < 0.1


@pytest.mark.corpus
def test_recorded_noise_and_music_say_nothing_and_singing_is_told(evalset: Path) -> None:
    recordings = [row["path"] for row in rows(evalset, "nonspeech")]
    assert len(recordings) == 11
    song = "nonspeech/Karissa_Hobbs_Lets_Go_Fishin.flac"
    told: dict[str, str] = {}
    for path in set(recordings) - {song}:
        with pytest.raises(NoSpeechError) as error:
            compress(evalset / path)
        if "may be speech" in str(error.value):
            told[Path(path).stem] = str(error.value)
    assert set(told) == {"Kevin_MacLeod_Vibe_Ace", "noise1"}  # where the detector hears speech
    assert "noise1.flac (8.0 s), but 0.8 s in 1 segment may be speech that could not be read; check" in told["noise1"]
    sung = compress(evalset / song)
    assert sung.text == ""
    assert {mark.reason for mark in sung.unread} == {"over music"}


@pytest.mark.corpus
def test_every_segment_of_a_meeting_is_read_marked_or_told(
    evalset: Path, recognizer: Recognizer, quick_voices: VoiceEncoder
) -> None:
    """People talk far from the microphone; of two segments neither the detector nor the recognizer is sure."""
    meeting = compress(evalset / "meeting" / "trn08.flac", recognizer=recognizer, voice_encoder=quick_voices)
    told = [(round(each.start_s), each.reason) for each in meeting.unread]
    assert told == [(5, "perhaps speech"), (10, "perhaps speech"), (19, "unclear")]
    assert [utterance.unread for utterance in meeting.payload.utterances if utterance.unread] == ["unclear"]


def _noise(color: float, level: float = 0.1) -> Samples:
    """Return 6 s of noise whose power falls with frequency to the power of `color`."""
    spectrum = np.fft.rfft(np.random.default_rng(int(color)).normal(size=6 * RATE))
    spectrum /= np.maximum(np.arange(len(spectrum)), 300) ** (color / 2)
    noise = np.fft.irfft(spectrum)
    return np.asarray(level * noise / np.std(noise), np.float32)


def _tones(*hz: float, step_s: float = 0.0) -> Samples:
    time_s = np.arange(6 * RATE) / RATE
    if step_s == 0.0:
        return np.asarray(0.1 * np.sin(2 * np.pi * np.outer(hz, time_s)).sum(axis=0), np.float32)
    note = np.array(hz)[(time_s / step_s).astype(int) % len(hz)]
    envelope = np.exp(-3 * (time_s % step_s) / step_s)
    harmonics = sum(np.sin(2 * np.pi * k * np.cumsum(note) / RATE) / k for k in range(1, 7))
    return np.asarray(0.2 * envelope * harmonics, np.float32)


NON_SPEECH = {
    "silence": np.zeros(6 * RATE, np.float32),
    "faint noise": _noise(0, 1e-4),
    "white noise": _noise(0),
    "pink noise": _noise(1),
    "brown noise": _noise(2),
    "loud brown noise": _noise(2, 0.3),
    "mains hum": _tones(50, 100, 150, 250),
    "a tone": _tones(440),
    "a dialling tone": _tones(350, 440),
    "keys of a telephone": _tones(697, 1209, 770, 1336, step_s=0.2),
    "a scale": _tones(262, 294, 330, 349, 392, 440, 494, 523, step_s=0.3),
    "a slow melody": _tones(220, 262, 330, 262, step_s=0.75),
    "chords": _tones(220, 277.2, 329.6, 440),
    "ringing": np.asarray(_tones(440, 480) * (np.arange(6 * RATE) % (3 * RATE) < RATE), np.float32),
    "clicks": np.asarray(np.arange(6 * RATE) % 4000 < 5, np.float32) * np.float32(0.5),
}


@pytest.mark.parametrize("name", NON_SPEECH)
def test_made_noise_and_music_say_nothing(transcribe: Transcribe, name: str) -> None:
    assert transcribe(Audio(NON_SPEECH[name], RATE)) == ""


def _load(path: Path) -> Samples:
    recording = open_recording(path)
    samples = np.concatenate(list(recording.blocks()))[:, 0]
    return resample(samples, recording.sample_rate, RATE)

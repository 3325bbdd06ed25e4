from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeRecognizer, FakeSynthesizer, FakeVoiceEncoder, bursts, loud, sure
from speechzip.pipeline import (
    Audio,
    EngineError,
    NoSpeechError,
    Payload,
    Samples,
    Speaker,
    SpeechzipWarning,
    Transcript,
    Utterance,
    Voice,
    VoiceEncoder,
    compress,
    decompress,
    read_payload,
)
from speechzip.pipeline.compression import Compressed
from speechzip.pipeline.segments.rejection import is_unread_speech
from speechzip.pipeline.segments.segmentation import SpeechDetector, SpeechSegmenter
from speechzip.pipeline.segments.utterances import SpeakerSpeech
from speechzip.pipeline.summary import compress_lines, payload_lines, summarize_compressed, summarize_payload
from speechzip.pipeline.synthesis.speaking import TONE_S
from speechzip.pipeline.unread.marks import SoundCodec, Unread, UnreadMode, drop_unread, perhaps_speech, unread_in

FAULTS = Path(__file__).parents[4] / "shared" / "faults"
TALK = bursts((1, 3), (5, 10.5), (12, 14), duration_s=16)


class SometimesUnsure(FakeRecognizer):
    """A recognizer that is sure of all but the second segment."""

    def transcribe(self, samples: Samples) -> Transcript:
        transcript = super().transcribe(samples)
        return Transcript("1.", 0.33) if len(self.heard) == 2 else transcript


def compressed(
    monkeypatch: pytest.MonkeyPatch,
    recognizer: FakeRecognizer,
    mode: UnreadMode = "mark",
    detector: SpeechDetector = loud,
    recording: Audio = TALK,
) -> Compressed:
    """Compress what is speech where it is loud; `detector` tells what is unread speech."""
    monkeypatch.setattr("speechzip.pipeline.compression.SpeechSegmenter", partial(SpeechSegmenter, loud))
    monkeypatch.setattr(
        "speechzip.pipeline.accumulation.SpeakerSpeech", partial(SpeakerSpeech, new_detector=lambda: detector)
    )
    return compress(recording, recognizer=recognizer, voice_encoder=FakeVoiceEncoder(), speaker_count=1, unread=mode)


def test_speech_that_cannot_be_read_travels_as_a_mark_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    result = compressed(monkeypatch, SometimesUnsure())
    decoded = read_payload(result.data)
    assert [utterance.unread for utterance in decoded.payload.utterances] == [None, "unclear", None]
    assert result.text == "Line 1. Line 3."
    assert [
        (round(mark.start_s, 1), round(mark.duration_s, 1), mark.speaker, mark.reason) for mark in result.unread
    ] == [(5.0, 5.5, 0, "unclear")]
    summary = summarize_compressed(result, "talk.wav", "talk.spz")
    assert [utterance["text"] for utterance in summary["utterances"]] == ["Line 1.", "Line 3."]
    assert summary["unread"][0]["reason"] == "unclear"
    assert "16.0 s, 1 speaker on 1 channel, 2 utterances, 5.5 s of speech unread" in compress_lines(summary)
    inspected = summarize_payload(decoded)
    assert inspected["unread"] == [
        {"start_s": 5.0, "duration_s": 5.875, "speaker": 0, "reason": "unclear", "sound_bytes": 0}
    ]
    lines = payload_lines(inspected)
    assert [line.split("  ")[-1] for line in lines if "speaker 1  " in line] == [
        "Line 1.", "[unclear 5.9 s]", "Line 3."
    ]  # fmt: skip


def test_a_mark_is_heard_as_a_short_tone_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = decompress(compressed(monkeypatch, SometimesUnsure()).data, synthesizer=FakeSynthesizer())
    at = 5 * sound.sample_rate
    tone = sound.samples[at : at + round(TONE_S * sound.sample_rate)]
    assert 0.03 < np.abs(tone).max() < 0.06
    spectrum = np.abs(np.fft.rfft(tone))
    assert np.argmax(spectrum) * sound.sample_rate / len(tone) == pytest.approx(440, abs=4)
    assert not sound.samples[at + len(tone) : at + 5 * sound.sample_rate].any()


def test_a_mark_costs_a_few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    marked = compressed(monkeypatch, SometimesUnsure())
    dropped = compressed(monkeypatch, SometimesUnsure(), "drop")
    assert 0 <= len(marked.data) - len(dropped.data) <= 5


def test_dropped_speech_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    result = compressed(monkeypatch, SometimesUnsure(), "drop")
    assert [utterance.text for utterance in result.payload.utterances] == ["Line 1.", "Line 3."]
    assert [(round(mark.duration_s, 1), mark.speaker) for mark in result.unread] == [(5.5, 0)]


def test_a_recording_with_nothing_but_unread_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    result = compressed(monkeypatch, FakeRecognizer(confidence=0.2))
    assert [utterance.unread for utterance in result.payload.utterances] == ["unclear"] * 3
    assert result.text == ""
    with pytest.raises(NoSpeechError, match=r"9\.\d s of speech could not be read"):
        compressed(monkeypatch, FakeRecognizer(confidence=0.2), "drop")


@pytest.mark.parametrize("mode", ["mark", "drop", "sound"])
def test_what_is_perhaps_speech_is_told_and_nothing_of_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, mode: UnreadMode
) -> None:
    result = compressed(monkeypatch, SometimesUnsure(), mode, sure(0.5))
    assert [
        (round(each.start_s, 1), round(each.duration_s, 1), each.speaker, each.reason) for each in result.unread
    ] == [(5.0, 5.5, 0, "perhaps speech")]
    decoded = read_payload(result.data)
    assert [utterance.text for utterance in decoded.payload.utterances] == ["Line 1.", "Line 3."]
    assert summarize_payload(decoded)["unread"] == []
    assert result.data == compressed(monkeypatch, SometimesUnsure(), "drop").data
    summary = summarize_compressed(result, "talk.wav", "talk.spz")
    (told,) = summary["unread"]
    assert told == {
        "start_s": 4.992, "duration_s": 5.536, "speaker": 0, "reason": "perhaps speech", "sound_bytes": 0,
    }  # fmt: skip
    lines = compress_lines(summary)
    assert "16.0 s, 1 speaker on 1 channel, 2 utterances, 5.5 s of perhaps speech unread" in lines
    assert "  0:04.99 + 5.54 s  speaker 1        [perhaps speech 5.5 s] not sent" in lines


def test_marks_and_what_is_perhaps_speech_are_told_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = bursts((1, 3), (5, 7), (9, 9.4), (11, 13), duration_s=15)
    result = compressed(monkeypatch, FakeRecognizer(["Yes.", "...", "...", "No."]), recording=talk)
    assert [each.reason for each in result.unread] == ["unclear", "perhaps speech"]
    assert [each.reason for each in unread_in(result.payload)] == ["unclear"]
    head = compress_lines(summarize_compressed(result, "talk.wav", "talk.spz"))[1]
    assert head.endswith("2 utterances, 2.0 s of speech and 0.4 s of perhaps speech unread")


def test_times_are_told_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = Unread(0.1 + 0.2, 3.1880000000000006, None, "perhaps speech")
    result = replace(compressed(monkeypatch, FakeRecognizer()), unread=(measured,))
    (told,) = summarize_compressed(result, "talk.wav", "talk.spz")["unread"]
    assert (told["start_s"], told["duration_s"]) == (0.3, 3.188)


def test_a_party_who_is_only_perhaps_heard_is_no_speaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.pipeline.compression.SpeechSegmenter", partial(SpeechSegmenter, loud))
    monkeypatch.setattr(
        "speechzip.pipeline.accumulation.SpeakerSpeech", partial(SpeakerSpeech, new_detector=lambda: loud)
    )
    noise = 0.9 * bursts((1, 1.4), duration_s=6).samples
    call = Audio(np.stack([noise, bursts((2, 4), (5, 5.4), duration_s=6).samples], axis=1), 16_000)

    class OnlyLong(FakeRecognizer):
        def transcribe(self, samples: Samples) -> Transcript:
            return Transcript("Hello.", 0.95 if len(samples) > 16_000 else 0.2)

    result = compress(call, channels="split", recognizer=OnlyLong(), voice_encoder=FakeVoiceEncoder())
    assert len(result.payload.speakers) == 1
    assert [(round(each.start_s, 1), each.speaker) for each in result.unread] == [(1.0, None), (5.0, 0)]
    summary = summarize_compressed(result, "call.wav", "call.spz")
    assert any("speaker -        [perhaps speech 0.4 s] not sent" in line for line in compress_lines(summary))


def test_a_recording_with_nothing_but_what_is_perhaps_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    told = r"\(16\.0 s\), but 9\.\d s in 3 segments may be speech that could not be read; check"
    with pytest.raises(NoSpeechError, match=told):
        compressed(monkeypatch, FakeRecognizer(confidence=0.2), detector=sure(0.5))
    assert perhaps_speech([]) == ""


class LateReader(FakeRecognizer):
    """A recognizer of English that reads only the last segment; it takes most of the time."""

    only_language = "en"

    def transcribe(self, samples: Samples) -> Transcript:
        read = super().transcribe(samples)
        return read if len(samples) > 4 * 16000 else Transcript("The market is still very open.", 0.3)


@pytest.mark.parametrize(("last_s", "reason"), [(1.5, "another language"), (7.0, "unclear")])
def test_the_reason_is_told_by_the_whole_recording(monkeypatch: pytest.MonkeyPatch, last_s: float, reason: str) -> None:
    monkeypatch.setattr("speechzip.pipeline.compression.SpeechSegmenter", partial(SpeechSegmenter, loud))
    monkeypatch.setattr(
        "speechzip.pipeline.accumulation.SpeakerSpeech", partial(SpeakerSpeech, new_detector=lambda: loud)
    )
    talk = bursts((1, 3), (5, 7), (9, 9 + last_s), duration_s=18)
    result = compress(talk, recognizer=LateReader(), voice_encoder=FakeVoiceEncoder(), speaker_count=1)
    assert [mark.reason for mark in result.unread] == [reason] * (3 if last_s < 4 else 2)


def test_dropping_takes_speakers_along_who_say_nothing_else() -> None:
    speakers = tuple(Speaker(Voice("classical", bytes([number]))) for number in (1, 2, 3))
    said = (
        Utterance(0.0, 1.0, 0, "Hello."),
        Utterance(2.0, 1.0, 1, "", 0.5),
        Utterance(4.0, 1.0, 2, "Who?"),
        Utterance(6.0, 1.5, 2, "", 0.75),
    )
    whole = Payload(speakers, said, 8.0)
    payload, lost = drop_unread(whole, (*unread_in(whole), Unread(7.5, 0.3, 2, "perhaps speech")))
    assert payload.speakers == (speakers[0], speakers[2])
    assert [(utterance.speaker, utterance.text) for utterance in payload.utterances] == [(0, "Hello."), (1, "Who?")]
    assert lost == (
        Unread(2.0, 1.0, None, "unclear"),
        Unread(6.0, 1.5, 1, "another language"),
        Unread(7.5, 0.3, 1, "perhaps speech"),
    )


def test_noise_and_tones_are_no_unread_speech() -> None:
    hiss = bursts((0, 2), duration_s=2).samples
    assert is_unread_speech(hiss, 2.0, loud)
    assert not is_unread_speech(hiss, 0.4, loud)
    assert not is_unread_speech(hiss, 2.0)  # Silero hears no speech in it


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_rejected_over_music_has_a_mark_and_a_reason_of_its_own(
    monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """The reason is told where the recording is read. It does not travel: the payload says *unclear*."""
    monkeypatch.setattr("speechzip.pipeline.compression.SpeechSegmenter", partial(SpeechSegmenter, loud))
    monkeypatch.setattr(
        "speechzip.pipeline.accumulation.SpeakerSpeech", partial(SpeakerSpeech, new_detector=lambda: sure(0.75))
    )
    beats = np.arange(8000) / 16000
    notes = [sum(np.sin(2 * np.pi * factor * hz * beats) for factor in (1, 1.26, 1.5)) for hz in (220, 294, 330, 247)]
    music = Audio(np.asarray(0.2 * np.concatenate(notes), np.float32), 16000)
    unsure, encoder = FakeRecognizer(confidence=0.8), FakeVoiceEncoder()
    result = compress(music, recognizer=unsure, voice_encoder=encoder, speaker_count=1, payload_version=version)
    assert [mark.reason for mark in result.unread] == ["over music"]
    summary = summarize_compressed(result, "music.wav", "music.spz")
    assert [mark["reason"] for mark in summary["unread"]] == ["over music"]
    assert [utterance.unread for utterance in read_payload(result.data).payload.utterances] == ["unclear"]
    with pytest.raises(NoSpeechError, match=r"2\.0 s of speech could not be read"):
        compress(music, recognizer=unsure, voice_encoder=encoder, speaker_count=1, unread="drop")


@pytest.mark.models
@pytest.mark.corpus
def test_a_dictated_address_is_not_lost(quick_voices: VoiceEncoder) -> None:
    if not FAULTS.is_dir():
        pytest.skip("the recordings with faults (../shared/faults) are not here")
    result = compress(FAULTS / "email_dictated.wav", voice_encoder=quick_voices)
    marks = [utterance for utterance in result.payload.utterances if utterance.unread]
    assert result.text or sum(mark.duration_s for mark in marks) > 3
    assert len(result.data) < 40


PROMPTS = Path("/usr/share/asterisk/sounds")
"""Telephone prompts that people have recorded, as Debian packs them."""


@pytest.mark.models
def test_speech_in_a_language_that_the_recognizer_lacks_is_told(quick_voices: VoiceEncoder) -> None:
    """Of 100 prompts, 93 are not read, and 76 are told as another language; here are 16 of them."""
    languages = ["fr_CA_f_June", "it_IT_m_Carlo", "ru_RU_f_IvrvoiceRU", "es_MX_f_Allison"]
    if missing := [language for language in languages if not (PROMPTS / language).is_dir()]:
        pytest.skip(f"apt install {' '.join(f'asterisk-core-sounds-{language[:2]}-wav' for language in missing)}")
    names = ("vm-forward", "vm-nobox", "vm-toreply", "ss-noservice")
    results = [
        compress(PROMPTS / language / f"{name}.wav", voice_encoder=quick_voices, speaker_count=1)
        for language in languages
        for name in names
    ]
    unread = [mark for result in results for mark in result.unread]
    assert len(unread) >= 14
    assert [mark.reason for mark in unread].count("another language") >= 10


def sounding(
    monkeypatch: pytest.MonkeyPatch, most_bytes: int, confidence: float = 0.2, codec: SoundCodec = "opus"
) -> Compressed:
    monkeypatch.setattr("speechzip.pipeline.compression.SpeechSegmenter", partial(SpeechSegmenter, loud))
    monkeypatch.setattr(
        "speechzip.pipeline.accumulation.SpeakerSpeech", partial(SpeakerSpeech, new_detector=lambda: loud)
    )
    return compress(
        TALK, recognizer=FakeRecognizer(confidence=confidence), voice_encoder=FakeVoiceEncoder(), speaker_count=1,
        unread="sound", sound_bytes=most_bytes, sound_codec=codec,
    )  # fmt: skip


def test_the_sound_itself_is_sent_and_played_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    result = sounding(monkeypatch, 10_000)
    assert [round(mark.duration_s, 1) for mark in result.unread] == [2.0, 2.8, 2.8, 2.0]  # 5.5 s in two pieces
    assert sum(mark.sound_bytes for mark in result.unread) < 10_000
    assert all(400 < mark.sound_bytes / mark.duration_s < 900 for mark in result.unread)
    summary = summarize_compressed(result, "talk.wav", "talk.spz")
    assert len(summary["speakers"]) == 1
    assert [mark["speaker"] for mark in summary["unread"]] == [None] * 4
    assert sum("[unclear 2.8 s] as sound, " in line for line in compress_lines(summary)) == 2
    played = decompress(result.data, synthesizer=FakeSynthesizer())
    loudness = [float(np.abs(played.samples[int(at * 16000) : int((at + 0.5) * 16000)]).max()) for at in (1.5, 7, 12.5)]
    assert min(loudness) > 0.1
    assert np.abs(played.samples[int(3.5 * 16000) : int(4.5 * 16000)]).max() < 0.05


@pytest.mark.parametrize(("codec", "bytes_per_s"), [("codec2-1200", 150), ("codec2-700C", 87.5)])
def test_codec2_takes_a_fifth_of_the_bytes_or_less(
    monkeypatch: pytest.MonkeyPatch, codec: SoundCodec, bytes_per_s: float
) -> None:
    pytest.importorskip("pycodec2")
    result = sounding(monkeypatch, 1600, codec=codec)
    assert [round(mark.duration_s, 1) for mark in result.unread] == [2.0, 2.8, 2.8, 2.0]
    sizes = [mark.sound_bytes / (mark.duration_s + 0.32) for mark in result.unread]  # with the sound around them
    assert sizes == pytest.approx([bytes_per_s] * 4, rel=0.1)
    played = decompress(result.data, synthesizer=FakeSynthesizer())
    loudness = [float(np.abs(played.samples[int(at * 16000) : int((at + 0.5) * 16000)]).max()) for at in (1.5, 7, 12.5)]
    assert min(loudness) > 0.05
    assert np.abs(played.samples[int(3.5 * 16000) : int(4.5 * 16000)]).max() < 0.05


def test_without_codec2_nothing_is_compressed_and_a_receiver_hears_a_tone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycodec2", None)
    with pytest.raises(EngineError, match=r"pip install 'speechzip\[codec2\]'"):
        sounding(monkeypatch, 1600, codec="codec2-1200")
    payload = Payload((Speaker(Voice("sound", b"\x02" + bytes(60))),), (Utterance(1.0, 0.4, 0, "", 0.5),), 4.0)
    with pytest.warns(SpeechzipWarning, match=r"the sound at 1\.00 s cannot be decoded: Codec2 needs pycodec2"):
        sound = decompress(payload, synthesizer=FakeSynthesizer())
    assert 0.03 < np.abs(sound.samples).max() < 0.06


@pytest.mark.parametrize("most_bytes", [0, 700, 1500, 2500, 4000])
def test_a_budget_is_kept_and_the_rest_is_marks(monkeypatch: pytest.MonkeyPatch, most_bytes: int) -> None:
    result = sounding(monkeypatch, most_bytes)
    assert sum(mark.sound_bytes for mark in result.unread) <= most_bytes
    assert 9.5 < sum(mark.duration_s for mark in result.unread) < 10.5
    assert any(not mark.sound_bytes and mark.speaker == 0 for mark in result.unread)


def test_where_all_is_read_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sounding(monkeypatch, 4000, confidence=0.95).data == compressed(monkeypatch, FakeRecognizer()).data


@pytest.mark.parametrize(
    "code", [b"\x08", b"\x01", b"\x02abc", b"\x08\x05abc", b"\xff\x01a", b"\x08" + b"\x01\x00" * 501]
)
def test_a_sound_that_is_none_is_a_warning_and_a_tone(code: bytes) -> None:
    payload = Payload((Speaker(Voice("sound", code)),), (Utterance(1.0, 2.0, 0, "", 0.5),), 4.0)
    with pytest.warns(SpeechzipWarning, match=r"the sound at 1\.00 s cannot be decoded"):
        sound = decompress(payload, synthesizer=FakeSynthesizer())
    assert 0.03 < np.abs(sound.samples).max() < 0.06

from __future__ import annotations

import io
import math
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import soundfile
from fakes import FakeMelodyEncoder, FakeRecognizer, FakeSynthesizer, FakeVoiceEncoder, bursts, loud
from speechzip.pipeline import (
    Audio,
    AudioError,
    InputError,
    Melody,
    NoSpeechError,
    Samples,
    Transcript,
    Voice,
    VoiceBytes,
    VoiceError,
    VoiceReference,
    compress,
    decompress,
    read_payload,
)
from speechzip.pipeline.segments.segmentation import SpeechSegmenter
from speechzip.pipeline.segments.voice_bytes import voice_size
from speechzip.pipeline.unread.marks import UnreadMode


@pytest.fixture(autouse=True)
def _loud_is_speech(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setattr("speechzip.pipeline.compression.SpeechSegmenter", partial(SpeechSegmenter, loud))


CALL = Audio(
    np.stack(
        [
            bursts((1, 3), (6, 8), duration_s=12).samples,
            0.9 * bursts((3.5, 5), (7, 10), duration_s=12).samples,
        ],
        axis=1,
    ).astype(np.float32),
    16000,
)


class CountingRecognizer(FakeRecognizer):
    """Says how long each segment is, and counts how many are read at once; the earlier one takes longer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = self.calls = 0
        self.lock = threading.Lock()

    def transcribe(self, samples: Samples) -> Transcript:
        with self.lock:
            self.now, self.calls = self.now + 1, self.calls + 1
            self.most = max(self.most, self.now)
            wait_s = 0.2 if self.calls % 2 else 0.05
        time.sleep(wait_s)
        with self.lock:
            self.now -= 1
        return Transcript(f"{len(samples) / 16000:.0f} seconds.", 0.95)


class CountingParallelRecognizer(CountingRecognizer):
    segments_at_once = 2


@pytest.mark.parametrize(("kind", "at_once"), [(CountingRecognizer, 1), (CountingParallelRecognizer, 2)])
def test_as_many_segments_are_read_at_once_as_the_recognizer_wants(
    kind: type[CountingRecognizer], at_once: int
) -> None:
    recognizer = kind()
    words = compress(CALL, recognizer=recognizer, voice_encoder=FakeVoiceEncoder()).text
    assert words == "2 seconds. 2 seconds. 2 seconds. 3 seconds."
    assert (recognizer.most, recognizer.calls) == (at_once, 4)


def test_two_parties() -> None:
    recognizer = FakeRecognizer(["Hello.", "Who is it?", "It's me.", "Ah!"])
    done: list[float] = []
    compressed = compress(
        CALL, recognizer=recognizer, voice_encoder=FakeVoiceEncoder(), progress=lambda now, _all: done.append(now)
    )
    payload = compressed.payload
    assert payload == read_payload(compressed.data).payload
    assert compressed.text == "Hello. Who is it? It's me. Ah!"
    assert compressed.bitrate_bps == 8 * len(compressed.data) / 12.0
    assert (payload.channels, payload.duration_s) == (2, 12.0)
    assert [(utterance.speaker, round(utterance.start_s, 1), utterance.text) for utterance in payload.utterances] == [
        (0, 1.0, "Hello."),
        (1, 3.5, "Who is it?"),
        (0, 6.0, "It's me."),
        (1, 7.0, "Ah!"),  # spoken while the other still talks
    ]
    assert [speaker.channel for speaker in payload.speakers] == [0, 1]
    assert payload.speakers[0].voice != payload.speakers[1].voice
    assert done == sorted(done)
    assert done[-1] == 12.0


def test_a_melody_is_sent_where_one_differs_only_if_asked_for() -> None:
    encoder = FakeMelodyEncoder()
    script = ["Hello.", "Who is it?", "It's me.", "Ah!"]
    silent = compress(CALL, recognizer=FakeRecognizer(script), voice_encoder=encoder)
    assert silent.decoded.version == 4
    compressed = compress(CALL, recognizer=FakeRecognizer(script), voice_encoder=encoder, melody="auto")
    assert [utterance.melody for utterance in compressed.payload.utterances] == [None, None, Melody((3,)), Melody((3,))]
    assert len(compressed.data) - len(silent.data) <= 3
    assert [replace(utterance, melody=None) for utterance in compressed.payload.utterances] == list(
        silent.payload.utterances
    )


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"channels": "foo"}, "channels is 'auto', 'mix' or 'split', not 'foo'"),
        ({"unread": "Drop"}, "unread is 'drop', 'mark' or 'sound', not 'Drop'"),
        ({"sound_codec": "foo"}, "sound_codec is 'opus', 'codec2-1200' or 'codec2-700C', not 'foo'"),
        ({"melody": "on"}, "melody is 'off' or 'auto', not 'on'"),
        ({"voice_bytes": 17}, "voice_bytes is 'auto', 8, 16, 32 or 64, not 17"),
        ({"voice_bytes": None}, "voice_bytes is 'auto', 8, 16, 32 or 64, not None"),
        ({"sound_bytes": -1}, "sound_bytes is an integer, 0 or more, not -1"),
        ({"payload_version": 0}, "payload_version is an integer, 1 to 4, not 0"),
        ({"payload_version": 5}, "payload_version is an integer, 1 to 4, not 5"),
        ({"speaker_count": "2"}, "speaker_count is an integer, 1 to 16, not '2'"),
        ({"speaker_count": 17}, "speaker_count is an integer, 1 to 16, not 17"),
        ({"speakers": "Anna"}, "speakers is a list of names, such as ['Anna'], not 'Anna'"),
        ({"speakers": ["Anna", None]}, "speakers is a list of names, such as ['Anna'], not"),
    ],
)
def test_an_argument_that_is_none_of_its_choices_is_refused(argument: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        compress("there is no such file", **argument)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"RIFF", "a recording is a path, a seekable binary file such as io.BytesIO(data), or Audio, not bytes"),
        (None, "a recording is a path, a seekable binary file such as io.BytesIO(data), or Audio, not NoneType"),
        (io.StringIO("words"), "opened as text"),
        ("a\0b", "a\\x00b cannot be read: embedded null byte"),
        (Audio([0.0] * 16000, 16000), "the samples are a list; wanted a NumPy array of float32"),  # type: ignore[arg-type]
        (Audio(np.zeros(16000, np.float32), "16000"), "have a rate of '16000' Hz"),  # type: ignore[arg-type]
        (Audio(np.zeros(16000, np.float32), math.inf), "have a rate of inf Hz"),  # type: ignore[arg-type]
        (Audio(np.zeros(16000, np.complex64), 16000), "of type complex64"),  # pyright: ignore[reportArgumentType]
    ],
)
def test_a_source_that_is_no_recording_is_refused(source: Any, message: str) -> None:
    with pytest.raises(AudioError, match=re.escape(message)):
        compress(source)


def test_a_melody_that_cannot_be_had_is_refused() -> None:
    with pytest.raises(InputError, match="encoder fake measures no melody"):
        compress(CALL, recognizer=FakeRecognizer(), voice_encoder=FakeVoiceEncoder(), melody="auto")
    with pytest.raises(InputError, match="format 2 has no melody"):
        compress(CALL, voice_encoder=FakeMelodyEncoder(), melody="auto", payload_version=2)


class MeetingVoiceEncoder(FakeVoiceEncoder):
    """A voice encoder that returns only if two voices are measured at once."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2, timeout=60)

    def encode(self, samples: Samples, transcript: str) -> Voice:
        self._both.wait()
        return super().encode(samples, transcript)


class ScalableEncoder(FakeVoiceEncoder):
    """A voice encoder of a space whose first bytes are voices, too."""

    space = "trained-2"

    def encode(self, samples: Samples, transcript: str) -> Voice:
        return Voice(self.space, b"\xff" * 63 + b"\x7f")


@pytest.mark.parametrize(("wanted", "sent"), [("auto", 16), (8, 8), (16, 16), (32, 32), (64, 64)])
def test_voices_are_sent_in_as_many_bytes_as_asked_for(wanted: VoiceBytes, sent: int) -> None:
    compressed = compress(CALL, recognizer=FakeRecognizer(), voice_encoder=ScalableEncoder(), voice_bytes=wanted)
    voices = [speaker.voice for speaker in compressed.payload.speakers]
    assert voices == [Voice("trained-2", b"\xff" * 63 + b"\x7f").shortened(sent)] * 2
    # a voice of another space has one size
    other = compress(CALL, recognizer=FakeRecognizer(), voice_encoder=FakeVoiceEncoder(), voice_bytes=wanted)
    assert {len(speaker.voice.embedding) for speaker in other.payload.speakers if isinstance(speaker.voice, Voice)} == {
        2
    }


@pytest.mark.parametrize(
    ("speakers", "duration_s", "size"),
    [(1, 5, 16), (2, 60, 16), (2, 182, 16), (2, 183, 32), (1, 92, 32), (2, 548, 32), (2, 549, 64), (8, 549, 16)],
)
def test_longer_recordings_get_better_voices(speakers: int, duration_s: float, size: int) -> None:
    assert voice_size("auto", speakers, duration_s) == size


def test_voices_are_measured_side_by_side() -> None:
    def compressed(voice_encoder: FakeVoiceEncoder) -> bytes:
        return compress(CALL, recognizer=FakeRecognizer(), voice_encoder=voice_encoder).data

    assert compressed(MeetingVoiceEncoder()) == compressed(FakeVoiceEncoder())


def test_mixed_to_one_speaker() -> None:
    compressed = compress(CALL, channels="mix", recognizer=FakeRecognizer(), voice_encoder=FakeVoiceEncoder())
    payload = compressed.payload
    assert (payload.channels, len(payload.speakers)) == (1, 1)
    assert [utterance.start_s for utterance in payload.utterances] == pytest.approx([1.0, 6.0], abs=0.13)


def test_only_the_right_party_speaks() -> None:
    call = Audio(CALL.samples * np.array([0, 1], np.float32), 16000)
    compressed = compress(call, channels="split", recognizer=FakeRecognizer(), voice_encoder=FakeVoiceEncoder())
    payload = compressed.payload
    assert payload.channels == 2
    assert [speaker.channel for speaker in payload.speakers] == [1]
    sound = decompress(compressed.data, synthesizer=FakeSynthesizer())
    assert not sound.samples[:, 0].any()
    assert sound.samples[:, 1].any()


def test_unsure_words_are_left_out() -> None:
    with pytest.raises(NoSpeechError, match="no speech found"):
        compress(CALL, recognizer=FakeRecognizer(confidence=0.2), voice_encoder=FakeVoiceEncoder())


def test_silence() -> None:
    with pytest.raises(NoSpeechError, match=r"audio \(3\.0 s\)"):
        compress(
            Audio(np.zeros(48000, np.float32), 16000), recognizer=FakeRecognizer(), voice_encoder=FakeVoiceEncoder()
        )


def test_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechzip.pipeline.compression.MAX_DURATION_TICKS", 16 * 10)
    with pytest.raises(AudioError, match="split it into parts"):
        compress(CALL, recognizer=FakeRecognizer(), voice_encoder=FakeVoiceEncoder())


def test_paths_and_open_files(tmp_path: Path) -> None:
    path = tmp_path / "call.flac"
    soundfile.write(str(path), CALL.samples, 16000)
    from_path = compress(str(path), recognizer=FakeRecognizer(), voice_encoder=FakeVoiceEncoder())
    with open(path, "rb") as file:
        from_file = compress(file, recognizer=FakeRecognizer(), voice_encoder=FakeVoiceEncoder())
    assert from_path.data == from_file.data
    assert from_path.input_bytes == from_file.input_bytes == path.stat().st_size


@pytest.mark.slow
def test_memory_holds_a_minute_of_each_voice() -> None:
    measured: list[int] = []

    class Measuring(FakeVoiceEncoder):
        def encode(self, samples: Samples, transcript: str) -> Voice:
            measured.append(len(samples))
            return super().encode(samples, transcript)

    talk = bursts(*[(start, start + 2) for start in range(0, 120, 3)], duration_s=120)
    compress(talk, recognizer=FakeRecognizer(), voice_encoder=Measuring())
    assert 60 * 16000 <= measured[0] < 75 * 16000  # of 80 s, each segment with a little sound around it


def test_an_unknown_speaker_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECHZIP_DATA", str(tmp_path))
    recognizer = FakeRecognizer()
    with pytest.raises(VoiceError, match="'Carl' is not in the store of voices"):
        compress(CALL, recognizer=recognizer, voice_encoder=FakeVoiceEncoder(), speakers=["-", "Carl"])
    assert recognizer.heard == []


class Fitting(FakeVoiceEncoder):
    """A voice encoder that counts its fits."""

    def __init__(self) -> None:
        self.fits = 0

    def fit(self, voice: Voice, speech: Sequence[tuple[Samples, Transcript]]) -> Voice:
        self.fits += 1
        return Voice(self.space, bytes(9))


class Book:
    """Knows Anna and Ben, and recognizes nobody."""

    voices: ClassVar = {"Anna": Voice("classical", b"anna"), "Ben": Voice("classical", b"ben")}

    def named(self, name: str, space: str) -> Voice:
        return self.voices[name]

    def match(self, voice: Voice, among: Sequence[Voice] | None = None) -> Voice | None:
        return None

    def find(self, voice_id: int, spaces: frozenset[str]) -> Voice | None:
        return None

    def name_of(self, voice_id: int) -> str | None:
        return None


@pytest.mark.parametrize(
    ("names", "unread", "fits"),
    [
        ([], "mark", 2), (["Anna"], "mark", 1), (["-", "Anna"], "mark", 1), (["Ben", "Anna"], "mark", 0),
        (["auto"], "mark", 2), (["Ben", "auto"], "mark", 1), (["Ben", "Anna"], "drop", 2),
    ],
)  # fmt: skip
def test_a_voice_that_a_reference_replaces_is_not_fitted(names: list[str], unread: UnreadMode, fits: int) -> None:
    encoder = Fitting()
    compressed = compress(
        CALL, recognizer=FakeRecognizer(), voice_encoder=encoder, speakers=names, voice_book=Book(), unread=unread
    )
    assert encoder.fits == fits
    for speaker, name in zip(compressed.payload.speakers, [*names, "-", "-"], strict=False):
        known = Book.voices.get(name)
        assert speaker.voice == (VoiceReference(known.id) if known else Voice("classical", bytes(9)))

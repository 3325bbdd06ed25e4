"""What `play` and the pages speak, and where `play` and `export` write."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
import soundfile
from fakes import FakeSynthesizer
from speechzip.pipeline import DeviceError, InputError, OutputError, Payload, Synthesizer, Utterance, encode_payload
from speechzip.pipeline.archive.commands.export import export
from speechzip.pipeline.archive.commands.play import play
from speechzip.pipeline.archive.excerpts import excerpt, utterance_excerpt
from speechzip.pipeline.console.diagnostics import explain
from speechzip.pipeline.engines.loading import load_engine
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS


@pytest.fixture(autouse=True)
def _fake_speech(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    def load(kind: Any, name: str | None = None) -> Any:
        return FakeSynthesizer() if kind == "synthesizer" else cast("Any", load_engine)(kind, name)

    monkeypatch.setattr("speechzip.pipeline.engines.loading.load_engine", load)


@pytest.fixture
def message(payload: Payload, tmp_path: Path) -> Path:
    path = tmp_path / "message"
    path.write_bytes(encode_payload(payload, TEXT_CODERS[DEFAULT_ID]))
    return path


def length_s(path: Path) -> float:
    sound, rate = soundfile.read(str(path), dtype="float32")
    return len(sound) / rate


def test_two_people_who_begin_at_once_are_spoken_each(payload: Payload) -> None:
    both = (Utterance(1.0, 1.0, 0, "Hello."), Utterance(1.0, 2.0, 1, "Good morning."))
    said = replace(payload, utterances=both)
    assert excerpt(said, 1.0).utterances[0].text == "Hello."
    second = utterance_excerpt(said, both[1])
    assert [(one.text, one.start_s) for one in second.utterances] == [("Good morning.", 0.0)]
    assert second.duration_s == 2.0


def test_few_bytes_do_not_play_for_hours_unasked(payload: Payload, tmp_path: Path) -> None:
    path, output = tmp_path / "long.spz", tmp_path / "long.wav"
    path.write_bytes(encode_payload(replace(payload, duration_s=5 * 3600.0), TEXT_CODERS[DEFAULT_ID]))
    with pytest.raises(InputError, match=r"5\.00 h of recording") as refused:
        play(str(path), whole=True, output=output)
    assert "--max-hours" in explain(refused.value)
    with pytest.raises(InputError, match=r"5\.00 h of recording"):
        play(str(path), whole=True)
    assert not output.exists()
    play(str(path), output=output)  # an utterance of it is short
    assert length_s(output) == pytest.approx(2.0, abs=0.1)


def test_speech_on_standard_output(message: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open(tmp_path / "piped", "w+b") as pipe, io.TextIOWrapper(pipe) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        play(str(message), output=Path("-"))
    assert length_s(tmp_path / "piped") == pytest.approx(2.0, abs=0.1)
    assert not Path("-").exists()


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_the_payload_itself_is_not_overwritten(message: Path, scheme: str) -> None:
    before = message.read_bytes()
    with pytest.raises(OutputError, match="is the input itself"):
        play(f"{scheme}{message}", output=message, force=True)
    with pytest.raises(OutputError, match="is the input itself"):
        export(f"{scheme}{message}", output=message, form="srt", force=True)
    assert message.read_bytes() == before


def test_without_a_loudspeaker_a_file_helps(message: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(payload: Payload, synthesizer: Synthesizer, max_duration_s: float) -> None:
        raise DeviceError("PortAudio cannot be loaded", remedies=("sound_files",))

    monkeypatch.setattr("speechzip.pipeline.archive.excerpts.speak_excerpt", fail)
    with pytest.raises(DeviceError) as told:
        play(str(message))
    assert explain(told.value) == "PortAudio cannot be loaded; write to a file with --output"


def test_transcripts_of_an_archive_are_no_stream(message: Path) -> None:
    for source in (str(message.parent), f"file://{message.parent}"):
        with pytest.raises(OutputError, match="name a folder for them with --output"):
            export(source, output=Path("-"), form="srt")

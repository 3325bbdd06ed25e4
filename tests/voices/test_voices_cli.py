"""`speechzip voices` as a user meets it: real processes, real recordings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from speechzip.pipeline import Voice, read_payload
from speechzip.voices import VoiceStore

pytestmark = pytest.mark.models

SPEECHZIP = [sys.executable, "-c", "from speechzip.pipeline.cli import main; main()"]


def run(*arguments: object, data: Path, code: int = 0) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "SPEECHZIP_DATA": str(data)}
    done = subprocess.run(
        [*SPEECHZIP, *map(str, arguments)], capture_output=True, check=False, timeout=300, env=environment
    )
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def rows(*arguments: object, data: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("voices", *arguments, "--json", data=data).stdout)
    return found


def test_from_enrolling_to_the_other_end(tmp_path: Path, wheel_recording: Callable[[str], Path]) -> None:
    sender, receiver = tmp_path / "sender", tmp_path / "receiver"
    dickens, payload, audio = wheel_recording("two_cities.wav"), tmp_path / "call.spz", tmp_path / "call.wav"

    enrolled = rows("enroll", "Dickens", dickens, data=sender)
    spaces = ("classical", "clip", "trained-2")
    assert sorted((row["voice_space"], row["name"]) for row in enrolled) == [(space, "Dickens") for space in spaces]
    assert {row["voice_space"]: row["enrolled_bytes"] for row in enrolled} == dict(
        zip(spaces, (0, 0, 4993), strict=True)
    )
    assert b"64 bytes and 4993 enrolled  Dickens" in run("voices", "list", data=sender).stdout
    assert rows("list", data=sender) == enrolled
    shown = rows("show", "dickens", data=sender)
    assert [Path(row.pop("file")).parent for row in shown] == [sender / "voices"] * 3
    assert shown == enrolled

    wrong = run("compress", dickens, "-o", payload, "--speaker", "Carl", data=sender, code=1)
    assert b"'Carl' is not in the store of voices (Dickens)" in wrong.stderr
    assert not payload.exists()
    # By name, without fitting a voice that is not sent; and it is whom it was enrolled from.
    for options in (("--speaker", "Dickens", "--voice-encoder", "trained:quick"), ("--speaker", "auto")):
        summary = json.loads(run("compress", dickens, "-o", payload, "-f", *options, "--json", data=sender).stdout)
        (person,) = summary["speakers"]
        assert (person["name"], person["voice_bytes"], person["travels"]) == ("Dickens", 2, False)
        assert person["voice_space"] == "trained-2"  # what measured it, as far as the store knows
        assert person["voice_id"] == next(row["voice_id"] for row in enrolled if row["voice_space"] == "trained-2")

    lacking = run("decompress", payload, "-o", audio, data=receiver)
    assert f"voice {person['voice_id']}, which is not in your store".encode() in lacking.stderr
    assert audio.stat().st_size > 100_000

    file = tmp_path / "dickens.voice"
    run("voices", "export", "Dickens", "-o", file, data=sender)
    assert len(file.read_bytes()) < 4000 + 5000
    assert file.read_bytes() == run("voices", "export", "Dickens", "-o", "-", data=sender).stdout
    assert b"already exists" in run("voices", "export", "Dickens", "-o", file, data=sender, code=1).stderr
    small = replace(VoiceStore(sender / "voices").named("Dickens", "trained-2"), adaptation=b"")
    VoiceStore(receiver / "voices").add("Mr D.", small)  # as an earlier release, or a shorter recording, gave it
    having = run("decompress", payload, "-o", audio, "-f", data=receiver)
    assert b"warning" not in having.stderr
    in_the_small_voice = audio.read_bytes()
    rows("import", file, "--name", "Mr D.", data=receiver)
    having = run("decompress", payload, "-o", audio, "-f", data=receiver)
    assert b"warning" not in having.stderr
    in_the_enrolled_voice = audio.read_bytes()
    assert in_the_enrolled_voice != in_the_small_voice
    run("decompress", payload, "-o", audio, "-f", data=sender)
    assert audio.read_bytes() == in_the_enrolled_voice
    assert b"(Mr D.) by trained-2, 2 bytes that name it" in run("inspect", payload, data=receiver).stdout

    run("voices", "remove", "Mr D.", data=receiver)
    assert rows("list", data=receiver) == []
    assert b"no voices yet" in run("voices", "list", data=receiver).stderr
    assert b" unknown here, 2 bytes that name it" in run("inspect", payload, data=receiver).stdout
    assert b"not in your store" in run("decompress", payload, "-o", audio, "-f", data=receiver).stderr


def test_a_clip_travels_where_it_is_asked_for(tmp_path: Path, wheel_recording: Callable[[str], Path]) -> None:
    payload, audio = tmp_path / "clip.spz", tmp_path / "clip.wav"
    beckett = wheel_recording("beckett.wav")
    run("compress", beckett, "-o", payload, "--voice-encoder", "clip", data=tmp_path)
    (speaker,) = read_payload(payload).payload.speakers
    assert isinstance(speaker.voice, Voice)
    assert speaker.voice.space == "clip"
    done = run("decompress", payload, "-o", audio, data=tmp_path)  # it has no such voices
    assert b"no voices of the space 'clip'; a neutral voice speaks instead" in done.stderr
    assert audio.stat().st_size > 100_000
    refused = ("compress", beckett, "-o", payload, "-f", "--voice-encoder", "clip", "--speaker", "auto")
    VoiceStore(tmp_path / "voices").add("Sam", speaker.voice)
    assert b"nobody can be recognized by a voice in the space 'clip'" in run(*refused, data=tmp_path, code=1).stderr


def test_enrolling_is_of_one_person_with_a_name(tmp_path: Path, wheel_recording: Callable[[str], Path]) -> None:
    beckett = wheel_recording("beckett.wav")
    assert b"not a name for a voice" in run("voices", "enroll", "auto", beckett, data=tmp_path, code=1).stderr
    done = run("voices", "enroll", "Sam", beckett, "--voice-encoder", "classical", data=tmp_path)
    assert b"from 8 s of speech" in done.stderr
    assert [named.voice.space for named in VoiceStore(tmp_path / "voices").of("Sam")] == ["classical"]
    assert (
        b"there is no voice encoder"
        in run("voices", "enroll", "Sam", beckett, "--voice-encoder", "crystal", data=tmp_path, code=1).stderr
    )


def test_the_license_of_xtts(tmp_path: Path) -> None:
    assert b"not accepted yet" in run("voices", "license", data=tmp_path).stdout
    accepted = run("voices", "license", "--accept", data=tmp_path).stdout
    assert b"non-commercial use only" in accepted
    assert b"cpml-1.0.accepted" in accepted
    assert b"not accepted" not in run("voices", "license", data=tmp_path).stdout
    assert run("voices", "licence", data=tmp_path).stdout == run("voices", "license", data=tmp_path).stdout
    assert b"licence" not in run("voices", "--help", data=tmp_path).stdout


def test_help_and_wrong_usage(tmp_path: Path) -> None:
    for command in ("enroll", "list", "show", "remove", "export", "import", "license"):
        assert b"Example" in run("voices", command, "--help", data=tmp_path).stdout
    assert b"No such command" in run("voices", "enrol", data=tmp_path, code=2).stderr
    assert b"not in the store" in run("voices", "show", "Anna", data=tmp_path, code=1).stderr

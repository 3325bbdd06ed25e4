from __future__ import annotations

import os
from pathlib import Path

import pytest
from speechzip.pipeline import InputError
from speechzip.pipeline.archive.sources import LeftOut, Source, find_sources
from speechzip.pipeline.archive.stores import stored_name


def names(*specs: object, under: str = "") -> list[str]:
    return [found.name for found in find_sources(map(str, specs), under) if isinstance(found, Source)]


def touch(folder: Path, *relative: str) -> None:
    for name in relative:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_folders_globs_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "calls/b.WAV", "calls/2024/a.mp3", "calls/readme.txt", "calls/.speechzip/x.wav", "calls/b.WAV.spz")
    assert names(tmp_path / "calls") == ["b.WAV", "2024/a.mp3"]
    assert names(tmp_path / "calls", under="radio") == ["radio/b.WAV", "radio/2024/a.mp3"]
    assert names(f"{tmp_path}/calls/**/*.mp3") == ["2024/a.mp3"]
    assert names(f"file://{tmp_path}/calls") == names(tmp_path / "calls")
    monkeypatch.chdir(tmp_path)
    assert names("calls/b.WAV", "./calls/readme.txt") == ["calls/b.WAV", "calls/readme.txt"]
    assert names("../" + tmp_path.name + "/calls/b.WAV") == ["%2E%2E/" + tmp_path.name + "/calls/b.WAV"]


def test_what_is_no_recording_is_told(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "nowhere.wav").symlink_to("gone")
    found = list(find_sources([str(tmp_path)]))
    assert [(Path(one.url).name, one.reason) for one in found if isinstance(one, LeftOut)] == [
        ("notes.txt", ""), ("nowhere.wav", "cannot be read: No such file or directory"), ("pipe.wav", "is not a file"),
    ]  # fmt: skip


def test_links_lead_in_no_circles(tmp_path: Path) -> None:
    touch(tmp_path, "a/b/x.wav", "elsewhere/y.wav")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "self").symlink_to("self")
    (tmp_path / "a" / "aaa").symlink_to(tmp_path / "elsewhere")
    assert names(tmp_path / "a") == ["b/x.wav", "aaa/y.wav"]


def test_deep_folders(tmp_path: Path) -> None:
    touch(tmp_path, "d/" * 300 + "x.wav")
    assert names(tmp_path) == ["d/" * 300 + "x.wav"]


@pytest.mark.slow
def test_very_many_files_in_one_folder(tmp_path: Path) -> None:
    wanted = [f"{number:06}.wav" for number in range(100_000)]
    for name in wanted:
        os.mknod(tmp_path / name)
    assert names(tmp_path) == wanted


def test_nothing_there(tmp_path: Path) -> None:
    for spec in (tmp_path / "gone", tmp_path / "*.wav"):
        with pytest.raises(InputError, match=r"does not exist|nothing fits"):
            names(spec)


def test_names_stay_inside_and_are_short_enough(tmp_path: Path) -> None:
    assert stored_name("../../etc//./x.wav", utf8_only=False) == "%2E%2E/%2E%2E/etc/x.wav"
    assert stored_name(".speechzip/x.wav", utf8_only=False) == "%2Espeechzip/x.wav"
    assert stored_name("a\udce9.wav", utf8_only=True) == "a%E9.wav"
    long = "ä" * 125 + ".wav"
    touch(tmp_path, long, "ä" * 125 + ".mp3")
    short = names(tmp_path)
    assert all(len(name.encode()) <= 251 for name in short)
    assert len(set(short)) == 2

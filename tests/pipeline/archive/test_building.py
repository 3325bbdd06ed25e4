"""Archives of recordings: real worker processes, real speech detection, fake words."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import subprocess
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from archive_engines import COMMAND, write_recordings
from speechzip.pipeline import (
    EngineError,
    InputError,
    OutputError,
    Speaker,
    Voice,
    compress,
    encode_payload,
    load_engine,
    load_recognizer,
    read_payload,
    recognizer_recording,
)
from speechzip.pipeline.archive import Archive
from speechzip.pipeline.archive.building import BuildPlan, Totals, build, sources_of
from speechzip.pipeline.archive.lock import locked
from speechzip.pipeline.archive.redaction.files import redact_archive
from speechzip.pipeline.archive.redaction.redact import parse_kinds
from speechzip.pipeline.archive.rows import Journal, Row, compact, latest_rows, parse_row, read_rows, row_line
from speechzip.pipeline.archive.runners import Runner, SameProcess, WorkerPool
from speechzip.pipeline.archive.stores import LocalStore
from speechzip.pipeline.archive.work import Result, Settings
from speechzip.pipeline.compression import Compressed
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS
from speechzip.pipeline.unread.marks import Unread

FAKE = Settings(recognizer="words", voice_encoder="still", speaker_count=1)


@pytest.fixture
def here(installed: Path) -> Runner:
    return SameProcess()


def run(
    folder: Path, archive: Path, runner: Runner, settings: Settings = FAKE, retry_failed: bool = False, under: str = ""
) -> tuple[Totals, list[Result]]:
    results: list[Result] = []
    plan = BuildPlan((str(folder),), settings, under, retry_failed)
    expected: list[int] = []
    totals = build(LocalStore(archive), plan, runner, results.append, expected.append)
    assert expected == [len(results)]
    return totals, results


def payloads(archive: Path) -> list[str]:
    return sorted(str(path.relative_to(archive)) for path in archive.rglob("*.spz"))


ALL = ["2024/b.wav.spz", "2024/may/a.wav.spz", "c.wav.spz", "d.wav.spz"]


@pytest.mark.processes
def test_everything_below_a_folder(calls: Path, tmp_path: Path, installed: Path) -> None:
    archive = tmp_path / "archive"
    pool = WorkerPool(2)
    try:
        totals, _ = run(calls, archive, pool)
    finally:
        pool.close()
    assert (totals.done, totals.failed, totals.other_files) == (4, 1, 1)
    assert payloads(archive) == ALL
    assert "Ever tried" in read_payload(archive / "c.wav.spz").payload.utterances[0].text
    rows = latest_rows(LocalStore(archive))
    row = rows["2024/may/a.wav"]
    assert (row.source, row.size) == (str(calls / "2024/may/a.wav"), (calls / "2024/may/a.wav").stat().st_size)
    assert row.payload_bytes == (archive / "2024/may/a.wav.spz").stat().st_size
    assert row.duration_s == pytest.approx(1.2, abs=0.1)
    assert len(row.sha256) == 64
    assert len(row.speakers) == 1
    assert (row.engines["recognizer"], row.engines["voices"], row.engines["text"]) == (
        "words",
        "classical",
        "english-2",
    )
    assert rows["2024/broken.wav"].error
    assert not rows["2024/broken.wav"].payload_bytes
    assert not list(archive.rglob("*.part"))


def test_again_only_what_is_new_or_changed(calls: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"
    run(calls, archive, here)
    totals, results = run(calls, archive, here)
    assert (totals.done, totals.unchanged, totals.failed_before, results) == (0, 4, 1, [])
    write_recordings(calls, ["new.wav", "x", "d.wav"])  # d.wav gets longer
    (calls / "x").unlink()
    os.utime(calls / "c.wav", (1, 1))
    (archive / "2024" / "b.wav.spz").unlink()
    totals, results = run(calls, archive, here)
    assert {(result.row.name, result.state) for result in results} == {
        ("new.wav", "done"), ("d.wav", "done"), ("c.wav", "unchanged"), ("2024/b.wav", "done"),
    }  # fmt: skip
    row = latest_rows(LocalStore(archive))["c.wav"]
    assert (row.modified, row.payload_bytes) == (1.0, (archive / "c.wav.spz").stat().st_size)
    totals, results = run(calls, archive, here)
    assert (totals.unchanged, results) == (5, [])


def test_what_is_perhaps_speech_is_noted(
    calls: Path, tmp_path: Path, here: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compress_with_doubt(*args: Any, **options: Any) -> Compressed:
        return replace(compress(*args, **options), unread=(Unread(0.3, 0.5, None, "perhaps speech"),))

    monkeypatch.setattr("speechzip.pipeline.archive.work.compress", compress_with_doubt)
    _, (result,) = run(calls / "c.wav", tmp_path / "archive", here)
    note = "0.5 s in 1 segment may be speech that could not be read: nothing of it is kept"
    assert result.row.notes == (note,)
    (row,) = latest_rows(LocalStore(tmp_path / "archive")).values()
    assert row.notes == (note,)


def test_a_failed_recording_is_tried_again_on_demand_or_when_it_changes(
    calls: Path, tmp_path: Path, here: Runner
) -> None:
    archive = tmp_path / "archive"
    run(calls, archive, here)
    totals, results = run(calls, archive, here, retry_failed=True)
    assert (totals.failed, [result.row.name for result in results]) == (1, ["2024/broken.wav"])
    write_recordings(calls, ["2024/broken.wav"])
    totals, _ = run(calls, archive, here)
    assert (totals.done, totals.failed) == (1, 0)
    assert not latest_rows(LocalStore(archive))["2024/broken.wav"].error


def test_two_recordings_of_one_name(calls: Path, tmp_path: Path, here: Runner) -> None:
    archive, other = tmp_path / "archive", tmp_path / "other"
    run(calls, archive, here)
    write_recordings(other, ["x.wav", "y.wav", "z.wav", "c.wav"])  # of another length than the first c.wav
    totals, results = run(other, archive, here)
    assert (totals.done, totals.failed) == (3, 1)
    (error,) = [result.row.error for result in results if result.state == "failed"]
    assert "another recording of this name" in error
    assert latest_rows(LocalStore(archive))["c.wav"].source == str(calls / "c.wav")
    before = (archive / "c.wav.spz").read_bytes()
    redacting = replace(FAKE, redaction=parse_kinds("card"))
    totals, _ = run(other, archive, here, redacting)  # the name belongs to the other recording all the same
    assert (totals.done, totals.failed) == (3, 1)
    assert (archive / "c.wav.spz").read_bytes() == before
    totals, _ = run(other, archive, here, under="other")
    assert totals.done == 4
    assert "other/c.wav.spz" in payloads(archive)


def test_an_archive_that_moved_its_sources_is_hashed_and_not_done_again(
    calls: Path, tmp_path: Path, here: Runner
) -> None:
    archive = tmp_path / "archive"
    run(calls, archive, here)
    moved = calls.rename(tmp_path / "moved")
    totals, _ = run(moved, archive, here)
    assert (totals.done, totals.unchanged) == (0, 4)
    assert latest_rows(LocalStore(archive))["c.wav"].source == str(moved / "c.wav")


@pytest.mark.processes
def test_a_worker_that_dies_costs_nothing(calls: Path, tmp_path: Path, installed: Path) -> None:
    flag = tmp_path / "flag"
    flag.touch()
    pool = WorkerPool(2)
    try:
        totals, results = run(calls, tmp_path / "archive", pool, Settings(f"words:die={flag}", None, "still"))
    finally:
        pool.close()
    assert not flag.exists()
    assert (totals.done, totals.failed) == (4, 1)
    assert max(Counter(result.row.name for result in results).values()) == 1
    assert payloads(tmp_path / "archive") == ALL


@pytest.mark.processes
def test_a_recording_that_kills_its_workers_is_given_up(calls: Path, tmp_path: Path, installed: Path) -> None:
    pool = WorkerPool(1)
    try:
        totals, results = run(calls / "2024" / "may", tmp_path / "archive", pool, Settings("words:die", None, "still"))
    finally:
        pool.close()
    assert totals.failed == 1
    assert results[0].row.error == "2 workers died of it (signal 9)"


def test_a_source_that_vanishes_while_it_is_read(calls: Path, tmp_path: Path, here: Runner) -> None:
    settings = Settings(f"words:remove={calls}/c.wav", None, "still", speaker_count=1)
    totals, results = run(calls, tmp_path / "archive", here, settings)
    assert totals.failed == 2
    (error,) = [result.row.error for result in results if result.row.name == "c.wav"]
    assert "vanished" in error
    assert payloads(tmp_path / "archive") == [name for name in ALL if name != "c.wav.spz"]


def test_two_writers_at_once(calls: Path, tmp_path: Path, here: Runner) -> None:
    store = LocalStore(tmp_path / "archive")
    with (
        locked(store),
        pytest.raises(OutputError, match=rf"another process writes to the archive .*\(process {os.getpid()} on "),
    ):
        run(calls, tmp_path / "archive", here)
    run(calls, tmp_path / "archive", here)


def test_a_writer_whose_lock_was_removed_stops(calls: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"

    def remove_lock(result: Result) -> None:
        (archive / ".speechzip" / "lock").unlink()

    with pytest.raises(OutputError, match="is locked no more: its lock was removed; start again"):
        build(LocalStore(archive), BuildPlan((str(calls),), FAKE), here, remove_lock, lambda _: None)
    assert sum(1 for _ in read_rows(LocalStore(archive))) == 1


def test_an_archive_that_cannot_be_written(calls: Path, tmp_path: Path, here: Runner) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        run(calls, tmp_path / "file" / "archive", here)


def command(*arguments: object) -> list[str]:
    return [*COMMAND, "archive", *map(str, arguments)]


FAKE_ENGINES = ("--recognizer", "words:sleep=0.3", "--voice-encoder", "still", "--speaker-count", "1")


@pytest.mark.processes
def test_killed_and_started_again(calls: Path, tmp_path: Path, installed: Path) -> None:
    archive = tmp_path / "archive"
    started = command(calls, "--to", archive, "--workers", "1", "--json", *FAKE_ENGINES)
    with subprocess.Popen(started, stdout=subprocess.PIPE) as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        process.kill()
    time.sleep(1)  # its worker ends by itself with the recording that it was at
    done = subprocess.run(started, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert first["name"] not in {line.get("name") for line in lines}
    assert lines[-1]["state"] == "summary"
    assert payloads(archive) == ALL
    names = [row.name for row in read_rows(LocalStore(archive)) if not row.error]
    assert sorted(names) == sorted(set(names))


@pytest.mark.processes
def test_ctrl_c_finishes_nothing_half(calls: Path, tmp_path: Path, installed: Path) -> None:
    archive = tmp_path / "archive"
    started = command(calls, "--to", archive, "--workers", "2", "--json", *FAKE_ENGINES)
    with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == b""
    assert not [path for path in archive.rglob("*.part") if path.parent.name != "partial"]
    for path in archive.rglob("*.spz"):
        read_payload(path)
    with locked(LocalStore(archive)):
        pass


@pytest.mark.processes
def test_a_full_disk_ends_the_run_with_one_line_and_nothing_half(calls: Path, tmp_path: Path, installed: Path) -> None:
    archive = tmp_path / "archive"
    done = subprocess.run(
        command(calls, "--to", archive, "--workers", "0", *FAKE_ENGINES),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (700, 700)),
    )
    assert done.returncode == 1
    assert "cannot be written" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert payloads(archive) == []
    done = subprocess.run(command(calls, "--to", archive, *FAKE_ENGINES), capture_output=True, text=True, check=False)
    assert "failed" in done.stdout
    assert payloads(archive) == ALL


@pytest.mark.processes
def test_a_list_on_standard_input_with_any_bytes(tmp_path: Path, installed: Path) -> None:
    name = os.fsdecode(b"caf\xe9\n.wav")
    write_recordings(tmp_path, [name, "other.wav"])
    done = subprocess.run(
        command("-", "-0", "--to", "archive", "--json", *FAKE_ENGINES),
        input=os.fsencode(name) + b"\0./other.wav\0",
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "archive").iterdir()) == sorted(
        [".speechzip", os.fsdecode(b"caf\xe9\n.wav.spz"), "other.wav.spz"]
    )
    assert name in latest_rows(LocalStore(tmp_path / "archive"))


def test_rows_survive_damage_and_are_merged(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    for number in range(20):
        with locked(store) as lock:
            journal = Journal(store, lock)
            journal.add(Row("a.wav", "/a.wav", number, 0.0))
            journal.add(Row(f"{number}.wav", "/x", 1, 0.0, speakers=("00ff",)))
            journal.close()
    segments = sorted((tmp_path / ".speechzip" / "rows").iterdir())
    segments[-1].write_bytes(segments[-1].read_bytes() + b'{"name": "cut short')
    compact(store)
    assert len(list((tmp_path / ".speechzip" / "rows").iterdir())) == 1
    rows = latest_rows(store)
    assert (len(rows), rows["a.wav"].size, rows["3.wav"].speakers) == (21, 19, ("00ff",))
    assert parse_row(b"[]") is None
    assert parse_row(b'{"name": 1, "source": "", "size": 0, "modified": 0}') is None
    assert parse_row(row_line(rows["a.wav"]).replace(b"{", b'{"later": 1,', 1)) == rows["a.wav"]


@pytest.mark.parametrize(
    "damage",
    [
        '"name": "\\ud800"', '"source": "\\ud800"', '"size": 1.5', '"modified": null', '"modified": NaN',
        '"modified": 1e999', f'"modified": 1{"0" * 400}', '"sha256": "zz"', '"sha256": 5', '"duration_s": []',
        '"payload_bytes": "x"', '"speakers": 5', '"engines": 1', '"redacted": null', '"redacted": {"card": "x"}',
        '"error": {}', '"notes": 1', f'"later": {"[" * 100_000}{"]" * 100_000}',
    ],
)  # fmt: skip
def test_a_row_of_other_types_is_left_out(tmp_path: Path, calls: Path, here: Runner, damage: str) -> None:
    whole = row_line(Row("c.wav", "/c.wav", 1, 0.0)).decode().strip()
    assert parse_row(whole.encode()) == Row("c.wav", "/c.wav", 1, 0.0)
    damaged = f"{whole[:-1]},{damage}}}".encode()  # of two members of one name, the last one counts
    assert parse_row(damaged) is None
    rows = tmp_path / "archive" / ".speechzip" / "rows"
    rows.mkdir(parents=True)
    (rows / "00.jsonl").write_bytes(damaged + b"\n")
    assert run(calls / "c.wav", tmp_path / "archive", here)[0].done == 1


def test_nothing_unredacted_is_ever_stored(calls: Path, tmp_path: Path, here: Runner) -> None:
    text = tmp_path / "text"
    text.write_text("It is 4242 4242 4242 4242.")
    archive = tmp_path / "archive"
    says = f"words:say={text}"
    settings = Settings(says, None, "still", speaker_count=1, redaction=parse_kinds("card,phone"))
    totals, _ = run(calls, archive, here, settings)
    assert totals.redacted == {"card": 4, "phone": 0}
    assert read_payload(archive / "c.wav.spz").payload.utterances[0].text == "It is [card]."
    row = latest_rows(LocalStore(archive))["c.wav"]
    assert (row.redacted, row.payload_bytes) == (totals.redacted | {"card": 1}, (archive / "c.wav.spz").stat().st_size)
    assert not [path for path in archive.rglob("*") if path.is_file() and b"4242" in path.read_bytes()]
    more = Settings(says, None, "still", speaker_count=1, redaction=parse_kinds("card,phone,email"))
    assert run(calls, archive, here, settings)[0].unchanged == 4
    assert run(calls, archive, here, more)[0].done == 4  # it was not looked through for these


def test_recordings_that_were_moved_are_redacted(calls: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"
    run(calls, archive, here)
    moved = calls.rename(tmp_path / "moved")
    totals, _ = run(moved, archive, here, replace(FAKE, redaction=parse_kinds("card")))
    assert (totals.done, totals.failed) == (4, 0)


@pytest.mark.models
def test_words_chosen_by_a_rescorer_are_those_of_compress(tmp_path: Path, here: Runner) -> None:
    recording = recognizer_recording("beckett.wav")
    settings = Settings(voice_encoder="still", rescorer="smollm2-1")
    (result,) = run(recording, tmp_path / "archive", here, settings)[1]
    assert result.row.engines["rescorer"] == "smollm2-1"
    assert result.payload
    expected = compress(
        recording, recognizer=load_recognizer(rescorer="smollm2-1"), voice_encoder=load_engine("voice_encoder", "still")
    )
    assert result.payload.utterances == expected.payload.utterances


def test_a_recognizer_without_choice_has_no_rescorer(calls: Path, tmp_path: Path, here: Runner) -> None:
    with pytest.raises(EngineError, match="no option for the rescorer"):
        run(calls, tmp_path / "archive", here, replace(FAKE, rescorer="english-2"))


def test_an_archive_is_redacted_in_its_place(calls: Path, tmp_path: Path, here: Runner) -> None:
    text = tmp_path / "text"
    text.write_text("Mail jo at gmail dot com.")
    archive = tmp_path / "archive"
    run(calls, archive, here, Settings(f"words:say={text}", None, "still", speaker_count=1))
    store = LocalStore(archive)
    (archive / "damaged.spz").write_bytes(b"rubbish")
    done = redact_archive(store, parse_kinds("email"))
    assert (done.files, done.changed, done.counts) == (4, 4, {"email": 4})
    assert [name for name, _ in done.damaged] == ["damaged.spz"]
    assert read_payload(archive / "d.wav.spz").payload.utterances[0].text == "Mail [email]."
    assert latest_rows(store)["d.wav"].redacted == {"email": 1}
    left = [path for path in archive.rglob("*") if path.is_file() and b"gmail" in path.read_bytes()]
    assert left == []
    assert redact_archive(store, parse_kinds("email")).changed == 0


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A folder with one recording."""
    write_recordings(tmp_path / "one", ["c.wav"])
    return tmp_path / "one"


def saying(tmp_path: Path, text: str, **settings: Any) -> Settings:
    """Settings with which every recording says a text."""
    said = tmp_path / "text"
    said.write_text(text)
    return replace(FAKE, recognizer=f"words:say={said}", **settings)


def kinds(tmp_path: Path, text: str, *names: str) -> Any:
    """What to redact: kinds, and names in a list."""
    (tmp_path / "names.txt").write_text("\n".join(names))
    return parse_kinds(text + (f",name-list={tmp_path}/names.txt" if names else ""))


def words(archive: Path, name: str = "c.wav") -> str:
    return read_payload(archive / f"{name}.spz").payload.utterances[0].text


TELLS = "Bob, 4242 4242 4242 4242."


def test_what_was_redacted_stays_redacted(one: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"
    names, card = kinds(tmp_path, "phone", "Bob"), kinds(tmp_path, "card")
    run(one, archive, here, saying(tmp_path, TELLS, redaction=names))
    run(one, archive, here, saying(tmp_path, TELLS, redaction=card))
    assert words(archive) == "[name], [card]."
    row = latest_rows(LocalStore(archive))["c.wav"]
    assert row.redacted == {"name": 1, "phone": 0, "card": 1}
    assert (row.engines["recognizer"], row.duration_s > 1, len(row.speakers)) == ("words", True, 1)
    assert run(one, archive, here, saying(tmp_path, TELLS, redaction=names))[0].unchanged == 1
    (archive / "c.wav.spz").unlink()
    for settings in (saying(tmp_path, TELLS), saying(tmp_path, TELLS, redaction=card)):
        totals, (result,) = run(one, archive, here, settings)
        assert (totals.failed, payloads(archive)) == (1, [])
        assert "give the list of names again" in result.row.error
    run(one, archive, here, saying(tmp_path, TELLS, redaction=names))
    assert words(archive) == "[name], [card]."


def test_a_changed_recording_is_redacted_as_before(one: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"
    run(one, archive, here, saying(tmp_path, TELLS))
    redact_archive(LocalStore(archive), kinds(tmp_path, "card"))
    write_recordings(one, ["x", "c.wav"])
    assert run(one, archive, here, saying(tmp_path, TELLS))[0].done == 1
    assert words(archive) == "Bob, [card]."
    (one / "c.wav").write_bytes(b"rubbish")
    assert run(one, archive, here, saying(tmp_path, TELLS))[0].failed == 1
    (archive / "c.wav.spz").unlink()
    write_recordings(one, ["c.wav"])
    assert run(one, archive, here, saying(tmp_path, TELLS))[0].done == 1
    assert words(archive) == "Bob, [card]."


def test_another_list_of_names_is_looked_for(one: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"
    text = "We are Anna Lee and Bob."
    run(one, archive, here, saying(tmp_path, text, redaction=kinds(tmp_path, "card", "Anna Lee")))
    longer = saying(tmp_path, text, redaction=kinds(tmp_path, "card", "Bob"))
    assert run(one, archive, here, longer)[0].done == 1
    assert words(archive) == "We are [name] and [name]."
    assert run(one, archive, here, longer)[0].unchanged == 1


def test_a_name_belongs_to_the_recording_whose_payload_is_there(one: Path, tmp_path: Path, here: Runner) -> None:
    archive, other = tmp_path / "archive", tmp_path / "other"
    write_recordings(other, ["x.wav", "c.wav"])
    (other / "x.wav").unlink()
    original = (one / "c.wav").read_bytes()
    run(one, archive, here)
    before = (archive / "c.wav.spz").read_bytes()
    (one / "c.wav").write_bytes(b"rubbish")
    totals, (result,) = run(one, archive, here)
    assert totals.failed == 1
    assert result.row.notes == ("the archive keeps the payload of its earlier version",)
    totals, (result,) = run(other, archive, here)
    assert (totals.failed, result.row.error_type) == (1, "NameTaken")
    assert (archive / "c.wav.spz").read_bytes() == before
    (other / "c.wav").write_bytes(original)  # the same recording from another place
    totals, _ = run(other, archive, here)
    assert (totals.done, totals.failed) == (1, 0)
    row = latest_rows(LocalStore(archive))["c.wav"]
    assert (row.error, row.source, row.kept_sha256) == ("", str(other / "c.wav"), "")


def test_a_recording_that_lost_its_speech_loses_its_payload(one: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"
    run(one, archive, here)
    soundfile.write(str(one / "c.wav"), np.zeros(16000, np.float32), 16000)
    totals, (result,) = run(one, archive, here)
    assert (totals.without_speech, payloads(archive)) == (1, [])
    assert "was removed" in result.row.notes[0]
    with Archive(archive) as opened:
        assert opened.search("tried") == []
    write_recordings(tmp_path / "other", ["c.wav"])
    assert run(tmp_path / "other", archive, here)[0].done == 1  # the name is free


def test_what_cannot_be_read_again_is_redacted_as_it_is(one: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"
    run(one, archive, here, saying(tmp_path, TELLS))
    (one / "c.wav").write_bytes(b"rubbish")
    card = saying(tmp_path, TELLS, redaction=kinds(tmp_path, "card"))
    assert run(one, archive, here, saying(tmp_path, TELLS))[0].failed == 1
    totals, (result,) = run(one, archive, here, card)
    assert totals.failed == 1
    assert result.row.notes == ("the archive keeps the payload of its earlier version, redacted",)
    assert words(archive) == "Bob, [card]."
    assert run(one, archive, here, card)[0].failed_before == 1


def test_a_name_that_a_folder_has_fails_alone(calls: Path, tmp_path: Path, here: Runner) -> None:
    (calls / "c.wav.spz").mkdir()
    write_recordings(calls, ["c.wav.spz/x.wav"])
    totals, results = run(calls, tmp_path / "archive", here)
    assert (totals.done, totals.failed) == (4, 2)  # and one is broken
    (failed,) = [result.row for result in results if result.row.error_type == "InputError"]
    assert "c.wav.spz" in failed.error


def test_what_is_missing_in_a_list_is_left_out(
    one: Path, tmp_path: Path, here: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recordings(one, ["d.wav", "e.wav"])
    names = [str(one / name) for name in ("c.wav", "gone.wav", "d.wav", "e.wav")]
    stdin = io.TextIOWrapper(io.BytesIO("\r\n".join(names).encode() + b"\r\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    sources, listed = sources_of(["-"])
    assert sources == tuple(names)

    def vanish(result: Result) -> None:
        (one / "e.wav").unlink(missing_ok=True)

    plan = BuildPlan(sources, FAKE, listed=listed)
    totals = build(LocalStore(tmp_path / "archive"), plan, here, vanish, lambda _: None)
    assert totals.done == 2
    assert [Path(name).name for name, _ in totals.left_out] == ["gone.wav", "e.wav"]
    assert all("does not exist" in why for _, why in totals.left_out)
    with pytest.raises(InputError, match="does not exist"):
        run(one / "gone.wav", tmp_path / "archive", here)


def test_a_recording_of_an_archives_own_folder_is_found_again(one: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"
    assert run(one, archive, here, under="x/.speechzip")[0].done == 1
    assert payloads(archive) == ["x/%2Espeechzip/c.wav.spz"]
    assert run(one, archive, here, under="x/.speechzip")[0].unchanged == 1


def test_words_that_are_redacted_later_leave_the_index(
    one: Path, tmp_path: Path, here: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEECHZIP_CACHE", str(tmp_path / "cache"))
    archive, names = tmp_path / "archive", kinds(tmp_path, "card", "Kowalski")
    settings = saying(tmp_path, "It is Kowalski again.")
    run(one, archive, here, settings)
    (tmp_path / "cache" / "speech").mkdir(parents=True)
    assert b"kowalski" in (archive / ".speechzip" / "index.sqlite").read_bytes().lower()
    write_recordings(one, ["d.wav"])
    run(one, archive, here, replace(settings, redaction=names))
    left = [path for path in archive.rglob("*") if path.is_file() and b"kowalski" in path.read_bytes().lower()]
    assert left == []
    assert not (tmp_path / "cache" / "speech").exists()
    with Archive(archive) as opened:
        assert len(opened.search("again")) == 2
        assert opened.search("kowalski") == []


def test_payloads_that_carry_the_recording_are_made_again(one: Path, tmp_path: Path, here: Runner) -> None:
    archive = tmp_path / "archive"
    write_recordings(one, ["c.wav", "d.wav"])
    run(one, archive, here, saying(tmp_path, TELLS))
    for name in ("c.wav", "d.wav"):
        decoded = read_payload(archive / f"{name}.spz")
        payload = replace(decoded.payload, speakers=(Speaker(Voice("clip", bytes(100))),))
        (archive / f"{name}.spz").write_bytes(encode_payload(payload, TEXT_CODERS[DEFAULT_ID]))
    (one / "d.wav").write_bytes(b"rubbish")
    totals, results = run(one, archive, here, saying(tmp_path, TELLS, redaction=kinds(tmp_path, "card")))
    assert (totals.done, totals.failed, payloads(archive)) == (1, 1, ["c.wav.spz"])
    decoded = read_payload(archive / "c.wav.spz")
    assert words(archive) == "Bob, [card]."
    assert {speaker.voice.space for speaker in decoded.payload.speakers if isinstance(speaker.voice, Voice)} == {
        "classical"
    }
    (note,) = [note for result in results for note in result.row.notes]
    assert note == "the payload of its earlier version was removed: it cannot be redacted"


def test_a_name_stays_with_its_recording_when_another_cannot_be_read(
    one: Path, tmp_path: Path, here: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "archive"
    run(one, archive, here)
    before = latest_rows(LocalStore(archive))
    write_recordings(tmp_path / "other", ["c.wav"])

    def fail(path: Path) -> str:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("speechzip.pipeline.archive.work._digest", fail)
    totals, (result,) = run(tmp_path / "other", archive, here)
    assert (totals.failed, result.row.notes) == (1, ())
    assert "Input/output error" in result.row.error
    assert latest_rows(LocalStore(archive)) == before

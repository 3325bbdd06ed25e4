"""What becomes of an archive's index: runs that end early, damage, other writers, words that were redacted, names."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from archive_engines import write_recordings
from speechzip.pipeline import OutputError, Payload, SpeechzipWarning, Utterance, Voice, encode_payload
from speechzip.pipeline.archive import Archive, Settings
from speechzip.pipeline.archive.export.files import known_names
from speechzip.pipeline.archive.fulltext.faults import IndexBusy, IndexDamaged
from speechzip.pipeline.archive.fulltext.index import Index, index_path
from speechzip.pipeline.archive.fulltext.searching import search
from speechzip.pipeline.archive.fulltext.syncing import is_current, read_current, sync
from speechzip.pipeline.archive.redaction.files import forget_words
from speechzip.pipeline.archive.stores import LocalStore
from speechzip.pipeline.archive.work import Result
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS
from speechzip.voices import VoiceStore

FAKE = Settings("words", None, "still", speaker_count=1)


def nobody(_: int) -> None:
    return None


def said(payload: Payload, *texts: str) -> bytes:
    utterances = tuple(Utterance(2.0 * number, 1.5, number % 2, text) for number, text in enumerate(texts))
    return encode_payload(replace(payload, utterances=utterances), TEXT_CODERS[DEFAULT_ID])


def names(archive: Path) -> list[str]:
    with Archive(archive) as opened:
        return sorted(Path(hit.name).name for hit in opened.search("ever"))


class Stopped(Exception):
    """Stands for whatever ends a run."""


def stop(_: Result) -> None:
    raise Stopped


def stopped_run(calls: Path, archive: Path) -> None:
    with Archive(archive) as opened, pytest.raises(Stopped):
        opened.add([calls], settings=FAKE, observe=stop)


def removed_index(calls: Path, archive: Path) -> None:
    with Archive(archive) as opened:
        opened.add([calls], settings=FAKE)
    index_path(LocalStore(archive)).unlink()


def another_version(calls: Path, archive: Path) -> None:
    with Archive(archive) as opened:
        opened.add([calls], settings=FAKE)
    database = sqlite3.connect(index_path(LocalStore(archive)))
    database.execute("PRAGMA user_version = 7")
    database.close()


def rubbish(calls: Path, archive: Path) -> None:
    with Archive(archive) as opened:
        opened.add([calls], settings=FAKE)
    index_path(LocalStore(archive)).write_bytes(b"no database" * 1000)


def cleared_index(calls: Path, archive: Path) -> None:
    """A redaction that was killed leaves it so."""
    with Archive(archive) as opened:
        opened.add([calls], settings=FAKE)
    index = Index(index_path(LocalStore(archive)))
    index.clear()
    index.close()


@pytest.mark.parametrize("spoil", [stopped_run, removed_index, another_version, rubbish, cleared_index])
def test_archiving_again_leaves_nothing_out_of_the_search(
    calls: Path, tmp_path: Path, installed: Path, spoil: Callable[[Path, Path], None]
) -> None:
    archive = tmp_path / "archive"
    spoil(calls, archive)
    write_recordings(calls, ["new.wav"])
    with warnings.catch_warnings(), Archive(archive) as opened:
        warnings.simplefilter("ignore", SpeechzipWarning)
        opened.add([calls], settings=FAKE)
    assert names(archive) == ["a.wav", "b.wav", "c.wav", "d.wav", "new.wav"]


def test_payloads_copied_before_the_first_run_are_found(
    calls: Path, tmp_path: Path, installed: Path, payload: Payload
) -> None:
    store = LocalStore(tmp_path / "archive")
    store.write("copied.wav.spz", said(payload, "Has it ever been so?"))
    with Archive(tmp_path / "archive") as opened:
        opened.add([calls / "c.wav"], settings=FAKE)
    assert names(tmp_path / "archive") == ["c.wav", "copied.wav"]


def test_an_index_that_others_lock_for_long_lacks_nothing_later(
    calls: Path, tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "archive"
    with Archive(archive) as opened:
        opened.add([calls / "c.wav"], settings=FAKE)
        monkeypatch.setattr(Index.__init__, "__defaults__", (0.1,))
        other = sqlite3.connect(index_path(LocalStore(archive)), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(IndexBusy, match="is in use; try again"):
            opened.add([calls / "d.wav"], settings=FAKE)
        other.execute("ROLLBACK")
        other.close()
    assert names(archive) == ["c.wav", "d.wav"]


def test_a_recording_that_the_index_did_not_take_is_found_later(
    calls: Path, tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of its row and payload the archive knows, and the index could be written again when the run ended."""
    archive = tmp_path / "archive"

    def fail(*_: object) -> None:
        raise OutputError("the index cannot be written: database is locked")

    with Archive(archive) as opened:
        opened.add([calls / "c.wav"], settings=FAKE)
        with monkeypatch.context() as patched, pytest.raises(OutputError, match="database is locked"):
            patched.setattr(Index, "add", fail)
            opened.add([calls / "d.wav"], settings=FAKE)
        opened.add([calls / "d.wav"], settings=FAKE)
    assert names(archive) == ["c.wav", "d.wav"]


@pytest.fixture
def store(tmp_path: Path, payload: Payload) -> LocalStore:
    store = LocalStore(tmp_path / "archive")
    for number in range(40):
        store.write(f"{number:02}.wav.spz", said(payload, f"The tide number {number}.", "It was high."))
    return store


@pytest.fixture
def index(store: LocalStore) -> Index:
    index = Index(index_path(store), 0.1)
    assert sync(store, index, nobody).added == 40
    return index


@pytest.mark.parametrize("message", ["disk I/O error", "unable to open database file", "database or disk is full"])
def test_no_passing_error_removes_an_index(index: Index, monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    index.close()
    before = index.path.read_bytes()

    def fail(_: Index) -> sqlite3.Connection:
        raise sqlite3.OperationalError(message)

    monkeypatch.setattr(Index, "_connect", fail)
    with pytest.raises(OutputError, match=f"cannot be written: {message}"):
        Index(index.path)
    assert index.path.read_bytes() == before


def damage(index: Index, from_page: int = 2) -> None:
    """Overwrite all but the first pages."""
    index.close()
    with open(index.path, "r+b") as file:
        size = file.seek(0, 2)
        file.seek(from_page * 4096)
        file.write(b"\xa5" * (size - from_page * 4096))


def test_a_search_makes_a_damaged_index_again(store: LocalStore, index: Index) -> None:
    damage(index)
    with pytest.warns(SpeechzipWarning, match="is damaged and is made again"):  # noqa: PT031  # either of them tells
        again = Index(index.path)
        found = read_current(store, again, lambda: sync(store, again, nobody), lambda: search(again, "tide", limit=99))
    assert len(found) == 40
    again.check()


def test_a_check_finds_damage_that_opening_does_not(index: Index) -> None:
    index.check()
    damage(index, from_page=13)
    with pytest.raises(IndexDamaged, match="is damaged"):
        Index(index.path).check()


def test_archiving_and_a_damaged_index(calls: Path, tmp_path: Path, installed: Path) -> None:
    archive = tmp_path / "archive"
    with Archive(archive) as opened:
        opened.add([calls / "c.wav"], settings=FAKE)
    damage(Index(index_path(LocalStore(archive))))
    with Archive(archive) as opened, pytest.warns(SpeechzipWarning, match="is damaged and is made again"):
        assert opened.add([calls], settings=FAKE).done == 4
    assert names(archive) == ["a.wav", "b.wav", "c.wav", "c.wav", "d.wav"]


def test_others_write_while_a_run_goes_on_and_search_what_is_there(
    calls: Path, tmp_path: Path, installed: Path
) -> None:
    archive = tmp_path / "archive"
    found: list[int] = []

    def look(_: Result) -> None:
        found.append(len(names(archive)))

    with Archive(archive) as opened:
        opened.add([calls], settings=FAKE, observe=look)
    assert found[-1] == 4
    assert found == sorted(found)
    assert found[1] >= 1


def test_a_search_does_not_wait_for_another_writer(store: LocalStore, index: Index, payload: Payload) -> None:
    store.write("new.wav.spz", said(payload, "A new tide."))
    other = sqlite3.connect(index.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def found() -> int:
        return len(
            read_current(store, index, lambda: sync(store, index, nobody), lambda: search(index, "tide", limit=99))
        )

    with pytest.warns(SpeechzipWarning, match="another process writes to the index"):
        assert found() == 40
    other.execute("ROLLBACK")
    assert found() == 41


def left(store: LocalStore, word: str) -> list[str]:
    assert store.folder
    files = [path for path in (store.folder / ".speechzip").rglob("*") if path.is_file()]
    return [path.name for path in files if word.encode() in path.read_bytes().lower()]


def test_words_of_removed_and_redacted_recordings_leave_no_trace(
    store: LocalStore, index: Index, payload: Payload
) -> None:
    store.write("00.wav.spz", said(payload, "Mister Covalsky called about the tide."))
    store.write("01.wav.spz", said(payload, "Zanzibar, Covalsky!"))
    sync(store, index, nobody)
    assert {"covalsky", "zanzibar", "mister"} < {word for word, _ in index.sounds()}
    assert left(store, "covalsk")
    store.write("00.wav.spz", said(payload, "Mister [name] called about the tide."))
    store.remove("01.wav.spz")
    sync(store, index, nobody)
    sounds = {word for word, _ in index.sounds()}
    assert "mister" in sounds
    assert not {"covalsky", "zanzibar"} & sounds
    assert left(store, "covalsk") == left(store, "zanzib") == []
    index.database.execute("INSERT INTO words(words) VALUES ('integrity-check')")


def test_what_is_forgotten_leaves_no_trace(
    store: LocalStore, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEECHZIP_CACHE", str(tmp_path / "cache"))
    speech = tmp_path / "cache" / "speech" / "1.wav"
    speech.parent.mkdir(parents=True)
    speech.touch()
    forget_words(index)
    assert left(store, "tide") == []
    assert index.stamp == ""
    assert not speech.exists()
    assert sync(store, index, nobody).added == 40


def test_half_of_a_recording_is_never_kept(
    store: LocalStore, index: Index, payload: Payload, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("new.wav.spz", said(payload, "A flood."))

    def fail(_: str) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("speechzip.pipeline.archive.fulltext.index.sound_key", fail)
        sync(store, index, nobody)
    index.close()
    again = Index(index.path)
    assert "new.wav" not in again.files()
    sync(store, again, nobody)
    assert len(search(again, "flood")) == 1


def test_names_are_those_of_now(store: LocalStore, payload: Payload) -> None:
    book = VoiceStore()
    voice = payload.speakers[0].voice
    assert isinstance(voice, Voice)
    book.add("Anna", voice)
    store.write("only.wav.spz", said(payload, "Just this.", "And that."))
    opened = Index(index_path(store))
    assert sync(store, opened, known_names()).added == 41

    def speakers() -> set[str]:
        found = read_current(
            store, opened, lambda: sync(store, opened, known_names()), lambda: search(opened, "this OR that")
        )
        return {hit.speaker for hit in found}

    assert speakers() == {"Anna", "Speaker 2"}
    book.remove("Anna")
    assert not is_current(store, opened)
    assert speakers() == {"Speaker 1", "Speaker 2"}
    book.add("Berta", voice)
    assert speakers() == {"Berta", "Speaker 2"}
    assert sync(store, opened, known_names()).added == 0

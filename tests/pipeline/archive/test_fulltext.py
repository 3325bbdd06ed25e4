"""Search over an archive: real SQLite, payloads with words that were written for it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from archive_engines import COMMAND
from speechzip.pipeline import InputError, OutputError, Payload, SpeechzipWarning, Utterance, encode_payload
from speechzip.pipeline.archive.export.transcript import named_transcript
from speechzip.pipeline.archive.fulltext.dates import parse_date, shown_date
from speechzip.pipeline.archive.fulltext.index import Index, index_path
from speechzip.pipeline.archive.fulltext.parquet import write_parquet
from speechzip.pipeline.archive.fulltext.phonetics import sound_key
from speechzip.pipeline.archive.fulltext.query import fts_query
from speechzip.pipeline.archive.fulltext.searching import Filters, Hit, search, similar_words
from speechzip.pipeline.archive.fulltext.syncing import is_current, sync
from speechzip.pipeline.archive.lock import locked
from speechzip.pipeline.archive.rows import Journal, Row
from speechzip.pipeline.archive.stores import LocalStore
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS

WORDS = {
    "2023/harbor.wav": ["The high tide is at noon.", "At noon the harbour opens.", "Mister Covalsky called."],
    "2024/flood.wav": ["A flood, a high flood!", "The tide was not high.", "O'Neill's café closes."],
    os.fsdecode(b"caf\xe9.wav"): ["Tide and time wait for no man."],
}


def said(payload: Payload, texts: list[str]) -> Payload:
    utterances = [
        Utterance(2.0 * number, 1.5, number % 2, text, (0.88, 0.5)[number % 2]) for number, text in enumerate(texts)
    ]
    return replace(payload, utterances=tuple(utterances))


@pytest.fixture
def archive(tmp_path: Path, payload: Payload) -> LocalStore:
    store = LocalStore(tmp_path / "archive")
    with locked(store) as lock:
        journal = Journal(store, lock)
        for number, (name, texts) in enumerate(WORDS.items()):
            store.write(f"{name}.spz", encode_payload(said(payload, texts), TEXT_CODERS[DEFAULT_ID]))
            journal.add(Row(name, f"/calls/{name}", 1, parse_date(f"202{3 + number}-05-05")))
        journal.close()
    return store


def nobody(_: int) -> None:
    return None


@pytest.fixture
def index(archive: LocalStore) -> Index:
    index = Index(index_path(archive))
    assert sync(archive, index, nobody).added == 3
    return index


def texts(hits: list[Hit]) -> list[str]:
    return [hit.text for hit in hits]


def test_words_phrases_prefixes_and_operators(index: Index) -> None:
    assert texts(search(index, "tide noon")) == ["The high tide is at noon."]
    assert texts(search(index, '"high tide"')) == ["The high tide is at noon."]
    assert len(search(index, "tide")) == 3
    assert texts(search(index, "harb*")) == ["At noon the harbour opens."]
    assert len(search(index, "flood OR harbour")) == 2
    assert texts(search(index, "high NOT tide")) == ["A flood, a high flood!"]
    assert texts(search(index, "(flood OR noon) AND NOT tide")) == [
        "A flood, a high flood!", "At noon the harbour opens.",
    ]  # fmt: skip
    assert texts(search(index, "o'neill cafe")) == ["O'Neill's café closes."]
    assert search(index, "nothing") == []


def test_a_hit_tells_where_it_is(index: Index) -> None:
    (hit,) = search(index, '"high tide"')
    assert (hit.name, hit.number, hit.start_s, hit.end_s, hit.speaker) == ("2023/harbor.wav", 0, 0.0, 1.5, "Speaker 1")
    assert hit.marked("[", "]") == "The [high tide] is at noon."
    assert hit.confidence == 0.88
    assert hit.recorded == parse_date("2023-05-05")
    (hit,) = search(index, "man")
    assert hit.name == os.fsdecode(b"caf\xe9.wav")


@pytest.mark.parametrize("recorded", [253402300799.0, 1e15, -1e15, 1e300])
def test_a_date_that_no_calendar_has(index: Index, payload: Payload, tmp_path: Path, recorded: float) -> None:
    transcript = named_transcript(said(payload, ["The lighthouse is dark."]), "far", nobody)
    index.add("far.wav", transcript, (1, 1.0), "/far.wav", recorded)
    (hit,) = search(index, "lighthouse")
    assert (hit.recorded, shown_date(hit.recorded)) == (recorded, "")
    with open(tmp_path / "all.parquet", "wb") as file:
        assert write_parquet(index, file) == 8
    assert rows_of(f"SELECT recorded FROM '{tmp_path}/all.parquet' WHERE recording = 'far.wav'") == [(None,)]


def test_what_is_no_date() -> None:
    with pytest.raises(InputError, match="'May' is no date; give one such as 2024-05-31"):
        parse_date("May")


def test_filters(index: Index) -> None:
    assert len(search(index, "tide", Filters(speaker="speaker 2"))) == 1
    assert len(search(index, "tide", Filters(inside="2024/"))) == 1
    assert len(search(index, "tide", Filters(inside="202"))) == 2
    assert len(search(index, "tide", Filters(after=parse_date("2024-05-05")))) == 2
    assert len(search(index, "tide", Filters(before=parse_date("2024-05-05")))) == 1
    assert len(search(index, "tide", Filters(min_confidence=0.75))) == 2
    assert len(search(index, "tide", limit=2)) == 2


@pytest.mark.parametrize("query", ["", "   ", "AND tide", "tide OR", "(tide", "tide)", "NOT tide", "x" * 2000])
def test_queries_without_a_meaning(index: Index, query: str) -> None:
    with pytest.raises(InputError, match=r"the query|a query"):
        search(index, query)


@pytest.mark.parametrize(
    "query", ["what's up?", "a:b -c ^d", '"unclosed', "{x} near(a b)", "* ** tide*", "'; DROP TABLE", "é\udce9"]
)
def test_no_character_is_an_error(index: Index, query: str) -> None:
    search(index, query.encode(errors="replace").decode())


@pytest.mark.parametrize("fuzzy", [False, True])
def test_bytes_that_are_no_text_are_told(index: Index, fuzzy: bool) -> None:
    with pytest.raises(InputError, match="the query is not valid UTF-8"):
        search(index, "scoot\udcff", fuzzy=fuzzy)
    with pytest.raises(InputError, match="the name of the speaker is not valid UTF-8"):
        search(index, "tide", Filters(speaker="\udcff"), fuzzy=fuzzy)


def test_queries_as_sqlite_reads_them() -> None:
    assert fts_query("a b*") == '"a" AND "b"*'
    assert fts_query('a "b ""c" OR d') == '"a" AND "b " AND "c" OR "d"'
    assert fts_query("kow*", lambda word: ["never"]) == '"kow"*'
    assert fts_query("a - b") == '"a" AND "b"'


def test_words_that_sound_alike(index: Index) -> None:
    assert search(index, "Kowalski") == []
    assert texts(search(index, "Kowalski", fuzzy=True)) == ["Mister Covalsky called."]
    assert texts(search(index, "mister kowalsky", fuzzy=True)) == ["Mister Covalsky called."]
    assert "flood" in similar_words(index, "fludd")
    assert "harbour" in similar_words(index, "harbor")
    assert similar_words(index, "xylophone") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kowalski", "covalsky"), ("Meyer", "maier"), ("Smith", "smyth"), ("Catherine", "kathryn"), ("Philip", "filip"),
        ("Schmidt", "shmit"), ("Knight", "night"), ("Jeffrey", "geoffrey"), ("Thompson", "tompson"),
        ("Dvorak", "dworak"), ("Stephen", "steven"), ("Wright", "rite"),
        ("Lewandowski", "levandovski"), ("Müller", "muller"),
    ],
)  # fmt: skip
def test_names_that_sound_alike_have_one_key(one: str, other: str) -> None:
    assert sound_key(one) == sound_key(other)


def test_names_that_differ_have_two() -> None:
    keys = [sound_key(name) for name in "Anna Hannah Berg Park Miller Mellon Tom Dan Kirk Church Olga".split()]
    assert len(set(keys)) >= 8


def test_the_index_follows_the_files(archive: LocalStore, index: Index, payload: Payload) -> None:
    assert is_current(archive, index)
    archive.write("new.wav.spz", encode_payload(said(payload, ["A new harbour."]), TEXT_CODERS[DEFAULT_ID]))
    archive.write("2024/flood.wav.spz", encode_payload(said(payload, ["Dry now."]), TEXT_CODERS[DEFAULT_ID]))
    archive.remove("2023/harbor.wav.spz")
    archive.write("damaged.spz", b"\xa1 no payload at all")
    done = sync(archive, index, nobody)
    assert (done.added, done.removed) == (2, 1)
    assert [name for name, _ in done.damaged] == ["damaged.spz"]
    assert texts(search(index, "harbour")) == ["A new harbour."]
    assert search(index, "flood") == []
    assert texts(search(index, "dry")) == ["Dry now."]
    index.database.execute("INSERT INTO words(words) VALUES ('integrity-check')")


def test_unread_speech_is_no_word(archive: LocalStore, index: Index, payload: Payload) -> None:
    unread = replace(payload, utterances=(Utterance(0.0, 2.0, 0, "", 0.5), Utterance(3.0, 1.0, 0, "Fine.")))
    index.add("u.wav", named_transcript(unread, "u.wav", nobody), (1, 1.0))
    assert search(index, "unclear") == []
    (hit,) = search(index, "fine")
    assert hit.number == 1


def test_an_index_of_another_release_is_made_again(archive: LocalStore, index: Index) -> None:
    index.database.execute("PRAGMA user_version = 99")
    index.close()
    with pytest.warns(SpeechzipWarning, match="is of another release and is made again"):
        again = Index(index.path)
    assert again.files() == {}
    assert sync(archive, again, nobody).added == 3
    assert len(search(again, "tide")) == 3


def test_a_damaged_index_is_made_again(archive: LocalStore, index: Index) -> None:
    index.close()
    index.path.write_bytes(b"no database" * 1000)
    with pytest.warns(SpeechzipWarning, match="is damaged and is made again"):
        again = Index(index.path)
    assert sync(archive, again, nobody).added == 3


def test_a_full_disk_removes_no_index(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    index.close()
    before = index.path.read_bytes()

    def full(_: Index) -> sqlite3.Connection:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Index, "_connect", full)
    with pytest.raises(OutputError, match="cannot be written: database or disk is full"):
        Index(index.path)
    assert index.path.read_bytes() == before


def test_a_read_only_archive_has_its_index_in_the_cache(
    archive: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPEECHZIP_CACHE", str(tmp_path / "cache"))

    def deny(path: object, mode: int) -> bool:
        return False

    monkeypatch.setattr(os, "access", deny)  # root may write everywhere
    assert index_path(archive).parent == tmp_path / "cache" / "archives"


def rows_of(query: str) -> list[tuple[object, ...]]:
    relation = duckdb.sql(query)
    assert relation
    return list(relation.fetchall())


def test_the_catalogue_as_duckdb_reads_it(index: Index, tmp_path: Path) -> None:
    with open(tmp_path / "all.parquet", "wb") as file:
        assert write_parquet(index, file) == 7
    table = f"'{tmp_path}/all.parquet'"
    rows = rows_of(f"SELECT recording, start_s, speaker FROM {table} WHERE text ILIKE '%high tide%'")
    assert rows == [("2023/harbor.wav", 0.0, "Speaker 1")]
    spoken = rows_of(f"SELECT speaker, sum(end_s - start_s) FROM {table} GROUP BY speaker ORDER BY speaker")
    assert spoken == [("Speaker 1", 7.5), ("Speaker 2", 3.0)]
    assert rows_of(f"SELECT max(year(recorded)) FROM {table}") == [(2025,)]


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout.decode(), done.stderr.decode()


@pytest.mark.processes
def test_on_the_command_line(archive: LocalStore) -> None:
    out, _ = run("search", '"high tide"', archive.url)
    assert out.splitlines() == [
        "2023/harbor.wav  0:00:00  Speaker 1  88%",
        "    The »high tide« is at noon.",
        f"    speechzip play {archive.url}/2023/harbor.wav.spz --at 0",
    ]
    out, _ = run("search", "man", archive.url, "--json")
    hit = json.loads(out)
    assert (hit["text"], hit["matches"]) == ("Tide and time wait for no man.", [[26, 29]])
    assert hit["play"] == f"speechzip play $'{archive.url}/caf\\xe9.wav.spz' --at 0"
    out, errors = run("search", "nothing", archive.url)
    assert (out, "nothing found" in errors) == ("", True)
    out, _ = run("index", archive.url, "--rebuild")
    assert "3 payloads added" in out
    assert sqlite3.connect(index_path(archive)).execute("SELECT count(*) FROM utterances").fetchone() == (7,)

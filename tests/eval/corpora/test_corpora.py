from __future__ import annotations

from pathlib import Path

import pytest
from speechzip.eval import Corpus, Turn
from speechzip.eval.corpora import read_corpus
from speechzip.pipeline import InputError


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def turns(corpus: Corpus) -> dict[str, tuple[Turn, ...]]:
    return {item.id: item.turns for item in corpus.items}


def test_librispeech(tmp_path: Path) -> None:
    chapter = tmp_path / "test-clean" / "121" / "121726"
    write(chapter / "121-121726-0003.flac")
    write(chapter / "121-121726.trans.txt", "121-121726-0003 HAY FEVER\n121-121726-0004 LOST\n")
    corpus = read_corpus(tmp_path)
    assert corpus.layout == "librispeech"
    assert turns(corpus) == {
        "test-clean/121/121726/121-121726-0003.flac": (Turn("HAY FEVER", "121"),),
        "test-clean/121/121726/121-121726-0004.flac": (Turn("LOST", "121"),),  # listed as failed later: no such file
    }
    assert {item.category for item in corpus.items} == {"test-clean"}


def test_ljspeech(tmp_path: Path) -> None:
    write(tmp_path / "metadata.csv", "LJ001-0001|in 1455|in fourteen fifty-five\nLJ001-0002|plain\nLJ001-0003\n")
    write(tmp_path / "wavs" / "LJ001-0001.wav")
    corpus = read_corpus(tmp_path)
    assert corpus.layout == "ljspeech"
    texts = [turn.transcript for item in corpus.items for turn in item.turns]
    assert texts == ["in fourteen fifty-five", "plain", None]


def test_common_voice(tmp_path: Path) -> None:
    table = 'client_id\tpath\tsentence\nabcdef\tone.mp3\tShe said "no.\nabcdef\ttwo.mp3\t\n'
    write(tmp_path / "test.tsv", table)
    write(tmp_path / "validated.tsv", "client_id\tpath\tsentence\n")
    for path in (tmp_path, tmp_path / "test.tsv"):
        corpus = read_corpus(path)
        assert corpus.layout == "commonvoice"
        assert turns(corpus) == {
            "clips/one.mp3": (Turn('She said "no.', "abcdef"),),
            "clips/two.mp3": (Turn(None, "abcdef"),),
        }
        assert corpus.items[0].path == tmp_path / "clips" / "one.mp3"


def test_manifest_with_conversations(tmp_path: Path) -> None:
    write(
        tmp_path / "manifest.csv",
        'path,transcript,speaker,category\na.wav,"Hello, you",Anna,clean\nb.wav,,Ben,calls\n'
        "c.wav,,,nonspeech\na.wav,Again,Anna,clean\n",
    )
    write(
        tmp_path / "talks" / "turns.csv",
        "dialogue,start_s,duration_s,speaker,transcript\none,2.5,1.0,Ben,Yes\none,0.5,1.5,Anna,Are you there\n",
    )
    write(tmp_path / "talks" / "one.stereo.flac")
    corpus = read_corpus(tmp_path)
    assert turns(corpus) == {
        "a.wav": (Turn("Hello, you", "Anna"),),
        "a.wav#2": (Turn("Again", "Anna"),),
        "b.wav": (Turn(None, ""),),
        "c.wav": (Turn("", ""),),
        "talks/one": (Turn("Are you there", "Anna", 0.5, 1.5), Turn("Yes", "Ben", 2.5, 1.0)),
    }
    assert corpus.items[-1].path == tmp_path / "talks" / "one.stereo.flac"
    assert [item.has_transcript for item in corpus.items] == [True, True, False, True, True]
    assert len(read_corpus(tmp_path / "manifest.csv").items) == 4


def test_limit_is_a_draw_by_the_seed(tmp_path: Path) -> None:
    manifest = write(tmp_path / "all.csv", "path\n" + "".join(f"{index:03}.wav\n" for index in range(50)))
    first, again, other = (read_corpus(manifest, limit=10, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert len(first.items) == len(other.items) == 10
    assert first != other


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.csv", "file,words\n", "has no column 'path'"),
        ("a.csv", "path\n", "no recordings"),
        ("a.csv", 'path\n"a', "cannot be read as a table"),
        ("a.tsv", "path\tsentence\n", "has no column 'client_id'"),
        ("turns.csv", "dialogue,start_s,duration_s,speaker,transcript\nd,soon,1,A,Hi\n", "no time in seconds"),
        ("notes.txt", "hello", "none of the known layouts"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, name: str, content: str, complaint: str) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(InputError, match=complaint):
        read_corpus(tmp_path if name == "turns.csv" else path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"path\n\xff\xfe\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_corpus(tmp_path / "a.csv")


def test_no_such_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_corpus(tmp_path / "nowhere")


def test_recordings_of_the_wheel() -> None:
    corpus = read_corpus("wheels")
    assert [item.id for item in corpus.items] == ["beckett.wav", "two_cities.wav"]
    assert all(item.path.is_file() for item in corpus.items)

from __future__ import annotations

from pathlib import Path

import pytest
from speechzip.pipeline import InputError
from speechzip.pipeline.console.options import MAX_BYTES, MAX_PHRASE_CHARACTERS, MAX_PHRASES, read_vocabulary


@pytest.mark.parametrize(
    ("value", "phrases"),
    [
        (None, ()),
        ("QRZ", ("QRZ",)),
        ("Ford Fusion, Violet  King,", ("Ford Fusion", "Violet King")),
        ("a,b,a", ("a", "b")),
    ],
)
def test_words(value: str | None, phrases: tuple[str, ...]) -> None:
    assert read_vocabulary(value) == phrases


def test_a_long_list_is_no_name_of_a_file() -> None:
    names = [f"Somebody {number}" for number in range(40)]
    assert read_vocabulary(",".join(names)) == tuple(names)
    assert read_vocabulary(",".join(["Dr. Smith", *names])) == ("Dr. Smith", *names)
    with pytest.raises(InputError, match="at most 100 printable"):
        read_vocabulary("x" * 300)


def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "names"
    path.write_bytes("\ufeffFord Fusion\r\n\r\n Smith, John \nZo\u00eb\n".encode())
    assert read_vocabulary(str(path)) == ("Ford Fusion", "Smith, John", "Zo\u00eb")
    monkeypatch.chdir(tmp_path)
    assert read_vocabulary("names") == ("Ford Fusion", "Smith, John", "Zo\u00eb")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no words"),
        (b"\n \n", "has no words"),
        (b"\xff\xfe", "not text in UTF-8"),
        (b"a\x1b[31m", "printable"),
        (b"x" * (MAX_PHRASE_CHARACTERS + 1), "at most 100 printable"),
        (b"\n".join(b"%d" % number for number in range(MAX_PHRASES + 1)), "at most 10000 words"),
        (b"\n" * (MAX_BYTES + 1), "more than"),
    ],
)
def test_files_that_are_no_vocabulary(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_vocabulary(str(path))


@pytest.mark.parametrize("value", ["", ",", " , "])
def test_no_words(value: str) -> None:
    with pytest.raises(InputError, match=f"the vocabulary '{value}' has no words"):
        read_vocabulary(value)


@pytest.mark.parametrize("value", ["missing.txt", "folder/missing", "."])
def test_files_that_cannot_be_read(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_vocabulary(value)

"""The text that `world-1` is counted on: sentences of public repositories, held as git directories in one folder.

`--repositories FOLDER` holds a clone of each, `OWNER+NAME/`. The text itself is not part of the project.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

HELD_OUT_SHARE = 50
"""One line in 50 is held out, by the CRC-32 of its UTF-8."""
LONGEST_LINE = 300
"""Range of the length of a line, in characters."""

COMMON_VOICE = "annygakh+common-voice"
"""Common Voice's sentence collections as of December 2020, CC0."""
TREEBANK = "UniversalDependencies+UD_"


@dataclass(frozen=True, slots=True)
class CorpusFiles:
    """Files of one repository, and the reader of their lines."""

    repository: str
    files: tuple[str, ...]
    read: Callable[[bytes], Iterator[str]]


def read_lines(content: bytes) -> Iterator[str]:
    """Yield the lines of a plain text."""
    yield from content.decode("utf-8", "replace").splitlines()


def read_treebank(content: bytes) -> Iterator[str]:
    """Yield the sentences of a CoNLL-U file."""
    for line in read_lines(content):
        if line.startswith("# text = "):
            yield line.removeprefix("# text = ")


def read_questions(content: bytes) -> Iterator[str]:
    """Yield questions and answers of a table."""
    for row in list(csv.reader(io.StringIO(content.decode("utf-8"))))[1:]:
        yield from row[:2]


def read_dialogues(content: bytes) -> Iterator[str]:
    """Yield the messages of KdConv."""
    for dialogue in json.loads(content):
        for message in dialogue["messages"]:
            yield message["message"]


def read_zipped_dialogues(content: bytes) -> Iterator[str]:
    """Yield the messages of CrossWOZ."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    for dialogue in json.loads(archive.read(archive.namelist()[0])).values():
        for message in dialogue["messages"]:
            yield message["content"]


def read_balanced(content: bytes) -> Iterator[str]:
    """Yield the sentences of ROHAN: `name:sentence with (readings),reading`."""
    for line in read_lines(content):
        if ":" in line:
            yield re.sub(r"\([^)]*\)|（[^）]*）", "", line.split(":", 1)[1]).split(",")[0]


def _collected(*files: str) -> CorpusFiles:
    return CorpusFiles(COMMON_VOICE, tuple(f"server/data/{file}" for file in files), read_lines)


def _treebank(name: str, *files: str) -> CorpusFiles:
    return CorpusFiles(TREEBANK + name, tuple(f"{file}.conllu" for file in files), read_treebank)


SOURCES: dict[str, tuple[CorpusFiles, ...]] = {
    "de": (_collected("de/sentence-collector.txt", "de/jf99.txt"),),
    "es": (
        _collected("es/sentence-collector.txt"),
        _treebank("Spanish-GSD", "es_gsd-ud-dev", "es_gsd-ud-test"),  # CC BY-SA 4.0
    ),
    "fr": (_collected("fr/issue2259_deleted_export_readd_fixed.txt"),),
    "it": (_collected("it/frasi.txt", "it/sentence-collector.txt"),),
    "pt": (_collected("pt/sentence-collector.txt"),),
    "nl": (
        _collected("nl/danielsjf.txt", "nl/pcmill.txt", "nl/sentence-collector.txt"),
        _treebank("Dutch-Alpino", "nl_alpino-ud-dev", "nl_alpino-ud-test"),  # CC BY-SA 4.0
        _treebank("Dutch-LassySmall", "nl_lassysmall-ud-dev", "nl_lassysmall-ud-test"),  # CC BY-SA 4.0
    ),
    "pl": (_collected("pl/sentence-collector.txt"),),
    "ru": (_collected("ru/sentence-collector.txt", "ru/highsource-de-ru-translations.txt"),),
    "uk": (_collected("uk/sentence-collector.txt"),),
    "tr": (
        _collected("tr/setimes.txt", "tr/sentence-collector.txt"),
        _treebank("Turkish-Kenet", "tr_kenet-ud-dev", "tr_kenet-ud-test"),  # CC BY-SA 4.0
        _treebank("Turkish-Tourism", "tr_tourism-ud-dev", "tr_tourism-ud-test"),  # CC BY-SA 4.0
    ),
    "ar": (_collected("ar/sentence-collector.txt"),),
    "hi": (_collected("hi/sentence-collector.txt"),),
    "ja": (
        _collected("ja/sentence-collector.txt"),
        _treebank("Japanese-GSD", "ja_gsd-ud-dev", "ja_gsd-ud-test"),  # CC BY-SA 4.0
        CorpusFiles("mmorise+rohan4600", ("Rohan4600_transcript_utf8.txt",), read_balanced),  # CC0
    ),
    "ko": (
        _collected("ko/sentence-collector.txt"),
        _treebank("Korean-Kaist", "ko_kaist-ud-dev", "ko_kaist-ud-test"),  # CC BY-SA 4.0
        _treebank("Korean-GSD", "ko_gsd-ud-dev", "ko_gsd-ud-test"),  # CC BY-SA 4.0
        CorpusFiles("songys+Chatbot_data", ("ChatbotData.csv",), read_questions),  # MIT
    ),
    "zh": (
        _collected(
            "zh-CN/cn.txt",
            "zh-CN/wiki.zh-cn.txt",
            "zh-TW/sentence-collector.txt",
            "zh-TW/setences.txt",
            "zh-HK/sentence-collector.txt",
        ),
        CorpusFiles(
            "thu-coai+KdConv",  # Apache-2.0
            tuple(f"data/{domain}/{part}.json" for domain in ("film", "music", "travel") for part in ("dev", "test")),
            read_dialogues,
        ),
        CorpusFiles(
            "thu-coai+CrossWOZ",  # Apache-2.0
            ("data/crosswoz/val.json.zip", "data/crosswoz/test.json.zip"),
            read_zipped_dialogues,
        ),
        _treebank("Chinese-GSDSimp", "zh_gsdsimp-ud-dev", "zh_gsdsimp-ud-test"),  # CC BY-SA 4.0
    ),
}
"""The languages of `world-1` by ISO 639-1 code, and their text."""


def read_text(repositories: Path, language: str) -> tuple[list[str], list[str]]:
    """Return (training, held-out) lines of a language, each once, in Unicode NFC with single spaces.

    Raises:
        FileNotFoundError: a repository or a file in it is not there.
    """
    training: list[str] = []
    held_out: list[str] = []
    seen: set[str] = set()
    for source in SOURCES[language]:
        for file in source.files:
            for raw in source.read(_content(repositories / source.repository, file)):
                line = " ".join(unicodedata.normalize("NFC", raw).split())
                if not 2 <= len(line) <= LONGEST_LINE or line in seen:
                    continue
                seen.add(line)
                (training if crc32(line.encode("utf-8")) % HELD_OUT_SHARE else held_out).append(line)
    return training, held_out


def _content(repository: Path, file: str) -> bytes:
    folder = repository / "repo" if (repository / "repo").is_dir() else repository
    shown = subprocess.run(["git", "-C", folder, "show", f"HEAD:{file}"], capture_output=True, check=False)
    if shown.returncode:
        raise FileNotFoundError(f"{repository} has no {file}: clone it there")
    return shown.stdout

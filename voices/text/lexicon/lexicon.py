"""The CMU Pronouncing Dictionary, packed in blocks: a look-up unpacks only the block of its word.

`data/lexicon.bin`, little-endian:

    offset     size  meaning
    0          4     n, the number of blocks
    4          4 n   where each block starts, counted from the first block
    4 + 4 n    4     size of what follows
    8 + 4 n          zlib: the first word of each block, one a line
    ...              the blocks, each zlib: up to `BLOCK` lines, sorted by word: a character for the number of letters
                     shared with the line before (from "!" for none), the other letters, a tab, one character for each
                     phone ("!" for the first of `PHONES`), and "~" at the end if the word is common in spoken English
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from functools import lru_cache
from importlib.resources import files

from .arpabet import PHONES

BLOCK = 128
BASE = ord("!")
COMMON = "~"

Entry = tuple[tuple[str, ...], bool]
"""Phones with stress, and whether the word is common."""


def pronunciation(word: str) -> tuple[str, ...] | None:
    """Return the phones of a word in lower case, or None if neither the dictionary nor `data/words.tsv` has it.

    Example:
        >>> pronunciation("hello"), pronunciation("blorbing")
        (('HH', 'AX0', 'L', 'OW1'), None)
    """
    found = _find(word)
    return _more().get(word) or (found[0] if found else None)


@lru_cache(maxsize=1)
def _more() -> dict[str, tuple[str, ...]]:
    """Return the words of `data/words.tsv`, which override the dictionary."""
    lines = (files("speechzip.voices.text") / "data" / "words.tsv").read_text("utf-8").splitlines()
    entries = (line.split("\t") for line in lines if not line.startswith("#"))
    return {word: tuple(phones.split()) for word, phones in entries}


def is_common(word: str) -> bool:
    """Tell whether the dictionary has the word and it is common in speech."""
    found = _find(word)
    return bool(found and found[1])


@lru_cache(maxsize=4096)
def _find(word: str) -> Entry | None:
    firsts, _, _ = _file()
    block = bisect_right(firsts, word) - 1
    return _block(block).get(word) if block >= 0 else None


@lru_cache(maxsize=256)
def _block(number: int) -> dict[str, Entry]:
    _, starts, blocks = _file()
    entries: dict[str, Entry] = {}
    word = ""
    for line in zlib.decompress(blocks[starts[number] : starts[number + 1]]).decode("ascii").splitlines():
        letters, _, phones = line.partition("\t")
        word = word[: ord(letters[0]) - BASE] + letters[1:]
        said = phones.removesuffix(COMMON)
        entries[word] = tuple(PHONES[ord(phone) - BASE] for phone in said), said != phones
    return entries


@lru_cache(maxsize=1)
def _file() -> tuple[list[str], tuple[int, ...], bytes]:
    """Return the first word of each block, where each starts and the last ends, and the blocks."""
    packed = (files("speechzip.voices.text") / "data" / "lexicon.bin").read_bytes()
    (count,) = struct.unpack_from("<I", packed)
    starts = struct.unpack_from(f"<{count}I", packed, 4)
    (size,) = struct.unpack_from("<I", packed, 4 + 4 * count)
    body = 8 + 4 * count
    firsts = zlib.decompress(packed[body : body + size]).decode("ascii").splitlines()
    blocks = packed[body + size :]
    return firsts, (*starts, len(blocks)), blocks

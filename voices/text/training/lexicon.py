"""Pack the dictionary: `python -m speechzip.voices.text.training.lexicon` writes `data/lexicon.bin` and its license."""

from __future__ import annotations

import argparse
import lzma
import re
import struct
import zlib
from collections import Counter
from io import TextIOWrapper
from pathlib import Path

from ..lexicon.arpabet import PHONES
from ..lexicon.lexicon import BASE, BLOCK, COMMON
from .dictionary import license, read_dictionary

COMMON_COUNT = 40
"""Occurrences in 49 MB of spoken text from which a word is common."""
DATA = Path(__file__).parent.parent / "data"


def main() -> None:
    """Write the packed dictionary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, default=Path("../shared/text/train.txt.xz"), help="tells which are common")
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    with TextIOWrapper(lzma.open(arguments.text), "utf-8") as lines:
        for line in lines:
            counts.update(re.findall(r"[a-z']+", line))  # in small letters: names are not meant
    said = {word: pronunciations[0] for word, pronunciations in read_dictionary().items()}
    packed = pack(said, {word for word, count in counts.items() if count >= COMMON_COUNT})
    (DATA / "lexicon.bin").write_bytes(packed)
    (DATA / "LICENSE.cmudict").write_text(license())
    print(f"{len(said)} words in {len(packed)} bytes")


def pack(said: dict[str, tuple[str, ...]], common: set[str]) -> bytes:
    """Return the file that `..lexicon` describes."""
    words = sorted(said)
    character = {phone: chr(BASE + index) for index, phone in enumerate(PHONES)}
    blocks: list[bytes] = []
    for start in range(0, len(words), BLOCK):
        lines: list[str] = []
        before = ""
        for word in words[start : start + BLOCK]:
            shared = next(
                (n for n, (a, b) in enumerate(zip(word, before, strict=False)) if a != b), min(len(word), len(before))
            )
            phones = "".join(character[phone] for phone in said[word])
            lines.append(f"{chr(BASE + shared)}{word[shared:]}\t{phones}{COMMON * (word in common)}\n")
            before = word
        blocks.append(zlib.compress("".join(lines).encode("ascii"), 9))
    starts = [sum(map(len, blocks[:number])) for number in range(len(blocks))]
    firsts = zlib.compress("\n".join(words[::BLOCK]).encode("ascii"), 9)
    head = struct.pack(f"<I{len(starts)}II", len(starts), *starts, len(firsts))
    return head + firsts + b"".join(blocks)


if __name__ == "__main__":
    main()

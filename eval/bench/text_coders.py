"""Text coders side by side on the held-out conversations: `python -m speechzip.eval.bench.text_coders`.

Every coder gets the same characters: the lines of the text, each an utterance. "Whole" is all lines in order as one
conversation (joined by newlines for the general compressors), "lines" every line alone, added up. Bits are those of
whole bytes, everything included, per Unicode code point without line ends.
"""

from __future__ import annotations

import argparse
import gzip
import lzma
import random
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import brotli
import pyppmd
import zstandard
from speechzip.pipeline.textcoder import COMMON_ID, DEFAULT_ID, load_text_coder

from ..corpora.wheels import TRANSCRIPTS

Encode = Callable[[Sequence[str]], bytes]
Decode = Callable[[bytes, int], list[str]]

DICTIONARY_BYTES = 112_640  # zstd's own default
DICTIONARY_SAMPLES = 60_000  # lines, about 5 MB
PPMD_ORDER, PPMD_MEMORY = 6, 16 << 20


@dataclass(frozen=True, slots=True)
class CoderRow:
    """The results of one coder."""

    name: str
    whole_bits: float
    """Bits per character, the conversation as a whole."""
    line_bits: float
    """Bits per character, each line alone."""
    encode_rate: float
    """Characters a second, whole."""
    decode_rate: float
    """Characters a second, whole."""


def measure(name: str, encode: Encode, decode: Decode, lines: Sequence[str]) -> CoderRow:
    """Return a coder's results on the lines; its decoder must restore them."""
    characters = sum(map(len, lines))
    started = time.perf_counter()
    code = encode(lines)
    encoded = time.perf_counter()
    decoded = decode(code, len(lines))
    finished = time.perf_counter()
    if decoded != list(lines):
        raise AssertionError(f"{name} does not give the text back")
    alone = sum(len(encode([line])) for line in lines)
    return CoderRow(
        name,
        8 * len(code) / characters,
        8 * alone / characters,
        characters / (encoded - started),
        characters / (finished - encoded),
    )


def rivals(training: Sequence[str]) -> dict[str, tuple[Encode, Decode]]:
    """Return the general compressors, name -> (encode, decode).

    Args:
        training: lines for the dictionary of zstd; without lines, it has none.
    """
    samples = random.Random(1).sample(list(training), min(DICTIONARY_SAMPLES, len(training)))
    encoded: list[bytes | bytearray | memoryview] = [line.encode() for line in samples]
    dictionary = zstandard.train_dictionary(DICTIONARY_BYTES, encoded) if encoded else None
    packer = zstandard.ZstdCompressor(
        level=19, dict_data=dictionary, write_content_size=False, write_dict_id=False, write_checksum=False
    )
    unpacker = zstandard.ZstdDecompressor(dict_data=dictionary)
    raw = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]

    def through(pack: Callable[[bytes], bytes], unpack: Callable[[bytes], bytes]) -> tuple[Encode, Decode]:
        return (
            lambda texts: pack("\n".join(texts).encode()),
            lambda code, count: unpack(code).decode().split("\n"),
        )

    def unpack_ppmd(code: bytes) -> bytes:
        plain = pyppmd.decompress(code, max_order=PPMD_ORDER, mem_size=PPMD_MEMORY)
        return plain if isinstance(plain, bytes) else plain.encode()

    return {
        "brotli 11": through(
            lambda plain: brotli.compress(plain, mode=brotli.MODE_TEXT, quality=11), brotli.decompress
        ),
        "zstd 19 + dictionary" if dictionary else "zstd 19": through(
            packer.compress, lambda code: unpacker.decompress(code, max_output_size=1 << 24)
        ),
        "PPMd (variant I, order 6)": through(
            lambda plain: pyppmd.compress(plain, max_order=PPMD_ORDER, mem_size=PPMD_MEMORY), unpack_ppmd
        ),
        "xz 9e (raw LZMA2)": through(
            lambda plain: lzma.compress(plain, lzma.FORMAT_RAW, filters=raw),
            lambda code: lzma.decompress(code, lzma.FORMAT_RAW, filters=raw),
        ),
        "gzip 9": through(lambda plain: gzip.compress(plain, mtime=0), gzip.decompress),
    }


def _lines(packed: Path) -> list[str]:
    """Return the non-empty lines of an xz file; none if the file is missing."""
    if not packed.exists():
        return []
    return [line for line in lzma.decompress(packed.read_bytes()).decode().split("\n") if line]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heldout", type=Path, default=Path("../shared/text/heldout.txt"))
    parser.add_argument("--training", type=Path, default=Path("../shared/text/train.txt.xz"))
    arguments = parser.parse_args()
    heldout: Path = arguments.heldout
    lines = heldout.read_text(encoding="utf-8").splitlines() if heldout.exists() else list(TRANSCRIPTS.values())
    before = _peak_mb()
    started = time.perf_counter()
    coder = load_text_coder(DEFAULT_ID)
    load_s = time.perf_counter() - started
    coder.encode(lines[:100])
    source = heldout.name if heldout.exists() else f"{heldout} is not there, so what the wheel's recordings say"
    print(f"{source}: {len(lines)} lines, {sum(map(len, lines))} characters")
    print(f"{coder.name}: loaded in {load_s:.2f} s; peak memory {_peak_mb() - before:.0f} MB higher")
    training = _lines(arguments.training)
    print("| coder | whole, bit/char | lines, bit/char | encode, char/s | decode, char/s |")
    print("|---|---:|---:|---:|---:|")
    ours = {one.name: (one.encode, one.decode) for one in (coder, load_text_coder(COMMON_ID))}
    for name, (encode, decode) in {**ours, **rivals(training)}.items():
        row = measure(name, encode, decode, lines)
        rates = f"{row.encode_rate:,.0f} | {row.decode_rate:,.0f}"
        print(f"| {row.name} | {row.whole_bits:.3f} | {row.line_bits:.3f} | {rates} |", flush=True)


if __name__ == "__main__":
    main()

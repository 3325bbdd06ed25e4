"""A tiny model file for the text coder `smollm2-1`, of random numbers: SmolLM2's kind, two layers, 280 tokens."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import second_transformer as second
from numpy.typing import NDArray
from speechzip.pipeline.textcoder.fixedpoint import function_tables

WIDTH, GATED, LAYERS, RANK = 64, 96, 2, 3
HEADS = 9 * 64
MERGES = [
    "t h", "Ġ th", "Ġth e", "th e", "i n", "in g", "Ġ a", "Ġ Ġ", "ĠĠ ĠĠ", "Ċ Ċ", "l l", "h e", "he ll", "o o", "oo oo",
    "â Ģ", "âĢ ľ", "âĢ Ŀ", "x x", "xx xx", "' s", "r e", "v e", "Ġ 1", ". .", ".. .",
]  # fmt: skip
UNSPELLED = bytes.fromhex("04 06 13 14 16 1d f1 f2")
TABLES = function_tables()
SIGMOID, EXP2 = TABLES["sigmoid"].tolist(), TABLES["exp2"].tolist()


def tokens() -> list[str]:
    """Return the tokens of the tiny model: the line end is number 198, and `UNSPELLED` has none, as in the real one."""
    single = [second.SPELLING[byte] for byte in range(256) if byte not in (ord("\n"), *UNSPELLED)]
    single.insert(198 - second.SPECIAL, second.SPELLING[ord("\n")])
    return [f"<|{number}|>" for number in range(second.SPECIAL)] + single + [pair.replace(" ", "") for pair in MERGES]


VOCABULARY = len(tokens())


@dataclass(frozen=True)
class Scales:
    """How large the numbers of a tiny model are."""

    embedding: float
    gains: float
    last_gains: float
    """Of the norm in front of the logits."""
    weights: float


SMALL = Scales(embedding=0.3, gains=2, last_gains=2, weights=0.15)
LARGE = Scales(embedding=5, gains=60, last_gains=0.1, weights=3)
"""Everything but logits is clipped in places."""
LARGER = Scales(embedding=5, gains=60, last_gains=0.1, weights=100)
"""What attention adds to states is clipped, too."""
HUGE = Scales(embedding=1e6, gains=60, last_gains=60, weights=3)
"""Embeddings and logits are clipped, too."""


# The file


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def strings(values: Sequence[str]) -> bytes:
    return struct.pack("<IIQ", 9, 8, len(values)) + b"".join(map(text, values))


def numbers(chance: random.Random, count: int, scale: float) -> list[float]:
    return [chance.uniform(-scale, scale) for _ in range(count)]


def f32(chance: random.Random, count: int, scale: float) -> bytes:
    return struct.pack(f"<{count}f", *numbers(chance, count, scale))


def q8_0(chance: random.Random, count: int, scale: float) -> bytes:
    """Blocks of random numbers; rows 2 and 3 are zeros, in two ways."""
    blocks: list[bytes] = []
    for row in (at // WIDTH for at in range(0, count, 32)):
        d = 0.0 if row == 2 else chance.uniform(0.3, 1) * scale / 128
        blocks.append(struct.pack("<e", d) + (bytes(32) if row == 3 else chance.randbytes(32)))
    return b"".join(blocks)


def q4_1(chance: random.Random, count: int, scale: float) -> bytes:
    """Blocks of random numbers, nearly as many of them below as above 0."""
    blocks: list[bytes] = []
    for _ in range(0, count, 32):
        d = chance.uniform(0.3, 1) * scale / 8
        blocks.append(struct.pack("<ee", d, -d * chance.uniform(6.5, 8.5)) + chance.randbytes(16))
    return b"".join(blocks)


Kind = Callable[[random.Random, int, float], bytes]
KINDS: dict[Kind, int] = {f32: 0, q4_1: 3, q8_0: 8}


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor, rows first."""
    found: dict[str, tuple[int, ...]] = {"token_embd": (VOCABULARY, WIDTH), "output_norm": (WIDTH,)}
    for layer in range(LAYERS):
        found |= {
            f"blk.{layer}.attn_norm": (WIDTH,),
            f"blk.{layer}.ffn_down": (WIDTH, GATED),
            f"blk.{layer}.ffn_gate": (GATED, WIDTH),
            f"blk.{layer}.ffn_up": (GATED, WIDTH),
            f"blk.{layer}.ffn_norm": (WIDTH,),
            f"blk.{layer}.attn_k": (192, WIDTH),
            f"blk.{layer}.attn_output": (WIDTH, HEADS),
            f"blk.{layer}.attn_q": (HEADS, WIDTH),
            f"blk.{layer}.attn_v": (192, WIDTH),
        }
    return found


def model_bytes(chance: random.Random, scales: Scales) -> bytes:
    """Return a model file of random numbers."""

    def whole(value: int) -> bytes:
        return struct.pack("<II", 4, value)

    entries = {
        "general.architecture": struct.pack("<I", 8) + text("llama"),
        "llama.block_count": whole(LAYERS),
        "llama.embedding_length": whole(WIDTH),
        "llama.feed_forward_length": whole(GATED),
        "llama.attention.head_count": whole(9),
        "llama.attention.head_count_kv": whole(3),
        "llama.rope.freq_base": struct.pack("<If", 6, 100000.0),
        "tokenizer.ggml.add_space_prefix": struct.pack("<I?", 7, False),
        "tokenizer.ggml.token_type": struct.pack(f"<IIQ{VOCABULARY}i", 9, 5, VOCABULARY, *[1] * VOCABULARY),
        "tokenizer.ggml.tokens": strings(tokens()),
        "tokenizer.ggml.merges": strings(MERGES),
    }
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(shapes()), len(entries))
    head += b"".join(text(key) + value for key, value in entries.items())
    data = b""
    for name, shape in shapes().items():
        kind: Kind
        if len(shape) == 1:
            kind, scale = f32, scales.last_gains if name == "output_norm" else scales.gains
        elif name == "token_embd":
            kind, scale = q8_0, scales.embedding
        else:
            kind, scale = q4_1, scales.weights
        data += bytes(-len(data) % 32)
        head += text(f"{name}.weight") + struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
        head += struct.pack("<IQ", KINDS[kind], len(data))
        data += kind(chance, int(np.prod(shape)), scale)
    return head + bytes(-len(head) % 32) + data


def adapter_lists(chance: random.Random, scales: Scales) -> dict[str, Any]:
    """Return what is added to some of the matrices."""
    adapter: dict[str, Any] = {}
    for name in ("blk.0.attn_q", "blk.0.attn_v", "blk.1.attn_output", "blk.1.ffn_gate", "blk.0.ffn_down"):
        rows, columns = shapes()[name]
        adapter[f"{name}.left"] = [[chance.randrange(-127, 128) for _ in range(RANK)] for _ in range(rows)]
        adapter[f"{name}.right"] = [[chance.randrange(-127, 128) for _ in range(columns)] for _ in range(RANK)]
        adapter[f"{name}.unit"] = scales.weights * chance.uniform(0.1, 0.3) / (127 * 127)
    return adapter


def adapter_arrays(adapter: Mapping[str, Any]) -> dict[str, NDArray[np.generic]]:
    kinds = {"left": np.int8, "right": np.int8, "unit": np.float32}
    arrays: dict[str, NDArray[np.generic]] = {name: TABLES[name] for name in ("sigmoid", "exp2")}
    return arrays | {name: np.array(value, kinds[name.rsplit(".", 1)[1]]) for name, value in adapter.items()}

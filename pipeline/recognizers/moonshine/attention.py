"""Where Moonshine's decoder looks while it writes each token: its cross-attention.

The network in the wheel computes it, but its outputs are only logits, keys and values. In a copy of
the file in memory, the outputs for the keys of the sound are renamed to the attention of the same layer.

    file -> session -> model -> graph -> node "If" -> branch "else", which runs without a cache
                                                         outputs: logits, present.0.decoder.key, ...
                                                                          present.5.encoder.key  -> a name of ours
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...system.inference import open_session
from ...system.ortfile import (
    ATTRIBUTE_GRAPH,
    ATTRIBUTE_NAME,
    GRAPH_NODES,
    GRAPH_OUTPUTS,
    NODE_ATTRIBUTES,
    field,
    follow,
    graph,
    string,
    vector,
)
from .decoder import NETWORK, START_TOKEN, Sound
from .graphs import HEAD_SIZE, HEADS, LAYERS

Attention = npt.NDArray[np.float32]
"""float32 [n, S]: for each of n tokens, how much of it comes from each of S frames of the sound."""

FRAME_S = 384 / 16_000
"""Length of a frame of the encoder's output: its convolutions take every 384th sample."""
LOOKING = range(LAYERS // 2, LAYERS)
"""The layers that look at the sound of the token they write, as in Whisper: the second half."""

EMPTY_CACHE: dict[str, npt.NDArray[Any]] = {
    f"past_key_values.{layer}.{side}.{kind}": np.zeros((1, HEADS, 0, HEAD_SIZE), np.float32)
    for layer in range(LAYERS)
    for side in ("decoder", "encoder")
    for kind in ("key", "value")
} | {"use_cache_branch": np.array([False])}
"""The inputs of the network in the wheel before its first token."""


class AttentiveDecoder:
    """The decoder's network, with its attention as an output; threads may share it."""

    def __init__(self, folder: Path) -> None:
        """Load the weights once more."""
        self._network = open_session(with_attention((folder / NETWORK).read_bytes()))

    def attention(self, sound: Sound, tokens: Sequence[int]) -> Attention:
        """Return the mean over layers and heads for each of `tokens` and for the end after them: [n + 1, S]."""
        inputs = {**sound, **EMPTY_CACHE, "input_ids": np.array([[START_TOKEN, *tokens]], np.int64)}
        layers = self._network.run([_key_name(layer) for layer in LOOKING], inputs)
        return np.asarray(np.mean([layer[0].mean(axis=0) for layer in layers], axis=0), np.float32)


def with_attention(model: bytes) -> bytes:
    """Return the decoder's file with the attention of the layers `LOOKING` in place of their keys of the sound.

    Raises:
        ValueError: it is not the decoder's file.
    """
    try:
        (outputs,) = _outputs_without_cache(model)
        names = [string(model, at) for at in outputs]
        changed = bytearray(model)
        for layer in LOOKING:
            at = outputs[names.index(_key_name(layer).encode())]
            changed += bytes(-len(changed) % 4)
            changed[at : at + 4] = struct.pack("<I", len(changed) - at)  # an offset from its own place, forward
            name = f"/model/decoder/layers.{layer}/encoder_attn/Softmax_output_0".encode()
            changed += struct.pack("<I", len(name)) + name + b"\0"
    except (struct.error, ValueError) as error:
        raise ValueError(f"the decoder's file has another layout ({error})") from error
    return bytes(changed + bytes(-len(changed) % 4))


def _key_name(layer: int) -> str:
    return f"present.{layer}.encoder.key"


def _outputs_without_cache(model: bytes) -> Iterator[list[int]]:
    """Yield, for each branch that runs without a cache, the places of the pointers to the names of its outputs."""
    for node in vector(model, field(model, graph(model), GRAPH_NODES)):
        for pointer in vector(model, field(model, follow(model, node), NODE_ATTRIBUTES)):
            attribute = follow(model, pointer)
            if string(model, field(model, attribute, ATTRIBUTE_NAME)) == b"else_branch":
                branch = follow(model, field(model, attribute, ATTRIBUTE_GRAPH))
                yield list(vector(model, field(model, branch, GRAPH_OUTPUTS)))

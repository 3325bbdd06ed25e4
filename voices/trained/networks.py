"""The trained networks, run by onnxruntime.

    voice.onnx    mel float32 [1, T, BANDS], T even                         -> timbre float32 [1, LATENT]
    phones.onnx   tokens int64 [1, N, 3], voice float32 [1, LATENT + 3]      -> context float32 [1, N, C],
                                                                               durations float32 [1, N], frames
    frames.onnx   context, index int64 [1, T], place float32 [1, T, 4], voice -> log pitch float32 [1, T],
                  T even                                                       voicing float32 [1, T] in [0, 1],
                                                                               envelope float32 [1, T, BANDS] in dB

Weights are kept in 8 bits, with a scale for each output, and unpacked when a network is loaded. Their recipe:
`MODEL.md`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib.resources import as_file, files
from threading import Lock
from typing import Literal
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import onnxruntime
from speechzip.pipeline import EngineError, open_session

logger = logging.getLogger(__name__)

LATENT = 128
"""Numbers that the voice network measures; a voice's bytes hold the first of them."""

NetworkName = Literal["voice", "phones", "frames"]


_opened: dict[NetworkName, onnxruntime.InferenceSession] = {}
_opening = Lock()
"""Voices are measured side by side: without it, each would unpack the same network."""


def network(name: NetworkName) -> onnxruntime.InferenceSession:
    """Return a network, opened once and shared: onnxruntime's sessions may be run by several threads.

    Raises:
        EngineError: its file is missing or damaged.
    """
    with _opening:
        if name not in _opened:
            _opened[name] = _open(name)
        return _opened[name]


def _open(name: NetworkName) -> onnxruntime.InferenceSession:
    path = files("speechzip.voices.trained") / "weights" / f"{name}.onnx"
    logger.debug("the trained voice's weights: %s", path)
    try:
        with as_file(path) as file:
            return open_session(file)
    except (OSError, RuntimeError) as error:
        raise EngineError(f"the trained voice cannot be loaded from {path}: {error}; reinstall speechzip") from error


def weight_arrays(name: str, wanted: Iterable[str]) -> dict[str, npt.NDArray[np.float32]]:
    """Return the wanted arrays of a file of the weights, by their names.

    Raises:
        EngineError: the file is missing or damaged.
    """
    path = files("speechzip.voices.trained") / "weights" / name
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {key: np.asarray(arrays[key], np.float32) for key in wanted}
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise EngineError(f"the trained voice cannot be loaded from {path}: {error}; reinstall speechzip") from error


def frame_positions(durations: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the position of each frame in its phone, float32 [sum of durations, 4].

    The distances from the phone's start and end, each in (0, 1); the logarithm of its length; a bump in its middle.

    Args:
        durations: int64 [N], frames of each phone.
    """
    total = int(durations.sum())
    lengths = np.repeat(durations, durations)
    starts = np.repeat(np.cumsum(durations) - durations, durations)
    inside = (np.arange(total) - starts + 0.5) / np.maximum(lengths, 1)
    columns = [inside, 1 - inside, np.log(np.maximum(lengths, 1)) / 3, np.sin(np.pi * inside)]
    return np.stack(columns, axis=1).astype(np.float32)

"""The speaker embedding that distinguishes people.

The recognizer's wheel (moonshine-voice, MIT) carries pyannote/embedding (H. Bredin, MIT license), an x-vector network
(D. Snyder et al., 2018) on the waveform itself, as an ONNX Runtime model among the constants of its shared
library. It is read from there; the library itself is not loaded.

Measured on 36 people (../shared/evalset), equal error rate for two segments of the same length, without
centering: 21 % at 1 s, 11 % at 1.5 s, 7 % at 2 s, 3 % at 3 s. Subtracting the mean embedding lowers the error at 2 s
from 7.1 to 6.6 % for 100 readers of ../shared/voicedata, and over a telephone from 12.9 to 11.5 %. The mean cosine of
strangers falls to 0.02 in both cases (from 0.06 and 0.11). Whitening and discriminant analysis on 160 other readers
made it worse. A second of speech takes 5 ms on one core.
"""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import numpy as np
from speechzip.pipeline import (
    ENGINE_SAMPLE_RATE,
    RECOGNIZER_WHEEL,
    EngineError,
    Samples,
    SpeakerEmbedding,
    open_session,
    recognizer_folder,
)

MODEL_MARK = b"ORTM"
"""Identifier of an ONNX Runtime model, 4 bytes after its start (a FlatBuffers file identifier)."""
MEAN_PATH = Path(__file__).with_name("x-vector-mean.npy")
"""The mean embedding of English speech, float32 [512], measured by `x_vector_mean`."""
MIN_SAMPLES = ENGINE_SAMPLE_RATE // 2
"""Shortest input of the network; shorter speech is repeated."""


class XVectorEmbedder:
    """Embed speech in 512 dimensions; the cosine of two embeddings is the similarity of the voices.

    Example:
        >>> import numpy as np
        >>> embedding = XVectorEmbedder().embed(np.sin(np.arange(16000, dtype=np.float32)))
        >>> embedding.shape, round(float(embedding @ embedding), 3)
        ((512,), 1.0)
    """

    name = "x-vector"

    def __init__(self, *, centered: bool = True) -> None:
        """Load the network.

        Args:
            centered: subtract the mean embedding, `MEAN_PATH`, from every embedding.

        Raises:
            EngineError: the recognizer's wheel does not have the network.
        """
        self._mean: SpeakerEmbedding | None = np.load(MEAN_PATH) if centered else None
        try:
            self._session = open_session(_model_bytes())
        except RuntimeError as error:
            raise EngineError(f"the speaker embedding cannot be loaded: {error}; reinstall moonshine-voice") from error

    def embed(self, samples: Samples) -> SpeakerEmbedding:
        """Return the embedding of float32 [T] mono 16 kHz `samples`: float32 [512] of length 1."""
        if len(samples) < MIN_SAMPLES:
            samples = np.resize(samples, MIN_SAMPLES) if len(samples) else np.zeros(MIN_SAMPLES, np.float32)
        (embeddings,) = self._session.run(None, {"waveform": samples[np.newaxis].astype(np.float32)})
        embedding = _unit(np.asarray(embeddings, np.float32)[0])
        return embedding if self._mean is None else _unit(embedding - self._mean)


def _unit(embedding: SpeakerEmbedding) -> SpeakerEmbedding:
    return np.asarray(embedding / max(float(np.linalg.norm(embedding)), 1e-9), np.float32)


def _model_bytes() -> bytes:
    """Return the model in the recognizer's shared library, and all bytes after it."""
    path = recognizer_folder() / ("libmoonshine.dylib" if sys.platform == "darwin" else "libmoonshine.so")
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            mark = content.find(MODEL_MARK)
            if mark >= 4:
                return content[mark - 4 :]
    except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
        raise EngineError(f"{path} cannot be read: {error}; reinstall {RECOGNIZER_WHEEL}") from error
    raise EngineError(f"{path} holds no speaker embedding; install {RECOGNIZER_WHEEL}")

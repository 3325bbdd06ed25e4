"""Speaker embeddings from an encoder that is independent of the codec: Resemblyzer (GE2E; Wan et al. 2018).

The weights of its wheel are run here directly, as release 0.1.4 runs them. The wheel's own code needs
5 GB of PyTorch and a package that builds from source, for a network of three layers. The embeddings
agree with that code within 1e-6 (seven recordings compared).

    speech at -30 dBFS or louder, long silences cut out (WebRTC's voice detection)
    -> 40 mel bands, 25 ms every 10 ms -> segments of 1.6 s, one every 0.77 s
    -> three LSTM layers of 256, the last output -> linear, ReLU, length 1 -> mean, length 1
"""

from __future__ import annotations

import base64
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
from speechzip.pipeline import ENGINE_SAMPLE_RATE, EngineError, Samples, package_folder

from ..types import Embedding
from .torchfile import load_weights

VOICE = "Resemblyzer 0.1.4 (GE2E)"
"""Name of the encoder in reports."""
INSTALL = "pip install 'speechzip[eval]' && pip install --no-deps Resemblyzer==0.1.4"
"""Command that installs its wheel without the dependencies."""

WINDOW, HOP = 400, 160
"""25 ms and 10 ms at 16 kHz."""
BANDS = 40
SEGMENT_FRAMES, SEGMENT_STEP = 160, 77
"""1.6 s, and the step from one segment to the next: 1.3 a second."""
LEAST_COVERAGE = 0.75
"""Smallest filled share of a last segment that counts."""
LAYERS, CELLS = 3, 256
SHORTEST_S = SEGMENT_FRAMES * HOP / ENGINE_SAMPLE_RATE
"""Shortest speech: less than a segment tells little about the speaker."""

LEAST_RMS = 10 ** (-30 / 20)
VAD_MODE, VAD_WINDOW = 3, 480
"""The strictest mode of WebRTC's detection, in windows of 30 ms."""
VAD_SMOOTHING = 8
"""Windows in the moving average of its decisions."""
VAD_MARGIN = 3
"""Windows around speech that are kept."""

Frames = npt.NDArray[np.float32]
"""Mel spectrogram: float32 [frames, BANDS]; or what the layers make of many."""
Table = npt.NDArray[np.float64]


class ResemblyzerVoice:
    """Speech to a speaker embedding."""

    name = VOICE

    def __init__(self) -> None:
        """Load the weights of the wheel.

        Raises:
            EngineError: it is not installed.
        """
        folder = package_folder("resemblyzer", INSTALL)
        try:
            self._webrtcvad: Any = import_module("webrtcvad")
        except ImportError as error:
            raise EngineError(f"{VOICE} needs {error.name}, which is not installed; run: {INSTALL}") from error
        self._weights = load_weights(folder / "pretrained.pt")

    def embed(self, samples: Samples) -> Embedding | None:
        """Return the speaker embedding, or None for too little speech.

        Args:
            samples: float32 [T], mono, 16 kHz.
        """
        rms = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
        if rms == 0.0:
            return None
        speech = self._without_silence(samples * max(1.0, LEAST_RMS / rms))
        if len(speech) < SHORTEST_S * ENGINE_SAMPLE_RATE:
            return None
        embedding = self._network(cut_segments(speech)).mean(axis=0)
        return np.asarray(embedding / np.linalg.norm(embedding), np.float32)

    def _without_silence(self, samples: Samples) -> Samples:
        windows = samples[: len(samples) // VAD_WINDOW * VAD_WINDOW].reshape(-1, VAD_WINDOW)
        pcm = np.round(np.clip(windows, -1, 1) * 32767).astype("<i2")
        detector = self._webrtcvad.Vad(VAD_MODE)  # it adapts to its input: use a new one for each recording
        flags = np.array([detector.is_speech(window.tobytes(), ENGINE_SAMPLE_RATE) for window in pcm], float)
        padded = np.pad(flags, ((VAD_SMOOTHING - 1) // 2, VAD_SMOOTHING // 2))
        spoken = np.round(np.convolve(padded, np.full(VAD_SMOOTHING, 1 / VAD_SMOOTHING), "valid")) > 0
        kept = np.convolve(spoken, np.ones(2 * VAD_MARGIN + 1), "same") > 0.5
        return np.asarray(windows[kept[: len(windows)]].reshape(-1), np.float32)

    def _network(self, inputs: Frames) -> npt.NDArray[np.float32]:
        """Return float32 [n, CELLS], each of length 1, for float32 [n, SEGMENT_FRAMES, BANDS]."""
        weights = self._weights
        outputs = inputs
        for layer in range(LAYERS):
            outputs = _lstm(
                outputs,
                weights[f"lstm.weight_ih_l{layer}"],
                weights[f"lstm.weight_hh_l{layer}"],
                weights[f"lstm.bias_ih_l{layer}"] + weights[f"lstm.bias_hh_l{layer}"],
            )
        embeddings = np.maximum(outputs[:, -1] @ weights["linear.weight"].T + weights["linear.bias"], 0)
        return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=1)
def load_voice() -> ResemblyzerVoice:
    """Return the encoder, loaded once in each process.

    Raises:
        EngineError: it is not installed; says what to run.
    """
    return ResemblyzerVoice()


def cut_segments(speech: Samples) -> Frames:
    """Return the segments for the network: float32 [n, SEGMENT_FRAMES, BANDS]."""
    frames = -(-(len(speech) + 1) // HOP)
    starts = list(range(0, max(1, frames - SEGMENT_FRAMES + SEGMENT_STEP + 1), SEGMENT_STEP))
    length = SEGMENT_FRAMES * HOP
    if len(starts) > 1 and (len(speech) - starts[-1] * HOP) / length < LEAST_COVERAGE:
        starts.pop()
    padding = max(0, starts[-1] * HOP + length - len(speech))
    spectrogram = mel_spectrogram(np.pad(speech, (0, padding)))
    return np.stack([spectrogram[start : start + SEGMENT_FRAMES] for start in starts])


def mel_spectrogram(speech: Samples) -> Frames:
    """Return the power in each mel band: float32 [1 + T // HOP, BANDS] of float32 [T], frames centered."""
    padded = np.pad(speech, WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = np.square(np.abs(np.fft.rfft(windows * hann, axis=1)))
    return np.asarray(power @ mel_filters().T, np.float32)


@lru_cache(maxsize=1)
def mel_filters() -> Table:
    """Return triangles of equal area, float64 [BANDS, 1 + WINDOW // 2], on Slaney's mel scale (1998).

    The scale is linear up to 1 kHz (15 mel there), then each mel is a factor of 6.4^(1 / 27).
    """
    step = np.log(6.4) / 27
    highest = 15 + np.log(ENGINE_SAMPLE_RATE / 2 / 1000) / step
    mels: Table = np.arange(BANDS + 2) * (highest / (BANDS + 1))
    edges: Table = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(step * (mels - 15)))
    bins = np.fft.rfftfreq(WINDOW, 1 / ENGINE_SAMPLE_RATE)
    widths: Table = np.diff(edges)[:, None]
    rising: Table = (bins - edges[:-2, None]) / widths[:-1]
    falling: Table = (edges[2:, None] - bins) / widths[1:]
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (widths[:-1] + widths[1:])


def _lstm(inputs: Frames, input_weights: Frames, hidden_weights: Frames, bias: Frames) -> Frames:
    """Return all outputs of a layer: float32 [n, frames, CELLS]; gates lie as input, forget, cell, output."""
    drives: Frames = inputs @ input_weights.T + bias
    hidden = cells = np.zeros((len(inputs), CELLS), np.float32)
    outputs = np.empty((*inputs.shape[:2], CELLS), np.float32)
    for frame in range(inputs.shape[1]):
        gates = np.asarray(drives[:, frame] + hidden @ hidden_weights.T, np.float32)
        enter, forget, leave = (_sigmoid(gates[:, k * CELLS : (k + 1) * CELLS]) for k in (0, 1, 3))
        cells = forget * cells + enter * np.tanh(gates[:, 2 * CELLS : 3 * CELLS])
        hidden = leave * np.tanh(cells)
        outputs[:, frame] = hidden
    return outputs


def _sigmoid(values: Frames) -> Frames:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * values), np.float32)


def pack_embedding(embedding: Embedding) -> str:
    """Return an embedding as text: base64 of little-endian float32."""
    return base64.b64encode(embedding.astype("<f4").tobytes()).decode()


def unpack_embedding(packed: str) -> Embedding:
    """Return the embedding in a text from `pack_embedding`."""
    return np.frombuffer(base64.b64decode(packed), "<f4").astype(np.float32)

"""From a checkpoint to the integers of the weights file."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from ..fixedpoint import ACTIVATION, GATE_FRACTION, LOG_FRACTION, RESCALE_BITS
from .network import PROJECTION_RANGE, Network, row_scales

EXACT = 1 << 24  # float32 holds every whole number up to here


def _rounded(matrix: torch.Tensor, scales: torch.Tensor) -> NDArray[np.int8]:
    return (matrix / scales).round().clamp(-127, 127).to(torch.int8).numpy()


def export_network(network: Network) -> dict[str, NDArray[np.generic]]:
    """Return the arrays that `textcoder.network.Network` runs on."""
    arrays: dict[str, NDArray[np.generic]] = {}
    with torch.no_grad():
        one = 1 << RESCALE_BITS
        for name, weights, bias in (("lstm0", network.lstm0, network.bias0), ("lstm1", network.lstm1, network.bias1)):
            scales = row_scales(weights)
            arrays[f"{name}.weights"] = _rounded(weights, scales)
            factors = scales[:, 0].double() / ACTIVATION * GATE_FRACTION * one
            arrays[f"{name}.factors"] = factors.round().to(torch.int32).numpy()
            arrays[f"{name}.bias"] = (bias.double() * GATE_FRACTION).round().to(torch.int32).numpy()
        scales = row_scales(network.projection)
        arrays["projection.weights"] = _rounded(network.projection, scales)
        step = PROJECTION_RANGE / ACTIVATION
        arrays["projection.factors"] = (scales[:, 0].double() / ACTIVATION / step * one).round().to(torch.int32).numpy()
        arrays["embedding"] = (network.embedding.clamp(-1, 1) * ACTIVATION).round().to(torch.int8).numpy()
        if network.architecture.phrases:
            arrays["phrases"] = (network.phrases.clamp(-1, 1) * ACTIVATION).round().to(torch.int8).numpy()
        to_logit = math.log2(math.e) * LOG_FRACTION
        gain = math.exp(float(network.gain)) / ACTIVATION * step * to_logit
        arrays["logit.factor"] = np.array([round(gain * one)], np.int32)
        arrays["logit.bias"] = (network.bias.double() * to_logit).round().to(torch.int32).numpy()
    _check_sums(arrays, network.architecture.width)
    return arrays


def _check_sums(arrays: Mapping[str, NDArray[np.generic]], width: int) -> None:
    """Make sure that float32 holds every partial sum of every product, whatever the inputs."""
    for name in ("lstm0.weights", "lstm1.weights", "projection.weights", "embedding"):
        weights = np.abs(arrays[name].astype(np.int64))
        if name == "lstm0.weights":
            weights[:, :width] *= 2  # inputs are the sum of two embeddings
        assert int(weights.sum(axis=1).max()) * ACTIVATION < EXACT, f"{name}: sums that float32 does not hold"

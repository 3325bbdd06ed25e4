"""Start a network from the shipped weights of a smaller one: it computes the same at first."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..fixedpoint import ACTIVATION, GATE_FRACTION, LOG_FRACTION, RESCALE_BITS
from .network import PROJECTION_RANGE, Network

_ONE = 1 << RESCALE_BITS
_STEP = PROJECTION_RANGE / ACTIVATION


def grow(network: Network, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Load the weights of a shipped model with fewer hidden units into `network`, in real numbers.

    The new units keep their random input weights. Their output weights are zero, and so are the phrases' embeddings.
    """
    old, new = len(arrays["lstm0.bias"]) // 4, network.architecture.hidden
    width = network.architecture.width
    gates = torch.cat([torch.arange(old) + gate * new for gate in range(4)])
    with torch.no_grad():
        network.embedding.copy_(_real(arrays["embedding"]) / ACTIVATION)
        network.phrases.zero_()
        to_logit = math.log2(math.e) * LOG_FRACTION
        network.bias.copy_(_real(arrays["logit.bias"]) / to_logit)
        network.gain.fill_(math.log(float(arrays["logit.factor"][0]) / _ONE * ACTIVATION / _STEP / to_logit))
        for name, weights, bias, below, kept in (
            ("lstm0", network.lstm0, network.bias0, width, width),
            ("lstm1", network.lstm1, network.bias1, new, old),
        ):
            columns = torch.cat((torch.arange(kept), below + torch.arange(old)))
            scales = _real(arrays[f"{name}.factors"]) / _ONE / GATE_FRACTION * ACTIVATION
            weights[gates] = 0
            weights[gates[:, None], columns] = _real(arrays[f"{name}.weights"]) * scales[:, None]
            bias[gates] = _real(arrays[f"{name}.bias"]) / GATE_FRACTION
        scales = _real(arrays["projection.factors"]) / _ONE * ACTIVATION * _STEP
        network.projection.zero_()
        network.projection[:, torch.cat((torch.arange(old), new + torch.arange(old)))] = (
            _real(arrays["projection.weights"]) * scales[:, None]
        )


def _real(values: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))

"""From a checkpoint to the networks of the package: three ONNX files with weights in 8 bits.

Each row of a matrix has a scale of its own (the largest weight is 127), so onnxruntime unpacks a matrix by a cast and
a product, once, when it loads the file. Numbers beyond the matrices stay as they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ..acoustics.melspectrum import LEVEL_CENTER_DB, LEVEL_SCALE_DB
from ..acoustics.vocoder import BANDS
from ..spaces.trained_voice import PITCH_CENTER, PITCH_DEVIATION_CENTER, PITCH_DEVIATION_SCALE, PITCH_SCALE
from .checkpoint import averaged
from .network import LATENT, PLACE, PROSODY, AcousticNetwork, VoiceNetwork
from .train import VoiceModel

OPSET = 17
SMALLEST = 4096
"""Matrices with fewer weights are not rounded."""


class _Hear(nn.Module):
    def __init__(self, network: VoiceNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, mel: Tensor) -> Tensor:
        return self.network(mel, torch.ones_like(mel[:, :, :1]))


class _Phones(nn.Module):
    def __init__(self, network: AcousticNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor, voice: Tensor) -> tuple[Tensor, Tensor]:
        mask = torch.ones_like(tokens[:, :, :1], dtype=torch.float32)
        context, durations, _ = self.network.encode(tokens[:, :, 0], tokens[:, :, 1], tokens[:, :, 2], mask, voice)
        return context, (torch.exp(durations) - 1).clamp(min=0)


class _Frames(nn.Module):
    def __init__(self, network: AcousticNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, context: Tensor, index: Tensor, place: Tensor, voice: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mask = torch.ones_like(place[:, ::2, :1])
        condition = self.network.condition(voice)
        x = self.network.to_frames(context, index, place)
        melody = self.network.predict_pitch(x, mask, condition)
        voicing = torch.sigmoid(melody[:, :, 1])
        mean = voice[:, LATENT : LATENT + 1] * PITCH_SCALE + PITCH_CENTER
        deviation = voice[:, LATENT + 1 : LATENT + 2] * PITCH_DEVIATION_SCALE + PITCH_DEVIATION_CENTER
        log_pitch = mean + deviation * melody[:, :, 0]
        scaled = (log_pitch - PITCH_CENTER) / PITCH_SCALE
        envelope = self.network.decode(x, scaled, (voicing > 0.5).float(), mask, condition)
        return log_pitch, voicing, envelope * LEVEL_SCALE_DB + LEVEL_CENTER_DB


def export(checkpoint: Path, folder: Path) -> None:
    """Write `voice.onnx`, `phones.onnx` and `frames.onnx` to `folder` from the averaged weights of `checkpoint`."""
    state = averaged(torch.load(checkpoint, map_location="cpu", weights_only=True)["average"])
    voice = VoiceModel(len(state["names"])).eval()
    voice.load_state_dict(state)
    folder.mkdir(parents=True, exist_ok=True)
    speaking = voice.speaking
    tokens, context = torch.zeros(1, 9, 3, dtype=torch.int64), torch.zeros(1, 9, speaking.symbol.embedding_dim)
    index, place = torch.zeros(1, 40, dtype=torch.int64), torch.zeros(1, 40, PLACE)
    who = torch.zeros(1, LATENT + PROSODY)
    _write(_Hear(voice.hearing), {"mel": torch.zeros(1, 50, BANDS)}, ["timbre"], folder / "voice.onnx")
    _write(_Phones(speaking), {"tokens": tokens, "voice": who}, ["context", "durations"], folder / "phones.onnx")
    _write(
        _Frames(speaking),
        {"context": context, "index": index, "place": place, "voice": who},
        ["log_pitch", "voicing", "envelope_db"],
        folder / "frames.onnx",
    )


def _write(module: nn.Module, inputs: dict[str, Tensor], outputs: list[str], path: Path) -> None:
    """Export `module`; the second dimension of phones and frames has any length."""
    per_phone = ("tokens", "context", "durations")
    names = [name for name in (*inputs, *outputs) if name not in ("voice", "timbre")]
    torch.onnx.export(
        module,
        tuple(inputs.values()),
        path,
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes={name: {1: "N" if name in per_phone else "T"} for name in names},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(path)
    round_weights(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def round_weights(graph: onnx.GraphProto) -> None:
    """Keep large matrices as whole numbers of 8 bits, with a scale for each output."""
    unpacked = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) != 2 or np.prod(tensor.dims) < SMALLEST:
            continue
        name = tensor.name
        values = numpy_helper.to_array(tensor)
        # The outputs are the columns where torch's exporter has transposed a layer, and the rows elsewhere.
        axis = 1 if any(node.op_type in ("Gather", "Gemm") and name in node.input for node in graph.node) else 0
        scale = np.maximum(np.abs(values).max(axis=axis, keepdims=True) / 127, 1e-12).astype(np.float32)
        rounded = np.round(values / scale).astype(np.int8)
        tensor.CopyFrom(numpy_helper.from_array(rounded, f"{name}.rounded"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        unpacked += [
            helper.make_node("Cast", [f"{name}.rounded"], [f"{name}.float"], f"{name}.cast", to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [name], f"{name}.mul"),
        ]
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*unpacked, *nodes])

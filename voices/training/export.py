"""From a checkpoint to the networks that ship: three ONNX files with weights in 16 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ..melspectrum import LEVEL_CENTRE_DB, LEVEL_SCALE_DB
from ..trained_voice import PITCH_CENTRE, PITCH_SCALE, SPREAD_CENTRE, SPREAD_SCALE
from ..vocoder import BANDS
from .network import PROSODY, TIMBRE, AcousticNetwork, VoiceNetwork
from .train import Voice

OPSET = 17


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
        mask = torch.ones_like(place[:, :, :1])
        condition = self.network.condition(voice)
        x = self.network.spread(context, index, place)
        melody = self.network.sing(x, mask, condition)
        voicing = torch.sigmoid(melody[:, :, 1])
        mean = voice[:, TIMBRE : TIMBRE + 1] * PITCH_SCALE + PITCH_CENTRE
        deviation = voice[:, TIMBRE + 1 : TIMBRE + 2] * SPREAD_SCALE + SPREAD_CENTRE
        log_pitch = mean + deviation * melody[:, :, 0]
        scaled = (log_pitch - PITCH_CENTRE) / PITCH_SCALE
        envelope = self.network.decode(x, scaled, (voicing > 0.5).float(), mask, condition)
        return log_pitch, voicing, envelope * LEVEL_SCALE_DB + LEVEL_CENTRE_DB


def export(checkpoint: Path, folder: Path) -> None:
    """Write `voice.onnx`, `phones.onnx` and `frames.onnx` to `folder` from the averaged weights of `checkpoint`."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
    voice = Voice().eval()
    voice.load_state_dict({k.removeprefix("module."): v for k, v in state.items() if k != "n_averaged"})
    folder.mkdir(parents=True, exist_ok=True)
    speaking = voice.speaking
    width = speaking.symbol.embedding_dim
    who = torch.zeros(1, TIMBRE + PROSODY)
    _write(_Hear(voice.hearing), (torch.zeros(1, 50, BANDS),), ["mel"], ["timbre"], folder / "voice.onnx", ("mel",))
    _write(
        _Phones(speaking), (torch.zeros(1, 9, 3, dtype=torch.int64), who),
        ["tokens", "voice"], ["context", "durations"], folder / "phones.onnx", ("tokens", "context", "durations"),
    )  # fmt: skip
    _write(
        _Frames(speaking), (torch.zeros(1, 9, width), torch.zeros(1, 40, dtype=torch.int64), torch.zeros(1, 40, 4), who),
        ["context", "index", "place", "voice"], ["log_pitch", "voicing", "envelope_db"], folder / "frames.onnx",
        ("context", "index", "place", "log_pitch", "voicing", "envelope_db"),
    )  # fmt: skip


def _write(
    module: nn.Module, inputs: tuple[Tensor, ...], names: list[str], outputs: list[str], path: Path, long: tuple[str, ...]
) -> None:
    """Export `module`; the second dimension of the tensors named in `long` may have any length."""
    axes = {name: {1: "N" if name in ("tokens", "context", "durations") else "T"} for name in long}
    torch.onnx.export(
        module, inputs, path, input_names=names, output_names=outputs, dynamic_axes=axes, opset_version=OPSET, dynamo=False
    )
    model = onnx.load(path)
    _halve(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _halve(graph: onnx.GraphProto) -> None:
    """Keep large float32 constants as float16, each followed by a cast that onnxruntime does once, at load."""
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < 64:
            continue
        name = tensor.name
        values = numpy_helper.to_array(tensor)
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], f"{name}.cast", to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])

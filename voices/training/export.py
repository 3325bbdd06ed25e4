"""From a checkpoint to the networks of the package: three ONNX files with weights in 16 bits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from ..acoustics.melspectrum import LEVEL_CENTER_DB, LEVEL_SCALE_DB
from ..acoustics.vocoder import BANDS
from ..spaces.trained_voice import PITCH_CENTER, PITCH_DEVIATION_CENTER, PITCH_DEVIATION_SCALE, PITCH_SCALE, TIMBRE
from .checkpoint import averaged
from .network import PROSODY, AcousticNetwork, VoiceNetwork
from .train import VoiceModel

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
        x = self.network.to_frames(context, index, place)
        melody = self.network.predict_pitch(x, mask, condition)
        voicing = torch.sigmoid(melody[:, :, 1])
        mean = voice[:, TIMBRE : TIMBRE + 1] * PITCH_SCALE + PITCH_CENTER
        deviation = voice[:, TIMBRE + 1 : TIMBRE + 2] * PITCH_DEVIATION_SCALE + PITCH_DEVIATION_CENTER
        log_pitch = mean + deviation * melody[:, :, 0]
        scaled = (log_pitch - PITCH_CENTER) / PITCH_SCALE
        envelope = self.network.decode(x, scaled, (voicing > 0.5).float(), mask, condition)
        return log_pitch, voicing, envelope * LEVEL_SCALE_DB + LEVEL_CENTER_DB


def export(checkpoint: Path, folder: Path) -> None:
    """Write `voice.onnx`, `phones.onnx` and `frames.onnx` to `folder` from the averaged weights of `checkpoint`."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
    voice = VoiceModel().eval()
    voice.load_state_dict(averaged(state))
    folder.mkdir(parents=True, exist_ok=True)
    speaking = voice.speaking
    tokens, context = torch.zeros(1, 9, 3, dtype=torch.int64), torch.zeros(1, 9, speaking.symbol.embedding_dim)
    index, place = torch.zeros(1, 40, dtype=torch.int64), torch.zeros(1, 40, 4)
    who = torch.zeros(1, TIMBRE + PROSODY)
    _write(_Hear(voice.hearing), {"mel": torch.zeros(1, 50, BANDS)}, ["timbre"], folder / "voice.onnx")
    _write(_Phones(speaking), {"tokens": tokens, "voice": who}, ["context", "durations"], folder / "phones.onnx")
    _write(
        _Frames(speaking),
        {"context": context, "index": index, "place": place, "voice": who},
        ["log_pitch", "voicing", "envelope_db"],
        folder / "frames.onnx",
    )


def start_from_weights(folder: Path, build: Path) -> None:
    """Make the weights in `folder` the result of regression in `build`, unless there is one."""
    path = build / "regression.pt"
    if not path.exists():
        state = {f"module.{name}": value for name, value in read_weights(folder).items()}
        torch.save({"average": {**state, "n_averaged": torch.tensor(1)}}, path)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Return the weights of a `VoiceModel` from the files that `export` wrote to `folder`, in 16 bits."""
    state: dict[str, Tensor] = {}
    for file, part in (("voice", "hearing"), ("phones", "speaking"), ("frames", "speaking")):
        graph = onnx.load(folder / f"{file}.onnx").graph
        values = {tensor.name.removesuffix(".half"): numpy_helper.to_array(tensor) for tensor in graph.initializer}
        products = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
        for node in graph.node:
            # torch's exporter transposes the weights of a layer, and keeps only the name of its bias.
            bias, product = (*node.input, "", "")[:2]
            if node.op_type == "Add" and bias.endswith(".bias") and product in products:
                values[bias.removesuffix("bias") + "weight"] = values[products[product]].T
        for name, value in values.items():
            if name.startswith("network."):
                state[name.replace("network", part, 1)] = torch.from_numpy(value.astype(np.float32))
    return state


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
    _halve(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _halve(graph: onnx.GraphProto) -> None:
    """Keep large float32 constants as float16, each with a cast that onnxruntime runs once, when it loads the file."""
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

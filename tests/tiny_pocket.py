"""Weights of Pocket TTS that are tiny and random, as pocketsynth's own loader wants them: a folder of ONNX graphs.

The flow language model counts: each frame adds one to its state, each embedding of voice and text takes one half away,
and it ends when the count is positive. So longer texts take longer; a clip of 3 s adds 19 frames to each piece.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import sentencepiece
from onnx import TensorProto, helper, numpy_helper

RATE, FRAME = 24_000, 1920
WIDTH, LATENT = 16, 4
VOCABULARY = 64
LETTERS = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ.,'?!-"


def save_pocket(folder: Path, language: str = "english", eight_bits: bool = True, voice: str = "") -> Path:
    """Write a folder of weights; with `voice` ``"endless"``, speech that does not end, with ``"nan"``, no sound."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(1)
    suffix = "_int8" if eight_bits else ""
    _save_tokenizer(folder / "tokenizer.model")
    np.save(folder / "bos.npy", _numbers(random, 1, 1, WIDTH))
    onnx.save(_text_conditioner(random), folder / "text_conditioner.onnx")
    onnx.save(_mimi_encoder(random), folder / "mimi_encoder.onnx")
    onnx.save(_flow_lm_main(random, endless=voice == "endless"), folder / f"flow_lm_main{suffix}.onnx")
    onnx.save(_flow_lm_flow(random), folder / f"flow_lm_flow{suffix}.onnx")
    onnx.save(_mimi_decoder(random, broken=voice == "nan"), folder / f"mimi_decoder{suffix}.onnx")
    bundle = {
        "bundle_name": f"{language}_tiny",
        "language": language,
        "schema_version": 2,
        "sample_rate": RATE,
        "samples_per_frame": FRAME,
        "latent_dim": LATENT,
        "conditioning_dim": WIDTH,
        "max_token_per_chunk": 50,
        "tokenizer_file": "tokenizer.model",
        "insert_bos_before_voice": True,
        "bos_before_voice_file": "bos.npy",
        "flow_lm_state_manifest": [_state(0, "mean", WIDTH), _state(1, "count", 1)],
        "mimi_state_manifest": [_state(0, "seen", 1)],
    }
    (folder / "bundle.json").write_text(json.dumps(bundle), encoding="utf-8")
    return folder


def _save_tokenizer(path: Path) -> None:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([LETTERS] * 10),
        model_writer=model,
        model_type="char",
        vocab_size=VOCABULARY,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=2,
    )
    path.write_bytes(model.getvalue())


def _state(index: int, name: str, size: int) -> dict[str, object]:
    return {
        "index": index, "input_name": name, "output_name": f"next_{name}",
        "shape": [1, size], "dtype": "float32", "fill": "zeros",
    }  # fmt: skip


def _numbers(random: np.random.Generator, *shape: int) -> npt.NDArray[np.float32]:
    return random.standard_normal(shape).astype(np.float32)


def _text_conditioner(random: np.random.Generator) -> onnx.ModelProto:
    nodes = [helper.make_node("Gather", ["table", "token_ids"], ["embeddings"])]
    return _model(
        nodes,
        {"token_ids": (TensorProto.INT64, [1, "tokens"])},
        {"embeddings": [1, "tokens", WIDTH]},
        {"table": _numbers(random, VOCABULARY, WIDTH)},
    )


def _mimi_encoder(random: np.random.Generator) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Conv", ["audio", "filters"], ["frames"], strides=[FRAME]),
        helper.make_node("Transpose", ["frames"], ["embeddings"], perm=[0, 2, 1]),
    ]
    return _model(
        nodes,
        {"audio": (TensorProto.FLOAT, [1, 1, "samples"])},
        {"embeddings": [1, "frames", WIDTH]},
        {"filters": _numbers(random, WIDTH, 1, FRAME)},
    )


def _flow_lm_main(random: np.random.Generator, endless: bool) -> onnx.ModelProto:
    node = helper.make_node
    nodes = [
        node("ReduceSum", ["text_embeddings", "one"], ["heard"], keepdims=0),
        node("Mul", ["mean", "half"], ["faded"]),
        node("Add", ["faded", "heard"], ["mixed"]),
        node("Tanh", ["mixed"], ["next_mean"]),
        node("Identity", ["next_mean"], ["conditioning"]),
        node("Shape", ["sequence"], ["frames64"], start=1, end=2),
        node("Shape", ["text_embeddings"], ["texts64"], start=1, end=2),
        node("Cast", ["frames64"], ["frames"], to=TensorProto.FLOAT),
        node("Cast", ["texts64"], ["texts"], to=TensorProto.FLOAT),
        node("Mul", ["texts", "half"], ["wait"]),
        node("Sub", ["frames", "wait"], ["step"]),
        node("Add", ["count", "step"], ["next_count"]),
        node("Sub", ["next_count", "end"], ["eos"]),
    ]
    floats = TensorProto.FLOAT
    return _model(
        nodes,
        {
            "sequence": (floats, [1, "frames", LATENT]),
            "text_embeddings": (floats, [1, "texts", WIDTH]),
            "mean": (floats, [1, WIDTH]),
            "count": (floats, [1, 1]),
        },
        {"conditioning": [1, WIDTH], "eos": [1, 1], "next_mean": [1, WIDTH], "next_count": [1, 1]},
        {
            "one": np.array([1], np.int64),
            "half": np.float32(0.5).reshape(1),
            "end": np.float32(1e9 if endless else 0).reshape(1),
        },
    )


def _flow_lm_flow(random: np.random.Generator) -> onnx.ModelProto:
    nodes = [
        helper.make_node("MatMul", ["c", "weights"], ["toward"]),
        helper.make_node("Sub", ["x", "x"], ["nowhere"]),
        helper.make_node("Add", ["toward", "nowhere"], ["velocity"]),  # the noise stays: it is the sound
        helper.make_node("Add", ["s", "t"], ["times"]),
    ]
    floats = TensorProto.FLOAT
    return _model(
        nodes,
        {"c": (floats, [1, WIDTH]), "s": (floats, [1]), "t": (floats, [1]), "x": (floats, [1, LATENT])},
        {"velocity": [1, LATENT], "times": [1]},
        {"weights": 0.3 * _numbers(random, WIDTH, LATENT)},
    )


def _mimi_decoder(random: np.random.Generator, broken: bool) -> onnx.ModelProto:
    periods = np.arange(1, LATENT + 1, dtype=np.float32)[:, np.newaxis] * 16
    waves = np.sin(2 * np.pi * periods * np.arange(FRAME, dtype=np.float32) / FRAME).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["latent", "waves"], ["sound"]),
        helper.make_node("Reshape", ["sound", "flat"], ["audio"]),
        helper.make_node("Identity", ["seen"], ["next_seen"]),
    ]
    floats = TensorProto.FLOAT
    return _model(
        nodes,
        {"latent": (floats, [1, "frames", LATENT]), "seen": (floats, [1, 1])},
        {"audio": [1, 1, "samples"], "next_seen": [1, 1]},
        {"waves": np.full_like(waves, np.nan) if broken else 0.1 * waves, "flat": np.array([1, 1, -1], np.int64)},
    )


def _model(
    nodes: list[onnx.NodeProto],
    inputs: dict[str, tuple[int, list[int | str]]],
    outputs: dict[str, list[int | str]],
    weights: dict[str, npt.NDArray[np.float32] | npt.NDArray[np.int64]],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(numbers, name) for name, numbers in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

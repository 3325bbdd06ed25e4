"""The training of the adapter of `smollm2-1`, on a tiny model file: torch comes with the extras."""

from __future__ import annotations

import json
import lzma
import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from speechzip.pipeline.textcoder.arrays import read_arrays
from speechzip.pipeline.textcoder.smollm.gguf import ModelFile
from speechzip.pipeline.textcoder.smollm.transformer import Transformer
from speechzip.pipeline.textcoder.smollm.weights import byte_pairs, transformer_arrays
from speechzip.pipeline.textcoder.tokens import START
from speechzip.pipeline.textcoder.training.smollm2 import __main__ as training
from speechzip.pipeline.textcoder.training.smollm2.adapter import pack_adapter, unpack_adapter
from speechzip.pipeline.textcoder.training.smollm2.network import AdaptedTransformer
from tiny_model_file import SMALL, model_bytes

LINES = ["so, the hall is there.", "in the hall, there is a thing."]
FILE = ModelFile(model_bytes(random.Random(1), SMALL))


def bits_of_integers(adapter: dict[str, np.ndarray], tokens: list[int]) -> float:
    predictor = Transformer(transformer_arrays(FILE, adapter)).start()
    return sum(math.log2(total / frequency) for _, frequency, total in predictor.intervals(tokens))


def bits_of_torch(network: AdaptedTransformer, tokens: list[int]) -> float:
    places = training.places(len(byte_pairs(FILE)))
    numbers = torch.tensor([[places[token] for token in (START, *tokens)]])
    with torch.no_grad():
        return training.loss_of(network, numbers).item() / math.log(2) * len(tokens)


def test_the_network_in_torch_is_that_of_the_coder() -> None:
    torch.manual_seed(1)
    network = AdaptedTransformer(FILE, 4)
    tokens = [token for line in LINES for token in byte_pairs(FILE).encode(line)]
    plain = bits_of_torch(network, tokens)
    assert bits_of_integers(training.packed(network), tokens) == pytest.approx(plain, rel=2e-3)
    with torch.no_grad():
        for left, _ in network.adapters().values():
            left.normal_(0, 0.3)
    adapted = bits_of_torch(network, tokens)
    assert abs(adapted - plain) > 0.02 * plain
    assert bits_of_integers(training.packed(network), tokens) == pytest.approx(adapted, rel=1e-2)


def test_an_adapter_in_bytes_is_nearly_the_same_product() -> None:
    chance = np.random.default_rng(1)
    left, right = (chance.normal(size=shape).astype(np.float32) for shape in ((40, 4), (4, 30)))
    ((one, two),) = unpack_adapter(pack_adapter({"blk.0.attn_q": (9 * left, right)})).values()
    assert np.abs(one @ two - 9 * left @ right).max() < 0.03 * np.abs(9 * left @ right).max()


def test_it_learns_and_goes_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    documents = "\n\n".join("\n".join([f"number {number}.", *LINES * 5]) for number in range(400))
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "some.txt.xz").write_bytes(lzma.compress(documents.encode()))
    (tmp_path / "transcripts.txt").write_text("there is a hall.\nthe thing is in there.\n", "utf-8")
    monkeypatch.setattr(training, "SOURCES", {"text/some.txt.xz": 1.0})
    monkeypatch.setattr(training, "read_model", lambda: FILE)
    monkeypatch.setattr(training, "VALIDATE_EVERY_S", 2.0)
    monkeypatch.setattr(training, "RATE", 2e-2)
    monkeypatch.setattr(training, "RANK", 4)
    build = tmp_path / "build"
    options = [
        "--corpus",
        tmp_path,
        "--build",
        build,
        "--transcripts",
        tmp_path / "transcripts.txt",
        "--minutes",
        "0.1",
    ]
    monkeypatch.setattr("sys.argv", ["training", *map(str, options)])
    training.main()
    log = [json.loads(line) for line in (build / "train.log").read_text("utf-8").splitlines()]
    assert log[-1]["text/some.txt.xz"] < 0.8 * log[0]["text/some.txt.xz"]
    shipped = read_arrays(build / "smollm2-1.npz")
    tokens = [token for line in LINES for token in byte_pairs(FILE).encode(line)]
    network = AdaptedTransformer(FILE, 4)
    before = bits_of_torch(network, tokens)
    assert bits_of_integers(dict(shipped), tokens) < 0.8 * before
    training.restore(network, build / "smollm2-1.npz")
    assert bits_of_torch(network, tokens) == pytest.approx(bits_of_integers(dict(shipped), tokens), rel=1e-2)

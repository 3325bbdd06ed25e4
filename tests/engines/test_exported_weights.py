"""The weights of the trained voice, read back from the networks that ship: torch comes with the extras."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from speechzip.voices.training.export import export, read_weights, start_from_weights
from speechzip.voices.training.train import VoiceModel

SHIPPED = Path(__file__).parents[2] / "voices" / "trained" / "weights"


def test_what_is_exported_is_read_back(tmp_path: Path) -> None:
    voice = VoiceModel()
    for parameter in voice.parameters():  # after training no two are the same; the exporter would keep one of them
        torch.nn.init.normal_(parameter, std=0.05)
    trained = voice.state_dict()
    torch.save({"average": {f"module.{name}": weights for name, weights in trained.items()}}, tmp_path / "made.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what torch's exporter says of itself
        export(tmp_path / "made.pt", tmp_path / "weights")
    exported = read_weights(tmp_path / "weights")
    assert exported.keys() == trained.keys()
    for name, weights in exported.items():
        torch.testing.assert_close(weights, trained[name], rtol=1e-3, atol=1e-7)  # 16 bits keep 11 binary digits


def test_training_can_go_on_from_the_weights_that_ship(tmp_path: Path) -> None:
    start_from_weights(SHIPPED, tmp_path)
    state = torch.load(tmp_path / "regression.pt", weights_only=True)["average"]
    average = torch.optim.swa_utils.AveragedModel(VoiceModel())
    average.load_state_dict(state)  # every weight, and no other
    before = (tmp_path / "regression.pt").read_bytes()
    start_from_weights(tmp_path / "nowhere", tmp_path)  # what is there is gone on with
    assert (tmp_path / "regression.pt").read_bytes() == before

"""The training of the text coder's network: torch comes with the extras."""

from __future__ import annotations

import json
import lzma
import math
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from speechzip.pipeline.textcoder.arrays import read_arrays
from speechzip.pipeline.textcoder.fixedpoint import LOG_FRACTION, function_tables
from speechzip.pipeline.textcoder.network import LOGIT_OFFSET
from speechzip.pipeline.textcoder.network import Network as IntegerNetwork
from speechzip.pipeline.textcoder.phrases import phrase_rows
from speechzip.pipeline.textcoder.predictor import Model
from speechzip.pipeline.textcoder.tokens import END
from speechzip.pipeline.textcoder.training import train as training
from speechzip.pipeline.textcoder.training.__main__ import main
from speechzip.pipeline.textcoder.training.assemble import Conversations, network_bits, prove, read_conversations
from speechzip.pipeline.textcoder.training.checkpoint import TrainingProgress, average, load, save_small, save_whole
from speechzip.pipeline.textcoder.training.export import export_network
from speechzip.pipeline.textcoder.training.grow import grow
from speechzip.pipeline.textcoder.training.network import NO_TARGET, Network
from speechzip.pipeline.textcoder.training.ngrams import count_ngrams
from speechzip.pipeline.textcoder.training.recipe import RECIPES, Architecture, Recipe, TextFile
from speechzip.pipeline.textcoder.training.shares import first_shares
from speechzip.pipeline.textcoder.weights import coder_from

TINY = Architecture(vocabulary=300, width=16, hidden=24, phrases=40)


def random_tokens(count: int, seed: int) -> NDArray[np.int64]:
    tokens = np.random.default_rng(seed).zipf(1.3, count) % (TINY.vocabulary - 2) + 2
    tokens[0] = 1
    return tokens.astype(np.int64)


def phrase_keys_of(tokens: NDArray[np.int64]) -> NDArray[np.uint64]:
    return np.unique(tokens[1:-1] << 12 | tokens[2:])[: TINY.phrases].astype(np.uint64)


def tiny_network(seed: int = 1) -> Network:
    torch.manual_seed(seed)
    network = Network(TINY)
    with torch.no_grad():
        network.embedding.normal_(0, 0.3)
        network.phrases.normal_(0, 0.5)
        network.bias.normal_(0, 1)
        network.bias0.normal_(0, 0.3)
        network.gain.fill_(1.5)
    return network


def integer_logits(network: Network, tokens: NDArray[np.int64], keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    arrays = {**export_network(network), **function_tables(), "phrases.keys": keys}
    run = IntegerNetwork(arrays).start()
    return np.stack([run.step(token) - LOGIT_OFFSET for token in tokens.tolist()])


def real_logits(network: Network, tokens: NDArray[np.int64], keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    rows = torch.from_numpy(phrase_rows(tokens, keys))
    with torch.no_grad():
        projected, _, table = network(torch.from_numpy(tokens)[:, None], rows[:, None], network.zero_state(1))
        logits = projected[:, 0] @ table.T * network.gain.exp() + network.bias
    return logits.numpy().astype(np.float64)


def test_shipped_integers_compute_what_was_trained() -> None:
    network, tokens = tiny_network(), random_tokens(200, 2)
    keys = phrase_keys_of(tokens)
    assert (phrase_rows(tokens, keys) < TINY.phrases).sum() > 20
    integers = integer_logits(network, tokens, keys) / LOG_FRACTION
    real = real_logits(network, tokens, keys) / math.log(2)
    # torch rounds to bfloat16 where the integers have steps of their own: close, not equal
    error = float(np.abs(integers - real).mean())
    assert error < 0.05 * float(real.std())
    with torch.no_grad():
        network.phrases.zero_()
    without = real_logits(network, tokens, keys) / math.log(2)
    assert float(np.abs(integers - without).mean()) > 3 * error


def test_grown_network_computes_the_same() -> None:
    small, tokens = tiny_network(), random_tokens(100, 3)
    keys = phrase_keys_of(tokens)
    with torch.no_grad():
        small.phrases.zero_()  # a model that is grown from has none
    large = Network(Architecture(TINY.vocabulary, TINY.width, 40, TINY.phrases))
    grow(large, {**export_network(small), **function_tables()})
    np.testing.assert_array_equal(integer_logits(large, tokens, keys), integer_logits(small, tokens, keys))


def test_loss_and_its_gradients_are_those_of_cross_entropy() -> None:
    network = tiny_network()
    projected = torch.randn(30, 100, TINY.width).requires_grad_()  # more than one chunk
    targets = torch.randint(0, TINY.vocabulary, (30, 100))
    targets[::7] = NO_TARGET
    table = network.embedding.detach().clone().requires_grad_()
    network.nats(projected, table, targets).backward()
    found = [parameter.grad.clone() for parameter in (projected, table, network.bias, network.gain)]  # type: ignore[union-attr]
    for parameter in (projected, table, network.bias, network.gain):
        parameter.grad = None
    logits = (projected * network.gain.exp()) @ table.T + network.bias
    torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), reduction="sum", ignore_index=NO_TARGET
    ).backward()
    for gradient, parameter in zip(found, (projected, table, network.bias, network.gain), strict=True):
        wanted = parameter.grad
        assert wanted is not None
        assert float((gradient - wanted).norm() / wanted.norm()) < 0.02


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "COLUMNS", 4)
    monkeypatch.setattr(training, "TIME", 20)


RECIPE = Recipe(TINY, (), ngrams=0, rate=3e-3, dropout=0.0, grown_from="")


def train(build: Path, steps: int, network: Network) -> list[dict[str, float]]:
    documents = [random_tokens(3000, seed) for seed in range(4)]
    training.train(
        network,
        RECIPE,
        training.TrainingPlan(build, steps, 0, seed=1),
        (documents[:3], np.ones(3)),
        {"validation": documents[3:]},
        phrase_keys_of(documents[0]),
    )
    return [json.loads(line) for line in (build / "train.log").read_text().splitlines()]


@pytest.mark.usefixtures("small_steps")
def test_training_learns_and_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, small = tmp_path / "whole", tmp_path / "small"
    whole.mkdir()
    small.mkdir()
    first = train(whole, 300, tiny_network())
    assert first[-1]["step"] == 300
    assert first[-1]["tokens"] == 300 * 80
    assert first[-1]["validation_bits"] < first[0]["validation_bits"] - 0.5

    (small / "checkpoint.npz").write_bytes((whole / "checkpoint-small.npz").read_bytes())
    assert (small / "checkpoint.npz").stat().st_size < (whole / "checkpoint.npz").stat().st_size / 4
    for build in (whole, small):
        again = train(build, 301, tiny_network(seed=5))[-1]
        assert again["step"] == 301
        assert again["tokens"] == 301 * 80
        assert again["validation_bits"] == pytest.approx(first[-1]["validation_bits"], abs=0.01)


@pytest.mark.usefixtures("small_steps")
def test_signal_ends_training_after_the_step_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def average_and_signal(progress: TrainingProgress, network: Network) -> None:
        average(progress, network)
        if progress.step == 4:  # during the fifth
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(training, "average", average_and_signal)
    assert train(tmp_path, 0, tiny_network())[-1]["step"] == 5  # no number of steps is set
    assert signal.getsignal(signal.SIGTERM) == before
    other = tiny_network()
    assert load(tmp_path / "checkpoint.npz", other, torch.optim.Adam(other.parameters())).step == 5


def test_checkpoints_hold_what_was_saved(tmp_path: Path) -> None:
    network = tiny_network()
    adam = torch.optim.Adam(network.parameters())
    progress = TrainingProgress(step=7, tokens=70, spent_s=1.5)
    network.nats(torch.randn(2, 3, TINY.width), network.embedding, torch.ones(2, 3, dtype=torch.int64)).backward()
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
    adam.step()
    average(progress, network)
    save_whole(tmp_path / "whole.npz", network, adam, progress)
    save_small(tmp_path / "small.npz", network, adam, progress)
    for name, tolerance in (("whole.npz", 0.0), ("small.npz", 1 / 200)):
        other = tiny_network(seed=2)
        other_adam = torch.optim.Adam(other.parameters())
        back = load(tmp_path / name, other, other_adam)
        assert (back.step, back.tokens, back.spent_s, back.averaged_steps) == (7, 70, 1.5, 1)
        for (key, wanted), found in zip(network.named_parameters(), other.parameters(), strict=True):
            before, after = wanted.detach().clamp(-1, 1), found.detach().clamp(-1, 1)  # embeddings end at 1
            assert float((before - after).abs().max()) <= tolerance, key
            if not tolerance:
                for moment in ("exp_avg", "exp_avg_sq"):
                    torch.testing.assert_close(adam.state[wanted][moment], other_adam.state[found][moment])
            elif wanted.dim() == 2:
                # squares of a random gradient are alike; their row and column means are kept
                torch.testing.assert_close(
                    adam.state[wanted]["exp_avg_sq"].mean(1), other_adam.state[found]["exp_avg_sq"].mean(1)
                )


def test_learning_rate_warms_up_stays_and_falls() -> None:
    assert training.rate_factor(0, 0, 0) == pytest.approx(0.01)
    assert training.rate_factor(500, 0, 0) == 1
    assert training.rate_factor(750, 1000, 500) == pytest.approx(0.5)
    assert training.rate_factor(999, 1000, 500) == pytest.approx(0.002)


@pytest.mark.usefixtures("small_steps")
def test_recipe_makes_a_coder_from_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    words = "so how are you today i am fine thank you very much for the call and good bye then".split()
    documents = ["\n".join(" ".join(rng.choice(words, 8)) + "." for _ in range(6)) for _ in range(600)]
    (tmp_path / "text").mkdir()
    with lzma.open(tmp_path / "text" / "train.txt.xz", "wt") as stream:
        stream.write("\n\n".join(documents))
    recipe = Recipe(TINY, (TextFile("text/train.txt.xz", 1),), ngrams=500, rate=3e-3, dropout=0.0, grown_from="")
    monkeypatch.setitem(RECIPES, "tiny", recipe)
    arguments = ["training", "--model", "tiny", "--corpus", str(tmp_path), "--build", str(tmp_path / "build")]
    monkeypatch.setattr("sys.argv", [*arguments, "--steps", "40", "--decay-from", "20"])
    main()
    with np.load(tmp_path / "build" / "tiny" / "tiny.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    assert {array.dtype.kind for array in arrays.values()} <= {"i", "u"}
    assert len(arrays["phrases"]) == len(arrays["phrases.keys"]) == TINY.phrases
    coder = coder_from(arrays)
    texts = ["so how are you", "I am fine, thank you: Zoë!"]
    code = coder.encode(texts)
    assert coder.decode(code, 2) == texts
    assert len(code) < 40  # bytes of the text: 43

    # a second machine goes on from the small checkpoint and the log
    kept = tmp_path / "kept"
    kept.mkdir()
    (tmp_path / "build" / "tiny" / "checkpoint-small.npz").rename(kept / "checkpoint.npz")
    for name in ("train.log", "phrases.npy"):
        (tmp_path / "build" / "tiny" / name).rename(kept / name)
    with (tmp_path / "text" / "train.txt.xz").open("ab") as more:  # more text: other phrases would be more frequent
        more.write(lzma.compress(("\n\n" + "you good good good so.\n" * 300).encode()))
    arguments[-1] = str(tmp_path / "second")
    monkeypatch.setattr("sys.argv", [*arguments, "--resume", str(kept), "--steps", "41"])
    main()
    capsys.readouterr()
    log = [json.loads(line) for line in (tmp_path / "second" / "tiny" / "train.log").read_text().splitlines()]
    assert log[-1]["step"] == 41
    assert (tmp_path / "second" / "tiny" / "phrases.npy").read_bytes() == (kept / "phrases.npy").read_bytes()
    assert log[0]["step"] == 1

    # the weights file again, from a copy of the checkpoint, with shares fitted on transcripts as well
    (tmp_path / "heard.txt").write_text("so how are you today\n" * 40 + "\n" + "thank you very much\n" * 40)
    (tmp_path / "held.txt").write_text("how are you\nI am fine.\n\nbye\n", encoding="utf-8")
    options = ["--tune", tmp_path / "heard.txt", "--measure", tmp_path / "held.txt", tmp_path / "heard.txt"]
    monkeypatch.setattr(
        "sys.argv", [*arguments, "--assemble", "--checkpoint", str(kept / "checkpoint.npz"), *map(str, options)]
    )
    main()
    printed = capsys.readouterr().out
    assert "the network alone, " in printed
    rows = [row.split(" | ") for row in printed.splitlines() if row.startswith(("| held", "| heard"))]
    assert [row[:2] for row in rows] == [["| held (2)", "24"], ["| heard (2)", "1,560"]]
    fitted = read_arrays(tmp_path / "second" / "tiny" / "tiny.npz")
    coder = coder_from(fitted)
    heard = [["so how are you today"] * 40, ["thank you very much"] * 40]
    whole = sum(len(coder.encode(document)) for document in heard)
    alone = sum(len(coder.encode([line])) for document in heard for line in document)
    assert rows[1][2:4] == [f"{8 * size / 1560:.3f}" for size in (whole, alone)]
    assert whole < alone
    assert (fitted["lstm0.weights"] == arrays["lstm0.weights"]).mean() > 0.9  # of step 40, as rounded in the checkpoint
    assert (fitted["shares.dynamic"] != arrays["shares.dynamic"]).any()


def test_weights_that_do_not_code_like_torch_are_refused() -> None:
    tokens = random_tokens(300, 1)
    tokens[20::20] = END
    keys = phrase_keys_of(tokens)
    network = tiny_network()
    arrays = {
        **export_network(network),
        **function_tables(),
        **first_shares(4),
        **count_ngrams(tokens.astype(np.uint16), 100),
        "phrases.keys": keys,
        "vocabulary": np.frombuffer("\n".join(" " + chr(97 + n) for n in range(26)).encode(), np.uint8),
    }
    assert network_bits(Model(arrays), [tokens]) == pytest.approx(
        299 * training.validate(network, [tokens], keys, 1), rel=0.01
    )
    with pytest.raises(ValueError, match="torch takes"):
        prove(arrays, tiny_network(seed=2), keys, [tokens])


def test_conversations_are_parted_by_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "calls.txt"
    path.write_text("Hi.\nHello.\n\n\nBye.\n", encoding="utf-8")
    assert read_conversations(path) == Conversations("calls", [["Hi.", "Hello."], ["Bye."]])


def test_sums_that_float32_does_not_hold_are_not_exported() -> None:
    network = Network(Architecture(vocabulary=300, width=400, hidden=300, phrases=4))
    export_network(network)
    with torch.no_grad():
        network.lstm0.fill_(1.0)  # 127 everywhere: 2 * 400 * 127 * 127 + 300 * 127 * 127
    with pytest.raises(AssertionError, match=r"lstm0\.weights"):
        export_network(network)

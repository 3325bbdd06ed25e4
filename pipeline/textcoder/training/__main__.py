"""From the training text to the shipped weights file: `python -m speechzip.pipeline.textcoder.training`.

Four stages, each skipped where its result lies in the build folder already:

    vocabulary.json, training.npz, validation.npz   the tokens         (2 minutes)
    checkpoint.pt, train.log                        the network        (`--steps` or `--minutes`; resumed if cut off)
    ngrams.npz                                      the n-gram table   (1 minute)
    english-1.npz                                   integers of all, with the shares fitted on the validation text
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ..fixedpoint import function_tables
from ..predictor import Model
from ..tokens import Vocabulary
from ..weights import WEIGHTS_FILE
from .corpus import count_vocabulary, encode_documents, read_documents, split_documents
from .export import export_network
from .network import Network
from .ngrams import count_ngrams
from .shares import first_shares, fit_shares
from .train import HIDDEN, WIDTH, Plan, load_tokens, save_tokens, train

VOCABULARY = 4096
NGRAMS = 3_300_000  # what fits in 10 MB beside the network


def main() -> None:
    """Run the stages that are left to do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, default=Path("../shared/text/train.txt.xz"))
    parser.add_argument("--build", type=Path, default=Path("build/textcoder"))
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--minutes", type=float, default=0, help="let the clock, not the steps, plan the learning rate")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    build: Path = arguments.build
    build.mkdir(parents=True, exist_ok=True)
    tokenise(arguments.text, build)
    plan = Plan(build, VOCABULARY, arguments.steps, arguments.minutes, arguments.seed)
    train(plan, build / "training.npz", build / "validation.npz")
    assemble(build)


def tokenise(text: Path, build: Path) -> None:
    """Count the vocabulary on the training documents, and write the tokens of both splits."""
    if (build / "validation.npz").exists():
        return
    training, validation = split_documents(read_documents(text))
    vocabulary = count_vocabulary(training, VOCABULARY)
    (build / "vocabulary.json").write_text(json.dumps(vocabulary.pieces), encoding="utf-8")
    save_tokens(build / "training.npz", encode_documents(vocabulary, training))
    save_tokens(build / "validation.npz", encode_documents(vocabulary, validation))


def assemble(build: Path) -> None:
    """Write the weights file from what lies in the build folder, and say how well it does on the validation text."""
    if not (build / "ngrams.npz").exists():
        tokens = np.concatenate(load_tokens(build / "training.npz")).astype(np.uint16)
        np.savez_compressed(build / "ngrams.npz", **count_ngrams(tokens, NGRAMS))  # type: ignore[arg-type]
    network = Network(VOCABULARY, WIDTH, HIDDEN)
    network.load_state_dict(torch.load(build / "checkpoint.pt", weights_only=True)["network"])
    arrays: dict[str, NDArray[np.generic]] = {**export_network(network), **function_tables(), **first_shares()}
    with np.load(build / "ngrams.npz") as archive:
        arrays.update({name: archive[name] for name in archive.files})
    pieces = Vocabulary(json.loads((build / "vocabulary.json").read_text(encoding="utf-8"))).pieces
    arrays["vocabulary"] = np.frombuffer("\n".join(pieces).encode("utf-8"), np.uint8)
    documents = load_tokens(build / "validation.npz")
    shares, bits = fit_shares(Model(arrays), documents)
    arrays.update(shares)
    np.savez_compressed(build / WEIGHTS_FILE, **arrays)  # type: ignore[arg-type]
    size = (build / WEIGHTS_FILE).stat().st_size
    print(f"{build / WEIGHTS_FILE}: {size:,} bytes; {bits:.4f} bits a token while fitting the shares")


if __name__ == "__main__":
    main()

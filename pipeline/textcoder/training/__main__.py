"""From the training text to a weights file: `python -m speechzip.pipeline.textcoder.training --model english-2`.

Four stages, each skipped where its result lies in the build folder already:

    TEXT.npz, vocabulary.json, phrases.npy   the tokens         (10 minutes)
    checkpoint.npz, train.log                the network        (until `--steps` or a signal; resumed if cut off)
    ngrams.npz                               the n-gram table   (1 minute)
    MODEL.npz                                integers of all, with the shares fitted on the validation text and on
                                             transcripts (`--tune`); proven to be exact, and measured (`--measure`)

The third and fourth run when `--steps` is reached, or with `--assemble`. The texts of `--tune` and `--measure` have one
utterance a line and a blank line between two conversations. What is measured is never tuned on.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import read_arrays
from ..tokens import Vocabulary
from ..weights import read_weights
from .assemble import PHRASES, assemble, read_conversations, report
from .corpus import count_vocabulary, encode_documents, read_documents, split_documents
from .grow import grow
from .network import Network
from .ngrams import count_phrases
from .recipe import RECIPES, Recipe, TextFile
from .streams import load_tokens, save_tokens
from .train import CHECKPOINT, LOG, Documents, TrainingPlan, train


def main() -> None:
    """Run the stages that are left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=RECIPES, default="english-2")
    parser.add_argument("--corpus", type=Path, default=Path("../shared"), help="folder of the training text")
    parser.add_argument("--build", type=Path, default=Path("build/textcoder"))
    parser.add_argument("--resume", type=Path, help="folder with the checkpoint, phrases and log to go on from")
    parser.add_argument("--steps", type=int, default=0, help="total number of steps; 0: until a signal")
    parser.add_argument("--decay-from", type=int, default=0, help="the learning rate falls from this step to the last")
    parser.add_argument("--assemble", action="store_true", help="do not train: make the weights file, measure it")
    parser.add_argument("--checkpoint", type=Path, help="make the weights file from this one instead of the build's")
    parser.add_argument(
        "--tune", type=Path, nargs="+", default=[], help="transcripts by the recognizer to fit the shares on, too"
    )
    parser.add_argument("--measure", type=Path, nargs="+", default=[], help="texts to print the bits a character of")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for the training of the network")
    arguments = parser.parse_args()
    recipe = RECIPES[arguments.model]
    build: Path = arguments.build / arguments.model
    build.mkdir(parents=True, exist_ok=True)
    if arguments.resume and not (build / CHECKPOINT).exists():
        for name in (LOG, PHRASES, CHECKPOINT):
            shutil.copyfile(arguments.resume / name, build / name)
    tokenize(recipe, arguments.corpus, build)
    if not arguments.assemble:
        network = Network(recipe.architecture)
        if recipe.grown_from:
            grow(network, read_weights(recipe.grown_from))
        plan = TrainingPlan(build, arguments.steps, arguments.decay_from, arguments.seed, arguments.device)
        train(network, recipe, plan, _training(recipe, build), _validation(recipe, build), np.load(build / PHRASES))
    if arguments.assemble or arguments.steps:
        checkpoint = arguments.checkpoint or build / CHECKPOINT
        make_weights(arguments.model, build, checkpoint, arguments.tune, arguments.measure)


def tokenize(recipe: Recipe, corpus: Path, build: Path) -> None:
    """Write the tokens of every source's training and validation documents, the vocabulary and the phrases."""
    if not (build / "vocabulary.json").exists():
        documents = {source: split_documents(read_documents(corpus / source.path)) for source in recipe.sources}
        if recipe.grown_from:
            vocabulary = Vocabulary(read_weights(recipe.grown_from)["vocabulary"].tobytes().decode("utf-8").split("\n"))
        else:
            training = [document for source in recipe.sources for document in documents[source][0]]
            vocabulary = count_vocabulary(training, recipe.architecture.vocabulary)
        for source, (training, validation) in documents.items():
            save_tokens(_tokens_of(build, source), encode_documents(vocabulary, training))
            save_tokens(_tokens_of(build, source, "-validation"), encode_documents(vocabulary, validation))
        (build / "vocabulary.json").write_text(json.dumps(vocabulary.pieces), encoding="utf-8")
    if not (build / PHRASES).exists():
        tokens = [(np.concatenate(load_tokens(_tokens_of(build, source))), source.weight) for source in recipe.sources]
        np.save(build / PHRASES, count_phrases(tokens, recipe.architecture.phrases))


def make_weights(model: str, build: Path, checkpoint: Path, tune: list[Path], measure: list[Path]) -> None:
    """Write the weights file from the build folder; print its bits a character on the texts to measure."""
    recipe = RECIPES[model]

    def tokens_of(suffix: str) -> list[Path]:
        return [_tokens_of(build, source, suffix) for source in recipe.sources]

    out = build / f"{model}.npz"
    tuning = [read_conversations(path) for path in tune]
    assemble(recipe, build, tokens_of, checkpoint, tuning, out)
    if measure:
        print("\n".join(report(read_arrays(out), [read_conversations(path) for path in measure])))


def _tokens_of(build: Path, source: TextFile, suffix: str = "") -> Path:
    return build / f"{source.path.replace('/', '-').removesuffix('.txt.xz')}{suffix}.npz"


def _training(recipe: Recipe, build: Path) -> tuple[Documents, NDArray[np.float64]]:
    documents, weights = [], []
    for source in recipe.sources:
        some = load_tokens(_tokens_of(build, source))
        documents += some
        weights += [source.weight] * len(some)
    return documents, np.array(weights)


def _validation(recipe: Recipe, build: Path) -> dict[str, Documents]:
    """Return a third of the validation documents of the first source, and a part of those of every other source."""
    first, *others = recipe.sources
    sets = {"validation": load_tokens(_tokens_of(build, first, "-validation"))[::3]}
    if others:
        sets["others"] = [load_tokens(_tokens_of(build, source, "-validation"))[0][:6000] for source in others]
    return sets


if __name__ == "__main__":
    main()

"""Train the adapter of SmolLM2: `python -m speechzip.pipeline.textcoder.training.smollm2`.

It learns from windows of talk, one utterance a line, as the coder sees them. Every ten minutes it validates, and writes
`build/textcoder/smollm2-1/smollm2-1.npz`, from which the next run goes on; `--start` goes on from another one, such as
the adapter that ships. The learning rate falls to nothing at the end of `--minutes`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ...arrays import read_arrays, write_arrays
from ...smollm import NAME
from ...smollm.bytepairs import BytePairs, places
from ...smollm.weights import byte_pairs, read_model
from ..assemble import read_conversations
from ..corpus import read_documents, split_documents
from .adapter import pack_adapter, unpack_adapter
from .network import AdaptedTransformer

SOURCES = {
    "text/train.txt.xz": 0.50,
    "text2/hpr.txt.xz": 0.10,
    "text2/knox.txt.xz": 0.10,
    "text2/hearings.txt.xz": 0.08,
    "text2/sgd.txt.xz": 0.06,
    "text2/haskell.txt.xz": 0.05,
    "text2/earnings.txt.xz": 0.03,
    "text2/ethnotes.txt.xz": 0.03,
}
"""File of training text -> its share of the windows; transcripts have `TRANSCRIPTS`."""
TRANSCRIPTS = 0.05
RANK, RATE = 8, 1e-3
WINDOWS, TIME = 4, 256  # 1,024 tokens a step: 4 s of two cores
LINES = 60  # most lines of a window
BEGINNINGS = 0.25  # share of windows that begin where a document does
WARM_UP = 20
VALIDATE_EVERY_S = 600

Document = list[str]


def main() -> None:
    """Train until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--corpus", type=Path, default=Path("../shared"), help="folder of the training text")
    parser.add_argument(
        "--transcripts", type=Path, nargs="*", default=[], help="more text, as the recognizer writes it"
    )
    parser.add_argument("--build", type=Path, default=Path("build/textcoder") / NAME)
    parser.add_argument("--start", type=Path, help="adapter to go on from")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    arguments.build.mkdir(parents=True, exist_ok=True)
    out: Path = arguments.build / f"{NAME}.npz"
    file = read_model()
    network = AdaptedTransformer(file, RANK)
    if start := out if out.exists() else arguments.start:
        restore(network, start)
    text = Text(byte_pairs(file), arguments.corpus, arguments.transcripts, arguments.seed)
    with (arguments.build / "train.log").open("a", encoding="utf-8") as log:
        for line in train(network, text, 60 * arguments.minutes):
            write_arrays(out, packed(network))
            print(json.dumps(line), file=log, flush=True)
            print(line, flush=True)


def restore(network: AdaptedTransformer, path: Path) -> None:
    """Set the adapters to those of a file."""
    pairs = unpack_adapter(read_arrays(path))
    with torch.no_grad():
        for name, parameters in network.adapters().items():
            for parameter, values in zip(parameters, pairs[name], strict=True):
                parameter.copy_(torch.from_numpy(values))


def packed(network: AdaptedTransformer) -> dict[str, NDArray[np.generic]]:
    """Return the adapters in 8 bits."""
    return pack_adapter(
        {name: (left.detach().numpy(), right.detach().numpy()) for name, (left, right) in network.adapters().items()}
    )


class Text:
    """Windows of training text, and the validation documents of each source."""

    def __init__(self, tokens: BytePairs, corpus: Path, transcripts: list[Path], seed: int) -> None:
        self._tokens, self._places = tokens, places(len(tokens))
        self._random = random.Random(seed)
        sources = [(split_documents(read_documents(corpus / name)), share) for name, share in SOURCES.items()]
        self._training = [(training, share) for (training, _), share in sources]
        if transcripts:
            self._training.append(
                ([one for path in transcripts for one in read_conversations(path).documents], TRANSCRIPTS)
            )
        self.validation = {name: held for name, ((_, held), _) in zip(SOURCES, sources, strict=True)}

    def window(self) -> list[int]:
        """Return the tokens of a window, numbered as in the model's file: [TIME + 1]."""
        tokens: list[int] = []
        while len(tokens) <= TIME:
            documents, share = zip(*self._training, strict=True)
            (some,) = self._random.choices(documents, share)
            tokens += self.encoded(self._excerpt(some))
        return tokens[: TIME + 1]

    def encoded(self, lines: Document) -> list[int]:
        """Return the tokens of a conversation, numbered as in the model's file."""
        return [0, *(self._places[token] for line in lines for token in self._tokens.encode(line))]

    def _excerpt(self, documents: list[Document]) -> Document:
        document = self._random.choice(documents)
        begins = self._random.random() < BEGINNINGS
        start = 0 if begins else self._random.randrange(max(1, len(document) - 4))
        return document[start : start + LINES]


def train(network: AdaptedTransformer, text: Text, seconds: float) -> Iterator[dict[str, float]]:
    """Train, and yield a line of the log now and then, and at the end."""
    parameters = list(network.parameters())
    adam = torch.optim.Adam(parameters, lr=RATE, betas=(0.9, 0.98))
    started = validated = time.monotonic()
    step, bits = 0, 0.0
    while (elapsed := time.monotonic() - started) < seconds:
        for group in adam.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / WARM_UP) * (1 - elapsed / seconds)
        loss = loss_of(network, torch.tensor([text.window() for _ in range(WINDOWS)]))
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        adam.step()
        step += 1
        bits += (loss.item() / math.log(2) - bits) / min(step, 100)
        if time.monotonic() - validated > VALIDATE_EVERY_S:
            validated = time.monotonic()
            yield {"step": step, "bits a token": round(bits, 4), **validate(network, text)}
    yield {"step": step, "bits a token": round(bits, 4), **validate(network, text)}


def loss_of(network: AdaptedTransformer, tokens: Tensor) -> Tensor:
    """Return the mean loss of windows, [windows, time + 1], in natural logarithms."""
    logits = network(tokens[:, :-1])
    return functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())


@torch.no_grad()
def validate(network: AdaptedTransformer, text: Text, documents: int = 2, lines: int = 40) -> dict[str, float]:
    """Return bits a character of the beginnings of some validation documents of each source."""
    found: dict[str, float] = {}
    for name, held in text.validation.items():
        some = [document[:lines] for document in held if len(document) > 5][:documents]
        tokens = [text.encoded(document)[: 4 * TIME] for document in some]
        nats = sum(loss_of(network, torch.tensor([each])).item() * (len(each) - 1) for each in tokens)
        share = sum(map(len, tokens)) / sum(len(text.encoded(document)) for document in some)
        characters = share * sum(len(line) for document in some for line in document)
        found[name] = round(nats / math.log(2) / characters, 4)
    return found


if __name__ == "__main__":
    main()

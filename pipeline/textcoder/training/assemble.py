"""From a checkpoint to the weights file: integers of the network, n-grams of all the text, first shares; then a proof.

The file is read back and has to code the validation text like the network in torch, and to give it back exactly.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arrays import read_arrays, write_arrays
from ..coder import LanguageModelCoder
from ..fixedpoint import LOG_FRACTION, function_tables
from ..predictor import Model
from ..tokens import END, START, Vocabulary
from ..weights import coder_from
from .checkpoint import load_averaged
from .export import export_network
from .network import Network
from .ngrams import LONGEST, count_ngrams
from .recipe import Recipe
from .shares import Document, first_shares, fit_shares
from .streams import load_tokens
from .train import validate

PHRASES = "phrases.npy"
"""File of the phrases' keys in the build folder."""
MOST_BYTES = 20_000_000
"""Largest weights file."""
SHARE_TOKENS = 10_000
"""Tokens of each source's validation text, and of each transcript, that the shares are fitted on."""
PROOF_TOKENS = 2_000
"""Tokens of the proof that integers and torch agree..."""
MOST_LOSS = 0.005
"""...to within these bits a token."""


Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Conversations:
    """Conversations to tune or to measure on."""

    name: str
    """Their name in reports."""
    documents: list[list[str]]
    """Each conversation's utterances."""


def read_conversations(path: Path) -> Conversations:
    """Return the conversations of a text file, one utterance a line, a blank line between two conversations."""
    paragraphs = path.read_text("utf-8").split("\n\n")
    documents = [[line for line in paragraph.split("\n") if line] for paragraph in paragraphs]
    return Conversations(path.stem, [document for document in documents if document])


def assemble(
    recipe: Recipe,
    build: Path,
    tokens_of: Callable[[str], list[Path]],
    checkpoint: Path,
    tuning: Sequence[Conversations],
    out: Path,
) -> None:
    """Write the weights file.

    Args:
        recipe: of the model.
        build: the folder with the vocabulary and the phrases, and with the n-grams if they have been counted.
        tokens_of: the files of tokens of every source by a suffix: "" for training, "-validation" for validation.
        checkpoint: of the network, of either size.
        tuning: conversations as a recognizer writes them, in addition to the validation text.
        out: the weights file.

    Raises:
        ValueError: the file is too large, or its integers do not agree with the network in torch.
    """
    ngrams = build / "ngrams.npz"
    if not ngrams.exists():
        tokens = np.concatenate([np.concatenate(load_tokens(path)) for path in tokens_of("")])
        np.savez_compressed(ngrams, **count_ngrams(tokens.astype(np.uint16), recipe.ngrams))  # type: ignore[arg-type]
    network = Network(recipe.architecture)
    load_averaged(checkpoint, network)
    vocabulary = Vocabulary(json.loads((build / "vocabulary.json").read_text(encoding="utf-8")))
    arrays: dict[str, NDArray[np.generic]] = {
        **export_network(network),
        **function_tables(),
        **first_shares(LONGEST - 1),
        **read_arrays(ngrams),
        "vocabulary": np.frombuffer("\n".join(vocabulary.pieces).encode("utf-8"), np.uint8),
    }
    if recipe.architecture.phrases:
        arrays["phrases.keys"] = np.load(build / PHRASES)
    validation = [_first(load_tokens(path), SHARE_TOKENS) for path in tokens_of("-validation")]
    spoken = [_first(encode_conversations(vocabulary, one), SHARE_TOKENS) for one in tuning]
    shares, bits = fit_shares([(Model(arrays), [document for some in (*validation, *spoken) for document in some])])
    arrays.update(shares)
    print(f"{bits:.4f} bits a token while the shares are fitted", flush=True)
    write_arrays(out, arrays)
    size = out.stat().st_size
    print(f"{out}: {size:,} bytes", flush=True)
    if size > MOST_BYTES:
        raise ValueError(f"{out} has {size:,} bytes, more than {MOST_BYTES:,}: take fewer n-grams")
    prove(read_arrays(out), network, arrays.get("phrases.keys", np.empty(0, np.uint64)), validation[0])


def encode_conversations(vocabulary: Vocabulary, conversations: Conversations) -> list[Document]:
    """Return the tokens of each conversation: START, then its utterances, each with END after it."""
    lines = ([token for line in document for token in vocabulary.encode(line)] for document in conversations.documents)
    return [np.array([START, *tokens], np.int64) for tokens in lines]


def prove(arrays: Arrays, network: Network, keys: NDArray[np.generic], documents: list[Document]) -> None:
    """Check that the integers code text like torch, and that a coder gives back what it has coded.

    Raises:
        ValueError: they do not.
    """
    some = _first(documents, PROOF_TOKENS)
    tokens = sum(len(document) - 1 for document in some)
    bits = network_bits(Model(arrays), some) / tokens
    wanted = sum(validate(network, [document], keys.astype(np.uint64), 1) * (len(document) - 1) for document in some)
    print(
        f"the network alone, {tokens} tokens: {bits:.4f} bits in integers, {wanted / tokens:.4f} in torch", flush=True
    )
    if abs(bits - wanted / tokens) > MOST_LOSS:
        raise ValueError(f"the integers take {bits:.4f} bits a token, torch takes {wanted / tokens:.4f}")
    coder = coder_from(arrays)
    texts = _texts(some, Vocabulary(arrays["vocabulary"].tobytes().decode("utf-8").split("\n")))
    if coder.decode(coder.encode(texts), len(texts)) != texts:
        raise ValueError("the coder does not give back the text that it has coded")


def network_bits(model: Model, documents: Sequence[Document]) -> float:
    """Return the bits of the documents by the network alone."""
    bits = 0.0
    for document in documents:
        run = model.network.start()
        for token, following in zip(document[:-1].tolist(), document[1:].tolist(), strict=True):
            logits = run.step(token) / LOG_FRACTION
            bits += float(np.log2(np.exp2(logits - logits.max()).sum()) + logits.max() - logits[following])
    return bits


def report(arrays: Arrays, conversations: Sequence[Conversations]) -> list[str]:
    """Return bits a character and characters a second of processor time, as a table in Markdown.

    "Whole" codes each conversation as one, "lines" every utterance alone. Bits are those of whole bytes, everything
    included, per Unicode code point without line ends.
    """
    coder = coder_from(arrays)
    lines = [
        "| text | characters | whole | lines | encode, char/s | decode, char/s |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for one in conversations:
        characters = sum(len(line) for document in one.documents for line in document)
        begun = time.process_time()
        codes = [coder.encode(document) for document in one.documents]
        encoded = time.process_time()
        decoded = [coder.decode(code, len(document)) for code, document in zip(codes, one.documents, strict=True)]
        finished = time.process_time()
        if decoded != one.documents:
            raise ValueError(f"{one.name}: the coder does not give back the text that it has coded")
        whole, alone = sum(map(len, codes)), _bytes_alone(coder, one)
        cells = [f"{8 * size / characters:.3f}" for size in (whole, alone)]
        cells += [f"{characters / (encoded - begun):,.0f}", f"{characters / (finished - encoded):,.0f}"]
        lines.append(f"| {one.name} ({len(one.documents)}) | {characters:,} | {' | '.join(cells)} |")
    return lines


def _bytes_alone(coder: LanguageModelCoder, conversations: Conversations) -> int:
    return sum(len(coder.encode([line])) for document in conversations.documents for line in document)


def _first(documents: Sequence[Document], most: int) -> list[Document]:
    """Return documents from the start, up to `most` tokens; the last one is cut at the end of an utterance."""
    found: list[Document] = []
    for document in documents:
        room = most - sum(map(len, found))
        ends = np.flatnonzero(document[:room] == END)
        if len(ends) == 0:
            break
        found.append(document if len(document) <= room else document[: ends[-1] + 1])
    return found


def _texts(documents: Sequence[Document], vocabulary: Vocabulary) -> list[str]:
    tokens = np.concatenate([document[1:] for document in documents])
    return [vocabulary.decode(part[:-1].tolist()) for part in np.split(tokens, np.flatnonzero(tokens == END) + 1)[:-1]]

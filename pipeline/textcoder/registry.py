"""The text coders of this release, by the id in a payload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from ..payload.words import MAX_CODERS
from ..protocols import TextCoder
from ..types import Utterance
from .weights import ENGLISH, load_text_coder
from .world import FIRST_WORLD_ID, WORLD_LANGUAGES, load_world_coder

LOADERS: dict[int, Callable[[], TextCoder]] = {
    **{coder_id: partial(load_text_coder, coder_id) for coder_id in ENGLISH},
    **{FIRST_WORLD_ID + index: partial(load_world_coder, language) for index, language in enumerate(WORLD_LANGUAGES)},
}
"""Text coder id -> loader of the coder."""

COMMON_ID = 1
"""The coder that every release reads: `english-1`, for format 1 and live links."""
DEFAULT_ID = 2
"""The coder of English in payloads from format 2 on: `english-2`."""


class TextCoders(Mapping[int, TextCoder]):
    """Every coder of this release by id, each loaded on first use."""

    def __init__(self) -> None:
        self._loaded: dict[int, TextCoder] = {}

    def __getitem__(self, coder_id: int) -> TextCoder:
        if coder_id not in self._loaded:
            self._loaded[coder_id] = LOADERS[coder_id]()
        return self._loaded[coder_id]

    def __contains__(self, coder_id: object) -> bool:
        return coder_id in LOADERS

    def __iter__(self) -> Iterator[int]:
        return iter(LOADERS)

    def __len__(self) -> int:
        return len(LOADERS)


TEXT_CODERS = TextCoders()


def text_coders_for(utterances: Iterable[Utterance]) -> list[TextCoder]:
    """Return the coders of the languages that are spoken, the one with the most text first; English for unknown ones.

    A payload from format 2 on takes all of them (at most `MAX_CODERS`), each for the utterances that it makes shortest.
    """
    characters: Counter[int] = Counter()
    for utterance in utterances:
        known = utterance.language in WORLD_LANGUAGES
        coder_id = FIRST_WORLD_ID + WORLD_LANGUAGES.index(utterance.language) if known else DEFAULT_ID
        characters[coder_id] += len(utterance.text)
    return [TEXT_CODERS[coder_id] for coder_id, _ in characters.most_common(MAX_CODERS)] or [TEXT_CODERS[DEFAULT_ID]]

"""The text coders of this release, by the id in a payload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from ..errors import InputError
from ..payload.format import VERSION, Decoded
from ..payload.words import MAX_CODERS
from ..protocols import TextCoder
from ..types import Utterance
from . import smollm
from .coder import LanguageModelCoder
from .weights import ENGLISH, load_text_coder
from .world import FIRST_WORLD_ID, WORLD_LANGUAGES, load_world_coder


def _load_smollm2() -> LanguageModelCoder:
    from .smollm.weights import load_smollm2_coder  # which few starts need

    return load_smollm2_coder()


SHIPPED: dict[int, Callable[[], TextCoder]] = {
    **{coder_id: partial(load_text_coder, coder_id) for coder_id in ENGLISH},
    **{FIRST_WORLD_ID + index: partial(load_world_coder, language) for index, language in enumerate(WORLD_LANGUAGES)},
}
"""Text coder id -> loader of a coder that every install has. Peers on live links use no other ones."""
LOADERS: dict[int, Callable[[], TextCoder]] = {**SHIPPED, smollm.CODER_ID: _load_smollm2}
"""Text coder id -> loader of the coder."""

COMMON_ID = 1
"""The coder that every release reads: `english-1`, for format 1 and live links."""
DEFAULT_ID = 2
"""The coder of English in payloads from format 2 on: `english-2`."""
ENGLISH_CODERS = {ENGLISH[DEFAULT_ID]: DEFAULT_ID, smollm.NAME: smollm.CODER_ID}
"""Name -> id of the coders of English that one can choose."""


class TextCoders(Mapping[int, TextCoder]):
    """Coders by id, each loaded on first use."""

    def __init__(self, loaders: Mapping[int, Callable[[], TextCoder]] = LOADERS) -> None:
        self._loaders = loaders
        self._loaded: dict[int, TextCoder] = {}

    def __getitem__(self, coder_id: int) -> TextCoder:
        if coder_id not in self._loaded:
            self._loaded[coder_id] = self._loaders[coder_id]()
        return self._loaded[coder_id]

    def __contains__(self, coder_id: object) -> bool:
        return coder_id in self._loaders

    def __iter__(self) -> Iterator[int]:
        return iter(self._loaders)

    def __len__(self) -> int:
        return len(self._loaders)


TEXT_CODERS = TextCoders()
SHIPPED_CODERS = TextCoders(SHIPPED)


def load_english_coder(name: str | None = None) -> LanguageModelCoder:
    """Return a coder of English by its name, one of `ENGLISH_CODERS`; the default one if it is None.

    Raises:
        EngineError: it is not installed.
    """
    coder_id = DEFAULT_ID if name is None else ENGLISH_CODERS[name]
    return _load_smollm2() if coder_id == smollm.CODER_ID else load_text_coder(coder_id)


def text_coders_for(utterances: Iterable[Utterance], english: str | None = None) -> list[TextCoder]:
    """Return the coders of the languages that are spoken, the one with the most text first; English for unknown ones.

    A payload from format 2 on takes all of them (at most `MAX_CODERS`), each for the utterances that it makes shortest.

    Args:
        utterances: what is said.
        english: name of the coder of English; the default one if it is None, or not one of `ENGLISH_CODERS`. If it is
            another one and there is much text, the default one comes last, for what the other has no room for.

    Raises:
        EngineError: that coder is not installed.
    """
    english_id = ENGLISH_CODERS.get(english or "", DEFAULT_ID)
    characters: Counter[int] = Counter()
    for utterance in utterances:
        known = utterance.language in WORLD_LANGUAGES
        coder_id = FIRST_WORLD_ID + WORLD_LANGUAGES.index(utterance.language) if known else english_id
        characters[coder_id] += len(utterance.text)
    chosen = [coder_id for coder_id, _ in characters.most_common(MAX_CODERS)] or [english_id]
    if english_id == smollm.CODER_ID and characters[english_id] > smollm.MOST_TOKENS and len(chosen) < MAX_CODERS:
        chosen.append(DEFAULT_ID)
    return [TEXT_CODERS[coder_id] for coder_id in chosen]


def english_coder_of(decoded: Decoded) -> str | None:
    """Return the name of the coder that somebody chose for the English of a payload; None for the default one."""
    return smollm.NAME if smollm.NAME in decoded.text_coders else None


def text_coders_like(decoded: Decoded, utterances: Iterable[Utterance]) -> list[TextCoder]:
    """Return the coders for other utterances in a payload of the same format, which its receivers read, too.

    Args:
        decoded: the payload.
        utterances: what its successor says.

    Raises:
        EngineError: the coder that the payload has for English is not installed.
    """
    if decoded.version == 1:  # it has one coder
        return [coder for coder in SHIPPED_CODERS.values() if coder.name == decoded.text_coder]
    return text_coders_for(utterances, english_coder_of(decoded))


def check_english_coder(name: str, payload_version: int = VERSION) -> None:
    """Refuse a coder of English that a payload of this format cannot have, before any work is done.

    Raises:
        InputError: there is no such coder, or the format has it not.
        EngineError: it is not installed.
    """
    if name not in ENGLISH_CODERS:
        raise InputError(f"there is no text coder {name!r} of English; choose from {', '.join(ENGLISH_CODERS)}")
    if payload_version == 1:
        raise InputError(f"format 1 has no choice of text coders; {name!r} needs format 2 or a later one")
    if name == smollm.NAME:
        from .smollm.weights import check_installed

        check_installed()

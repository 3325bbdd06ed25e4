"""Engines by name: any installed package can provide some, through entry points."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from inspect import signature
from typing import Literal, cast, overload

from ..errors import EngineError, InputError
from ..languages import LANGUAGES
from ..protocols import Recognizer, SpeakerEmbedder, Synthesizer, VoiceBook, VoiceEncoder

logger = logging.getLogger(__name__)

Engine = Recognizer | VoiceEncoder | SpeakerEmbedder | Synthesizer | VoiceBook
EngineKind = Literal["recognizer", "voice_encoder", "speaker_embedder", "synthesizer", "voice_book"]

DEFAULTS: dict[EngineKind, str] = {
    "recognizer": "moonshine",
    "voice_encoder": "trained",
    "speaker_embedder": "x-vector",
    "synthesizer": "trained",
    "voice_book": "store",
}
"""Kind of engine -> its default."""

EXTRAS: dict[str, str] = {
    "faster-whisper": "faster-whisper",
    "hibari": "hibari",
    "pocket": "pocket",
    "whisper": "whisper",
    "xtts": "xtts",
}
"""Engine name -> the extra of speechzip with its dependencies."""


@overload
def load_engine(kind: Literal["recognizer"], spec: str | None = None) -> Recognizer: ...
@overload
def load_engine(kind: Literal["voice_encoder"], spec: str | None = None) -> VoiceEncoder: ...
@overload
def load_engine(kind: Literal["speaker_embedder"], spec: str | None = None) -> SpeakerEmbedder: ...
@overload
def load_engine(kind: Literal["synthesizer"], spec: str | None = None) -> Synthesizer: ...
@overload
def load_engine(kind: Literal["voice_book"], spec: str | None = None) -> VoiceBook: ...
def load_engine(kind: EngineKind, spec: str | None = None) -> Engine:
    """Return a new engine, ready to use.

    Args:
        kind: the kind of engine.
        spec: its name, or ``name:model`` for a choice of models; None for the default engine.

    Raises:
        EngineError: there is no such engine, or it cannot be loaded; says what to install.
    """
    return _load(kind, spec, {})


def check_engine(kind: EngineKind, spec: str | None = None) -> None:
    """Refuse an engine that is not there before any work is done; arguments as for `load_engine`.

    Raises:
        EngineError: there is no such engine, or what it needs is not installed.
    """
    _find(kind, (spec or DEFAULTS[kind]).partition(":")[0])


def load_recognizer(
    spec: str | None = None,
    language: str | None = None,
    *,
    beam: int | None = None,
    vocabulary: Sequence[str] = (),
    quick: bool = False,
    word_times: bool = False,
    brief: bool = True,
    rescorer: str | None = None,
    text_coder: str | None = None,
) -> Recognizer:
    """Return a new recognizer.

    Args:
        spec: as for `load_engine`.
        language: ISO 639-1 code of the spoken language; detected if None.
        beam: hypotheses at a time, 1 or more: more find better words and take longer; the engine's own number if None.
        vocabulary: words and phrases to prefer, as they are to be written: names and jargon.
        quick: for a live conversation, where each word waits for the recognizer: if `beam` is None, a small one.
        word_times: tell when each word is said (`Utterance.words`); takes more time.
        brief: if the engine can, of readings that are about as good take one that takes few bits.
        rescorer: name of the coder of English by whose bits that goes: a large one finds better words, whatever then
            codes them.
        text_coder: name of the coder that will code the words. If the engine can, it is the rescorer, too.

    Raises:
        InputError: there is no such language or rescorer, the beam is not positive, or the rescorer has no choice.
        EngineError: as `load_engine`, or the recognizer has no option for the language, the beam, a vocabulary, word
            times or a rescorer.
    """
    if language is not None and language not in LANGUAGES:
        raise InputError(f"there is no language {language!r}; give an ISO 639-1 code, such as en, de or zh")
    if beam is not None and beam < 1:
        raise InputError(f"a beam of {beam} has no hypotheses; give 1 or more")
    if rescorer and (vocabulary or beam == 1 or (quick and not beam)):
        other = "the vocabulary, which chooses, too" if vocabulary else "what finds only one: quick, or a beam of 1"
        raise InputError(f"the rescorer {rescorer!r} chooses among readings; leave out {other}")
    options: dict[str, object] = {
        "language": language,
        "beam": beam,
        "vocabulary": tuple(vocabulary),
        "word_times": word_times,
        "rescorer": rescorer,
    }
    given = {name: value for name, value in options.items() if value}
    wished: dict[str, object] = {"quick": quick, "brief": brief, "rescorer": text_coder}
    return cast("Recognizer", _load("recognizer", spec, given, wished))


def _load(
    kind: EngineKind, spec: str | None, options: Mapping[str, object], wishes: Mapping[str, object] | None = None
) -> Engine:
    """Return an engine with `options`, all of which it must have, and with those of `wishes` that it has."""
    name, _, model = (spec or DEFAULTS[kind]).partition(":")
    factory = _find(kind, name)
    parameters = signature(factory).parameters
    if model and not parameters:
        raise EngineError(f"the {kind.replace('_', ' ')} {name!r} offers no choice of models; leave out {model!r}")
    if missing := options.keys() - parameters.keys():
        raise EngineError(
            f"the {kind.replace('_', ' ')} {name!r} has no option for the {missing.pop().replace('_', ' ')}"
        )
    options = {**{name: value for name, value in (wishes or {}).items() if name in parameters}, **options}
    started = time.monotonic()
    engine = factory(model, **options) if model else factory(**options)
    logger.debug("%s %s is ready after %.2f s", kind.replace("_", " "), spec or name, time.monotonic() - started)
    return cast("Engine", engine)  # what the entry point's group promises


def engine_names(kind: EngineKind) -> list[str]:
    """Return the names of the engines of a kind that are installed."""
    return sorted({entry.name for entry in _entries(kind)})


def _entries(kind: EngineKind) -> list[EntryPoint]:
    return list(entry_points(group=f"speechzip.{kind}s"))


def _find(kind: EngineKind, name: str) -> Callable[..., object]:
    for entry in _entries(kind):
        if entry.name == name:
            try:
                return cast("Callable[..., object]", entry.load())
            except (ImportError, OSError, RuntimeError) as error:  # the latter two if a library is missing
                extra = f"speechzip[{EXTRAS[name]}]" if name in EXTRAS else "speechzip"
                missing = error.name if isinstance(error, ModuleNotFoundError) else error
                raise EngineError(
                    f"the {kind.replace('_', ' ')} {name!r} needs {missing}, which is not installed; "
                    f"run: pip install '{extra}'"
                ) from error
    known = ", ".join(engine_names(kind)) or "none: reinstall speechzip"
    raise EngineError(f"there is no {kind.replace('_', ' ')} named {name!r}; installed: {known}")

"""Engines by name: any installed package can provide some, through entry points."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from inspect import signature
from typing import Literal, cast, overload

from .errors import EngineError, InputError
from .languages import LANGUAGES
from .protocols import Recognizer, SpeakerEmbedder, Synthesizer, VoiceBook, VoiceEncoder

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

EXTRAS: dict[str, str] = {"faster-whisper": "faster-whisper", "whisper": "whisper", "xtts": "xtts"}
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


def load_recognizer(spec: str | None = None, language: str | None = None) -> Recognizer:
    """Return a new recognizer for one language, an ISO 639-1 code; it detects the language if None.

    Raises:
        InputError: there is no such language.
        EngineError: as `load_engine`, or the recognizer has no option for the language.
    """
    if language is not None and language not in LANGUAGES:
        raise InputError(f"there is no language {language!r}; give an ISO 639-1 code, such as en, de or zh")
    engine = _load("recognizer", spec, {"language": language} if language else {})
    return cast("Recognizer", engine)


def _load(kind: EngineKind, spec: str | None, options: dict[str, str]) -> Engine:
    name, _, model = (spec or DEFAULTS[kind]).partition(":")
    factory = _find(kind, name)
    parameters = signature(factory).parameters
    if model and not parameters:
        raise EngineError(f"the {kind.replace('_', ' ')} {name!r} offers no choice of models; leave out {model!r}")
    if missing := options.keys() - parameters.keys():
        raise EngineError(f"the {kind.replace('_', ' ')} {name!r} has no option for the {missing.pop()}")
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

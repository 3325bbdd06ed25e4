"""Engines by name: every installed package can bring some, through entry points."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Literal, cast, overload

from .errors import EngineError
from .protocols import Recognizer, SpeakerEmbedder, Synthesizer, VoiceEncoder

EngineKind = Literal["recognizer", "voice_encoder", "speaker_embedder", "synthesizer"]
Engine = Recognizer | VoiceEncoder | SpeakerEmbedder | Synthesizer

DEFAULTS: dict[EngineKind, str] = {
    "recognizer": "moonshine",
    "voice_encoder": "classical",
    "speaker_embedder": "x-vector",
    "synthesizer": "espeak",
}
"""What is taken where nobody chooses."""

EXTRAS: dict[str, str] = {}
"""Engine name -> the extra of speechzip that brings what it needs."""


@overload
def load_engine(kind: Literal["recognizer"], spec: str | None = None) -> Recognizer: ...
@overload
def load_engine(kind: Literal["voice_encoder"], spec: str | None = None) -> VoiceEncoder: ...
@overload
def load_engine(kind: Literal["speaker_embedder"], spec: str | None = None) -> SpeakerEmbedder: ...
@overload
def load_engine(kind: Literal["synthesizer"], spec: str | None = None) -> Synthesizer: ...
def load_engine(kind: EngineKind, spec: str | None = None) -> Engine:
    """Return a new engine, ready for work.

    Args:
        kind: what it is for.
        spec: its name, or ``name:model`` where it has several models; the default one if None.

    Raises:
        EngineError: there is no such engine, or it cannot be loaded; says what to install.
    """
    name, _, model = (spec or DEFAULTS[kind]).partition(":")
    factory = _find(kind, name)
    engine = factory(model) if model else factory()
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
            except ImportError as error:
                extra = f"speechzip[{EXTRAS[name]}]" if name in EXTRAS else "speechzip"
                raise EngineError(
                    f"the {kind} {name!r} needs {error.name}, which is not installed; run: pip install {extra}"
                ) from error
    known = ", ".join(engine_names(kind)) or "none: reinstall speechzip"
    raise EngineError(f"there is no {kind.replace('_', ' ')} named {name!r}; installed: {known}")

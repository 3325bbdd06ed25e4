"""The list of engines: whether each is installed, what it needs, and which is the default and why."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict, dataclass
from typing import Any

from .loading import DEFAULTS, EngineKind, engine_names

SHOWN_KINDS: tuple[EngineKind, ...] = ("recognizer", "voice_encoder", "synthesizer", "speaker_embedder")
"""The kinds of engine in the list."""


@dataclass(frozen=True, slots=True)
class About:
    """Facts about an engine of ours."""

    does: str
    """What it does, in a line."""
    weights: str
    """The place or source of its weights, with their size."""
    license: str
    """License of the engine's library and its weights."""
    extra: str = ""
    """The extra of speechzip that brings its library; empty if the install does."""
    modules: tuple[str, ...] = ()
    """Modules that the extra installs, by their import names."""
    why_default: str = ""


_WHISPER_SIZES = "downloaded once: tiny 76 MB, base 145, small 484 (default), medium 1528, large-v3 3087"

ABOUT: dict[tuple[EngineKind, str], About] = {
    ("recognizer", "moonshine"): About(
        "English; Moonshine tiny, 27 million parameters",
        "in the install, 44 MB",
        "MIT",
        why_default="it needs no download and recognizes English much faster than real time on one core",
    ),
    ("recognizer", "faster-whisper"): About(
        "99 languages; Whisper in 8-bit integers, without torch; faster-whisper:SIZE, faster-whisper:FOLDER",
        _WHISPER_SIZES,
        "MIT",
        "faster-whisper",
        ("faster_whisper", "ctranslate2"),
    ),
    ("recognizer", "whisper"): About(
        "99 languages; openai-whisper; whisper:SIZE, whisper:FILE",
        _WHISPER_SIZES,
        "MIT",
        "whisper",
        ("whisper", "torch"),
    ),
    ("voice_encoder", "trained"): About(
        "a voice of 8 to 64 bytes for the trained synthesizer; trained:quick takes seconds less for each speaker",
        "in the install, 1.3 MB",
        "MIT",
        why_default="its voices are the most similar to the speakers' for their size",
    ),
    ("voice_encoder", "classical"): About("a voice of 10 bytes, for espeak", "none", "MIT"),
    ("voice_encoder", "clip"): About("three seconds of speech, about 3,500 bytes, for xtts and pocket", "none", "MIT"),
    ("synthesizer", "trained"): About(
        "English by our own networks, other languages by espeak-ng",
        "in the install, 8.5 MB",
        "MIT; espeak-ng is GPL-3.0-or-later",
        why_default="of the installed synthesizers it is the most intelligible and the most similar to the speaker",
    ),
    ("synthesizer", "espeak"): About(
        "over 100 languages by espeak-ng, shaped by a voice of 10 bytes", "in the install", "GPL-3.0-or-later"
    ),
    ("synthesizer", "hibari"): About(
        "English in one clear voice, at the speaker's pitch and pace; other languages by espeak-ng",
        "in its wheel, 14 MB with the dictionary",
        "Apache-2.0",
        "hibari",
        ("hibari",),
    ),
    ("synthesizer", "pocket"): About(
        "clones voices with Kyutai's Pocket TTS, English or the language of its weights; pocket:FOLDER",
        "to be copied beside the voice store",
        "library Apache-2.0; weights CC-BY-4.0",
        "pocket",
        ("pocketsynth", "onnxvoice"),
    ),
    ("synthesizer", "xtts"): About(
        "clones voices in 17 languages; xtts:FOLDER",
        "1.9 GB, to be copied beside the voice store",
        "library MPL-2.0; weights CPML, non-commercial use only",
        "xtts",
        ("TTS", "torch", "torchaudio"),
    ),
    ("speaker_embedder", "x-vector"): About(
        "tells the voices of one channel apart", "in the install", "MIT", why_default="it is the only one"
    ),
}
"""Engine -> facts about it; engines of other packages are listed by name only."""


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """One engine, for a list."""

    kind: EngineKind
    name: str
    installed: bool
    """Whether its library is installed; its weights may still have to be downloaded."""
    default: bool
    does: str
    weights: str
    license: str
    extra: str
    why_default: str


def list_engines() -> list[EngineEntry]:
    """Return the engines of speechzip and those that other packages have registered."""
    entries: list[EngineEntry] = []
    for kind in SHOWN_KINDS:
        registered = engine_names(kind)
        ours = [name for of, name in ABOUT if of == kind]  # the default first
        others = [name for name in registered if name not in ours]
        entries += [_entry(kind, name, name in registered) for name in (*ours, *others)]
    return entries


def _entry(kind: EngineKind, name: str, is_registered: bool) -> EngineEntry:
    about = ABOUT.get((kind, name)) or About("of another package", "", "")
    return EngineEntry(
        kind=kind,
        name=name,
        installed=is_registered and all(importlib.util.find_spec(module) for module in about.modules),
        default=DEFAULTS[kind] == name,
        does=about.does,
        weights=about.weights,
        license=about.license,
        extra=about.extra,
        why_default=about.why_default,
    )


def engines_json(entries: list[EngineEntry]) -> list[dict[str, Any]]:
    """Return the list for machines."""
    return [asdict(entry) for entry in entries]


def engines_lines(entries: list[EngineEntry]) -> list[str]:
    """Return the list for people."""
    lines: list[str] = []
    for kind in SHOWN_KINDS:
        lines += ["", f"{kind.replace('_', ' ')}s"]
        for entry in (entry for entry in entries if entry.kind == kind):
            state = "installed" if entry.installed else f"not installed: pip install 'speechzip[{entry.extra}]'"
            lines.append(f"  {entry.name:<15} {state}")
            lines.append(f"                  {entry.does}")
            if entry.weights:
                lines.append(f"                  weights: {entry.weights}; license: {entry.license}")
            if entry.default:
                lines.append(f"                  the default, since {entry.why_default}")
    return lines[1:]

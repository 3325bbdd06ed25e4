"""Redact a payload: marks replace personal data, and each kind is counted."""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import InputError, SpeechzipWarning
from ...payload.format import Decoded, encode_payload
from ...synthesis.speaking import REDACTED_KINDS as REDACTED_KINDS
from ...textcoder.registry import text_coders_like
from ...types import SOUND_SPACE, Payload, Utterance, Voice
from .dates import find_dates
from .emails import find_emails
from .ibans import find_ibans
from .names import find_names, name_words
from .numbers import FAR, find_numbers
from .tokens import Found, Token, streams, tokens_of

NAME_LIST = "name-list"
"""On the command line, ``name-list=FILE`` stands for the kind ``name``."""
MAX_NAMES = 100_000
RECORDED_SPACES = frozenset({"clip", SOUND_SPACE})
"""Voices of these spaces are parts of the recording itself."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """What to redact."""

    kinds: frozenset[str]
    """Some of `REDACTED_KINDS`."""
    names: tuple[tuple[str, ...], ...] = ()
    """For the kind ``name``: each name as words in lower case, sorted."""

    @property
    def names_digest(self) -> str:
        """A text that tells one list of names from another; empty if there are none."""
        listed = "\n".join(" ".join(name) for name in self.names)
        return hashlib.sha256(listed.encode(errors="surrogateescape")).hexdigest()[:16] if listed else ""


def parse_kinds(text: str) -> Redaction:
    """Parse a list such as ``card,phone,name-list=names.txt``. A file of names has one name on each line.

    Raises:
        InputError: there is no such kind, or the list of names cannot be read.
    """
    kinds: set[str] = set()
    names: set[tuple[str, ...]] = set()
    for item in filter(None, (piece.strip() for piece in text.split(","))):
        kind, _, file = item.partition("=")
        if kind == NAME_LIST and file:
            kinds.add("name")
            names |= _read_names(Path(file))
        elif item in REDACTED_KINDS and item != "name":
            kinds.add(item)
        else:
            known = ", ".join(sorted(REDACTED_KINDS - {"name"}))
            raise InputError(f"there is nothing to redact called {item!r}; choose of {known}, {NAME_LIST}=FILE")
    if not kinds:
        raise InputError("nothing to redact was named")
    return Redaction(frozenset(kinds), tuple(sorted(names)))


def carries_recording(payload: Payload) -> bool:
    """Return whether a payload has voices that are parts of the recording, which cannot be redacted."""
    voices = (speaker.voice for speaker in payload.speakers)
    return any(isinstance(voice, Voice) and voice.space in RECORDED_SPACES for voice in voices)


def redact(payload: Payload, redaction: Redaction) -> tuple[Payload, dict[str, int]]:
    """Return the payload with a mark such as ``[card]`` for each finding, and kind -> number of findings.

    A number that spans several utterances of one speaker is found, and each of them gets a mark.
    """
    if carries_recording(payload):
        warnings.warn(
            "the payload carries recorded sound (clip voices or unread speech), which is not redacted",
            SpeechzipWarning,
            stacklevel=2,
        )
    found = find_personal(payload.utterances, redaction)
    counts = Counter(dict.fromkeys(redaction.kinds, 0))
    cuts: dict[int, list[tuple[int, int, str]]] = {}
    for kind, spans in found:
        counts[kind] += 1
        for number, start, end in spans:
            cuts.setdefault(number, []).append((start, end, kind))
    utterances = tuple(_cut(said, cuts.get(number, [])) for number, said in enumerate(payload.utterances))
    return replace(payload, utterances=utterances), dict(sorted(counts.items()))


def redact_encoded(decoded: Decoded, data: bytes, redaction: Redaction) -> tuple[Payload, bytes, dict[str, int]]:
    """As `redact`, but also return the bytes of the payload, in its format: the same bytes if nothing was found.

    Args:
        decoded: what `data` holds.
        data: a payload.
        redaction: what to redact.
    """
    payload, counts = redact(decoded.payload, redaction)
    if any(counts.values()):
        coder, *others = text_coders_like(decoded, payload.utterances)
        data = encode_payload(payload, coder, decoded.version, others)
    return payload, data, counts


Spans = list[tuple[int, int, int]]
"""Index of an utterance, its first character, and the end (exclusive)."""


def find_personal(utterances: Sequence[Utterance], redaction: Redaction) -> list[tuple[str, Spans]]:
    """Return kind and places of everything to redact, without overlaps."""
    before = _words_before(utterances)
    results: list[tuple[str, Spans]] = []
    for tokens in streams(utterances):
        taken: set[int] = set()
        for found in _in_stream(tokens, before, redaction):
            places = set(range(found.first, found.last + 1))
            if taken.isdisjoint(places):
                taken |= places
                results.append((found.kind, _spans(tokens, found)))
    return results


def _in_stream(tokens: list[Token], before: dict[int, list[str]], redaction: Redaction) -> list[Found]:
    """Return the findings in a stream, the surest first."""
    found: list[Found] = []
    if "email" in redaction.kinds:
        found += find_emails(tokens, before)
    if "iban" in redaction.kinds:
        found += find_ibans(tokens)
    if "date" in redaction.kinds:
        found += find_dates(tokens)
    found += find_numbers(tokens, before, redaction.kinds)
    if "name" in redaction.kinds:
        found += find_names(tokens, redaction.names)
    return found


def _spans(tokens: Sequence[Token], found: Found) -> Spans:
    spans: dict[int, tuple[int, int]] = {}
    for token in tokens[found.first : found.last + 1]:
        start, _ = spans.get(token.utterance, (token.start, token.end))
        spans[token.utterance] = (start, token.end)
    return [(number, start, end) for number, (start, end) in spans.items()]


def _cut(said: Utterance, cuts: list[tuple[int, int, str]]) -> Utterance:
    text = said.text
    for start, end, kind in sorted(cuts, reverse=True):
        text = f"{text[:start]}[{kind}]{text[end:]}"
    return replace(said, text=text, melody=None) if cuts else said


def _words_before(utterances: Sequence[Utterance]) -> dict[int, list[str]]:
    """Return utterance -> the last words said before it by any speaker."""
    words: list[str] = []
    before: dict[int, list[str]] = {}
    for number, said in enumerate(utterances):
        before[number] = words
        words = (words + [token.lower for token in tokens_of(number, said.text)])[-FAR:]
    return before


def _read_names(path: Path) -> set[tuple[str, ...]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the list of names {path} cannot be read: {error}") from error
    if len(lines) > MAX_NAMES:
        raise InputError(f"the list of names {path} has more than {MAX_NAMES} lines")
    names = {words for line in lines if (words := name_words(line))}
    if not names:
        raise InputError(f"the list of names {path} has no names: give one on each line")
    return names

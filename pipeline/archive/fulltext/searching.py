"""Search in an archive's index."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ...errors import InputError
from .index import Index, as_name
from .phonetics import sound_key
from .query import fts_query

MARK, END = "\x02", "\x03"
"""They surround each match that FTS5 returns. No transcript holds these characters, see `printable`."""
FUZZY_WORDS = 12
"""Number of similar words that a fuzzy query tries for each of its words."""
LEAST_SIMILARITY = 0.72
"""Least similarity of two words, from 0 to 1: "Kowalski" finds "cowalsky" and "kowalsky", but not "kowtow"."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An utterance that matches a query."""

    name: str
    """The recording's name in the archive; its payload is called ``NAME.spz``."""
    number: int
    """Number of the utterance in the recording, from 0; utterances without words do not count."""
    start_s: float
    """Start in the recording, in seconds."""
    end_s: float
    """End in the recording, in seconds."""
    speaker: str
    """Name of the speaker, or ``Speaker 1``."""
    text: str
    """All that was said."""
    matches: tuple[tuple[int, int], ...]
    """Start and end of each match in `text`, in characters."""
    confidence: float
    """Confidence of the recognizer, in [0, 1]."""
    recorded: float
    """Date of the recording, in seconds since 1970."""
    score: float
    """How well it matches (BM25); greater is better."""

    def marked(self, before: str, after: str) -> str:
        """Return the text with something around each match."""
        pieces: list[str] = []
        position = 0
        for start, end in self.matches:
            pieces += [self.text[position:start], before, self.text[start:end], after]
            position = end
        return "".join([*pieces, self.text[position:]])


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions on hits besides the query."""

    speaker: str | None = None
    """Name of the speaker, in any case."""
    after: float | None = None
    """Earliest time of recording, in seconds since 1970."""
    before: float | None = None
    """Recordings made before this time only, in seconds since 1970."""
    inside: str | None = None
    """Folder of the archive, or beginning of a name in it."""
    min_confidence: float = 0.0
    """Least confidence of the recognizer, in [0, 1]."""


ANY = Filters()


def search(
    index: Index, query: str, filters: Filters = ANY, limit: int = 20, fuzzy: bool = False, offset: int = 0
) -> list[Hit]:
    """Return the utterances that match a query, best first; equal matches are sorted by name and time.

    Args:
        index: of the archive.
        query: see `fts_query`.
        filters: conditions on the utterances.
        limit: largest number of hits.
        fuzzy: also find words that sound like those of the query.
        offset: number of hits to skip.

    Raises:
        InputError: the query cannot be understood, or is no text.
        IndexDamaged: the index is damaged.
        OutputError: it cannot be read.
    """
    _check_text("the query", query)
    _check_text("the name of the speaker", filters.speaker or "")
    wanted = fts_query(query, (lambda word: similar_words(index, word)) if fuzzy else None)
    conditions, values = _conditions(filters)
    statement = f"""
        SELECT r.name, u.number, u.start_s, u.end_s, u.speaker, highlight(words, 0, '{MARK}', '{END}'), u.confidence,
            r.recorded, -words.rank
        FROM words JOIN utterances u ON u.id = words.rowid JOIN recordings r ON r.id = u.recording
        WHERE words MATCH ? {conditions} ORDER BY words.rank LIMIT ? OFFSET ?
    """
    try:
        rows = index.database.execute(statement, [wanted, *values, limit, offset]).fetchall()
    except sqlite3.Error as error:
        if "fts5:" in str(error):
            raise InputError(f"the query cannot be understood: {error}") from error
        raise index.fault(error, "read") from error
    hits = [_hit(row) for row in rows]
    return sorted(hits, key=lambda hit: (-hit.score, hit.name, hit.start_s))


def similar_words(index: Index, word: str) -> list[str]:
    """Return words of the archive that are spelled like `word` or sound like it, most similar first."""
    from rapidfuzz import process
    from rapidfuzz.distance import JaroWinkler, Levenshtein

    words, keys = _vocabulary(index, index.stamp)
    lower, key = word.lower(), sound_key(word)
    found: dict[str, float] = {}
    cutoff = LEAST_SIMILARITY
    spelled = process.extract(lower, words, scorer=JaroWinkler.similarity, score_cutoff=0.9, limit=FUZZY_WORDS)
    for other, similarity, _ in spelled:
        found[other] = similarity
    if len(key) > 1:
        alike = process.extract(
            key, keys, scorer=Levenshtein.normalized_similarity, score_cutoff=0.8, limit=8 * FUZZY_WORDS
        )
        for _, similarity, position in alike:
            other = words[position]
            score = (similarity + Levenshtein.normalized_similarity(lower, other)) / 2
            if score >= cutoff:
                found[other] = max(score, found.get(other, 0.0))
    ranked = sorted(found, key=lambda other: (-found[other], other))
    return ranked[:FUZZY_WORDS]


@lru_cache(maxsize=2)
def _vocabulary(index: Index, stamp: str) -> tuple[list[str], list[str]]:
    """Return the words of an index and their sound keys, cached until `stamp` changes."""
    pairs = index.sounds()
    return [word for word, _ in pairs], [key for _, key in pairs]


def _check_text(what: str, text: str) -> None:
    """Refuse bytes that are no text: no transcript holds any, and SQLite takes none."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{what} is not valid UTF-8") from error


def _conditions(filters: Filters) -> tuple[str, list[object]]:
    conditions: list[str] = []
    values: list[object] = []
    if filters.speaker is not None:
        conditions.append("u.speaker = ? COLLATE NOCASE")
        values.append(filters.speaker)
    if filters.after is not None:
        conditions.append("r.recorded >= ?")
        values.append(filters.after)
    if filters.before is not None:
        conditions.append("r.recorded < ?")
        values.append(filters.before)
    if filters.inside:
        prefix = filters.inside.strip("/").encode(errors="surrogateescape")
        conditions.append("r.name >= ? AND r.name < ?")
        values += [prefix, prefix + b"\xff"]
    if filters.min_confidence:
        conditions.append("u.confidence >= ?")
        values.append(filters.min_confidence)
    return "".join(f" AND {condition}" for condition in conditions), values


def _hit(row: Sequence[object]) -> Hit:
    name, number, start_s, end_s, speaker, highlighted, confidence, recorded, score = row
    text, matches = _unmarked(str(highlighted))
    return Hit(
        as_name(bytes(name)),  # type: ignore[call-overload]  # a BLOB
        int(number),  # type: ignore[call-overload]  # the columns have these types
        float(start_s),  # type: ignore[arg-type]
        float(end_s),  # type: ignore[arg-type]
        str(speaker),
        text,
        matches,
        float(confidence),  # type: ignore[arg-type]
        float(recorded),  # type: ignore[arg-type]
        float(score),  # type: ignore[arg-type]
    )


def _unmarked(highlighted: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    matches: list[tuple[int, int]] = []
    text, *rest = highlighted.split(MARK)
    for piece in rest:
        match, _, after = piece.partition(END)
        matches.append((len(text), len(text) + len(match)))
        text += match + after
    return text, tuple(matches)

"""Subtitles: lines of a transcript cut into cues that people can read in time.

An utterance becomes one cue, unless it is longer than `MAX_CHARACTERS` or `MAX_CUE_S`. Then it is cut between
sentences, else at commas, else between words. A cue begins with its first word where the times of words are known;
otherwise each cue gets its share of the time by its characters.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ...synthesis.sentences import split_sentences
from ...types import Word
from .transcript import Line, NamedTranscript

ROW_CHARACTERS = 42
"""Characters of a row. A cue has at most two. Both limits follow the style guides of broadcasters and streamers."""
MAX_CHARACTERS = 2 * ROW_CHARACTERS
MAX_CUE_S = 7.0
"""How long a cue may stay, according to the same guides."""
CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+|(?<=[、，])\s*")
WITHOUT_SPACE = "。！？；、，"
"""No space follows these in Chinese and Japanese."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle."""

    start_ms: int
    end_ms: int
    """After the start."""
    speaker: int
    """Index into the transcript's speakers."""
    text: str
    """On one line."""
    words: tuple[Word, ...] = ()
    """Its words, if their times are known."""


def cues(transcript: NamedTranscript) -> list[Cue]:
    """Return the subtitles of a transcript, sorted by start."""
    found = [cue for line in transcript.lines for cue in _cut(line)]
    return sorted(found, key=lambda cue: (cue.start_ms, cue.end_ms))


def rows(text: str) -> str:
    """Return the text of a cue in rows of a readable length."""
    wrapped = textwrap.wrap(text, ROW_CHARACTERS, break_long_words=False, break_on_hyphens=False)
    return "\n".join(wrapped)


def _cut(line: Line) -> Iterator[Cue]:
    duration_s = line.end_s - line.start_s
    limit = MAX_CHARACTERS
    if duration_s > MAX_CUE_S:  # as many characters as are said in that time
        limit = max(ROW_CHARACTERS // 2, min(limit, int(len(line.text) * MAX_CUE_S / duration_s)))
    texts = list(split_text(line.text, limit))
    if line.words and [word.text for word in line.words] == " ".join(texts).split():
        yield from _timed(line, texts)
        return
    characters = sum(map(len, texts))
    done, start_ms = 0, round(1000 * line.start_s)
    for text in texts:
        done += len(text)
        end_ms = max(start_ms + 1, round(1000 * (line.start_s + duration_s * done / characters)))
        yield Cue(start_ms, end_ms, line.speaker, text)
        start_ms = end_ms


def _timed(line: Line, texts: list[str]) -> Iterator[Cue]:
    """Yield a cue for each text, by the times of its words; the last one of a cue stays until the next cue begins."""
    places = [0]
    for text in texts:
        places.append(places[-1] + len(text.split()))
    inner = (min(max(line.words[place].start_s, line.start_s), line.end_s) for place in places[1:-1])
    starts = [round(1000 * start_s) for start_s in (line.start_s, *inner, line.end_s)]
    for text, (first, last), (start_ms, next_ms) in zip(texts, pairwise(places), pairwise(starts), strict=True):
        yield Cue(start_ms, max(start_ms + 1, next_ms), line.speaker, text, line.words[first:last])


def split_text(text: str, limit: int) -> Iterator[str]:
    """Yield a text in pieces of at most `limit` characters, cut at the best places. A word that is longer is cut, too.

    Example:
        >>> list(split_text("It is late. If you stay, the last train leaves without you.", 36))
        ['It is late.', 'If you stay,', 'the last train leaves without you.']
    """
    for sentence in _joined(split_sentences(text), limit):
        if len(sentence) <= limit:
            yield sentence
            continue
        for clause in _joined([clause for clause in CLAUSE_END.split(sentence) if clause], limit):
            yield from textwrap.wrap(clause, limit, break_on_hyphens=False) if len(clause) > limit else [clause]


def _joined(pieces: list[str], limit: int) -> Iterator[str]:
    """Yield neighboring pieces joined, as far as they fit."""
    held = ""
    for piece in pieces:
        joined = held + ("" if not held or held[-1] in WITHOUT_SPACE else " ") + piece
        if held and len(joined) > limit:
            yield held
            held = piece
        else:
            held = joined
    if held:
        yield held

"""Praat's TextGrid: one interval tier for each speaker, and one for the words where their times are known.

Empty intervals fill the time between. This is the long text format of
https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html. Intervals of a tier cannot overlap: where utterances
of a speaker do, the later one starts at the end of the other.
"""

from __future__ import annotations

from .transcript import NamedTranscript

SHORTEST_S = 0.001
"""Praat rejects an interval without length."""


def textgrid(transcript: NamedTranscript) -> str:
    """Return a transcript as a TextGrid file."""
    end_s = max([transcript.duration_s, SHORTEST_S, *(line.end_s for line in transcript.lines)])
    speakers = list(enumerate(transcript.speakers))
    tiers = [(speaker.label, _intervals(_said(transcript, index), end_s)) for index, speaker in speakers]
    tiers += [
        (f"{speaker.label} words", _intervals(words, end_s))
        for index, speaker in speakers
        if (words := _words(transcript, index))
    ]
    written = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "",
        "xmin = 0", f"xmax = {_number(end_s)}", "tiers? <exists>", f"size = {len(tiers)}", "item []:",
    ]  # fmt: skip
    for index, (name, intervals) in enumerate(tiers):
        written += [
            f"    item [{index + 1}]:", '        class = "IntervalTier"', f"        name = {_quoted(name)}",
            "        xmin = 0", f"        xmax = {_number(end_s)}", f"        intervals: size = {len(intervals)}",
        ]  # fmt: skip
        for number, (start, end, text) in enumerate(intervals, 1):
            written += [
                f"        intervals [{number}]:",
                f"            xmin = {_number(start)}",
                f"            xmax = {_number(end)}",
                f"            text = {_quoted(text)}",
            ]
    return "\n".join([*written, ""])


Interval = tuple[float, float, str]
"""Start, end, label."""


def _said(transcript: NamedTranscript, speaker: int) -> list[Interval]:
    return [(line.start_s, line.end_s, line.text) for line in transcript.lines if line.speaker == speaker]


def _words(transcript: NamedTranscript, speaker: int) -> list[Interval]:
    words = (word for line in transcript.lines if line.speaker == speaker for word in line.words)
    return [(word.start_s, word.start_s + word.duration_s, word.text) for word in words]


def _intervals(labeled: list[Interval], end_s: float) -> list[Interval]:
    """Return what is labeled with empty intervals between, up to the end of the recording."""
    found: list[Interval] = []
    position = 0.0
    for first_s, last_s, label in labeled:
        last_s = min(last_s, end_s)
        start = max(position, first_s)
        if last_s - start < SHORTEST_S:
            continue
        if start - position >= SHORTEST_S:
            found.append((position, start, ""))
        else:
            start = position
        found.append((start, last_s, label))
        position = last_s
    if end_s - position >= SHORTEST_S or not found:
        found.append((position, end_s, ""))
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _number(seconds: float) -> str:
    return f"{seconds:.4f}".rstrip("0").rstrip(".")

"""Praat's TextGrid: one interval tier for each speaker, filled with empty intervals between the utterances.

The long text format of https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html. Intervals of a tier cannot
overlap: where utterances of a speaker do, the later one starts at the end of the other.
"""

from __future__ import annotations

from .transcript import NamedTranscript

SHORTEST_S = 0.001
"""Praat rejects an interval without length."""


def textgrid(transcript: NamedTranscript) -> str:
    """Return a transcript as a TextGrid file."""
    end_s = max([transcript.duration_s, SHORTEST_S, *(line.end_s for line in transcript.lines)])
    written = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "",
        "xmin = 0", f"xmax = {_number(end_s)}", "tiers? <exists>", f"size = {len(transcript.speakers)}", "item []:",
    ]  # fmt: skip
    for index, speaker in enumerate(transcript.speakers):
        intervals = _intervals(transcript, index, end_s)
        written += [
            f"    item [{index + 1}]:", '        class = "IntervalTier"', f"        name = {_quoted(speaker.label)}",
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


def _intervals(transcript: NamedTranscript, speaker: int, end_s: float) -> list[tuple[float, float, str]]:
    found: list[tuple[float, float, str]] = []
    position = 0.0
    for line in transcript.lines:
        if line.speaker != speaker or line.end_s - max(position, line.start_s) < SHORTEST_S:
            continue
        start = max(position, line.start_s)
        if start - position >= SHORTEST_S:
            found.append((position, start, ""))
        else:
            start = position
        found.append((start, line.end_s, line.text))
        position = line.end_s
    if end_s - position >= SHORTEST_S or not found:
        found.append((position, end_s, ""))
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _number(seconds: float) -> str:
    return f"{seconds:.4f}".rstrip("0").rstrip(".")

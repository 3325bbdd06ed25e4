"""Every format of a transcript: text in UTF-8."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from pathlib import PurePath

from ...errors import OutputError
from ...types import Word
from .cues import Cue, cues, rows
from .textgrid import textgrid
from .transcript import NamedTranscript

Writer = Callable[[NamedTranscript], str]

FORMULA_START = ("=", "+", "-", "@")
"""A spreadsheet takes a cell that starts with one of these for a formula. A stranger's words must not become one."""
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!])|^(\d+)([.)])|^([-+=])")


LOOKALIKES = str.maketrans("<>{}\\", "‹›()/")
"""SubRip has no escapes: what players take for tags, arrows and line breaks is shown by another character."""
TIMESTAMP_SECONDS = re.compile(r"(?<=:\d\d):(?=\d\d[.,]\d)")


def srt(transcript: NamedTranscript) -> str:
    """Return SubRip subtitles, with the speaker in front where there are several."""
    blocks: list[str] = []
    for number, cue in enumerate(cues(transcript), 1):
        label = f"{transcript.speakers[cue.speaker].label}: " if transcript.shows_speakers else ""
        text = rows(_without_markup(label + cue.text))
        blocks.append(f"{number}\n{_time(cue.start_ms, ',')} --> {_time(cue.end_ms, ',')}\n{text}\n")
    return "\n".join(blocks)


def vtt(transcript: NamedTranscript) -> str:
    """Return WebVTT subtitles; each has its speaker as a voice span, ``<v Anna>``."""
    blocks = ["WEBVTT\n"]
    for cue in cues(transcript):
        label = html.escape(transcript.speakers[cue.speaker].label, quote=False)
        text = _with_times(cue) if cue.words else html.escape(rows(cue.text), quote=False)
        blocks.append(f"{_time(cue.start_ms, '.')} --> {_time(cue.end_ms, '.')}\n<v {label}>{text}</v>\n")
    return "\n".join(blocks)


def _with_times(cue: Cue) -> str:
    """Return the text of a cue with the time in front of each word behind the first, as players highlight them."""
    times = iter(cue.words)
    told_ms = cue.start_ms
    written: list[str] = []
    for row in rows(cue.text).splitlines():
        shown: list[str] = []
        for text in row.split():
            start_ms = round(1000 * next(times).start_s)
            stamp = f"<{_time(start_ms, '.')}>" if told_ms < start_ms < cue.end_ms else ""
            told_ms = max(told_ms, start_ms)
            shown.append(stamp + html.escape(text, quote=False))
        written.append(" ".join(shown))
    return "\n".join(written)


def txt(transcript: NamedTranscript) -> str:
    """Return one line for each utterance: time, speaker, words."""
    return "".join(
        f"[{clock(line.start_s)}] "
        + (f"{transcript.speakers[line.speaker].label}: " if transcript.shows_speakers else "")
        + f"{line.text}\n"
        for line in transcript.lines
    )


def markdown(transcript: NamedTranscript) -> str:
    """Return a document: a heading, and a paragraph for each turn of a speaker."""
    paragraphs = [f"# {_markdown(transcript.title)}"]
    speaker = -1
    for line in transcript.lines:
        if line.speaker == speaker:
            paragraphs[-1] += f" {_markdown(line.text)}"
            continue
        speaker = line.speaker
        label = _markdown(transcript.speakers[speaker].label)
        paragraphs.append(f"**{label}** ({clock(line.start_s)}): {_markdown(line.text)}")
    return "\n\n".join(paragraphs) + "\n"


def json_text(transcript: NamedTranscript) -> str:
    """Return everything as JSON."""
    content = {
        "title": transcript.title,
        "duration_s": transcript.duration_s,
        "channels": transcript.channels,
        "recognizer": transcript.recognizer,
        "speakers": [
            {
                "label": speaker.label,
                "named": speaker.is_named,
                "voice_id": speaker.voice_id,
                "channel": speaker.channel,
            }
            for speaker in transcript.speakers
        ],
        "utterances": [
            {
                "start_s": line.start_s,
                "end_s": line.end_s,
                "speaker": transcript.speakers[line.speaker].label,
                "text": line.text,
                "confidence": line.confidence,
                "language": line.language,
            }
            | ({"words": [_json_word(word) for word in line.words]} if line.words else {})
            for line in transcript.lines
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _json_word(word: Word) -> dict[str, object]:
    return {"text": word.text, "start_s": word.start_s, "end_s": round(word.start_s + word.duration_s, 3)}


def csv_text(transcript: NamedTranscript) -> str:
    """Return a table (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(["start_s", "end_s", "speaker", "text", "confidence", "language"])
    for line in transcript.lines:
        label = transcript.speakers[line.speaker].label
        cells = [_harmless_cell(label), _harmless_cell(line.text)]
        table.writerow([line.start_s, line.end_s, *cells, line.confidence, line.language])
    return written.getvalue()


def rttm(transcript: NamedTranscript) -> str:
    """Return who speaks when, in NIST's Rich Transcription Time Marked; a space in a name becomes ``_``."""
    file = _one_word(PurePath(transcript.title).stem)
    return "".join(
        f"SPEAKER {file} {transcript.speakers[line.speaker].channel + 1} {line.start_s:.3f} "
        f"{line.end_s - line.start_s:.3f} <NA> <NA> {_one_word(transcript.speakers[line.speaker].label)} <NA> <NA>\n"
        for line in transcript.lines
    )


FORMATS: dict[str, Writer] = {
    "srt": srt,
    "vtt": vtt,
    "txt": txt,
    "md": markdown,
    "json": json_text,
    "csv": csv_text,
    "rttm": rttm,
    "TextGrid": textgrid,
}
"""Format, which is also the suffix -> its writer."""


def format_named(name: str) -> str:
    """Return the format that a name or suffix means, in any case.

    Raises:
        OutputError: there is none.
    """
    for known in FORMATS:
        if known.lower() == name.lower().removeprefix("."):
            return known
    raise OutputError(f"there is no format {name!r} of transcripts; choose one of {' '.join(FORMATS)}")


def clock(seconds: float) -> str:
    """Return a time for people.

    Example:
        >>> clock(3725.5)
        '1:02:05'
    """
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def _time(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


def _without_markup(text: str) -> str:
    """Return a text that no reader of SubRip takes for markup, or for the times of a cue."""
    return TIMESTAMP_SECONDS.sub("∶", text.translate(LOOKALIKES))


def _markdown(text: str) -> str:
    return MARKDOWN.sub(lambda found: f"{found[2]}\\{found[3]}" if found[2] else f"\\{found[0]}", text)


def _harmless_cell(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_START) else text


def _one_word(name: str) -> str:
    return "_".join(name.split()) or "_"

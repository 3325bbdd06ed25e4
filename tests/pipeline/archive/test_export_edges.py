"""Awkward payloads in every format of `export`, read by programs that others wrote."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import parselmouth
import pysubs2
import pytest
import webvtt
from speechzip.pipeline import Payload, Speaker, Utterance, Voice
from speechzip.pipeline.archive.export.formats import FORMATS, LOOKALIKES
from speechzip.pipeline.archive.export.transcript import NamedTranscript, named_transcript

WORDS = "and then we walked along the harbor until the lights of the ferry came in sight "
ARABIC = "\u202eمرحبا، كيف حالك اليوم؟ هل وصلت الرسالة؟"
HEBREW = "שלום, מה שלומך? הכל בסדר."
TEXTS: dict[str, tuple[str, ...]] = {
    "no utterance": (),
    "a minute in one utterance": (f"It was late, {WORDS * 13}and we slept.",),
    "a word without end": ("a" * 5000,),
    "right to left": (ARABIC, HEBREW, f"He said {HEBREW} twice."),
    "arrows and cue numbers": ("--> 00:00:01,000 --> 00:00:02,000", "1", "a ---> b", "WEBVTT", "NOTE this", "STYLE"),
    "markup": ("<i>soft</i> & <v Bob>loud</v>", "a < b > c &lt; d", "{\\an8}top", "{i}x{/i}", "</b", "<00:00:01.000>"),
    "redacted": ("My card is [card], call [phone].", "[email]"),
    "quotes and backslashes": ('"', '""', "\\", "\\n a \\N b", "'", "`"),
    "tables": ("=1+1", "+1", "-1", "@x", "a,b;c", '"x",y', "|a|b|"),
    "documents": ("# Title", "1. one", "- two", "> three", "[a](b)", "![x](y)", "***", "    code", "~~x~~"),
    "no space between sentences": ("你好。再见。", "今日は。" * 60),
}  # fmt: skip


@dataclass(frozen=True)
class Cue:
    """A subtitle as a reader of others understands it."""

    start_s: float
    end_s: float
    text: str


def transcript(texts: tuple[str, ...], name: str | None = None) -> NamedTranscript:
    """Two people take turns; a text is said in four seconds, a long one in a minute."""
    speakers = tuple(Speaker(Voice("classical", bytes([number] * 10)), channel=number) for number in range(2))
    utterances: list[Utterance] = []
    start_s = 0.0
    for number, text in enumerate(texts):
        duration_s = 60.0 if len(text) > 500 else 4.0
        utterances.append(Utterance(start_s, duration_s, number % 2, text, 0.88))
        start_s += duration_s + 0.5
    payload = Payload(speakers, tuple(utterances), start_s + 1.0, 2)
    return named_transcript(payload, "a call: <1> --> 2.wav", lambda voice: name)


def read_srt(text: str, path: Path) -> list[Cue]:
    read = pysubs2.SSAFile.from_string(text, format_="srt")
    return [Cue(line.start / 1000, line.end / 1000, line.plaintext) for line in read]


def read_vtt(text: str, path: Path) -> list[Cue]:
    captions = webvtt.from_string(text).captions
    return [
        Cue(seconds(one.start), seconds(one.end), html.unescape(re.sub(r"<[^>]*>", "", one.raw_text)))
        for one in captions
    ]


def seconds(time: str) -> float:
    hours, minutes, rest = time.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(rest)


def bare(text: str) -> str:
    """Return the letters that can be seen, without spaces."""
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize(("form", "read"), [("srt", read_srt), ("vtt", read_vtt)])
def test_subtitles(kind: str, form: str, read: Callable[[str, Path], list[Cue]], tmp_path: Path) -> None:
    shown = transcript(TEXTS[kind])
    cues = read(FORMATS[form](shown), tmp_path)
    said = "".join(line.text for line in shown.lines)
    if form == "srt":
        said = said.translate(LOOKALIKES).replace("00:00:0", "00:00∶0")
        cues = [Cue(cue.start_s, cue.end_s, re.sub(r"^Speaker \d:\s+", "", cue.text)) for cue in cues]
    assert bare("".join(cue.text for cue in cues)) == bare(said)
    assert all(0 <= cue.start_s < cue.end_s <= shown.duration_s for cue in cues)
    assert [cue.start_s for cue in cues] == sorted(cue.start_s for cue in cues)
    assert all(cue.end_s - cue.start_s <= 7.01 for cue in cues)
    assert all(len(row) <= 90 for cue in cues for row in cue.text.splitlines())


@pytest.mark.parametrize("kind", TEXTS)
def test_tables_and_json(kind: str) -> None:
    shown = transcript(TEXTS[kind])
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](shown), newline="")))
    assert [row["text"].removeprefix("'") for row in rows] == [line.text.removeprefix("'") for line in shown.lines]
    assert not any(row["text"].startswith(("=", "+", "-", "@")) for row in rows)
    content = json.loads(FORMATS["json"](shown))
    assert [one["text"] for one in content["utterances"]] == [line.text for line in shown.lines]
    lines = FORMATS["txt"](shown).splitlines()
    assert [line.split(": ", 1)[1] for line in lines] == [line.text for line in shown.lines]


@pytest.mark.parametrize("kind", TEXTS)
def test_annotations(kind: str, tmp_path: Path) -> None:
    shown = transcript(TEXTS[kind], 'An"na <x>')
    path = tmp_path / "x.TextGrid"
    path.write_text(FORMATS["TextGrid"](shown), encoding="utf-8")
    grid: Any = parselmouth.Data.read(str(path))
    call = parselmouth.praat.call
    labels = [
        str(call(grid, "Get label of interval", tier, number))
        for tier in (1, 2)
        for number in range(1, 1 + int(call(grid, "Get number of intervals", tier)))
    ]
    assert sorted(filter(None, labels)) == sorted(line.text for line in shown.lines)
    turns = read_rttm(FORMATS["rttm"](shown))
    assert [turn.onset_s for turn in turns] == pytest.approx([line.start_s for line in shown.lines], abs=1e-3)
    lengths = [line.end_s - line.start_s for line in shown.lines]
    assert [turn.duration_s for turn in turns] == pytest.approx(lengths, abs=2e-3)


@dataclass(frozen=True)
class Turn:
    """A SPEAKER line of an RTTM file."""

    file: str
    channel: int
    onset_s: float
    duration_s: float
    speaker: str


def read_rttm(text: str) -> list[Turn]:
    """Read RTTM as NIST's Rich Transcription evaluation plan (RT-09, appendix A) has it: nine fields and a lookahead.

    type file channel onset duration orthography subtype speaker confidence [lookahead]
    """
    turns: list[Turn] = []
    assert text == "" or text.endswith("\n")
    for line in text.splitlines():
        assert line.isprintable()
        kind, file, channel, onset, duration, orthography, subtype, speaker, confidence, lookahead = line.split()
        assert (kind, orthography, subtype, confidence, lookahead) == ("SPEAKER", *["<NA>"] * 4)
        assert re.fullmatch(r"\d+\.\d{3}", onset)
        assert re.fullmatch(r"\d+\.\d{3}", duration)
        assert float(duration) > 0
        turns.append(Turn(file, int(channel), float(onset), float(duration), speaker))
    return turns


def test_rttm_says_who_speaks_when() -> None:
    turns = read_rttm(FORMATS["rttm"](transcript(("one", "two", "three"))))
    assert turns[0] == Turn("a_call:_<1>_-->_2", 1, 0.0, 4.0, "Speaker_1")
    assert [(turn.channel, turn.speaker) for turn in turns] == [
        (1, "Speaker_1"), (2, "Speaker_2"), (1, "Speaker_1"),
    ]  # fmt: skip


def test_speech_that_was_not_recognized_has_a_mark_in_every_format() -> None:
    speaker = Speaker(Voice("classical", bytes(10)))
    said = (Utterance(0.0, 2.0, 0, "", 0.5), Utterance(3.0, 1.0, 0, "Fine."))
    shown = named_transcript(Payload((speaker,), said, 5.0), "x", lambda _: None)
    for form in ("srt", "vtt", "txt", "json", "csv", "TextGrid"):
        assert "[unclear" in FORMATS[form](shown), form
    assert len(read_rttm(FORMATS["rttm"](shown))) == 2

"""The output of `export`, read by third-party programs."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import parselmouth
import pysubs2
import pytest
import webvtt
from speechzip.pipeline import OutputError, Payload, Utterance, Word, encode_payload
from speechzip.pipeline.archive.export.cues import MAX_CHARACTERS, MAX_CUE_S, cues, split_text
from speechzip.pipeline.archive.export.files import chosen_format, export_archive
from speechzip.pipeline.archive.export.formats import FORMATS
from speechzip.pipeline.archive.export.transcript import NamedTranscript, named_transcript
from speechzip.pipeline.archive.stores import LocalStore
from speechzip.pipeline.textcoder.registry import DEFAULT_ID, TEXT_CODERS

LONG = (
    "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness. "
    "It was the epoch of belief, it was the epoch of incredulity! Was it the season of light?"
)


def name_of(voice_id: int) -> str | None:
    return None


def transcript(payload: Payload, name: str | None = None) -> NamedTranscript:
    first = payload.speakers[0].voice.id
    return named_transcript(payload, "call one.wav", lambda voice_id: name if voice_id == first else None)


@pytest.fixture
def awkward(payload: Payload) -> Payload:
    """Two people with markup, arrows, quotes and a long speech in their words."""
    texts = ("a <b>bold</b> --> move & {more}", 'He said "stop", then\n\nleft.', "=1+1", LONG)
    spans = ((0.5, 2.0, 0), (2.25, 1.5, 1), (3.0, 1.0, 0), (9.0, 12.0, 1))
    said = [Utterance(start, length, who, text) for (start, length, who), text in zip(spans, texts, strict=True)]
    return replace(payload, utterances=tuple(said), duration_s=21.0)


def test_srt_as_pysubs2_reads_it(payload: Payload) -> None:
    read = pysubs2.SSAFile.from_string(FORMATS["srt"](transcript(payload, "Anna")), format_="srt")
    assert [(line.start, line.end, line.plaintext) for line in read] == [
        (500, 2500, "Anna: Hello, is anybody there?"),
        (2250, 3750, "Speaker 2: Yes, I am here."),
        (3000, 4000, "Anna: Good."),
        (9000, 12250, "Speaker 2: Let's meet at 12:45,\nO'Neill-Ångström said."),
    ]


def test_srt_of_one_unknown_speaker_has_no_labels(payload: Payload) -> None:
    alone = replace(payload, speakers=payload.speakers[:1], utterances=payload.utterances[:1])
    read = pysubs2.SSAFile.from_string(FORMATS["srt"](transcript(alone)), format_="srt")
    assert [line.plaintext for line in read] == ["Hello, is anybody there?"]


def test_vtt_as_webvtt_reads_it(payload: Payload) -> None:
    captions = webvtt.from_string(FORMATS["vtt"](transcript(payload, "Anna"))).captions
    assert [(caption.start, caption.end, caption.voice, caption.text) for caption in captions[:3]] == [
        ("00:00:00.500", "00:00:02.500", "Anna", "Hello, is anybody there?"),
        ("00:00:02.250", "00:00:03.750", "Speaker 2", "Yes, I am here."),
        ("00:00:03.000", "00:00:04.000", "Anna", "Good."),
    ]


def test_words_cannot_break_the_subtitles(awkward: Payload) -> None:
    vtt = FORMATS["vtt"](transcript(awkward, "A & <B>"))
    captions = webvtt.from_string(vtt).captions
    assert captions[0].raw_text == "<v A &amp; &lt;B&gt;>a &lt;b&gt;bold&lt;/b&gt; --&gt; move &amp; {more}</v>"
    srt = pysubs2.SSAFile.from_string(FORMATS["srt"](transcript(awkward)), format_="srt")
    assert len(srt) == len(captions)
    assert srt[1].plaintext == 'Speaker 2: He said "stop", then left.'


def test_long_utterances_become_short_cues(awkward: Payload) -> None:
    found = [cue for cue in cues(transcript(awkward)) if cue.start_ms >= 9000]
    assert " ".join(cue.text for cue in found) == LONG
    assert found[0].text.endswith("wisdom,")
    assert (found[0].start_ms, found[-1].end_ms) == (9000, 21000)
    assert all(len(cue.text) <= MAX_CHARACTERS for cue in found)
    assert all(0 < cue.end_ms - cue.start_ms <= 1000 * MAX_CUE_S + 1 for cue in found)
    assert [cue.start_ms for cue in found[1:]] == [cue.end_ms for cue in found[:-1]]


def test_texts_are_cut_where_readers_pause() -> None:
    assert list(split_text("It costs 1,000 or 2,000. Perhaps.", 20)) == ["It costs 1,000 or", "2,000.", "Perhaps."]
    assert list(split_text("x" * 50, 20)) == ["x" * 20, "x" * 20, "x" * 10]
    assert list(split_text("你好。再见。", 20)) == ["你好。再见。"]


def test_textgrid_as_praat_reads_it(awkward: Payload, tmp_path: Path) -> None:
    path = tmp_path / "call.TextGrid"
    path.write_text(FORMATS["TextGrid"](transcript(awkward, 'An"na')), encoding="utf-8")
    grid = parselmouth.Data.read(str(path))
    call = parselmouth.praat.call
    assert call(grid, "Get number of tiers") == 2
    assert [call(grid, "Get tier name", tier) for tier in (1, 2)] == ['An"na', "Speaker 2"]
    assert call(grid, "Get end time") == 21.0
    second = [
        (call(grid, "Get start time of interval", 2, n), call(grid, "Get label of interval", 2, n))
        for n in range(1, 1 + int(call(grid, "Get number of intervals", 2)))
    ]
    assert second == [(0.0, ""), (2.25, 'He said "stop", then left.'), (3.75, ""), (9.0, LONG)]


def test_textgrid_of_utterances_that_overlap_and_of_none(payload: Payload, tmp_path: Path) -> None:
    said = (Utterance(0.0, 2.0, 0, "one"), Utterance(1.9375, 1.0, 0, "two"))
    for number, utterances in enumerate([said, ()]):
        path = tmp_path / f"{number}.TextGrid"
        path.write_text(FORMATS["TextGrid"](transcript(replace(payload, utterances=utterances))), encoding="utf-8")
        grid = parselmouth.Data.read(str(path))
        assert parselmouth.praat.call(grid, "Get number of intervals", 1) == (3 if utterances else 1)


def test_rttm_has_ten_fields(payload: Payload) -> None:
    rows = [line.split(" ") for line in FORMATS["rttm"](transcript(payload, "Anna Lee")).splitlines()]
    assert rows[0] == ["SPEAKER", "call_one", "1", "0.500", "2.000", "<NA>", "<NA>", "Anna_Lee", "<NA>", "<NA>"]
    assert {len(row) for row in rows} == {10}
    assert rows[1][2] == "2"


def test_csv_holds_no_formula(awkward: Payload) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](transcript(awkward)))))
    assert [row["text"] for row in rows] == [
        "a <b>bold</b> --> move & {more}", 'He said "stop", then left.', "'=1+1", LONG,
    ]  # fmt: skip
    assert rows[0]["start_s"] == "0.5"


def test_json_says_everything(payload: Payload) -> None:
    content = json.loads(FORMATS["json"](transcript(payload, "Anna")))
    assert content["speakers"][0] == {
        "label": "Anna", "named": True, "channel": 0, "voice_id": f"{payload.speakers[0].voice.id:04x}",
    }  # fmt: skip
    assert content["utterances"][1] == {
        "start_s": 2.25, "end_s": 3.75, "speaker": "Speaker 2", "text": "Yes, I am here.", "confidence": 0.88,
        "language": "en",
    }  # fmt: skip


def test_documents_join_the_utterances_of_a_turn(payload: Payload) -> None:
    said = (*payload.utterances[:1], replace(payload.utterances[2], text="1. *Good*."), payload.utterances[1])
    shown = FORMATS["md"](transcript(replace(payload, utterances=said), "Anna"))
    assert shown == (
        "# call one.wav\n\n**Anna** (0:00:00): Hello, is anybody there? 1\\. \\*Good\\*.\n\n"
        "**Speaker 2** (0:00:02): Yes, I am here.\n"
    )
    assert FORMATS["txt"](transcript(payload, "Anna")).splitlines()[1] == "[0:00:02] Speaker 2: Yes, I am here."


def test_two_speakers_of_one_name_stay_two(payload: Payload) -> None:
    both = named_transcript(payload, "call", lambda _: "Anna")
    assert [speaker.label for speaker in both.speakers] == ["Anna", "Anna (2)"]


def test_the_format_follows_from_the_suffix() -> None:
    assert chosen_format(Path("a.textgrid"), None) == "TextGrid"
    assert chosen_format(Path("a.txt"), "srt") == "srt"
    with pytest.raises(OutputError, match="one of srt vtt txt md json csv rttm TextGrid"):
        chosen_format(Path("a.doc"), None)
    with pytest.raises(OutputError, match="Name one, or a file"):
        chosen_format(Path("a"), None)


def test_a_whole_archive_without_its_damaged_file(payload: Payload, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    (archive / "2024" / "may").mkdir(parents=True)
    data = encode_payload(payload, TEXT_CODERS[DEFAULT_ID])
    (archive / "2024" / "may" / "a.wav.spz").write_bytes(data)
    (archive / "b.mp3.spz").write_bytes(data[:-1] + b"\0")
    (archive / "notes.txt").write_text("no payload")
    done = list(export_archive(LocalStore(archive), tmp_path / "out", "srt", name_of, force=False))
    assert [(one.name, one.path) for one in done] == [
        ("b.mp3.spz", None), ("2024/may/a.wav.spz", tmp_path / "out" / "2024" / "may" / "a.wav.srt"),
    ]  # fmt: skip
    assert "checksum" in done[0].error
    assert "Yes, I am here." in (tmp_path / "out" / "2024" / "may" / "a.wav.srt").read_text()
    with pytest.raises(OutputError, match="already exists"):
        list(export_archive(LocalStore(archive), tmp_path / "out", "srt", name_of, force=False))


def test_an_archive_is_exported_whole_or_not_at_all(payload: Payload, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "archive")
    data = encode_payload(payload, TEXT_CODERS[DEFAULT_ID])
    store.write("b.wav.spz", data)
    list(export_archive(store, tmp_path / "out", "srt", name_of, force=False))
    store.write("a.wav.spz", data)
    store.write("c.wav.spz", data)
    with pytest.raises(OutputError, match=r"b\.wav\.srt already exists"):
        list(export_archive(store, tmp_path / "out", "srt", name_of, force=False))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.wav.srt"]
    assert len(list(export_archive(store, tmp_path / "out", "srt", name_of, force=True))) == 3


@pytest.mark.parametrize("form", FORMATS)
def test_names_as_long_as_a_file_system_takes(payload: Payload, tmp_path: Path, form: str) -> None:
    store = LocalStore(tmp_path / "archive")
    data = encode_payload(payload, TEXT_CODERS[DEFAULT_ID])
    names = [letter * 251 + ".spz" for letter in "ab"] + ["ä" * 125 + ".spz", "z.spz"]
    for name in names:
        store.write(name, data)
    done = list(export_archive(store, tmp_path / "out", form, name_of, force=False))
    assert [one.name for one in done] == sorted(names)
    assert all(one.path and one.path.exists() for one in done)
    assert len({one.path for one in done}) == 4


@pytest.fixture
def timed(payload: Payload) -> Payload:
    """A long utterance whose words come late: a second of silence in front of the last sentence."""
    times = [0.5, 0.9, 1.2, 1.5, 1.9, 2.3, 2.6, 3.0, 3.4, 3.9, 4.3, 6.0, 6.3, 6.5, 6.9, 7.2, 7.6, 8.0]
    text = "The ferry leaves at nine <sharp> from the old harbor wall. Bring your tickets and a warm coat."
    words = tuple(Word(word, start, 0.25) for word, start in zip(text.split(), times, strict=True))
    return replace(payload, utterances=(Utterance(0.5, 8.0, 0, text, 0.88, words=words),))


def test_words_with_times_cut_the_subtitles(timed: Payload) -> None:
    shown = transcript(timed, "Anna")
    found = cues(shown)
    assert [(cue.start_ms, cue.end_ms) for cue in found] == [(500, 6000), (6000, 8500)]
    vtt = FORMATS["vtt"](shown)
    assert "<00:00:02.300>&lt;sharp&gt; <00:00:02.600>from" in vtt
    captions = webvtt.from_string(vtt).captions
    assert [caption.text.replace("\n", " ") for caption in captions] == [
        "The ferry leaves at nine &lt;sharp&gt; from the old harbor wall.", "Bring your tickets and a warm coat.",
    ]  # fmt: skip
    assert pysubs2.SSAFile.from_string(FORMATS["srt"](shown), format_="srt")[1].start == 6000


def test_words_with_times_in_annotations_and_json(timed: Payload, tmp_path: Path) -> None:
    path = tmp_path / "call.TextGrid"
    path.write_text(FORMATS["TextGrid"](transcript(timed, "Anna")), encoding="utf-8")
    grid = parselmouth.Data.read(str(path))
    call = parselmouth.praat.call
    assert [call(grid, "Get tier name", tier) for tier in (1, 2, 3)] == ["Anna", "Speaker 2", "Anna words"]
    assert call(grid, "Get label of interval", 3, 2) == "The"
    assert call(grid, "Get start time of interval", 3, 2) == 0.5
    (said,) = json.loads(FORMATS["json"](transcript(timed)))["utterances"]
    assert said["words"][11] == {"text": "Bring", "start_s": 6.0, "end_s": 6.25}
    changed = replace(timed.utterances[0], text="Something else.")
    assert "words" not in FORMATS["json"](transcript(replace(timed, utterances=(changed,))))

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from eval_doubles import item
from in_process import QUICK, run_in_process
from speechzip.eval import Corpus
from speechzip.eval.run.minutes import (
    ENCODINGS,
    Distribution,
    Minute,
    Minutes,
    as_json,
    cut_minutes,
    distributions,
    in_categories,
    measure_minutes,
    sizes_of,
    table,
    with_voices,
)
from speechzip.pipeline import (
    TEXT_CODERS,
    InputError,
    Payload,
    Speaker,
    Utterance,
    Voice,
    VoiceReference,
    decode_payload,
    encode_payload,
    text_coders_for,
)
from speechzip.pipeline.textcoder import COMMON_ID

ANNA, BEN, CARL = (Speaker(Voice("classical", bytes([number] * 10))) for number in (1, 2, 3))
CONVERSATION = Payload(
    speakers=(ANNA, BEN, CARL),
    utterances=(
        Utterance(0.0, 2.0, 2, "Good morning."),
        Utterance(59.5, 3.0, 0, "This runs into the next minute."),
        Utterance(60.0, 1.0, 1, "And this starts it."),
        Utterance(61.0, 1.0, 0, "Right."),
        Utterance(185.25, 2.0, 1, "Bye."),
    ),
    duration_s=215.5,
)


def pieces_of(*sizes: int, category: str = "calls", last_s: float = 60) -> list[Minute]:
    """Return pieces of `sizes` bytes in format 4 with strangers' voices, and of other sizes otherwise."""
    less = {"strangers": 0, "short": 14, "known": 20}
    return [
        Minute(
            "a.wav",
            category,
            60 * index,
            last_s if index == len(sizes) - 1 else 60,
            {(version, voices): size - less[voices] + 20 * (version == 1) for version, voices in ENCODINGS},
        )
        for index, size in enumerate(sizes)
    ]


def test_an_utterance_belongs_to_the_minute_in_which_it_starts() -> None:
    first, second, third, last = cut_minutes(CONVERSATION)
    assert first == (
        0,
        Payload(
            (ANNA, CARL),
            (Utterance(0.0, 2.0, 1, "Good morning."), Utterance(59.5, 3.0, 0, "This runs into the next minute.")),
            60.0,
        ),
    )
    assert second == (
        60,
        Payload((ANNA, BEN), (Utterance(0.0, 1.0, 1, "And this starts it."), Utterance(1.0, 1.0, 0, "Right.")), 60.0),
    )
    assert third == (120, Payload((), (), 60.0))
    assert last == (180, Payload((BEN,), (Utterance(5.25, 2.0, 0, "Bye."),), 35.5))


@pytest.mark.parametrize(
    ("duration_s", "durations"),
    [(0.0, []), (29.0, [29.0]), (60.0, [60.0]), (60.0625, [60.0, 0.0625]), (120.0, [60.0] * 2)],
)
def test_every_second_is_in_one_minute(duration_s: float, durations: list[float]) -> None:
    assert [piece.duration_s for _, piece in cut_minutes(Payload((), (), duration_s))] == durations


def test_every_minute_is_a_payload_of_its_own_in_both_formats() -> None:
    for _, piece in cut_minutes(CONVERSATION):
        coders = {1: TEXT_CODERS[COMMON_ID], 4: text_coders_for(piece.utterances)[0]}
        known = with_voices(piece, lambda voice: VoiceReference(voice.id))
        assert [speaker.voice for speaker in known.speakers] == [
            VoiceReference(speaker.voice.id) for speaker in piece.speakers
        ]
        encoded = {
            (version, voices): encode_payload(payload, coders[version], version)
            for version in (1, 4)
            for voices, payload in (("strangers", piece), ("short", piece), ("known", known))
        }
        sizes = sizes_of(piece)
        assert sizes == {encoding: len(data) for encoding, data in encoded.items()}
        voices = len(piece.speakers)  # 10 bytes become 2, and the space of voices takes a byte
        assert sizes[1, "strangers"] - sizes[1, "known"] == 8 * voices + (voices > 0)
        for data in encoded.values():
            decoded = decode_payload(data, TEXT_CODERS).payload
            assert [one.text for one in decoded.utterances] == [one.text for one in piece.utterances]
            assert decoded.duration_s == piece.duration_s


def test_a_voice_that_is_known_already_stays_a_reference() -> None:
    payload = Payload((Speaker(VoiceReference(7)),), (), 60.0)
    assert with_voices(payload, lambda voice: VoiceReference(voice.id)) == payload


def test_median_percentile_and_shares() -> None:
    sizes = [140, 141, 231, 232, 237, 238, *[100] * 14]
    every = distributions(pieces_of(*sizes))
    assert [row.encoding for row in every] == list(ENCODINGS)  # one group: all are whole minutes of one category
    assert every[3] == Distribution("all", (4, "strangers"), 20, 100.0, 237, {231: 0.85, 237: 0.95, 140: 0.75})
    assert every[0].median == 120.0
    assert every[0].percentile_95 == 257
    assert every[5].fitting == {231: 1.0, 237: 1.0, 140: 0.8}


def test_groups() -> None:
    pieces = [*pieces_of(200, 100, last_s=45.5), *pieces_of(301, 302, category="meeting")]
    rows = {row.group: row for row in distributions(pieces) if row.encoding == (4, "strangers")}
    assert {name: (row.count, row.median, row.percentile_95) for name, row in rows.items()} == {
        "all": (4, 250.5, 302),
        "whole minutes": (3, 301.0, 302),
        "calls": (2, 150.0, 200),
        "meeting": (2, 301.5, 302),
    }


def test_table_and_json() -> None:
    pieces = pieces_of(231, 140, last_s=45.5)
    found = Minutes(tuple(pieces), ())
    lines = table(found)
    assert lines[0] == (
        "| conversations | voices | format | pieces | median | 95th percentile | fit 231 | fit 237 | fit 140 |"
    )
    assert "| all | strangers | 4 | 2 | 185.5 | 231 | 100 % | 100 % | 50 % |" in lines
    assert "| whole minutes | strangers | 1 | 1 | 251 | 251 | 0 % | 0 % | 0 % |" in lines
    assert lines[-1] == "whole minutes: 1; last pieces of 30 to 60 s: 1"
    content = json.loads(json.dumps(as_json(found)))
    assert content["pieces"][1] == {
        "item": "a.wav",
        "category": "calls",
        "start_s": 60,
        "duration_s": 45.5,
        "sizes": [
            {"format": 1, "voices": "strangers", "bytes": 160},
            {"format": 1, "voices": "short", "bytes": 146},
            {"format": 1, "voices": "known", "bytes": 140},
            {"format": 4, "voices": "strangers", "bytes": 140},
            {"format": 4, "voices": "short", "bytes": 126},
            {"format": 4, "voices": "known", "bytes": 120},
        ],
    }
    assert content["distributions"][3] == {
        "group": "all",
        "format": 4,
        "voices": "strangers",
        "count": 2,
        "median_bytes": 185.5,
        "percentile_95_bytes": 231,
        "fitting": {"231": 1.0, "237": 1.0, "140": 0.5},
    }
    assert content["left_out"] == []


def test_categories() -> None:
    corpus = Corpus("made up", "manifest", (item("a", category="calls"), item("b", category="meeting")))
    assert in_categories(corpus, []) == corpus
    assert [one.id for one in in_categories(corpus, ["meeting"]).items] == ["b"]
    with pytest.raises(InputError, match="made up has no category 'talks'; it has calls, meeting"):
        in_categories(corpus, ["talks"])


def test_nothing_to_measure() -> None:
    with pytest.raises(InputError, match="none of the 1 recordings of made up could be measured; the first: gone: "):
        measure_minutes(Corpus("made up", "manifest", (item("gone"),)))


@pytest.mark.models
def test_the_command(tmp_path: Path, wheel_recording: Callable[[str], Path]) -> None:
    """44 s of reading are a piece; 10 s are too short, and a file without sound is no recording."""
    for name in ("beckett.wav", "two_cities.wav"):
        shutil.copy(wheel_recording(name), tmp_path)
    (tmp_path / "broken\x1b.wav").write_bytes(b"RIFFnonsense")
    (tmp_path / "manifest.csv").write_text(
        "path,category\nbeckett.wav,read\ntwo_cities.wav,read\nbroken\x1b.wav,read\n"
    )
    code, out, err = run_in_process("eval-minutes", tmp_path, *QUICK, "--json")
    assert (code, err) == (0, "")
    content = json.loads(out)
    assert [(one["item"], one["start_s"], one["duration_s"]) for one in content["pieces"]] == [
        ("two_cities.wav", 0, 44.375)
    ]
    whole = wheel_recording("two_cities.wav")
    sizes = {(one["format"], one["voices"]): one["bytes"] for one in content["pieces"][0]["sizes"]}
    for version in (1, 4):
        payload = tmp_path / f"{version}.spz"
        assert run_in_process("compress", whole, *QUICK, "-o", payload, "--format", version, "-q")[0] == 0
        assert sizes[version, "strangers"] == payload.stat().st_size
        assert 5 <= sizes[version, "strangers"] - sizes[version, "short"] <= 12  # eight bytes, by the prior in format 4
    assert [one["item"] for one in content["left_out"]] == ["beckett.wav", "broken\x1b.wav"]
    code, out, err = run_in_process("eval-minutes", tmp_path, "--category", "songs")
    assert (code, out) == (1, "")
    assert "has no category 'songs'; it has read" in err


@pytest.mark.models
@pytest.mark.corpus
def test_a_conversation(evalset: Path, tmp_path: Path) -> None:
    """63.4 s of two parties: one minute, and a rest that is left out."""
    shutil.copy(evalset / "dialogues" / "dialogue2.stereo.flac", tmp_path / "two.flac")
    (tmp_path / "manifest.csv").write_text("path\ntwo.flac\n")
    code, out, err = run_in_process("eval-minutes", tmp_path, *QUICK)
    assert (code, err) == (0, "")
    *rows, empty, count, left_out = out.splitlines()
    assert len(rows) == 2 + len(ENCODINGS)
    assert [empty, count] == ["", "whole minutes: 1; last pieces of 30 to 60 s: 0"]
    assert left_out == "left out: two.flac from 60 s on: 3.4 s, less than 30 s"
